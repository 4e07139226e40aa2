//! Runs the known programs of a lab and reports which got a wrong verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use course::checkout::Checkout;
use course::regions::Source;
use engine::lab::{Check, Lab};
use engine::run::VerdictName;
use serde::Serialize;
use similar::TextDiff;

use super::cache::Cache;
use super::excerpt;
use super::finding::{Finding, examine};
use super::gate::Gate;
use super::golden::{Golden, GoldenUpdate};
use super::known::{KnownProgram, load, misconceptions, names, programs, read};
use super::policy::{Judgement, MAX_RUNS, Runs, problems};
use super::shard::Shard;
use crate::session::Session;

/// What `nice(2)` adds to the niceness of a thread that must yield the CPUs to others.
const LOWEST_PRIORITY: i32 = 19;

/// A known program, its result, and what is wrong with it.
#[derive(Clone, Debug, Serialize)]
pub struct ProvenProgram {
    pub name: String,
    pub finding: Finding,
    pub problems: Vec<String>,
    /// What was wrong in one run, but not in two others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong_once: Vec<String>,
    /// Whether the result comes from an earlier run.
    pub cached: bool,
    /// How many times it was run.
    pub runs: u32,
    pub is_misconception: bool,
    /// Whether chance or a busy machine may have changed its verdicts.
    #[serde(skip)]
    undecided: bool,
}

/// The results of all known programs of a lab.
#[derive(Debug, Serialize)]
pub struct Proof {
    pub lab: u8,
    pub topic: &'static str,
    pub programs: Vec<ProvenProgram>,
    /// Problems of the lab as a whole: checks that are not the first to reject any misconception.
    pub problems: Vec<String>,
    /// For each check, the misconceptions that it is the first to reject.
    pub first_rejected: BTreeMap<String, Vec<String>>,
    pub cost: Cost,
    /// Whether results are cached for later runs; they are not while a source is newer than this grader.
    pub keeps_results: bool,
}

/// What a proof cost, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    pub build_ms: u64,
    pub runs_ms: u64,
}

impl Proof {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.programs.iter().all(|program| program.problems.is_empty())
    }
}

/// The known programs of a lab, ready to run.
pub struct BuiltLab {
    lab: &'static Lab,
    programs: Vec<KnownProgram>,
    cache: Cache,
    build_time: Duration,
}

impl BuiltLab {
    /// Builds the known programs of `lab` that belong to `shard`.
    ///
    /// # Errors
    ///
    /// Something cannot be read or built.
    fn build(session: &Session, lab: &'static Lab, shard: Shard) -> Result<Self> {
        let begin = Instant::now();
        let programs = programs(session, lab, shard)?;
        let cache = Cache::open(&session.checkout, session.launcher.children(), lab)?;
        Ok(Self { lab, programs, cache, build_time: begin.elapsed() })
    }
}

/// Builds the known programs that belong to `shard`, for each of `labs`, one lab ahead of the receiver. Stops after an
/// error, or once the receiver is dropped.
pub fn build_ahead(
    session: &Session,
    labs: &[&'static Lab],
    shard: Shard,
    built: &SyncSender<Result<BuiltLab>>,
) {
    for lab in labs {
        let programs = BuiltLab::build(session, lab, shard);
        let is_over = programs.is_err();
        if built.send(programs).is_err() || is_over {
            return;
        }
        // The programs of that lab now run, and mostly wait. This thread and the compilers that it starts use only the
        // CPU time that the programs leave. If the kernel refuses this, the proof is only slower.
        let _ = rustix::process::nice(LOWEST_PRIORITY);
    }
}

/// Runs the known programs of a lab, or takes the results of earlier runs unless `fresh`. Calls `done` with the number
/// of programs that are done and the number of all.
///
/// # Errors
///
/// Something cannot be read, or the run was interrupted.
pub fn verify(
    session: &Session,
    built: BuiltLab,
    fresh: bool,
    done: impl Fn(usize, usize) + Sync,
) -> Result<Proof> {
    let BuiltLab { lab, programs, cache, build_time } = built;
    let begin = Instant::now();
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
            // The other programs may have prevented a verdict.
            let runs = result.runs;
            result = prove_and_store(session, lab, program, &cache, None)?;
            result.runs += runs;
        }
        proven.push(result);
    }
    expect_no_interrupt(session)?;
    let first_rejected = first_rejected(lab, &proven);
    let problems = pointless_checks(&session.checkout, lab)?;
    let cost = Cost {
        build_ms: build_time.as_millis() as u64,
        runs_ms: begin.elapsed().as_millis() as u64,
    };
    let (lab, topic) = (lab.number, lab.topic);
    let (programs, keeps_results) = (proven, cache.is_current());
    Ok(Proof { lab, topic, programs, problems, first_rejected, cost, keeps_results })
}

fn expect_no_interrupt(session: &Session) -> Result<()> {
    if session.interrupt.is_raised() {
        bail!("interrupted");
    }
    Ok(())
}

