//! The record of a misconception's first failure, kept beside it: everything that can be wrong with the failure, and
//! nothing that differs from run to run. It has a line for the check, the kind, each step, each expectation and
//! observation, each line of evidence, and the name of the cause. It has no explanations and no random words.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result};
use course::checkout::{Checkout, read_text};
use course::labs::LabInfo;
use engine::lab::Check;
use engine::verdict::{Cause, Excerpt, Failure, FailureKind, FailureText, Line, Observation};

use super::mask::{masked, masked_sizes, without_drawn};
use crate::misconception;

/// The recorded failures of one misconception, each a text.
pub(super) struct Golden {
    lab: u8,
    name: String,
    path: PathBuf,
    /// The path, for display.
    shown: String,
    /// All texts, one after the other.
    kept: String,
}

/// How to change the recorded texts of a misconception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoldenUpdate {
    /// The current text replaces them.
    Replace,
    /// The current text is added to them.
    Add,
}

impl Golden {
    /// Loads the texts of the misconception `name`: none if there is no such file.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn load(checkout: &Checkout, lab: &LabInfo, name: &str) -> Result<Self> {
        let path = misconception::folder(checkout, lab).join(format!("{name}.txt"));
        let shown = checkout.relative(&path).display().to_string();
        let kept = match read_text(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            result => result.with_context(|| format!("cannot read {shown}"))?,
        };
        Ok(Self { lab: lab.number, name: name.to_owned(), path, shown, kept })
    }

    /// How many texts are recorded.
    pub(super) fn count(&self) -> usize {
        texts(&self.kept).count()
    }

    /// How `text` differs from the recorded texts; `None` if one of them records the same failure.
    pub(super) fn differs(&self, text: &str) -> Option<String> {
        if texts(&self.kept).any(|kept| kept == text || is_unproven(text, kept)) {
            return None;
        }
        if self.kept.is_empty() {
            let Self { lab, name, shown, .. } = self;
            return Some(format!(
                "{shown} is missing; to record its failure: cargo grader verify {lab} --update {name}"
            ));
        }
        // The most similar text shows the change best.
        let alike =
            |kept: &&str| kept.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
        let nearest = texts(&self.kept).max_by_key(alike).unwrap_or_default();
        let mut lines = nearest.lines().zip(text.lines());
        let (was, is) =
            lines.find(|(was, is)| was != is).unwrap_or(("(the end)", "(a different end)"));
        let Self { lab, name, shown, .. } = self;
        Some(format!(
            "{shown} has `{}`, but the failure now has `{}`. If that is better: cargo grader verify {lab} --update \
             {name}. If both occur: cargo grader verify {lab} --also {name}",
            was.trim(),
            is.trim()
        ))
    }

    /// Records `text`. Returns the file, and whether it changed.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(super) fn update(self, text: &str, update: GoldenUpdate) -> Result<(PathBuf, bool)> {
        let mut kept = match update {
            GoldenUpdate::Replace => String::new(),
            GoldenUpdate::Add => self.kept,
        };
        if texts(&kept).any(|known| known == text) {
            return Ok((self.path, false));
        }
        kept += text;
        fs::write(&self.path, kept).with_context(|| format!("cannot write {}", self.shown))?;
        Ok((self.path, true))
    }
}

/// The texts in a file; each begins with the check.
fn texts(kept: &str) -> impl Iterator<Item = &str> {
    let ends = kept.match_indices("\ncheck: ").map(|(index, _)| index + 1).chain([kept.len()]);
    let begins = [0].into_iter().chain(ends.clone());
    begins.zip(ends).map(|(begin, end)| &kept[begin..end]).filter(|text| !text.is_empty())
}

/// Whether `text` records as a timeout the failure that `kept` records as a proven hang. While one of a runtime's timers
/// is pending, a thread sleeps with a timeout, so the grader cannot always prove the hang.
fn is_unproven(text: &str, kept: &str) -> bool {
    // A timeout has neither evidence nor a cause. The first observation says the kind in words.
    let depends_on_proof = ["kind: ", "observed: no answer", "evidence: ", "cause: "];
    let shared = |text: &str| -> Vec<String> {
        let lines =
            text.lines().filter(|line| !depends_on_proof.iter().any(|it| line.starts_with(it)));
        lines.map(str::to_owned).collect()
    };
    let is_kind = |text: &str, kind: &str| text.lines().any(|line| line == format!("kind: {kind}"));
    is_kind(text, "timeout") && is_kind(kept, "proven_hang") && shared(text) == shared(kept)
}

/// The record of a failure of `check`.
pub(super) fn text(check: &Check, failure: &Failure) -> String {
    let mut out = format!("check: {}\nkind: {}\n", check.id(), kind_name(failure));
    for (part, line) in lines(failure) {
        out += &format!("{part}: {line}\n");
    }
    if let Some(cause) = cause_name(failure) {
        out += &format!("cause: {cause}\n");
    }
    out
}

