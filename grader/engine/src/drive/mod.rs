//! Driving programs: as clients of a server under test, or as the server of a client program under test.

mod announcement;
mod client;
mod client_program;
mod client_script;
mod concurrent;
mod connecting;
mod connection;
mod context;
mod conversation;
mod history;
mod payload;
pub mod pki;
mod protocol;
mod server;
mod start;
mod test_server;
mod tls;
mod trial;
mod wire_error;

pub use client::{Admission, Client};
pub use client_program::ClientProgram;
pub use concurrent::{MAX_CONNECTING, run_while, try_join_all, try_join_bounded};
pub use connection::{BufferSize, Connection, MORE_DESCRIPTORS, is_refusal};
pub use context::Context;
pub use conversation::{Ending, STALL};
pub use history::{Findings, History, Message};
pub use payload::Payload;
pub use protocol::{
    Answer, Dial, Dialled, Exchange, Files, Listens, Program, Request, Service, Tcp,
};
pub use server::Server;
pub use start::Start;
pub use test_server::TestServer;
pub use trial::Trial;
pub use wire_error::{Mismatch, WireError};
