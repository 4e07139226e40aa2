//! Task 1: a silent client, and no other, is disconnected after the idle timeout.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Start, Trial, run_while, try_join_all};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::limits::{IDLE_ERROR, expect_limit, expect_time, limits};
use crate::expect;
use crate::scenarios::lines::Flood;

pub(super) async fn idle_closes(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(400);
    const START: Start = limits!(idle "400", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(
        "connect 6 clients; half of them send nothing, the others send one request and then nothing",
    );
    let silences = (0..6).map(|index| {
        let server = &server;
        async move {
            // Before the connect (rule R2): the program's clock starts later.
            let mut begun = Instant::now();
            let client = server.connect(&format!("client {}", index + 1)).await?;
            if index % 2 == 1 {
                begun = Instant::now();
                client.ask().await?;
            }
            expect_limit(&client, IDLE_ERROR).await?;
            let elapsed = begun.elapsed();
            client.expect_close().await?;
            Ok(elapsed)
        }
    });
    let samples = try_join_all(silences).await?;
    expect_time(&server, "a silent client is disconnected", LIMIT, &samples).await
}

pub(super) async fn activity_resets(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(600);
    const START: Start = limits!(idle "600", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A; 5 times, it is silent for {} (six tenths of the limit) and then sends a line; finally, it \
         sends a SLEEP of {} (twice the limit) and another line",
        time(LIMIT * 6 / 10),
        time(2 * LIMIT)
    ));
    trial.step(format!(
        "at the same time, client B sends half a line, and the other half after {}: it is slow, not silent",
        time(LIMIT * 3 / 2)
    ));
    trial.step(format!(
        "then client C sends 23 MiB of lines, reads nothing for {} (twice the limit), and then reads all answers",
        time(2 * LIMIT)
    ));
    let active = stay_active(trial, &server, LIMIT);
    let slow = send_half_a_line(trial, &server, LIMIT);
    let all = async {
        tokio::try_join!(active, slow)?;
        // Not at the same time as the others: this much data would keep the grader from sending their lines in time.
        read_late(trial, &server, LIMIT).await
    };
    all.await.map_err(|error| expect::unless_late(&server, error, Duration::ZERO, LIMIT))
}

/// Client C leaves its answers unread for longer than `limit`, then gets all of them.
async fn read_late(trial: &Trial, server: &Rc<Server>, limit: Duration) -> Result<(), CheckError> {
    /// More than fits into the kernel's buffers.
    const LINES: u64 = 3000;
    let client = server.connect("client C").await?;
    let Flood { sends, answers } = Flood::new(trial, LINES);
    // If sending fails, reading says why.
    let sending = async {
        let _ = client.connection.send(&sends).await;
    };
    let reading = async {
        // Not a wait for an event: the pause itself is the test.
        tokio::time::sleep(2 * limit).await;
        let read = client.expect_part(&answers, 0..answers.len()).await;
        read.map_err(|error| error.if_closed_early(causes::IDLE_CLOCK_RUNS_WHILE_WRITING))
    };
    run_while(sending, reading).await?;
    client.finish().await
}

/// Client A sends lines often enough for `limit`, then waits longer than that for an answer, and is served.
async fn stay_active(
    trial: &Trial,
    server: &Rc<Server>,
    limit: Duration,
) -> Result<(), CheckError> {
    let client = server.connect("client A").await?;
    let mut last = Instant::now();
    for _ in 0..5 {
        // Not a wait for an event: the silence itself is the test.
        tokio::time::sleep((limit * 6 / 10).saturating_sub(last.elapsed())).await;
        let gap = last.elapsed();
        client
            .ask()
            .await
            .map_err(|error| expect::unless_late(server, error, gap, limit * 9 / 10))?;
        last = Instant::now();
    }
    let word = trial.word_text();
    let sleep = format!("SLEEP {} {word}\n", (2 * limit).as_millis());
    client.say(&sleep, &format!("ECHO: {word}\n")).await?;
    client.ask().await?;
    client.finish().await
}

/// Client B takes longer than `limit` for a line, and is served.
async fn send_half_a_line(
    trial: &Trial,
    server: &Rc<Server>,
    limit: Duration,
) -> Result<(), CheckError> {
    let client = server.connect("client B").await?;
    let [first, second] = [trial.word_text(), trial.word_text()];
    client.send(&first.clone().into_bytes().into()).await?;
    // Not a wait for an event: the pause itself is the test.
    tokio::time::sleep(limit * 3 / 2).await;
    client.say(&format!("{second}\n"), &format!("ECHO: {first}{second}\n")).await?;
    client.finish().await
}

pub(super) async fn timers_are_per_client(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(500);
    const START: Start = limits!(idle "500", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A, which sends a line every {} from now on",
        time(LIMIT / 5)
    ));
    let active = server.connect("client A").await?;
    let is_done = Cell::new(false);
    let activity = async {
        let mut last = Instant::now();
        while !is_done.get() {
            let gap = last.elapsed();
            let asked = active.ask().await;
            asked.map_err(|error| expect::unless_late(&server, error, gap, LIMIT * 8 / 10))?;
            last = Instant::now();
            tokio::time::sleep(LIMIT / 5).await;
        }
        Ok::<_, CheckError>(())
    };
    trial.step("at the same time, connect three silent clients, each once the previous one has been disconnected");
    let silences = async {
        let mut samples = Vec::new();
        for name in ["client B", "client C", "client D"] {
            let begun = Instant::now();
            let client = server.connect(name).await?;
            expect_limit(&client, IDLE_ERROR).await?;
            samples.push(begun.elapsed());
            client.expect_close().await?;
        }
        is_done.set(true);
        Ok(samples)
    };
    let ((), samples) = tokio::try_join!(activity, silences)?;
    expect_time(&server, "each silent client is disconnected", LIMIT, &samples).await?;
    trial.step("client A sends another line");
    active.ask().await.map_err(|error| expect::unless_late(&server, error, Duration::ZERO, LIMIT))
}

pub(super) async fn mass_expiry(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 500;
    const LIMIT: Duration = Duration::from_millis(1500);
    const MAX_DELAY: Duration = Duration::from_secs(1);
    const START: Start = limits!(idle "1500", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!("connect {CLIENTS} clients; each gets an answer, then sends nothing"));
    let clients = server.connect_many(CLIENTS).await?;
    let all_silent = Instant::now();
    trial.step(format!(
        "all must get `ERR idle timeout` and be disconnected within {} of the last answer",
        time(LIMIT + MAX_DELAY)
    ));
    try_join_all(clients.iter().map(|client| async {
        expect_limit(client, IDLE_ERROR).await?;
        client.expect_close().await
    }))
    .await?;
    let elapsed = all_silent.elapsed();
    if elapsed > LIMIT + MAX_DELAY {
        expect::not_starved(&server.process)?;
        let expected = format!(
            "all clients are disconnected within {} of the last answer",
            time(LIMIT + MAX_DELAY)
        );
        let failure =
            Failure::property(format!("the last one was disconnected after {}", time(elapsed)))
                .expecting(expected)
                .because(causes::SHARED_TIMER);
        return Err(server.fail(failure).await);
    }
    Ok(())
}

pub(super) async fn no_polling(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 100;
    const START: Start = limits!(idle "60000", line "60000", write "60000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; half of them are silent, the others begin a line but do not end it"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    for client in clients.iter().step_by(2) {
        client.send(&trial.word().into()).await?;
    }
    expect::idle(&server, "while timeouts run").await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}
