//! Why a program most likely fails a check of lab 02.

use engine::verdict::{CheckError, Explanation, FailureKind};

// Where the thread sleeps.

pub(super) const SEVERAL_THREADS: Explanation = Explanation::new(
    "several-threads",
    "in this lab, a single thread waits for all sockets in one call: keep a state for each client, not a thread",
);
pub(super) const ALWAYS_READY: Explanation = Explanation::new(
    "always-ready",
    "nothing happens, but the thread does not sleep: the call returns immediately every time. Perhaps its timeout is \
     0. More often, the program asks for writability: an idle socket is always writable, so ask only while bytes are \
     pending",
);
pub(super) const SLEEPS_OUTSIDE_THE_SELECTOR: Explanation = Explanation::new(
    "sleeps-outside-the-selector",
    "the thread sleeps for a fixed time or waits for another thread: let it sleep only in the selector, which waits \
     for all sockets",
);
pub(super) const BLOCKS_ON_ONE_SOCKET: Explanation = Explanation::new(
    "blocks-on-one-socket",
    "the thread blocks on one socket and ignores the others: make every socket non-blocking, including the listener, \
     and sleep only in the selector",
);
pub(super) const IGNORES_BACKEND_FLAG: Explanation = Explanation::new(
    "ignores-backend-flag",
    "the thread waits in a call other than the one that --backend names: create the selector that this flag asks for",
);

// What it does with more clients than fit into select's sets.

pub(super) const REFUSES_TOO_MANY: Explanation = Explanation::new(
    "refuses-too-many",
    "select handles 1,024 descriptors, enough for about 1,000 clients: refuse only those that do not fit",
);
pub(super) const KEEPS_WHAT_DOES_NOT_FIT: Explanation = Explanation::new(
    "keeps-what-does-not-fit",
    "a client that does not fit into select's sets is never handled, so its socket, or the listener, stays ready: \
     close such a connection immediately",
);

// How it uses epoll.

pub(super) const VISITS_ALL_CLIENTS: Explanation = Explanation::new(
    "visits-all-clients",
    "the program visits all clients at each wakeup. epoll_wait returns those that are ready: handle only these, look \
     up their state by the data in the event, and do not walk or rebuild a list of all clients",
);
pub(super) const STOPS_BEFORE_EAGAIN: Explanation = Explanation::new(
    "stops-before-eagain",
    "epoll reports an edge only once: read until EAGAIN (or EOF), and write until EAGAIN or until nothing is left. \
     After a write that freed buffer space, resume reading without waiting for an event",
);
pub(super) const LEVEL_TRIGGERED: Explanation = Explanation::new(
    "level-triggered",
    "--trigger edge is not passed on to epoll, or a later `modify` omits EPOLLET: set EPOLLET in the mask every time",
);

pub(super) const KEEPS_OLD_EVENTS: Explanation = Explanation::new(
    "keeps-old-events",
    "the list of events grows with each wait, and the loop handles old events again: clear the list at the start of \
     `wait`",
);

pub(super) const UNBOUNDED_TURN: Explanation = Explanation::new(
    "unbounded-turn",
    "the event loop serves one client for as long as it has data. Stop after a few reads and writes, call `modify` so \
     that epoll reports the client again, and handle the next event",
);

// What an event loop does wrong with one client.

const EAGAIN_TAKEN_FOR_AN_ERROR: Explanation = Explanation::new(
    "eagain-taken-for-an-error",
    "the program closed the connection in the middle of the client's data. Does it treat EAGAIN \
     (ErrorKind::WouldBlock) as an error? EAGAIN means that there is nothing to read, or no buffer space, now: keep \
     the remaining bytes, and wait for readiness",
);

const END_OF_INPUT_IGNORED: Explanation = Explanation::new(
    "end-of-input-ignored",
    "at the end of a client's input, read returns 0: write the pending bytes, then deregister the client and drop it",
);

const SERVES_ONE_CLIENT_ONLY: Explanation = Explanation::new(
    "serves-one-client-only",
    "the event loop is stuck with one client: a socket is still blocking, or a loop writes until nothing is left. \
     Write once, keep the remaining bytes, and wait for all sockets again",
);

/// Adds to `error` the most likely cause of a failure with one client.
pub(super) fn explained(error: CheckError) -> CheckError {
    error.explained_by(|kind| match kind {
        FailureKind::ClosedEarly { .. } | FailureKind::ConnectionBroken { .. } => {
            Some(EAGAIN_TAKEN_FOR_AN_ERROR)
        }
        FailureKind::NotClosed { .. } => Some(END_OF_INPUT_IGNORED),
        _ => None,
    })
}

/// Like [`explained`], for a client that does not read while others wait.
pub(super) fn explained_by_stall(error: CheckError) -> CheckError {
    let error = error.explained_by(|kind| kind.is_unanswered().then_some(SERVES_ONE_CLIENT_ONLY));
    explained(error)
}
