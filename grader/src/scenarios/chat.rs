//! The chat of lab 07: one JSON object in a line, from clients who join a room first.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Answer, Dial, Dialled, Exchange, Request};
use crate::capture::{printable, size};
use crate::client::{Connection, Mismatch, Payload, Trouble, Window};
use crate::outcome::Stop;
use crate::process::UNWRITTEN;
use crate::server::{Client, Server};
use crate::trial::Trial;

/// The most bytes of a client's line, its newline not counted.
pub const LONGEST_LINE: usize = 4096;

/// More than any event that a right server sends here: a list of some hundred users has some kilobytes.
const LONGEST_EVENT: usize = 256 * 1024;

/// A client that is in a room of its own, under a name that nobody else has.
#[derive(Debug)]
pub struct OwnRoom;

impl Dial for OwnRoom {
    fn dial(&self, _: &Trial, address: SocketAddr, window: Window) -> Dialled {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let connection = Connection::open(address, window).await?;
            let room = format!("room-{number}");
            let join = json!({ "user_id": format!("guest-{number}"), "room_id": room });
            let answer = Answer::Object(json!({ "event": "welcome", "room_id": room }));
            Request { sends: line(&join), answer }.make(&connection).await?;
            Ok(connection)
        })
    }
}

/// A message comes back to who has sent it.
#[derive(Debug)]
pub struct OwnMessage;

impl Exchange for OwnMessage {
    fn request(&self, trial: &Trial) -> Request {
        let message = trial.word_text();
        let answer = Answer::Object(json!({ "event": "message", "message": message }));
        Request { sends: line(&json!({ "message": message })), answer }
    }

    fn flood(&self, trial: &Trial, length: u64) -> Payload {
        let Payload::Bytes(unit) = line(&json!({ "message": long_message(trial) })) else {
            unreachable!("a line is bytes")
        };
        Payload::Repeated { unit: unit.into(), length }
    }

    fn explain(&self, _: &Mismatch) -> String {
        "an event is lost, doubled, cut or out of order".to_owned()
    }
}

/// A message of some kilobytes.
#[must_use]
pub fn long_message(trial: &Trial) -> String {
    trial.text(LONGEST_LINE - 96)
}

/// A name that begins with `begin`, and that no answer can have been written for.
#[must_use]
pub fn named(trial: &Trial, begin: &str) -> String {
    format!("{begin}-{}", trial.text(5))
}

/// The event `joined`.
#[must_use]
pub fn joined(name: &str) -> Value {
    json!({ "event": "joined", "user_id": name })
}

/// The event `left`.
#[must_use]
pub fn left(name: &str) -> Value {
    json!({ "event": "left", "user_id": name })
}

/// The event `message`.
#[must_use]
pub fn message(name: &str, text: &str) -> Value {
    json!({ "event": "message", "user_id": name, "message": text })
}

/// The event `error`.
#[must_use]
pub fn error(reason: &str) -> Value {
    json!({ "event": "error", "reason": reason })
}

/// `object` as a line.
#[must_use]
pub fn line(object: &Value) -> Payload {
    format!("{object}\n").into_bytes().into()
}

/// Reads a line, and expects it to be an object that has `members`, and perhaps others.
///
/// # Errors
///
/// Another line, more than one, or an end before it.
pub async fn expect_object(connection: &Connection, members: &Value) -> Result<(), Trouble> {
    let mut lines = Lines::default();
    let line = lines.next(connection).await?;
    let object = parse(&line)?;
    if !has(&object, members) {
        return Err(wrong(format!("it got {}", shown(&object)), ""));
    }
    if !lines.buffer.is_empty() {
        let more = size(lines.buffer.len() as u64);
        return Err(wrong(format!("{more} more came after {}", shown(&object)), ""));
    }
    Ok(())
}

/// Whether `object` has all of `members`, with these values.
#[must_use]
pub fn has(object: &Value, members: &Value) -> bool {
    let members = members.as_object().into_iter().flatten();
    members.into_iter().all(|(name, value)| object.get(name) == Some(value))
}

