//! The machine that a benchmark ran on.

use std::fs;

use course::text::count;
use rustix::process::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use crate::bench::cpus::Cpus;
use crate::bench::numbers::thousands;

/// The machine, and the limits of this user on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub processor: String,
    /// The CPUs of the servers, and those of the load generator; the same CPU if the machine has only one.
    pub server_cpus: Vec<usize>,
    pub load_cpus: Vec<usize>,
    /// Bytes.
    pub memory: u64,
    pub kernel: String,
    /// How many descriptors a process may have open (RLIMIT_NOFILE, the hard limit).
    pub descriptors: Option<u64>,
    /// How many processes and threads this user may have (RLIMIT_NPROC).
    pub processes: Option<u64>,
}

impl Machine {
    /// This machine, whose CPUs are divided as `cpus` says.
    pub fn this(cpus: &Cpus) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        let processor =
            model.map_or(std::env::consts::ARCH, |rest| rest.trim_start_matches([':', '\t', ' ']));
        let meminfo = read("/proc/meminfo");
        let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kib = total.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Self {
            processor: processor.to_owned(),
            server_cpus: cpus.server.clone(),
            load_cpus: cpus.load.clone(),
            memory: kib.unwrap_or(0) * 1024,
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            descriptors: getrlimit(Resource::Nofile).maximum,
            processes: getrlimit(Resource::Nproc).maximum,
        }
    }

    /// The machine in a line or two.
    pub fn describe(&self) -> String {
        let Self { processor, kernel, .. } = self;
        let limit = |limit: Option<u64>| {
            limit.map_or("any number of".to_owned(), |n| thousands(n as usize))
        };
        let cpus = if self.server_cpus == self.load_cpus {
            format!("{} shared by servers and load generator", count(self.server_cpus.len(), "CPU"))
        } else {
            let [servers, load] =
                [&self.server_cpus, &self.load_cpus].map(|cpus| count(cpus.len(), "CPU"));
            format!("{servers} for servers and {load} for the load generator")
        };
        format!(
            "{processor}, {cpus}, {:.0} GiB of memory, {kernel}; limits: {} descriptors, {} processes and threads",
            self.memory as f64 / f64::from(1 << 30),
            limit(self.descriptors),
            limit(self.processes)
        )
    }
}
