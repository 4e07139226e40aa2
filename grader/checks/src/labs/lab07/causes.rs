//! Why a chat server most likely failed, by the mistake behind it.

use engine::verdict::Explanation;

// Joining.

pub(super) const NO_WELCOME: Explanation = Explanation::new(
    "no-welcome",
    "who joins is welcomed first, with the sorted list of who is there",
);

pub(super) const USERS_NOT_SORTED: Explanation = Explanation::new(
    "users-not-sorted",
    "the list is of all who are in the room, oneself included, sorted by bytes: capitals before \
     small letters",
);

pub(super) const JOIN_NOT_ANNOUNCED: Explanation =
    Explanation::new("join-not-announced", "all who are in the room hear of one who joins, once");

pub(super) const JOIN_NOT_REFUSED: Explanation = Explanation::new(
    "join-not-refused",
    "a join that cannot be is answered with an error, its reason, and the end",
);

pub(super) const NO_JOIN_FIRST: Explanation = Explanation::new(
    "no-join-first",
    "before the join a message or a question is answered with `join first`, and the connection \
     goes on",
);

pub(super) const REFUSED_CLIENT_ENTERED: Explanation = Explanation::new(
    "refused-client-entered",
    "who is refused was never there: nobody hears of it, and it takes nobody's name with it",
);

pub(super) const NAMES_IGNORE_CASE: Explanation =
    Explanation::new("names-ignore-case", "names are told apart by case");

pub(super) const NAME_CHECKED_THEN_TAKEN: Explanation = Explanation::new(
    "name-checked-then-taken",
    "between the look whether a name is free and the moment it is taken another client has \
     looked, too: do both in one step, under one lock",
);

pub(super) const TAKEN_NAME_NOT_REFUSED: Explanation = Explanation::new(
    "taken-name-not-refused",
    "the first who asks gets the name, and everybody after it is told that it is taken",
);

// Leaving.

pub(super) const REMOVES_SUCCESSOR: Explanation = Explanation::new(
    "removes-successor",
    "the one who came again was removed when the old connection's end was noticed",
);

pub(super) const NAME_NOT_FREED: Explanation = Explanation::new(
    "name-not-freed",
    "the name is freed on some ways out only: give it back where all of them meet, in a drop",
);

pub(super) const LEAVE_NOT_ANNOUNCED: Explanation = Explanation::new(
    "leave-not-announced",
    "each end of a connection is leaving: the others hear of it once, and at once",
);

pub(super) const OLD_TASK_ANNOUNCES_LEAVE: Explanation = Explanation::new(
    "old-task-announces-leave",
    "`left` was sent again when the task of somebody who had left came to its end",
);

pub(super) const CUT_OFF_CLIENT_LEAVES_TWICE: Explanation = Explanation::new(
    "cut-off-client-leaves-twice",
    "`left` is heard once: who was cut off has left, and does not leave again when its task ends",
);

// Lines.

pub(super) const BAD_JSON_NOT_ANSWERED: Explanation = Explanation::new(
    "bad-json-not-answered",
    "what is no command is answered with the error `bad json`, whatever is wrong with it, and \
     nothing else comes of it",
);

pub(super) const WRONG_LINE_LIMIT: Explanation =
    Explanation::new("wrong-line-limit", "a line has at most 4,096 bytes, its newline not counted");

pub(super) const LONG_LINE_NOT_REFUSED: Explanation = Explanation::new(
    "long-line-not-refused",
    "a line that is too long is refused as soon as that is clear, with an error that arrives, and \
     the end",
);

pub(super) const REFUSED_LINE_NO_LEAVE: Explanation =
    Explanation::new("refused-line-no-leave", "the others hear that it has left");

// Events.

pub(super) const STRAY_EVENT: Explanation = Explanation::new(
    "stray-event",
    "something was sent that nobody was to hear, or it was sent twice",
);

pub(super) const CLIENT_ENDED: Explanation = Explanation::new(
    "client-ended",
    "the server has ended this client: was it taken for too slow, or has its task panicked?",
);

pub(super) const EVENT_NOT_JSON: Explanation = Explanation::new(
    "event-not-json",
    "each line is one whole JSON object: leave making it to a library, and write it in one piece, \
     with its newline",
);

pub(super) const EVENT_WITHOUT_NEWLINE: Explanation =
    Explanation::new("event-without-newline", "each event is a line of its own");

