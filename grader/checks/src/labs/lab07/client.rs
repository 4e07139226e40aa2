//! A chat client, which reads events one by one.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{printable, time};
use engine::drive::{BufferSize, Client, Ending, Payload, Server};
use engine::subject::ANSWER_DEADLINE;
use engine::verdict::{Cause, CheckError, Explanation, Failure, Observation};
use serde_json::{Value, json};

use super::causes;
use super::protocol::{
    LineReader, any_welcome, error, has, join, joined, line, shown, shown_text, welcome, who,
};
use crate::expect;

/// The reason for refusing a join whose name is taken.
pub(super) const TAKEN: &str = "user id already taken";

/// How many of the last events reports show.
const MAX_RECENT: usize = 3;

pub(super) struct ChatClient {
    /// Its user id, once it has joined.
    pub(super) name: String,
    client: Client,
    server: Rc<Server>,
    lines: RefCell<LineReader>,
    /// The last events that it got.
    recent: RefCell<VecDeque<Rc<Value>>>,
}

/// Joining and leaving.
impl ChatClient {
    /// Connects as `name`, without joining.
    ///
    /// # Errors
    ///
    /// The server refuses, or does not answer.
    pub(super) async fn connect(
        server: &Rc<Server>,
        name: &str,
        buffers: BufferSize,
    ) -> Result<Self, CheckError> {
        Ok(Self {
            name: name.to_owned(),
            client: server.connect_plain(name, buffers).await?,
            server: Rc::clone(server),
            lines: RefCell::default(),
            recent: RefCell::default(),
        })
    }

    /// Connects and waits until the program has accepted the connection: the listener's queue may be short.
    ///
    /// # Errors
    ///
    /// The server refuses, or does not answer.
    pub(super) async fn connect_accepted(
        server: &Rc<Server>,
        name: &str,
    ) -> Result<Self, CheckError> {
        let client = Self::connect(server, name, BufferSize::Default).await?;
        client.send(&who()).await?;
        client.expect(&error("join first")).await?;
        Ok(client)
    }

    /// Connects and joins `room`, whose users are then `users`, in this order.
    ///
    /// # Errors
    ///
    /// The welcome is wrong or missing.
    pub(super) async fn join(
        server: &Rc<Server>,
        name: &str,
        room: &str,
        users: &[&str],
    ) -> Result<Self, CheckError> {
        let client = Self::connect(server, name, BufferSize::Default).await?;
        client.send(&join(name, room)).await?;
        client.expect_because(&welcome(room, users), &causes::NO_WELCOME).await?;
        Ok(client)
    }

