//! Which programs are measured.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;

use anyhow::{Result, bail};
use checks::LABS;
use checks::scenarios::byte_echo::ByteEcho;
use course::checkout::Checkout;
use course::labs::BenchRow;
use course::text::printable;
use engine::drive::{self, Service, Tcp};
use engine::lab::Lab;
use engine::subject::build::{BuildError, Profile, Variant, parse_program};

use super::arguments::BenchArguments;
use crate::bench::{NotMeasured, Program};
use crate::commands::labs::find_lab;
use crate::session::Session;

/// How a server given with `--program` is driven.
static ANY_SERVER: Service =
    Service { programs: &[drive::Program::SERVER], dial: &Tcp, exchange: &ByteEcho };

/// A row of the benchmark, before anything is built.
#[derive(Debug)]
pub(super) enum Selected {
    Lab(&'static Lab, &'static BenchRow),
    Program { name: String, words: Vec<OsString> },
}

impl Selected {
    fn name(&self) -> &str {
        match self {
            Self::Lab(_, row) => row.name,
            Self::Program { name, .. } => name,
        }
    }
}

/// The rows that `arguments` request.
///
/// # Errors
///
/// A lab does not exist, has no rows, or has no solution; a program does not exist, or its name is taken.
pub(super) fn select(checkout: &Checkout, arguments: &BenchArguments) -> Result<Vec<Selected>> {
    let mut selected = Vec::new();
    for lab in labs(&arguments.labs)? {
        if arguments.solution {
            checkout.require_solution(lab.info)?;
        }
        selected.extend(lab.bench.iter().map(|row| Selected::Lab(lab, row)));
    }
    for (name, command) in &arguments.program {
        if selected.iter().any(|other| other.name() == name) {
            bail!("two rows are named {name}: give each program its own name");
        }
        selected.push(Selected::Program { name: name.clone(), words: parse_program(command)? });
    }
    Ok(selected)
}

/// The labs that `names` mean, each once; without names, all labs that have rows.
fn labs(names: &[String]) -> Result<Vec<&'static Lab>> {
    let measured = || LABS.iter().copied().filter(|lab| !lab.bench.is_empty());
    if names.is_empty() {
        return Ok(measured().collect());
    }
    let mut labs: Vec<&'static Lab> = Vec::new();
    for name in names {
        let lab = find_lab(name)?;
        if lab.bench.is_empty() {
            let known: Vec<_> = measured().map(|lab| lab.digits()).collect();
            bail!(
                "lab {} has nothing to measure; these labs have: {}",
                lab.digits(),
                known.join(", ")
            );
        }
        if !labs.iter().any(|other| other.number == lab.number) {
            labs.push(lab);
        }
    }
    Ok(labs)
}

/// Builds the selected programs, optimised. A program that does not compile gets rows that say so.
///
/// # Errors
///
/// A build fails for another reason.
pub(super) fn build(
    session: &Session,
    selected: Vec<Selected>,
    solution: bool,
) -> Result<Vec<Program>> {
    let variant = if solution { Variant::Solution } else { Variant::Starter };
    let mut built: BTreeMap<u8, Result<Vec<OsString>, NotMeasured>> = BTreeMap::new();
    let mut programs = Vec::new();
    for one in selected {
        let (lab, row) = match one {
            Selected::Lab(lab, row) => (lab, row),
            Selected::Program { name, words } => {
                let (service, flags, not_measured) = (&ANY_SERVER, &[][..], None);
                programs.push(Program { name, service, words, flags, not_measured });
                continue;
            }
        };
        if let Entry::Vacant(place) = built.entry(lab.number) {
            place.insert(match session.build(lab, &variant, Profile::Release) {
                Ok(words) => Ok(words),
                Err(BuildError::Compile(errors)) => Err(does_not_compile(lab, &errors)),
                Err(BuildError::Other(error)) => return Err(error),
            });
        }
        let (words, not_measured) = match &built[&lab.number] {
            Ok(words) => (words.clone(), None),
            Err(reason) => (Vec::new(), Some(reason.clone())),
        };
        let (name, service, flags) = (row.name.to_owned(), lab.service, row.flags);
        programs.push(Program { name, service, words, flags, not_measured });
    }
    Ok(programs)
}

fn does_not_compile(lab: &Lab, errors: &str) -> NotMeasured {
    let errors = anstream::adapter::strip_str(errors).to_string();
    let first = errors.lines().find(|line| !line.trim().is_empty());
    let why = format!("does not compile; see cargo grader check {}", lab.number);
    let last_words = first.map(|line| printable(line, 160)).into_iter().collect();
    NotMeasured::NotStarted { why, last_words }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn without_names_every_lab_with_rows_is_measured() {
        let all: Vec<_> = labs(&[]).expect("labs").iter().map(|lab| lab.number).collect();
        let with_rows: Vec<_> =
            LABS.iter().filter(|lab| !lab.bench.is_empty()).map(|lab| lab.number).collect();
        assert_eq!(all, with_rows);
        let twice = ["2", "selectors", "1"].map(str::to_owned);
        let numbers: Vec<_> = labs(&twice).expect("labs").iter().map(|lab| lab.number).collect();
        assert_eq!(numbers, [2, 1]);
    }

    #[test]
    fn rows_have_different_names() {
        let rows = LABS.iter().flat_map(|lab| lab.bench).map(|row| row.name);
        let names: BTreeSet<_> = rows.clone().collect();
        assert_eq!(names.len(), rows.count());
    }
}
