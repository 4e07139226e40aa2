//! Task 2: a gauge of the clients that are connected, and panics.

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

    /// What "they" do, in a step.
    fn text(self) -> &'static str {
        match self {
            Self::Close => "close (FIN)",
            Self::ShutDown => "shut down (FIN), and wait for the end",
            Self::Reset => "reset (RST)",
            Self::ResetWhileAsleep => "reset (RST) while they wait for a SLEEP",
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

    /// Has `client` leave like that.
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

/// The gauge shows how many clients are there, and returns to 0 however they leave.
pub(super) async fn gauge_returns(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{} times: {} clients connect; all are reset (RST) while the program is stopped (SIGSTOP)",
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
    expect_numbers(&server, "after all of them", &[(ACTIVE, 0)], cause).await?;
    for departure in Departure::ALL {
        rise_and_fall(trial, &server, departure).await?;
    }
    let cause = &causes::GAUGE_LOWERED_TWICE;
    expect_to_stay(&server, "with nobody there", &[(ACTIVE, 0)], cause).await
}

/// Some clients come, and leave by `departure`: the gauge shows both.
async fn rise_and_fall(
    trial: &Trial,
    server: &Rc<Server>,
    departure: Departure,
) -> Result<(), CheckError> {
    const CLIENTS: usize = 5;
    trial.step(format!("{CLIENTS} clients connect and are answered"));
    let clients = server.connect_many(CLIENTS).await?;
    let (when, present) = (format!("with {CLIENTS} clients"), [(ACTIVE, CLIENTS as u64)]);
    expect_numbers(server, &when, &present, Some(&causes::GAUGE_OUT_OF_STEP)).await?;
    let how = departure.text();
    trial.step(format!("they {how}; wait until their sockets are closed"));
    for client in clients {
        departure.perform(server, client).await?;
    }
    server.until_clients_are_gone().await?;
    let when = format!("after {CLIENTS} clients that {how}");
    let cause = Some(&causes::GAUGE_LOWERED_ON_SOME_PATHS);
    expect_numbers(server, &when, &[(ACTIVE, 0)], cause).await
}

/// A panic ends its own client, without an answer, and nothing else.
pub(super) async fn panic_survives(trial: &Trial) -> Result<(), CheckError> {
    const ROUNDS: usize = 3;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("clients A and B are answered, and stay");
    let others =
        [server.serve_new_client("client A").await?, server.serve_new_client("client B").await?];
    for _ in 0..ROUNDS {
        trial.step("client C is answered, then sends PANIC: it gets no answer, only the end");
        let client = server.serve_new_client("client C").await?;
        send(&client, b"PANIC\n").await?;
        let ending = client.ending().await?;
        if !ending.words.is_empty() {
            let words = quoted(&ending.words[..ending.words.len().min(60)]);
            let failure = Failure::property(format!("it got {words}"))
                .expecting("client C's connection is closed without an answer")
                .because(causes::ANSWERS_AFTER_PANIC);
            return Err(server.fail(failure).await);
        }
        trial.step("clients A and B, and a new one, are answered; so is GET /metrics");
        try_join_all(others.iter().map(Client::ask)).await?;
        server.serve_new_client("a new client").await?.finish().await?;
        get_page(&server).await?;
    }
    trial.step("the same once more, when the program is at rest");
    server.still_serves("a new client").await?.finish().await?;
    try_join_all(others.iter().map(Client::ask)).await?;
    get_page(&server).await.map(drop)
}
