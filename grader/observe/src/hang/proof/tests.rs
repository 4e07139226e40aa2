//! Samples recorded from echo servers, and variations of them that must not be mistaken for a hang.

use std::cell::Cell;

use super::*;
use crate::probe::Resource;

const PID: i32 = 4711;

/// What the kernel showed.
struct Recorded {
    is_stopped: bool,
    socket_timeout: Option<bool>,
    processes: Vec<i32>,
    alarms: Option<Alarms>,
    timer_descriptor: Result<bool, Unreadable>,
    in_flight: Option<InFlight>,
    again: Result<Option<Vec<Thread>>, Unreadable>,
    /// How many facts were read.
    read: Cell<usize>,
}

impl Circumstances for Recorded {
    fn is_stopped(&self) -> bool {
        self.count(self.is_stopped)
    }

    fn has_socket_timeout(&self, pid: i32, _descriptor: i32) -> Option<bool> {
        assert_eq!(pid, PID);
        self.count(self.socket_timeout)
    }

    fn processes(&self) -> Vec<i32> {
        self.count(self.processes.clone())
    }

    fn alarms(&self, pid: i32) -> Option<Alarms> {
        assert_eq!(pid, PID);
        self.count(self.alarms)
    }

    fn has_timer_descriptor(&self) -> Result<bool, Unreadable> {
        self.count(self.timer_descriptor.clone())
    }

    fn in_flight(&self) -> Option<InFlight> {
        self.count(self.in_flight)
    }

    fn sleeping_threads(&self) -> Result<Option<Vec<Thread>>, Unreadable> {
        self.count(self.again.clone())
    }
}

impl Recorded {
    /// A single process without timers, all of whose sockets block indefinitely, on an idle network.
    fn idle(threads: &[Thread]) -> Self {
        Self {
            is_stopped: false,
            socket_timeout: Some(false),
            processes: vec![PID],
            // As in a Rust program: SIGSEGV and SIGBUS are caught.
            alarms: Some(Alarms { caught: 0x440, blocked: 0, has_posix_timer: false }),
            timer_descriptor: Ok(false),
            in_flight: None,
            again: Ok(Some(threads.to_vec())),
            read: Cell::new(0),
        }
    }

    fn count<T>(&self, fact: T) -> T {
        self.read.set(self.read.get() + 1);
        fact
    }
}

fn asleep(tid: i32, number: i64, arguments: [u64; 6]) -> Thread {
    let state = ThreadState::Blocked(Syscall::new(number, arguments));
    Thread { pid: PID, tid, state, switches: 12 }
}

/// One thread in accept4(3, …), two in recv(4 and 5, …).
fn thread_per_client() -> Vec<Thread> {
    let on = |descriptor| [descriptor, 0x7f10_0000, 4096, 0, 0, 0];
    vec![
        asleep(PID, libc::SYS_accept4, on(3)),
        asleep(PID + 1, libc::SYS_recvfrom, on(4)),
        asleep(PID + 2, libc::SYS_recvfrom, on(5)),
    ]
}

/// tokio: one thread in epoll_wait(3, …, -1), one in futex(FUTEX_WAIT_BITSET_PRIVATE, no timeout).
fn event_loop() -> Vec<Thread> {
    let minus_one = u64::from(u32::MAX);
    vec![
        asleep(PID, libc::SYS_futex, [0x7f20_0000, 128 | 9, 1, 0, 0, 0xffff_ffff]),
        asleep(PID + 1, libc::SYS_epoll_pwait, [3, 0x7f20_1000, 1024, minus_one, 0, 8]),
    ]
}

/// The verdict on a thread-per-client server that was recorded idle, except for `change`.
fn verdict(change: impl FnOnce(&mut Recorded)) -> Result<(), NoProof> {
    let threads = thread_per_client();
    let mut recorded = Recorded::idle(&threads);
    change(&mut recorded);
    prove(&threads, &threads, &recorded)
}

fn unreadable() -> Unreadable {
    Unreadable { what: Resource::Descriptors, pid: PID, reason: "Permission Denied".to_owned() }
}

#[test]
fn a_program_that_sleeps_forever_hangs() {
    for threads in [thread_per_client(), event_loop()] {
        assert_eq!(prove(&threads, &threads, &Recorded::idle(&threads)), Ok(()));
    }
}

#[test]
fn a_thread_that_ran_between_the_samples_refutes_it() {
    let second = thread_per_client();
    let mut first = second.clone();
    first[2].switches -= 1;
    let recorded = Recorded::idle(&second);
    assert_eq!(prove(&first, &second, &recorded), Err(NoProof::ThreadRan));
    // A thread that started, and one that sleeps in the next call.
    assert_eq!(prove(&second[..2], &second, &recorded), Err(NoProof::ThreadRan));
    first[2] = asleep(PID + 2, libc::SYS_recvfrom, [9, 0, 0, 0, 0, 0]);
    assert_eq!(prove(&first, &second, &recorded), Err(NoProof::ThreadRan));
    assert_eq!(recorded.read.get(), 0, "nothing else is read");
}

