//! Takes the samples for a proof.

use std::time::Instant;

use procfs::process::Process;

use super::proof::{Alarms, Circumstances, NoProof, prove};
use crate::connections::InFlight;
use crate::descriptors::Descriptor;
use crate::foreign_socket::has_timeout;
use crate::probe::{Probe, Unreadable};
use crate::threads::Thread;

/// Proves hangs (rule R13) from a series of samples. Two successive samples prove a hang if each thread sleeps in the same
/// call without a timeout in both, none has run in between, and nothing in flight may wake one.
#[derive(Debug)]
pub struct HangDetector {
    probe: Probe,
    /// When the last sample was taken, and the threads in it if all were asleep.
    last: Option<(Instant, Vec<Thread>)>,
}

impl HangDetector {
    #[must_use]
    pub fn new(probe: Probe) -> Self {
        Self { probe, last: None }
    }

    /// Forgets the last sample: a proof takes two more.
    pub fn reset(&mut self) {
        self.last = None;
    }

    /// Takes a sample. If it proves a hang together with the previous one, returns when that one was taken. `in_flight`
    /// reads what may still wake the program from outside.
    ///
    /// A sample is cheap while a thread runs, because no other thread is read then. Sockets, timers and connections are
    /// read only after two equal samples of the threads.
    ///
    /// # Errors
    ///
    /// The first reason for which the two samples do not prove a hang.
    pub fn sample(&mut self, in_flight: impl Fn() -> Option<InFlight>) -> Result<Instant, NoProof> {
        let now = Instant::now();
        let before = self.last.take();
        let asleep = self.probe.sleeping_threads().map_err(|_| NoProof::Unreadable)?;
        let threads = asleep.ok_or(NoProof::ThreadRan)?;
        let verdict = match &before {
            Some((since, first)) => {
                prove(first, &threads, &Kernel { probe: self.probe, in_flight }).map(|()| *since)
            }
            None => Err(NoProof::FirstSample),
        };
        // Stored in any case: the next sample is compared with this one.
        self.last = Some((now, threads));
        verdict
    }
}

/// What the kernel shows at this moment.
struct Kernel<F> {
    probe: Probe,
    in_flight: F,
}

impl<F: Fn() -> Option<InFlight>> Circumstances for Kernel<F> {
    fn is_stopped(&self) -> bool {
        self.probe.is_stopped()
    }

    fn has_socket_timeout(&self, pid: i32, descriptor: i32) -> Option<bool> {
        has_timeout(pid, descriptor)
    }

    fn processes(&self) -> Vec<i32> {
        self.probe.processes()
    }

    fn alarms(&self, pid: i32) -> Option<Alarms> {
        let status = Process::new(pid).and_then(|process| process.status()).ok()?;
        // The file exists only if the kernel supports checkpoints (CONFIG_CHECKPOINT_RESTORE).
        let timers = std::fs::read(format!("/proc/{pid}/timers")).unwrap_or_default();
        Some(Alarms {
            caught: status.sigcgt,
            blocked: status.sigblk,
            has_posix_timer: !timers.is_empty(),
        })
    }

    fn has_timer_descriptor(&self) -> Result<bool, Unreadable> {
        Ok(self.probe.descriptors()?.iter().any(Descriptor::is_timer))
    }

    fn in_flight(&self) -> Option<InFlight> {
        (self.in_flight)()
    }

    fn sleeping_threads(&self) -> Result<Option<Vec<Thread>>, Unreadable> {
        self.probe.sleeping_threads()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;

    /// The first of 100 verdicts, 10 ms apart, that says more than that `child` has just run.
    fn verdict(child: &Child) -> Result<Instant, NoProof> {
        let mut detector = HangDetector::new(Probe::of(child.id().cast_signed()));
        let mut last = Err(NoProof::FirstSample);
        for _ in 0..100 {
            last = detector.sample(|| None);
            if !matches!(last, Err(NoProof::FirstSample | NoProof::ThreadRan | NoProof::NoThreads))
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        last
    }

    fn started(program: &str, argument: Option<&str>) -> Child {
        let mut command = Command::new(program);
        command.args(argument).stdin(Stdio::piped()).stdout(Stdio::null());
        command.spawn().expect(program)
    }

    #[test]
    fn a_reader_of_an_empty_pipe_hangs_and_a_sleeper_does_not() {
        if !crate::can_inspect_sockets() {
            return;
        }
        let mut reader = started("cat", None);
        let begin = Instant::now();
        let since = verdict(&reader);
        assert!(since.as_ref().is_ok_and(|&since| since >= begin), "{since:?}");
        drop(reader.stdin.take());
        reader.wait().expect("its status");

        let mut sleeper = started("sleep", Some("60"));
        let verdict = verdict(&sleeper);
        assert!(matches!(verdict, Err(NoProof::CallMayEnd(call)) if call.sleeps()), "{verdict:?}");
        sleeper.kill().expect("a signal");
        sleeper.wait().expect("its status");
    }
}
