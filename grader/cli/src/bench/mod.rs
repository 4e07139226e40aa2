//! Measures servers, where `check` judges them: CPU time and latency of a round trip, memory per connection.
//!
//! A `Benchmark` has programs and points. Each sample starts a fresh server, and a [`load`] generator connects to it
//! and drives it. The server's CPU time and memory are read from the kernel while no request is in flight. Within a
//! round the programs take turns, so that a machine whose speed drifts is equally slow for all of them. The remaining
//! noise is the spread over the rounds, which is part of the `Results`. A `table` or a `page` shows them.

mod benchmark;
mod cpu_usage;
mod cpus;
mod fixed_rate;
pub mod load;
mod load_generator;
mod numbers;
pub(crate) mod page;
mod results;
mod run;
mod sampler;
mod summary;
pub(crate) mod table;

pub(crate) use benchmark::{Benchmark, Program, SPARE_DESCRIPTORS};
pub(crate) use cpus::Cpus;
pub(crate) use numbers::thousands;
pub(crate) use results::{
    ACTIVE, FIXED_RATE_CLIENTS, Machine, NotMeasured, Point, Results, Scenario,
};
pub(crate) use run::{Progress, run};
