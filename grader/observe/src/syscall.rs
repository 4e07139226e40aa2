//! The system calls that threads block in: their names, and whether they can end without an event.

use std::fmt;

/// A system call with its arguments, as `/proc/PID/task/TID/syscall` shows it (proc_pid_syscall(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// -1 for a thread that sleeps in the kernel outside any call.
    number: i64,
    /// The six argument registers.
    arguments: [u64; 6],
}

/// Whether a call that blocks can end without an event from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// It blocks indefinitely.
    Never,
    /// It has a timeout, or may have one.
    Possible,
    /// It blocks indefinitely unless this descriptor, a socket, has a timeout (SO_RCVTIMEO, SO_SNDTIMEO).
    OfSocket(i32),
}

/// Calls that only x86-64 has; newer architectures have only the `p` variants.
#[cfg(target_arch = "x86_64")]
mod old {
    pub const POLL: i64 = libc::SYS_poll;
    pub const SELECT: i64 = libc::SYS_select;
    pub const EPOLL_WAIT: i64 = libc::SYS_epoll_wait;
    pub const PAUSE: i64 = libc::SYS_pause;
}
#[cfg(not(target_arch = "x86_64"))]
mod old {
    pub const POLL: i64 = i64::MIN;
    pub const SELECT: i64 = i64::MIN + 1;
    pub const EPOLL_WAIT: i64 = i64::MIN + 2;
    pub const PAUSE: i64 = i64::MIN + 3;
}

/// The bits of futex's second argument that hold the command (futex(2)). FUTEX_LOCK_PI and the like are ignored.
const FUTEX_COMMAND: u64 = 0x7f;
const FUTEX_WAIT: u64 = 0;
const FUTEX_WAIT_BITSET: u64 = 9;

impl Syscall {
    #[must_use]
    pub fn new(number: i64, arguments: [u64; 6]) -> Self {
        Self { number, arguments }
    }

    /// The name in man pages; `None` for a call in which servers do not usually sleep.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.number {
            libc::SYS_read => "read",
            libc::SYS_readv => "readv",
            libc::SYS_recvfrom => "recv",
            libc::SYS_recvmsg => "recvmsg",
            libc::SYS_write => "write",
            libc::SYS_writev => "writev",
            libc::SYS_sendto => "send",
            libc::SYS_sendmsg => "sendmsg",
            libc::SYS_sendfile => "sendfile",
            libc::SYS_splice => "splice",
            libc::SYS_accept => "accept",
            libc::SYS_accept4 => "accept4",
            libc::SYS_connect => "connect",
            libc::SYS_futex => "futex",
            libc::SYS_epoll_pwait => "epoll_pwait",
            libc::SYS_epoll_pwait2 => "epoll_pwait2",
            libc::SYS_ppoll => "ppoll",
            libc::SYS_pselect6 => "pselect6",
            libc::SYS_nanosleep => "nanosleep",
            libc::SYS_clock_nanosleep => "clock_nanosleep",
            libc::SYS_wait4 => "wait4",
            libc::SYS_waitid => "waitid",
            libc::SYS_rt_sigsuspend => "rt_sigsuspend",
            libc::SYS_rt_sigtimedwait => "rt_sigtimedwait",
            libc::SYS_io_uring_enter => "io_uring_enter",
            libc::SYS_flock => "flock",
            libc::SYS_fcntl => "fcntl",
            libc::SYS_exit_group => "exit_group",
            old::POLL => "poll",
            old::SELECT => "select",
            old::EPOLL_WAIT => "epoll_wait",
            old::PAUSE => "pause",
            _ => return None,
        })
    }

    /// The descriptor that the call works on, if its first argument is one.
    #[must_use]
    pub fn descriptor(self) -> Option<i32> {
        let takes_one = self.reads() || self.writes() || self.accepts();
        takes_one.then_some(self.arguments[0] as i32)
    }

    /// Whether it waits for input on one descriptor.
    #[must_use]
    pub fn reads(self) -> bool {
        let reading = [libc::SYS_read, libc::SYS_readv, libc::SYS_recvfrom, libc::SYS_recvmsg];
        reading.contains(&self.number)
    }

    /// Whether it waits until one descriptor accepts output.
    #[must_use]
    pub fn writes(self) -> bool {
        let writing = [libc::SYS_write, libc::SYS_writev, libc::SYS_sendto, libc::SYS_sendmsg];
        writing.contains(&self.number)
    }

    /// Whether it waits for a connection.
    #[must_use]
    pub fn accepts(self) -> bool {
        [libc::SYS_accept, libc::SYS_accept4].contains(&self.number)
    }

    /// Whether it waits for another thread: for a lock, a condition variable or the end of a thread.
    #[must_use]
    pub fn waits_for_thread(self) -> bool {
        self.number == libc::SYS_futex
    }

    /// Whether it waits for a child process.
    #[must_use]
    pub fn waits_for_child(self) -> bool {
        [libc::SYS_wait4, libc::SYS_waitid].contains(&self.number)
    }

    /// Whether it sleeps for a given time.
    #[must_use]
    pub fn sleeps(self) -> bool {
        [libc::SYS_nanosleep, libc::SYS_clock_nanosleep].contains(&self.number)
    }

    /// Whether it is epoll_wait or one of its variants.
    #[must_use]
    pub fn is_epoll(self) -> bool {
        [libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, old::EPOLL_WAIT].contains(&self.number)
    }

    /// Whether it is poll or ppoll.
    #[must_use]
    pub fn is_poll(self) -> bool {
        [libc::SYS_ppoll, old::POLL].contains(&self.number)
    }

    /// Whether it is select or pselect6.
    #[must_use]
    pub fn is_select(self) -> bool {
        [libc::SYS_pselect6, old::SELECT].contains(&self.number)
    }

    /// Whether it waits for several descriptors.
    #[must_use]
    pub fn waits_for_many(self) -> bool {
        self.is_epoll() || self.is_poll() || self.is_select()
    }

    /// Whether it can end without an event. A call that is not known to block indefinitely may have a timeout.
    pub(crate) fn timeout(self) -> Timeout {
        let [a0, a1, a2, a3, a4, _] = self.arguments;
        // A timeout in milliseconds is an int: the upper half of the register is meaningless.
        let is_negative = |milliseconds: u64| (milliseconds as i32) < 0;
        let is_indefinite = match self.number {
            _ if self.descriptor().is_some() => return Timeout::OfSocket(a0 as i32),
            libc::SYS_futex => {
                let command = a1 & FUTEX_COMMAND;
                (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) && a3 == 0
            }
            libc::SYS_epoll_pwait | old::EPOLL_WAIT => is_negative(a3),
            libc::SYS_epoll_pwait2 => a3 == 0,
            old::POLL => is_negative(a2),
            libc::SYS_ppoll => a2 == 0,
            old::SELECT | libc::SYS_pselect6 => a4 == 0,
            libc::SYS_wait4 | libc::SYS_waitid | libc::SYS_rt_sigsuspend | old::PAUSE => true,
            libc::SYS_rt_sigtimedwait => a2 == 0,
            _ => false,
        };
        if is_indefinite { Timeout::Never } else { Timeout::Possible }
    }
}

