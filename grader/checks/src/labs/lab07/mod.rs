//! Lab 07, chat: rooms in which a client that does not read delays no other.

mod causes;
mod client;
mod join;
mod leave;
mod lines;
mod lock;
mod memory;
mod messages;
mod protocol;
mod room;
mod slow_reader;
mod stalled;
mod start;
mod storm;
mod storm_view;

use std::time::Duration;

use course::labs::{Category, CheckInfo, lab};
use engine::drive::{Program, Service, Start};
use engine::lab::{Check, Lab};

use self::protocol::{OwnMessage, OwnRoom};
use crate::scenarios::resources;

// The benchmark of the chat fills rooms, too.
pub use self::room::ChatRoom;

pub(super) static LAB: Lab = Lab {
    info: lab(7),
    service: &Service { programs: &[Program::SERVER], dial: &OwnRoom, exchange: &OwnMessage },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/07-chat.md"),
    residue_check: Some("07/descriptors-return"),
};

const JOIN: &str = "07/join-welcome";
const FANOUT: &str = "07/fanout-exact";
const FREED: &str = "07/name-freed";
const LEAVE: &str = "07/leave-notice";
const BROADCAST: &str = "07/message-broadcast";
const ORDERED: &str = "07/per-sender-order";
const ROOMS: &str = "07/rooms-isolated";
const STORM: &str = "07/join-storm";

/// For checks that have many clients, or send much.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &[
    Check {
        info: CheckInfo {
            id: JOIN,
            task: 1,
            category: Category::Correctness,
            points: 6,
            rule: "who joins gets a sorted list of all in the room, and they hear of it; bad names end",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(join::join_welcome(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/duplicate-name",
            task: 1,
            category: Category::Correctness,
            points: 6,
            rule: "a name that is taken, in any room, is refused; nobody else hears of that",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(join::duplicate_name(trial)),
    },
    Check {
        info: CheckInfo {
            id: FREED,
            task: 1,
            category: Category::Correctness,
            points: 4,
            rule: "who has left, by FIN or by RST, can come again soon under the same name",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(leave::name_freed(trial)),
    },
    Check {
        info: CheckInfo {
            id: LEAVE,
            task: 1,
            category: Category::Correctness,
            points: 6,
            rule: "the others hear exactly once that somebody has left, whichever way",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(leave::leave_notice(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/bad-json",
            task: 1,
            category: Category::Correctness,
            points: 5,
            rule: "a line that is no command is answered with `bad json`, and the client goes on",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lines::bad_json(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/line-too-long",
            task: 1,
            category: Category::Correctness,
            points: 4,
            rule: "4,096 bytes are taken, 4,097 refused as soon as they are there, and the client ends",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lines::line_too_long(trial)),
    },
    Check {
        info: CheckInfo {
            id: BROADCAST,
            task: 2,
            category: Category::Correctness,
            points: 8,
            rule: "a message reaches everyone in the room once, its sender included, unchanged",
            requires: &[JOIN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(messages::message_broadcast(trial)),
    },
    Check {
        info: CheckInfo {
            id: ORDERED,
            task: 2,
            category: Category::Concurrency,
            points: 8,
            rule: "what one client sends in one go arrives in that order",
            requires: &[BROADCAST],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(messages::per_sender_order(trial)),
    },
    Check {
        info: CheckInfo {
            id: ROOMS,
            task: 3,
            category: Category::Correctness,
            points: 6,
            rule: "nothing of one room is heard in another",
            requires: &[BROADCAST, LEAVE],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(messages::rooms_isolated(trial)),
    },
    Check {
        info: CheckInfo {
            id: FANOUT,
            task: 3,
            category: Category::Concurrency,
            points: 12,
            rule: "50 users, 20 messages each: none lost, none twice, the same order for all",
            requires: &[BROADCAST],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(messages::fanout_exact(trial)),
    },
    Check {
        info: CheckInfo {
            id: STORM,
            task: 3,
            category: Category::Concurrency,
            points: 5,
            rule: "200 join at once, half leave while others come: all know who is there, in one order",
            requires: &[LEAVE, ORDERED, FANOUT],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(storm::join_storm(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/memory-flat",
            task: 3,
            category: Category::Cleanup,
            points: 4,
            rule: "2,000 users in rooms of their own come and go, and leave nothing behind",
            requires: &[FREED],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(memory::memory_flat(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/lock-not-held",
            task: 4,
            category: Category::Concurrency,
            points: 8,
            rule: "while one socket is stalled, others join, ask who is there, and leave",
            requires: &[BROADCAST, LEAVE],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lock::lock_not_held(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/slow-consumer",
            task: 4,
            category: Category::Concurrency,
            points: 12,
            rule: "who never reads is cut off, in the order of the room, and delays nobody",
            requires: &[FANOUT, LEAVE],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(slow_reader::slow_consumer(trial)),
    },
    Check {
        info: CheckInfo {
            id: "07/descriptors-return",
            task: 4,
            category: Category::Cleanup,
            points: 6,
            rule: "after 2,000 users descriptors are as before and no socket of theirs is left",
            requires: &[ROOMS],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
    },
];
