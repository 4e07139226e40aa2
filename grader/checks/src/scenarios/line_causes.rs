//! Why a line server most likely fails.

use engine::verdict::Explanation;

const IDLE_CLOCK_RUNS_TOO_LONG: Explanation = Explanation::new(
    "idle-clock-runs-too-long",
    "the idle clock ran although the client was not idle. Start it when the server begins to wait for a line, and \
     stop it at the first byte of that line. Sleeping, working and writing are not idle time",
);

const LINE_CLOCK_STARTS_EARLY: Explanation = Explanation::new(
    "line-clock-starts-early",
    "the line clock ran although no line had begun: start it at a line's first byte, and stop it when the line is \
     complete",
);

const VALID_SLEEP_REFUSED: Explanation = Explanation::new(
    "valid-sleep-refused",
    "a valid SLEEP was refused: its form is `SLEEP`, one space, 1 to 5 digits with a value of at most 60000, one \
     space, and any text, even an empty one",
);

const LINE_TAKEN_FOR_WORK: Explanation = Explanation::new(
    "line-taken-for-work",
    "a line was refused because it looks like a WORK: echo any line that does not have the form `WORK n text`",
);

const VALID_LINE_REFUSED: Explanation = Explanation::new(
    "valid-line-refused",
    "a line within the limit was refused: a line may have 8,192 bytes without its ending, and each line is counted \
     separately",
);

const VALID_LINE_NOT_DECODED: Explanation = Explanation::new(
    "valid-line-not-decoded",
    "a line of valid UTF-8 was refused: decode whole lines, because a read may end in the middle of a character",
);

const UNKNOWN_ERROR_LINE: Explanation =
    Explanation::new("unknown-error-line", "a valid line was answered with an error line");

/// Why an error line most likely arrived in place of an answer, by its beginning. The last entry matches any error
/// line.
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
    "the server took EOF to mean that the client had gone, but the client had only shut down its sending side: answer \
     the lines it sent before that, then close",
);

pub(super) const SLEEPS_ONE_AT_A_TIME: Explanation = Explanation::new(
    "sleeps-one-at-a-time",
    "a SLEEP blocks a thread that others need: sleep with tokio::time::sleep in the client's own task, not with \
     std::thread::sleep, and not in the accept loop",
);

pub(super) const DECODED_TOO_EARLY: Explanation = Explanation::new(
    "decoded-too-early",
    "the answer has EF BF BD (U+FFFD in UTF-8) in place of other bytes: part of a line was decoded before the line \
     was complete",
);

pub(super) const READ_TAKEN_FOR_A_LINE: Explanation = Explanation::new(
    "read-taken-for-a-line",
    "lines are lost, duplicated, cut or out of order. One read may end in the middle of a line, or return several: \
     collect the bytes, take out whole lines, and keep the rest",
);

pub(super) const SLEEP_CUT_SHORT: Explanation = Explanation::new(
    "sleep-cut-short",
    "SLEEP 30 was answered too early: wait 30 milliseconds first",
);

pub(super) const UNBOUNDED_LINE: Explanation = Explanation::new(
    "unbounded-line",
    "an endless line is collected without limit, as read_line, read_until and lines() do: refuse a line as soon as \
     it has more than 8,192 bytes",
);

pub(super) const CLIENT_NOT_READ: Explanation = Explanation::new(
    "client-not-read",
    "this client's task waits for something other than the client's input",
);

pub(super) const CLIENT_CLOSED_EARLY: Explanation =
    Explanation::new("client-closed-early", "the server closed the connection too early");
