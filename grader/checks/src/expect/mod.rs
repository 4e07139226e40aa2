//! What a check expects of a program: a function for each expectation. The functions handle waiting, deadlines, proven
//! hangs and the machine's faults; a check says only what it expects and why the program most likely fails it.
//!
//! | function | expects |
//! |---|---|
//! | [`that`], [`that_was`] | a condition that is known already |
//! | [`holds_within`] | a condition to hold once the program has done its part |
//! | [`on_time`] | samples to be neither earlier than a limit nor all much later |
//! | [`not_starved`], [`unless_late`] | the machine not to be at fault |
//! | [`memory_growth_below`] | each process to grow by less than a limit |
//! | [`cpu_use`], [`idle`] | a program with little to do to use little CPU time, or to sleep |
//! | [`unaffected_by`], [`no_delay`] | new clients to be served about as soon as without the attacker |
//! | [`returns_to_baseline`] | a number to return to its baseline after many clients |

mod baseline;
mod causes;
mod condition;
mod cpu;
mod delay;
mod memory;
mod time;

pub use baseline::{returns_to_baseline, warm_up};
pub use condition::{holds_within, that, that_was};
pub use cpu::{BusyThread, CpuUse, IDLE_WINDOW, cpu_use, idle};
pub use delay::{ANSWERED, SAMPLES, median, median_delay, no_delay, unaffected_by};
pub use memory::{MORE_THAN_FITS, growth, memory_growth_below};
pub use time::{EARLY, is_early, not_starved, on_time, unless_late};
