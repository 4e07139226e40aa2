//! Task 3: a client that reads nothing is disconnected, and a disconnected client leaves nothing behind.

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
    trial.step("client A still reads nothing; the program must close the connection");
    let gone = || Ok(server.process.has_ended() || server.client_sockets()? == 0);
    expect::holds_within(&server, gone, || {
        let sockets = count(server.client_sockets().unwrap_or_default(), "socket");
        Failure::property(format!("{sockets} still open for this client"))
            .expecting(format!(
                "once the client has read nothing for {}, the program closes its socket",
                time(LIMIT)
            ))
            .because(causes::WRITE_WITHOUT_TIMEOUT)
    })
    .await?;
    drop(stalled);
    read_slowly(trial, &server, LIMIT).await
}

/// Connects client A, which sends lines and reads none of the answers: the answers must not pile up.
async fn stall(trial: &Trial, server: &Rc<Server>) -> Result<Client, CheckError> {
    const MAX_GROWTH: u64 = 16 * 1024 * 1024;
    trial.step(
        "connect client A; it exchanges a line, then sends without reading until its writes have stalled for 300 ms",
    );
    let stalled = server.serve_new_client("client A").await?;
    let before = server.probe().rss_anon();
    let flood = trial.service().exchange.flood(trial, expect::MORE_THAN_FITS);
    // On a busy machine, the connection may be closed before the grader sees it stall.
    let _ = stalled.connection.send_until_stalled(&flood).await;
    let grown = expect::growth(&before, &server.probe().rss_anon());
    let piled_up = |grown: &str| {
        Failure::property(format!("memory grew by {grown} (RssAnon)"))
            .because(causes::ANSWERS_PILE_UP)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, piled_up).await?;
    Ok(stalled)
}

/// Connects client B, which takes longer than `limit` to read its answers, but never stops reading.
async fn read_slowly(
    trial: &Trial,
    server: &Rc<Server>,
    limit: Duration,
) -> Result<(), CheckError> {
    const BLOCK: u64 = 1024 * 1024;
    const SLOW_BLOCKS: u64 = 10;
    const LINES: u64 = 3000;
    trial.step(format!(
        "connect client B; it sends {LINES} long lines, reads {} every {}, {SLOW_BLOCKS} times, and then reads the \
         rest",
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
            // The kernel may need two blocks before it lets the program write more.
            longest = longest.max(2 * last.elapsed());
            last = Instant::now();
            let part = client.expect_part(&answers, block * BLOCK..(block + 1) * BLOCK);
            part.await
                .map_err(|error| expect::unless_late(server, error, longest, limit * 8 / 10))?;
        }
        let rest = client.expect_part(&answers, SLOW_BLOCKS * BLOCK..answers.len());
        rest.await.map_err(|error| expect::unless_late(server, error, longest, limit * 8 / 10))
    };
    // If sending fails, reading says why.
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
        "connect {CLIENTS} clients; each gets an answer; then stop the program (SIGSTOP) for {}, twice as long as its \
         timeouts",
        time(2 * LIMIT)
    ));
    let old = server.connect_many(CLIENTS).await?;
    server.process.pause().await?;
    // Not a wait for an event: the stop itself is the test.
    tokio::time::sleep(2 * LIMIT).await;
    server.process.resume();
    trial.step("continue the program (SIGCONT); a new client must be served");
    server.serve_new_client("the new client").await?.finish().await?;
    trial.step(
        "each old client sends a line; it must get an answer, unless the idle timeout has disconnected it",
    );
    for client in &old {
        let word = trial.word_text();
        let _ = client.connection.send(&format!("{word}\n").into_bytes().into()).await;
        client.connection.half_close();
        let last = client.ending().await?.words;
        let answer = format!("ECHO: {word}\n");
        let fine = [answer.as_str(), IDLE_ERROR, ""];
        expect::that(&server, fine.iter().any(|fine| fine.as_bytes() == last), || {
            Failure::property(format!("an old client got {}", quoted(&last))).expecting(format!(
                "an old client gets `{}`, or `{}`, or only the end of the stream",
                answer.trim_end(),
                IDLE_ERROR.trim_end()
            ))
        })
        .await?;
    }
    trial.step("once the program is idle, another new client must be served");
    server.still_serves("the new client").await?.finish().await
}

pub(super) async fn descriptors_return(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = limits!(idle "300", line "300", write "300");
    let server = trial.start(&START).await?;
    expect::warm_up(&server, trial).await?;
    let before = server.probe().descriptor_count()?;
    let _held = end_in_every_way(trial, &server).await?;
    trial.step(
        "wait until the program has no more descriptors than before; the clients keep their sides open",
    );
    let back = || Ok(server.process.has_ended() || server.probe().descriptor_count()? <= before);
    expect::holds_within(&server, back, || {
        let now = server.probe().descriptor_count().unwrap_or_default();
        Failure::property(count(now, "descriptor"))
            .expecting(format!("{} open, as before", count(before, "descriptor")))
            .because(causes::SOCKET_OUTLIVES_TIMEOUT)
    })
    .await?;
    trial.step("connect a new client, which must be served");
    server.still_serves("the new client").await?.finish().await
}

/// Connects clients whose connections end in every way. Returns those that keep their side open until the program has
/// closed its own.
async fn end_in_every_way(trial: &Trial, server: &Rc<Server>) -> Result<Vec<Client>, CheckError> {
    const EACH: usize = 10;
    trial.step(format!(
        "connect {EACH} clients of each kind: silent, silent after a SLEEP or mid-line, not reading, line too long, \
         not UTF-8, closed mid-line (FIN), reset mid-line or during a SLEEP (RST)"
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
