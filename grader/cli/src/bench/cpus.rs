//! Divides the CPUs between servers and the load generator.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The CPUs of the servers, and those of the load generator.
#[derive(Clone, Debug)]
pub(crate) struct Cpus {
    pub server: Vec<usize>,
    pub load: Vec<usize>,
}

impl Cpus {
    /// Gives each side half of the usable cores; of three cores, the load generator gets one. The CPUs of a single core
    /// are divided in the same way, and a single CPU is shared.
    ///
    /// # Errors
    ///
    /// The kernel does not say which CPUs are usable.
    pub fn divide() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot find out which CPUs are usable")?;
        let mut cores: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for cpu in (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)) {
            // If the kernel does not say, each CPU is assumed to be a core.
            let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
            let siblings = fs::read_to_string(path).unwrap_or_else(|_| cpu.to_string());
            cores.entry(siblings).or_default().push(cpu);
        }
        let mut server: Vec<Vec<usize>> = cores.into_values().collect();
        if let [one] = &server[..] {
            server = one.iter().map(|&cpu| vec![cpu]).collect();
        }
        server.sort();
        let load = match server.len() {
            0 | 1 => server.clone(),
            all => server.split_off(all - all / 2),
        };
        Ok(Self { server: server.concat(), load: load.concat() })
    }

    /// Whether both have the same CPUs.
    pub fn are_shared(&self) -> bool {
        self.server == self.load
    }

    /// Moves this process to the servers' CPUs; processes that it starts from now on inherit them.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub fn use_for_servers(&self) -> Result<()> {
        let mut set = CpuSet::new();
        self.server.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set).context("cannot choose CPUs for the servers")
    }
}
