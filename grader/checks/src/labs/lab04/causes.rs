//! Why a server most likely fails a check of its timeouts.

use engine::verdict::Explanation;

pub(super) const LIMIT_STARTS_EARLY: Explanation = Explanation::new(
    "limit-starts-early",
    "the clock started too early, or at the wrong event. Start the idle clock when the client connects and after each \
     answer, and the line clock at a line's first byte",
);

pub(super) const LIMIT_STARTS_LATE: Explanation = Explanation::new(
    "limit-starts-late",
    "the clock started too late, was restarted by each byte, or is checked only now and then: let a timer end the wait",
);

pub(super) const TIMEOUT_MISSING: Explanation = Explanation::new(
    "timeout-missing",
    "no timeout ended this wait: either there is no `timeout` around it, or something other than this client restarts \
     it",
);

pub(super) const IDLE_CLOCK_RUNS_WHILE_WRITING: Explanation = Explanation::new(
    "idle-clock-runs-while-writing",
    "the server closed the connection while answers were still waiting to be read: run the idle clock only while the \
     server waits for a line, and give writes their own timeout",
);

pub(super) const LINE_TIMEOUT_MISSING: Explanation = Explanation::new(
    "line-timeout-missing",
    "the wait for the rest of a line has no timeout, so a client that sends nothing more stays connected: put a \
     timeout around the wait for the whole line",
);

pub(super) const SHARED_TIMER: Explanation = Explanation::new(
    "shared-timer",
    "the clients are disconnected one after another, or each timeout wakes all tasks: give each client its own timer",
);

pub(super) const TIMEOUT_PER_READ: Explanation = Explanation::new(
    "timeout-per-read",
    "each byte restarts the timeout: put it around the wait for the whole line, not around each read",
);

pub(super) const ANSWERS_PILE_UP: Explanation = Explanation::new(
    "answers-pile-up",
    "answers pile up for a client that does not read: write each answer before you read the next line",
);

pub(super) const WRITE_WITHOUT_TIMEOUT: Explanation = Explanation::new(
    "write-without-timeout",
    "the program waits indefinitely for this client to read: put a timeout around each write. When that timeout \
     expires, the program must drop both halves of the socket",
);

pub(super) const SOCKET_OUTLIVES_TIMEOUT: Explanation = Explanation::new(
    "socket-outlives-timeout",
    "the server gave up on a client but kept its socket: in a task that still reads or writes, or in the other half \
     of the stream. After a timeout, no task may wait for that client any more",
);

pub(super) const WORK_BLOCKS_RUNTIME: Explanation = Explanation::new(
    "work-blocks-runtime",
    "the work runs on the runtime's own thread, so no timer fires until it is done: move the work to spawn_blocking",
);
