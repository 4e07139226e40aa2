//! Why a program most likely fails a check of lab 02.

use engine::verdict::Explanation;

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
    "the event loop serves one client for as long as that client has data. After some steps stop, ask for the client's \
     readiness again (`modify` reports it anew), and serve the next event",
);
