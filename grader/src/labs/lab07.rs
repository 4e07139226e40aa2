//! Lab 07, chat: rooms in which nobody waits for anybody who does not read.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Category, Check, Lab, Task};
use crate::capture::{count, printable, quoted, size, time};
use crate::client::Window;
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::process::ANSWER_DEADLINE;
use crate::scenarios::chat::{
    Guest, LONGEST_LINE, OwnMessage, OwnRoom, error, has, joined, left, long_message, message,
    named, shown,
};
use crate::scenarios::party::{Party, gather};
use crate::scenarios::{Service, crowd, growth, resources};
use crate::server::{Server, Start, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 7,
    topic: "chat",
    title: "Shared state without a traffic jam",
    minutes: 120,
    dependencies: &["clap", "serde", "serde_json", "thiserror", "tokio", "tokio-util"],
    borrows: &[(4, "src/lines.rs")],
    service: &Service {
        command: &[],
        files: &[],
        second: None,
        dial: &OwnRoom,
        exchange: &OwnMessage,
    },
    tasks: &[
        Task { number: 1, title: "join and leave", core: true },
        Task { number: 2, title: "broadcast", core: true },
        Task { number: 3, title: "rooms", core: true },
        Task { number: 4, title: "a bounded queue for each client", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/07-chat.md"),
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

/// Room for all that many say to many.
const ROOMY: Start = Start { flags: &["--queue", "4096"], ..Start::PLAIN };

static CHECKS: &[Check] = &[
    Check {
        id: JOIN,
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "who joins gets a sorted list of all in the room, and they hear of it; bad names end",
        run: |trial| Box::pin(join_welcome(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/duplicate-name",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "a name that is taken, in any room, is refused; nobody else hears of that",
        requires: &[JOIN],
        run: |trial| Box::pin(duplicate_name(trial)),
        ..Check::USUAL
    },
    Check {
        id: FREED,
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "who has left, by FIN or by RST, can come again soon under the same name",
        requires: &[JOIN],
        run: |trial| Box::pin(name_freed(trial)),
        ..Check::USUAL
    },
    Check {
        id: LEAVE,
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "the others hear exactly once that somebody has left, whichever way",
        requires: &[JOIN],
        run: |trial| Box::pin(leave_notice(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/bad-json",
        task: 1,
        category: Category::Correctness,
        points: 5,
        rule: "a line that is no command is answered with `bad json`, and the client goes on",
        requires: &[JOIN],
        run: |trial| Box::pin(bad_json(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/line-too-long",
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "4,096 bytes are taken, 4,097 refused as soon as they are there, and the client ends",
        requires: &[JOIN],
        run: |trial| Box::pin(line_too_long(trial)),
        ..Check::USUAL
    },
    Check {
        id: BROADCAST,
        task: 2,
        category: Category::Correctness,
        points: 8,
        rule: "a message reaches everyone in the room once, its sender included, unchanged",
        requires: &[JOIN],
        run: |trial| Box::pin(message_broadcast(trial)),
        ..Check::USUAL
    },
    Check {
        id: ORDERED,
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "what one client sends in one go arrives in that order",
        requires: &[BROADCAST],
        run: |trial| Box::pin(per_sender_order(trial)),
        ..Check::USUAL
    },
    Check {
        id: ROOMS,
        task: 3,
        category: Category::Correctness,
        points: 6,
        rule: "nothing of one room is heard in another",
        requires: &[BROADCAST, LEAVE],
        run: |trial| Box::pin(rooms_isolated(trial)),
        ..Check::USUAL
    },
    Check {
        id: FANOUT,
        task: 3,
        category: Category::Concurrency,
        points: 12,
        rule: "50 users, 20 messages each: none lost, none twice, the same order for all",
        requires: &[BROADCAST],
        deadline: LONG,
        run: |trial| Box::pin(fanout_exact(trial)),
        ..Check::USUAL
    },
    Check {
        id: STORM,
        task: 3,
        category: Category::Concurrency,
        points: 5,
        rule: "200 join at once, half leave while others come: all know who is there, in one order",
        requires: &[LEAVE, ORDERED, FANOUT],
        deadline: LONG,
        run: |trial| Box::pin(join_storm(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/memory-flat",
        task: 3,
        category: Category::Cleanup,
        points: 4,
        rule: "2,000 users in rooms of their own come and go, and leave nothing behind",
        requires: &[FREED],
        deadline: LONG,
        run: |trial| Box::pin(memory_flat(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/lock-not-held",
        task: 4,
        category: Category::Concurrency,
        points: 8,
        rule: "while one socket is stalled, others join, ask who is there, and leave",
        requires: &[BROADCAST, LEAVE],
        deadline: LONG,
        run: |trial| Box::pin(lock_not_held(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/slow-consumer",
        task: 4,
        category: Category::Concurrency,
        points: 12,
        rule: "who never reads is cut off, in the order of the room, and delays nobody",
        requires: &[FANOUT, LEAVE],
        deadline: LONG,
        run: |trial| Box::pin(slow_consumer(trial)),
        ..Check::USUAL
    },
    Check {
        id: "07/descriptors-return",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 users descriptors are as before and no socket of theirs is left",
        requires: &[ROOMS],
        deadline: LONG,
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
];

/// The cause where somebody hears what is not for them, or a second time.
const NOTHING_ELSE: &str = "something was sent that nobody was to hear, or it was sent twice";

const ORDER: &str = "the list is of all who are in the room, oneself included, sorted by bytes: capitals before \
                     small letters";

/// The reason for which a join is refused.
const TAKEN: &str = "user id already taken";

/// Connects, asks to join as `name`, and expects an error with `reason`, and the end.
async fn refused(server: &Rc<Server>, name: &str, room: &str, reason: &str) -> Result<(), Stop> {
    let guest = Guest::connect(server, "the client", Window::Usual).await?;
    guest.send(&json!({ "user_id": name, "room_id": room })).await?;
    let cause = "a join that cannot be is answered with an error, its reason, and the end";
    let sent = format!("it had asked to join as {name:?} in {room:?}");
    guest.expect(&error(reason), cause).await.map_err(|stop| adding(stop, &sent))?;
    guest.expect_end().await
}

async fn join_welcome(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    trial.step(
        "clients join a room one after the other, with names that begin with m, Z, b, _, 4 and -",
    );
    let names = ["m", "Z", "b", "_", "4", "-"].map(|begin| named(trial, begin));
    let mut users: Vec<&str> = Vec::new();
    let mut guests: Vec<Guest> = Vec::new();
    for name in &names {
        users.push(name);
        users.sort_unstable();
        let guest = Guest::join(&server, name, &room, &users).await?;
        for earlier in &guests {
            let cause = "all who are in the room hear of one who joins, once";
            earlier.expect(&joined(name), cause).await?;
        }
        guests.push(guest);
    }
    trial.step("each asks who is there");
    for guest in &guests {
        guest.fence(&users, ORDER).await?;
    }
    trial.step("a name of 32 characters, and one of a single one, may join");
    let long = trial.text(32);
    for name in [long.as_str(), "q"] {
        Guest::join(&server, name, name, &[name]).await?;
    }
    trial.step("names that are none, of users and of rooms: `bad name`, and the end");
    let too_long = format!("{long}x");
    for bad in ["", &too_long, "a b", "ä", "a/b", "a.b", "a\n"] {
        refused(&server, bad, &room, "bad name").await?;
        refused(&server, &named(trial, "fine"), bad, "bad name").await?;
    }
    trial.step("a client says something, and asks who is there, before it joins: `join first`");
    let name = named(trial, "new");
    let guest = Guest::connect(&server, &name, Window::Usual).await?;
    let cause = "before the join a message or a question is answered with `join first`, and the \
                 connection goes on";
    for early in [json!({ "message": "hello" }), json!({ "who": true })] {
        guest.send(&early).await?;
        guest.expect(&error("join first"), cause).await?;
    }
    guest.send(&json!({ "user_id": name, "room_id": name })).await?;
    guest.expect(&json!({ "event": "welcome", "room_id": name, "users": [name] }), cause).await
}

async fn duplicate_name(trial: &Trial) -> Result<(), Stop> {
    /// Luck decides who is first, and whether two are (rule R15).
    const ROUNDS: usize = 4;
    let server = trial.start(&Start::PLAIN).await?;
    let (room, other) = (named(trial, "room"), named(trial, "room"));
    let (ana, bob, cleo) = (named(trial, "ana"), named(trial, "bob"), named(trial, "cleo"));
    trial.step("ana and bob join a room, cleo another one");
    let first = Guest::join(&server, &ana, &room, &[&ana]).await?;
    let second = Guest::join(&server, &bob, &room, &[&ana, &bob]).await?;
    first.expect(&joined(&bob), "").await?;
    let third = Guest::join(&server, &cleo, &other, &[&cleo]).await?;
    trial.step(
        "others want to join as ana, in each room, and once more after that: all are refused",
    );
    for room in [&room, &other, &room] {
        refused(&server, &ana, room, TAKEN).await?;
    }
    trial.step("nobody has heard of it, and ana is still there");
    let heard =
        "who is refused was never there: nobody hears of it, and it takes nobody's name with it";
    first.fence(&[&ana, &bob], heard).await?;
    second.fence(&[&ana, &bob], heard).await?;
    third.fence(&[&cleo], heard).await?;
    trial.step("somebody joins by the same name with a capital letter, which is another name");
    let capital = ana.replacen('a', "A", 1);
    let fourth = Guest::join(&server, &capital, &room, &[&capital, &ana, &bob]).await?;
    for guest in [&first, &second] {
        guest.expect(&joined(&capital), "names are told apart by case").await?;
    }
    fourth.fence(&[&capital, &ana, &bob], ORDER).await?;
    trial.step("ana says something, and both hear it");
    let word = trial.word_text();
    first.say(&word).await?;
    for guest in [&second, &fourth] {
        guest.expect(&message(&ana, &word), heard).await?;
    }
    trial.step(format!(
        "{ROUNDS} times: {RIVALS} clients want one name at the same time, each in a room of its own"
    ));
    for _ in 0..ROUNDS {
        race(trial, &server).await?;
    }
    Ok(())
}

/// How many clients want one name.
const RIVALS: usize = 20;

/// Connects, and waits until the program has taken it from the listener's queue, which may be short.
async fn accepted(server: &Rc<Server>, name: &str) -> Result<Guest, Stop> {
    let guest = Guest::connect(server, name, Window::Usual).await?;
    guest.send(&json!({ "who": true })).await?;
    guest.expect(&error("join first"), "").await?;
    Ok(guest)
}

/// Many clients want one name at the same time: one gets it.
async fn race(trial: &Trial, server: &Rc<Server>) -> Result<(), Stop> {
    let rival = named(trial, "rival");
    let mut rivals = Vec::new();
    for _ in 0..RIVALS {
        rivals.push(accepted(server, "a rival").await?);
    }
    // Sent while the program is stopped, so that it finds all of them at once.
    server.process.pause().await?;
    let asked = rivals.iter().enumerate().map(|(index, guest)| {
        let join = json!({ "user_id": rival, "room_id": format!("corner-{index}") });
        async move { guest.send(&join).await }
    });
    let asked = together(asked).await;
    server.process.resume();
    asked?;
    let answers = rivals.iter().map(|guest| guest.event("each is welcomed or refused"));
    let answers = together(answers).await?;
    let is_welcome = |answer: &&Value| has(answer, &json!({ "event": "welcome" }));
    let welcome = answers.iter().filter(is_welcome).count();
    let refused = answers.iter().filter(|answer| has(answer, &error(TAKEN))).count();
    if welcome != 1 || refused != RIVALS - 1 {
        let expected = format!("one of {RIVALS} is welcomed, the others are refused");
        let observed = format!("{welcome} were welcomed, {refused} refused");
        let cause = if welcome > 1 {
            "between the look whether a name is free and the moment it is taken another client has \
             looked, too: do both in one step, under one lock"
        } else {
            "the first who asks gets the name, and everybody after it is told that it is taken"
        };
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    Ok(())
}

/// The ways to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Close,
    HalfClose,
    Reset,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Close => "closes (FIN)",
            Self::HalfClose => "shuts down its sending side (FIN)",
            Self::Reset => "is reset (RST)",
        }
    }

    /// Lets `guest` go. Who does not close is returned.
    fn go(self, guest: Guest) -> Option<Guest> {
        match self {
            Self::Close => drop(guest),
            Self::Reset => guest.client.reset(),
            Self::HalfClose => {
                guest.client.connection.half_close();
                return Some(guest);
            }
        }
        None
    }
}

async fn name_freed(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    for way in [Way::Close, Way::Reset, Way::HalfClose] {
        let (room, bob) = (named(trial, "room"), named(trial, "bob"));
        trial.step(format!("bob joins, {}, and joins again by the same name", way.name()));
        let goes = Guest::join(&server, &bob, &room, &[&bob]).await?;
        let kept = way.go(goes);
        let again = until_free(&server, &bob, &room).await?;
        // What the old connection's task does last belongs to it, not to the newcomer.
        server.process.settle(Duration::from_millis(300)).await;
        let cause = "the one who came again was removed when the old connection's end was noticed";
        again.fence(&[&bob], cause).await?;
        drop(kept);
    }
    Ok(())
}

/// Joins as soon as the name is free.
async fn until_free(server: &Rc<Server>, name: &str, room: &str) -> Result<Guest, Stop> {
    let begin = Instant::now();
    loop {
        let guest = Guest::connect(server, name, Window::Usual).await?;
        guest.send(&json!({ "user_id": name, "room_id": room })).await?;
        let expected = format!("{name} is welcomed once the name is free");
        let answer = guest.event(&expected).await?;
        if has(&answer, &json!({ "event": "welcome" })) {
            return Ok(guest);
        }
        if !has(&answer, &error(TAKEN)) {
            return Err(guest.wrong(&expected, "").await);
        }
        if begin.elapsed() > ANSWER_DEADLINE {
            if let Some(reason) = server.process.was_starved() {
                return Err(Stop::Inconclusive(reason));
            }
            let observed = format!("it is taken after {}", time(begin.elapsed()));
            let cause = "the name is freed on some ways out only: give it back where all of them meet, in a \
                         drop";
            return Err(server.process.fail(&[&expected], vec![observed], cause).await);
        }
        // Not more often: each is a connection.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn leave_notice(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let [ana, bob] = ["ana", "bob"].map(|begin| named(trial, begin));
    trial.step("ana and bob join a room, and stay");
    let first = Guest::join(&server, &ana, &room, &[&ana]).await?;
    let second = Guest::join(&server, &bob, &room, &[&ana, &bob]).await?;
    first.expect(&joined(&bob), "").await?;
    let both = [&first, &second];
    let mut kept = Vec::new();
    let cause = "each end of a connection is leaving: the others hear of it once, and at once";
    for way in [Way::Close, Way::HalfClose, Way::Reset] {
        let cleo = named(trial, "cleo");
        trial.step(format!("cleo joins, and {}: both hear of it", way.name()));
        let goes = Guest::join(&server, &cleo, &room, &[&ana, &bob, &cleo]).await?;
        for guest in both {
            guest.expect(&joined(&cleo), cause).await?;
        }
        kept.extend(way.go(goes));
        for guest in both {
            guest.expect(&left(&cleo), cause).await?;
            guest.fence(&[&ana, &bob], cause).await?;
        }
    }
    trial.step("once the program is at rest, nobody hears anything more");
    server.process.settle(Duration::from_millis(300)).await;
    let cause = "`left` was sent again when the task of somebody who had left came to its end";
    for guest in both {
        guest.fence(&[&ana, &bob], cause).await?;
    }
    Ok(())
}

async fn bad_json(trial: &Trial) -> Result<(), Stop> {
    const BAD: [&[u8]; 17] = [
        b"{",
        b"hello",
        b"[]",
        b"5",
        b"\"text\"",
        b"null",
        b"{}",
        b"{\"message\":5}",
        b"{\"message\":null}",
        b"{\"message\":[\"x\"]}",
        b"{\"hello\":\"world\"}",
        b"{\"who\":\"me\"}",
        b"{\"user_id\":5,\"room_id\":\"room\"}",
        b"{\"user_id\":\"zoe\",\"room_id\":[\"room\"]}",
        b"{\"message\":\"x\"",
        b"{\"message\":\"\xff\xfe\"}",
        b"\xc3(",
    ];
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, bob) = (named(trial, "room"), named(trial, "ana"), named(trial, "bob"));
    let first = Guest::join(&server, &ana, &room, &[&ana]).await?;
    let cause = "what is no command is answered with the error `bad json`, whatever is wrong with it, and \
                 nothing else comes of it";
    let bad = async |guest: &Guest, line: &[u8]| {
        guest.client.send(&[line, b"\n"].concat().into()).await?;
        let sent = format!("it had sent {}", quoted(line));
        guest.expect(&error("bad json"), cause).await.map_err(|stop| adding(stop, &sent))
    };
    // Before the join a message of a wrong type is a message, to some.
    let is_anything = |line: &&&[u8]| {
        let text = String::from_utf8_lossy(line);
        !text.contains("message") && !text.contains("who")
    };
    trial.step(
        "a client sends lines that are no command before it joins: `bad json`, and it goes on",
    );
    let second = Guest::connect(&server, &bob, Window::Usual).await?;
    for line in BAD.iter().filter(is_anything) {
        bad(&second, line).await?;
    }
    second.send(&json!({ "user_id": bob, "room_id": room })).await?;
    let welcome = json!({ "event": "welcome", "room_id": room, "users": [ana, bob] });
    second.expect(&welcome, cause).await?;
    trial.step("and so after it has joined; a second join is none, either");
    for line in BAD {
        bad(&second, line).await?;
    }
    second.send(&json!({ "user_id": named(trial, "cleo"), "room_id": room })).await?;
    second.expect(&error("bad json"), cause).await?;
    trial.step("it says something; the other hears that, and has heard nothing before");
    let word = trial.word_text();
    second.say(&word).await?;
    first.expect(&joined(&bob), NOTHING_ELSE).await?;
    first.expect(&message(&bob, &word), NOTHING_ELSE).await
}

async fn line_too_long(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let (room, ana, zoe) = (named(trial, "room"), named(trial, "ana"), named(trial, "zoe"));
    let guests = gather(&server, &[ana.clone(), zoe.clone()], &room).await?;
    let first = &guests[0];
    let around = json!({ "message": "" }).to_string().len();
    let text = trial.text(LONGEST_LINE - around);
    trial.step("zoe sends a line of 4,096 bytes, and ana hears it");
    guests[1].say(&text).await?;
    let cause = "a line has at most 4,096 bytes, its newline not counted";
    first.expect(&message(&zoe, &text), cause).await?;
    let cause = "a line that is too long is refused as soon as that is clear, with an error that arrives, \
                 and the end";
    for (what, end) in [("with its newline", "\n"), ("and no newline", "")] {
        let bob = named(trial, "bob");
        trial.step(format!(
            "bob joins, and sends a line of 4,097 bytes {what}: an error, and the end"
        ));
        let second = Guest::join(&server, &bob, &room, &[&ana, &bob, &zoe]).await?;
        first.expect(&joined(&bob), "").await?;
        let line = format!("{}{end}", json!({ "message": format!("{text}x") }));
        second.client.send(&line.into_bytes().into()).await?;
        if end.is_empty() {
            second.expect(&error("line too long"), cause).await?;
            second.expect_end().await?;
        } else {
            // The newline came after the byte too many: who has not read it may close with RST, and the
            // reason be lost.
            let words = second.client.ending().await?.words;
            let said = words.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
            if !words.is_empty() && !said.is_some_and(|said| has(&said, &error("line too long"))) {
                let expected = "bob gets the error `line too long`, and the end";
                let observed = format!("it got {}", quoted(&words[..words.len().min(100)]));
                return Err(server.process.fail(&[expected], vec![observed], cause).await);
            }
        }
        first.expect(&left(&bob), "the others hear that it has left").await?;
    }
    Ok(())
}

/// Adds a line to what was observed.
fn adding(stop: Stop, line: &str) -> Stop {
    stop.amend(|failure| failure.observed.push(line.to_owned()))
}

async fn message_broadcast(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let names = ["ana", "bob", "cleo"].map(|begin| named(trial, begin));
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    trial.step("ana, bob and cleo join a room");
    let guests = gather(&server, &names, &room).await?;
    let cause = "a message goes to all who are in the room, also to the one who has sent it, once, with the \
                 same text";
    trial.step("each says something, with quotes, newlines, accents and emoji; all three hear it");
    let (word, long) = (trial.word_text(), trial.text(3000));
    let texts = [
        word.clone(),
        String::new(),
        format!("\"{word}\" \\ / \u{8}\u{c}\n\r\t\u{1}\u{7f}"),
        format!("äß → 🦀 {word} \u{2028} \u{fffd}"),
        "{\"event\":\"left\",\"user_id\":\"ana\"}".to_owned(),
        long,
    ];
    for (sender, name) in guests.iter().zip(&names) {
        for text in &texts {
            sender.say(text).await?;
            for guest in &guests {
                guest.expect(&message(name, text), cause).await?;
            }
        }
    }
    trial.step("nobody has heard anything else");
    for guest in &guests {
        guest.fence(&all, NOTHING_ELSE).await?;
    }
    Ok(())
}

async fn per_sender_order(trial: &Trial) -> Result<(), Stop> {
    const SENDERS: usize = 4;
    const MESSAGES: usize = 8;
    const ROUNDS: usize = 20;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!("{SENDERS} clients join a room"));
    let party = Party::gather(&server, SENDERS).await?;
    trial.step(format!(
        "{ROUNDS} times: each of them sends {MESSAGES} messages in one piece, and hears {} in all",
        SENDERS * MESSAGES
    ));
    let talk = async {
        for round in 0..ROUNDS {
            let numbers = round * MESSAGES..(round + 1) * MESSAGES;
            together((0..SENDERS).map(|who| party.say(who, numbers.clone()))).await?;
            let hearing = (0..SENDERS).map(|who| {
                let party = &party;
                async move {
                    for _ in 0..SENDERS * MESSAGES {
                        party.hear(who, None).await?;
                    }
                    Ok(())
                }
            });
            together(hearing).await?;
        }
        party.settle().await
    };
    let talk = talk.await;
    party.judge(talk, false).await
}

async fn fanout_exact(trial: &Trial) -> Result<(), Stop> {
    const USERS: usize = 50;
    const MESSAGES: usize = 20;
    let server = trial.start(&ROOMY).await?;
    trial.step(format!("{USERS} clients join a room"));
    let party = Party::gather(&server, USERS).await?;
    trial.step(format!(
        "each sends {MESSAGES} messages, the next one when it has heard its own, and hears those of all"
    ));
    let talk = party.talk(MESSAGES).await;
    party.judge(talk, true).await
}

async fn rooms_isolated(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let other = room.replacen('r', "R", 1);
    let [ana, bob, cleo, dan, eve] =
        ["ana", "bob", "cleo", "dan", "eve"].map(|begin| named(trial, begin));
    trial.step("ana and bob join a room, cleo and dan one whose name differs by a capital letter");
    let here = gather(&server, &[ana.clone(), bob.clone()], &room).await?;
    let there = gather(&server, &[cleo.clone(), dan.clone()], &other).await?;
    let cause = "what happens in a room is for those who are in it";
    let word = trial.word_text();
    trial.step("ana says something; eve joins the first room, and leaves it");
    here[0].say(&word).await?;
    for guest in &here {
        guest.expect(&message(&ana, &word), cause).await?;
    }
    drop(Guest::join(&server, &eve, &room, &[&ana, &bob, &eve]).await?);
    for guest in &here {
        guest.expect(&joined(&eve), cause).await?;
        guest.expect(&left(&eve), cause).await?;
    }
    trial.step("nobody in the second room has heard anything of it");
    for guest in &there {
        guest.fence(&[&cleo, &dan], cause).await?;
    }
    trial.step("cleo says something, dan leaves; nobody in the first room hears that");
    there[0].say(&word).await?;
    for guest in &there {
        guest.expect(&message(&cleo, &word), cause).await?;
    }
    let mut there = there;
    drop(there.remove(1));
    there[0].expect(&left(&dan), cause).await?;
    for guest in &here {
        guest.fence(&[&ana, &bob], cause).await?;
    }
    there[0].fence(&[&cleo], cause).await
}

const ONE_LOCK: &str = "what happens in a room is put into the queues of all under one lock, and into one queue \
                        for each: messages, notices and the welcome alike";

async fn join_storm(trial: &Trial) -> Result<(), Stop> {
    const USERS: usize = 200;
    let server = trial.start(&ROOMY).await?;
    let room = named(trial, "room");
    let same = named(trial, "");
    let watcher = format!("0{same}");
    let watcher = Guest::join(&server, &watcher, &room, &[&watcher]).await?;
    let all: Vec<_> = (0..USERS + USERS / 2).map(|index| format!("user{index:03}{same}")).collect();
    let (names, late) = all.split_at(USERS);
    trial.step(format!("{USERS} clients connect; then all join the same room at once"));
    let connects = names.iter().map(|name| accepted(&server, name));
    let guests = ramped(connects).await?;
    let joins = guests.iter().map(|guest| {
        let room = &room;
        async move {
            guest.send(&json!({ "user_id": guest.name, "room_id": room })).await?;
            Ok((guest.name.clone(), welcome_of(guest, room).await?))
        }
    });
    let mut welcomes: HashMap<_, _> = together(joins).await?.into_iter().collect();
    trial.step(format!(
        "every other of them leaves (FIN) while {} more join, of whom each says something at once",
        late.len()
    ));
    let connects = late.iter().map(|name| accepted(&server, name));
    let late = ramped(connects).await?;
    let (mut stay, mut gone) = (Vec::new(), Vec::new());
    for (index, guest) in guests.into_iter().enumerate() {
        if index % 2 == 0 { stay.push(guest) } else { gone.push(guest) }
    }
    // Sent while the program is stopped, so that it finds all of them at once.
    server.process.pause().await?;
    let mut joins = Vec::new();
    for (leaver, guest) in gone.iter().zip(&late) {
        leaver.client.connection.half_close();
        let join = json!({ "user_id": guest.name, "room_id": room });
        let lines = format!("{join}\n{}\n", json!({ "message": guest.name }));
        guest.client.send(&lines.into_bytes().into()).await?;
        let welcome = welcome_of(guest, &room);
        joins.push(async { Ok((guest.name.clone(), welcome.await?)) });
    }
    server.process.resume();
    welcomes.extend(together(joins).await?);
    let talkers: Vec<_> = late.iter().map(|guest| guest.name.clone()).collect();
    stay.extend(late);
    let mut users: Vec<&str> = stay.iter().map(|guest| guest.name.as_str()).collect();
    users.push(&watcher.name);
    users.sort_unstable();
    trial.step("one who was there all the time hears of each who joined and left, once; then `who` is right");
    let mut expected: Vec<Value> = all.iter().map(|name| joined(name)).collect();
    expected.extend(gone.iter().map(|guest| left(&guest.name)));
    expected.extend(talkers.iter().map(|name| message(name, name)));
    let what = format!(
        "{} hears of {} who join, {} who leave and {} who say something",
        watcher.name,
        all.len(),
        gone.len(),
        talkers.len()
    );
    let cause = "a list was changed while somebody else walked through it, or a name and its room were \
                 changed in two steps";
    let mut order = HashMap::new();
    while !expected.is_empty() {
        let event = watcher.event(&what).await.map_err(|stop| missing(stop, &expected))?;
        let place = expected.iter().position(|one| has(&event, one));
        // Nobody leaves or says something who has not joined.
        let has_to_join = |one: &Value| has(one, &joined(event["user_id"].as_str().unwrap_or("")));
        let is_early = event["event"] != "joined" && expected.iter().any(has_to_join);
        match place {
            Some(place) if !is_early => drop(expected.swap_remove(place)),
            _ => {
                let why = if is_early {
                    "it had not heard before that this one has joined"
                } else {
                    "that was not to come, or not once more"
                };
                let got = format!("{} got {}", watcher.name, shown(&event));
                let cause = if is_early { ONE_LOCK } else { cause };
                return Err(server.process.fail(&[&what], vec![got, why.to_owned()], cause).await);
            }
        }
        order.insert(key(&event), order.len());
    }
    watcher.fence(&users, cause).await?;
    trial.step(
        "each who stayed asks who is there, and has heard of just these before, in the same order",
    );
    let everyone: BTreeSet<String> = users.iter().map(ToString::to_string).collect();
    let knowing = stay.iter().map(|guest| {
        let known = welcomes.remove(guest.name.as_str()).unwrap_or_default();
        knows(guest, known, &everyone, &order, &watcher.name)
    });
    let wrong = together(knowing).await?.into_iter().flatten();
    if let Some(Wrong { observed, evidence, .. }) = wrong.max() {
        let expected = "each knows who is there: those of its welcome, and who has joined since and not left; \
                        and the events of a room have one order";
        let cause = if evidence.is_empty() {
            "somebody has come between the moment in which the list was made and the one in which the newcomer is \
             in it: make the list, enter and tell the others under one lock"
        } else {
            ONE_LOCK
        };
        let stop = server.process.fail(&[expected], vec![observed], cause).await;
        return Err(stop.amend(|failure| drop(failure.evidence.splice(0..0, evidence))));
    }
    stay.into_iter().chain(gone).for_each(|guest| guest.client.reset());
    last_leaves_first_comes(trial, &server).await
}

/// In each of many rooms the last one leaves while somebody comes: who comes next finds that one there.
async fn last_leaves_first_comes(trial: &Trial, server: &Rc<Server>) -> Result<(), Stop> {
    const ROOMS: usize = 50;
    trial.step(format!(
        "in each of {ROOMS} rooms ana is alone; she leaves (FIN) while bob joins; then cleo joins"
    ));
    let rooms: Vec<_> = (0..ROOMS).map(|index| named(trial, &format!("room{index}"))).collect();
    let names: Vec<_> = (0..ROOMS).map(|index| format!("bob{index}")).collect();
    let connects = names.iter().map(|name| accepted(server, name));
    let bobs = ramped(connects).await?;
    let mut anas = Vec::new();
    for (index, room) in rooms.iter().enumerate() {
        let ana = format!("ana{index}");
        anas.push(Guest::join(server, &ana, room, &[&ana]).await?);
    }
    server.process.pause().await?;
    let mut joins = Vec::new();
    for (index, ((ana, bob), room)) in anas.iter().zip(&bobs).zip(&rooms).enumerate() {
        // A program that takes turns serves who was first, first: now the one, now the other.
        let is_first = index % 2 == 0;
        if is_first {
            ana.client.connection.half_close();
        }
        bob.send(&json!({ "user_id": bob.name, "room_id": room })).await?;
        if !is_first {
            ana.client.connection.half_close();
        }
        joins.push(welcome_of(bob, room));
    }
    server.process.resume();
    together(joins).await?;
    let mut cleos = Vec::new();
    for (bob, room) in bobs.iter().zip(&rooms) {
        let cleo = accepted(server, &format!("cleo-{}", bob.name)).await?;
        cleo.send(&json!({ "user_id": cleo.name, "room_id": room })).await?;
        if !welcome_of(&cleo, room).await?.contains(&bob.name) {
            let expected = format!("{} finds {} in the room", cleo.name, bob.name);
            let observed = vec!["the one who has joined before is not in the list".to_owned()];
            let cause = "the last one who leaves takes the room away, and somebody had got hold of it to enter: \
                         look for a room, enter, leave and take it away under one lock";
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
        cleos.push(cleo);
    }
    anas.into_iter().chain(bobs).chain(cleos).for_each(|guest| guest.client.reset());
    Ok(())
}

/// Who is there, by the welcome that comes first of all to one who joins.
async fn welcome_of(guest: &Guest, room: &str) -> Result<BTreeSet<String>, Stop> {
    const EXPECTED: &str = "who joins is welcomed, first of all";
    let event = guest.event(EXPECTED).await?;
    if !has(&event, &json!({ "event": "welcome", "room_id": room })) {
        return Err(guest.wrong(EXPECTED, ONE_LOCK).await);
    }
    Ok(users_of(&event))
}

/// What an event tells, and of whom.
fn key(event: &Value) -> String {
    format!("{} {}", event["event"], event["user_id"])
}

/// The users in an event.
fn users_of(event: &Value) -> BTreeSet<String> {
    let users = event["users"].as_array().into_iter().flatten();
    users.filter_map(|user| Some(user.as_str()?.to_owned())).collect()
}

/// What somebody knows and should not, or the other way round. The worst is the greatest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wrong {
    unheard_of: usize,
    observed: String,
    evidence: Vec<String>,
}

/// Asks who is there: `everyone`; and those who were welcome to `guest`, and have joined since and not left,
/// are the same, and all that it has heard since came in this `order`, that of `watcher`. If not, what
/// is wrong.
async fn knows(
    guest: &Guest,
    mut known: BTreeSet<String>,
    everyone: &BTreeSet<String>,
    order: &HashMap<String, usize>,
    watcher: &str,
) -> Result<Option<Wrong>, Stop> {
    guest.send(&json!({ "who": true })).await?;
    let (mut surprise, mut overtaken) = (None, None);
    // The last of those that all are to hear of.
    let mut last = order
        .get(&key(&joined(&guest.name)))
        .copied()
        .map(|place| (place, "its welcome".to_owned()));
    let to_hear = order.len() - 1 - last.as_ref().map_or(0, |(place, _)| *place);
    let mut heard = 0;
    let listed = loop {
        let event = guest.event("one who stayed hears who is there").await?;
        let user = event["user_id"].as_str().unwrap_or_default().to_owned();
        let is_news = match event["event"].as_str() {
            Some("joined") => known.insert(user),
            Some("left") => known.remove(&user),
            Some("message") => known.contains(&user),
            Some("users") => break users_of(&event),
            _ => false,
        };
        if let Some(&place) = order.get(&key(&event)) {
            heard += 1;
            if let Some((before, text)) = &last
                && place <= *before
                && overtaken.is_none()
            {
                overtaken = Some(vec![format!("first {text}"), format!("then {}", shown(&event))]);
            }
            last = Some((place, shown(&event)));
        }
        if known.len() > 2 * everyone.len() {
            break BTreeSet::new();
        }
        if !is_news && surprise.is_none() {
            surprise = Some(shown(&event));
        }
    };
    let (name, all) = (&guest.name, count(everyone.len(), "user"));
    let unheard: Vec<_> = everyone.difference(&known).collect();
    let unheard_of = unheard.len();
    let (observed, evidence) = match (unheard.first(), overtaken, surprise) {
        (Some(first), ..) => (
            format!("{name} has not heard of {unheard_of} of {all}, {first} among them"),
            Vec::new(),
        ),
        (None, Some(two), _) => {
            (format!("{name} has heard of two things in another order than {watcher}"), two)
        }
        (None, None, Some(event)) => {
            (format!("{name} got {event}, which does not fit to what it knew"), Vec::new())
        }
        (None, None, None) if heard != to_hear => {
            let events = count(to_hear, "event");
            (format!("{name} has heard of {heard} of the {events} since it joined"), Vec::new())
        }
        (None, None, None) if known == *everyone && listed == *everyone => return Ok(None),
        (None, None, None) => {
            let (known, listed) = (known.len(), listed.len());
            (format!("{name} knows of {known}, {listed} are listed, of {all}"), Vec::new())
        }
    };
    Ok(Some(Wrong { unheard_of, observed, evidence }))
}

/// Adds to a failure what was still to come.
fn missing(stop: Stop, expected: &[Value]) -> Stop {
    let Some(first) = expected.first() else { return stop };
    let more = count(expected.len(), "event");
    adding(stop, &format!("still to come: {more}, {} among them", shown(first)))
}

async fn memory_flat(trial: &Trial) -> Result<(), Stop> {
    const USERS: usize = 2000;
    /// The first batch warms up; of the others two in a row that need no more than there was before are enough (an
    /// allocator may need more, and a garbage collector has its heap grow for a while and goes up and down then).
    const BATCHES: usize = 10;
    /// An entry with a name of 32 bytes takes more than that, each time.
    const EACH: u64 = 32;
    let server = trial.start(&Start::PLAIN).await?;
    let memory = || server.probe().memory();
    let mut before = memory();
    let mut all_grown: Vec<u64> = Vec::new();
    let mut number = 0;
    for batch in 0..=BATCHES {
        trial.step(format!("{USERS} clients join rooms of their own, and leave"));
        let visits = (0..USERS).map(|_| {
            number += 1;
            let (user, room) = (format!("{number:032}"), format!("{number:0>32}"));
            let server = &server;
            async move {
                Guest::join(server, &user, &room, &[&user]).await?.client.reset();
                Ok(())
            }
        });
        ramped(visits).await?;
        server.until_clients_are_gone().await?;
        let after = memory();
        all_grown.push(growth(&before, &after).into_values().sum());
        let last_two = all_grown.iter().rev().take(2).sum::<u64>();
        if batch > 1 && last_two < 2 * EACH * USERS as u64 {
            return Ok(());
        }
        for (pid, now) in after {
            let highest = before.entry(pid).or_default();
            *highest = now.max(*highest);
        }
    }
    let expected = format!("after {USERS} more who came and went the memory is as before");
    let grown: Vec<_> = all_grown.into_iter().skip(1).map(size).collect();
    let observed = format!(
        "batch by batch it needed so much more than ever before (RssAnon): {}",
        grown.join(", ")
    );
    let cause = "something of each user or room is kept: a room that is empty, a name, a queue. Remove a room \
                 when its last user leaves";
    Err(server.process.fail(&[&expected], vec![observed], cause).await)
}

/// A room in which two listen and two never read.
struct Jam {
    server: Rc<Server>,
    listeners: Vec<Guest>,
    slow: Vec<Guest>,
    room: String,
    /// Said again and again, with a number before it.
    text: String,
    /// How many messages were said.
    said: usize,
    /// How long until both listeners had heard each of them.
    times: Vec<Duration>,
}

/// How many messages make a median.
const SAMPLES: usize = 15;

/// What the kernel is to hold for one who does not read, in bytes; Linux takes twice that.
const SEND_BUFFER: usize = 32 * 1024;

/// The cause where somebody hears twice that another has left.
const ONCE: &str =
    "`left` is heard once: who was cut off has left, and does not leave again when its task ends";

impl Jam {
    /// The listeners join and talk a little; then those join who never read.
    async fn begin(trial: &Trial, start: &Start) -> Result<Self, Stop> {
        let server = trial.start(start).await?;
        let room = named(trial, "room");
        let [amy, same, zoe] = ["amy", "", "zoe"].map(|begin| named(trial, begin));
        trial.step("amy and zoe join a room; how long until both hear what amy says?");
        let listeners = gather(&server, &[amy, zoe], &room).await?;
        let text = long_message(trial);
        let (times, slow) = (Vec::new(), Vec::new());
        let mut jam = Self { server, listeners, slow, room, text, said: 0, times };
        for _ in 0..SAMPLES {
            let left = jam.say().await?;
            debug_assert!(left.iter().all(Vec::is_empty), "nobody is there who could leave");
        }
        trial.step("max1 and max2 join, and never read");
        for name in [1, 2].map(|number| format!("max{number}{same}")) {
            let slow = Guest::connect(&jam.server, &name, Window::Small).await?;
            slow.send(&json!({ "user_id": name, "room_id": jam.room })).await?;
            for guest in &jam.listeners {
                guest.expect(&joined(&name), "").await?;
            }
            // A write to it that has to wait is to wait for good. Where this is not allowed, most do all the same.
            let _ = jam.server.probe().fix_send_buffer(slow.client.connection.ports, SEND_BUFFER);
            jam.slow.push(slow);
        }
        Ok(jam)
    }

    fn text(&self, number: usize) -> String {
        // All of one length.
        format!("{number:05} {}", self.text)
    }

    /// Amy says the next message, and both hear it; gives who has left before that, for each of the two.
    async fn say(&mut self) -> Result<[Vec<String>; 2], Stop> {
        let cause = "the others go on as if nothing were: nobody waits for the one who does not read, and \
                     nobody is left out";
        let (text, amy) = (self.text(self.said), &self.listeners[0].name);
        let begin = Instant::now();
        self.listeners[0].say(&text).await?;
        let mut news = [Vec::new(), Vec::new()];
        for (guest, news) in self.listeners.iter().zip(&mut news) {
            let expected = format!("{} hears what amy says, and once who has left", guest.name);
            loop {
                let event = guest.event(&expected).await?;
                if has(&event, &message(amy, &text)) {
                    break;
                }
                let gone = self.slow.iter().find(|slow| has(&event, &left(&slow.name)));
                match gone {
                    Some(slow) if !news.contains(&slow.name) => news.push(slow.name.clone()),
                    Some(_) => return Err(guest.wrong(&expected, ONCE).await),
                    None => return Err(guest.wrong(&expected, cause).await),
                }
            }
        }
        self.times.push(begin.elapsed());
        self.said += 1;
        Ok(news)
    }

    /// Amy goes on until both who do not read were cut off, which both hear at the same place; gives how many
    /// messages that took.
    async fn until_cut_off(&mut self) -> Result<usize, Stop> {
        /// The kernel takes some hundred kilobytes for one who does not read, usually.
        const MOST: usize = 20_000;
        const GROWTH: u64 = 16 * 1024 * 1024;
        let memory = self.server.probe().memory();
        let first = self.said;
        // After which message who has left, as each has heard it.
        let mut heard: [Vec<(usize, String)>; 2] = Default::default();
        while heard.iter().any(|heard| heard.len() < self.slow.len()) {
            let said = self.said - first;
            let bytes = (said * self.text.len()) as u64;
            let process = &self.server.process;
            if said == MOST {
                let expected = "who does not read is cut off once its queue is full";
                let observed = format!("{said} messages later, {}, it is not", size(bytes));
                let cause = "its queue has no limit, or what does not fit is thrown away: then it misses \
                             something and goes on as if it had not";
                return Err(process.fail(&[expected], vec![observed], cause).await);
            }
            let grown = || growth(&memory, &self.server.probe().memory()).into_values().max();
            // A right program has cut both off long before so much was said.
            if bytes >= GROWTH && grown().is_some_and(|grown| grown >= GROWTH) {
                let expected = format!("the program's memory grows by less than {}", size(GROWTH));
                let observed = vec![
                    format!("it grew by {} (RssAnon)", size(grown().unwrap_or(0))),
                    format!("{said} messages wait for each of two clients that read nothing"),
                ];
                let cause = "the queue of a client has no limit: what it does not read piles up";
                return Err(process.fail(&[&expected], observed, cause).await);
            }
            let news = self.say().await?;
            for ((heard, news), guest) in heard.iter_mut().zip(news).zip(&self.listeners) {
                for name in news {
                    if heard.iter().any(|(_, before)| *before == name) {
                        let expected = format!("{} hears once that {name} has left", guest.name);
                        return Err(guest.wrong(&expected, ONCE).await);
                    }
                    heard.push((said, name));
                }
            }
        }
        if heard[0] != heard[1] {
            let expected = "amy and zoe hear the same in the same order";
            let place = |heard: &[(usize, String)]| -> Vec<String> {
                heard.iter().map(|(after, name)| format!("{name} after {after}")).collect()
            };
            let observed = ["amy", "zoe"].iter().zip(&heard).map(|(who, heard)| {
                format!("{who} heard `left` of {}", place(heard).join(" and of ") + " messages")
            });
            let cause = "`left` was sent to some before they had the message that caused it, to others after it: \
                         finish one event for all before the next one begins";
            return Err(self.server.process.fail(&[expected], observed.collect(), cause).await);
        }
        Ok(self.said - first)
    }
}

async fn slow_consumer(trial: &Trial) -> Result<(), Stop> {
    const LONGER: Start = Start { flags: &["--queue", "1024"], ..Start::PLAIN };
    /// Of the 960 by which the two queues differ: what the kernel takes is not the same each time.
    const MORE: usize = 300;
    let mut jam = Jam::begin(trial, &Start::PLAIN).await?;
    trial.step("amy goes on until both are cut off: she and zoe hear `left`");
    let short = jam.until_cut_off().await?;
    let server = Rc::clone(&jam.server);
    let before = crowd::median(jam.times[..SAMPLES].to_vec());
    let after = crowd::median(jam.times[jam.times.len() - SAMPLES..].to_vec());
    let what = "a message reaches the others";
    crowd::expect_no_delay(&server, what, before, after, "two that never read").await?;
    trial.step(
        "their sockets are closed, although they still read nothing, and the name of max1 is free",
    );
    let clients = jam.listeners.len();
    let closed = || Ok((server.client_sockets()? <= clients).then_some(()));
    if server.process.until(closed).await?.is_none() {
        let expected = "the socket of one who was cut off is closed";
        let observed = count(server.client_sockets()?, "client's socket") + " open, of two clients";
        let cause = "its task sleeps in a write that never ends, or in a read: what cuts a client off has to \
                     reach it there";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    let max = jam.slow[0].name.clone();
    let again = until_free(&server, &max, &jam.room).await?;
    for guest in &jam.listeners {
        guest.expect(&joined(&max), ONCE).await?;
    }
    trial.step("now both read: what was said, without a gap, and the end");
    for slow in &jam.slow {
        read_prefix(&server, slow, &jam).await?;
    }
    let users = [&jam.listeners[0].name, &max, &jam.listeners[1].name].map(String::as_str);
    again.fence(&users, ORDER).await?;
    for guest in &jam.listeners {
        guest.fence(&users, ONCE).await?;
    }
    let mut jam = Jam::begin(trial, &LONGER).await?;
    trial.step(
        "amy goes on again until both are cut off: with the longer queue that takes more messages",
    );
    let long = jam.until_cut_off().await?;
    if long < short + MORE {
        let expected =
            "with --queue 1024 some 960 messages more are said until both are cut off than with 64";
        let observed = vec![format!("{short} with 64, {long} with 1024")];
        let cause = "the length of a client's queue is what --queue says";
        return Err(jam.server.process.fail(&[expected], observed, cause).await);
    }
    Ok(())
}

/// What `slow` finds when it reads at last: messages from the first on that was said when it was there, none
/// left out, at best the reason, and the end.
async fn read_prefix(server: &Rc<Server>, slow: &Guest, jam: &Jam) -> Result<(), Stop> {
    /// More than the kernel keeps of what one side does not read.
    const READ: usize = 16 * 1024 * 1024;
    let ending = slow.client.ending_with(READ).await?;
    // The last line may be cut: so it was when the socket was closed.
    let text = String::from_utf8_lossy(&ending.words);
    let mut whole: Vec<&str> = text.split('\n').collect();
    whole.pop();
    let mut number = SAMPLES;
    for (index, line) in whole.iter().enumerate() {
        let event: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        let is_first = index == 0 && has(&event, &json!({ "event": "welcome" }));
        let is_next = index == 1 && event["event"] == "joined";
        let is_last = index + 1 == whole.len() && has(&event, &error("too slow"));
        if is_first || is_next || is_last {
            continue;
        }
        if !has(&event, &message(&jam.listeners[0].name, &jam.text(number))) {
            let expected =
                format!("{} reads all that was said, up to where it was cut off", slow.name);
            let found = printable(line, 60);
            let observed = format!("after {} came {found}", count(number - SAMPLES, "message"));
            let cause = "something was left out when there was no room: after a gap nothing may follow but \
                         the end";
            return Err(server.process.fail(&[&expected], vec![observed], cause).await);
        }
        number += 1;
    }
    Ok(())
}

async fn lock_not_held(trial: &Trial) -> Result<(), Stop> {
    const START: Start = Start { flags: &["--queue", "100000"], ..Start::PLAIN };
    const VISITS: usize = 7;
    const MESSAGES: usize = 1000;
    let server = trial.start(&START).await?;
    let room = named(trial, "room");
    let [amy, max] = ["amy", "max"].map(|begin| named(trial, begin));
    trial.step("amy joins a room, and max, who never reads");
    let hears = Guest::join(&server, &amy, &room, &[&amy]).await?;
    let slow = Guest::connect(&server, &max, Window::Small).await?;
    slow.send(&json!({ "user_id": max, "room_id": room })).await?;
    hears.expect(&joined(&max), "").await?;
    let users = [amy.as_str(), max.as_str()];
    trial.step(format!(
        "{VISITS} others join, ask who is there, and leave, one after the other: how long?"
    ));
    let mut times = Vec::new();
    for index in 0..VISITS {
        times.push(visit(&server, &hears, &format!("zoe-{index}"), &room, &users).await?);
    }
    let before = crowd::median(times);
    trial.step(format!("amy says {MESSAGES} long things, which the socket of max does not take"));
    let text = long_message(trial);
    let cause = "a client's own messages come back to it, whoever else does not read; and with --queue 100000 \
                 nobody is cut off by so few";
    for _ in 0..MESSAGES {
        hears.say(&text).await?;
        hears.expect(&message(&amy, &text), cause).await?;
    }
    let ports = slow.client.connection.ports;
    let stalled = || {
        let full = Wires::of(server.address).far_end(ports).is_some_and(|end| end.tx_queue > 0);
        Ok(full.then_some(()))
    };
    if server.process.until(stalled).await?.is_none() {
        let reason = "the kernel has taken all that one client did not read";
        return Err(Stop::Inconclusive(reason.to_owned()));
    }
    // The answer to this one cannot be written, either.
    slow.send(&json!({ "who": true })).await?;
    server.process.settle(Duration::from_millis(300)).await;
    trial.step(format!("{VISITS} others again, while it is stalled"));
    let mut times = Vec::new();
    for index in 0..VISITS {
        times.push(visit(&server, &hears, &format!("zed-{index}"), &room, &users).await?);
    }
    let after = crowd::median(times);
    let what = "others join, ask and leave";
    crowd::expect_no_delay(&server, what, before, after, "a stalled socket").await?;
    Ok(())
}

/// Somebody joins, asks who is there, and leaves, and the one who `hears` it has heard all of that.
async fn visit(
    server: &Rc<Server>,
    hears: &Guest,
    name: &str,
    room: &str,
    others: &[&str],
) -> Result<Duration, Stop> {
    let users: Vec<&str> = others.iter().copied().chain([name]).collect();
    let begin = Instant::now();
    let guest = Guest::join(server, name, room, &users).await?;
    guest.fence(&users, ORDER).await?;
    guest.client.reset();
    hears.expect(&joined(name), "").await?;
    hears.expect(&left(name), "").await?;
    Ok(begin.elapsed())
}
