//! From what a check saw to a failure with evidence of the program.

use std::time::Duration;

use observe::listen_overflows;

use super::process::{Lifetime, Process, ProcessEnd};
use super::waiting::ANSWER_DEADLINE;
use crate::verdict::{Cause, CheckError, Diagnosis, ExitStatus, Failure, FailureKind, Observation};

/// How long a program may take to die after its connections have.
const DEATH: Duration = Duration::from_millis(200);

impl Process {
    /// Completes `failure` with what the kernel shows of the program at this moment. Where a server has ended, that is
    /// what failed.
    pub async fn fail(&self, mut failure: Failure) -> CheckError {
        if failure.kind.may_follow_an_end() {
            // A process that dies closes its sockets first.
            self.end_within(DEATH).await;
        }
        if self.add_evidence(&mut failure).await {
            // How its clients learned of that, and which first, is nondeterministic.
            failure.expected = vec!["the program goes on".to_owned()];
            failure.observations.clear();
        }
        // A full backlog explains slow connects (fact 3 of RULES.md).
        failure.evidence.dropped_connects = listen_overflows().saturating_sub(self.overflows);
        CheckError::Failed(Box::new(failure))
    }

    /// Completes `failure`, which does not depend on what the program does by now, or whether it has ended, with its
    /// last words.
    #[must_use]
    pub fn fail_in_retrospect(&self, mut failure: Failure) -> CheckError {
        failure.evidence.last_words = self.last_words();
        CheckError::Failed(Box::new(failure))
    }

    /// Adds to `failure` what is known of the program; where a server has ended, that is its kind and its cause. Says
    /// whether that is so.
    pub(crate) async fn add_evidence(&self, failure: &mut Failure) -> bool {
        // First of all: the picture changes as soon as a client goes away.
        failure.evidence.snapshot = Some(self.probe.snapshot());
        let is_over = self.has_ended();
        // Where nothing is left the supervisor's report is in flight; the deadline is for a machine that stands still.
        let moment = match self.lifetime {
            _ if is_over => ANSWER_DEADLINE,
            // It may be about to end by itself.
            Lifetime::Finishes => DEATH,
            Lifetime::Serves => Duration::ZERO,
        };
        let mut server_ended = false;
        if let Some(ProcessEnd::Ended(status)) = self.end_within(moment).await {
            let (lifetime, asked_to_stop) = (self.lifetime, self.asked_to_stop.get().is_some());
            server_ended = End { status, lifetime, is_over, asked_to_stop }.add_to(failure);
        }
        if let Some(todo) = self.reached_todo() {
            failure.mark_not_written(todo);
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
    /// Of its first process.
    status: ExitStatus,
    lifetime: Lifetime,
    /// Whether no process of it is left.
    is_over: bool,
    asked_to_stop: bool,
}

impl End {
    /// Adds the end to `failure`. Says whether it is that of a server that ended by itself, which comes before whatever
    /// its clients saw.
    fn add_to(self, failure: &mut Failure) -> bool {
        let status = self.status;
        if self.lifetime == Lifetime::Finishes {
            // Where its status is what failed, that has been said.
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
    /// A server that ended by itself.
    const ENDED: End =
        End { status: STATUS, lifetime: Lifetime::Serves, is_over: true, asked_to_stop: false };

    /// A client's failure with that end, and whether the end came before it.
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
    fn a_server_goes_on_as_long_as_a_process_of_it_does() {
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
        // A failure that names the status says it once.
        let (failure, _) = with(end, FailureKind::WrongStatus { status: STATUS });
        assert!(failure.observations.is_empty());
    }
}
