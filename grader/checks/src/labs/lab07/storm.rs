//! Task 3: many clients join a room while others leave it, and all have the same view of it.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use course::text::count;
use engine::drive::{Context, Server, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure};
use serde_json::{Value, json};

use super::causes;
use super::client::ChatClient;
use super::protocol::{has, join, joined, left, line, message, named, shown};
use super::start::LONG_QUEUES;
use super::storm_view::{EventOrder, Flaw, View, users_of};

/// How many clients join at once. Half as many join later, while every second client of the first group leaves.
const USERS: usize = 200;

pub(super) async fn join_storm(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&LONG_QUEUES).await?;
    let storm = Storm::run(trial, &server).await?;
    trial.step(
        "a client that was there all along gets each `joined` and `left` once, then the right answer to `who`",
    );
    let order = storm.expect_all_heard(&server).await?;
    storm.watcher.expect_users(&storm.users(), &causes::LIST_CHANGED_IN_STEPS).await?;
    trial.step(
        "each client that stayed sends `who`: it must already know these users, and have got all events in order",
    );
    storm.expect_same_view(&server, &order).await?;
    let Storm { watcher: _watcher, stayed, gone, .. } = storm;
    stayed.into_iter().chain(gone).for_each(ChatClient::reset);
    last_leaves_first_comes(trial, &server).await
}

/// The users in the room when a client joined, by the name of that client.
type Welcomes = HashMap<String, BTreeSet<String>>;

/// A room that many clients have joined and left at the same time.
struct Storm {
    /// The client that was in the room before all others.
    watcher: ChatClient,
    /// The names of the others, whether they are still there or not.
    names: Vec<String>,
    /// The clients that are still there, and those that have left.
    stayed: Vec<ChatClient>,
    gone: Vec<ChatClient>,
    /// The names of the clients that sent a message, which is their own name.
    talkers: Vec<String>,
    welcomes: Welcomes,
}

impl Storm {
    async fn run(context: &Context, server: &Rc<Server>) -> Result<Self, CheckError> {
        let room = named(context, "room");
        let suffix = named(context, "");
        let watcher = format!("0{suffix}");
        let watcher = ChatClient::join(server, &watcher, &room, &[&watcher]).await?;
        let names: Vec<_> =
            (0..USERS + USERS / 2).map(|index| format!("user{index:03}{suffix}")).collect();
        let (early, late) = names.split_at(USERS);
        context
            .step(format!("{USERS} clients connect; then all join the same room at the same time"));
        let early = connect_all(server, early).await?;
        let mut welcomes = join_at_once(&early, &room).await?;
        context.step(format!(
            "every second client leaves (FIN) while {} more join and immediately send a message each",
            late.len()
        ));
        let late = connect_all(server, late).await?;
        let (mut stayed, mut gone) = (Vec::new(), Vec::new());
        for (index, client) in early.into_iter().enumerate() {
            if index % 2 == 0 { stayed.push(client) } else { gone.push(client) }
        }
        welcomes.extend(leave_and_join(server, &gone, &late, &room).await?);
        let talkers = late.iter().map(|client| client.name.clone()).collect();
        stayed.extend(late);
        Ok(Self { watcher, names, stayed, gone, talkers, welcomes })
    }

    /// The users in the room now, sorted.
    fn users(&self) -> Vec<&str> {
        let mut users: Vec<&str> = self.stayed.iter().map(|client| client.name.as_str()).collect();
        users.push(&self.watcher.name);
        users.sort_unstable();
        users
    }

