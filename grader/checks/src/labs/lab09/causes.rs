//! The likely causes of this lab's failures, one for each mistake.

use engine::verdict::Explanation;
use serde_json::Value;

// What is wrong with the frames that a server sends.

pub(super) const FRAMES_CORRUPTED: Explanation =
    Explanation::new("frames-corrupted", "frames are lost, duplicated, cut short or out of order");

pub(super) const MORE_THAN_ONE_ANSWER: Explanation = Explanation::new(
    "more-than-one-answer",
    "send one answer per request, and start the next header right after a body, without a newline or zero byte",
);

pub(super) const FRAME_CONNECTION_DROPPED: Explanation = Explanation::new(
    "frame-connection-dropped",
    "the server disconnected this client: did its task give up because of an error, or panic?",
);

pub(super) const WRONG_LENGTH_IN_HEADER: Explanation = Explanation::new(
    "wrong-length-in-header",
    "the header of an answer must say how many bytes its body has: count bytes of UTF-8, not characters, and do not \
     count the header itself",
);

pub(super) const LITTLE_ENDIAN_HEADER: Explanation = Explanation::new(
    "little-endian-header",
    "this length makes sense only in little-endian order: a header has its most significant byte first (`to_be_bytes`)",
);

pub(super) const HEADER_MISSING: Explanation = Explanation::new(
    "header-missing",
    "there is text in place of a header: start each answer with the length of its body, in four bytes, and put nothing \
     between two frames",
);

pub(super) const ANSWER_NOT_AN_OBJECT: Explanation = Explanation::new(
    "answer-not-an-object",
    "each answer must be an object, with the request's id and `ok` or `error`",
);

pub(super) const ANSWER_WITHOUT_BODY: Explanation = Explanation::new(
    "answer-without-body",
    "four zero bytes are the header of an empty body: do you write the length in four bytes?",
);

pub(super) const ANSWER_NOT_JSON: Explanation = Explanation::new(
    "answer-not-json",
    "the body of an answer must be one JSON object in UTF-8: let a library build it, and write each frame in one \
     piece, its header first",
);

// What an error shows about how a server read a correct frame.

const HEADER_MISREAD: Explanation = Explanation::new(
    "header-misread",
    "the program read a wrong length from the header: its most significant byte comes first, and it counts only the \
     body. Or the program took four other bytes for a header",
);

const WAITS_FOR_MORE_OF_A_WHOLE_FRAME: Explanation = Explanation::new(
    "waits-for-more-of-a-whole-frame",
    "the program waited for more of a complete frame: does it take the length to be that of the body alone, and \
     keep everything that a read returned until it has been used?",
);

const BODY_CUT_AT_THE_WRONG_PLACE: Explanation = Explanation::new(
    "body-cut-at-the-wrong-place",
    "the program cut the body in the wrong place, or did not accept it as a request: a body begins after the header's \
     four bytes, and has as many bytes as the header says",
);

const ZEROS_TAKEN_FOR_A_HEADER: Explanation = Explanation::new(
    "zeros-taken-for-a-header",
    "the program took four zero bytes inside a frame for a header, or a complete frame for an empty one",
);

/// Why `object` is the answer to a valid request, if the answer alone shows it.
pub(super) fn of_wrong_answer(object: &Value) -> Option<Explanation> {
    match object.get("error").and_then(Value::as_str)? {
        "frame too large" => Some(HEADER_MISREAD),
        "frame timeout" => Some(WAITS_FOR_MORE_OF_A_WHOLE_FRAME),
        "bad json" => Some(BODY_CUT_AT_THE_WRONG_PLACE),
        "empty frame" => Some(ZEROS_TAKEN_FOR_A_HEADER),
        _ => None,
    }
}

// Task 1: decode.

pub(super) const DROPS_PARTIAL_FRAMES: Explanation = Explanation::new(
    "drops-partial-frames",
    "a read may end anywhere, even inside the header: collect what arrives, take a frame out once it is complete, and \
     keep the remaining bytes for the next read",
);

pub(super) const ONE_FRAME_PER_READ: Explanation = Explanation::new(
    "one-frame-per-read",
    "one read may return several frames: after taking one out, check whether the next is complete, and read again only \
     if it is not",
);

pub(super) const WAITS_FOR_THE_NEXT_FRAME: Explanation = Explanation::new(
    "waits-for-the-next-frame",
    "answer a frame as soon as it is complete, however much of the next one has arrived, and keep those bytes",
);

// Task 2: encode and serve.

