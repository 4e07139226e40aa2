//! Lab 07, chat: rooms in which nobody waits for anybody who does not read.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Category, Check, Lab, Task};
use crate::capture::{count, size, time};
use crate::client::Window;
use crate::history::{History, Message};
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::process::ANSWER_DEADLINE;
use crate::scenarios::chat::{Guest, LONGEST_LINE, OwnMessage, OwnRoom, has, long_message, shown};
use crate::scenarios::{Service, growth, resources};
use crate::server::{Server, Start, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 7,
    topic: "chat",
    title: "Shared state without a traffic jam",
    minutes: 120,
    dependencies: &["clap", "serde", "serde_json", "thiserror", "tokio", "tokio-util"],
    borrows: &[(4, "src/lines.rs")],
    service: &Service { command: &[], second: None, dial: &OwnRoom, exchange: &OwnMessage },
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
const FREED: &str = "07/name-freed";
const LEAVE: &str = "07/leave-notice";
const BROADCAST: &str = "07/message-broadcast";
const ORDERED: &str = "07/per-sender-order";
const ROOMS: &str = "07/rooms-isolated";

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
        id: "07/fanout-exact",
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
        id: "07/join-storm",
        task: 3,
        category: Category::Concurrency,
        points: 5,
        rule: "200 users join at once, and half of them leave at once: everyone knows who is there",
        requires: &[LEAVE, ORDERED],
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
        rule: "one who never reads is cut off and delays nobody; memory is bounded",
        requires: &[BROADCAST, LEAVE],
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

/// A name that begins with `begin`, and that no answer can have been written for.
fn named(trial: &Trial, begin: &str) -> String {
    let rest: String = trial.letters(5).into_iter().map(char::from).collect();
    format!("{begin}-{rest}")
}

fn joined(name: &str) -> Value {
    json!({ "event": "joined", "user_id": name })
}

fn left(name: &str) -> Value {
    json!({ "event": "left", "user_id": name })
}

fn message(name: &str, text: &str) -> Value {
    json!({ "event": "message", "user_id": name, "message": text })
}

fn error(reason: &str) -> Value {
    json!({ "event": "error", "reason": reason })
}

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
    guest.expect(&error(reason), cause).await?;
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
    let long: String = trial.letters(32).into_iter().map(char::from).collect();
    for name in [long.as_str(), "q"] {
        Guest::join(&server, name, name, &[name]).await?;
    }
    trial.step("names that are none, of users and of rooms: `bad name`, and the end");
    let too_long = format!("{long}x");
    for bad in ["", &too_long, "a b", "ä", "a/b", "a.b", "a\n"] {
        refused(&server, bad, &room, "bad name").await?;
        refused(&server, "fine", bad, "bad name").await?;
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
        let cause = "between the look whether a name is free and the moment it is taken another client has \
                     looked, too: do both in one step, under one lock";
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
    const BAD: [&[u8]; 15] = [
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
        guest.expect(&error("bad json"), cause).await
    };
    trial.step(
        "a client sends lines that are no command before it joins: `bad json`, and it goes on",
    );
    let second = Guest::connect(&server, &bob, Window::Usual).await?;
    for line in BAD {
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
    let (room, ana, bob) = (named(trial, "room"), named(trial, "ana"), named(trial, "bob"));
    let zoe = named(trial, "zoe");
    let guests = gather(&server, &[ana.clone(), zoe.clone()], &room).await?;
    let first = &guests[0];
    let around = json!({ "message": "" }).to_string().len();
    let text: String = trial.letters(LONGEST_LINE - around).into_iter().map(char::from).collect();
    trial.step("zoe sends a line of 4,096 bytes, and ana hears it");
    guests[1].say(&text).await?;
    let cause = "a line has at most 4,096 bytes, its newline not counted";
    first.expect(&message(&zoe, &text), cause).await?;
    for (what, end) in [("with its newline", "\n"), ("and no newline", "")] {
        trial.step(format!(
            "bob joins, and sends a line of 4,097 bytes {what}: an error, and the end"
        ));
        let second = Guest::join(&server, &bob, &room, &[&ana, &bob, &zoe]).await?;
        first.expect(&joined(&bob), "").await?;
        let line = format!("{}{end}", json!({ "message": format!("{text}x") }));
        second.client.send(&line.into_bytes().into()).await?;
        let cause = "a line that is too long is refused as soon as that is clear, with an error that \
                     arrives, and the end";
        second.expect(&error("line too long"), cause).await?;
        second.expect_end().await?;
        first.expect(&left(&bob), "the others hear that it has left").await?;
    }
    Ok(())
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
    let (word, long) =
        (trial.word_text(), trial.letters(3000).into_iter().map(char::from).collect());
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

/// Lets clients of these names, sorted, join `room` one after the other, and hear of each other.
async fn gather(server: &Rc<Server>, names: &[String], room: &str) -> Result<Vec<Guest>, Stop> {
    let mut guests: Vec<Guest> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let users: Vec<&str> = names[..=index].iter().map(String::as_str).collect();
        let guest = Guest::join(server, name, room, &users).await?;
        for earlier in &guests {
            earlier.expect(&joined(name), "").await?;
        }
        guests.push(guest);
    }
    Ok(guests)
}

/// Clients in one room, and all that they say and hear.
struct Party {
    server: Rc<Server>,
    guests: Vec<Guest>,
    names: Vec<String>,
    /// In each message, so that no answer can have been written for it.
    salt: String,
    history: RefCell<History>,
}

/// How long something may take that is needed for what all are to hear.
const HEARD: &str = "everyone hears each message";

impl Party {
    async fn gather(trial: &Trial, start: &Start, number: usize) -> Result<Self, Stop> {
        let server = trial.start(start).await?;
        let salt = trial.word_text();
        let same = named(trial, "");
        let names: Vec<_> = (0..number).map(|index| format!("user{index:03}{same}")).collect();
        trial.step(format!("{number} clients join a room"));
        let guests = gather(&server, &names, &named(trial, "room")).await?;
        let history = RefCell::new(History::of(names.clone()));
        Ok(Self { server, guests, names, salt, history })
    }

    fn text(&self, number: usize) -> String {
        format!("{number} {}", self.salt)
    }

    /// The messages of `who` from `numbers`, all in one piece.
    async fn say(&self, who: usize, numbers: std::ops::Range<usize>) -> Result<(), Stop> {
        let mut lines = String::new();
        for number in numbers {
            lines += &format!("{}\n", json!({ "message": self.text(number) }));
            self.history.borrow_mut().sends(Message { sender: who, number });
        }
        self.guests[who].client.send(&lines.into_bytes().into()).await
    }

    /// What `who` hears next; `None` where it is no message, but what was `asked` for.
    async fn hear(&self, who: usize, asked: Option<&Value>) -> Result<Option<Message>, Stop> {
        let event = self.guests[who].event(HEARD).await?;
        if asked.is_some_and(|asked| has(&event, asked)) {
            return Ok(None);
        }
        let sender = event["user_id"].as_str();
        let sender = sender.and_then(|sender| self.names.iter().position(|name| name == sender));
        let number =
            event["message"].as_str().and_then(|text| text.split(' ').next()?.parse().ok());
        if let (Some(sender), Some(number)) = (sender, number)
            && has(&event, &message(&self.names[sender], &self.text(number)))
        {
            let heard = Message { sender, number };
            self.history.borrow_mut().sees(who, heard);
            return Ok(Some(heard));
        }
        let expected = format!("{} hears what somebody has said", self.guests[who].name);
        Err(self.guests[who].wrong(&expected, "").await)
    }

    /// Each asks who is there, and hears what still comes before the answer (rule R4).
    async fn settle(&self) -> Result<(), Stop> {
        let users = json!({ "event": "users" });
        let asking = (0..self.guests.len()).map(|who| {
            let users = &users;
            async move {
                self.guests[who].send(&json!({ "who": true })).await?;
                while self.hear(who, Some(users)).await?.is_some() {}
                Ok(())
            }
        });
        together(asking).await.map(drop)
    }

    /// What came of it all, in `one_order` or not; `talk` is how the talking has ended.
    async fn judge(&self, talk: Result<(), Stop>, one_order: bool) -> Result<(), Stop> {
        // Where something was waited for in vain, it is better told by what was lost.
        match talk {
            Err(Stop::Failed(failure)) if failure.is_no_answer() => {}
            Err(stop) => return Err(stop),
            Ok(()) => {}
        }
        let findings = self.history.borrow().judge(one_order);
        let Some(findings) = findings else { return Ok(()) };
        let sent = self.history.borrow().sent();
        let expected = if one_order {
            "each message reaches everyone once, and in the same order"
        } else {
            "each message reaches everyone once, and each sender's in the order in which they were sent"
        };
        let cause = if findings.lost > 0 {
            "a message was not put into somebody's queue, or was dropped from it: a queue that is full is a \
             reason to cut somebody off, never to skip"
        } else if findings.doubled > 0 {
            "somebody is in the room's list twice, or a message is sent again to those who had it"
        } else {
            "two messages overtook one another: the queues are filled by tasks of their own, or without a \
             lock that makes one message the first for all"
        };
        Err(self.server.process.fail(&[expected], findings.lines(sent), cause).await)
    }
}

async fn per_sender_order(trial: &Trial) -> Result<(), Stop> {
    const SENDERS: usize = 4;
    const MESSAGES: usize = 8;
    const ROUNDS: usize = 20;
    let party = Party::gather(trial, &Start::PLAIN, SENDERS).await?;
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
    let party = Party::gather(trial, &ROOMY, USERS).await?;
    trial.step(format!(
        "each sends {MESSAGES} messages, the next one when it has heard its own, and hears those of all"
    ));
    let talk = async {
        let talking = (0..USERS).map(|who| {
            let party = &party;
            async move {
                let mut heard = 0;
                for number in 0..MESSAGES {
                    party.say(who, number..number + 1).await?;
                    let own = Message { sender: who, number };
                    while party.hear(who, None).await? != Some(own) {
                        heard += 1;
                    }
                    heard += 1;
                }
                while heard < USERS * MESSAGES {
                    party.hear(who, None).await?;
                    heard += 1;
                }
                Ok(())
            }
        });
        together(talking).await?;
        party.settle().await
    };
    let talk = talk.await;
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

async fn join_storm(trial: &Trial) -> Result<(), Stop> {
    const USERS: usize = 200;
    let server = trial.start(&ROOMY).await?;
    let room = named(trial, "room");
    let same = named(trial, "");
    let watcher = format!("0{same}");
    let watcher = Guest::join(&server, &watcher, &room, &[&watcher]).await?;
    let names: Vec<_> = (0..USERS).map(|index| format!("user{index:03}{same}")).collect();
    trial.step(format!("{USERS} clients connect; then all join the same room at once"));
    let connects = names.iter().map(|name| accepted(&server, name));
    let guests = ramped(connects).await?;
    let joins = guests.iter().map(|guest| {
        let room = &room;
        async move {
            guest.send(&json!({ "user_id": guest.name, "room_id": room })).await?;
            let event = guest.event("who joins is welcomed, first of all").await?;
            if !has(&event, &json!({ "event": "welcome", "room_id": room })) {
                return Err(guest.wrong("who joins is welcomed, first of all", "").await);
            }
            Ok((guest.name.clone(), users_of(&event)))
        }
    });
    let welcomes: HashMap<_, _> = together(joins).await?.into_iter().collect();
    trial.step("every other of them leaves at once (FIN)");
    let (mut stay, mut gone) = (Vec::new(), Vec::new());
    for (index, guest) in guests.into_iter().enumerate() {
        if index % 2 == 0 { stay.push(guest) } else { gone.push(guest) }
    }
    gone.iter().for_each(|guest| guest.client.connection.half_close());
    let mut users: Vec<&str> = stay.iter().map(|guest| guest.name.as_str()).collect();
    users.push(&watcher.name);
    users.sort_unstable();
    trial.step("one who was there all the time hears of each who joined and left, once; then `who` is right");
    let mut expected: Vec<Value> = names.iter().map(|name| joined(name)).collect();
    expected.extend(gone.iter().map(|guest| left(&guest.name)));
    let what = format!("{} hears of {USERS} who join and {} who leave", watcher.name, gone.len());
    let cause = "a list was changed while somebody else walked through it, or a name and its room were \
                 changed in two steps";
    while !expected.is_empty() {
        let event = watcher.event(&what).await.map_err(|stop| missing(stop, &expected))?;
        let place = expected.iter().position(|one| has(&event, one));
        // Nobody leaves who has not joined.
        let early = event["event"] == "left"
            && expected
                .iter()
                .any(|one| has(one, &joined(event["user_id"].as_str().unwrap_or(""))));
        match place {
            Some(place) if !early => drop(expected.swap_remove(place)),
            _ => return Err(watcher.wrong(&what, cause).await),
        }
    }
    watcher.fence(&users, cause).await?;
    trial.step("each who stayed asks who is there, and has heard of just these before");
    let everyone: BTreeSet<String> = users.iter().map(ToString::to_string).collect();
    let knowing = stay.iter().map(|guest| {
        let known = welcomes.get(&guest.name).cloned().unwrap_or_default();
        knows(guest, known, &everyone)
    });
    let wrong = together(knowing).await?.into_iter().flatten().max();
    if let Some((_, wrong)) = wrong {
        let expected =
            "each knows who is there: those of its welcome, and who has joined since and not left";
        let cause = "somebody has come between the moment in which the list was made and the one in which \
                     the newcomer is in it: make the list, enter and tell the others under one lock";
        return Err(server.process.fail(&[expected], vec![wrong], cause).await);
    }
    stay.into_iter().chain(gone).for_each(|guest| guest.client.reset());
    Ok(())
}

/// The users in an event.
fn users_of(event: &Value) -> BTreeSet<String> {
    let users = event["users"].as_array().into_iter().flatten();
    users.filter_map(|user| Some(user.as_str()?.to_owned())).collect()
}

/// Asks who is there: `everyone`; and those who were welcome to `guest`, and have joined since and not left,
/// are the same. If not, how many it has not heard of, and what is wrong.
async fn knows(
    guest: &Guest,
    mut known: BTreeSet<String>,
    everyone: &BTreeSet<String>,
) -> Result<Option<(usize, String)>, Stop> {
    guest.send(&json!({ "who": true })).await?;
    let mut surprise = None;
    let listed = loop {
        let event = guest.event("one who stayed hears who is there").await?;
        let user = event["user_id"].as_str().unwrap_or_default().to_owned();
        let is_news = match event["event"].as_str() {
            Some("joined") => known.insert(user),
            Some("left") => known.remove(&user),
            Some("users") => break users_of(&event),
            _ => false,
        };
        if !is_news && surprise.is_none() {
            surprise = Some(shown(&event));
        }
    };
    let (name, all) = (&guest.name, count(everyone.len(), "user"));
    let unheard: Vec<_> = everyone.difference(&known).collect();
    let wrong = match (unheard.first(), surprise) {
        (Some(first), _) => {
            let number = unheard.len();
            format!("{name} has not heard of {number} of {all}, {first} among them")
        }
        (None, Some(event)) => format!("{name} got {event}, which does not fit to what it knew"),
        (None, None) if known == *everyone && listed == *everyone => return Ok(None),
        (None, None) => {
            let (known, listed) = (known.len(), listed.len());
            format!("{name} knows of {known}, {listed} are listed, of {all}")
        }
    };
    Ok(Some((unheard.len(), wrong)))
}

/// Adds to a failure what was still to come.
fn missing(stop: Stop, expected: &[Value]) -> Stop {
    match (stop, expected.first()) {
        (Stop::Failed(mut failure), Some(first)) => {
            let more = count(expected.len(), "event");
            failure.observed.push(format!("still to come: {more}, {} among them", shown(first)));
            Stop::Failed(failure)
        }
        (stop, _) => stop,
    }
}

async fn memory_flat(trial: &Trial) -> Result<(), Stop> {
    const USERS: usize = 2000;
    /// The first batch warms up; of the others one without growth is enough (an allocator may need more).
    const BATCHES: usize = 5;
    /// An entry with a name of 32 bytes takes more than that, each time.
    const EACH: u64 = 32;
    let server = trial.start(&Start::PLAIN).await?;
    let memory = || server.probe().memory();
    let mut before = memory();
    let mut grown = 0;
    let mut number = 0;
    for batch in 0..=BATCHES {
        trial.step(format!(
            "{USERS} clients join rooms of their own, one after the other, and leave"
        ));
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
        grown = growth(&before, &after).into_values().sum();
        if batch > 0 && grown < EACH * USERS as u64 {
            return Ok(());
        }
        before = after;
    }
    let expected = format!("after {USERS} more who came and went the memory is as before");
    let each = grown / USERS as u64;
    let observed = format!(
        "it grew by {} each time (RssAnon), {} for each of them, {BATCHES} times",
        size(grown),
        size(each)
    );
    let cause = "something of each user or room is kept: a room that is empty, a name, a queue. Remove a room \
                 when its last user leaves";
    Err(server.process.fail(&[&expected], vec![observed], cause).await)
}

/// How long until everybody who listens has heard a message of `speaker`: the median of some.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Rule R3: five times as long as before, or 250 ms.
fn bound(before: Duration) -> Duration {
    (5 * before).max(Duration::from_millis(250))
}

async fn slow_consumer(trial: &Trial) -> Result<(), Stop> {
    const SAMPLES: usize = 15;
    /// The kernel takes some hundred kilobytes for the one who does not read, usually.
    const MOST: usize = 20_000;
    const GROWTH: u64 = 16 * 1024 * 1024;
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let [amy, max, zoe] = ["amy", "max", "zoe"].map(|begin| named(trial, begin));
    trial.step("amy and zoe join a room; how long until both hear what amy says?");
    let listeners = gather(&server, &[amy.clone(), zoe.clone()], &room).await?;
    let text = long_message(trial)["message"].as_str().unwrap_or_default().to_owned();
    let says = |number: usize| format!("{number} {text}");
    let cause = "the others go on as if nothing were: nobody waits for the one who does not read, and \
                 nobody is left out";
    let mut times = Vec::new();
    for number in 0..SAMPLES {
        let begin = Instant::now();
        listeners[0].say(&says(number)).await?;
        for guest in &listeners {
            guest.expect(&message(&amy, &says(number)), cause).await?;
        }
        times.push(begin.elapsed());
    }
    let before = median(times);
    trial.step("max joins and never reads; amy goes on until max is cut off: both hear `left`");
    let slow = Guest::connect(&server, &max, Window::Small).await?;
    slow.send(&json!({ "user_id": max, "room_id": room })).await?;
    for guest in &listeners {
        guest.expect(&joined(&max), cause).await?;
    }
    let memory = server.probe().memory();
    let (mut times, mut said, mut is_cut) = (Vec::new(), 0, [false; 2]);
    while is_cut != [true; 2] {
        if said == MOST {
            let expected = "who does not read is cut off once its queue of 64 events is full";
            let observed =
                format!("{said} messages of {} later it is not", size(text.len() as u64));
            let cause = "its queue has no limit, or what does not fit is thrown away: then it misses \
                         something and goes on as if it had not";
            return Err(server.process.fail(&[expected], vec![observed], cause).await);
        }
        let begin = Instant::now();
        let number = SAMPLES + said;
        listeners[0].say(&says(number)).await?;
        for (guest, is_cut) in listeners.iter().zip(&mut is_cut) {
            let expected =
                format!("{} hears what amy says, and once that max has left", guest.name);
            let mut event = guest.event(&expected).await?;
            if !*is_cut && has(&event, &left(&max)) {
                *is_cut = true;
                event = guest.event(&expected).await?;
            }
            if !has(&event, &message(&amy, &says(number))) {
                return Err(guest.wrong(&expected, cause).await);
            }
        }
        times.push(begin.elapsed());
        said += 1;
        // The news of it may come just after the message that has filled the queue.
        let grown = growth(&memory, &server.probe().memory()).into_values().max().unwrap_or(0);
        if grown >= GROWTH {
            let expected = format!("the program's memory grows by less than {}", size(GROWTH));
            let observed = vec![
                format!("it grew by {} (RssAnon)", size(grown)),
                format!("{said} messages wait for one client that reads nothing"),
            ];
            let cause = "the queue of a client has no limit: what it does not read piles up";
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
    }
    let after = median(times);
    if after > bound(before) {
        let expected = format!("a message reaches the others within {}", time(bound(before)));
        let observed = format!(
            "{} beside one that never reads, {} without (medians)",
            time(after),
            time(before)
        );
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("its socket is closed, although it still reads nothing, and its name is free");
    let clients = listeners.len();
    let closed = || Ok((server.client_sockets()? <= clients).then_some(()));
    if server.process.until(closed).await?.is_none() {
        let expected = "the socket of the one who was cut off is closed";
        let observed = count(server.client_sockets()?, "client's socket") + " open, of two clients";
        let cause = "its task sleeps in a write that never ends, or in a read: what cuts a client off has to \
                     reach it there";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    let again = until_free(&server, &max, &room).await?;
    for guest in &listeners {
        guest.expect(&joined(&max), "`left` is heard once, when somebody is cut off").await?;
    }
    trial.step("now it reads: what was said, without a gap, and the end");
    read_prefix(&server, &slow, &amy, SAMPLES, &says).await?;
    again.fence(&[&amy, &max, &zoe], ORDER).await?;
    for guest in &listeners {
        guest.fence(&[&amy, &max, &zoe], "`left` is heard once, when somebody is cut off").await?;
    }
    Ok(())
}

/// What `slow` finds when it reads at last: messages from number `first` on, none left out, at best the
/// reason, and the end.
async fn read_prefix(
    server: &Rc<Server>,
    slow: &Guest,
    speaker: &str,
    first: usize,
    says: &impl Fn(usize) -> String,
) -> Result<(), Stop> {
    /// More than the kernel keeps of what one side does not read.
    const READ: usize = 16 * 1024 * 1024;
    let ending = slow.client.ending_with(READ).await?;
    // The last line may be cut: so it was when the socket was closed.
    let text = String::from_utf8_lossy(&ending.words);
    let mut whole: Vec<&str> = text.split('\n').collect();
    whole.pop();
    let mut number = first;
    for (index, line) in whole.iter().enumerate() {
        let event: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        let is_first = index == 0 && has(&event, &json!({ "event": "welcome" }));
        let is_last = index + 1 == whole.len() && has(&event, &error("too slow"));
        if is_first || is_last {
            continue;
        }
        if !has(&event, &message(speaker, &says(number))) {
            let expected =
                format!("{} reads all that was said, up to where it was cut off", slow.name);
            let found = crate::capture::printable(line, 60);
            let observed = format!("after {} came {found}", count(number - first, "message"));
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
    const SAMPLES: usize = 15;
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
        "{SAMPLES} others join, ask who is there, and leave, one after the other: how long?"
    ));
    let mut times = Vec::new();
    for index in 0..SAMPLES {
        times.push(visit(&server, &hears, &format!("zoe-{index}"), &room, &users).await?);
    }
    let before = median(times);
    trial.step(format!("amy says {MESSAGES} long things, which the socket of max does not take"));
    let text = long_message(trial)["message"].as_str().unwrap_or_default().to_owned();
    let cause = "a client's own messages come back to it, whoever else does not read";
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
    trial.step(format!("{SAMPLES} others again, while it is stalled"));
    let mut times = Vec::new();
    for index in 0..SAMPLES {
        times.push(visit(&server, &hears, &format!("zed-{index}"), &room, &users).await?);
    }
    let after = median(times);
    if after > bound(before) {
        let expected = format!("others join, ask and leave within {}", time(bound(before)));
        let observed =
            format!("{} beside a stalled socket, {} without (medians)", time(after), time(before));
        let cause = "the lock is held while something is written, and they wait for it";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
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