    /// Connects and tries to join, again and again, until the name is free.
    ///
    /// # Errors
    ///
    /// It does not become free.
    pub(super) async fn join_when_free(
        server: &Rc<Server>,
        name: &str,
        room: &str,
    ) -> Result<Self, CheckError> {
        /// Each attempt opens a connection.
        const PAUSE: Duration = Duration::from_millis(20);
        let begin = Instant::now();
        loop {
            let client = Self::connect(server, name, BufferSize::Default).await?;
            client.send(&join(name, room)).await?;
            let expected = format!("{name} gets `welcome` once the name is free");
            let answer = client.event(&expected).await?;
            if has(&answer, &any_welcome()) {
                return Ok(client);
            }
            if !has(&answer, &error(TAKEN)) {
                return Err(client.unexpected(&expected, None).await);
            }
            if begin.elapsed() > ANSWER_DEADLINE {
                expect::not_starved(&server.process)?;
                let observed = format!("the name is still taken after {}", time(begin.elapsed()));
                let failure = Failure::property(observed).expecting(expected);
                return Err(server.fail(failure.because(causes::NAME_NOT_FREED)).await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes clients with these names, which are sorted, join `room` one after another; the earlier ones get `joined`.
    ///
    /// # Errors
    ///
    /// A welcome or a `joined` is wrong or missing.
    pub(super) async fn join_in_turn(
        server: &Rc<Server>,
        names: &[String],
        room: &str,
    ) -> Result<Vec<Self>, CheckError> {
        let mut clients: Vec<Self> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let users: Vec<&str> = names[..=index].iter().map(String::as_str).collect();
            let client = Self::join(server, name, room, &users).await?;
            for earlier in &clients {
                earlier.expect(&joined(name)).await?;
            }
            clients.push(client);
        }
        Ok(clients)
    }

    /// Shuts down the sending side (FIN).
    pub(super) fn half_close(&self) {
        self.client.connection.half_close();
    }

    /// Resets the connection (RST).
    pub(super) fn reset(self) {
        self.client.reset();
    }

    /// The ports of this end and of the server's.
    pub(super) fn ports(&self) -> (u16, u16) {
        self.client.connection.ports
    }
}

/// Sending.
impl ChatClient {
    /// Sends `command` as a line.
    ///
    /// # Errors
    ///
    /// It could not be sent.
    pub(super) async fn send(&self, command: &Value) -> Result<(), CheckError> {
        self.send_bytes(line(command)).await
    }

    /// Sends `bytes` unchanged.
    ///
    /// # Errors
    ///
    /// They could not be sent.
    pub(super) async fn send_bytes(&self, bytes: Vec<u8>) -> Result<(), CheckError> {
        self.client.send(&Payload::from(bytes)).await
    }

    /// Sends `message` to the room.
    ///
    /// # Errors
    ///
    /// It could not be sent.
    pub(super) async fn say(&self, message: &str) -> Result<(), CheckError> {
        self.send(&json!({ "message": message })).await
    }
}

/// Receiving.
impl ChatClient {
    /// The next event; a failure to get it says what was `expected`.
    ///
    /// # Errors
    ///
    /// None arrives, or it is not JSON.
    pub(super) async fn event(&self, expected: &str) -> Result<Rc<Value>, CheckError> {
        // Nothing else reads from this client at the same time.
        let mut lines = self.lines.take();
        let next = lines.event(&self.client.connection);
        let event = self.server.wait(Some(&self.client.connection), expected, next).await;
        self.lines.replace(lines);
        let event = Rc::new(event.map_err(|error| self.with_last_event(error))?);
        let mut recent = self.recent.borrow_mut();
        recent.push_back(Rc::clone(&event));
        if recent.len() > MAX_RECENT {
            recent.pop_front();
        }
        Ok(event)
    }

    /// Expects the next event to have these members.
    ///
    /// # Errors
    ///
    /// A different event arrives, or none.
    pub(super) async fn expect(&self, members: &Value) -> Result<(), CheckError> {
        self.expect_event(members, None).await
    }

    /// Expects the next event to have these members, and gives `cause` if it does not.
    ///
    /// # Errors
    ///
    /// A different event arrives, or none.
    pub(super) async fn expect_because(
        &self,
        members: &Value,
        cause: &Explanation,
    ) -> Result<(), CheckError> {
        self.expect_event(members, Some(cause)).await
    }

    async fn expect_event(
        &self,
        members: &Value,
        cause: Option<&Explanation>,
    ) -> Result<(), CheckError> {
        let expected = format!("{} gets {}", self.name, shown(members));
        let event = self.event(&expected).await.map_err(|error| explained(error, cause))?;
        if has(&event, members) {
            return Ok(());
        }
        let difference = difference(&event, members).map(Observation::from);
        let error = self.unexpected(&expected, cause).await;
        Err(error.amend(|failure| drop(failure.observations.splice(0..0, difference))))
    }

    /// Asks who is in the room, and expects `users`, in this order, and no other event before the answer (rule R4).
    ///
    /// # Errors
    ///
    /// A different event arrives, or none; `cause` is the likely cause.
    pub(super) async fn expect_users(
        &self,
        users: &[&str],
        cause: &Explanation,
    ) -> Result<(), CheckError> {
        self.send(&who()).await?;
        self.expect_because(&json!({ "event": "users", "users": users }), cause).await
    }

    /// Expects the end of the stream, by FIN or RST (rule R14), and no event before it.
    ///
    /// # Errors
    ///
    /// An event arrives, or the stream does not end.
    pub(super) async fn expect_end(&self) -> Result<(), CheckError> {
        let ending = self.ending().await?;
        let received = [&self.lines.take().into_unread()[..], &ending.words].concat();
        if received.is_empty() {
            return Ok(());
        }
        let observed = format!("before that, it got {}", shown_text(&received));
        let expected = format!("the connection of {} is closed", self.name);
        Err(self.server.fail(Failure::property(observed).expecting(expected)).await)
    }

    /// Reads until the connection ends. Returns as much of what arrives as a report shows.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub(super) async fn ending(&self) -> Result<Ending, CheckError> {
        self.client.ending().await
    }

    /// As [`Self::ending`], with the first `limit` bytes of what arrives.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub(super) async fn ending_with(&self, limit: usize) -> Result<Ending, CheckError> {
        self.client.ending_with(limit).await
    }

    /// The failure when the last event is not what was `expected`.
    pub(super) async fn unexpected(
        &self,
        expected: &str,
        cause: Option<&Explanation>,
    ) -> CheckError {
        let failure = Failure::property_lines(self.recent_lines()).expecting(expected);
        self.server.fail(failure.because_of(cause.map(Cause::from))).await
    }

    /// The last events, the newest first.
    fn recent_lines(&self) -> Vec<String> {
        let recent = self.recent.borrow();
        let line = |(age, event): (usize, &Rc<Value>)| match age {
            0 => format!("{} got {}", self.name, shown(event)),
            _ => format!("before that: {}", shown(event)),
        };
        recent.iter().rev().enumerate().map(line).collect()
    }

    /// Adds the last event to a failure.
    fn with_last_event(&self, error: CheckError) -> CheckError {
        match self.recent.borrow().back() {
            Some(event) => error.observing(format!("the last event: {}", shown(event))),
            None => error,
        }
    }
}

/// Gives `cause` for a failure that shows only a symptom: silence, or the end of the connection.
fn explained(error: CheckError, cause: Option<&Explanation>) -> CheckError {
    error.amend(|failure| {
        let is_symptom = failure.kind.is_unanswered() || failure.kind.may_follow_an_end();
        if let (Some(cause), true) = (cause, is_symptom) {
            failure.cause = Some(cause.into());
        }
    })
}

/// The member in which two events of the same kind differ: a report may cut both events off before it.
fn difference(event: &Value, wanted: &Value) -> Option<String> {
    if event.get("event") != wanted.get("event") {
        return None;
    }
    let differs = |(name, value): &(&String, &Value)| event.get(name) != Some(value);
    let (name, wanted) = wanted.as_object()?.iter().find(differs)?;
    let found = event.get(name).unwrap_or(&Value::Null);
    Some(format!("its `{name}` is {}, not {}", short(found), short(wanted)))
}

/// A value as reports show it, with its length if it is long.
fn short(value: &Value) -> String {
    /// In characters.
    const MAX: usize = 40;
    let text = value.to_string();
    match text.chars().count() {
        0..=MAX => printable(&text, MAX),
        length => format!("{} ({length} characters)", printable(&text, MAX)),
    }
}

#[cfg(test)]
mod tests {
    use engine::verdict::FailureKind;

