//! Task 1: which clients may join, and how the others are notified.

use std::rc::Rc;

use engine::drive::{BufferSize, Context, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use serde_json::{Value, json};

use super::causes;
use super::client::{ChatClient, TAKEN};
use super::protocol::{any_welcome, error, has, join, joined, message, named, welcome, who};

pub(super) async fn join_welcome(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let _members = join_one_by_one(trial, &server, &room).await?;
    trial.step(
        "one client joins with a name of 32 characters, another with a name of one character",
    );
    let long = trial.text(32);
    for name in [long.as_str(), "q"] {
        ChatClient::join(&server, name, name, &[name]).await?;
    }
    trial.step(
        "clients try to join with invalid user or room names; each gets `bad name` and is then disconnected",
    );
    let too_long = format!("{long}x");
    for bad in ["", &too_long, "a b", "ä", "a/b", "a.b", "a\n"] {
        expect_refusal(&server, bad, &room, "bad name").await?;
        expect_refusal(&server, &named(trial, "fine"), bad, "bad name").await?;
    }
    trial
        .step("a client sends a message and `who` before it joins, and gets `join first` for both");
    let name = named(trial, "new");
    let client = ChatClient::connect(&server, &name, BufferSize::Default).await?;
    for early in [json!({ "message": "hello" }), who()] {
        client.send(&early).await?;
        client.expect_because(&error("join first"), &causes::NO_JOIN_FIRST).await?;
    }
    client.send(&join(&name, &name)).await?;
    client.expect_because(&welcome(&name, &[&name]), &causes::NO_JOIN_FIRST).await
}

/// Clients whose names begin with all kinds of characters join: each is announced, and the list is sorted.
async fn join_one_by_one(
    context: &Context,
    server: &Rc<Server>,
    room: &str,
) -> Result<Vec<ChatClient>, CheckError> {
    context.step(
        "clients join a room one after another, with names that begin with m, Z, b, _, 4 and -",
    );
    let names = ["m", "Z", "b", "_", "4", "-"].map(|begin| named(context, begin));
    let mut users: Vec<&str> = Vec::new();
    let mut clients: Vec<ChatClient> = Vec::new();
    for name in &names {
        users.push(name);
        users.sort_unstable();
        let client = ChatClient::join(server, name, room, &users).await?;
        for earlier in &clients {
            earlier.expect_because(&joined(name), &causes::JOIN_NOT_ANNOUNCED).await?;
        }
        clients.push(client);
    }
    context.step("each client sends `who`");
    for client in &clients {
        client.expect_users(&users, &causes::USERS_NOT_SORTED).await?;
    }
    Ok(clients)
}

/// Connects, tries to join as `name`, and expects an error with `reason`, then the end.
async fn expect_refusal(
    server: &Rc<Server>,
    name: &str,
    room: &str,
    reason: &str,
) -> Result<(), CheckError> {
    let client = ChatClient::connect(server, "the client", BufferSize::Default).await?;
    client.send(&join(name, room)).await?;
    let answered = client.expect_because(&error(reason), &causes::JOIN_NOT_REFUSED).await;
    answered.map_err(|error| {
        error.observing(format!("the client tried to join {room:?} as {name:?}"))
    })?;
    client.expect_end().await
}

pub(super) async fn duplicate_name(trial: &Trial) -> Result<(), CheckError> {
    /// Whether two clients race for the name is nondeterministic: one round may show nothing.
    const ROUNDS: usize = 4;
    let server = trial.start(&Start::PLAIN).await?;
    let _members = refuse_taken_names(trial, &server).await?;
    trial.step(format!(
        "{ROUNDS} times: {RIVALS} clients join under one name at the same time, each in its own room"
    ));
    for _ in 0..ROUNDS {
        race(trial, &server).await?;
    }
    Ok(())
}

/// Clients that ask for a taken name are refused, and no other client is notified. Returns those that joined.
async fn refuse_taken_names(
    context: &Context,
    server: &Rc<Server>,
) -> Result<[ChatClient; 4], CheckError> {
    let (room, other) = (named(context, "room"), named(context, "room"));
    let (ana, bob, cleo) = (named(context, "ana"), named(context, "bob"), named(context, "cleo"));
    context.step("ana and bob join a room, cleo joins another");
    let first = ChatClient::join(server, &ana, &room, &[&ana]).await?;
    let second = ChatClient::join(server, &bob, &room, &[&ana, &bob]).await?;
    first.expect(&joined(&bob)).await?;
    let third = ChatClient::join(server, &cleo, &other, &[&cleo]).await?;
    context.step(
        "others try to join as ana, in both rooms and once more in the first: all are refused",
    );
    for room in [&room, &other, &room] {
        expect_refusal(server, &ana, room, TAKEN).await?;
    }
    context.step("no client was notified, and ana is still there");
    first.expect_users(&[&ana, &bob], &causes::REFUSED_CLIENT_ENTERED).await?;
    second.expect_users(&[&ana, &bob], &causes::REFUSED_CLIENT_ENTERED).await?;
    third.expect_users(&[&cleo], &causes::REFUSED_CLIENT_ENTERED).await?;
    context.step("a client joins as ana with a capital A, which is a different name");
    let capital = ana.replacen('a', "A", 1);
    let fourth = ChatClient::join(server, &capital, &room, &[&capital, &ana, &bob]).await?;
    for client in [&first, &second] {
        client.expect_because(&joined(&capital), &causes::NAMES_IGNORE_CASE).await?;
    }
    fourth.expect_users(&[&capital, &ana, &bob], &causes::USERS_NOT_SORTED).await?;
    context.step("ana sends a message, and the other two clients in the room get it");
    let word = context.word_text();
    first.say(&word).await?;
    for client in [&second, &fourth] {
        client.expect_because(&message(&ana, &word), &causes::REFUSED_CLIENT_ENTERED).await?;
    }
    Ok([first, second, third, fourth])
}

/// How many clients compete for one name.
const RIVALS: usize = 20;

/// Many clients ask for one name at the same time: one gets it.
async fn race(context: &Context, server: &Rc<Server>) -> Result<(), CheckError> {
    let name = named(context, "rival");
    let mut rivals = Vec::new();
    for _ in 0..RIVALS {
        rivals.push(ChatClient::connect_accepted(server, "a rival").await?);
    }
    // Sent while the program is stopped, so that it finds all joins at the same time.
    server.process.pause().await?;
    let asked = rivals.iter().enumerate().map(|(index, client)| {
        let join = join(&name, &format!("corner-{index}"));
        async move { client.send(&join).await }
    });
    let asked = try_join_all(asked).await;
    server.process.resume();
    asked?;
    let answers = rivals.iter().map(|client| client.event("each client is welcomed or refused"));
    let answers = try_join_all(answers).await?;
    let number_of = |event: &Value| answers.iter().filter(|answer| has(answer, event)).count();
    let (welcomed, refused) = (number_of(&any_welcome()), number_of(&error(TAKEN)));
    if welcomed == 1 && refused == RIVALS - 1 {
        return Ok(());
    }
    let cause =
        if welcomed > 1 { causes::NAME_CHECKED_THEN_TAKEN } else { causes::TAKEN_NAME_NOT_REFUSED };
    let failure = Failure::property(format!("{welcomed} were welcomed, {refused} refused"))
        .expecting(format!("one of {RIVALS} clients is welcomed, and the others are refused"));
    Err(server.fail(failure.because(cause)).await)
}
