//! Lab 07, chat: rooms in which a client that does not read delays no other client.

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

// The chat benchmark fills rooms, too.
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

/// For checks that have many clients or send much.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &of_lab(7, [
    check(JOIN)
        .task(1)
        .correctness(6)
        .rule("a join returns the sorted user list and notifies the room; a bad name is refused")
        .run(|trial| Box::pin(join::join_welcome(trial))),
    check("duplicate-name")
        .task(1)
        .correctness(6)
        .rule("a user id that is taken in any room is refused, and no other client is notified")
        .requires(&[JOIN])
        .run(|trial| Box::pin(join::duplicate_name(trial))),
    check(FREED)
        .task(1)
        .correctness(4)
        .rule("soon after a client has left, by FIN or RST, it can rejoin under the same user id")
        .requires(&[JOIN])
        .run(|trial| Box::pin(leave::name_freed(trial))),
    check(LEAVE)
        .task(1)
        .correctness(6)
        .rule("however a client leaves, the others get `left` exactly once")
        .requires(&[JOIN])
        .run(|trial| Box::pin(leave::leave_notice(trial))),
    check("bad-json")
        .task(1)
        .correctness(5)
        .rule("a line that is not a valid command gets `bad json`; the connection stays open")
        .requires(&[JOIN])
        .run(|trial| Box::pin(lines::bad_json(trial))),
    check("line-too-long")
        .task(1)
        .correctness(4)
        .rule("a line of 4,096 bytes is accepted; one of 4,097 gets its sender disconnected")
        .requires(&[JOIN])
        .run(|trial| Box::pin(lines::line_too_long(trial))),
    check(BROADCAST)
        .task(2)
        .correctness(8)
        .rule("a message reaches every client in the room, its sender included, once and unchanged")
        .requires(&[JOIN])
        .run(|trial| Box::pin(messages::message_broadcast(trial))),
    check(ORDERED)
        .task(2)
        .concurrency(8)
        .rule("messages that a client sends in a single write arrive in order")
        .requires(&[BROADCAST])
        .run(|trial| Box::pin(messages::per_sender_order(trial))),
    check(ROOMS)
        .task(3)
        .correctness(6)
        .rule("no event from one room reaches a client in another room")
        .requires(&[BROADCAST, LEAVE])
        .run(|trial| Box::pin(messages::rooms_isolated(trial))),
    check(FANOUT)
        .task(3)
        .concurrency(11)
        .rule("when 50 clients send 20 messages each, all get each message once, in the same order")
        .requires(&[BROADCAST])
        .deadline(LONG)
        .run(|trial| Box::pin(messages::fanout_exact(trial))),
    check(STORM)
        .task(3)
        .concurrency(5)
        .rule("as 200 clients join, then 100 leave and 100 join, all see the same order of events")
        .requires(&[LEAVE, ORDERED, FANOUT])
        .deadline(LONG)
        .run(|trial| Box::pin(storm::join_storm(trial))),
    check("memory-flat")
        .task(3)
        .cleanup(4)
        .rule("memory does not grow as 2,000 clients each join a room of their own and leave")
        .requires(&[FREED])
        .deadline(LONG)
        .run(|trial| Box::pin(memory::memory_flat(trial))),
    check("lock-not-held")
        .task(4)
        .concurrency(8)
        .rule("while one client is stalled, others join, ask who is there and leave without delay")
        .requires(&[BROADCAST, LEAVE])
        .deadline(LONG)
        .run(|trial| Box::pin(lock::lock_not_held(trial))),
    check("slow-consumer")
        .task(4)
        .concurrency(10)
        .rule("a client that never reads is disconnected; the others get all events without delay")
        .requires(&[FANOUT, LEAVE])
        .deadline(LONG)
        .run(|trial| Box::pin(slow_reader::slow_consumer(trial))),
    check("descriptors-return")
        .task(4)
        .cleanup(6)
        .rule("once 2,000 clients have left, no descriptor has leaked and no client socket is open")
        .requires(&[ROOMS])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    descriptors::row(1, 3)
        .requires(&[ROOMS])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
]);
