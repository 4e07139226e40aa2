//! Why a server that is to stop fails.

use engine::verdict::Explanation;

// Before the signal.

pub(super) const SLEEP_TOO_SHORT: Explanation = Explanation::new(
    "sleep-too-short",
    "any number of milliseconds up to 60000 is waited for, and the line is answered then",
);

// The end of the program.

pub(super) const SIGNAL_NOT_AWAITED: Explanation = Explanation::new(
    "signal-not-awaited",
    "nobody awaits the signal at this point, or the last of those who are waited for never \
     ends: was the tracker closed, does an idle client end?",
);

pub(super) const DRAIN_WITHOUT_DEADLINE: Explanation = Explanation::new(
    "drain-without-deadline",
    "nothing ends the drain when the grace time is over",
);

pub(super) const SECOND_SIGNAL_IGNORED: Explanation = Explanation::new(
    "second-signal-ignored",
    "nobody listens for a second signal while the program drains",
);

pub(super) const WAITS_FOR_UNRELATED: Explanation = Explanation::new(
    "waits-for-unrelated",
    "something is waited for that has nothing to do with the clients that are left",
);

pub(super) const SIGNAL_HANDLER_MISSING: Explanation = Explanation::new(
    "signal-handler-missing",
    "the signal had its default action, which is to kill: its handler was not there (yet). \
     Install it in `signals`, before the line `listening on`",
);

pub(super) const ABORTS_UNREPORTED: Explanation = Explanation::new(
    "aborts-unreported",
    "requests were under way, and it ended as if there were none: they are to have the grace time, \
     and where that is not enough the status says so",
);

pub(super) const FIRST_SIGNAL_ABORTS: Explanation = Explanation::new(
    "first-signal-aborts",
    "it ended by the first signal, though a request was under way",
);

pub(super) const CLEAN_DRAIN_IS_AN_ERROR: Explanation = Explanation::new(
    "clean-drain-is-an-error",
    "`serve` gives status 1, or an error, after a clean drain",
);

pub(super) const DIED_WHILE_STOPPING: Explanation =
    Explanation::new("died-while-stopping", "it died: its last words may tell of what");

pub(super) const WRONG_EXIT_STATUS: Explanation = Explanation::new(
    "wrong-exit-status",
    "each kind of end has its own status: 0 drained, 1 forced, 130 a second signal",
);

// The listener.

pub(super) const LISTENER_KEPT_OPEN: Explanation = Explanation::new(
    "listener-kept-open",
    "the listener is closed when it is dropped, by everybody who has it: drop it as soon \
     as the signal comes, before anybody is waited for",
);

// The drain.

pub(super) const SIGNAL_INTERRUPTS_REQUEST: Explanation = Explanation::new(
    "signal-interrupts-request",
    "the signal ends the sleep, as in a select! with the token around it: the drain waits for what is \
     under way, and only for what is idle does it hear the token",
);

pub(super) const RESET_AFTER_ANSWER: Explanation = Explanation::new(
    "reset-after-answer",
    "the socket was closed while input lay unread in it (or with SO_LINGER at 0), and then the \
     kernel sends RST (RFC 2525, section 2.17), by which the client may lose the answer: shut \
     down your side, read what still comes, for a moment, then close",
);

pub(super) const UNSENT_ANSWERS_DROPPED: Explanation = Explanation::new(
    "unsent-answers-dropped",
    "the program ended while it still held part of an answer, in a buffer or in a task that the shutdown does not wait for. \
     An answer has been sent when write_all (and flush, for a buffered writer) has returned: wait for that before the \
     client's task ends",
);

pub(super) const WAITS_FOR_CLIENTS_TO_CLOSE: Explanation = Explanation::new(
    "waits-for-clients-to-close",
    "the program has shut down its sending side and waits for the client to close, without a limit (FIN_WAIT2, see the \
     evidence): read what is still coming for a moment (100 ms), then close",
);

pub(super) const ANSWERS_PARTIAL_LINE: Explanation = Explanation::new(
    "answers-partial-line",
    "nothing was asked, so there is nothing to answer: a part of a line is no request",
);

pub(super) const IDLE_CLIENTS_RESET: Explanation = Explanation::new(
    "idle-clients-reset",
    "a socket that is closed with SO_LINGER at 0, or while input lies unread in it, sends RST: shut \
     down your side, and drop the stream then",
);

pub(super) const IDLE_TASK_NOT_CANCELLED: Explanation = Explanation::new(
    "idle-task-not-cancelled",
    "a task that waits for a line does not hear that it is time to stop: wait for both, the \
     line and `stop.cancelled()`, in a select!",
);

pub(super) const ANSWER_CANCELLED: Explanation = Explanation::new(
    "answer-cancelled",
    "a task was interrupted while it wrote: select! may drop the wait for a line, but not \
     what reads, answers and writes it",
);

// The grace time.

pub(super) const MISCOUNTS_ABORTED: Explanation = Explanation::new(
    "miscounts-aborted",
    "N is the number of connections with a request in flight when the grace time ends: idle ones are closed by then, \
     and none is counted twice",
);

pub(super) const GRACE_TIME_CUT_SHORT: Explanation = Explanation::new(
    "grace-time-cut-short",
    "the grace time is for all who are under way, from the signal on",
);

pub(super) const WAITS_BEYOND_GRACE_TIME: Explanation =
    Explanation::new("waits-beyond-grace-time", "something else is waited for, too");

// What is left.

pub(super) const CHILD_LEFT_BEHIND: Explanation = Explanation::new(
    "child-left-behind",
    "a child that was started is not waited for, or goes on by itself. It holds what it \
     inherited, and who started it is told that the server has ended",
);

pub(super) const ABORTS_IDLE_CLIENT: Explanation =
    Explanation::new("aborts-idle-client", "an idle client is closed, not broken off");

pub(super) const PORT_NOT_REUSABLE: Explanation = Explanation::new(
    "port-not-reusable",
    "the port has connections in TIME_WAIT, since the old server closed first: \
     set SO_REUSEADDR before bind",
);
