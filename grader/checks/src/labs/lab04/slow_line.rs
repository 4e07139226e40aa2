//! Task 2: a line must be complete in time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{quoted, time};
use engine::drive::{Client, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::limits::{LINE_ERROR, expect_limit, expect_time, limits};
use crate::expect;

pub(super) async fn slow_line(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(500);
    const START: Start = limits!(idle "20000", line "500", write "20000");
    let server = trial.start(&START).await?;
    let _open = send_in_two_pieces(trial, &server, LIMIT).await?;
    trial.step(format!(
        "connect 6 clients, which are silent for {}, then begin a line but do not end it; half of them send another \
         byte every {}, the others send nothing more",
        time(LIMIT * 12 / 10),
        time(LIMIT * 3 / 10)
    ));
    // Whether a client that sends nothing more was disconnected: if so, the program has a line timeout.
    let is_limited = Cell::new(false);
    let lines = (0..6).map(|index| {
        let (server, is_limited) = (&server, &is_limited);
        async move {
            let client = server.connect(&format!("client {}", index + 1)).await?;
            // The line clock starts at the first byte: the silence before does not count.
            tokio::time::sleep(LIMIT * 12 / 10).await;
            let begun = Instant::now();
            client.send(&b"a".to_vec().into()).await?;
            if index % 2 == 1 {
                return trickle(server, &client, begun, LIMIT, is_limited).await;
            }
            expect_limit(&client, LINE_ERROR).await?;
            is_limited.set(true);
            let elapsed = begun.elapsed();
            client.expect_close().await?;
            Ok(elapsed)
        }
    });
    let samples = try_join_all(lines).await?;
    expect_time(&server, "a client whose line is incomplete is disconnected", LIMIT, &samples).await
}

/// A line that arrives in two pieces within `limit` is answered. Returns the client that sent it.
async fn send_in_two_pieces(
    trial: &Trial,
    server: &Rc<Server>,
    limit: Duration,
) -> Result<Client, CheckError> {
    trial.step(format!(
        "connect client A, which sends a line in two pieces, {} apart",
        time(limit * 4 / 10)
    ));
    let client = server.connect("client A").await?;
    let word = trial.word_text();
    let begun = Instant::now();
    client.send(&word.clone().into_bytes().into()).await?;
    // Not a wait for an event: the pause itself is the test.
    tokio::time::sleep(limit * 4 / 10).await;
    let gap = begun.elapsed();
    let rest = client.say("x\n", &format!("ECHO: {word}x\n")).await;
    rest.map_err(|error| expect::unless_late(server, error, gap, limit * 8 / 10))?;
    Ok(client)
}

/// Sends more bytes of the line that `client` began at `begun`, until the connection is closed. Returns how long that
/// took. `is_limited` says whether the program disconnects a client that sends nothing more.
async fn trickle(
    server: &Server,
    client: &Client,
    begun: Instant,
    limit: Duration,
    is_limited: &Cell<bool>,
) -> Result<Duration, CheckError> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    let pause = limit * 3 / 10;
    // A byte in flight when the program closes may turn the FIN into a reset.
    let bytes = async {
        for _ in 0..BYTES {
            tokio::time::sleep(pause).await;
            if client.connection.send(&b"a".to_vec().into()).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let last = tokio::select! {
        ending = client.ending() => ending?.words,
        () = bytes => {
            let observed = format!(
                "the connection is still open after {}, with a byte sent every {}",
                time(begun.elapsed()),
                time(pause)
            );
            let failure = Failure::property(observed)
                .expecting(format!(
                    "the connection is closed {} after the first byte of the line",
                    time(limit)
                ))
                .because(match is_limited.get() {
                    true => causes::TIMEOUT_PER_READ,
                    false => causes::LINE_TIMEOUT_MISSING,
                });
            return Err(expect::unless_late(server, server.fail(failure).await, Duration::ZERO, limit));
        }
    };
    let elapsed = begun.elapsed();
    if !last.is_empty() && last != LINE_ERROR.as_bytes() {
        let failure = Failure::property(format!("the client got {}", quoted(&last)))
            .expecting("a client whose line is not complete in time gets `ERR line timeout`");
        return Err(server.fail(failure).await);
    }
    Ok(elapsed)
}

pub(super) async fn others_unaffected(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 100;
    let server = trial.start(&Start::PLAIN).await?;
    let attackers = async {
        trial.step(format!("connect {CLIENTS} clients; each begins a line but does not end it"));
        let begun = (0..CLIENTS).map(|_| async {
            let client = server.serve_new_client("a slow client").await?;
            client.send(&trial.word().into()).await?;
            Ok(client)
        });
        try_join_bounded(begun).await
    };
    let what = "100 clients in the middle of a line";
    let slow =
        expect::unaffected_by(trial, &server, "these still connected", what, attackers).await?;
    slow.into_iter().for_each(Client::reset);
    Ok(())
}
