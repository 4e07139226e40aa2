//! Runs the known programs of a lab and says which are not judged as they should be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use engine::lab::{Check, Lab};
use engine::run::VerdictName;
use serde::Serialize;

use super::cache::Cache;
use super::finding::{Finding, examine};
use super::golden::{Golden, GoldenUpdate};
use super::known::{KnownProgram, programs};
use super::policy::{Judgement, MAX_RUNS, Runs, problems};
use crate::session::Session;

/// Programs that are run at the same time: most of a run is waiting.
const AT_ONCE: usize = 3;

/// A known program, what it came to, and what is wrong with that.
#[derive(Clone, Debug, Serialize)]
pub struct ProvenProgram {
    pub name: String,
    pub finding: Finding,
    pub problems: Vec<String>,
    /// What was wrong in one run, though not in two others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong_once: Vec<String>,
    /// Whether the result is that of an earlier run.
    pub cached: bool,
    /// How often it was run.
    pub runs: u32,
    pub is_misconception: bool,
    /// Whether chance or a busy machine may have changed its verdicts.
    #[serde(skip)]
    undecided: bool,
}

/// All known programs of a lab.
#[derive(Debug, Serialize)]
pub struct Proof {
    pub lab: u8,
    pub topic: &'static str,
    pub programs: Vec<ProvenProgram>,
    /// What concerns no single program: checks that are the first to reject no misconception.
    pub problems: Vec<String>,
    /// For each check the misconceptions that it is the first to reject.
    pub first_rejected: BTreeMap<&'static str, Vec<String>>,
}

impl Proof {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.programs.iter().all(|program| program.problems.is_empty())
    }
}

/// Runs all known programs of `lab`, or takes the results of earlier runs unless `fresh`. Calls `done` with how many
/// programs are done, and how many there are.
///
/// # Errors
///
/// Something cannot be read or built, or the run was interrupted.
pub fn verify(
    session: &Session,
    lab: &'static Lab,
    fresh: bool,
    done: impl Fn(usize, usize) + Sync,
) -> Result<Proof> {
    let programs = programs(session, lab)?;
    let cache = Cache::open(&session.checkout, lab)?;
    let prove_or_load = |program: &KnownProgram| {
        let cached = if fresh { None } else { cache.entry(program).load() };
        prove_and_store(session, lab, program, &cache, cached)
    };
    let results = prove_all(session, &programs, prove_or_load, done);
    let mut proven = Vec::new();
    for (program, result) in programs.iter().zip(results) {
        expect_no_interrupt(session)?;
        let mut result = result.context("a program was not run")??;
        if result.undecided {
            // The others may have been what kept it from its verdict.
            let runs = result.runs;
            result = prove_and_store(session, lab, program, &cache, None)?;
            result.runs += runs;
        }
        proven.push(result);
    }
    expect_no_interrupt(session)?;
    let first_rejected = first_rejected(lab, &proven);
    let pointless = lab
        .checks
        .iter()
        .filter(|check| check.points > 0 && !first_rejected.contains_key(check.id))
        .map(|check| format!("{} is the first to reject no misconception", check.id));
    let problems = pointless.collect();
    Ok(Proof { lab: lab.number, topic: lab.topic, programs: proven, problems, first_rejected })
}

fn expect_no_interrupt(session: &Session) -> Result<()> {
    if session.interrupt.is_raised() {
        bail!("interrupted");
    }
    Ok(())
}

/// Calls `prove` for each program, [`AT_ONCE`] at a time. `None` for those that an interrupt left out.
fn prove_all(
    session: &Session,
    programs: &[KnownProgram],
    prove: impl Fn(&KnownProgram) -> Result<ProvenProgram> + Sync,
    done: impl Fn(usize, usize) + Sync,
) -> Vec<Option<Result<ProvenProgram>>> {
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<Mutex<Option<Result<ProvenProgram>>>> =
        programs.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(program), Some(slot)) = (programs.get(index), results.get(index))
                    else {
                        return;
                    };
                    if session.interrupt.is_raised() {
                        return;
                    }
                    let proven = prove(program);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(proven);
                    done(finished.fetch_add(1, Ordering::Relaxed) + 1, programs.len());
                }
            });
        }
    });
    let result = |slot: Mutex<_>| slot.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().map(result).collect()
}

