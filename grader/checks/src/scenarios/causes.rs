//! Why a program most likely fails a scenario that several labs share.

use engine::verdict::Explanation;

// What a byte echo sends instead of the bytes that it got.

pub(super) const ECHO_TAKEN_FOR_TEXT: Explanation = Explanation::new(
    "echo-taken-for-text",
    "the answer has the bytes EF BF BD, U+FFFD in UTF-8, where other bytes were sent: the input \
     was taken for text (from_utf8_lossy). A stream is bytes",
);
pub(super) const WHOLE_BUFFER_WRITTEN: Explanation = Explanation::new(
    "whole-buffer-written",
    "zeros came where data was sent: the whole buffer was written, not only the part that read \
     filled, `&buffer[..count]`",
);
pub(super) const BYTES_CHANGED: Explanation = Explanation::new(
    "bytes-changed",
    "bytes are lost, doubled, changed or out of order. Write back exactly `&buffer[..count]` of \
     each read, and go on where a write took a part only",
);

// What it does with clients that do not read, or with many.

pub(super) const NO_BACK_PRESSURE: Explanation = Explanation::new(
    "no-back-pressure",
    "what a client does not read piles up in the program: it reads on while it cannot write. Write \
     what was read before reading again; then the kernel stops the sender",
);
pub(super) const THREAD_FOR_EACH_CLIENT: Explanation = Explanation::new(
    "thread-for-each-client",
    "each client has a thread of its own. A task waits without one: spawn it on the runtime, and \
     let it await its reads and writes",
);
pub(super) const THREADS_FOR_INPUT: Explanation = Explanation::new(
    "threads-for-input",
    "threads are started for what clients send (spawn_blocking, a pool). Reads and writes that are \
     awaited need none",
);
pub(super) const LARGE_BUFFER_IN_TASK: Explanation = Explanation::new(
    "large-buffer-in-task",
    "what a task keeps for its client is too much: look at the size of its buffer. An array in an \
     async fn is part of its future, and filled for each client. Some kilobytes are enough, since \
     a read gives what is there",
);

pub(super) const REFUSES_AT_LIMIT: Explanation = Explanation::new(
    "refuses-at-limit",
    "the program turns clients away at the limit; they are to wait: take a slot before accept, or \
     after it and before reading",
);
pub(super) const NO_LIMIT: Explanation = Explanation::new(
    "no-limit",
    "the number of clients is not limited to --max-connections: take a slot before a client is \
     served, and give it back when it has ended",
);

// What it keeps of clients that have gone.

pub(super) const KEEPS_FAILED_CLIENTS: Explanation = Explanation::new(
    "keeps-failed-clients",
    "an error on a client's socket, from read or write, is the end of that client: deregister it, \
     and drop it with everything that was kept for it",
);
pub(super) const IGNORES_SOCKET_ERRORS: Explanation = Explanation::new(
    "ignores-socket-errors",
    "the kernel says again and again that the socket of a client that has gone is ready (POLLERR, \
     POLLHUP), and nothing is done about it. Where read or write fails with anything but EAGAIN, \
     the client is over: deregister it and drop it",
);
pub(super) const STATE_KEPT_BY_DESCRIPTOR: Explanation = Explanation::new(
    "state-kept-by-descriptor",
    "what was kept for one client has reached another: something is kept by the number of a \
     descriptor, and the next client gets the number of one that has gone. Forget all of a client \
     together, whichever way it goes, or give each a number of its own that never comes again",
);
pub(super) const KEEPS_STREAMS: Explanation = Explanation::new(
    "keeps-streams",
    "streams are kept after their clients have gone: in a list, in a clone (try_clone), or in a \
     thread that does not end. A descriptor is closed when its last owner is dropped",
);
pub(super) const KEEPS_THREADS: Explanation = Explanation::new(
    "keeps-threads",
    "threads do not end when their clients have gone: each waits for something that does not come, \
     see below; or ended children are not waited for",
);

// What it does where there is nothing to do.

pub(super) const SPINS_ON_ACCEPT_ERRORS: Explanation = Explanation::new(
    "spins-on-accept-errors",
    "accept fails at once with EMFILE, and again, and again: the connection stays in the queue. \
     Wait a moment after such an error, or until a client has left",
);
pub(super) const ACCEPT_ERRORS_ARE_FATAL: Explanation = Explanation::new(
    "accept-errors-are-fatal",
    "an error of accept ends the accept loop, and with it the program (`accept()?`, a `break`, a panic). EMFILE passes once a \
     client has left: wait a moment, then accept again",
);
pub(super) const ACCEPT_ERRORS_STOP_CLIENTS: Explanation = Explanation::new(
    "accept-errors-stop-clients",
    "after a failed accept the program sleeps on the thread that also serves its clients. Keep that thread free: sleep on a \
     thread of its own or with an async sleep, or do not ask for the listener's readiness until a client has left or a \
     timeout has passed",
);
pub(super) const LOSES_SLOTS: Explanation = Explanation::new(
    "loses-slots",
    "something that was taken for a client is not given back when accept fails: a slot of --max-connections, a permit, a \
     place in a list. Take it after accept, or let a guard give it back",
);
pub(super) const KEEPS_READ_INTEREST: Explanation = Explanation::new(
    "keeps-read-interest",
    "what can be done is asked for, not what has to be: a client whose bytes wait to be written is \
     no longer to be read, so ask for room to write alone",
);

// What a client program does where nothing listens.

pub(super) const RETRIES_REFUSED_CONNECT: Explanation = Explanation::new(
    "retries-refused-connect",
    "the program tries again, or waits, before it gives up: that nobody listens is an answer",
);
