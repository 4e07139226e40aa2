//! Given: a safe select(2), and timeouts in the kernel's format.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{
    FdSetElement, FdSetIter, Timespec, fd_set_bound, fd_set_insert,
};

/// Descriptors in an [`FdSet`] are below this number, as in glibc.
pub const FD_SETSIZE: usize = 1024;

const BITS: usize = size_of::<FdSetElement>() * 8;

/// The set of descriptors that select reads and changes: one bit for each
/// number below [`FD_SETSIZE`]. No descriptor can be closed while it is in
/// the set.
#[derive(Clone, Default)]
pub struct FdSet<'fd> {
    bits: [FdSetElement; FD_SETSIZE / BITS],
    open: PhantomData<BorrowedFd<'fd>>,
}

impl<'fd> FdSet<'fd> {
    /// Adds `fd` (FD_SET).
    ///
    /// # Panics
    ///
    /// The number is not below [`FD_SETSIZE`]. In C, this would silently
    /// overwrite other memory.
    pub fn insert(&mut self, fd: BorrowedFd<'fd>) {
        let raw_fd = fd.as_raw_fd();
        assert!(
            (raw_fd as usize) < FD_SETSIZE,
            "descriptor {raw_fd} does not fit into a set (FD_SETSIZE)"
        );
        fd_set_insert(&mut self.bits, raw_fd);
    }

    /// Whether the descriptor `fd` is in the set (FD_ISSET).
    pub fn contains(&self, fd: RawFd) -> bool {
        let (word, bit) = (fd as usize / BITS, (fd as usize % BITS) as RawFd);
        let word = self.bits.get(word).map(std::slice::from_ref);
        FdSetIter::new(word.unwrap_or_default()).any(|set| set == bit)
    }
}

/// select(2): sleeps until a descriptor in `read` is readable, one in `write`
/// is writable, or `timeout` has passed. Leaves only the ready ones in the
/// sets, and returns their number.
///
/// # Errors
///
/// EINTR: a signal interrupted the wait.
#[allow(unsafe_code)]
pub fn select(
    read: &mut FdSet<'_>,
    write: &mut FdSet<'_>,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let nfds = fd_set_bound(&read.bits).max(fd_set_bound(&write.bits));
    let timeout = timespec(timeout);
    // SAFETY: the descriptors in a set stay open while they are borrowed.
    let count = unsafe {
        rustix::event::select(
            nfds,
            Some(&mut read.bits),
            Some(&mut write.bits),
            None,
            timeout.as_ref(),
        )
    }?;
    Ok(count as usize)
}

/// Converts `timeout` for the kernel. If it is too long, there is no timeout.
pub fn timespec(timeout: Option<Duration>) -> Option<Timespec> {
    timeout.and_then(|timeout| timeout.try_into().ok())
}
