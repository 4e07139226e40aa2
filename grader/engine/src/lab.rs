//! What the engine knows of a lab: its data, how its programs are started and spoken to, and its checks.

use std::future::Future;
use std::pin::Pin;

use course::closest::closest;
use course::labs::{CheckInfo, LabInfo};

use crate::drive::{Service, Trial};
use crate::verdict::CheckError;

/// A lab that can be graded.
#[derive(Debug)]
pub struct Lab {
    pub info: &'static LabInfo,
    pub service: &'static Service,
    pub checks: &'static [Check],
    /// The Markdown that explains each check.
    pub explanations: &'static str,
    /// The check that is charged for sockets that other checks find left behind.
    pub residue_check: Option<&'static str>,
}

/// What running a check gives.
pub type Run<'t> = Pin<Box<dyn Future<Output = Result<(), CheckError>> + 't>>;

/// One property of a program under test.
pub struct Check {
    pub info: CheckInfo,
    pub run: for<'t> fn(&'t Trial) -> Run<'t>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("id", &self.info.id).finish_non_exhaustive()
    }
}

/// What a check says of itself is read without a detour.
impl std::ops::Deref for Check {
    type Target = CheckInfo;

    fn deref(&self) -> &CheckInfo {
        &self.info
    }
}

impl std::ops::Deref for Lab {
    type Target = LabInfo;

    fn deref(&self) -> &LabInfo {
        self.info
    }
}

impl Lab {
    /// The check with the full id `id`.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&'static Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The checks whose ids begin with `prefix`, with or without the lab's number.
    ///
    /// # Errors
    ///
    /// None; the closest ids.
    pub fn select(&self, prefix: &str) -> Result<Vec<&'static Check>, Vec<String>> {
        let is_it =
            |check: &&Check| check.id.starts_with(prefix) || check.name().starts_with(prefix);
        let found: Vec<_> = self.checks.iter().filter(is_it).collect();
        if found.is_empty() {
            let name = prefix.split_once('/').map_or(prefix, |(_, name)| name);
            let names = self.checks.iter().map(|check| check.name().to_owned());
            return Err(closest(name, names));
        }
        Ok(found)
    }
}
