//! What to run.

use std::collections::BTreeSet;
use std::ffi::OsString;

use crate::lab::{Check, Lab};
use crate::subject::Launcher;

/// Some checks of a lab, run on one program.
#[derive(Clone, Debug)]
pub struct Plan {
    pub lab: &'static Lab,
    pub checks: Vec<&'static Check>,
    pub program: Vec<OsString>,
    /// Starts the program.
    pub launcher: Launcher,
    pub seed: u32,
    /// Whether the lab's `residue_check` fails because of what other checks leave behind.
    pub charge_residue: bool,
    /// Names of checks that this program is expected to fail: on a busy machine they get fewer tries.
    pub expected_failures: BTreeSet<&'static str>,
}
