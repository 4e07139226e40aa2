//! Waiting for a program.
//!
//! Every wait ends: with success, with the proof that success is impossible (rule R13), or at a deadline.

use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::size;
use observe::{CpuBaseline, StarvationThreshold};

use super::process::Process;
use super::watchdog::TICK;
use crate::verdict::{CheckError, FailureKind, starvation_text};

/// How long the program may take for the next thing that the grader waits for. It is generous: a hang is proven long
/// before, and on a busy machine, right answers arrive late (rule R1).
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(8);

/// How many proofs of a hang (rule R13) the grader ignores while it has unread data.
const UNREAD_PROOFS: u32 = 3;

/// The other side of a wait.
pub trait Peer {
    /// Grows with each byte that moves, which restarts the deadline.
    fn moved(&self) -> u64;
    /// Whether something has arrived that the grader has not read: it may be what the grader waits for.
    fn has_unread(&self) -> bool;
}

/// No bytes move.
impl Peer for () {
    fn moved(&self) -> u64 {
        0
    }

    fn has_unread(&self) -> bool {
        false
    }
}

/// Why a wait failed.
#[derive(Debug)]
pub enum WaitError {
    /// It is proven that it cannot succeed.
    Hang,
    /// It did not succeed within this time.
    Deadline(Duration),
    /// The machine was too busy to tell (rule R9), with the reason.
    Busy(String),
}

impl WaitError {
    /// The kind of the failure.
    ///
    /// # Errors
    ///
    /// The machine was too busy: the program cannot be blamed.
    pub fn kind(self) -> Result<FailureKind, CheckError> {
        match self {
            Self::Busy(reason) => Err(CheckError::Inconclusive(reason)),
            Self::Hang => Ok(FailureKind::ProvenHang),
            Self::Deadline(after) => Ok(FailureKind::Timeout { after }),
        }
    }
}

impl Process {
    /// Waits for `future`, which needs something from the program (rule R1). Each byte that moves between the program
    /// and `peer` restarts the deadline. The future must not depend on anything else that the check does at the same
    /// time: a program that sleeps until then would be judged to hang.
    ///
    /// # Errors
    ///
    /// The wait failed.
    pub async fn wait_for<T>(
        &self,
        peer: &dyn Peer,
        future: impl Future<Output = T>,
    ) -> Result<T, WaitError> {
        let mut output = None;
        {
            let done = pin!(async { output = Some(future.await) });
            self.wait_until_done(peer, done).await?;
        }
        Ok(output.expect("the wait has ended with the future"))
    }

    /// [`Self::wait_for`] without its type parameters, so that it is compiled only once.
    async fn wait_until_done(
        &self,
        peer: &dyn Peer,
        mut future: Pin<&mut dyn Future<Output = ()>>,
    ) -> Result<(), WaitError> {
        let begun = Instant::now();
        let _waiting = self.watchdog.enter();
        let (mut sampled, mut unread) = (begun, 0);
        let mut moved = peer.moved();
        let mut last_moved = begun;
        let mut baseline: Option<Rc<CpuBaseline>> = None;
        loop {
            tokio::select! {
                biased;
                () = &mut future => return Ok(()),
                () = self.watchdog.proof_since(sampled) => {
                    // The unread data may be what the grader waits for, or irrelevant.
                    if !peer.has_unread() || unread == UNREAD_PROOFS {
                        return Err(WaitError::Hang);
                    }
                    (sampled, unread) = (Instant::now(), unread + 1);
                }
                () = tokio::time::sleep(TICK) => {
                    let now = peer.moved();
                    if now != moved {
                        (moved, last_moved, baseline) = (now, Instant::now(), None);
                        continue;
                    }
                    let baseline = baseline.get_or_insert_with(|| self.baseline());
                    if last_moved.elapsed() >= ANSWER_DEADLINE {
                        return Err(self.out_of_time(baseline, begun.elapsed()).await);
                    }
                }
            }
        }
    }

    /// Whose fault it is that nothing has arrived for [`ANSWER_DEADLINE`], judging by what has happened since
    /// `baseline`.
    async fn out_of_time(&self, baseline: &CpuBaseline, elapsed: Duration) -> WaitError {
        match self.watchdog.starvation_since(baseline, StarvationThreshold::Half) {
            Some(starvation) => WaitError::Busy(starvation_text(&starvation)),
            None => match self.network_stall().await {
                Some(reason) => WaitError::Busy(reason),
                None => WaitError::Deadline(elapsed),
            },
        }
    }

    /// Why the network has stalled, if the kernel has bytes to deliver and buffer space for them, but does not deliver
    /// them (rule R9). Seen once in about a hundred runs, with BBR, after a receiver's window had been closed for
    /// seconds: the next probe was sent later than any deadline.
    async fn network_stall(&self) -> Option<String> {
        let undelivered = || {
            let endpoints = self.endpoints.borrow();
            let all = endpoints.iter().flat_map(|endpoint| endpoint.undelivered());
            all.collect::<HashMap<_, _>>()
        };
        let before = undelivered();
        tokio::time::sleep(TICK).await;
        let now = undelivered();
        let stuck = before.iter().find(|(ports, bytes)| now.get(ports) == Some(bytes));
        stuck.map(|(_, &bytes)| {
            let bytes = size(bytes.into());
            format!("the machine's network has stalled: {bytes} sent but not delivered")
        })
    }

    /// A recent sample of its CPU time: with a thousand waits and a thousand threads, a new sample for each would cost
    /// more than everything else.
    fn baseline(&self) -> Rc<CpuBaseline> {
        const MAX_AGE: Duration = Duration::from_millis(500);
        let mut known = self.baseline.borrow_mut();
        match &*known {
            Some((when, baseline)) if when.elapsed() < MAX_AGE => Rc::clone(baseline),
            _ => {
                let baseline = Rc::new(self.watchdog.cpu_baseline());
                *known = Some((Instant::now(), Rc::clone(&baseline)));
                baseline
            }
        }
    }

    /// Calls `sample` repeatedly until it returns something (rule R1); `None` once it never will.
    ///
    /// # Errors
    ///
    /// `sample` failed, or the machine was too busy to tell.
    pub async fn poll_until<T>(
        &self,
        mut sample: impl FnMut() -> Result<Option<T>, CheckError>,
    ) -> Result<Option<T>, CheckError> {
        /// Short enough to react quickly, long enough to leave the CPU to the program.
        const PAUSE: Duration = Duration::from_millis(5);
        let poll = async {
            loop {
                match sample() {
                    Ok(Some(value)) => return Ok(value),
                    Ok(None) => tokio::time::sleep(PAUSE).await,
                    Err(error) => return Err(error),
                }
            }
        };
        let waited = self.wait_for(&(), poll).await;
        match waited {
            Ok(result) => result.map(Some),
            // A last sample, in case the previous one was taken a moment too early.
            Err(WaitError::Hang | WaitError::Deadline(_)) => sample(),
            Err(WaitError::Busy(reason)) => Err(CheckError::Inconclusive(reason)),
        }
    }

    /// Waits until the program is proven to sleep forever or has ended, but for at most `longest`, so that it has reacted
    /// to everything so far. Returns whether it was proven to sleep.
    pub async fn wait_until_idle(&self, longest: Duration) -> bool {
        let over = async {
            // Its first process; others may continue.
            self.end_event().await;
            while !self.has_ended() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            () = self.watchdog.until_asleep() => true,
            () = over => false,
            () = tokio::time::sleep(longest) => false,
        }
    }
}
