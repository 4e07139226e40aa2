//! Reports as JSON. `grader/README.md` documents each field.

use course::labs::Category;
use engine::run::{Outcome, Verdict, VerdictName};
use engine::subject::Confinement;
use engine::verdict::{Cause, Evidence, Failure, FailureKind, FailureText, Observation, Step};
use serde::Serialize;

use super::model::Report;

/// Incremented when a field changes its meaning or is removed; new fields alone do not change it.
pub const SCHEMA: u32 = 2;

/// The document that `check --json` prints.
#[derive(Debug, Serialize)]
pub struct Document<'r> {
    schema: u32,
    /// How the programs were confined.
    confinement: Confinement,
    reports: Vec<LabReport<'r>>,
    /// Labs that did not compile and therefore have no report.
    build_failures: &'r [BuildFailure],
}

/// A lab that did not compile.
#[derive(Debug, Serialize)]
pub struct BuildFailure {
    pub lab: u8,
    /// As cargo prints them.
    pub errors: String,
}

#[derive(Debug, Serialize)]
struct LabReport<'r> {
    lab: u8,
    topic: &'r str,
    program: &'r str,
    /// Eight hexadecimal digits, as `--seed` accepts them.
    seed: String,
    score: u32,
    points: u32,
    categories: Vec<CategoryScore>,
    retries: u32,
    checks: Vec<CheckReport<'r>>,
    remarks: &'r [String],
}

#[derive(Debug, Serialize)]
struct CategoryScore {
    name: &'static str,
    score: u32,
    points: u32,
}

#[derive(Debug, Serialize)]
struct CheckReport<'r> {
    id: String,
    task: u8,
    category: &'static str,
    points: u32,
    rule: &'r str,
    verdict: VerdictName,
    tries: u32,
    elapsed_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureReport<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inconclusive: Option<&'r str>,
    /// Client sockets that the program still held after all clients had left.
    #[serde(skip_serializing_if = "Option::is_none")]
    residue: Option<usize>,
    notes: &'r [String],
}

#[derive(Debug, Serialize)]
struct FailureReport<'r> {
    #[serde(flatten)]
    kind: &'r FailureKind,
    expected: &'r [String],
    observations: &'r [Observation],
    evidence: &'r Evidence,
    cause: Option<CauseReport<'r>>,
    transcript: &'r [Step],
    /// The failure as the terminal shows it.
    text: FailureText,
}

#[derive(Debug, Serialize)]
struct CauseReport<'r> {
    #[serde(flatten)]
    cause: &'r Cause,
    text: String,
}

impl<'r> Document<'r> {
    #[must_use]
    pub fn new(
        confinement: Confinement,
        reports: &'r [Report],
        build_failures: &'r [BuildFailure],
    ) -> Self {
        let reports = reports.iter().map(lab_report).collect();
        Self { schema: SCHEMA, confinement, reports, build_failures }
    }
}

fn lab_report(report: &Report) -> LabReport<'_> {
    let (score, points) = report.score();
    let category = |category: Category| {
        let (score, points) = report.score_in(category);
        CategoryScore { name: category.name(), score, points }
    };
    LabReport {
        lab: report.lab.number,
        topic: report.lab.topic,
        program: &report.program,
        seed: format!("{:08x}", report.seed),
        score,
        points,
        categories: Category::ALL.into_iter().map(category).collect(),
        retries: report.retries(),
        checks: report.outcomes.iter().map(check_report).collect(),
        remarks: &report.remarks,
    }
}

fn check_report(outcome: &Outcome) -> CheckReport<'_> {
    let (mut failure, mut blocked_by, mut inconclusive) = (None, None, None);
    match &outcome.verdict {
        Verdict::Failed(why) => failure = Some(failure_report(why)),
        Verdict::Blocked { by } => blocked_by = Some(by.id()),
        Verdict::Inconclusive(reason) => inconclusive = Some(reason.as_str()),
        Verdict::Passed | Verdict::Interrupted => {}
    }
    let check = outcome.check;
    CheckReport {
        id: check.id(),
        task: check.task,
        category: check.category.name(),
        points: check.points,
        rule: check.rule,
        verdict: outcome.verdict.name(),
        tries: outcome.tries,
        elapsed_ms: (outcome.elapsed.as_secs_f64() * 1e4).round() / 10.0,
        failure,
        blocked_by,
        inconclusive,
        residue: outcome.residue,
        notes: &outcome.notes,
    }
}

fn failure_report(failure: &Failure) -> FailureReport<'_> {
    let cause = failure.cause.as_ref();
    FailureReport {
        kind: &failure.kind,
        expected: &failure.expected,
        observations: &failure.observations,
        evidence: &failure.evidence,
        cause: cause.map(|cause| CauseReport { cause, text: cause.text() }),
        transcript: &failure.transcript,
        text: failure.text(),
    }
}
