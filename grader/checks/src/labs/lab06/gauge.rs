//! Task 2: a gauge of the connected clients, and panics.

use std::rc::Rc;

use course::text::quoted;
use engine::drive::{Client, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::clients::send;
use super::numbers::ACTIVE;
use super::page::{expect_numbers, expect_to_stay, get_page};
use super::{burst, causes};
use crate::scenarios::lines::expect_taken;

/// How a client leaves.
#[derive(Clone, Copy)]
enum Departure {
    Close,
    ShutDown,
    Reset,
    ResetWhileAsleep,
    NotUtf8,
    Panic,
}

impl Departure {
    const ALL: [Self; 6] = [
        Self::Close,
        Self::ShutDown,
        Self::Reset,
        Self::ResetWhileAsleep,
        Self::NotUtf8,
        Self::Panic,
    ];

    /// What the clients do, worded for a step.
    fn text(self) -> &'static str {
        match self {
            Self::Close => "close their connections (FIN)",
            Self::ShutDown => "half-close (FIN) and read to the end",
            Self::Reset => "reset their connections (RST)",
            Self::ResetWhileAsleep => "reset their connections (RST) during a SLEEP",
            Self::NotUtf8 => "send a line that is not UTF-8",
            Self::Panic => "send PANIC",
        }
    }

    /// What a client sends before it leaves.
    fn last_line(self) -> &'static [u8] {
        match self {
            Self::Close | Self::ShutDown | Self::Reset => b"",
            Self::ResetWhileAsleep => b"SLEEP 100 x\n",
            Self::NotUtf8 => b"\xff\n",
            Self::Panic => b"PANIC\n",
        }
    }

    /// Makes `client` leave this way.
    async fn perform(self, server: &Rc<Server>, client: Client) -> Result<(), CheckError> {
        send(&client, self.last_line()).await?;
        match self {
            Self::Close => drop(client),
            Self::ShutDown => client.finish().await?,
            Self::Reset | Self::ResetWhileAsleep => {
                expect_taken(server, std::slice::from_ref(&client)).await?;
                client.reset();
            }
            Self::NotUtf8 | Self::Panic => drop(client.ending().await?),
        }
        Ok(())
    }
}

/// The gauge shows how many clients are connected, and returns to 0 however they leave.
pub(super) async fn gauge_returns(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{} times: {} clients connect, then reset their connections (RST) while the program is \
         stopped (SIGSTOP)",
        burst::ROUNDS,
        burst::CLIENTS
    ));
    for _ in 0..burst::ROUNDS {
        let clients = server.connect_many(burst::CLIENTS).await?;
        server.process.pause().await?;
        clients.into_iter().for_each(Client::reset);
        server.process.resume();
        server.until_clients_are_gone().await?;
    }
    let cause = Some(&causes::GAUGE_MISSES_READ_ERRORS);
    expect_numbers(&server, "after all connections have been reset", &[(ACTIVE, 0)], cause).await?;
    for departure in Departure::ALL {
        rise_and_fall(trial, &server, departure).await?;
    }
    let cause = &causes::GAUGE_LOWERED_TWICE;
    expect_to_stay(&server, "with no client connected", &[(ACTIVE, 0)], cause).await
}

/// Some clients connect, and leave as `departure` says: the gauge follows.
async fn rise_and_fall(
    trial: &Trial,
    server: &Rc<Server>,
    departure: Departure,
) -> Result<(), CheckError> {
    const CLIENTS: usize = 5;
    trial.step(format!("{CLIENTS} clients connect, and each gets an answer"));
    let clients = server.connect_many(CLIENTS).await?;
    let (when, present) = (format!("with {CLIENTS} clients"), [(ACTIVE, CLIENTS as u64)]);
    expect_numbers(server, &when, &present, Some(&causes::GAUGE_OUT_OF_STEP)).await?;
    let how = departure.text();
    trial.step(format!("they {how}; wait until the program has closed their sockets"));
    for client in clients {
        departure.perform(server, client).await?;
    }
    server.until_clients_are_gone().await?;
    let when = format!("after {CLIENTS} clients {how}");
    let cause = Some(&causes::GAUGE_LOWERED_ON_SOME_PATHS);
    expect_numbers(server, &when, &[(ACTIVE, 0)], cause).await
}

/// A panic closes only its own client's connection, without an answer.
pub(super) async fn panic_survives(trial: &Trial) -> Result<(), CheckError> {
    const ROUNDS: usize = 3;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("clients A and B connect, get an answer and stay");
    let others =
        [server.serve_new_client("client A").await?, server.serve_new_client("client B").await?];
    for _ in 0..ROUNDS {
        trial.step(
            "client C gets an answer, then sends PANIC: its connection closes without an answer",
        );
        let client = server.serve_new_client("client C").await?;
        send(&client, b"PANIC\n").await?;
        let ending = client.ending().await?;
        if !ending.words.is_empty() {
            let words = quoted(&ending.words[..ending.words.len().min(60)]);
            let failure = Failure::property(format!("client C got {words}"))
                .expecting("client C's connection is closed without an answer")
                .because(causes::ANSWERS_AFTER_PANIC);
            return Err(server.fail(failure).await);
        }
        trial.step(
            "clients A and B and a new client get answers, and GET /metrics is answered, too",
        );
        try_join_all(others.iter().map(Client::ask)).await?;
        server.serve_new_client("a new client").await?.finish().await?;
        get_page(&server).await?;
    }
    trial.step("once the program is idle, all of them get answers again");
    server.still_serves("a new client").await?.finish().await?;
    try_join_all(others.iter().map(Client::ask)).await?;
    get_page(&server).await.map(drop)
}
