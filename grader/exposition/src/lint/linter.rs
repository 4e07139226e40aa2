//! The state between lines.

use super::faults::Faults;
use super::order::Order;
use super::points::Points;
use crate::format::Format;
use crate::model::{Exposition, Family};

/// Collects parsed lines into an [`Exposition`] and checks them against those before.
pub(crate) struct Linter {
    pub(super) format: Format,
    /// Without its faults.
    pub(super) page: Exposition,
    pub(super) faults: Faults,
    pub(super) order: Order,
    pub(super) points: Points,
}

impl Linter {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            page: Exposition::default(),
            faults: Faults::default(),
            order: Order::default(),
            points: Points::default(),
        }
    }

    pub(crate) fn fault(&mut self, line: usize, text: impl Into<String>) {
        self.faults.add(line, text);
    }

    /// A fault that many lines may share; for each `subject` only the first is reported.
    pub(crate) fn fault_once(&mut self, line: usize, subject: &str, text: impl Into<String>) {
        self.faults.once(line, subject, text);
    }

    /// A fault because of which the line is left out.
    pub(crate) fn skipped(&mut self, line: usize, text: impl Into<String>) {
        self.faults.add(line, text);
        // What the point lacks may be in this line, so that fault has to come after this one.
        self.points.move_last_to(line);
    }

    /// Checks what needs the whole page.
    pub(crate) fn finish(mut self) -> Exposition {
        self.points.check(&self.page.families, self.format, &mut self.faults);
        Exposition { faults: self.faults.sorted(), ..self.page }
    }

    pub(super) fn family(&mut self, name: &str) -> &mut Family {
        self.page.families.entry(name.to_owned()).or_default()
    }

    /// Notes that this line belongs to the family `name`.
    pub(super) fn enter(&mut self, line: usize, name: &str) {
        if !self.order.enter(name) {
            return;
        }
        match self.page.families.get(name).map(|family| family.line) {
            Some(first) => self.fault_once(
                line,
                &format!("group {name}"),
                format!(
                    "more of {name}, which began at line {first}, after lines of others: want all \
                     lines of {name} together"
                ),
            ),
            None => self.family(name).line = line,
        }
    }
}
