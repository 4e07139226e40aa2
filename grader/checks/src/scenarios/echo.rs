//! A server that echoes every byte unchanged.

use std::rc::Rc;
use std::time::Duration;

use course::text::size;
use engine::drive::{Client, Context, Payload, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use observe::ConnectionTable;

use super::causes;
use crate::expect;

/// A client that sends nothing gets the end of the stream and nothing else.
pub(crate) async fn empty_session(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial.step("connect client A; it sends nothing and shuts down its sending side (FIN)");
    server.connect("client A").await?.finish().await?;
    trial.step("connect client B and close it immediately");
    drop(server.connect("client B").await?);
    // The client sends a line of text, and half-closes once the answer arrives or the program is idle. A program that
    // expects lines or text, or that waits for EOF, fails in another check.
    trial.step("connect client C; it sends a line and must get it back");
    let client = server.connect("client C").await?;
    let line = trial.line();
    client.send(&line).await?;
    tokio::select! {
        () = client.connection.readable() => {}
        _ = server.process.wait_until_idle(Duration::from_secs(1)) => {}
    }
    client.connection.half_close();
    client.expect_echo(&line, line.len()).await
}

/// The stream is echoed unchanged and immediately, whatever it contains and however it is split.
pub(crate) async fn echo_bytes(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial
        .step("connect client A; it sends each of the 256 byte values once and must get them back");
    let client = server.connect("client A").await?;
    client.exchange(&trial.all_bytes().into()).await?;
    trial.step("on the same connection, client A sends 8 chunks of random sizes up to 64 KiB");
    for _ in 0..8 {
        client.exchange(&trial.bytes(1..=64 * 1024)).await?;
    }
    client.finish().await?;
    drop(client);
    trial.step(
        "connect client B; it sends 64 single bytes, each after the echo of the previous one",
    );
    let client = server.connect("client B").await?;
    for _ in 0..64 {
        client.exchange(&trial.bytes(1..=1)).await?;
    }
    Ok(())
}

/// After the client's shutdown(SHUT_WR), the remaining bytes are echoed, then the stream ends.
pub(crate) async fn half_close(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    for length in [1..=1, 1000..=5000] {
        let payload = trial.bytes(length);
        trial.step(format!(
            "connect a client; it sends {} without reading, shuts down its sending side (FIN), then reads",
            size(payload.len())
        ));
        let client = server.connect("the client").await?;
        client.send(&payload).await?;
        client.connection.half_close();
        client.expect_echo(&payload, payload.len()).await?;
        client.expect_end().await?;
    }
    trial.step(
        "connect client B; it sends without reading until its writes have stalled for 300 ms",
    );
    let client = server.connect("client B").await?;
    // A program that takes all of this still buffers some of it when EOF arrives.
    let payload = trial.stream(expect::MORE_THAN_FITS / 4);
    let taken = client.send_until_stalled(&payload).await?;
    trial.step(format!(
        "it has sent {}; it shuts down its sending side, then reads {} whenever the program is idle",
        size(taken),
        size(SLOW_READ)
    ));
    client.connection.half_close();
    read_slowly(&server, &client, &payload, taken).await?;
    client.expect_end().await
}

/// How many bytes a slow reader reads at a time.
const SLOW_READ: u64 = 512 * 1024;

/// Reads slowly until the program has read all of the input, then reads the remaining bytes at full speed. While the
/// client reads slowly, the kernel has little buffer space, so a program that buffers more than about a megabyte still
/// holds it at EOF.
async fn read_slowly(
    server: &Server,
    client: &Client,
    payload: &Payload,
    taken: u64,
) -> Result<(), CheckError> {
    let expected = format!("client B gets back the {} that it sent", size(taken));
    let mut read = 0;
    while read < taken {
        // Longer than it takes to prove that the program sleeps; for a program with its own timer, no proof is
        // possible.
        server.process.wait_until_idle(Duration::from_millis(50)).await;
        let has_seen_the_end =
            ConnectionTable::of(server.address()).is_fully_read(client.connection.ports);
        let next = if has_seen_the_end { taken } else { taken.min(read + SLOW_READ) };
        let part = client.connection.expect_part(payload, read..next);
        server.wait(Some(&client.connection), &expected, part).await?;
        read = next;
    }
    Ok(())
}

/// A lot of data is echoed intact. For clients that do not read, little is buffered and nothing is lost, even if a
/// signal interrupts the program.
pub(crate) async fn large_stream(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const WHOLE: u64 = 32 * 1024 * 1024;
    let server = trial.start(start).await?;
    trial.step(format!("connect a client; it sends {} and reads while sending", size(WHOLE)));
    let client = server.connect("the client").await?;
    client.exchange(&trial.stream(WHOLE)).await?;
    client.finish().await?;
    drop(client);
    let stalled = stall(trial, &server).await?;
    // A signal makes a blocking write return early, with only part of its bytes written.
    trial
        .step("stop and continue the program (SIGSTOP, SIGCONT): a blocked write may return early");
    server.process.pause().await?;
    server.process.resume();
    drain(trial, stalled).await
}

/// For clients that do not read, little is buffered, and nothing is lost once they do.
pub(crate) async fn partial_write(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let stalled = stall(trial, &server).await?;
    drain(trial, stalled).await
}

/// A client that does not read.
struct StalledClient {
    client: Client,
    /// What it sends.
    payload: Payload,
    /// How many bytes of that the program took.
    taken: u64,
}

/// Has four clients send without reading, until nothing moves. The program must not buffer without limit what they do
/// not read.
async fn stall(context: &Context, server: &Rc<Server>) -> Result<Vec<StalledClient>, CheckError> {
    context.step("connect client A; it exchanges a few bytes with the program");
    let client = server.serve_new_client("client A").await?;
    context.step("client A sends without reading until its writes have stalled for 300 ms");
    let (payload, taken) = stall_one(context, server, &client).await?;
    context.step("clients B, C and D do the same");
    let mut stalled = vec![StalledClient { client, payload, taken }];
    let sending = ["client B", "client C", "client D"].map(|name| {
        let payload = context.stream(expect::MORE_THAN_FITS / 2);
        async move {
            let client = server.connect(name).await?;
            let taken = client.send_until_stalled(&payload).await?;
            Ok(StalledClient { client, payload, taken })
        }
    });
    stalled.extend(try_join_all(sending).await?);
    Ok(stalled)
}

/// Has `client` send without reading, until nothing moves. Returns what it sends, and how many bytes of that the
/// program took.
///
/// # Errors
///
/// The program's memory grows by too much: it buffers what is not read.
pub(crate) async fn stall_one(
    context: &Context,
    server: &Server,
    client: &Client,
) -> Result<(Payload, u64), CheckError> {
    const MAX_GROWTH: u64 = 16 * 1024 * 1024;
    // Measured only now: a child process starts with the memory that it shares with its parent.
    let before = server.probe().rss_anon();
    let payload = context.stream(expect::MORE_THAN_FITS);
    let taken = client.send_until_stalled(&payload).await?;
    let grown = expect::growth(&before, &server.probe().rss_anon());
    let piled_up = |grown: &str| {
        Failure::property(format!("memory grew by {grown} (RssAnon)"))
            .observing(format!("the program took {} from a client that reads nothing", size(taken)))
            .because(causes::NO_BACK_PRESSURE)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, piled_up).await?;
    Ok((payload, taken))
}

/// Has all clients read what they have sent.
async fn drain(context: &Context, stalled: Vec<StalledClient>) -> Result<(), CheckError> {
    context.step("now each of the four reads back everything that it sent");
    let reading = stalled.iter().map(|StalledClient { client, payload, taken }| async move {
        client.expect_echo(payload, *taken).await?;
        client.finish().await
    });
    try_join_all(reading).await?;
    Ok(())
}
