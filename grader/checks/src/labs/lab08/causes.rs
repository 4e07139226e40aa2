//! The likely causes of this lab's failures.

use engine::verdict::Explanation;

pub(super) const LAST_PIECE_NOT_FLUSHED: Explanation = Explanation::new(
    "last-piece-not-flushed",
    "the last piece was written when the socket was full, and is still in the buffer of the TLS \
     stream: `write_all` is done when all is in there. `flush` waits until it is sent",
);

pub(super) const TLS_STREAM_DROPPED_WITHOUT_SHUTDOWN: Explanation = Explanation::new(
    "tls-stream-dropped-without-shutdown",
    "the stream was dropped, and with it the socket. What TLS has to say at the end is written by \
     `shutdown` of the TLS stream; without it nobody can tell this end from one that somebody else \
     has made (RFC 8446, section 6.1)",
);

pub(super) const PLAINTEXT_SERVED: Explanation = Explanation::new(
    "plaintext-served",
    "what is no TLS was answered without TLS. Whoever may choose to speak in the clear can be made \
     to: a client that does not shake hands is not served",
);

pub(super) const OLD_TLS_VERSION_ACCEPTED: Explanation = Explanation::new(
    "old-tls-version-accepted",
    "TLS 1.0 and 1.1 are not to be used any more (RFC 8996): a client that knows nothing newer is \
     not served, with or without encryption",
);

pub(super) const CERTIFICATE_FILES_CHECKED_TOO_LATE: Explanation = Explanation::new(
    "certificate-files-checked-too-late",
    "what is wrong with certificate and key would show when the first client comes. What can be \
     known at the start is to be said at the start",
);

pub(super) const START_ERROR_NOT_RETURNED: Explanation = Explanation::new(
    "start-error-not-returned",
    "an error is returned to the given `main`, which prints it: no `unwrap`, no `expect`",
);

pub(super) const HANDSHAKE_IN_ACCEPT_LOOP: Explanation = Explanation::new(
    "handshake-in-accept-loop",
    "a new client waits for handshakes that do not go on: they are awaited in the accept loop, or \
     hold one of few places. Accept waits for nobody, and each handshake is a task of its own",
);

pub(super) const HANDSHAKE_ENDED_TOO_EARLY: Explanation = Explanation::new(
    "handshake-ended-too-early",
    "the clock begins when the connection is accepted, and is for the whole handshake",
);

pub(super) const HANDSHAKE_ENDED_TOO_LATE: Explanation = Explanation::new(
    "handshake-ended-too-late",
    "the clock began too late (with the first byte?), or anew with each byte or each step: one \
     time-out around the whole handshake, from accept on",
);

pub(super) const DEADLINE_OUTLIVES_HANDSHAKE: Explanation = Explanation::new(
    "deadline-outlives-handshake",
    "the deadline is for the handshake, and goes on after it: put the time-out around the handshake \
     alone, and then serve without it",
);

pub(super) const NO_HANDSHAKE_DEADLINE: Explanation = Explanation::new(
    "no-handshake-deadline",
    "no limit has ended this handshake: the peer may be silent for ever, and holds a socket and a \
     task. Put a time-out around the accept of TLS",
);

pub(super) const HANDSHAKE_DEADLINE_FOR_EACH_READ: Explanation = Explanation::new(
    "handshake-deadline-for-each-read",
    "there is no limit, or it begins anew with each byte: it is to be around the whole handshake, \
     not around each read",
);

pub(super) const TRUNCATION_TAKEN_FOR_THE_END: Explanation = Explanation::new(
    "truncation-taken-for-the-end",
    "a FIN without close_notify was taken for the end of the stream: somebody on the way may have \
     cut it off. Read gives an error (UnexpectedEof), and `connect` has to return it",
);

pub(super) const FAILED_HANDSHAKE_NOT_DROPPED: Explanation = Explanation::new(
    "failed-handshake-not-dropped",
    "it got no answer, and no end either: a connection whose handshake has failed is to be dropped",
);

pub(super) const CLIENT_CERTIFICATE_NOT_REQUIRED: Explanation = Explanation::new(
    "client-certificate-not-required",
    "the certificate is asked for, and not required, or not verified: who has none, or a bad one, \
     is served all the same",
);
