//! The system calls that threads block in: their names, and whether they can end by themselves.

use std::fmt;

/// A system call with its arguments, as `/proc/PID/task/TID/syscall` shows it (proc(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    number: i64,
    arguments: [u64; 6],
}

/// Whether a call that blocks goes on blocking until something happens from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endless {
    Yes,
    /// It has a time-out, or it is not known to have none.
    No,
    /// As long as this descriptor, a socket, has no time-out of its own.
    UnlessSocketTimeout(i32),
}

/// Calls that only x86-64 has; newer architectures have the `p` variants alone.
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

/// FUTEX_LOCK_PI and the like; of the command's bits only these are looked at (futex(2)).
const FUTEX_COMMAND: u64 = 0x7f;
const FUTEX_WAIT: u64 = 0;
const FUTEX_WAIT_BITSET: u64 = 9;

impl Call {
    #[must_use]
    pub fn new(number: i64, arguments: [u64; 6]) -> Self {
        Self { number, arguments }
    }

    /// The name in man pages; `None` for one that servers do not usually sleep in.
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

    /// The descriptor that the call works on, where its first argument is one.
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

    /// Whether it waits until one descriptor takes output.
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

    /// Whether it waits for another thread: a lock, a condition variable, the end of a thread.
    #[must_use]
    pub fn waits_for_thread(self) -> bool {
        self.number == libc::SYS_futex
    }

    /// Whether it sleeps for a time.
    #[must_use]
    pub fn sleeps(self) -> bool {
        [libc::SYS_nanosleep, libc::SYS_clock_nanosleep].contains(&self.number)
    }

    /// Whether it is epoll_wait, or its kin.
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

    /// Whether it waits on many descriptors at once.
    #[must_use]
    pub fn waits_for_many(self) -> bool {
        self.is_epoll() || self.is_poll() || self.is_select()
    }

    /// Whether it ends by itself. What is not known to be endless is said not to be.
    #[must_use]
    pub fn endless(self) -> Endless {
        let [a0, a1, a2, a3, a4, _] = self.arguments;
        // A time-out in milliseconds is an int: the upper half of the register means nothing.
        let forever = |milliseconds: u64| (milliseconds as i32) < 0;
        let yes = match self.number {
            _ if self.descriptor().is_some() => {
                return Endless::UnlessSocketTimeout(a0 as i32);
            }
            libc::SYS_futex => {
                let command = a1 & FUTEX_COMMAND;
                (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) && a3 == 0
            }
            libc::SYS_epoll_pwait | old::EPOLL_WAIT => forever(a3),
            libc::SYS_epoll_pwait2 => a3 == 0,
            old::POLL => forever(a2),
            libc::SYS_ppoll => a2 == 0,
            old::SELECT | libc::SYS_pselect6 => a4 == 0,
            libc::SYS_wait4 | libc::SYS_waitid | libc::SYS_rt_sigsuspend | old::PAUSE => true,
            libc::SYS_rt_sigtimedwait => a2 == 0,
            _ => false,
        };
        if yes { Endless::Yes } else { Endless::No }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            // -1: asleep, but in no call: in a page fault, for one.
            None if self.number < 0 => f.write_str("no system call"),
            None => write!(f, "system call {}", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endless(number: i64, arguments: [u64; 6]) -> Endless {
        Call::new(number, arguments).endless()
    }

    #[test]
    fn a_time_out_argument_decides() {
        let minus_one = u64::from(u32::MAX);
        assert_eq!(endless(libc::SYS_epoll_pwait, [3, 0, 64, minus_one, 0, 8]), Endless::Yes);
        assert_eq!(endless(libc::SYS_epoll_pwait, [3, 0, 64, 1000, 0, 8]), Endless::No);
        assert_eq!(endless(libc::SYS_ppoll, [0, 0, 0, 0, 0, 0]), Endless::Yes);
        assert_eq!(endless(libc::SYS_ppoll, [0, 0, 0x7fff, 0, 0, 0]), Endless::No);
        assert_eq!(endless(libc::SYS_futex, [0x7f00, 128, 2, 0, 0, 0]), Endless::Yes);
        assert_eq!(endless(libc::SYS_futex, [0x7f00, 128 | 9, 2, 0x7ffe, 0, 0]), Endless::No);
    }

    #[test]
    fn a_socket_may_have_its_own_time_out() {
        let socket = Endless::UnlessSocketTimeout(5);
        assert_eq!(endless(libc::SYS_read, [5, 0, 0, 0, 0, 0]), socket);
        assert_eq!(endless(libc::SYS_accept4, [5, 0, 0, 0, 0, 0]), socket);
    }

    #[test]
    fn what_is_unknown_is_not_endless() {
        assert_eq!(endless(libc::SYS_nanosleep, [0; 6]), Endless::No);
        assert_eq!(endless(libc::SYS_io_uring_enter, [0; 6]), Endless::No);
        assert_eq!(endless(-1, [0; 6]), Endless::No);
    }
}
