//! Why a program most likely fails a scenario that several labs share.

use engine::verdict::Explanation;

// What a byte echo sends instead of the bytes it received.

pub(super) const ECHO_TAKEN_FOR_TEXT: Explanation = Explanation::new(
    "echo-taken-for-text",
    "the answer has EF BF BD (U+FFFD in UTF-8) in place of other bytes: the program decoded its input as text \
     (from_utf8_lossy). Echo the bytes themselves",
);
pub(super) const WHOLE_BUFFER_WRITTEN: Explanation = Explanation::new(
    "whole-buffer-written",
    "the answer has zeros in place of data: the program wrote its whole buffer. Write only the part that read has \
     filled, `&buffer[..count]`",
);
pub(super) const BYTES_CHANGED: Explanation = Explanation::new(
    "bytes-changed",
    "bytes are lost, duplicated, changed or out of order. After each read, write back exactly `&buffer[..count]`, and \
     continue after a partial write",
);

// What it does with clients that do not read, or with many clients.

pub(super) const NO_BACK_PRESSURE: Explanation = Explanation::new(
    "no-back-pressure",
    "the program keeps reading while it cannot write, so data that a client does not read piles up in memory. Write \
     what you have read before you read again; then the kernel stops the sender",
);
pub(super) const THREAD_FOR_EACH_CLIENT: Explanation = Explanation::new(
    "thread-for-each-client",
    "the program gives each client its own thread, but a waiting task needs none: spawn a task for each client and \
     await its reads and writes",
);
pub(super) const THREADS_FOR_INPUT: Explanation = Explanation::new(
    "threads-for-input",
    "the program starts threads for its clients' input (spawn_blocking, a pool). Reads and writes that are awaited \
     need no threads",
);
pub(super) const LARGE_BUFFER_IN_TASK: Explanation = Explanation::new(
    "large-buffer-in-task",
    "a task uses too much memory for its client: check the size of its buffer. An array in an async fn is part of \
     its future, so every client has its own. A few kilobytes are enough, because a read returns what has arrived",
);

pub(super) const REFUSES_AT_LIMIT: Explanation = Explanation::new(
    "refuses-at-limit",
    "the program refuses clients at the limit instead of letting them wait: wait for a slot before accept, or \
     between accept and the first read",
);
pub(super) const NO_LIMIT: Explanation = Explanation::new(
    "no-limit",
    "the program serves more than --max-connections clients: take a slot before serving a client, and give it back \
     when the client has left",
);

// What it keeps of clients that have left.

pub(super) const KEEPS_FAILED_CLIENTS: Explanation = Explanation::new(
    "keeps-failed-clients",
    "a read or write error on a client's socket means that the client is gone: deregister it, and drop it with all of \
     its state",
);
pub(super) const IGNORES_SOCKET_ERRORS: Explanation = Explanation::new(
    "ignores-socket-errors",
    "a client has left, and the kernel keeps reporting its socket as ready (POLLERR, POLLHUP), but the program does \
     nothing about it. If read or write fails with anything but EAGAIN, deregister the client and drop it",
);
pub(super) const STATE_KEPT_BY_DESCRIPTOR: Explanation = Explanation::new(
    "state-kept-by-descriptor",
    "one client's data has reached another: state is stored by descriptor number, and the kernel reuses the numbers of \
     closed descriptors. Drop all of a client's state together, however its connection ends, or give each client a \
     number that is never reused",
);
pub(super) const KEEPS_STREAMS: Explanation = Explanation::new(
    "keeps-streams",
    "streams are kept after their clients have left: in a list, in a clone (try_clone), or in a thread that does not \
     end. A descriptor is closed when its last owner is dropped",
);
pub(super) const KEEPS_THREADS: Explanation = Explanation::new(
    "keeps-threads",
    "threads do not end after their clients have left: each waits for something that never happens (see the evidence). \
     Or the program has not waited for child processes that have ended",
);

// What it does when there is nothing to do.

pub(super) const SPINS_ON_ACCEPT_ERRORS: Explanation = Explanation::new(
    "spins-on-accept-errors",
    "accept fails with EMFILE again and again, because the connection stays in the listen queue. After such an \
     error, pause, or wait until a client has left",
);
pub(super) const ACCEPT_ERRORS_ARE_FATAL: Explanation = Explanation::new(
    "accept-errors-are-fatal",
    "an accept error ends the accept loop and with it the program (`accept()?`, a `break`, a panic). EMFILE lasts only \
     until a client has left: pause, then accept again",
);
pub(super) const ACCEPT_ERRORS_STOP_CLIENTS: Explanation = Explanation::new(
    "accept-errors-stop-clients",
    "after a failed accept, the program sleeps on the thread that also serves its clients. Keep that thread free: \
     sleep on another thread or with an async sleep, or ignore the listener until a client has left or a timeout has \
     expired",
);
pub(super) const LOSES_SLOTS: Explanation = Explanation::new(
    "loses-slots",
    "something reserved for a client is not given back when accept fails: a --max-connections slot, a permit, a list \
     entry. Reserve it after accept, or let a guard give it back",
);
pub(super) const KEEPS_READ_INTEREST: Explanation = Explanation::new(
    "keeps-read-interest",
    "the program asks for readiness that it does not act on. While a client's bytes wait to be written, do not read \
     from that client: ask only for writability",
);

// What a client program does when nothing listens.

pub(super) const RETRIES_REFUSED_CONNECT: Explanation = Explanation::new(
    "retries-refused-connect",
    "the program retries or waits before it gives up: a refused connection is final, so report it and exit",
);
