//! The likely causes of this lab's failures, one for each mistake.

use engine::verdict::Explanation;

// Joining.

pub(super) const NO_WELCOME: Explanation = Explanation::new(
    "no-welcome",
    "the first event after a join is `welcome`, with the sorted list of the room's users",
);

pub(super) const USERS_NOT_SORTED: Explanation = Explanation::new(
    "users-not-sorted",
    "list all users in the room, including the client itself, sorted by bytes: upper case comes \
     before lower case",
);

pub(super) const JOIN_NOT_ANNOUNCED: Explanation =
    Explanation::new("join-not-announced", "send `joined` once to each other client in the room");

pub(super) const JOIN_NOT_REFUSED: Explanation = Explanation::new(
    "join-not-refused",
    "answer an invalid join with an error that gives the reason, then close the connection",
);

pub(super) const NO_JOIN_FIRST: Explanation = Explanation::new(
    "no-join-first",
    "answer a message or `who` before the join with `join first`, and keep the connection open",
);

pub(super) const REFUSED_CLIENT_ENTERED: Explanation = Explanation::new(
    "refused-client-entered",
    "a refused client never entered the room: notify no client, and leave the name to its owner",
);

pub(super) const NAMES_IGNORE_CASE: Explanation =
    Explanation::new("names-ignore-case", "names are case-sensitive");

pub(super) const NAME_CHECKED_THEN_TAKEN: Explanation = Explanation::new(
    "name-checked-then-taken",
    "two clients checked the name before either took it, so both found it free: check and take \
     it in one step, under one lock",
);

pub(super) const TAKEN_NAME_NOT_REFUSED: Explanation = Explanation::new(
    "taken-name-not-refused",
    "the first client to ask for a name gets it; refuse every later one",
);

// Leaving.

pub(super) const REMOVES_SUCCESSOR: Explanation = Explanation::new(
    "removes-successor",
    "cleaning up the old connection removed the client that has since joined under its name: let \
     a connection remove only its own entry",
);

pub(super) const NAME_NOT_FREED: Explanation = Explanation::new(
    "name-not-freed",
    "the name is freed on some exits only: free it where they all meet, in the `Drop` of a guard",
);

pub(super) const LEAVE_NOT_ANNOUNCED: Explanation = Explanation::new(
    "leave-not-announced",
    "however a connection ends, send `left` to the other clients, once and immediately",
);

pub(super) const OLD_TASK_ANNOUNCES_LEAVE: Explanation = Explanation::new(
    "old-task-announces-leave",
    "`left` was sent a second time, when the task of the departed client ended",
);

pub(super) const CUT_OFF_CLIENT_LEAVES_TWICE: Explanation = Explanation::new(
    "cut-off-client-leaves-twice",
    "send `left` once: the task of a client that you have disconnected must not send it again \
     when it ends",
);

// Lines.

pub(super) const BAD_JSON_NOT_ANSWERED: Explanation = Explanation::new(
    "bad-json-not-answered",
    "answer a line that is not a command with the error `bad json`, whatever is wrong with it, \
     and do nothing else",
);

pub(super) const WRONG_LINE_LIMIT: Explanation = Explanation::new(
    "wrong-line-limit",
    "a line may have up to 4,096 bytes, not counting its newline",
);

pub(super) const LONG_LINE_NOT_REFUSED: Explanation = Explanation::new(
    "long-line-not-refused",
    "refuse a line as soon as it exceeds the limit: send the error, make sure that it arrives, and \
     close the connection",
);

pub(super) const REFUSED_LINE_NO_LEAVE: Explanation = Explanation::new(
    "refused-line-no-leave",
    "a client that sends too long a line leaves the room: send `left` to the others",
);

// Events.

pub(super) const STRAY_EVENT: Explanation = Explanation::new(
    "stray-event",
    "a client got an event that was not meant for it, or got an event twice",
);

pub(super) const CLIENT_ENDED: Explanation = Explanation::new(
    "client-ended",
    "the server disconnected this client: did it seem too slow, or did its task panic?",
);

pub(super) const EVENT_NOT_JSON: Explanation = Explanation::new(
    "event-not-json",
    "each line must be one complete JSON object: let a library build it, and write it in one piece, \
     with its newline",
);

