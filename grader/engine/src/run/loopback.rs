//! Checks that the grader and a program can reach each other at all.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, UdpSocket};

/// Why no program can be graded, if the loopback interface is down, as in a new network namespace
/// (network_namespaces(7)).
#[must_use]
pub fn trouble() -> Option<String> {
    /// Any port will do.
    const DISCARD: u16 = 9;
    // Looks up the route without sending anything.
    let connect =
        || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.connect((Ipv4Addr::LOCALHOST, DISCARD));
    describe(&connect().err()?)
}

/// The reason for `error`, if it means that the interface is down. Any other error will occur again where it matters.
fn describe(error: &io::Error) -> Option<String> {
    let is_down =
        matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable);
    is_down.then(|| {
        format!("the loopback interface is down ({error}): bring it up with `ip link set lo up` (`loopback` in \
             cargo grader doctor)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interface_that_is_down_is_reported() {
        assert_eq!(trouble(), None);
        let of = |code| describe(&io::Error::from_raw_os_error(code));
        assert!(of(libc::ENETUNREACH).expect("trouble").contains("`ip link set lo up`"));
        assert!(of(libc::EADDRNOTAVAIL).is_some());
        assert_eq!(of(libc::EMFILE), None);
    }
}
