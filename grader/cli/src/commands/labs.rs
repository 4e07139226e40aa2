//! Finds labs and checks by the names that people type.

use anyhow::{Context, Result, anyhow, bail};
use checks::LABS;
use engine::lab::{Check, Lab};

use crate::guide;
use crate::progress::Progress;

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

/// The check that `name` means: an id, or a name in the lab that the student is working on. Without a name, the first
/// check of that lab that failed when it was last run.
///
/// # Errors
///
/// There is no such check, or several begin with the name.
pub(super) fn find_check(
    name: Option<&str>,
    progress: &Progress,
) -> Result<(&'static Lab, &'static Check)> {
    let last = progress.last_lab().and_then(|last| LABS.iter().find(|lab| lab.number == last));
    let current = last.copied().unwrap_or_else(|| guide::current_lab(progress));
    let Some(name) = name else {
        let failed = current.checks.iter().find(|check| progress.has_passed(check) == Some(false));
        let failed = failed.with_context(|| {
            let (digits, number) = (current.digits(), current.number);
            format!(
                "no check of lab {digits} has failed: name one, or run cargo grader check {number}"
            )
        })?;
        return Ok((current, failed));
    };
    // `1/half-close` means `01/half-close`.
    let (lab, name) = match name.split_once('/') {
        Some((lab, rest)) if lab.parse::<u8>().is_ok() => (find_lab(lab)?, rest),
        _ => (current, name),
    };
    let is_it = |check: &&&Check| check.name == name;
    let found = match lab.select(name) {
        Ok(found) => found,
        // A name that only one other lab has is clear enough.
        Err(closest) => {
            let others = LABS.iter().filter(|other| other.number != lab.number);
            let mut others = others.filter(|other| other.checks.iter().any(|it| it.name == name));
            match (others.next(), others.next()) {
                (Some(other), None) => {
                    return find_check(Some(&format!("{:02}/{name}", other.number)), progress);
                }
                (Some(_), Some(_)) => bail!("several labs have a check {name}: write NN/{name}"),
                _ => {
                    let known = format!("labs/{}/README.md lists all checks", lab.folder());
                    return Err(unknown("check", name, &closest, &known));
                }
            }
        }
    };
    match (&found[..], found.iter().find(is_it)) {
        (_, Some(check)) | ([check], None) => Ok((lab, check)),
        _ => {
            let names: Vec<_> = found.iter().map(|check| check.id()).collect();
            bail!("several checks begin with {name}: {}", names.join(", "))
        }
    }
}

fn unknown(kind: &str, name: &str, closest: &[String], known: &str) -> anyhow::Error {
    match closest {
        [] => anyhow!("there is no {kind} {name}; {known}"),
        some => anyhow!("there is no {kind} {name}; did you mean {}?", some.join(", ")),
    }
}
