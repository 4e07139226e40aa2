//! Undoes what a process inherits from its parent.

use std::mem::MaybeUninit;
use std::ptr;

/// Gives ignored signals their default action, and unblocks all. Both states survive execve(2), so the grader's parent
/// would decide which signals reach a program under test. With SIGCHLD ignored, no child can be waited for (wait(2)).
///
/// To be called before the first thread starts, because each thread has a mask of its own. SIGPIPE stays as Rust's
/// runtime sets it: [`std::process::Command`] gives it back to each program.
#[allow(unsafe_code)]
pub fn reset_signals() {
    for signal in (1..=libc::SIGRTMAX()).filter(|&signal| signal != libc::SIGPIPE) {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: sigaction writes all of `action` where it succeeds, and it is read only then. No handler is replaced,
        // and SIG_DFL is none.
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