pub(super) const CHANGES_ECHOED_VALUES: Explanation = Explanation::new(
    "changes-echoed-values",
    "`echo` must return any value unchanged: a number, a string, null, a list, an object",
);

pub(super) const CHANGES_IDS: Explanation =
    Explanation::new("changes-ids", "return each id unchanged");

pub(super) const WRONG_SUM: Explanation = Explanation::new(
    "wrong-sum",
    "`sum` adds numbers, whole or fractional, of either sign; the sum of an empty list is 0",
);

pub(super) const REVERSES_BYTES_OR_GRAPHEMES: Explanation = Explanation::new(
    "reverses-bytes-or-graphemes",
    "`reverse` reverses Unicode scalar values, which Rust calls `char`: neither bytes nor what a reader sees as one \
     character",
);

pub(super) const PARSES_JSON_BY_HAND: Explanation = Explanation::new(
    "parses-json-by-hand",
    "the body may be any valid form of JSON: let a library parse it",
);

pub(super) const BAD_VALUE_NOT_REFUSED: Explanation = Explanation::new(
    "bad-value-not-refused",
    "answer a value that the op cannot take with `bad value` and the request's id, and keep the connection open",
);

pub(super) const DROPS_FRAMES_AT_EOF: Explanation = Explanation::new(
    "drops-frames-at-eof",
    "even after the end of the input, answer all complete frames: first send all answers, then close",
);

pub(super) const ANSWERS_WITHOUT_THEIR_ID: Explanation =
    Explanation::new("answers-without-their-id", "an answer must have the id of its request");

pub(super) const ANSWERS_FRAMES_TWICE: Explanation = Explanation::new(
    "answers-frames-twice",
    "a frame stayed in the buffer after it was answered, or an answer was written twice",
);

pub(super) const LOSES_PIPELINED_FRAMES: Explanation = Explanation::new(
    "loses-pipelined-frames",
    "frames are lost: what a read returns beyond one frame belongs to the next ones",
);

pub(super) const ANSWERS_OUT_OF_ORDER: Explanation = Explanation::new(
    "answers-out-of-order",
    "a separate task or thread answers each frame, and the fastest comes first: answer one frame before you take the \
     next, or send the answers in the order of the frames",
);

pub(super) const MIXES_UP_ANSWERS: Explanation =
    Explanation::new("mixes-up-answers", "the answer to one frame contains parts of another");

pub(super) const BAD_JSON_NOT_REFUSED: Explanation = Explanation::new(
    "bad-json-not-refused",
    "answer any body that is not a JSON object with `bad json` and the id null; the next frame begins where this one \
     ends, so keep the connection open",
);

pub(super) const REPLACES_INVALID_UTF8: Explanation = Explanation::new(
    "replaces-invalid-utf8",
    "bytes that are not UTF-8 are not JSON, and must not be turned into JSON: `from_utf8_lossy` replaces them. \
     Give the parser the bytes as received; the answer is `bad json`, and the connection stays open",
);

pub(super) const ACCEPTS_JSON_THAT_IS_NOT_AN_OBJECT: Explanation = Explanation::new(
    "accepts-json-that-is-not-an-object",
    "a request is an object: answer any other JSON with `bad json`, and keep the connection open. A derived \
     `Deserialize` accepts a list for a struct, too",
);

pub(super) const UNKNOWN_OP_NOT_REFUSED: Explanation = Explanation::new(
    "unknown-op-not-refused",
    "answer any op other than echo, sum and reverse, in exactly this spelling, with `unknown op` and the request's id, \
     and keep the connection open",
);

// Task 3: hostile lengths.

pub(super) const EMPTY_FRAME_NOT_REFUSED: Explanation = Explanation::new(
    "empty-frame-not-refused",
    "a length of zero is a complete frame with an empty body: answer it with `empty frame` and the id null. It is \
     neither the end of the input nor a reason to close",
);

pub(super) const FRAME_LIMIT_TOO_LOW: Explanation = Explanation::new(
    "frame-limit-too-low",
    "the limit is the largest body, in bytes, without its header: a body of exactly this size is valid",
);

pub(super) const FRAME_LIMIT_NOT_CHECKED_FIRST: Explanation = Explanation::new(
    "frame-limit-not-checked-first",
    "the header alone shows that the body is too long: check the length before you wait for the body. A length can \
     be up to 4,294,967,295, even where no index can be that large. The limit applies to requests, not to answers",
);

pub(super) const OPEN_AFTER_FRAME_TOO_LARGE: Explanation = Explanation::new(
    "open-after-frame-too-large",
    "after `frame too large`, close the connection without waiting for the client",
);

