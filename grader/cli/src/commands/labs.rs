//! Finds labs and checks by the names that people type.

use anyhow::{Result, anyhow};
use engine::lab::{Check, Lab};

/// The lab that `name` means.
///
/// # Errors
///
/// No such lab exists; the error names the closest ones.
pub(super) fn find_lab(name: &str) -> Result<&'static Lab> {
    checks::find(name)
        .map_err(|closest| unknown("lab", name, &closest, "`cargo grader list` shows all labs"))
}

/// The checks of `lab` whose ids begin with `prefix`.
///
/// # Errors
///
/// No such check exists; the error names the closest ids.
pub(super) fn find_checks(lab: &Lab, prefix: &str) -> Result<Vec<&'static Check>> {
    lab.select(prefix).map_err(|closest| {
        let known = format!("labs/{}/README.md lists all checks", lab.folder());
        unknown("check", prefix, &closest, &known)
    })
}

fn unknown(kind: &str, name: &str, closest: &[String], known: &str) -> anyhow::Error {
    match closest {
        [] => anyhow!("there is no {kind} {name}; {known}"),
        some => anyhow!("there is no {kind} {name}; did you mean {}?", some.join(", ")),
    }
}
