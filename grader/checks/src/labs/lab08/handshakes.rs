//! Task 2: handshakes that stall, and their deadline.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::clients::{GENEROUS, STAGES, connect_plain, connect_stalled};
use super::records::client_hello;
use crate::expect;
use crate::scenarios::crowd;

/// How often the clients of [`SlowClient::ALL`] connect.
const ROUNDS: usize = 3;

/// When the ClientHello of [`SlowClient::Late`] is sent, in twentieths of the limit.
const LAST_MOMENT: u32 = 17;

/// Handshakes that stall delay no other client.
pub(super) async fn stalled_handshakes(trial: &Trial) -> Result<(), CheckError> {
    let [first, second, third] = STAGES;
    let what = format!("clients that send {first}, {second} or {third}, and then stop");
    let attackers = "stalled handshakes";
    let connect = async |server: &Rc<Server>, index| connect_stalled(server, index).await;
    let delayed = crowd::stuck_clients(trial, &GENEROUS, &what, attackers, connect).await;
    delayed.map_err(|error| error.if_unanswered(causes::HANDSHAKE_IN_ACCEPT_LOOP))
}

/// A client that does not complete its handshake in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlowClient {
    /// It stops at this stage.
    Stalled(usize),
    /// Its ClientHello arrives byte by byte.
    Trickling,
    /// Its ClientHello arrives shortly before the limit, and nothing after it.
    Late,
}

impl SlowClient {
    const ALL: [Self; 5] =
        [Self::Stalled(0), Self::Stalled(1), Self::Stalled(2), Self::Trickling, Self::Late];

    /// Its name in reports.
    fn text(self) -> String {
        match self {
            Self::Stalled(stage) => format!("a client that sends {}", STAGES[stage]),
            Self::Trickling => "a client whose ClientHello arrives byte by byte".to_owned(),
            Self::Late => "a client whose ClientHello arrives at the last moment".to_owned(),
        }
    }
}

/// A handshake is ended at its limit and not before; afterwards there is no limit.
pub(super) async fn handshake_timeout(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(600);
    const START: Start = Start { flags: &["--handshake-timeout-ms", "600"], ..Start::PLAIN };
    /// The limit without the flag.
    const DEFAULT_LIMIT: Duration = Duration::from_secs(2);
    let default = trial.start(&Start::PLAIN).await?;
    let server = trial.start(&START).await?;
    // The first handshake of a program that is compiled just in time may take longer than the limit.
    let _ = server.dial().await;
    announce_clients(trial, LIMIT, DEFAULT_LIMIT);
    let slow = async {
        let mut samples = Vec::new();
        for _ in 0..ROUNDS {
            let clients = SlowClient::ALL.map(|client| time_until_closed(&server, client, LIMIT));
            samples.extend(try_join_all(clients).await?);
        }
        Ok(samples)
    };
    let silent = SlowClient::Stalled(0);
    let silent =
        try_join_all((0..ROUNDS).map(|_| time_until_closed(&default, silent, DEFAULT_LIMIT)));
    let (samples, silent, ()) =
        tokio::try_join!(slow, silent, expect_idle_client_stays(&server, LIMIT))?;
    let causes = [causes::HANDSHAKE_ENDED_TOO_EARLY, causes::HANDSHAKE_ENDED_TOO_LATE];
    for client in SlowClient::ALL {
        let times = samples.iter().filter(|(of, _)| *of == client);
        let times: Vec<_> = times.map(|&(_, elapsed)| elapsed).collect();
        let what = format!("{} is disconnected", client.text());
        expect::on_time(&server, &what, LIMIT, &times, causes.clone()).await?;
    }
    let silent: Vec<_> = silent.into_iter().map(|(_, elapsed)| elapsed).collect();
    let what = "without the flag, a client that sends nothing is disconnected";
    expect::on_time(&default, what, DEFAULT_LIMIT, &silent, causes).await
}

