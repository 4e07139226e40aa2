//! A server that sends back every byte as it came.

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
    trial.step("connect client A, send nothing, shut down its sending side (FIN)");
    server.connect("client A").await?.finish().await?;
    trial.step("connect client B and close it at once");
    drop(server.connect("client B").await?);
    // The client sends a line of text, and ends its input as soon as the answer has come or none is in sight: a
    // program that takes a stream for lines or for text, or waits for the end of the input, fails in another check.
    trial.step("connect client C, send a line, expect it back");
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

/// The stream comes back equal and at once, whatever it contains and however it is cut.
pub(crate) async fn echo_bytes(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial.step("connect client A, send each of the 256 values of a byte once, expect them back");
    let client = server.connect("client A").await?;
    client.exchange(&trial.all_bytes().into()).await?;
    trial.step("on the same connection: 8 pieces of random sizes up to 64 KiB");
    for _ in 0..8 {
        client.exchange(&trial.bytes(1..=64 * 1024)).await?;
    }
    client.finish().await?;
    drop(client);
    trial.step("connect client B, send 64 single bytes, each after the echo of the one before");
    let client = server.connect("client B").await?;
    for _ in 0..64 {
        client.exchange(&trial.bytes(1..=1)).await?;
    }
    Ok(())
}

/// After the client's shutdown(SHUT_WR) the remaining bytes are echoed, then the stream ends.
pub(crate) async fn half_close(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    for length in [1..=1, 1000..=5000] {
        let payload = trial.bytes(length);
        trial.step(format!(
            "connect a client, send {} without reading, shut down its sending side (FIN), then read",
            size(payload.len())
        ));
        let client = server.connect("the client").await?;
        client.send(&payload).await?;
        client.connection.half_close();
        client.expect_echo(&payload, payload.len()).await?;
        client.expect_end().await?;
    }
    trial.step("connect client B, send without reading until nothing moves for 300 ms");
    let client = server.connect("client B").await?;
    // A program that takes all of this has buffered some of it when the end of the input comes.
    let payload = trial.stream(expect::MORE_THAN_FITS / 4);
    let taken = client.send_until_stalled(&payload).await?;
    trial.step(format!(
        "it has sent {}; it shuts down its sending side, then reads {} whenever the program has come to rest",
        size(taken),
        size(SLOW_READ)
    ));
    client.connection.half_close();
    read_slowly(&server, &client, &payload, taken).await?;
    client.expect_end().await
}

/// How many bytes a slow reader reads at once.
const SLOW_READ: u64 = 512 * 1024;

/// Reads slowly until the program has read all of the input, then reads the remaining bytes at once. The kernel has
/// little buffer space while the client reads slowly, so what a program buffers is still there when the end of the
/// input comes, if it is more than about a megabyte.
async fn read_slowly(
    server: &Server,
    client: &Client,
    payload: &Payload,
    taken: u64,
) -> Result<(), CheckError> {
    let expected = format!("client B gets the {} back that it sent", size(taken));
    let mut read = 0;
    while read < taken {
        // Longer than it takes to prove that the program sleeps; one with a timer of its own cannot be proven to.
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

/// Much data is echoed intact. For clients that do not read, little is buffered and nothing is lost, even where a
/// signal interrupts the program.
pub(crate) async fn large_stream(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const WHOLE: u64 = 32 * 1024 * 1024;
    let server = trial.start(start).await?;
    trial.step(format!("connect a client, send {} and read while sending", size(WHOLE)));
    let client = server.connect("the client").await?;
    client.exchange(&trial.stream(WHOLE)).await?;
    client.finish().await?;
    drop(client);
    let stalled = stall(trial, &server).await?;
    // A signal is one of the things that make a blocking write return early, with a part only.
    trial.step(
        "stop the program and let it go on (SIGSTOP, SIGCONT): a blocked write may end early",
    );
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
    context.step("connect client A, exchange a few bytes");
    let client = server.serve_new_client("client A").await?;
    context.step("it sends without reading until nothing moves for 300 ms");
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

/// Has `client` send without reading, until nothing moves. Gives what it sends, and how many bytes of that the program
/// took.
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
    // Measured now: a child process begins with what it shares with its parent.
    let before = server.probe().rss_anon();
    let payload = context.stream(expect::MORE_THAN_FITS);
    let taken = client.send_until_stalled(&payload).await?;
    let grown = expect::growth(&before, &server.probe().rss_anon());
    let piled_up = |grown: &str| {
        Failure::property(format!("memory grew by {grown} (RssAnon)"))
            .observing(format!("the program took {} of a client that reads nothing", size(taken)))
            .because(causes::NO_BACK_PRESSURE)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, piled_up).await?;
    Ok((payload, taken))
}

/// Has all clients read what they have sent.
async fn drain(context: &Context, stalled: Vec<StalledClient>) -> Result<(), CheckError> {
    context.step("now each of the four reads all that it has sent");
    let reading = stalled.iter().map(|StalledClient { client, payload, taken }| async move {
        client.expect_echo(payload, *taken).await?;
        client.finish().await
    });
    try_join_all(reading).await?;
    Ok(())
}
