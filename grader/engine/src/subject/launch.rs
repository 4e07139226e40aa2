//! A program and how to start it.

use std::ffi::OsString;

use serde::Serialize;

use super::limits::DescriptorLimit;

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
