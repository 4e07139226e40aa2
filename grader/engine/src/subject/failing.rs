//! Turns what a check saw into a failure with evidence about the program.

use std::time::Duration;

use observe::listen_overflows;

use super::process::{Lifetime, Process, ProcessEnd};
use super::waiting::ANSWER_DEADLINE;
use crate::verdict::{Cause, CheckError, Diagnosis, ExitStatus, Failure, FailureKind, Observation};

/// How long a program may take to die after its connections have broken.
const DEATH: Duration = Duration::from_millis(200);

impl Process {
    /// Completes `failure` with what the kernel shows about the program at this moment. If a server has ended, its end
    /// becomes the failure.
    pub async fn fail(&self, mut failure: Failure) -> CheckError {
        if failure.kind.may_follow_an_end() {
            // A dying process closes its sockets first.
            self.end_within(DEATH).await;
        }
        if self.add_evidence(&mut failure).await {
            // How its clients learn of the end, and which one does so first, is nondeterministic.
            failure.expected = vec!["the program keeps running".to_owned()];
            failure.observations.clear();
        }
        // A full backlog explains slow connection attempts (fact 3 of RULES.md).
        failure.evidence.dropped_connects = listen_overflows().saturating_sub(self.overflows);
        CheckError::Failed(Box::new(failure))
    }

    /// Completes `failure` with the program's last words only: the failure does not depend on what the program is doing
    /// now, or on whether it has ended.
    #[must_use]
    pub fn fail_in_retrospect(&self, mut failure: Failure) -> CheckError {
        failure.evidence.last_words = self.last_words();
        CheckError::Failed(Box::new(failure))
    }

    /// Adds to `failure` what is known about the program. If a server has ended, its end becomes the kind and the
    /// cause. Returns whether it has.
    pub(crate) async fn add_evidence(&self, failure: &mut Failure) -> bool {
        // This must be first: what the kernel shows changes as soon as a client leaves.
        failure.evidence.snapshot = Some(self.probe.snapshot());
        let is_over = self.has_ended();
        // If no process is left, the supervisor's report is in flight; the deadline is for a stalled machine.
        let moment = match self.lifetime {
            _ if is_over => ANSWER_DEADLINE,
            // The program may be about to end.
            Lifetime::Finishes => DEATH,
            Lifetime::Serves => Duration::ZERO,
        };
        let mut server_ended = false;
        if let Some(ProcessEnd::Ended(status)) = self.end_within(moment).await {
            let (lifetime, asked_to_stop) = (self.lifetime, self.asked_to_stop.get().is_some());
            server_ended = End { status, lifetime, is_over, asked_to_stop }.add_to(failure);
        }
        if let Some((todo, place)) = self.reached_todo() {
            failure.mark_not_written(todo, place);
        }
        failure.evidence.last_words = self.last_words();
        let is_concluded = matches!(failure.cause, Some(Cause::Diagnosis(_)));
        if is_concluded && failure.kind.may_follow_a_panic() && self.has_panicked() {
            failure.cause = Some(Diagnosis::Panicked.into());
        }
        server_ended
    }
}

/// How a program has ended.
#[derive(Clone, Copy)]
struct End {
    /// The status of its first process.
    status: ExitStatus,
    lifetime: Lifetime,
    /// Whether none of its processes is left.
    is_over: bool,
    asked_to_stop: bool,
}

impl End {
    /// Adds the end to `failure`. Returns whether a server ended without being asked to, which takes precedence over what
    /// its clients saw.
    fn add_to(self, failure: &mut Failure) -> bool {
        let status = self.status;
        if self.lifetime == Lifetime::Finishes {
            // A failure of that kind already says so.
            if !matches!(failure.kind, FailureKind::WrongStatus { .. }) {
                failure.observations.push(Observation::Ended { status });
            }
        } else if !self.is_over {
            failure.evidence.first_process = Some(status);
        } else if self.asked_to_stop {
            failure.observations.push(Observation::Ended { status });
            failure.evidence.snapshot = None;
            failure.cause = Some(Diagnosis::EndedWhileDraining.into());
        } else {
            failure.supersede(FailureKind::ServerEnded { status });
            failure.evidence.snapshot = None;
            failure.cause = Some(Diagnosis::of_server_end(status).into());
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: ExitStatus = ExitStatus::Status(1);
    /// A server that ended without being asked to.
    const ENDED: End =
        End { status: STATUS, lifetime: Lifetime::Serves, is_over: true, asked_to_stop: false };

    /// A client's failure with that end, and whether the end took precedence.
    fn with(end: End, kind: FailureKind) -> (Failure, bool) {
        let mut failure = Failure::new(kind).because(Diagnosis::ClientForgotten);
        failure.evidence.snapshot = Some(observe::Snapshot::default());
        let server_ended = end.add_to(&mut failure);
        (failure, server_ended)
    }

    #[test]
    fn the_end_of_a_server_is_the_failure_and_what_a_client_saw_follows() {
        let (failure, server_ended) = with(ENDED, FailureKind::ProvenHang);
        assert!(server_ended);
        assert_eq!(failure.kind, FailureKind::ServerEnded { status: STATUS });
        assert_eq!(failure.observations, [Observation::Also { kind: FailureKind::ProvenHang }]);
        assert_eq!(failure.cause, Some(Diagnosis::ErrorReachedMain.into()));
        assert_eq!(failure.evidence.snapshot, None);
    }

    #[test]
    fn a_server_that_was_asked_to_stop_has_ended_too_early() {
        let (failure, server_ended) =
            with(End { asked_to_stop: true, ..ENDED }, FailureKind::ProvenHang);
        assert!(!server_ended);
        assert_eq!(failure.kind, FailureKind::ProvenHang);
        assert_eq!(failure.observations, [Observation::Ended { status: STATUS }]);
        assert_eq!(failure.cause, Some(Diagnosis::EndedWhileDraining.into()));
        assert_eq!(failure.evidence.snapshot, None);
    }

    #[test]
    fn a_server_is_running_while_any_of_its_processes_is() {
        for asked_to_stop in [false, true] {
            let end = End { is_over: false, asked_to_stop, ..ENDED };
            let (failure, server_ended) = with(end, FailureKind::ProvenHang);
            assert!(!server_ended);
            assert_eq!(failure.evidence.first_process, Some(STATUS));
            assert_eq!(failure.cause, Some(Diagnosis::ClientForgotten.into()));
            assert!(failure.observations.is_empty() && failure.evidence.snapshot.is_some());
        }
    }

    #[test]
    fn the_end_of_a_program_that_finishes_is_seen_beside_its_failure() {
        let end = End { lifetime: Lifetime::Finishes, ..ENDED };
        let (failure, server_ended) = with(end, FailureKind::ProvenHang);
        assert!(!server_ended);
        assert_eq!(failure.kind, FailureKind::ProvenHang);
        assert_eq!(failure.observations, [Observation::Ended { status: STATUS }]);
        // A failure that names the status names it only once.
        let (failure, _) = with(end, FailureKind::WrongStatus { status: STATUS });
        assert!(failure.observations.is_empty());
    }
}
