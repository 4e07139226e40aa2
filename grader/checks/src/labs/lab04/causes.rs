//! Why a server with limits of time fails.

use engine::verdict::Explanation;

pub(super) const LIMIT_STARTS_EARLY: Explanation = Explanation::new(
    "limit-starts-early",
    "the clock began too early, or with something else: idle time runs from the start of \
     the connection or the last answer on, the time of a line from its first byte on",
);

pub(super) const LIMIT_STARTS_LATE: Explanation = Explanation::new(
    "limit-starts-late",
    "the clock began too late, or anew with each byte, or somebody looks at it only from \
     time to time: a limit is a deadline that a timer keeps",
);

pub(super) const TIMEOUT_MISSING: Explanation = Explanation::new(
    "timeout-missing",
    "no limit has ended this wait: a `timeout` around it is missing, or something \
     else than this client begins it anew",
);

pub(super) const IDLE_CLOCK_RUNS_WHILE_WRITING: Explanation = Explanation::new(
    "idle-clock-runs-while-writing",
    "the client was closed while its answers waited to be read: the idle clock runs only while the server waits for a line, \
     and the write timeout is another clock",
);

pub(super) const LINE_TIMEOUT_MISSING: Explanation = Explanation::new(
    "line-timeout-missing",
    "no timeout ends the wait for the rest of a line: even a client that begins a line and then sends nothing is still \
     connected",
);

pub(super) const SHARED_TIMER: Explanation = Explanation::new(
    "shared-timer",
    "the clients are closed one after the other, or each time-out wakes up all of them: \
     give each client a timer of its own",
);

pub(super) const TIMEOUT_PER_READ: Explanation = Explanation::new(
    "timeout-per-read",
    "the limit begins anew with each byte: it is to be around the wait for \
     the whole line, not around each read",
);

pub(super) const ANSWERS_PILE_UP: Explanation = Explanation::new(
    "answers-pile-up",
    "answers pile up for a client that does not read: write one before the next line is \
     read",
);

pub(super) const WRITE_WITHOUT_TIMEOUT: Explanation = Explanation::new(
    "write-without-timeout",
    "the program waits for this client to read, without a limit: time out each write. If \
     one is there, is the socket dropped then, both halves of it?",
);

pub(super) const SOCKET_OUTLIVES_TIMEOUT: Explanation = Explanation::new(
    "socket-outlives-timeout",
    "a client was given up and its socket kept: by a task that reads or writes on, or by \
     the other half of the stream. After a time-out nobody may wait for that client any more",
);

pub(super) const WORK_BLOCKS_RUNTIME: Explanation = Explanation::new(
    "work-blocks-runtime",
    "the work runs on the runtime's own thread, and no timer is looked at meanwhile: \
     hand it to spawn_blocking",
);
