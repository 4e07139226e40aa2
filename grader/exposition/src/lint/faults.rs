//! The list of faults.

use std::collections::BTreeSet;

use crate::model::Fault;

/// A page may have a megabyte of faults, but a report needs only the first ones.
const MAX_FAULTS: usize = 100;

#[derive(Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    /// The subjects of [`Faults::once`] so far.
    reported: BTreeSet<String>,
}

impl Faults {
    pub(super) fn add(&mut self, line: usize, text: impl Into<String>) {
        if self.list.len() < MAX_FAULTS {
            self.list.push(Fault { line, text: text.into() });
        }
    }

    /// Adds a fault that many lines may share; for each `subject` only the first is kept.
    pub(super) fn once(&mut self, line: usize, subject: &str, text: impl Into<String>) {
        if self.reported.insert(subject.to_owned()) {
            self.add(line, text);
        }
    }

    /// All faults in the order of their lines.
    pub(super) fn sorted(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| fault.line);
        self.list
    }
}
