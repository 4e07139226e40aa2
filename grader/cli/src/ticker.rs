//! A line that says what is running.

use engine::run::{MAX_TRIES, RunEvent, Verdict};

/// What a run is doing at this moment.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    /// How many checks have ended.
    pub(crate) ended: u64,
    /// The names of the failed checks.
    failed: Vec<&'static str>,
    /// The checks that are running, each with the number of its try.
    running: Vec<(&'static str, u32)>,
}

impl Ticker {
    pub(crate) fn record(&mut self, event: RunEvent<'_>) {
        match event {
            RunEvent::Started { check, number } => {
                self.running.retain(|(name, _)| *name != check.name);
                self.running.push((check.name, number));
            }
            RunEvent::Ended(outcome) => {
                self.ended += 1;
                self.running.retain(|(name, _)| *name != outcome.check.name);
                if matches!(outcome.verdict, Verdict::Failed(_)) {
                    self.failed.push(outcome.check.name);
                }
            }
        }
    }

    /// What has failed, and what is running.
    pub(crate) fn text(&self) -> String {
        let failed = self.failed.iter().map(|name| format!("✗ {name}"));
        let running = self.running.iter().map(|(name, number)| match number {
            1 => (*name).to_owned(),
            _ => format!("{name} (try {number} of {MAX_TRIES}: the machine was busy)"),
        });
        failed.chain(running).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use checks::LABS;

    use super::*;

    #[test]
    fn a_line_names_what_failed_and_what_is_running() {
        let checks = LABS[0].checks;
        let (a, b) = (checks[0].name, checks[1].name);
        let mut ticker = Ticker::default();
        for check in &checks[..2] {
            ticker.record(RunEvent::Started { check, number: 1 });
        }
        assert_eq!(ticker.text(), format!("{a}, {b}"));
        ticker.record(RunEvent::Started { check: &checks[0], number: 2 });
        assert_eq!(ticker.text(), format!("{b}, {a} (try 2 of {MAX_TRIES}: the machine was busy)"));
    }
}
