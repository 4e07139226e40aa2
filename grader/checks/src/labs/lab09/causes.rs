//! Why a program most likely fails a check of this lab: each mistake with its text.

use engine::verdict::Explanation;
use serde_json::Value;

// What is wrong with the frames that a server sends.

pub(super) const FRAMES_CORRUPTED: Explanation =
    Explanation::new("frames-corrupted", "frames are lost, doubled, cut or out of order");

pub(super) const MORE_THAN_ONE_ANSWER: Explanation = Explanation::new(
    "more-than-one-answer",
    "each request has one answer, and after the body of a frame comes the header of the next: no newline, no zero",
);

pub(super) const FRAME_CONNECTION_DROPPED: Explanation = Explanation::new(
    "frame-connection-dropped",
    "the server has ended this client: has its task given up because of an error, or panicked?",
);

pub(super) const WRONG_LENGTH_IN_HEADER: Explanation = Explanation::new(
    "wrong-length-in-header",
    "the header of an answer says how many bytes its body has: as UTF-8, not in characters, and its own four bytes do \
     not count",
);

pub(super) const LITTLE_ENDIAN_HEADER: Explanation = Explanation::new(
    "little-endian-header",
    "that length makes sense in little-endian order only: a header has its most significant byte first (`to_be_bytes`)",
);

pub(super) const HEADER_MISSING: Explanation = Explanation::new(
    "header-missing",
    "there is text where a header should be: each answer begins with its length, in four bytes, and nothing stands \
     between two frames",
);

pub(super) const ANSWER_NOT_AN_OBJECT: Explanation = Explanation::new(
    "answer-not-an-object",
    "each answer is an object, with the request's id and `ok` or `error`",
);

pub(super) const ANSWER_WITHOUT_BODY: Explanation = Explanation::new(
    "answer-without-body",
    "four zeros are a header, too, of an empty body: is the length written in four bytes?",
);

pub(super) const ANSWER_NOT_JSON: Explanation = Explanation::new(
    "answer-not-json",
    "the body of an answer is one JSON object in UTF-8: leave making it to a library, and write each frame in one \
     piece, its header first",
);

// What an error says of how a server has read a frame that is right.

const HEADER_MISREAD: Explanation = Explanation::new(
    "header-misread",
    "another length was taken from the header than is there: its most significant byte comes first, and it counts the \
     body alone. Or four bytes were taken for a header that are none",
);

const WAITS_FOR_MORE_OF_A_WHOLE_FRAME: Explanation = Explanation::new(
    "waits-for-more-of-a-whole-frame",
    "the program waited for more of a frame that was whole: is the length that of the body alone, and is all that a \
     read returned kept until it is used?",
);

const BODY_CUT_AT_THE_WRONG_PLACE: Explanation = Explanation::new(
    "body-cut-at-the-wrong-place",
    "the body was cut at the wrong place, or is no request to the program: it begins after the header's four bytes, and \
     has as many bytes as they say",
);

const ZEROS_TAKEN_FOR_A_HEADER: Explanation = Explanation::new(
    "zeros-taken-for-a-header",
    "four zeros were taken for a header that are none, or a whole frame for an empty one",
);

/// Why `object` is the answer to a good request, if that can be told from the answer alone.
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
    "what one read returns may end anywhere, inside the header, too: collect what comes, take a frame out once it is \
     whole, and keep what is left for the next read",
);

pub(super) const ONE_FRAME_PER_READ: Explanation = Explanation::new(
    "one-frame-per-read",
    "one read may return several frames: after each that was taken out look whether the next one is whole, and read \
     again only when it is not",
);

pub(super) const WAITS_FOR_THE_NEXT_FRAME: Explanation = Explanation::new(
    "waits-for-the-next-frame",
    "an answer is sent as soon as its frame is whole, whatever has come of the next one, of which nothing may be lost",
);

// Task 2: encode and serve.

pub(super) const CHANGES_ECHOED_VALUES: Explanation = Explanation::new(
    "changes-echoed-values",
    "`echo` gives back any value as it came: a number, a string, null, a list, an object",
);

pub(super) const CHANGES_IDS: Explanation =
    Explanation::new("changes-ids", "an id comes back as it is");

pub(super) const WRONG_SUM: Explanation = Explanation::new(
    "wrong-sum",
    "`sum` adds numbers, whole or not, of either sign; of none it is 0",
);