pub(super) const REFUSAL_DROPS_EARLIER_FRAMES: Explanation = Explanation::new(
    "refusal-drops-earlier-frames",
    "the frames before a refused one are complete: answer them first",
);

pub(super) const READS_ON_AFTER_REFUSAL: Explanation = Explanation::new(
    "reads-on-after-refusal",
    "after `frame too large`, the start of the next frame is unknown: take nothing that follows for a frame",
);

pub(super) const REFUSAL_ENDS_OTHER_CLIENTS: Explanation =
    Explanation::new("refusal-ends-other-clients", "close only the refused client's connection");

pub(super) const DRAINS_UNTIL_THE_CLIENT_CLOSES: Explanation = Explanation::new(
    "drains-until-the-client-closes",
    "after sending the error, keep reading only for a moment, so that the error arrives. Do not wait for the client to \
     close: that may never happen",
);

pub(super) const ALLOCATES_ANNOUNCED_LENGTH: Explanation = Explanation::new(
    "allocates-announced-length",
    "memory is allocated because a header says so (vec![0; length], with_capacity, reserve): let the buffer grow with \
     what arrives, because a header costs its sender only four bytes",
);

pub(super) const FRAME_AT_LIMIT_NOT_AWAITED: Explanation = Explanation::new(
    "frame-at-limit-not-awaited",
    "a frame as long as the limit is valid, and has a minute to arrive (--frame-timeout-ms 60000)",
);

pub(super) const PARTIAL_FRAME_DROPS_EARLIER_ONES: Explanation = Explanation::new(
    "partial-frame-drops-earlier-ones",
    "answer the complete frames before a partial one",
);

pub(super) const TRUNCATED_FRAME_NOT_DROPPED: Explanation = Explanation::new(
    "truncated-frame-not-dropped",
    "the input ended inside a frame: what arrived is not a request. The client will send nothing more, so close the \
     connection without an answer",
);

// Task 4: deadlines.

pub(super) const DEADLINE_STARTS_BEFORE_FRAME: Explanation = Explanation::new(
    "deadline-starts-before-frame",
    "the deadline for a frame starts with the frame's first byte, not with the connection or the previous frame",
);

pub(super) const DEADLINE_WITHOUT_HEADER: Explanation = Explanation::new(
    "deadline-without-header",
    "the deadline applies to the whole frame, including its header: it starts with the first byte",
);

pub(super) const DEADLINE_WITHOUT_BODY: Explanation = Explanation::new(
    "deadline-without-body",
    "the deadline applies to the whole frame: it must also end a wait for the body",
);

pub(super) const DEADLINE_IGNORES_BUFFERED_BYTES: Explanation = Explanation::new(
    "deadline-ignores-buffered-bytes",
    "a frame begins when its first byte arrives, even together with the previous frame: check what is left in the \
     buffer",
);

pub(super) const FRAME_DEADLINE_RESTARTS: Explanation = Explanation::new(
    "frame-deadline-restarts",
    "the deadline restarts with each byte or with the body, or starts only after another client's frame: set it once, \
     at the first byte of the frame, for the whole frame",
);

pub(super) const DEADLINE_BETWEEN_FRAMES: Explanation = Explanation::new(
    "deadline-between-frames",
    "between two frames, and before the first, a client may be silent as long as it likes: the deadline starts with \
     the first byte of a frame and ends with its last",
);

pub(super) const FRAME_IN_TIME_NOT_ANSWERED: Explanation = Explanation::new(
    "frame-in-time-not-answered",
    "answer a frame that is complete before its deadline, in whatever pieces it arrived",
);

pub(super) const OPEN_AFTER_FRAME_TIMEOUT: Explanation = Explanation::new(
    "open-after-frame-timeout",
    "after `frame timeout`, close the connection without waiting for the client",
);

pub(super) const DRAIN_DEADLINE_RESTARTS: Explanation = Explanation::new(
    "drain-deadline-restarts",
    "after sending the error, keep reading only for a moment, so that the error arrives: set one time limit, which \
     does not restart with each byte",
);

pub(super) const UNREAD_ANSWERS_PILE_UP: Explanation = Explanation::new(
    "unread-answers-pile-up",
    "answers pile up for a client that does not read: write each answer before you take the next frame",
);

pub(super) const CLIENTS_SHARE_STATE: Explanation = Explanation::new(
    "clients-share-state",
    "give each client its own buffer, its own position in a frame and its own task or thread, so that no client \
     affects another",
);
