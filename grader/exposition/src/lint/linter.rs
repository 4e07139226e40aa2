//! The state between lines.

use super::faults::Faults;
use super::order::Order;
use super::points::Points;
use crate::format::Format;
use crate::model::{Exposition, Family};

/// Collects parsed lines into an [`Exposition`] and checks them against earlier ones.
pub(crate) struct Linter {
    pub(super) format: Format,
    /// The page so far, without its faults.
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

    /// Adds a fault that many lines may share; for each `subject` only the first is reported.
    pub(crate) fn fault_once(&mut self, line: usize, subject: &str, text: impl Into<String>) {
        self.faults.once(line, subject, text);
    }

    /// Adds the fault that makes a line invalid.
    pub(crate) fn skipped(&mut self, line: usize, text: impl Into<String>) {
        self.faults.add(line, text);
        // This line may contain what the point lacks, so the fault about the missing part must come after this one.
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
                    "{name} began on line {first} and continues after lines of other families: \
                     all lines of {name} must be together"
                ),
            ),
            None => self.family(name).line = line,
        }
    }
}