pub(super) const REVERSES_BYTES_OR_GRAPHEMES: Explanation = Explanation::new(
    "reverses-bytes-or-graphemes",
    "`reverse` turns Unicode scalar values around, which Rust calls `char`: neither bytes nor what a reader takes for \
     one character",
);

pub(super) const PARSES_JSON_BY_HAND: Explanation = Explanation::new(
    "parses-json-by-hand",
    "the body is JSON in any of its forms: leave reading it to a library",
);

pub(super) const BAD_VALUE_NOT_REFUSED: Explanation = Explanation::new(
    "bad-value-not-refused",
    "a value that the op cannot take is answered with `bad value` and the request's id, and the connection goes on",
);

pub(super) const DROPS_FRAMES_AT_EOF: Explanation = Explanation::new(
    "drops-frames-at-eof",
    "the end of the input is no reason to leave whole frames unanswered: first all answers, then the end",
);

pub(super) const ANSWERS_WITHOUT_THEIR_ID: Explanation =
    Explanation::new("answers-without-their-id", "an answer has the id of its request");

pub(super) const ANSWERS_FRAMES_TWICE: Explanation = Explanation::new(
    "answers-frames-twice",
    "a frame was taken out of the buffer and left there, or an answer written twice",
);

pub(super) const LOSES_PIPELINED_FRAMES: Explanation = Explanation::new(
    "loses-pipelined-frames",
    "frames are lost: what a read has returned beyond one frame belongs to the next ones",
);

pub(super) const ANSWERS_OUT_OF_ORDER: Explanation = Explanation::new(
    "answers-out-of-order",
    "each frame is answered by a task or thread of its own, and the quickest is first: answer one before you take the \
     next, or keep their order",
);

pub(super) const MIXES_UP_ANSWERS: Explanation =
    Explanation::new("mixes-up-answers", "the answer to one frame has something of another one's");

pub(super) const BAD_JSON_NOT_REFUSED: Explanation = Explanation::new(
    "bad-json-not-refused",
    "a body that is no JSON object, whatever else it is, is answered with `bad json` and the id null; the next frame \
     begins where this one ends, so the connection goes on",
);

pub(super) const REPLACES_INVALID_UTF8: Explanation = Explanation::new(
    "replaces-invalid-utf8",
    "bytes that are not UTF-8 are no JSON, and are not to be made so: `from_utf8_lossy` puts others in their place. \
     Give the parser the bytes as they came; the answer is `bad json`, and the connection goes on",
);

pub(super) const ACCEPTS_JSON_THAT_IS_NOT_AN_OBJECT: Explanation = Explanation::new(
    "accepts-json-that-is-not-an-object",
    "a request is an object; what else is JSON is answered with `bad json`, and the connection goes on. A derived \
     `Deserialize` takes a list for a struct, too",
);

pub(super) const UNKNOWN_OP_NOT_REFUSED: Explanation = Explanation::new(
    "unknown-op-not-refused",
    "any other op than echo, sum and reverse, in just these letters, is answered with `unknown op` and the request's \
     id, and the connection goes on",
);

// Task 3: hostile lengths.

pub(super) const EMPTY_FRAME_NOT_REFUSED: Explanation = Explanation::new(
    "empty-frame-not-refused",
    "a length of zero is a whole frame, with an empty body: it is answered with `empty frame` and the id null. It is \
     neither the end of the input nor a reason to end",
);

pub(super) const FRAME_LIMIT_TOO_LOW: Explanation = Explanation::new(
    "frame-limit-too-low",
    "the limit is the most bytes that a body may have, its header not counted: a body of just so many is a good one",
);

pub(super) const FRAME_LIMIT_NOT_CHECKED_FIRST: Explanation = Explanation::new(
    "frame-limit-not-checked-first",
    "the header alone says that the body is too long: look at it before you wait for the body. Lengths go up to \
     4,294,967,295, also where that is no index; and the limit is for requests, not for what is answered",
);

pub(super) const OPEN_AFTER_FRAME_TOO_LARGE: Explanation = Explanation::new(
    "open-after-frame-too-large",
    "after `frame too large` the connection is closed, by the program, and at once",
);

pub(super) const REFUSAL_DROPS_EARLIER_FRAMES: Explanation = Explanation::new(
    "refusal-drops-earlier-frames",
    "the frames before one that is refused are whole, and are answered first",
);

