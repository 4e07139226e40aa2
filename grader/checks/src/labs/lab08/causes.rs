//! The likely causes of this lab's failures.

use engine::verdict::Explanation;

pub(super) const LAST_PIECE_NOT_FLUSHED: Explanation = Explanation::new(
    "last-piece-not-flushed",
    "the last piece was written while the socket was full, and is still in the TLS stream's \
     buffer: `write_all` returns once everything is in that buffer. `flush` waits until all of it has \
     been sent",
);

pub(super) const TLS_STREAM_DROPPED_WITHOUT_SHUTDOWN: Explanation = Explanation::new(
    "tls-stream-dropped-without-shutdown",
    "the stream was dropped, and the socket with it. Call `shutdown` on the TLS stream, which sends \
     close_notify; without it, the peer cannot tell this end from one that an attacker forged (RFC \
     8446, section 6.1)",
);

pub(super) const PLAINTEXT_SERVED: Explanation = Explanation::new(
    "plaintext-served",
    "a client that did not use TLS got an answer in plain text. If plain text is allowed, an attacker can force a client \
     to use it: serve a client only after it has completed a handshake",
);

pub(super) const OLD_TLS_VERSION_ACCEPTED: Explanation = Explanation::new(
    "old-tls-version-accepted",
    "TLS 1.0 and 1.1 must no longer be used (RFC 8996): if a client supports nothing newer, do not \
     serve it at all, not even in plain text",
);

pub(super) const CERTIFICATE_FILES_CHECKED_TOO_LATE: Explanation = Explanation::new(
    "certificate-files-checked-too-late",
    "a wrong certificate or key would not be noticed until the first client connects: load and check \
     both before you listen",
);

pub(super) const START_ERROR_NOT_RETURNED: Explanation = Explanation::new(
    "start-error-not-returned",
    "return the error to the given `main`, which prints it: no `unwrap`, no `expect`",
);

pub(super) const HANDSHAKE_IN_ACCEPT_LOOP: Explanation = Explanation::new(
    "handshake-in-accept-loop",
    "a new client has to wait behind stalled handshakes: they are awaited in the accept loop, or they occupy every one of \
     a limited number of slots. Spawn a task for each handshake so that the accept loop never waits",
);

pub(super) const HANDSHAKE_ENDED_TOO_EARLY: Explanation = Explanation::new(
    "handshake-ended-too-early",
    "the timeout starts when the connection is accepted, and covers the whole handshake",
);

pub(super) const HANDSHAKE_ENDED_TOO_LATE: Explanation = Explanation::new(
    "handshake-ended-too-late",
    "the timeout started too late (with the first byte?), or restarted with each byte or step: put \
     one timeout around the whole handshake, starting at accept",
);

pub(super) const DEADLINE_OUTLIVES_HANDSHAKE: Explanation = Explanation::new(
    "deadline-outlives-handshake",
    "the handshake deadline still applies after the handshake: put the timeout around the handshake \
     only, and then serve without it",
);

pub(super) const NO_HANDSHAKE_DEADLINE: Explanation = Explanation::new(
    "no-handshake-deadline",
    "no timeout ended this handshake: a silent peer can hold a socket and a task forever. Put a \
     timeout around the TLS accept",
);

pub(super) const HANDSHAKE_DEADLINE_FOR_EACH_READ: Explanation = Explanation::new(
    "handshake-deadline-for-each-read",
    "there is no timeout, or it restarts with each byte: put it around the whole handshake, not \
     around each read",
);

pub(super) const TRUNCATION_TAKEN_FOR_THE_END: Explanation = Explanation::new(
    "truncation-taken-for-the-end",
    "a FIN without close_notify was taken for the end of the stream, but an attacker may have cut \
     the stream off. The read returns an error (UnexpectedEof), which `connect` must return",
);

pub(super) const FAILED_HANDSHAKE_NOT_DROPPED: Explanation = Explanation::new(
    "failed-handshake-not-dropped",
    "the client got neither an answer nor the end of the stream: drop a connection whose handshake has failed",
);

pub(super) const CLIENT_CERTIFICATE_NOT_REQUIRED: Explanation = Explanation::new(
    "client-certificate-not-required",
    "the certificate is requested, but not required or not verified: a client with no certificate, \
     or with a bad one, is served all the same",
);
