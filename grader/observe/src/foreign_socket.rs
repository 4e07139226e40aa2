//! Asks the kernel about one socket of another process, through a copy of its descriptor (pidfd_getfd(2)).

use std::os::fd::OwnedFd;

use rustix::fs::FileType;
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::sockopt::{Timeout, set_socket_send_buffer_size, socket_timeout};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::probe::Probe;

impl Probe {
    /// How many bytes have been received but not read on the socket `descriptor` of `pid` (FIONREAD); `None` if the kernel
    /// does not say. Much cheaper than the socket tables of the whole machine.
    #[must_use]
    pub fn unread(self, pid: i32, descriptor: i32) -> Option<u64> {
        ioctl_fionread(&copy(pid, descriptor)?).ok()
    }
}

/// A copy of `descriptor` of the process `pid`. It must be short-lived: while it exists, a `close` by the program does not
/// close the connection.
fn copy(pid: i32, descriptor: i32) -> Option<OwnedFd> {
    // It is an argument of another program's call and may be invalid; rustix requires a valid number.
    if descriptor < 0 {
        return None;
    }
    let process = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty()).ok()
}

/// Whether a blocking call on `descriptor` of `pid` can end without an event; `None` if the kernel does not say. The call's
/// arguments do not show a timeout that was set on the socket (SO_RCVTIMEO, SO_SNDTIMEO in socket(7)).
pub(crate) fn has_timeout(pid: i32, descriptor: i32) -> Option<bool> {
    let copy = copy(pid, descriptor)?;
    let file = rustix::fs::fstat(&copy).ok()?;
    if FileType::from_raw_mode(file.st_mode) == FileType::Fifo {
        return Some(false);
    }
    let [receive, send] = [Timeout::Recv, Timeout::Send].map(|which| socket_timeout(&copy, which));
    Some(receive.ok()?.is_some() || send.ok()?.is_some())
}

/// Sets SO_SNDBUF (socket(7)) of `descriptor` of `pid` to `bytes`; `None` if that is not possible.
pub(crate) fn set_send_buffer(pid: i32, descriptor: i32, bytes: usize) -> Option<()> {
    set_socket_send_buffer_size(&copy(pid, descriptor)?, bytes).ok()
}

/// Whether this machine lets the grader read the timeouts of other processes' sockets. If not, no call on a socket is known
/// to block indefinitely, and no hang in such a call is ever proven.
#[must_use]
pub fn can_inspect_sockets() -> bool {
    let this = rustix::process::getpid();
    let Ok(process) = pidfd_open(this, PidfdFlags::empty()) else { return false };
    let standard_input = pidfd_getfd(&process, 0, PidfdGetfdFlags::empty());
    // It may be closed; what matters is whether copies are allowed.
    !matches!(standard_input, Err(Errno::PERM | Errno::NOSYS))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use super::*;

    #[test]
    fn timeouts_and_unread_bytes_of_a_socket_are_seen() {
        if !can_inspect_sockets() {
            return;
        }
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let mut client =
            TcpStream::connect(listener.local_addr().expect("its address")).expect("a client");
        let (server, _) = listener.accept().expect("the client");
        let (pid, descriptor) = (std::process::id().cast_signed(), server.as_raw_fd());
        assert_eq!(has_timeout(pid, descriptor), Some(false));
        server.set_read_timeout(Some(Duration::from_secs(1))).expect("SO_RCVTIMEO");
        assert_eq!(has_timeout(pid, descriptor), Some(true));
        client.write_all(b"abc").expect("buffer space");
        server.peek(&mut [0]).expect("a byte");
        assert_eq!(Probe::of(pid).unread(pid, descriptor), Some(3));
        assert_eq!(has_timeout(pid, -1), None);
    }
}