/// Calls `prove` for each program, as many simultaneously as the [`Gate`] admits. A result is `None` if an interrupt
/// came first.
fn prove_all(
    session: &Session,
    programs: &[KnownProgram],
    prove: impl Fn(&KnownProgram) -> Result<ProvenProgram> + Sync,
    done: impl Fn(usize, usize) + Sync,
) -> Vec<Option<Result<ProvenProgram>>> {
    let (gate, next, finished) = (Gate::new(), AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<Mutex<Option<Result<ProvenProgram>>>> =
        programs.iter().map(|_| Mutex::default()).collect();
    let is_over =
        || session.interrupt.is_raised() || next.load(Ordering::Relaxed) >= programs.len();
    std::thread::scope(|scope| {
        for _ in 0..Gate::capacity() {
            scope.spawn(|| {
                while let Some(_pass) = gate.enter(is_over) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(program), Some(slot)) = (programs.get(index), results.get(index))
                    else {
                        return;
                    };
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

/// Like [`prove`], but stores a right result for later runs. A program with a wrong result is run again next time.
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

/// Runs a program as often as the policy requires; not at all if `cached` holds a result that suffices.
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
        let unknown_text = golden.as_ref().and_then(|golden| golden.differs(&finding.golden));
        let mut judgement = runs.judge(lab, program, &finding, unknown_text);
        if session.interrupt.is_raised() && runs.count < MAX_RUNS {
            judgement = judgement.or_else(|| Some(Judgement::default()));
        }
        if let Some(judgement) = judgement {
            let mut problems = judgement.problems;
            problems.extend(problems_of_files(session, lab, program, golden.as_ref(), &finding)?);
            return Ok(ProvenProgram {
                name: program.name.clone(),
                finding,
                problems,
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

/// What is wrong with the files of a misconception, regardless of its verdicts.
fn problems_of_files(
    session: &Session,
    lab: &'static Lab,
    program: &KnownProgram,
    golden: Option<&Golden>,
    finding: &Finding,
) -> Result<Vec<String>> {
    let mut problems = program.warnings.clone();
    if !program.nondeterministic && golden.is_some_and(|golden| golden.count() > 1) {
        let what = "several failures are recorded for it, so its header must say why";
        problems.push(format!("{what}: `//! Nondeterministic: …`"));
    }
    let report = excerpt::path(&session.checkout, lab, &program.name);
    if let Some(line) = excerpt::missing_line(&report, &finding.stable_lines)? {
        let (report, number) = (session.checkout.relative(&report).display(), lab.number);
        problems.push(format!(
            "{report}, which a slide shows, lacks the line `{line}`: cargo grader verify {number} --update {}",
            program.name
        ));
    }
    Ok(problems)
}

/// A line for each check that, according to the headers, is not the first to reject any misconception.
fn pointless_checks(checkout: &Checkout, lab: &'static Lab) -> Result<Vec<String>> {
    let mut first = BTreeSet::new();
    for name in names(checkout, lab)? {
        let fails = read(checkout, lab, &name)?.0.fails;
        first.extend(lab.checks.iter().map(|check| check.id()).find(|id| fails.contains_key(id)));
    }
    let is_pointless = |check: &&Check| check.points > 0 && !first.contains(&check.id());
    let pointless = lab.checks.iter().filter(is_pointless);
    Ok(pointless
        .map(|check| format!("{} is not the first to reject any misconception", check.id()))
        .collect())
}

/// For each check, the misconceptions that it is the first to reject, in the lab's order.
fn first_rejected(lab: &'static Lab, proven: &[ProvenProgram]) -> BTreeMap<String, Vec<String>> {
    let mut first: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for program in proven.iter().filter(|program| program.is_misconception) {
        let failed = |check: &&Check| {
            program.finding.verdicts.get(&check.id()) == Some(&VerdictName::Failed)
        };
        if let Some(check) = lab.checks.iter().find(failed) {
            first.entry(check.id()).or_default().push(program.name.clone());
        }
    }
    first
}

/// The text of the file that the misconception `name` changes: with its items merged in, or as a unified diff against
/// the solution's file.
///
/// # Errors
///
/// No misconception has that name, or it does not fit the solution.
pub fn merged_program(
    checkout: &Checkout,
    lab: &'static Lab,
    name: &str,
    as_diff: bool,
) -> Result<String> {
    let program = load(checkout, lab, name)?;
    let merged = Source::parse(&program.merged)?.without_markers();
    if !as_diff {
        return Ok(merged);
    }
    let given = Source::parse(&program.given)?.without_markers();
    let diff = TextDiff::from_lines(&given, &merged);
    Ok(diff.unified_diff().header(&program.shown, name).to_string())
}

/// Records the current failure of one misconception. Returns the file, and whether it changed.
///
/// # Errors
///
/// No misconception has that name, or its verdicts differ from those that its header names.
pub fn update_golden(
    session: &Session,
    lab: &'static Lab,
    name: &str,
    update: GoldenUpdate,
) -> Result<(PathBuf, bool)> {
    let programs = misconceptions(session, lab, [name.to_owned()])?;
    let program = programs.first().context("nothing was built")?;
    let finding = examine(session, lab, program);
    let problems = problems(lab, &program.expectation, &finding);
    if !problems.is_empty() {
        bail!("nothing was written for {name}: {}", problems.join("; "));
    }
    if update == GoldenUpdate::Add && !program.nondeterministic {
        bail!("the header of {name} must say why: `//! Nondeterministic: …`");
    }
    let report = excerpt::path(&session.checkout, lab, name);
    if report.exists() && update == GoldenUpdate::Replace {
        fs::write(&report, &finding.report)?;
    }
    Golden::load(&session.checkout, lab, name)?.update(&finding.golden, update)
}
