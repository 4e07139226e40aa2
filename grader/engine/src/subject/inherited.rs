//! Resets the signal state that a process inherits from its parent.

use std::mem::MaybeUninit;
use std::ptr;

/// Restores the default action of ignored signals and unblocks all signals. Both states survive execve(2), so the
/// grader's parent would otherwise decide which signals reach a program under test. With SIGCHLD ignored, wait(2)
/// cannot report how a child ended.
///
/// Call it before the first thread starts, because each thread has its own mask. SIGPIPE stays as Rust's runtime sets it:
/// [`std::process::Command`] resets it for each program.
#[allow(unsafe_code)]
pub fn reset_signals() {
    for signal in (1..=libc::SIGRTMAX()).filter(|&signal| signal != libc::SIGPIPE) {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: if sigaction succeeds, it writes all of `action`, which is read only then. No handler is replaced or
        // installed: SIG_DFL is not one.
        unsafe {
            let is_known = libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0;
            if is_known && action.assume_init_ref().sa_sigaction == libc::SIG_IGN {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset writes all of `none`, which pthread_sigmask only reads.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}
