//! A program and how to start it.

use std::ffi::OsString;

use serde::Serialize;

/// What a program gets of the grader's environment: enough to find an interpreter and its modules, nothing that could
/// make one run differ from another.
const KEPT_VARIABLES: [&str; 5] = ["PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"];

/// How a program is kept from the rest of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confinement {
    /// It runs as the user who runs the grader, with the limits of its supervisor and nothing else.
    #[default]
    None,
}

/// A limit of open descriptors (RLIMIT_NOFILE, rule R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorLimit {
    /// With so many open, the program gets EMFILE.
    pub soft: u64,
    /// Up to this number the program, or the grader, may raise the soft limit.
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
