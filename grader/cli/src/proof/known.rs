//! The programs of a lab whose verdict is known in advance.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Error, Result, bail};
use course::checkout::Checkout;
use engine::drive::Program;
use engine::lab::Lab;
use engine::subject::build::{BuildError, LintedProgram, Profile, Replacement, Variant};

use super::format;
use super::merge::merge;
use super::shard::Shard;
use crate::misconception::{self, Misconception};
use crate::null;
use crate::session::Session;

/// The maximum score of a program that does nothing.
const MAX_UNEARNED: u32 = 5;

/// The verdict that a program must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// All points.
    Everything,
    /// At most this many points.
    AtMost(u32),
    /// Exactly these checks fail, each for its reason; checks that they block are ignored.
    Fails(BTreeMap<String, String>),
}

/// A program whose verdict is known in advance.
#[derive(Clone, Debug)]
pub(super) struct KnownProgram {
    pub(super) name: String,
    pub(super) expectation: Expectation,
    /// Whether its checks fail only by chance, as with a race condition.
    pub(super) nondeterministic: bool,
    pub(super) command: Vec<OsString>,
    /// What is wrong with its text, apart from the intended mistake.
    pub(super) warnings: Vec<String>,
}

impl KnownProgram {
    fn new(name: &str, expectation: Expectation, command: Vec<OsString>) -> Self {
        Self {
            name: name.to_owned(),
            expectation,
            nondeterministic: false,
            command,
            warnings: Vec::new(),
        }
    }

    pub(super) fn is_misconception(&self) -> bool {
        matches!(self.expectation, Expectation::Fails(_))
    }
}

/// The known programs of `lab` that belong to `shard`, built.
///
/// # Errors
///
/// Something cannot be read or built.
pub(super) fn programs(
    session: &Session,
    lab: &'static Lab,
    shard: Shard,
) -> Result<Vec<KnownProgram>> {
    let mut programs = Vec::new();
    let mut position = 0..;
    let mut is_here = || position.next().is_some_and(|position| shard.has(position));
    for (name, variant, expectation) in [
        ("reference", Variant::Solution, Expectation::Everything),
        ("starter", Variant::Starter, Expectation::AtMost(MAX_UNEARNED)),
    ] {
        if !is_here() {
            continue;
        }
        let command = session.build(lab, &variant, Profile::Dev).map_err(BuildError::into_error)?;
        programs.push(KnownProgram::new(name, expectation, command));
    }
    let announced = lab.service.program(Program::SERVER_ROLE).map(|server| server.listens);
    let lines: Vec<_> = announced.unwrap_or_default().iter().map(|it| it.announced).collect();
    for name in null::ALL.into_iter().filter(|_| is_here()) {
        let command = [null::EXECUTABLE, null::ARGUMENT, name, &lines.join(",")];
        let command = command.map(OsString::from).to_vec();
        programs.push(KnownProgram::new(name, Expectation::AtMost(MAX_UNEARNED), command));
    }
    let part = names(&session.checkout, lab)?.into_iter().filter(|_| is_here());
    programs.extend(misconceptions(session, lab, part)?);
    Ok(programs)
}

/// The misconceptions of `lab` named `wanted`, built.
///
/// # Errors
///
/// One of them does not exist, does not fit the solution, or cannot be built.
pub(super) fn misconceptions(
    session: &Session,
    lab: &'static Lab,
    wanted: impl IntoIterator<Item = String>,
) -> Result<Vec<KnownProgram>> {
    let checkout = &session.checkout;
    let all = names(checkout, lab)?;
    let (mut replacements, mut headers) = (BTreeMap::new(), BTreeMap::new());
    for name in wanted {
        let program = load(checkout, lab, &name)?;
        let file = program.header.file.clone();
        let misformatted = format::problem(checkout, session.launcher.children(), &program.merged)?;
        replacements.insert(name.clone(), Replacement { file, text: program.merged });
        headers.insert(name, (program.header, misformatted));
    }
    let bar = session.build_bar();
    let mut progress = |crates, name: &str| {
        bar.set_message(format!("{crates} crates, {name}"));
        bar.tick();
    };
    let built = session.builder().build_misconceptions(lab, &replacements, &all, &mut progress);
    bar.finish_and_clear();
    let mut programs = Vec::new();
    for (name, LintedProgram { executable, mut warnings }) in
        built.map_err(BuildError::into_error)?
    {
        let (header, misformatted) =
            headers.remove(&name).context("an unknown misconception was built")?;
        warnings.extend(misformatted);
        let expectation = Expectation::Fails(header.fails);
        let program = KnownProgram::new(&name, expectation, vec![executable.into()]);
        let nondeterministic = header.nondeterministic;
        programs.push(KnownProgram { nondeterministic, warnings, ..program });
    }
    Ok(programs)
}

/// The names of the misconceptions of `lab`, sorted.
///
/// # Errors
///
/// They cannot be read, or a recorded failure belongs to no misconception.
pub(super) fn names(checkout: &Checkout, lab: &'static Lab) -> Result<BTreeSet<String>> {
    let folder = misconception::folder(checkout, lab);
    let entries = fs::read_dir(&folder).map_err(|error| match error.kind() {
        ErrorKind::NotFound => checkout.missing(lab, "misconceptions", &folder),
        _ => Error::new(error).context(format!("cannot read {}", folder.display())),
    })?;
    let (mut names, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        match extension {
            Some("rs") => names.insert(name.to_owned()),
            Some("txt" | "report") => kept.insert(name.to_owned()),
            _ => false,
        };
    }
    if let Some(name) = kept.difference(&names).next() {
        bail!("{name}.rs is missing in {}, which has other files of that name", folder.display());
    }
    Ok(names)
}

/// A misconception, merged into the solution.
pub(super) struct MergedProgram {
    header: Misconception,
    /// The path of the solution's file that it changes, for display, and that file's text.
    pub(super) shown: String,
    pub(super) given: String,
    /// The text of that file with the misconception's items merged in.
    pub(super) merged: String,
}

/// Reads the misconception `name` of `lab`: its header, and its text.
///
/// # Errors
///
/// No misconception has that name, it cannot be read, or its header is malformed.
pub(super) fn read(
    checkout: &Checkout,
    lab: &'static Lab,
    name: &str,
) -> Result<(Misconception, String)> {
    let path = misconception::folder(checkout, lab).join(format!("{name}.rs"));
    if !path.exists() {
        let (number, known) = (lab.number, names(checkout, lab)?);
        let known: Vec<_> = known.into_iter().collect();
        bail!("lab {number} has no misconception {name}; it has {}", known.join(", "));
    }
    let source = checkout.read(&path)?;
    let header = Misconception::parse(&source, lab).with_context(|| format!("in {name}.rs"))?;
    Ok((header, source))
}

/// Reads the misconception `name` of `lab` and merges it into the solution.
///
/// # Errors
///
/// As [`read`], or it does not fit the solution.
pub(super) fn load(checkout: &Checkout, lab: &'static Lab, name: &str) -> Result<MergedProgram> {
    let (header, source) = read(checkout, lab, name)?;
    let solution = checkout.require_solution(lab)?.join(&header.file);
    let given = checkout.read(&solution)?;
    let merged = match &header.departures {
        Some(departures) => merge(&given, &source, departures),
        None => Ok(source),
    };
    let merged = merged.with_context(|| format!("in {name}.rs"))?;
    let shown = checkout.relative(&solution).display().to_string();
    Ok(MergedProgram { header, shown, given, merged })
}
