//! Why a program most likely fails a check of lab 02.

use engine::verdict::{CheckError, Explanation, FailureKind};

// Where the thread sleeps.

pub(super) const SEVERAL_THREADS: Explanation = Explanation::new(
    "several-threads",
    "this lab is about one thread that waits for all sockets in one call; each client has a state, \
     not a thread",
);
pub(super) const ALWAYS_READY: Explanation = Explanation::new(
    "always-ready",
    "nothing happens, and the thread does not sleep: the call comes back at once, every time. \
     Interest in writing is the usual reason: an idle socket can always be written. Ask for it only \
     while bytes wait; or the time-out is 0",
);
pub(super) const SLEEPS_OUTSIDE_THE_SELECTOR: Explanation = Explanation::new(
    "sleeps-outside-the-selector",
    "the thread sleeps for a time, or waits for another thread, instead of asking the kernel for \
     all sockets at once",
);
pub(super) const BLOCKS_ON_ONE_SOCKET: Explanation = Explanation::new(
    "blocks-on-one-socket",
    "the thread waits for one socket, and meanwhile for no other: set every socket, the listener, \
     too, to non-blocking, and sleep only in the selector",
);
pub(super) const IGNORES_BACKEND_FLAG: Explanation = Explanation::new(
    "ignores-backend-flag",
    "another call than the one that --backend names: each is to be made by its own selector",
);

// What it does with more clients than fit into the sets of select.

pub(super) const REFUSES_TOO_MANY: Explanation = Explanation::new(
    "refuses-too-many",
    "select has room for 1,024 descriptors, and so for about 1,000 clients: only what does not fit \
     is to be turned away",
);
pub(super) const KEEPS_WHAT_DOES_NOT_FIT: Explanation = Explanation::new(
    "keeps-what-does-not-fit",
    "a client that does not fit into select's sets is not looked after, and its socket, or the \
     listener, is ready again and again: close it at once",
);

// How it uses epoll.

pub(super) const VISITS_ALL_CLIENTS: Explanation = Explanation::new(
    "visits-all-clients",
    "each wake-up looks at all clients. epoll_wait names those that are ready: look at these only, \
     find their state by what the event carries, and keep no list that is walked or built anew \
     each time",
);
pub(super) const STOPS_BEFORE_EAGAIN: Explanation = Explanation::new(
    "stops-before-eagain",
    "after an edge nothing is told again of what was there: read until EAGAIN (or the end), write \
     until EAGAIN or all is out, and after a write that unblocked read on by yourself",
);
pub(super) const LEVEL_TRIGGERED: Explanation = Explanation::new(
    "level-triggered",
    "--trigger edge is not handed on to epoll, or a later modify leaves EPOLLET out: it is a part \
     of the mask each time",
);

pub(super) const KEEPS_OLD_EVENTS: Explanation = Explanation::new(
    "keeps-old-events",
    "the list of events grows with each wait, and the loop handles old events again and again: clear the list at the \
     beginning of `wait`",
);

pub(super) const UNBOUNDED_TURN: Explanation = Explanation::new(
    "unbounded-turn",
    "the event loop serves one client for as long as that client has data. Stop after some steps, ask \
     for the client's readiness again (after `modify`, it is reported again), and serve the next event",
);

// What an event loop does wrong with one client.

const EAGAIN_TAKEN_FOR_AN_ERROR: Explanation = Explanation::new(
    "eagain-taken-for-an-error",
    "the client was disconnected in the middle of its data. Is EAGAIN (ErrorKind::WouldBlock) taken for an error? It says \
     that the socket gives or takes no more now: keep what is left, and wait for readiness",
);

const END_OF_INPUT_IGNORED: Explanation = Explanation::new(
    "end-of-input-ignored",
    "read returns 0 at the end of the client's input, each time. Once its pending bytes are written, deregister the client \
     and drop it",
);

const SERVES_ONE_CLIENT_ONLY: Explanation = Explanation::new(
    "serves-one-client-only",
    "the event loop stays with one client: a socket is still blocking, or a loop writes until all is out. Write once, keep \
     the rest, and go back to wait for all",
);

/// Says why an event loop most likely fails with a client like that.
pub(super) fn explained(error: CheckError) -> CheckError {
    error.explained_by(|kind| match kind {
        FailureKind::ClosedEarly { .. } | FailureKind::ConnectionBroken { .. } => {
            Some(EAGAIN_TAKEN_FOR_AN_ERROR)
        }
        FailureKind::NotClosed { .. } => Some(END_OF_INPUT_IGNORED),
        _ => None,
    })
}

/// The same where one client does not read, and others wait.
pub(super) fn explained_by_stall(error: CheckError) -> CheckError {
    let error = error.explained_by(|kind| kind.is_unanswered().then_some(SERVES_ONE_CLIENT_ONLY));
    explained(error)
}
