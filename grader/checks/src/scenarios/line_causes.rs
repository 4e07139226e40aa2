//! Why a server of lines fails.

use engine::verdict::Explanation;

const IDLE_CLOCK_RUNS_TOO_LONG: Explanation = Explanation::new(
    "idle-clock-runs-too-long",
    "the idle clock ran although the client was not idle: it starts when the server begins to wait for a line, and \
     stops when the first byte of that line arrives. Sleeping, working and writing are not idle time",
);

const LINE_CLOCK_STARTS_EARLY: Explanation = Explanation::new(
    "line-clock-starts-early",
    "the line clock ran although no line had begun, or began before the line's first byte",
);

const VALID_SLEEP_REFUSED: Explanation = Explanation::new(
    "valid-sleep-refused",
    "a SLEEP of a valid form was refused: one space, 1 to 5 digits with a value of at most 60000, one space, and any \
     text, which may be empty",
);

const LINE_TAKEN_FOR_WORK: Explanation = Explanation::new(
    "line-taken-for-work",
    "a line was refused as WORK that is not of the form `WORK n text`: such a line is echoed like any other",
);

const VALID_LINE_REFUSED: Explanation = Explanation::new(
    "valid-line-refused",
    "a line within the limit was refused: 8,192 bytes without the line ending are allowed, and each line is counted \
     by itself",
);

const VALID_LINE_NOT_DECODED: Explanation = Explanation::new(
    "valid-line-not-decoded",
    "a line that is UTF-8 was refused: decode whole lines, because a read may end in the middle of a character",
);

const UNKNOWN_ERROR_LINE: Explanation =
    Explanation::new("unknown-error-line", "an error line came for a line that is in order");

/// Why an error line most likely came where an answer should have: by the beginning of the line. The last fits all.
pub(super) const UNEXPECTED_ERRORS: [(&[u8], Explanation); 7] = [
    (b"ERR idle timeout", IDLE_CLOCK_RUNS_TOO_LONG),
    (b"ERR line timeout", LINE_CLOCK_STARTS_EARLY),
    (b"ERR bad sleep", VALID_SLEEP_REFUSED),
    (b"ERR bad work", LINE_TAKEN_FOR_WORK),
    (b"ERR line too long", VALID_LINE_REFUSED),
    (b"ERR not utf-8", VALID_LINE_NOT_DECODED),
    (b"ERR ", UNKNOWN_ERROR_LINE),
];

pub(super) const EOF_CANCELS_REQUEST: Explanation = Explanation::new(
    "eof-cancels-request",
    "the end of the client's input was taken for the end of the client: it has only shut down its sending side, and waits \
     for the answers to the lines that it sent before",
);

pub(super) const SLEEPS_ONE_AT_A_TIME: Explanation = Explanation::new(
    "sleeps-one-at-a-time",
    "a SLEEP blocks a thread that others need: sleep with tokio::time::sleep in a task of the client's own, not with \
     std::thread::sleep, and not in the accept loop",
);

pub(super) const DECODED_TOO_EARLY: Explanation = Explanation::new(
    "decoded-too-early",
    "the answer has the bytes EF BF BD, U+FFFD in UTF-8, where other bytes were sent: a piece of \
     input was taken for text before the line was whole",
);

pub(super) const READ_TAKEN_FOR_A_LINE: Explanation = Explanation::new(
    "read-taken-for-a-line",
    "lines are lost, doubled, cut or out of order. What one read returns may end in the middle of \
     a line, or hold several: take whole lines out of what was collected, and keep the rest",
);

pub(super) const SLEEP_CUT_SHORT: Explanation =
    Explanation::new("sleep-cut-short", "SLEEP 30 is answered after 30 milliseconds");

pub(super) const UNBOUNDED_LINE: Explanation = Explanation::new(
    "unbounded-line",
    "a line without an end is collected as long as it goes on (read_line, read_until and \
     lines() do that): refuse it as soon as there is more than 8,192 bytes",
);

pub(super) const CLIENT_NOT_READ: Explanation =
    Explanation::new("client-not-read", "the task of this client waits for something else");

pub(super) const CLIENT_CLOSED_EARLY: Explanation =
    Explanation::new("client-closed-early", "a client is served until it goes");