pub(super) const EVENTS_DIFFER: Explanation =
    Explanation::new("events-differ", "an event is lost, doubled, cut or out of order");

// Messages.

pub(super) const MESSAGE_NOT_BROADCAST: Explanation = Explanation::new(
    "message-not-broadcast",
    "a message goes to all who are in the room, also to the one who has sent it, once, with the \
     same text",
);

pub(super) const MESSAGE_LOST: Explanation = Explanation::new(
    "message-lost",
    "a message was not put into somebody's queue, or was dropped from it: a queue that is full is \
     a reason to cut somebody off, never to skip",
);

pub(super) const MESSAGE_DOUBLED: Explanation = Explanation::new(
    "message-doubled",
    "somebody is in the room's list twice, or a message is sent again to those who had it",
);

pub(super) const MESSAGES_REORDERED: Explanation = Explanation::new(
    "messages-reordered",
    "two messages overtook one another: the queues are filled by tasks of their own, or without a \
     lock that makes one message the first for all",
);

// Rooms.

pub(super) const ROOMS_NOT_ISOLATED: Explanation =
    Explanation::new("rooms-not-isolated", "what happens in a room is for those who are in it");

pub(super) const SEVERAL_LOCKS_OR_QUEUES: Explanation = Explanation::new(
    "several-locks-or-queues",
    "what happens in a room is put into the queues of all under one lock, and into one queue for \
     each: messages, notices and the welcome alike",
);

pub(super) const LIST_CHANGED_IN_STEPS: Explanation = Explanation::new(
    "list-changed-in-steps",
    "a list was changed while somebody else walked through it, or a name and its room were changed \
     in two steps",
);

pub(super) const LIST_MADE_BEFORE_ENTERING: Explanation = Explanation::new(
    "list-made-before-entering",
    "somebody has come between the moment in which the list was made and the one in which the \
     newcomer is in it: make the list, enter and tell the others under one lock",
);

pub(super) const ROOM_REMOVED_WHILE_ENTERED: Explanation = Explanation::new(
    "room-removed-while-entered",
    "the last one who leaves takes the room away, and somebody had got hold of it to enter: look \
     for a room, enter, leave and take it away under one lock",
);

pub(super) const KEEPS_STATE_OF_DEPARTED_USERS: Explanation = Explanation::new(
    "keeps-state-of-departed-users",
    "something of each user or room is kept: a room that is empty, a name, a queue. Remove a room \
     when its last user leaves",
);

// Slow readers.

pub(super) const WAITS_FOR_SLOW_READER: Explanation = Explanation::new(
    "waits-for-slow-reader",
    "the others go on as if nothing were: nobody waits for the one who does not read, and nobody \
     is left out",
);

pub(super) const SLOW_READER_KEPT: Explanation = Explanation::new(
    "slow-reader-kept",
    "its queue has no limit, or what does not fit is thrown away: then it misses something and \
     goes on as if it had not",
);

pub(super) const CLIENT_QUEUE_UNBOUNDED: Explanation = Explanation::new(
    "client-queue-unbounded",
    "the queue of a client has no limit: what it does not read piles up",
);

pub(super) const LEFT_SENT_MID_EVENT: Explanation = Explanation::new(
    "left-sent-mid-event",
    "`left` was sent to some before they had the message that caused it, to others after it: \
     finish one event for all before the next one begins",
);

pub(super) const BLOCKED_TASK_NOT_ENDED: Explanation = Explanation::new(
    "blocked-task-not-ended",
    "its task sleeps in a write that never ends, or in a read: what cuts a client off has to reach \
     it there",
);

pub(super) const GAP_IN_MESSAGES: Explanation = Explanation::new(
    "gap-in-messages",
    "something was left out when there was no room: after a gap nothing may follow but the end",
);

pub(super) const QUEUE_LENGTH_IGNORED: Explanation = Explanation::new(
    "queue-length-ignored",
    "the queue of a client holds as many events as --queue says: not more, not fewer, and not in two places (a channel and a \
     buffer behind it)",
);

pub(super) const OWN_MESSAGES_HELD_UP: Explanation = Explanation::new(
    "own-messages-held-up",
    "a client's own messages come back to it, whoever else does not read; and with --queue 100000 \
     nobody is cut off by so few",
);
