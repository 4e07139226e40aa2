//! The programs of a lab whose verdict is known before.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Error, Result};
use engine::drive::Program;
use engine::lab::Lab;
use engine::subject::build::{BuildError, Profile, Replacement, Variant};

use super::misconception::{self, Misconception};
use crate::null;
use crate::session::{Session, build_bar};

/// The most points that a program that does nothing may get.
const MAX_UNEARNED: u32 = 5;

/// The verdict that a program must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// All points.
    Everything,
    /// At most so many points.
    AtMost(u32),
    /// Exactly these checks fail, each for its reason; the checks that they block do not matter.
    Fails(BTreeMap<String, String>),
}

/// A program whose verdict is known before.
#[derive(Clone, Debug)]
pub(super) struct KnownProgram {
    pub(super) name: String,
    pub(super) expectation: Expectation,
    /// Whether its checks fail only by chance, as with a race condition.
    pub(super) nondeterministic: bool,
    pub(super) command: Vec<OsString>,
}

impl KnownProgram {
    fn new(name: &str, expectation: Expectation, command: Vec<OsString>) -> Self {
        Self { name: name.to_owned(), expectation, nondeterministic: false, command }
    }

    pub(super) fn is_misconception(&self) -> bool {
        matches!(self.expectation, Expectation::Fails(_))
    }
}

/// All known programs of `lab`, built.
///
/// # Errors
///
/// Something cannot be read or built.
pub(super) fn programs(session: &Session, lab: &'static Lab) -> Result<Vec<KnownProgram>> {
    let mut programs = Vec::new();
    for (name, variant, expectation) in [
        ("reference", Variant::Solution, Expectation::Everything),
        ("starter", Variant::Starter, Expectation::AtMost(MAX_UNEARNED)),
    ] {
        let command = session.build(lab, &variant, Profile::Dev).map_err(BuildError::into_error)?;
        programs.push(KnownProgram::new(name, expectation, command));
    }
    let announced = lab.service.program(Program::SERVER_ROLE).map(|server| server.listens);
    let lines: Vec<_> = announced.unwrap_or_default().iter().map(|it| it.announced).collect();
    for name in null::ALL {
        let command = ["/proc/self/exe", null::ARGUMENT, name, &lines.join(",")];
        let command = command.map(OsString::from).to_vec();
        programs.push(KnownProgram::new(name, Expectation::AtMost(MAX_UNEARNED), command));
    }
    programs.extend(misconceptions(session, lab)?);
    Ok(programs)
}

/// The misconceptions of `lab`, built.
fn misconceptions(session: &Session, lab: &'static Lab) -> Result<Vec<KnownProgram>> {
    let checkout = &session.checkout;
    let folder = misconception::folder(checkout, lab);
    let (mut replacements, mut headers) = (BTreeMap::new(), BTreeMap::new());
    let entries = fs::read_dir(&folder).map_err(|error| match error.kind() {
        ErrorKind::NotFound => checkout.missing(lab, "misconceptions", &folder),
        _ => Error::new(error).context(format!("cannot read {}", folder.display())),
    })?;
    for entry in entries {
        let path = entry?.path();
        if let (Some("rs"), Some(name)) = (
            path.extension().and_then(|extension| extension.to_str()),
            path.file_stem().and_then(|stem| stem.to_str()),
        ) {
            let text = checkout.read(&path)?;
            let header =
                Misconception::parse(&text, lab).with_context(|| format!("in {name}.rs"))?;
            let file = header.file.clone();
            replacements.insert(name.to_owned(), Replacement { file, text });
            headers.insert(name.to_owned(), header);
        }
    }
    let bar = build_bar();
    let built = session.builder().build_misconceptions(lab, &replacements, &mut |crates, name| {
        bar.set_message(format!("{crates} crates, {name}"));
        bar.tick();
    });
    bar.finish_and_clear();
    let mut programs = Vec::new();
    for (name, executable) in built.map_err(BuildError::into_error)? {
        let header = headers.remove(&name).context("a misconception of no name")?;
        let expectation = Expectation::Fails(header.fails);
        let program = KnownProgram::new(&name, expectation, vec![executable.into()]);
        programs.push(KnownProgram { nondeterministic: header.nondeterministic, ..program });
    }
    Ok(programs)
}