    /// All events that the watcher must get, in any order.
    fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = self.names.iter().map(|name| joined(name)).collect();
        events.extend(self.gone.iter().map(|client| left(&client.name)));
        events.extend(self.talkers.iter().map(|name| message(name, name)));
        events
    }

    /// The watcher gets each event once, and a client's `joined` before its other events. Returns their order.
    async fn expect_all_heard(&self, server: &Rc<Server>) -> Result<EventOrder, CheckError> {
        let expected = format!(
            "{} gets {} `joined`, {} `left` and {} messages",
            self.watcher.name,
            self.names.len(),
            self.gone.len(),
            self.talkers.len()
        );
        let mut to_come = self.events();
        let mut order = EventOrder::default();
        while !to_come.is_empty() {
            let event = self.watcher.event(&expected).await;
            let event = event.map_err(|error| with_missing(error, &to_come))?;
            let joins = joined(event["user_id"].as_str().unwrap_or(""));
            let is_early =
                event["event"] != "joined" && to_come.iter().any(|other| has(other, &joins));
            let (why, cause) = match to_come.iter().position(|other| has(&event, other)) {
                _ if is_early => (
                    "it had not got `joined` for this client before",
                    causes::SEVERAL_LOCKS_OR_QUEUES,
                ),
                None => {
                    ("it should not get this event, or not again", causes::LIST_CHANGED_IN_STEPS)
                }
                Some(place) => {
                    to_come.swap_remove(place);
                    order.push(&event);
                    continue;
                }
            };
            let failure = Failure::property(format!("{} got {}", self.watcher.name, shown(&event)))
                .observing(why)
                .expecting(expected);
            return Err(server.fail(failure.because(cause)).await);
        }
        Ok(order)
    }

    /// Each client that stayed knows who is there, and got the events since it joined in this `order`.
    async fn expect_same_view(
        &self,
        server: &Rc<Server>,
        order: &EventOrder,
    ) -> Result<(), CheckError> {
        let everyone: BTreeSet<String> = self.users().into_iter().map(str::to_owned).collect();
        let views = self.stayed.iter().map(|client| {
            let welcome = self.welcomes.get(&client.name).cloned().unwrap_or_default();
            View::of(client, welcome, &everyone, order)
        });
        let views = try_join_all(views).await?;
        let flaws = views.into_iter().filter_map(|view| view.flaw(&everyone, &self.watcher.name));
        let Some(Flaw { observed, evidence, .. }) = flaws.max() else { return Ok(()) };
        let cause = if evidence.is_empty() {
            causes::LIST_MADE_BEFORE_ENTERING
        } else {
            causes::SEVERAL_LOCKS_OR_QUEUES
        };
        let mut failure = Failure::property(observed).because(cause).expecting(
            "each client knows the users in its welcome and those that have joined since and not left; \
             all clients get a room's events in the same order",
        );
        failure.evidence.measured = evidence;
        Err(server.fail(failure).await)
    }
}

async fn connect_all(server: &Rc<Server>, names: &[String]) -> Result<Vec<ChatClient>, CheckError> {
    let connects = names.iter().map(|name| ChatClient::connect_accepted(server, name));
    try_join_bounded(connects).await
}

/// All `clients` join `room` at the same time.
async fn join_at_once(clients: &[ChatClient], room: &str) -> Result<Welcomes, CheckError> {
    let joins = clients.iter().map(|client| async move {
        client.send(&join(&client.name, room)).await?;
        Ok((client.name.clone(), welcome_of(client, room).await?))
    });
    Ok(try_join_all(joins).await?.into_iter().collect())
}

/// Each of `leavers` leaves while one of `newcomers` joins `room` and immediately sends its name.
async fn leave_and_join(
    server: &Rc<Server>,
    leavers: &[ChatClient],
    newcomers: &[ChatClient],
    room: &str,
) -> Result<Welcomes, CheckError> {
    // Sent while the program is stopped, so that it finds all of them at the same time.
    server.process.pause().await?;
    for (leaver, newcomer) in leavers.iter().zip(newcomers) {
        leaver.half_close();
        let name = &newcomer.name;
        let lines = [line(&join(name, room)), line(&json!({ "message": name }))];
        newcomer.send_bytes(lines.concat()).await?;
    }
    server.process.resume();
    let welcomes = newcomers
        .iter()
        .map(|client| async move { Ok((client.name.clone(), welcome_of(client, room).await?)) });
    Ok(try_join_all(welcomes).await?.into_iter().collect())
}

