//! Decides whether a known program got the right verdicts.
//!
//! The reference must pass in its first run. A misconception must fail the checks that its header names, with one of
//! its recorded texts; after one wrong run, it must be right twice. A program that is nondeterministic, or whose
//! verdict a busy machine prevented, is run again.

use engine::lab::Lab;
use engine::run::VerdictName;

use super::finding::Finding;
use super::known::{Expectation, KnownProgram};

/// How many times a program is run at most. It is run until its text is a recorded one, until its race condition has
/// occurred (rule R15), until the machine was quiet enough (rule R9), or until a verdict was seen twice. A program that
/// is still undecided gets as many runs again, alone.
pub(super) const MAX_RUNS: u32 = 3;

/// What is wrong with a known program, after all its runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    /// What is wrong; empty if the verdicts are right.
    pub(super) problems: Vec<String>,
    /// What was wrong in one run, but not in two others.
    pub(super) wrong_once: Vec<String>,
    /// Whether chance or a busy machine may have changed its verdicts.
    pub(super) undecided: bool,
}

/// The runs of a known program so far.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) count: u32,
    right: u32,
    has_text: bool,
    wrong_once: Vec<String>,
}

impl Runs {
    /// Judges the next run of `program`, whose result is `finding`. `unknown_text` says how its text differs from the
    /// recorded ones, if it does. `None` if the program must be run again.
    pub(super) fn judge(
        &mut self,
        lab: &Lab,
        program: &KnownProgram,
        finding: &Finding,
        unknown_text: Option<String>,
    ) -> Option<Judgement> {
        self.count += 1;
        let mut problems = problems(lab, &program.expectation, finding);
        let mut over = self.count >= MAX_RUNS;
        let mut undecided = false;
        if problems.is_empty() {
            self.right += 1;
            // Which of several failures is seen first may be nondeterministic.
            self.has_text |= unknown_text.is_none();
            let is_proven = self.right > u32::from(!self.wrong_once.is_empty());
            over |= is_proven && self.has_text;
            if !is_proven {
                problems.clone_from(&self.wrong_once);
            } else if !self.has_text {
                problems.extend(unknown_text);
            }
        } else {
            let is_chance = is_chance(program, finding);
            over |= !is_chance && (!program.is_misconception() || !self.wrong_once.is_empty());
            undecided = is_chance && self.wrong_once.is_empty();
            if !is_chance {
                self.wrong_once.clone_from(&problems);
            }
        }
        let wrong_once = if problems.is_empty() { self.wrong_once.clone() } else { Vec::new() };
        over.then_some(Judgement { problems, wrong_once, undecided })
    }
}

/// Whether chance or a busy machine may explain what is wrong with `finding`.
fn is_chance(program: &KnownProgram, finding: &Finding) -> bool {
    let has_failed = finding.has(VerdictName::Failed);
    let is_busy =
        finding.has(VerdictName::Inconclusive) && (program.is_misconception() || !has_failed);
    is_busy || program.nondeterministic && is_missed(&program.expectation, finding)
}

/// Whether the only thing wrong is that checks passed that should have failed.
fn is_missed(expectation: &Expectation, finding: &Finding) -> bool {
    let Expectation::Fails(named) = expectation else { return false };
    finding.verdicts.iter().all(|(id, verdict)| match verdict {
        VerdictName::Failed => named.contains_key(id),
        VerdictName::Passed | VerdictName::Blocked => true,
        VerdictName::Inconclusive | VerdictName::Interrupted => false,
    })
}

/// What is wrong with `finding`, apart from its text.
pub(super) fn problems(lab: &Lab, expectation: &Expectation, finding: &Finding) -> Vec<String> {
    let mut problems = Vec::new();
    // A starter may have a gap even before it listens; its failure says so.
    if finding.failed_to_start() && !finding.not_written {
        problems.push("it did not start".to_owned());
    }
    let missing = lab.checks.iter().filter(|check| !finding.verdicts.contains_key(&check.id()));
    problems.extend(missing.map(|check| format!("{} has no verdict", check.id())));
    let seen = |id: &str| finding.observed.get(id).map(String::as_str).unwrap_or_default();
    let with = |wanted: VerdictName| {
        let verdicts = finding.verdicts.iter().filter(move |(_, verdict)| **verdict == wanted);
        verdicts.map(|(id, _)| id.as_str())
    };
    for id in with(VerdictName::Inconclusive) {
        problems.push(format!("{id} is inconclusive: {}", seen(id)));
    }
    match expectation {
        Expectation::Everything => {
            let failed = with(VerdictName::Failed);
            problems.extend(failed.map(|id| format!("{id} fails: {}", seen(id))));
            if finding.score != finding.points {
                problems.push(format!("{} of {} points", finding.score, finding.points));
            }
        }
        Expectation::AtMost(most) if finding.score > *most => {
            problems.push(format!("{} points, but at most {most} are allowed", finding.score));
        }
        Expectation::AtMost(_) => {}
        Expectation::Fails(named) => {
            for id in with(VerdictName::Failed).filter(|id| !named.contains_key(*id)) {
                problems.push(format!("{id} fails, but the header does not name it: {}", seen(id)));
            }
            let failed = |id: &String| finding.verdicts.get(id) == Some(&VerdictName::Failed);
            for (id, reason) in named.iter().filter(|(id, _)| !failed(id)) {
                let verdict = finding.verdicts.get(id).map_or("missing", |verdict| verdict.text());
                problems.push(format!("{id} should fail, but its verdict is {verdict}: {reason}"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests;