/// Says what the clients of [`handshake_timeout`] do, all at the same time.
fn announce_clients(trial: &Trial, limit: Duration, default_limit: Duration) {
    let [first, second, third] = STAGES;
    trial.step(format!(
        "{ROUNDS} times, connect five clients: the first sends {first}, the second {second} and the third {third}; the \
         fourth sends a byte of its ClientHello every {}; the fifth sends a whole one after {}, and then stops",
        time(limit * 3 / 10),
        time(limit * LAST_MOMENT / 20)
    ));
    trial.step(format!(
        "at the same time, a client completes its handshake, is idle for {} and must still be served",
        time(3 * limit)
    ));
    trial.step(format!(
        "at the same time, three clients of the first server, whose limit is {}, send nothing",
        time(default_limit)
    ));
}

/// Connects `client`, and waits until the program closes its connection.
async fn time_until_closed(
    server: &Rc<Server>,
    client: SlowClient,
    limit: Duration,
) -> Result<(SlowClient, Duration), CheckError> {
    // Before connecting (rule R2): the program's clock begins later.
    let begin = Instant::now();
    match client {
        SlowClient::Stalled(stage) => {
            let client = connect_stalled(server, stage).await?;
            expect_closed(&client).await?;
        }
        SlowClient::Trickling => {
            let client = connect_plain(server, "the slow client").await?;
            trickle(server, &client, limit).await?;
        }
        SlowClient::Late => {
            let client = connect_plain(server, "the slow client").await?;
            // Not a wait for an event: the pause itself is the test.
            tokio::time::sleep(limit * LAST_MOMENT / 20).await;
            // If its time is already over, `expect_closed` notices.
            let _ = client.connection.send(&client_hello(server.context())?.into()).await;
            expect_closed(&client).await?;
        }
    }
    Ok((client, begin.elapsed()))
}

/// Expects that the program ends the connection of `client`, whose handshake is not complete.
async fn expect_closed(client: &Client) -> Result<(), CheckError> {
    let ending = client.ending().await;
    ending.map(drop).map_err(|error| error.if_unanswered(causes::NO_HANDSHAKE_DEADLINE))
}

/// Sends a ClientHello byte by byte, so slowly that it never becomes complete, and expects that
/// the program ends the connection before the last byte.
async fn trickle(server: &Rc<Server>, client: &Client, limit: Duration) -> Result<(), CheckError> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    let hello = client_hello(server.context())?;
    let pause = limit * 3 / 10;
    let bytes = async {
        for &byte in &hello[..BYTES] {
            // A byte in flight when the program closes may turn the FIN into a reset.
            if client.connection.send(&vec![byte].into()).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(pause).await;
        }
    };
    let begin = Instant::now();
    tokio::select! {
        closed = expect_closed(client) => closed,
        () = bytes => {
            let open = time(begin.elapsed());
            let observed = format!("it is still open after {open}, with a byte sent every {}", time(pause));
            let failure = Failure::property(observed)
                .expecting(format!("the connection is closed {} after accept", time(limit)))
                .because(causes::HANDSHAKE_DEADLINE_FOR_EACH_READ);
            Err(expect::unless_late(server, server.fail(failure).await, Duration::ZERO, limit))
        }
    }
}

/// Expects that a client that is idle after its handshake is still served.
async fn expect_idle_client_stays(server: &Rc<Server>, limit: Duration) -> Result<(), CheckError> {
    const MAX_TRIES: u32 = 5;
    let mut tries = 1;
    let client = loop {
        let begin = Instant::now();
        match server.serve_new_client("the idle client").await {
            Ok(client) => break client,
            // A handshake this slow may be the machine's fault.
            Err(_) if !expect::is_early(begin.elapsed(), limit) && tries < MAX_TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    };
    // Not a wait for an event: the silence itself is the test.
    tokio::time::sleep(3 * limit).await;
    client.ask().await.map_err(|error| {
        let error = error.because(causes::DEADLINE_OUTLIVES_HANDSHAKE);
        expect::unless_late(server, error, Duration::ZERO, limit)
    })
}