#[test]
fn a_thread_that_ran_during_the_readings_refutes_it() {
    let mut again = thread_per_client();
    again[0].switches += 2;
    assert_eq!(verdict(|r| r.again = Ok(Some(again))), Err(NoProof::ThreadRan));
    assert_eq!(verdict(|r| r.again = Ok(None)), Err(NoProof::ThreadRan));
    assert_eq!(verdict(|r| r.again = Err(unreadable())), Err(NoProof::Unreadable));
}

#[test]
fn a_running_thread_refutes_it() {
    let mut threads = thread_per_client();
    threads[1].state = ThreadState::Running;
    assert_eq!(prove(&threads, &threads, &Recorded::idle(&threads)), Err(NoProof::ThreadRan));
}

#[test]
fn a_tree_without_threads_does_not_hang() {
    assert_eq!(prove(&[], &[], &Recorded::idle(&[])), Err(NoProof::NoThreads));
}

#[test]
fn a_stopped_process_does_not_hang() {
    assert_eq!(verdict(|r| r.is_stopped = true), Err(NoProof::Stopped));
}

#[test]
fn a_call_with_a_timeout_may_end() {
    let calls = [
        (libc::SYS_clock_nanosleep, [0, 0, 0x7ffe_0000, 0x7ffe_0000, 0, 0]),
        (libc::SYS_epoll_pwait, [3, 0x7f20_1000, 1024, 1000, 0, 8]),
        (libc::SYS_futex, [0x7f20_0000, 128, 1, 0x7ffe_0000, 0, 0]),
        (libc::SYS_ppoll, [0x7f20_0000, 2, 0x7ffe_0000, 0, 0, 0]),
        (libc::SYS_io_uring_enter, [3, 0, 1, 1, 0, 0]),
        (-1, [0; 6]),
    ];
    for (number, arguments) in calls {
        let mut threads = thread_per_client();
        threads.insert(0, asleep(PID - 1, number, arguments));
        let recorded = Recorded::idle(&threads);
        let syscall = Syscall::new(number, arguments);
        assert_eq!(prove(&threads, &threads, &recorded), Err(NoProof::CallMayEnd(syscall)));
        assert_eq!(recorded.read.get(), 1, "only whether it is stopped was read");
    }
}

#[test]
fn a_socket_with_a_timeout_may_end_its_call() {
    // SO_RCVTIMEO is set, or cannot be read.
    for timeout in [Some(true), None] {
        let verdict = verdict(|r| r.socket_timeout = timeout);
        assert!(matches!(verdict, Err(NoProof::SocketMayTimeOut(call)) if call.accepts()));
    }
}

#[test]
fn an_alarm_that_is_caught_or_awaited_may_wake_it() {
    const SIGALRM: u64 = 1 << 13;
    let caught = Alarms { caught: 0x440 | SIGALRM, ..Alarms::default() };
    assert_eq!(verdict(|r| r.alarms = Some(caught)), Err(NoProof::AlarmHandled));
    let blocked = Alarms { blocked: SIGALRM, ..Alarms::default() };
    assert_eq!(verdict(|r| r.alarms = Some(blocked)), Err(NoProof::AlarmHandled));
    assert_eq!(verdict(|r| r.alarms = None), Err(NoProof::Unreadable));
}

#[test]
fn a_timer_may_wake_it() {
    let timer = Alarms { has_posix_timer: true, ..Alarms::default() };
    assert_eq!(verdict(|r| r.alarms = Some(timer)), Err(NoProof::PosixTimer));
    assert_eq!(verdict(|r| r.timer_descriptor = Ok(true)), Err(NoProof::TimerDescriptor));
    let denied = verdict(|r| r.timer_descriptor = Err(unreadable()));
    assert_eq!(denied, Err(NoProof::Unreadable));
}

#[test]
fn several_processes_may_wake_one_another() {
    assert_eq!(verdict(|r| r.processes.push(PID + 9)), Err(NoProof::SeveralProcesses));
}

#[test]
fn what_is_in_flight_may_wake_it() {
    let bytes = verdict(|r| r.in_flight = Some(InFlight::Bytes));
    assert_eq!(bytes, Err(NoProof::BytesInFlight));
    let connect = verdict(|r| r.in_flight = Some(InFlight::Connect));
    assert_eq!(connect, Err(NoProof::ConnectInFlight));
}
