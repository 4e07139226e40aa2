//! Given: select(2) made safe, and times as the kernel takes them.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{
    FdSetElement, FdSetIter, Timespec, fd_set_bound, fd_set_insert,
};

/// Descriptors in an [`FdSet`] are below this number, as in POSIX.
pub const FD_SETSIZE: usize = 1024;

const BITS: usize = size_of::<FdSetElement>() * 8;

/// A set of descriptors as select takes it and changes it: one bit for each
/// number below [`FD_SETSIZE`]. None of them can be closed while it is
/// in the set.
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
    /// Its number is not below [`FD_SETSIZE`]. In C nothing would be said, and
    /// some other memory changed.
    pub fn insert(&mut self, fd: BorrowedFd<'fd>) {
        let raw_fd = fd.as_raw_fd();
        assert!(
            (raw_fd as usize) < FD_SETSIZE,
            "descriptor {raw_fd} does not fit into a set (FD_SETSIZE)"
        );
        fd_set_insert(&mut self.bits, raw_fd);
    }

    /// Whether the descriptor `fd` is in it (FD_ISSET).
    pub fn contains(&self, fd: RawFd) -> bool {
        let (word, bit) = (fd as usize / BITS, (fd as usize % BITS) as RawFd);
        let word = self.bits.get(word).map(std::slice::from_ref);
        FdSetIter::new(word.unwrap_or_default()).any(|set| set == bit)
    }
}

/// select(2): sleeps until one of the descriptors in `read` can be read, or
/// one of those in `write` written, or `timeout` has passed. Leaves only those
/// in the sets, and returns how many they are.
///
/// # Errors
///
/// EINTR: a signal came.
#[allow(unsafe_code)]
pub fn select(
    read: &mut FdSet<'_>,
    write: &mut FdSet<'_>,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let nfds = fd_set_bound(&read.bits).max(fd_set_bound(&write.bits));
    let timeout = timespec(timeout);
    // SAFETY: the descriptors in a set are open for as long as it is borrowed.
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

/// `timeout` as the kernel takes it; one that is too long for that is none.
pub fn timespec(timeout: Option<Duration>) -> Option<Timespec> {
    timeout.and_then(|timeout| timeout.try_into().ok())
}