pub(super) const READS_ON_AFTER_REFUSAL: Explanation = Explanation::new(
    "reads-on-after-refusal",
    "after `frame too large` nobody knows where the next frame begins: nothing of what follows is a frame",
);

pub(super) const REFUSAL_ENDS_OTHER_CLIENTS: Explanation =
    Explanation::new("refusal-ends-other-clients", "a client that is refused ends alone");

pub(super) const DRAINS_UNTIL_THE_CLIENT_CLOSES: Explanation = Explanation::new(
    "drains-until-the-client-closes",
    "what comes after the last words may be read for a moment, so that they arrive; but not until the client closes, \
     which it may never do",
);

pub(super) const ALLOCATES_ANNOUNCED_LENGTH: Explanation = Explanation::new(
    "allocates-announced-length",
    "memory is taken because a header says so (vec![0; length], with_capacity, reserve): let the buffer grow by what \
     arrives, since a header costs its sender four bytes",
);

pub(super) const FRAME_AT_LIMIT_NOT_AWAITED: Explanation = Explanation::new(
    "frame-at-limit-not-awaited",
    "a frame as long as the limit is a good one, and has a minute to arrive (--frame-timeout-ms 60000)",
);

pub(super) const PARTIAL_FRAME_DROPS_EARLIER_ONES: Explanation = Explanation::new(
    "partial-frame-drops-earlier-ones",
    "the frames before a part of one are answered",
);

pub(super) const TRUNCATED_FRAME_NOT_DROPPED: Explanation = Explanation::new(
    "truncated-frame-not-dropped",
    "the input ended inside a frame: what there is of it is no request. The client has said all that it will, so \
     close; and nothing is answered, since nobody asked anything",
);

// Task 4: deadlines.

pub(super) const DEADLINE_STARTS_BEFORE_FRAME: Explanation = Explanation::new(
    "deadline-starts-before-frame",
    "the clock of a frame begins with its first byte: neither with the connection nor with the frame before",
);

pub(super) const DEADLINE_WITHOUT_HEADER: Explanation = Explanation::new(
    "deadline-without-header",
    "the deadline is for the whole frame, its header included: it begins with the first byte",
);

pub(super) const DEADLINE_WITHOUT_BODY: Explanation = Explanation::new(
    "deadline-without-body",
    "the deadline is for the whole frame: who waits for the body waits no longer than for it",
);

pub(super) const DEADLINE_IGNORES_BUFFERED_BYTES: Explanation = Explanation::new(
    "deadline-ignores-buffered-bytes",
    "a frame has begun when its first byte is there, also where that came with the frame before: look at what is left \
     in the buffer",
);

pub(super) const FRAME_DEADLINE_RESTARTS: Explanation = Explanation::new(
    "frame-deadline-restarts",
    "the deadline begins anew with each byte, or with the body, or only when another client's frame is done: set it \
     once, at the first byte of the frame, and let it be for all of them",
);

pub(super) const DEADLINE_BETWEEN_FRAMES: Explanation = Explanation::new(
    "deadline-between-frames",
    "between two frames, and before the first, a client may be silent as long as it likes: the deadline begins with the \
     first byte of a frame, and ends with its last",
);

pub(super) const FRAME_IN_TIME_NOT_ANSWERED: Explanation = Explanation::new(
    "frame-in-time-not-answered",
    "a frame that is whole before its deadline is answered, however it came",
);

pub(super) const OPEN_AFTER_FRAME_TIMEOUT: Explanation = Explanation::new(
    "open-after-frame-timeout",
    "after `frame timeout` the connection is closed, by the program, and at once",
);

pub(super) const DRAIN_DEADLINE_RESTARTS: Explanation = Explanation::new(
    "drain-deadline-restarts",
    "what comes after the last words may be read for a moment, so that they arrive; the limit of that is one for all \
     of it, and does not begin anew with each byte",
);

pub(super) const UNREAD_ANSWERS_PILE_UP: Explanation = Explanation::new(
    "unread-answers-pile-up",
    "answers pile up for a client that does not read: write one before the next frame is taken",
);

pub(super) const CLIENTS_SHARE_STATE: Explanation = Explanation::new(
    "clients-share-state",
    "each client has a buffer, a place in its frame and a task or thread of its own: what one does concerns nobody else",
);
