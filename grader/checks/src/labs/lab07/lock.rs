//! Task 4: while one client's socket is full, the program holds no lock that other clients need.

use std::rc::Rc;
use std::time::{Duration, Instant};

use engine::drive::{BufferSize, Server, Start, Trial};
use engine::verdict::CheckError;
use observe::ConnectionTable;

use super::causes;
use super::client::ChatClient;
use super::protocol::{join, joined, left, long_message, message, named, who};
use crate::expect;

/// The median is taken over this many visits to the room.
const VISITS: usize = 7;

pub(super) async fn lock_not_held(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = Start { flags: &["--queue", "100000"], ..Start::PLAIN };
    const MESSAGES: usize = 1000;
    const IDLE_DEADLINE: Duration = Duration::from_millis(300);
    let server = trial.start(&START).await?;
    let room = named(trial, "room");
    let [amy, max] = ["amy", "max"].map(|begin| named(trial, begin));
    trial.step("amy joins a room, and so does max, who never reads");
    let listener = ChatClient::join(&server, &amy, &room, &[&amy]).await?;
    let stalled = ChatClient::connect(&server, &max, BufferSize::Small).await?;
    stalled.send(&join(&max, &room)).await?;
    listener.expect(&joined(&max)).await?;
    let visited =
        Visited { server: &server, listener: &listener, room: &room, users: [&amy, &max] };
    trial.step(format!(
        "{VISITS} other clients join, ask who is there and leave, one after another; measure how long each takes"
    ));
    let before = visited.median("zoe").await?;
    trial.step(format!("amy sends {MESSAGES} long messages, which do not fit into max's socket"));
    let text = long_message(trial);
    for _ in 0..MESSAGES {
        listener.say(&text).await?;
        listener.expect_because(&message(&amy, &text), &causes::OWN_MESSAGES_HELD_UP).await?;
    }
    expect_full_socket(&server, &stalled).await?;
    // The answer to this request cannot be written, either.
    stalled.send(&who()).await?;
    server.process.wait_until_idle(IDLE_DEADLINE).await;
    trial.step(format!("{VISITS} other clients do the same while max is stalled"));
    let after = visited.median("zed").await?;
    let what = "another client joins, asks who is there and leaves";
    expect::no_delay(&server, what, before, after, "a stalled socket").await
}

/// Waits until the kernel no longer accepts all that is written to `client`.
///
/// # Errors
///
/// It accepts everything, which is not the program's fault.
async fn expect_full_socket(server: &Rc<Server>, client: &ChatClient) -> Result<(), CheckError> {
    let ports = client.ports();
    let is_full = || {
        let table = ConnectionTable::of(server.address());
        let waits = table.peer_socket(ports).is_some_and(|socket| socket.tx_queue > 0);
        Ok(waits.then_some(()))
    };
    match server.process.poll_until(is_full).await? {
        Some(()) => Ok(()),
        None => {
            let reason = "the kernel buffered everything that one client did not read";
            Err(CheckError::Inconclusive(reason.to_owned()))
        }
    }
}

/// A room that others visit.
struct Visited<'a> {
    server: &'a Rc<Server>,
    /// It is notified of all visits.
    listener: &'a ChatClient,
    room: &'a str,
    /// The users between the visits, sorted.
    users: [&'a str; 2],
}

impl Visited<'_> {
    /// How long a visit takes: the median of several, by clients whose names begin with `begin`.
    async fn median(&self, begin: &str) -> Result<Duration, CheckError> {
        let mut times = Vec::new();
        for index in 0..VISITS {
            times.push(self.visit(&format!("{begin}-{index}")).await?);
        }
        Ok(expect::median(times))
    }

    /// A client joins, asks who is there and leaves. Returns how long it took until the listener got both notices.
    async fn visit(&self, name: &str) -> Result<Duration, CheckError> {
        let users: Vec<&str> = self.users.into_iter().chain([name]).collect();
        let begin = Instant::now();
        let client = ChatClient::join(self.server, name, self.room, &users).await?;
        client.expect_users(&users, &causes::USERS_NOT_SORTED).await?;
        client.reset();
        self.listener.expect(&joined(name)).await?;
        self.listener.expect(&left(name)).await?;
        Ok(begin.elapsed())
    }
}
