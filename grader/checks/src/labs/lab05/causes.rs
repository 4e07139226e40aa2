//! Why a server most likely fails to shut down correctly.

use engine::verdict::Explanation;

// Before the signal.

pub(super) const SLEEP_TOO_SHORT: Explanation = Explanation::new(
    "sleep-too-short",
    "a SLEEP was answered too early: wait for its full number of milliseconds, up to 60000",
);

// The end of the program.

pub(super) const SIGNAL_NOT_AWAITED: Explanation = Explanation::new(
    "signal-not-awaited",
    "no task waits for the signal at this point, or a task that the shutdown waits for never ends. Was the tracker \
     closed? Does an idle client's task end?",
);

pub(super) const DRAIN_WITHOUT_DEADLINE: Explanation = Explanation::new(
    "drain-without-deadline",
    "nothing ends the drain when the grace period is over: put a timeout around it",
);

pub(super) const SECOND_SIGNAL_IGNORED: Explanation = Explanation::new(
    "second-signal-ignored",
    "while it drains, the program does not react to a second signal",
);

pub(super) const WAITS_FOR_UNRELATED: Explanation = Explanation::new(
    "waits-for-unrelated",
    "the program waits for something that has nothing to do with the remaining clients",
);

pub(super) const SIGNAL_HANDLER_MISSING: Explanation = Explanation::new(
    "signal-handler-missing",
    "the signal had its default action and killed the program: no handler was installed, or not yet. Install it in \
     `signals`, before printing `listening on`",
);

pub(super) const ABORTS_UNREPORTED: Explanation = Explanation::new(
    "aborts-unreported",
    "requests were in flight, but the program ended as if there were none: give them the grace period, and exit with \
     status 1 if that is not enough",
);

pub(super) const FIRST_SIGNAL_ABORTS: Explanation = Explanation::new(
    "first-signal-aborts",
    "the first signal ended the program although a request was in flight",
);

pub(super) const CLEAN_DRAIN_IS_AN_ERROR: Explanation = Explanation::new(
    "clean-drain-is-an-error",
    "after a clean drain, `serve` returned status 1 or an error",
);

pub(super) const DIED_WHILE_STOPPING: Explanation = Explanation::new(
    "died-while-stopping",
    "the program crashed: its last words on standard error may say why",
);

pub(super) const WRONG_EXIT_STATUS: Explanation = Explanation::new(
    "wrong-exit-status",
    "each kind of shutdown has its own status: 0 if drained, 1 if forced, 130 after a second signal",
);

// The listener.

pub(super) const LISTENER_KEPT_OPEN: Explanation = Explanation::new(
    "listener-kept-open",
    "a listener is closed when its last owner drops it: drop it as soon as the signal arrives, before you wait for \
     clients",
);

// The drain.

pub(super) const SIGNAL_INTERRUPTS_REQUEST: Explanation = Explanation::new(
    "signal-interrupts-request",
    "the signal interrupts the SLEEP, for example because a select! around it also waits for the token. Requests in \
     flight must finish: let only idle clients react to the token",
);

pub(super) const RESET_AFTER_ANSWER: Explanation = Explanation::new(
    "reset-after-answer",
    "the socket was closed with unread input (or with SO_LINGER 0), so the kernel sent RST (RFC 2525, section 2.17), \
     which may cost the client its answer. Shut down your sending side, spend a moment reading what still arrives, \
     then close",
);

pub(super) const UNSENT_ANSWERS_DROPPED: Explanation = Explanation::new(
    "unsent-answers-dropped",
    "the program ended while it still held part of an answer, in a buffer or in a task that the shutdown does not \
     wait for. An answer is sent once write_all (and flush, for a buffered writer) has returned: wait for that \
     before the client's task ends",
);

pub(super) const WAITS_FOR_CLIENTS_TO_CLOSE: Explanation = Explanation::new(
    "waits-for-clients-to-close",
    "the program has shut down its sending side and waits indefinitely for the client to close (FIN_WAIT2, see the \
     evidence). Spend a moment (100 ms) reading what still arrives, then close",
);

pub(super) const ANSWERS_PARTIAL_LINE: Explanation = Explanation::new(
    "answers-partial-line",
    "part of a line was answered as if it were a request: discard it at shutdown",
);

pub(super) const IDLE_CLIENTS_RESET: Explanation = Explanation::new(
    "idle-clients-reset",
    "closing a socket with SO_LINGER 0, or with unread input, sends RST: shut down your sending side, then drop the \
     stream",
);

pub(super) const IDLE_TASK_NOT_CANCELLED: Explanation = Explanation::new(
    "idle-task-not-cancelled",
    "a task that waits for a line does not learn of the shutdown: in a select!, wait for both the line and \
     `stop.cancelled()`",
);

pub(super) const ANSWER_CANCELLED: Explanation = Explanation::new(
    "answer-cancelled",
    "a task was cancelled while it was writing: select! may drop the wait for a line, but not the future that answers \
     it",
);

// The grace period.

pub(super) const MISCOUNTS_ABORTED: Explanation = Explanation::new(
    "miscounts-aborted",
    "N is the number of connections with a request in flight when the grace period ends: idle connections are \
     closed by then, and no connection is counted twice",
);

pub(super) const GRACE_TIME_CUT_SHORT: Explanation = Explanation::new(
    "grace-time-cut-short",
    "the grace period was cut short: give every request in flight all of it, counted from the signal",
);

pub(super) const WAITS_BEYOND_GRACE_TIME: Explanation = Explanation::new(
    "waits-beyond-grace-time",
    "the grace period is over, but the program still waits for something: exit as soon as it is over",
);

// What is left.

pub(super) const CHILD_LEFT_BEHIND: Explanation = Explanation::new(
    "child-left-behind",
    "the program left a child process running, or did not wait for it. The child keeps the descriptors that it \
     inherited, although the server has ended",
);

pub(super) const ABORTS_IDLE_CLIENT: Explanation = Explanation::new(
    "aborts-idle-client",
    "an idle client's connection was reset: close it with FIN, not with RST",
);

pub(super) const PORT_NOT_REUSABLE: Explanation = Explanation::new(
    "port-not-reusable",
    "the port still has connections in TIME_WAIT, because the old server closed first: set SO_REUSEADDR before bind",
);