/// The lines of a failure that are the same in every run, each with the part that it belongs to.
pub(super) fn lines(failure: &Failure) -> Vec<(&'static str, String)> {
    let FailureText { steps, expected, observed, evidence, .. } = stable_text(failure);
    let observed = observed.into_iter().map(|line| match line {
        Line::Prose(text) | Line::Aligned(text) => text,
    });
    let parts = [
        ("step", steps),
        ("expected", expected),
        ("observed", observed.collect()),
        ("evidence", evidence),
    ];
    let parts =
        parts.into_iter().flat_map(|(part, lines)| lines.into_iter().map(move |line| (part, line)));
    parts.map(|(part, line)| (part, without_drawn(&line, &failure.drawn))).collect()
}

/// The lines of a report that are the same in every run: the rule, the recorded lines, and the text of the cause.
pub(super) fn report_lines(check: &Check, failure: &Failure) -> Vec<String> {
    let mut all = vec![check.rule.to_owned()];
    all.extend(lines(failure).into_iter().map(|(_, line)| line));
    all.extend(cause_name(failure).map(|_| masked(&failure.cause_text())));
    all
}

/// The name of the failure's kind, as in JSON reports.
fn kind_name(failure: &Failure) -> String {
    let symptom = failure.kind.symptom();
    if is_of_client(failure) && symptom.is_unanswered() {
        // Whether its hang can be proven is nondeterministic.
        return "unanswered".to_owned();
    }
    let json = serde_json::to_value(symptom).unwrap_or_default();
    json["kind"].as_str().unwrap_or_default().to_owned()
}

/// The name of the cause, unless it was read from the threads at one moment.
fn cause_name(failure: &Failure) -> Option<String> {
    let is_late = matches!(failure.kind.symptom(), FailureKind::Timeout { .. });
    let cause = failure.cause.as_ref().filter(|_| !is_late || is_of_client(failure))?;
    let kind = match cause {
        Cause::Diagnosis(_) => "diagnosis",
        Cause::Explained(_) => "explanation",
    };
    Some(format!("{kind} {}", cause.name()))
}

/// Whether the program is a client: only a client's failures report its progress.
fn is_of_client(failure: &Failure) -> bool {
    failure.observations.iter().any(|it| matches!(it, Observation::Progress { .. }))
}

/// The parts of a failure that are the same in every run, except its cause.
fn stable_text(failure: &Failure) -> FailureText {
    let is_client = is_of_client(failure);
    let symptom = failure.kind.symptom();
    let hangs = matches!(symptom, FailureKind::ProvenHang);
    // A client program may let a pool of threads read its input (tokio's does). They wait for more work with a timeout,
    // so whether the hang can be proven is nondeterministic.
    let sleeps = hangs && !is_client;
    let mut stable = failure.clone();
    mask_bytes(&mut stable);
    // Programs that run simultaneously share the machine's queues.
    stable.evidence.dropped_connects = 0;
    stable.evidence.tries = None;
    // Only a program that sleeps forever does not change while it is sampled. Whether any other program has already
    // printed its last words is nondeterministic, unless it has ended.
    if !sleeps {
        stable.evidence.snapshot = None;
        stable.evidence.first_process = None;
        stable.evidence.measured.clear();
        if !has_ended(failure) {
            stable.evidence.last_words = None;
        }
    }
    let FailureText { steps, expected, observed, evidence, .. } = stable.text();
    let all = |lines: Vec<String>| lines.iter().map(|line| masked(line)).collect::<Vec<_>>();
    let observed = observed.into_iter().map(|line| match line {
        Line::Prose(text) => Line::Prose(masked(&text)),
        Line::Aligned(text) => Line::Aligned(masked(&text)),
    });
    let mut observed: Vec<_> = observed.collect();
    if is_client && symptom.is_unanswered() {
        observed[0] = Line::Prose("no answer".to_owned());
    }
    let steps = steps.iter().map(|step| masked_sizes(step)).collect();
    FailureText {
        steps,
        expected: all(expected),
        observed,
        evidence: all(evidence),
        cause: String::new(),
    }
}

/// Whether the failure says that the program has ended.
fn has_ended(failure: &Failure) -> bool {
    let is_end = |kind: &FailureKind| {
        matches!(kind, FailureKind::ServerEnded { .. } | FailureKind::WrongStatus { .. })
    };
    let says_end = |observation: &Observation| match observation {
        Observation::Ended { .. } => true,
        Observation::Also { kind } => is_end(kind),
        _ => false,
    };
    is_end(failure.kind.symptom()) || failure.observations.iter().any(says_end)
}

/// Removes the bytes of a difference and their position: both are random.
fn mask_bytes(failure: &mut Failure) {
    fn mask(kind: &mut FailureKind) {
        match kind {
            FailureKind::WrongBytes { difference } => {
                let nothing = Excerpt { cut_before: true, bytes: Vec::new(), cut_after: false };
                difference.expected = nothing.clone();
                difference.received = nothing;
                difference.equal = 0;
            }
            FailureKind::NotWritten { symptom, .. } => mask(symptom),
            _ => {}
        }
    }
    mask(&mut failure.kind);
    for observation in &mut failure.observations {
        if let Observation::Also { kind } = observation {
            mask(kind);
        }
    }
}

#[cfg(test)]
mod tests;
