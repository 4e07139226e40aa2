//! The proof (rule R13) as a pure function of two samples of the threads and other facts that the kernel shows.
//!
//! A program hangs if in both samples each of its threads sleeps in the same call without a timeout and no thread has
//! run in between. In addition, nothing must be able to wake them: no pending SIGCONT, no timer, no bytes in flight.

use crate::connections::InFlight;
use crate::probe::Unreadable;
use crate::syscall::{Syscall, Timeout};
use crate::threads::{Thread, ThreadState};

/// Why two samples do not prove a hang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoProof {
    /// There is only one sample so far.
    FirstSample,
    /// The tree has no thread.
    NoThreads,
    /// A thread is running, or has run since the first sample.
    ThreadRan,
    /// A process is stopped, which is why its threads sleep.
    Stopped,
    /// This call has a timeout, or may have one.
    CallMayEnd(Syscall),
    /// This call is on a socket with a timeout (SO_RCVTIMEO or SO_SNDTIMEO), or on a descriptor whose timeout the kernel
    /// does not show.
    SocketMayTimeOut(Syscall),
    /// Rule R13 covers only a single process: a process that ends wakes its parent, and the timer that may end it is
    /// invisible.
    SeveralProcesses,
    /// SIGALRM is caught, or blocked so that a thread can wait for it: the program may have called setitimer(2) or
    /// alarm(2), which are otherwise invisible. The default action of SIGALRM ends the only process and wakes no thread.
    AlarmHandled,
    /// The program has a timer from timer_create(2).
    PosixTimer,
    /// The program has a descriptor from timerfd_create(2).
    TimerDescriptor,
    /// Some bytes that were sent have not arrived.
    BytesInFlight,
    /// A connection attempt has not been answered although the listen queue is empty.
    ConnectInFlight,
    /// The kernel forbids reading something that the proof needs.
    Unreadable,
}

/// What may wake a process that blocks in calls without a timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Alarms {
    /// Caught and blocked signals, signal n at bit n-1 (SigCgt and SigBlk of `/proc/PID/status`).
    pub caught: u64,
    pub blocked: u64,
    /// Whether `/proc/PID/timers` lists a timer.
    pub has_posix_timer: bool,
}

/// The facts that decide, in addition to two equal samples of the threads, whether the program hangs. [`prove`] asks for
/// them in order, and only while a hang is possible: reading all of them would cost more than the two samples.
pub(super) trait Circumstances {
    fn is_stopped(&self) -> bool;
    /// Whether this descriptor has a timeout; `None` if the kernel does not say.
    fn has_socket_timeout(&self, pid: i32, descriptor: i32) -> Option<bool>;
    fn processes(&self) -> Vec<i32>;
    /// What may wake the process `pid`; `None` if it cannot be read.
    fn alarms(&self, pid: i32) -> Option<Alarms>;
    /// Whether a descriptor is a timer.
    fn has_timer_descriptor(&self) -> Result<bool, Unreadable>;
    fn in_flight(&self) -> Option<InFlight>;
    /// The threads again, if all of them sleep.
    fn sleeping_threads(&self) -> Result<Option<Vec<Thread>>, Unreadable>;
}

/// Proves from two samples, in which all threads sleep, that the program hangs (rule R13).
pub(super) fn prove(
    first: &[Thread],
    second: &[Thread],
    circumstances: &impl Circumstances,
) -> Result<(), NoProof> {
    if first != second {
        return Err(NoProof::ThreadRan);
    }
    if second.is_empty() {
        return Err(NoProof::NoThreads);
    }
    if circumstances.is_stopped() {
        return Err(NoProof::Stopped);
    }
    for thread in second {
        expect_indefinite(thread, circumstances)?;
    }
    expect_no_timer(circumstances)?;
    match circumstances.in_flight() {
        Some(InFlight::Bytes) => return Err(NoProof::BytesInFlight),
        Some(InFlight::Connect) => return Err(NoProof::ConnectInFlight),
        None => {}
    }
    // No thread woke up while these facts were read.
    match circumstances.sleeping_threads() {
        Ok(Some(again)) if again == second => Ok(()),
        Ok(_) => Err(NoProof::ThreadRan),
        Err(_) => Err(NoProof::Unreadable),
    }
}

/// Expects the thread to sleep in a call that only an event from outside can end.
fn expect_indefinite(thread: &Thread, circumstances: &impl Circumstances) -> Result<(), NoProof> {
    let ThreadState::Blocked(syscall) = thread.state else { return Err(NoProof::ThreadRan) };
    match syscall.timeout() {
        Timeout::Never => Ok(()),
        Timeout::Possible => Err(NoProof::CallMayEnd(syscall)),
        Timeout::OfSocket(descriptor) => {
            match circumstances.has_socket_timeout(thread.pid, descriptor) {
                Some(false) => Ok(()),
                Some(true) | None => Err(NoProof::SocketMayTimeOut(syscall)),
            }
        }
    }
}

/// Expects the program to have no timer that could end a call without a timeout.
fn expect_no_timer(circumstances: &impl Circumstances) -> Result<(), NoProof> {
    const SIGALRM: u64 = 1 << (libc::SIGALRM - 1);
    let pids = circumstances.processes();
    if pids.len() > 1 {
        return Err(NoProof::SeveralProcesses);
    }
    for pid in pids {
        let alarms = circumstances.alarms(pid).ok_or(NoProof::Unreadable)?;
        if (alarms.caught | alarms.blocked) & SIGALRM != 0 {
            return Err(NoProof::AlarmHandled);
        }
        if alarms.has_posix_timer {
            return Err(NoProof::PosixTimer);
        }
    }
    match circumstances.has_timer_descriptor() {
        Ok(false) => Ok(()),
        Ok(true) => Err(NoProof::TimerDescriptor),
        Err(_) => Err(NoProof::Unreadable),
    }
}

#[cfg(test)]
mod tests;
