//! Tasks 2 and 3: each message reaches every client in its room, once and in order, and no other room.

use engine::drive::{Start, Trial, try_join_all};
use engine::verdict::CheckError;

use super::causes;
use super::client::ChatClient;
use super::protocol::{joined, left, message, named};
use super::room::ChatRoom;
use super::start::LONG_QUEUES;

pub(super) async fn message_broadcast(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let names = ["ana", "bob", "cleo"].map(|begin| named(trial, begin));
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    trial.step("ana, bob and cleo join a room");
    let clients = ChatClient::join_in_turn(&server, &names, &room).await?;
    trial.step("each sends messages with quotes, newlines, accents and emoji; all three get them");
    let (word, long) = (trial.word_text(), trial.text(3000));
    let texts = [
        word.clone(),
        String::new(),
        format!("\"{word}\" \\ / \u{8}\u{c}\n\r\t\u{1}\u{7f}"),
        format!("äß → 🦀 {word} \u{2028} \u{fffd}"),
        "{\"event\":\"left\",\"user_id\":\"ana\"}".to_owned(),
        long,
    ];
    for (sender, name) in clients.iter().zip(&names) {
        for text in &texts {
            sender.say(text).await?;
            for client in &clients {
                let event = message(name, text);
                client.expect_because(&event, &causes::MESSAGE_NOT_BROADCAST).await?;
            }
        }
    }
    trial.step("no client has got anything else");
    for client in &clients {
        client.expect_users(&all, &causes::STRAY_EVENT).await?;
    }
    Ok(())
}

pub(super) async fn per_sender_order(trial: &Trial) -> Result<(), CheckError> {
    const SENDERS: usize = 4;
    const MESSAGES: usize = 8;
    const ROUNDS: usize = 20;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!("{SENDERS} clients join a room"));
    let room = ChatRoom::with_clients(&server, SENDERS).await?;
    trial.step(format!(
        "{ROUNDS} times: each client sends {MESSAGES} messages in a single write and gets {} in all",
        SENDERS * MESSAGES
    ));
    let talk = async {
        for round in 0..ROUNDS {
            let numbers = round * MESSAGES..(round + 1) * MESSAGES;
            try_join_all((0..SENDERS).map(|who| room.say(who, numbers.clone()))).await?;
            let hearing = (0..SENDERS).map(|who| {
                let room = &room;
                async move {
                    for _ in 0..SENDERS * MESSAGES {
                        room.hear(who, None).await?;
                    }
                    Ok(())
                }
            });
            try_join_all(hearing).await?;
        }
        room.hear_out().await
    };
    let talk = talk.await;
    room.judge(talk, false).await
}

pub(super) async fn fanout_exact(trial: &Trial) -> Result<(), CheckError> {
    const USERS: usize = 50;
    const MESSAGES: usize = 20;
    let server = trial.start(&LONG_QUEUES).await?;
    trial.step(format!("{USERS} clients join a room"));
    let room = ChatRoom::with_clients(&server, USERS).await?;
    trial.step(format!(
        "each sends {MESSAGES} messages, waiting for the echo of each, and gets the messages of all clients"
    ));
    let talk = room.talk(MESSAGES).await;
    room.judge(talk, true).await
}

pub(super) async fn rooms_isolated(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let other = room.replacen('r', "R", 1);
    let [ana, bob, cleo, dan, eve] =
        ["ana", "bob", "cleo", "dan", "eve"].map(|begin| named(trial, begin));
    trial.step(
        "ana and bob join a room; cleo and dan join one whose name differs in a capital letter",
    );
    let here = ChatClient::join_in_turn(&server, &[ana.clone(), bob.clone()], &room).await?;
    let mut there = ChatClient::join_in_turn(&server, &[cleo.clone(), dan.clone()], &other).await?;
    let cause = &causes::ROOMS_NOT_ISOLATED;
    let word = trial.word_text();
    trial.step("ana sends a message; eve joins the first room and leaves it");
    here[0].say(&word).await?;
    for client in &here {
        client.expect_because(&message(&ana, &word), cause).await?;
    }
    drop(ChatClient::join(&server, &eve, &room, &[&ana, &bob, &eve]).await?);
    for client in &here {
        client.expect_because(&joined(&eve), cause).await?;
        client.expect_because(&left(&eve), cause).await?;
    }
    trial.step("no client in the second room has got any of these events");
    for client in &there {
        client.expect_users(&[&cleo, &dan], cause).await?;
    }
    trial.step(
        "cleo sends a message, and dan leaves; no client in the first room gets these events",
    );
    there[0].say(&word).await?;
    for client in &there {
        client.expect_because(&message(&cleo, &word), cause).await?;
    }
    drop(there.remove(1));
    there[0].expect_because(&left(&dan), cause).await?;
    for client in &here {
        client.expect_users(&[&ana, &bob], cause).await?;
    }
    there[0].expect_users(&[&cleo], cause).await
}
