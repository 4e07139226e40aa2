//! What the engine knows about a lab: its data, how to start its programs and talk to them, and its checks.

use course::closest::closest;
use course::labs::LabInfo;

pub use crate::check::{Check, Described, Run, check, of_lab};
use crate::drive::Service;

/// A lab that can be graded.
#[derive(Debug)]
pub struct Lab {
    pub info: &'static LabInfo,
    pub service: &'static Service,
    pub checks: &'static [Check],
    /// The Markdown that explains each check.
    pub explanations: &'static str,
    /// The name of the check that fails for sockets left behind after other checks.
    pub residue_check: Option<&'static str>,
}

impl std::ops::Deref for Lab {
    type Target = LabInfo;

    fn deref(&self) -> &LabInfo {
        self.info
    }
}

impl Lab {
    /// The check whose id is `id`, with the lab's number.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&'static Check> {
        self.checks.iter().find(|check| check.id() == id)
    }

    /// The checks whose ids begin with `prefix`, with or without the lab's number.
    ///
    /// # Errors
    ///
    /// There are none; returns the closest names.
    pub fn select(&self, prefix: &str) -> Result<Vec<&'static Check>, Vec<String>> {
        let is_it =
            |check: &&Check| check.id().starts_with(prefix) || check.name.starts_with(prefix);
        let found: Vec<_> = self.checks.iter().filter(is_it).collect();
        if found.is_empty() {
            let name = prefix.split_once('/').map_or(prefix, |(_, name)| name);
            let names = self.checks.iter().map(|check| check.name.to_owned());
            return Err(closest(name, names));
        }
        Ok(found)
    }
}