/// `object` as reports show it.
#[must_use]
pub fn shown(object: &Value) -> String {
    printable(&object.to_string(), 120)
}

fn wrong(observed: String, cause: &str) -> Trouble {
    Trouble::Wrong { observed: vec![observed], cause: cause.to_owned() }
}

/// A value as reports show it, with its length where it is long.
fn short(value: &Value) -> String {
    const MOST: usize = 40;
    let text = value.to_string();
    match text.chars().count() {
        0..=MOST => printable(&text, MOST),
        length => format!("{} ({length} characters)", printable(&text, MOST)),
    }
}

/// Gives `cause` as the cause of a failure of which only the sight is known: an end, or silence. What the
/// program says of itself is better, though.
fn because(stop: Stop, cause: &str) -> Stop {
    stop.amend(|failure| {
        let is_known = cause.is_empty() || failure.cause.starts_with(UNWRITTEN);
        if !is_known && (failure.cause == CLOSED || failure.is_no_answer()) {
            failure.cause = cause.to_owned();
        }
    })
}

/// The object in `line`.
fn parse(line: &[u8]) -> Result<Value, Trouble> {
    serde_json::from_slice(line).map_err(|error| {
        let text = printable(&String::from_utf8_lossy(line), 120);
        let cause = "each line is one whole JSON object: leave making it to a library, and write it in one \
                     piece, with its newline";
        wrong(format!("a line that is not JSON ({error}): {text}"), cause)
    })
}

/// Lines of a connection.
#[derive(Debug, Default)]
struct Lines {
    /// What has come and is no part of a line that was taken.
    buffer: Vec<u8>,
    /// Up to here there is no newline in it.
    searched: usize,
}

impl Lines {
    /// The next line, without its newline.
    async fn next(&mut self, connection: &Connection) -> Result<Vec<u8>, Trouble> {
        let mut piece = Vec::new();
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
                self.searched = 0;
                line.pop();
                return Ok(line);
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LONGEST_EVENT {
                let observed = format!("{} without a newline", size(self.buffer.len() as u64));
                return Err(wrong(observed, "each event is a line of its own"));
            }
            piece.resize(16 * 1024, 0);
            let (observed, cause) = match connection.read(&mut piece).await {
                Ok(0) => ("the connection was closed (FIN)".to_owned(), CLOSED),
                Err(error) => (format!("the connection broke: {error}"), CLOSED),
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    continue;
                }
            };
            let mut observed = vec![observed];
            if !self.buffer.is_empty() {
                let rest = String::from_utf8_lossy(&self.buffer);
                observed.push(format!("before that: {}, without a newline", printable(&rest, 120)));
            }
            return Err(Trouble::Lost { observed, cause: cause.to_owned() });
        }
    }
}

const CLOSED: &str =
    "the server has ended this client: was it taken for too slow, or has its task panicked?";

/// A client that reads events one by one.
pub struct Guest {
    pub client: Client,
    /// Its user id, once it has joined.
    pub name: String,
    server: Rc<Server>,
    lines: RefCell<Lines>,
    /// What it got last, as reports show it.
    last: RefCell<VecDeque<String>>,
}

/// What is shown of the past.
const PAST: usize = 3;