/// As [`prove`]; stores what is right for later runs. What is not right is run again by the next.
fn prove_and_store(
    session: &Session,
    lab: &'static Lab,
    program: &KnownProgram,
    cache: &Cache,
    cached: Option<Finding>,
) -> Result<ProvenProgram> {
    let proven = prove(session, lab, program, cached)?;
    let is_right = proven.problems.is_empty() && proven.wrong_once.is_empty();
    if is_right && !proven.cached && !session.interrupt.is_raised() {
        cache.entry(program).store(&proven.finding);
    }
    Ok(proven)
}

/// Runs a program, unless `cached` says what it comes to, as often as the policy asks for.
fn prove(
    session: &Session,
    lab: &'static Lab,
    program: &KnownProgram,
    cached: Option<Finding>,
) -> Result<ProvenProgram> {
    let golden = match program.is_misconception() {
        true => Some(Golden::load(&session.checkout, lab, &program.name)?),
        false => None,
    };
    let mut cached_is_used = cached.is_some();
    let mut finding = cached.unwrap_or_else(|| examine(session, lab, program));
    let mut runs = Runs::default();
    loop {
        let unknown_text = golden.as_ref().and_then(|golden| golden.differs(&finding.text));
        let mut judgement = runs.judge(lab, program, &finding, unknown_text);
        if session.interrupt.is_raised() && runs.count < MAX_RUNS {
            judgement = judgement.or_else(|| Some(Judgement::default()));
        }
        if let Some(judgement) = judgement {
            return Ok(ProvenProgram {
                name: program.name.clone(),
                finding,
                problems: judgement.problems,
                wrong_once: judgement.wrong_once,
                cached: cached_is_used,
                runs: runs.count,
                is_misconception: program.is_misconception(),
                undecided: judgement.undecided,
            });
        }
        (finding, cached_is_used) = (examine(session, lab, program), false);
    }
}

/// For each check the misconceptions that it is the first to reject, in the lab's order.
fn first_rejected(
    lab: &'static Lab,
    proven: &[ProvenProgram],
) -> BTreeMap<&'static str, Vec<String>> {
    let mut first: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for program in proven.iter().filter(|program| program.is_misconception) {
        let failed =
            |check: &&Check| program.finding.verdicts.get(check.id) == Some(&VerdictName::Failed);
        if let Some(check) = lab.checks.iter().find(failed) {
            first.entry(check.id).or_default().push(program.name.clone());
        }
    }
    first
}

/// Keeps the current text of one misconception. Returns where, and whether that changes anything.
///
/// # Errors
///
/// There is no misconception of that name, or its verdicts are not those that it names.
pub fn update_golden(
    session: &Session,
    lab: &'static Lab,
    name: &str,
    update: GoldenUpdate,
) -> Result<(PathBuf, bool)> {
    let programs = programs(session, lab)?;
    let is_it = |program: &&KnownProgram| program.name == name && program.is_misconception();
    let program = programs.iter().find(is_it).with_context(|| {
        let known: Vec<_> = programs.iter().map(|program| program.name.as_str()).collect();
        format!("lab {} has no misconception {name}, only {}", lab.number, known.join(", "))
    })?;
    let finding = examine(session, lab, program);
    let problems = problems(lab, &program.expectation, &finding);
    if !problems.is_empty() {
        bail!("nothing is written for {name}: {}", problems.join("; "));
    }
    Golden::load(&session.checkout, lab, name)?.update(&finding.text, update)
}
