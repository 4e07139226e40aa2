//! Task 3: a client that reads nothing is closed, and nothing of a client that was closed is left.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{count, quoted, size, time};
use engine::drive::{BufferSize, Client, Server, Start, Trial, run_while};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::limits::{IDLE_ERROR, limits};
use crate::expect;
use crate::scenarios::lines::{Flood, MAX_LINE};

pub(super) async fn stalled_reader(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(1000);
    const START: Start = limits!(idle "20000", line "20000", write "1000");
    let server = trial.start(&START).await?;
    let stalled = stall(trial, &server).await?;
    trial.step("it goes on reading nothing: the program is to close its socket");
    let gone = || Ok(server.process.has_ended() || server.client_sockets()? == 0);
    expect::holds_within(&server, gone, || {
        let sockets = count(server.client_sockets().unwrap_or_default(), "socket");
        Failure::property(format!("{sockets} of the client still open"))
            .expecting(format!(
                "after {} in which the client took nothing, its socket is closed",
                time(LIMIT)
            ))
            .because(causes::WRITE_WITHOUT_TIMEOUT)
    })
    .await?;
    drop(stalled);
    read_slowly(trial, &server, LIMIT).await
}

/// Connects client A, which sends lines and reads none of the answers: they must not pile up.
async fn stall(trial: &Trial, server: &Rc<Server>) -> Result<Client, CheckError> {
    const MAX_GROWTH: u64 = 16 * 1024 * 1024;
    trial.step(
        "connect client A, exchange a line; it sends lines without reading until nothing moves",
    );
    let stalled = server.serve_new_client("client A").await?;
    let before = server.probe().rss_anon();
    let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
    // On a busy machine its connection may be closed before it is seen to stand still.
    let _ = stalled.connection.send_until_stalled(&flood).await;
    let grown = expect::growth(&before, &server.probe().rss_anon());
    let piled_up = |grown: &str| {
        Failure::property(format!("it grew by {grown} (RssAnon)")).because(causes::ANSWERS_PILE_UP)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, piled_up).await?;
    Ok(stalled)
}

/// Connects client B, which takes longer for its answers than `limit`, but some of them all the time.
async fn read_slowly(
    trial: &Trial,
    server: &Rc<Server>,
    limit: Duration,
) -> Result<(), CheckError> {
    const BLOCK: u64 = 1024 * 1024;
    const SLOW_BLOCKS: u64 = 10;
    const LINES: u64 = 3000;
    trial.step(format!(
        "connect client B, which sends {LINES} long lines, reads {} every {}, {SLOW_BLOCKS} times, then all",
        size(BLOCK),
        time(limit / 5)
    ));
    let client = server.connect("client B").await?;
    let Flood { sends, answers } = Flood::new(trial, LINES);
    let reading = async {
        let mut last = Instant::now();
        let mut longest = Duration::ZERO;
        for block in 0..SLOW_BLOCKS {
            tokio::time::sleep((limit / 5).saturating_sub(last.elapsed())).await;
            // The kernel may need two blocks until it lets the program write on.
            longest = longest.max(2 * last.elapsed());
            last = Instant::now();
            let part = client.expect_part(&answers, block * BLOCK..(block + 1) * BLOCK);
            part.await
                .map_err(|error| expect::unless_late(server, error, longest, limit * 8 / 10))?;
        }
        let rest = client.expect_part(&answers, SLOW_BLOCKS * BLOCK..answers.len());
        rest.await.map_err(|error| expect::unless_late(server, error, longest, limit * 8 / 10))
    };
    // Where sending fails, reading says why.
    let sending = async {
        let _ = client.connection.send(&sends).await;
    };
    run_while(sending, reading).await?;
    client.finish().await
}

pub(super) async fn paused_process(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(400);
    const START: Start = limits!(idle "400", line "400", write "400");
    const CLIENTS: usize = 20;
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered; stop the program (SIGSTOP) for {}, twice its limits",
        time(2 * LIMIT)
    ));
    let old = server.connect_many(CLIENTS).await?;
    server.process.pause().await?;
    // Not a wait for something: the stop is what is tried.
    tokio::time::sleep(2 * LIMIT).await;
    server.process.resume();
    trial.step("let it go on (SIGCONT); a new client must be served");
    server.serve_new_client("the new client").await?.finish().await?;
    trial.step("each old client sends a line: it is answered, or was closed for its silence");
    for client in &old {
        let word = trial.word_text();
        let _ = client.connection.send(&format!("{word}\n").into_bytes().into()).await;
        client.connection.half_close();
        let last = client.ending().await?.words;
        let answer = format!("ECHO: {word}\n");
        let fine = [answer.as_str(), IDLE_ERROR, ""];
        expect::that(&server, fine.iter().any(|fine| fine.as_bytes() == last), || {
            Failure::property(format!("it got {}", quoted(&last)))
                .expecting(answer.trim_end())
                .expecting(IDLE_ERROR.trim_end())
                .expecting("the end of the connection")
        })
        .await?;
    }
    trial.step("once the program is at rest, another new client must be served");
    server.still_serves("the new client").await?.finish().await
}

pub(super) async fn descriptors_return(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = limits!(idle "300", line "300", write "300");
    let server = trial.start(&START).await?;
    expect::warm_up(&server, trial).await?;
    let before = server.probe().descriptor_count()?;
    let _held = end_in_every_way(trial, &server).await?;
    trial.step("wait until the descriptors are as before; the clients still hold their side");
    let back = || Ok(server.process.has_ended() || server.probe().descriptor_count()? <= before);
    expect::holds_within(&server, back, || {
        let now = server.probe().descriptor_count().unwrap_or_default();
        Failure::property(count(now, "descriptor"))
            .expecting(format!("{} open, as before", count(before, "descriptor")))
            .because(causes::SOCKET_OUTLIVES_TIMEOUT)
    })
    .await?;
    trial.step("a new client must be served");
    server.still_serves("the new client").await?.finish().await
}

/// Connects clients for every kind of end, and gives those that hold their side until the program has closed its own.
async fn end_in_every_way(trial: &Trial, server: &Rc<Server>) -> Result<Vec<Client>, CheckError> {
    const EACH: usize = 10;
    trial.step(format!(
        "{EACH} clients for each kind of end: silent; in the middle of a line; not reading; a line too \
         long; not UTF-8; gone in the middle of a line (FIN); reset (RST), also during a SLEEP"
    ));
    let long = vec![b'a'; MAX_LINE + 1];
    let kinds: [(&str, &[u8]); 5] = [
        ("silent", b""),
        ("in a line", b"a"),
        ("too long", &long),
        ("not UTF-8", b"\xff\n"),
        ("asleep", b"SLEEP 100 a\n"),
    ];
    let mut held = Vec::new();
    for _ in 0..EACH {
        for (name, sends) in kinds {
            let client = server.connect(name).await?;
            client.send(&sends.to_vec().into()).await?;
            held.push(client);
        }
        let stalled = server.connect_with("not reading", BufferSize::Small).await?;
        let flood = trial.service().exchange.flood(trial, 1024 * 1024);
        let _ = stalled.connection.send_until_stalled(&flood).await;
        held.push(stalled);
        for sends in [&b"SLEEP 50 a\n"[..], b"a"] {
            let client = server.connect("reset").await?;
            client.send(&sends.to_vec().into()).await?;
            client.reset();
        }
        let client = server.connect("gone").await?;
        client.send(&b"a".to_vec().into()).await?;
        drop(client);
    }
    Ok(held)
}
