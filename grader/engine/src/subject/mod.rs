//! A program under test: how it is built, started below a supervisor, watched, waited for and ended.

pub mod build;
mod children;
mod endpoint;
mod failing;
mod inherited;
mod launch;
mod launcher;
mod limits;
mod output;
mod process;
mod signals;
mod supervised;
pub mod supervisor;
mod waiting;
mod watchdog;

pub use children::Children;
pub use endpoint::{Endpoint, Transport};
pub use inherited::reset_signals;
pub use launch::{Confinement, DescriptorLimit, Launch};
pub use launcher::Launcher;
pub use output::Capture;
pub(crate) use process::StdPipes;
pub use process::{LAST_WORDS_DEADLINE, Process, ProcessEnd};
pub use supervised::Supervised;
pub use waiting::{ANSWER_DEADLINE, Peer, WaitError};
