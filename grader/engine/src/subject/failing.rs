//! From what a check saw to a failure with evidence of the program.

use std::time::Duration;

use observe::listen_overflows;

use super::process::{Lifetime, Process, ProcessEnd};
use super::waiting::ANSWER_DEADLINE;
use crate::verdict::{CheckError, Diagnosis, ExitStatus, Failure, FailureKind, Observation};

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
            // How its clients learned of that, and which first, is luck.
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
    pub async fn add_evidence(&self, failure: &mut Failure) -> bool {
        // First of all: the picture changes as soon as a client goes away.
        failure.evidence.snapshot = Some(self.probe.snapshot());
        let is_over = self.has_ended();
        // Where nothing is left the news is on its way; the deadline is for a machine that stands still.
        let moment = match self.lifetime {
            _ if is_over => ANSWER_DEADLINE,
            // It may be about to end by itself.
            Lifetime::Finishes => DEATH,
            Lifetime::Serves => Duration::ZERO,
        };
        let mut server_ended = false;
        if let Some(ProcessEnd::Ended(status)) = self.end_within(moment).await {
            server_ended = self.add_end(failure, status, is_over);
        }
        if let Some(todo) = self.reached_todo() {
            failure.mark_not_written(todo);
        }
        failure.evidence.last_words = self.last_words();
        server_ended
    }

    /// Adds to `failure` that the program's first process ended with `status`, and whether all have. Says whether it
    /// is a server that ended by itself.
    fn add_end(&self, failure: &mut Failure, status: ExitStatus, is_over: bool) -> bool {
        if self.lifetime == Lifetime::Finishes {
            // Where its status is what failed, that has been said.
            if !matches!(failure.kind, FailureKind::WrongStatus { .. }) {
                failure.observations.push(Observation::Ended { status });
            }
        } else if !is_over {
            failure.evidence.first_process = Some(status);
        } else if self.asked_to_stop.get().is_some() {
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
