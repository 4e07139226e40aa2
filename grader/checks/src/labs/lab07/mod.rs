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

use course::labs::lab;
use engine::drive::{Program, Service, Start};
use engine::lab::{Check, Lab, check, of_lab};

use self::protocol::{OwnMessage, OwnRoom};
use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::resources;

// The benchmark of the chat fills rooms, too.
pub use self::room::ChatRoom;

pub(super) static LAB: Lab = Lab {
    info: lab(7),
    service: &Service { programs: &[Program::SERVER], dial: &OwnRoom, exchange: &OwnMessage },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/07-chat.md"),
    residue_check: Some("descriptors-return"),
};

const JOIN: &str = "join-welcome";
const FANOUT: &str = "fanout-exact";
const FREED: &str = "name-freed";
const LEAVE: &str = "leave-notice";
const BROADCAST: &str = "message-broadcast";
const ORDERED: &str = "per-sender-order";
const ROOMS: &str = "rooms-isolated";
const STORM: &str = "join-storm";

/// For checks that have many clients, or send much.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &of_lab(7, [
    check(JOIN)
        .task(1)
        .correctness(6)
        .rule("a new user gets a sorted list of the room, which hears of it; a bad name is closed")
        .run(|trial| Box::pin(join::join_welcome(trial))),
    check("duplicate-name")
        .task(1)
        .correctness(6)
        .rule("a name that is taken, in any room, is refused; nobody else hears of that")
        .requires(&[JOIN])
        .run(|trial| Box::pin(join::duplicate_name(trial))),
    check(FREED)
        .task(1)
        .correctness(4)
        .rule("who has left, by FIN or by RST, can come again soon under the same name")
        .requires(&[JOIN])
        .run(|trial| Box::pin(leave::name_freed(trial))),
    check(LEAVE)
        .task(1)
        .correctness(6)
        .rule("the others hear exactly once that somebody has left, whichever way")
        .requires(&[JOIN])
        .run(|trial| Box::pin(leave::leave_notice(trial))),
    check("bad-json")
        .task(1)
        .correctness(5)
        .rule("a line that is no command is answered with `bad json`, and the client goes on")
        .requires(&[JOIN])
        .run(|trial| Box::pin(lines::bad_json(trial))),
    check("line-too-long")
        .task(1)
        .correctness(4)
        .rule("a line of 4,096 bytes is taken; one of 4,097 is refused at once and closed")
        .requires(&[JOIN])
        .run(|trial| Box::pin(lines::line_too_long(trial))),
    check(BROADCAST)
        .task(2)
        .correctness(8)
        .rule("a message reaches everyone in the room once, its sender included, unchanged")
        .requires(&[JOIN])
        .run(|trial| Box::pin(messages::message_broadcast(trial))),
    check(ORDERED)
        .task(2)
        .concurrency(8)
        .rule("what one client sends in one go arrives in that order")
        .requires(&[BROADCAST])
        .run(|trial| Box::pin(messages::per_sender_order(trial))),
    check(ROOMS)
        .task(3)
        .correctness(6)
        .rule("nothing of one room is heard in another")
        .requires(&[BROADCAST, LEAVE])
        .run(|trial| Box::pin(messages::rooms_isolated(trial))),
    check(FANOUT)
        .task(3)
        .concurrency(11)
        .rule("50 users, 20 messages each: none lost, none twice, the same order for all")
        .requires(&[BROADCAST])
        .deadline(LONG)
        .run(|trial| Box::pin(messages::fanout_exact(trial))),
    check(STORM)
        .task(3)
        .concurrency(5)
        .rule("200 join at once, half leave while others come: all see the same order of events")
        .requires(&[LEAVE, ORDERED, FANOUT])
        .deadline(LONG)
        .run(|trial| Box::pin(storm::join_storm(trial))),
    check("memory-flat")
        .task(3)
        .cleanup(4)
        .rule("2,000 users in rooms of their own come and go, and leave nothing behind")
        .requires(&[FREED])
        .deadline(LONG)
        .run(|trial| Box::pin(memory::memory_flat(trial))),
    check("lock-not-held")
        .task(4)
        .concurrency(8)
        .rule("while one socket is stalled, others join, ask who is there, and leave")
        .requires(&[BROADCAST, LEAVE])
        .deadline(LONG)
        .run(|trial| Box::pin(lock::lock_not_held(trial))),
    check("slow-consumer")
        .task(4)
        .concurrency(10)
        .rule("who never reads is cut off, in the order of the room, and delays nobody")
        .requires(&[FANOUT, LEAVE])
        .deadline(LONG)
        .run(|trial| Box::pin(slow_reader::slow_consumer(trial))),
    check("descriptors-return")
        .task(4)
        .cleanup(6)
        .rule("after 2,000 users descriptors are as before and no socket of theirs is left")
        .requires(&[ROOMS])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    descriptors::row(1, 3)
        .requires(&[ROOMS])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
]);