/// The users in the welcome, which must be the first event that `client` gets.
async fn welcome_of(client: &ChatClient, room: &str) -> Result<BTreeSet<String>, CheckError> {
    const EXPECTED: &str = "a client that joins gets `welcome` before any other event";
    let event = client.event(EXPECTED).await?;
    if has(&event, &json!({ "event": "welcome", "room_id": room })) {
        return Ok(users_of(&event));
    }
    Err(client.unexpected(EXPECTED, Some(&causes::SEVERAL_LOCKS_OR_QUEUES)).await)
}

/// Adds the events that are still missing to a failure.
fn with_missing(error: CheckError, to_come: &[Value]) -> CheckError {
    let Some(first) = to_come.first() else { return error };
    let more = count(to_come.len(), "event");
    error.observing(format!("still missing: {more}, {} among them", shown(first)))
}

/// In each of many rooms, the last client leaves while another joins: a third one finds the second there.
async fn last_leaves_first_comes(context: &Context, server: &Rc<Server>) -> Result<(), CheckError> {
    const ROOMS: usize = 50;
    context.step(format!(
        "in each of {ROOMS} rooms, ana is alone and leaves (FIN) while bob joins; then cleo joins"
    ));
    let rooms: Vec<_> = (0..ROOMS).map(|index| named(context, &format!("room{index}"))).collect();
    let names: Vec<_> = (0..ROOMS).map(|index| format!("bob{index}")).collect();
    let bobs = connect_all(server, &names).await?;
    let mut anas = Vec::new();
    for (index, room) in rooms.iter().enumerate() {
        let ana = format!("ana{index}");
        anas.push(ChatClient::join(server, &ana, room, &[&ana]).await?);
    }
    replace_last(server, &anas, &bobs, &rooms).await?;
    let mut cleos = Vec::new();
    for (bob, room) in bobs.iter().zip(&rooms) {
        cleos.push(expect_to_find(server, bob, room).await?);
    }
    anas.into_iter().chain(bobs).chain(cleos).for_each(ChatClient::reset);
    Ok(())
}

/// In each room, the only client leaves and another one joins, while the program is stopped.
async fn replace_last(
    server: &Rc<Server>,
    leavers: &[ChatClient],
    newcomers: &[ChatClient],
    rooms: &[String],
) -> Result<(), CheckError> {
    server.process.pause().await?;
    for (index, ((leaver, newcomer), room)) in leavers.iter().zip(newcomers).zip(rooms).enumerate()
    {
        // A program may serve clients in the order of arrival, so each of the two is first in half of the rooms.
        let leaves_first = index % 2 == 0;
        if leaves_first {
            leaver.half_close();
        }
        newcomer.send(&join(&newcomer.name, room)).await?;
        if !leaves_first {
            leaver.half_close();
        }
    }
    server.process.resume();
    let welcomes = newcomers.iter().zip(rooms).map(|(client, room)| welcome_of(client, room));
    try_join_all(welcomes).await.map(drop)
}

/// Another client joins `room` and finds `member` in its list.
async fn expect_to_find(
    server: &Rc<Server>,
    member: &ChatClient,
    room: &str,
) -> Result<ChatClient, CheckError> {
    let name = format!("cleo-{}", member.name);
    let client = ChatClient::connect_accepted(server, &name).await?;
    client.send(&join(&name, room)).await?;
    if welcome_of(&client, room).await?.contains(&member.name) {
        return Ok(client);
    }
    let failure =
        Failure::property("the client that had joined earlier is not in the list of users")
            .expecting(format!("{name} finds {} in the room", member.name));
    Err(server.fail(failure.because(causes::ROOM_REMOVED_WHILE_ENTERED)).await)
}