    use super::*;
    use crate::labs::lab07::protocol::message;

    fn cause_of(kind: FailureKind) -> Option<Cause> {
        let known = Failure::new(kind).because(causes::CLIENT_ENDED);
        let error = CheckError::Failed(Box::new(known));
        let explained = explained(error, Some(&causes::STRAY_EVENT));
        explained.failure().and_then(|failure| failure.cause.clone())
    }

    #[test]
    fn silence_and_an_end_get_the_cause_of_the_check() {
        let closed = FailureKind::ConnectionLost { observed: "closed".to_owned() };
        assert_eq!(cause_of(closed), Some(causes::STRAY_EVENT.into()));
        assert_eq!(cause_of(FailureKind::ProvenHang), Some(causes::STRAY_EVENT.into()));
        let wrong = FailureKind::Property { observed: "a line that is not JSON".to_owned() };
        assert_eq!(cause_of(wrong), Some(causes::CLIENT_ENDED.into()));
    }

    #[test]
    fn events_of_one_kind_differ_in_a_member() {
        let wanted = message("ana", &"x".repeat(50));
        assert_eq!(difference(&joined("ana"), &wanted), None);
        let text = difference(&message("bob", "y"), &wanted).expect("another message");
        assert!(text.starts_with("its `message` is \"y\", not \"xxx"), "{text}");
        assert!(text.ends_with(" (52 characters)"), "{text}");
    }
}
