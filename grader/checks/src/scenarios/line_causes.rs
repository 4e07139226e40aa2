//! Why a server of lines fails.

use engine::verdict::Explanation;

pub(super) const ERROR_WITHOUT_CAUSE: Explanation = Explanation::new(
    "error-without-cause",
    "an error is answered where the line was in order, or its time was not over",
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
