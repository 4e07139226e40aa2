//! A program and how to start it.

use std::ffi::OsString;

use serde::Serialize;

/// The variables of the grader's environment that a program gets: enough to find an interpreter and its modules, but
/// nothing that could make runs differ.
const KEPT_VARIABLES: [&str; 5] = ["PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"];

/// How a program is isolated from the rest of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// It runs as the grader's user, with only the limits that its supervisor sets.
    #[default]
    None,
}

/// A limit on open descriptors (RLIMIT_NOFILE, rule R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorLimit {
    /// With this many descriptors open, the program gets EMFILE.
    pub soft: u64,
    /// The program or the grader may raise the soft limit up to this number.
    pub hard: u64,
}

impl DescriptorLimit {
    /// A limit that cannot be raised.
    #[must_use]
    pub const fn fixed(limit: u64) -> Self {
        Self { soft: limit, hard: limit }
    }
}

/// A program and how to start it.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable and its arguments; at least one word.
    pub words: Vec<OsString>,
    pub descriptors: DescriptorLimit,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl Launch {
    /// The program that `words` name, with the environment that all programs under test get.
    #[must_use]
    pub fn new(words: Vec<OsString>, descriptors: DescriptorLimit) -> Self {
        let kept =
            KEPT_VARIABLES.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let environment = kept.chain([("LANG".into(), "C.UTF-8".into())]).collect();
        Self { words, descriptors, environment }
    }
}