impl fmt::Display for Syscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            // In a page fault, for example.
            None if self.number < 0 => f.write_str("no system call"),
            None => write!(f, "system call {}", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(number: i64, arguments: [u64; 6]) -> Timeout {
        Syscall::new(number, arguments).timeout()
    }

    #[test]
    fn a_timeout_argument_decides() {
        let minus_one = u64::from(u32::MAX);
        assert_eq!(timeout(libc::SYS_epoll_pwait, [3, 0, 64, minus_one, 0, 8]), Timeout::Never);
        assert_eq!(timeout(libc::SYS_epoll_pwait, [3, 0, 64, 1000, 0, 8]), Timeout::Possible);
        assert_eq!(timeout(libc::SYS_ppoll, [0, 0, 0, 0, 0, 0]), Timeout::Never);
        assert_eq!(timeout(libc::SYS_ppoll, [0, 0, 0x7fff, 0, 0, 0]), Timeout::Possible);
        assert_eq!(timeout(libc::SYS_futex, [0x7f00, 128, 2, 0, 0, 0]), Timeout::Never);
        assert_eq!(timeout(libc::SYS_futex, [0x7f00, 128 | 9, 2, 0x7ffe, 0, 0]), Timeout::Possible);
    }

    #[test]
    fn a_socket_may_have_its_own_timeout() {
        let socket = Timeout::OfSocket(5);
        assert_eq!(timeout(libc::SYS_read, [5, 0, 0, 0, 0, 0]), socket);
        assert_eq!(timeout(libc::SYS_accept4, [5, 0, 0, 0, 0, 0]), socket);
    }

    #[test]
    fn an_unknown_call_may_end() {
        assert_eq!(timeout(libc::SYS_nanosleep, [0; 6]), Timeout::Possible);
        assert_eq!(timeout(libc::SYS_io_uring_enter, [0; 6]), Timeout::Possible);
        assert_eq!(timeout(-1, [0; 6]), Timeout::Possible);
    }

    #[test]
    fn every_call_has_a_display_name() {
        assert_eq!(Syscall::new(libc::SYS_recvfrom, [0; 6]).to_string(), "recv");
        assert_eq!(Syscall::new(-1, [0; 6]).to_string(), "no system call");
        assert_eq!(Syscall::new(9999, [0; 6]).to_string(), "system call 9999");
    }
}