pub(super) const EVENT_WITHOUT_NEWLINE: Explanation =
    Explanation::new("event-without-newline", "end each event with a newline");

pub(super) const EVENTS_DIFFER: Explanation =
    Explanation::new("events-differ", "an event is lost, duplicated, cut short or out of order");

// Messages.

pub(super) const MESSAGE_NOT_BROADCAST: Explanation = Explanation::new(
    "message-not-broadcast",
    "send each message to all clients in the room, including its sender, once and with the text \
     unchanged",
);

pub(super) const MESSAGE_LOST: Explanation = Explanation::new(
    "message-lost",
    "a message was not put into a client's queue, or was dropped from it: if a queue is full, \
     disconnect its client; never skip a message",
);

pub(super) const MESSAGE_DOUBLED: Explanation = Explanation::new(
    "message-doubled",
    "a client is in the room's list twice, or a message was sent to it twice",
);

pub(super) const MESSAGES_REORDERED: Explanation = Explanation::new(
    "messages-reordered",
    "some clients got the same two messages in different orders: separate tasks fill the queues, or no lock \
     makes the order the same for all clients",
);

// Rooms.

pub(super) const ROOMS_NOT_ISOLATED: Explanation =
    Explanation::new("rooms-not-isolated", "send a room's events only to the clients in it");

pub(super) const SEVERAL_LOCKS_OR_QUEUES: Explanation = Explanation::new(
    "several-locks-or-queues",
    "put each event of a room into the queues of all its clients while holding one lock, and give each client a single \
     queue for messages, notices and the welcome alike",
);

pub(super) const LIST_CHANGED_IN_STEPS: Explanation = Explanation::new(
    "list-changed-in-steps",
    "a list was changed while another task iterated over it, or a name and its room were changed \
     in two steps",
);

pub(super) const LIST_MADE_BEFORE_ENTERING: Explanation = Explanation::new(
    "list-made-before-entering",
    "another client joined after the list was made and before the newcomer entered: make the list, \
     enter and notify the others under one lock",
);

pub(super) const ROOM_REMOVED_WHILE_ENTERED: Explanation = Explanation::new(
    "room-removed-while-entered",
    "the last client to leave removed the room while another was about to enter it: find, enter, \
     leave and remove a room under one lock",
);

pub(super) const KEEPS_STATE_OF_DEPARTED_USERS: Explanation = Explanation::new(
    "keeps-state-of-departed-users",
    "the server keeps something for each departed user: an empty room, a name, a queue. Remove a \
     room when its last user leaves",
);

// Slow readers.

pub(super) const WAITS_FOR_SLOW_READER: Explanation = Explanation::new(
    "waits-for-slow-reader",
    "a slow reader must not affect the others: do not wait for it, and send every other client all \
     messages",
);

pub(super) const SLOW_READER_KEPT: Explanation = Explanation::new(
    "slow-reader-kept",
    "the client's queue has no limit, or drops what does not fit, so that the client misses events \
     without knowing it: disconnect the client instead",
);

pub(super) const CLIENT_QUEUE_UNBOUNDED: Explanation = Explanation::new(
    "client-queue-unbounded",
    "a client's queue has no limit, so events that it does not read pile up",
);

pub(super) const LEFT_SENT_MID_EVENT: Explanation = Explanation::new(
    "left-sent-mid-event",
    "some clients got `left` before the message that caused it, others after it: \
     put one event into all queues before you begin the next",
);

pub(super) const BLOCKED_TASK_NOT_ENDED: Explanation = Explanation::new(
    "blocked-task-not-ended",
    "the client's task is blocked in a write that never ends, or in a read: disconnecting a client must \
     interrupt both",
);

pub(super) const GAP_IN_MESSAGES: Explanation = Explanation::new(
    "gap-in-messages",
    "a message was skipped when the queue was full, and later ones were sent: disconnect the client \
     instead",
);

pub(super) const QUEUE_LENGTH_IGNORED: Explanation = Explanation::new(
    "queue-length-ignored",
    "a client's queue must hold exactly as many events as --queue says, and in one place: not in a channel and \
     a buffer behind it",
);

pub(super) const OWN_MESSAGES_HELD_UP: Explanation = Explanation::new(
    "own-messages-held-up",
    "a client must get its own messages, even if another client does not read. With --queue \
     100000, this few messages must not disconnect any client",
);