impl Guest {
    /// Connects, to be called `name`, and does not join yet.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect(server: &Rc<Server>, name: &str, window: Window) -> Result<Self, Stop> {
        Ok(Self {
            client: server.connect_plain(name, window).await?,
            name: name.to_owned(),
            server: Rc::clone(server),
            lines: RefCell::default(),
            last: RefCell::default(),
        })
    }

    /// Connects and joins `room`, where then there are these `users`, in this order.
    ///
    /// # Errors
    ///
    /// Another welcome, or none.
    pub async fn join(
        server: &Rc<Server>,
        name: &str,
        room: &str,
        users: &[&str],
    ) -> Result<Self, Stop> {
        let guest = Self::connect(server, name, Window::Usual).await?;
        guest.send(&json!({ "user_id": name, "room_id": room })).await?;
        let welcome = json!({ "event": "welcome", "room_id": room, "users": users });
        guest
            .expect(&welcome, "who joins is welcomed first, with the sorted list of who is there")
            .await?;
        Ok(guest)
    }

    /// Sends `object` as a line.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub async fn send(&self, object: &Value) -> Result<(), Stop> {
        self.client.send(&line(object)).await
    }

    /// Says `message` to the room.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub async fn say(&self, message: &str) -> Result<(), Stop> {
        self.send(&json!({ "message": message })).await
    }

    /// The next event, which is needed for what is `expected`.
    ///
    /// # Errors
    ///
    /// None comes, or no JSON.
    pub async fn event(&self, expected: &str) -> Result<Value, Stop> {
        // Nobody else reads from this client meanwhile.
        let mut lines = self.lines.take();
        let next = async { parse(&lines.next(&self.client.connection).await?) };
        let event = self.server.wait(Some(&self.client.connection), expected, next).await;
        self.lines.replace(lines);
        let event = event.map_err(|stop| self.with_past(stop))?;
        let mut last = self.last.borrow_mut();
        last.push_back(shown(&event));
        if last.len() > PAST {
            last.pop_front();
        }
        Ok(event)
    }

    /// Expects the next event to have these members.
    ///
    /// # Errors
    ///
    /// Another event, with `cause` as the likely cause, or none.
    pub async fn expect(&self, members: &Value, cause: &str) -> Result<(), Stop> {
        let expected = format!("{} gets {}", self.name, shown(members));
        let event = self.event(&expected).await.map_err(|stop| because(stop, cause))?;
        if has(&event, members) {
            return Ok(());
        }
        // Where it is no event of another kind it differs in a part that may be out of sight.
        let is_alike = event.get("event") == members.get("event");
        let differs = |(name, value): &(&String, &Value)| event.get(name) != Some(value);
        let part =
            members.as_object().filter(|_| is_alike).and_then(|all| all.iter().find(differs));
        let part = part.map(|(name, wanted)| {
            let found = event.get(name).unwrap_or(&Value::Null);
            format!("its `{name}` is {} and not {}", short(found), short(wanted))
        });
        let stop = self.wrong(&expected, cause).await;
        Err(stop.amend(|failure| failure.observed.splice(1..1, part).for_each(drop)))
    }

    /// Adds to a failure what was heard last.
    fn with_past(&self, stop: Stop) -> Stop {
        stop.amend(|failure| {
            let last = self.last.borrow().back().cloned();
            failure.observed.extend(last.map(|event| format!("the last that came: {event}")));
        })
    }

    /// A failure, since the last event is not what was `expected`.
    pub async fn wrong(&self, expected: &str, cause: &str) -> Stop {
        let mut past: Vec<_> = self.last.borrow().iter().cloned().collect();
        let mut observed = Vec::new();
        observed.extend(past.pop().map(|event| format!("{} got {event}", self.name)));
        observed.extend(past.into_iter().rev().map(|event| format!("before that {event}")));
        self.server.process.fail(&[expected], observed, cause).await
    }

    /// Asks who is there, and expects these `users` in this order, and no other event before that (rule R4).
    ///
    /// # Errors
    ///
    /// Another event, with `cause` as the likely cause, or none.
    pub async fn fence(&self, users: &[&str], cause: &str) -> Result<(), Stop> {
        self.send(&json!({ "who": true })).await?;
        self.expect(&json!({ "event": "users", "users": users }), cause).await
    }

    /// Expects the end of the stream, by FIN or RST (rule R14), and no event before it.
    ///
    /// # Errors
    ///
    /// An event, or no end.
    pub async fn expect_end(&self) -> Result<(), Stop> {
        let ending = self.client.ending().await?;
        let words = [&self.lines.take().buffer[..], &ending.words].concat();
        if words.is_empty() {
            return Ok(());
        }
        let expected = format!("the connection of {} is closed", self.name);
        let text = printable(&String::from_utf8_lossy(&words), 120);
        Err(self
            .server
            .process
            .fail(&[&expected], vec![format!("before that it got {text}")], "")
            .await)
    }
}
