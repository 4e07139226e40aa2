//! Task 1: who may join, and what all hear of it.

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
    trial.step("a name of 32 characters, and one of a single one, may join");
    let long = trial.text(32);
    for name in [long.as_str(), "q"] {
        ChatClient::join(&server, name, name, &[name]).await?;
    }
    trial.step("names that are none, of users and of rooms: `bad name`, and the end");
    let too_long = format!("{long}x");
    for bad in ["", &too_long, "a b", "ä", "a/b", "a.b", "a\n"] {
        expect_refusal(&server, bad, &room, "bad name").await?;
        expect_refusal(&server, &named(trial, "fine"), bad, "bad name").await?;
    }
    trial.step("a client says something, and asks who is there, before it joins: `join first`");
    let name = named(trial, "new");
    let client = ChatClient::connect(&server, &name, BufferSize::Default).await?;
    for early in [json!({ "message": "hello" }), who()] {
        client.send(&early).await?;
        client.expect_because(&error("join first"), &causes::NO_JOIN_FIRST).await?;
    }
    client.send(&join(&name, &name)).await?;
    client.expect_because(&welcome(&name, &[&name]), &causes::NO_JOIN_FIRST).await
}

/// Clients whose names begin with all kinds of characters join: all hear of each, and the list is sorted.
async fn join_one_by_one(
    context: &Context,
    server: &Rc<Server>,
    room: &str,
) -> Result<Vec<ChatClient>, CheckError> {
    context.step(
        "clients join a room one after the other, with names that begin with m, Z, b, _, 4 and -",
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
    context.step("each asks who is there");
    for client in &clients {
        client.expect_users(&users, &causes::USERS_NOT_SORTED).await?;
    }
    Ok(clients)
}

/// Connects, asks to join as `name`, and expects an error with `reason`, and the end.
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
        error.observing(format!("it had asked to join as {name:?} in {room:?}"))
    })?;
    client.expect_end().await
}

pub(super) async fn duplicate_name(trial: &Trial) -> Result<(), CheckError> {
    /// Luck decides which client is first, and whether two are: one round may show nothing.
    const ROUNDS: usize = 4;
    let server = trial.start(&Start::PLAIN).await?;
    let _members = refuse_taken_names(trial, &server).await?;
    trial.step(format!(
        "{ROUNDS} times: {RIVALS} clients want one name at the same time, each in a room of its own"
    ));
    for _ in 0..ROUNDS {
        race(trial, &server).await?;
    }
    Ok(())
}

/// Clients that ask for a taken name are refused, and no other client hears of them. Gives those who were there.
async fn refuse_taken_names(
    context: &Context,
    server: &Rc<Server>,
) -> Result<[ChatClient; 4], CheckError> {
    let (room, other) = (named(context, "room"), named(context, "room"));
    let (ana, bob, cleo) = (named(context, "ana"), named(context, "bob"), named(context, "cleo"));
    context.step("ana and bob join a room, cleo another one");
    let first = ChatClient::join(server, &ana, &room, &[&ana]).await?;
    let second = ChatClient::join(server, &bob, &room, &[&ana, &bob]).await?;
    first.expect(&joined(&bob)).await?;
    let third = ChatClient::join(server, &cleo, &other, &[&cleo]).await?;
    context.step(
        "others want to join as ana, in each room, and once more after that: all are refused",
    );
    for room in [&room, &other, &room] {
        expect_refusal(server, &ana, room, TAKEN).await?;
    }
    context.step("nobody has heard of it, and ana is still there");
    first.expect_users(&[&ana, &bob], &causes::REFUSED_CLIENT_ENTERED).await?;
    second.expect_users(&[&ana, &bob], &causes::REFUSED_CLIENT_ENTERED).await?;
    third.expect_users(&[&cleo], &causes::REFUSED_CLIENT_ENTERED).await?;
    context.step("somebody joins by the same name with a capital letter, which is another name");
    let capital = ana.replacen('a', "A", 1);
    let fourth = ChatClient::join(server, &capital, &room, &[&capital, &ana, &bob]).await?;
    for client in [&first, &second] {
        client.expect_because(&joined(&capital), &causes::NAMES_IGNORE_CASE).await?;
    }
    fourth.expect_users(&[&capital, &ana, &bob], &causes::USERS_NOT_SORTED).await?;
    context.step("ana says something, and both hear it");
    let word = context.word_text();
    first.say(&word).await?;
    for client in [&second, &fourth] {
        client.expect_because(&message(&ana, &word), &causes::REFUSED_CLIENT_ENTERED).await?;
    }
    Ok([first, second, third, fourth])
}

/// How many clients want one name.
const RIVALS: usize = 20;

/// Many clients want one name at the same time: one gets it.
async fn race(context: &Context, server: &Rc<Server>) -> Result<(), CheckError> {
    let name = named(context, "rival");
    let mut rivals = Vec::new();
    for _ in 0..RIVALS {
        rivals.push(ChatClient::connect_accepted(server, "a rival").await?);
    }
    // Sent while the program is stopped, so that it finds all of them at once.
    server.process.pause().await?;
    let asked = rivals.iter().enumerate().map(|(index, client)| {
        let join = join(&name, &format!("corner-{index}"));
        async move { client.send(&join).await }
    });
    let asked = try_join_all(asked).await;
    server.process.resume();
    asked?;
    let answers = rivals.iter().map(|client| client.event("each is welcomed or refused"));
    let answers = try_join_all(answers).await?;
    let number_of = |event: &Value| answers.iter().filter(|answer| has(answer, event)).count();
    let (welcomed, refused) = (number_of(&any_welcome()), number_of(&error(TAKEN)));
    if welcomed == 1 && refused == RIVALS - 1 {
        return Ok(());
    }
    let cause =
        if welcomed > 1 { causes::NAME_CHECKED_THEN_TAKEN } else { causes::TAKEN_NAME_NOT_REFUSED };
    let failure = Failure::property(format!("{welcomed} were welcomed, {refused} refused"))
        .expecting(format!("one of {RIVALS} is welcomed, the others are refused"));
    Err(server.fail(failure.because(cause)).await)
}
