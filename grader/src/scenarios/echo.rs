//! A server that sends back every byte as it came.

use std::rc::Rc;
use std::time::Duration;

use super::{MORE_THAN_FITS, growth};
use crate::capture::size;
use crate::client::Payload;
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::server::{Client, Server, Start, together};
use crate::trial::Trial;

/// A client that says nothing gets nothing but the end.
pub async fn empty_session(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    trial.step("connect client A, send nothing, shut down its sending side (FIN)");
    server.connect("client A").await?.finish().await?;
    trial.step("connect client B and close it at once");
    drop(server.connect("client B").await?);
    // A line of text, and the end of the input as soon as the answer is there or none is in sight: a
    // program that takes a stream for lines, or text, or waits for its end fails where that is judged.
    trial.step("connect client C, send a line, expect it back");
    let client = server.connect("client C").await?;
    let line = trial.line();
    client.send(&line).await?;
    tokio::select! {
        () = client.connection.something_comes() => {}
        _ = server.process.settle(Duration::from_secs(1)) => {}
    }
    client.connection.half_close();
    client.expect_echo(&line, line.len()).await
}

/// The stream comes back equal, whatever is in it, however it is cut, and at once.
pub async fn echo_bytes(trial: &Trial, start: &Start) -> Result<(), Stop> {
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

/// After the client's shutdown(SHUT_WR) the rest comes, then the end.
pub async fn half_close(trial: &Trial, start: &Start) -> Result<(), Stop> {
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
    let payload = trial.stream(MORE_THAN_FITS / 4);
    let taken = client.send_until_stalled(&payload).await?;
    trial.step(format!(
        "it has sent {}; it shuts down its sending side, then reads {} whenever the program has come to rest",
        size(taken),
        size(SIP)
    ));
    client.connection.half_close();
    read_slowly(&server, &client, &payload, taken).await?;
    client.expect_end().await
}

/// So much is read at once by a client that reads slowly.
const SIP: u64 = 512 * 1024;

/// Reads slowly until the program has all of the input, then what is left. The kernel has little room meanwhile, so
/// what a program buffers is still there when the end comes, if that is more than about a megabyte.
async fn read_slowly(
    server: &Server,
    client: &Client,
    payload: &Payload,
    taken: u64,
) -> Result<(), Stop> {
    let expected = format!("client B gets the {} back that it sent", size(taken));
    let mut read = 0;
    while read < taken {
        // Longer than it takes to prove that it sleeps; one with a timer of its own cannot prove it.
        server.process.settle(Duration::from_millis(50)).await;
        let has_seen_the_end = Wires::of(server.address).is_taken(client.connection.ports);
        let next = if has_seen_the_end { taken } else { taken.min(read + SIP) };
        let part = client.connection.expect_part(payload, read..next);
        server.wait(Some(&client.connection), &expected, part).await?;
        read = next;
    }
    Ok(())
}

/// Much data comes back; of clients that do not read little is buffered, and nothing is lost, even where
/// a signal interrupts the program.
pub async fn large_stream(trial: &Trial, start: &Start) -> Result<(), Stop> {
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

/// Of clients that do not read little is buffered, and nothing is lost once they do.
pub async fn partial_write(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let stalled = stall(trial, &server).await?;
    drain(trial, stalled).await
}

/// A client that does not read, what it sends, and how much of that the program took.
type Stalled = (Client, Payload, u64);

/// Four clients that send without reading, until nothing moves. The program may not pile up what they
/// do not read.
async fn stall(trial: &Trial, server: &Rc<Server>) -> Result<Vec<Stalled>, Stop> {
    trial.step("connect client A, exchange a few bytes");
    let client = server.serve_new_client("client A").await?;
    trial.step("it sends without reading until nothing moves for 300 ms");
    let (payload, taken) = stall_one(trial, server, &client).await?;
    trial.step("clients B, C and D do the same");
    let mut stalled = vec![(client, payload, taken)];
    let sending = ["client B", "client C", "client D"].map(|name| {
        let payload = trial.stream(MORE_THAN_FITS / 2);
        async move {
            let client = server.connect(name).await?;
            let taken = client.send_until_stalled(&payload).await?;
            Ok((client, payload, taken))
        }
    });
    stalled.extend(together(sending).await?);
    Ok(stalled)
}

/// `client` sends without reading, until nothing moves: what, and how much of it the program took. It may
/// not pile up what is not read.
pub async fn stall_one(
    trial: &Trial,
    server: &Server,
    client: &Client,
) -> Result<(Payload, u64), Stop> {
    const GROWTH: u64 = 16 * 1024 * 1024;
    // Taken now: a child begins with what it shares with its parent.
    let before = server.probe().memory();
    let payload = trial.stream(MORE_THAN_FITS);
    let taken = client.send_until_stalled(&payload).await?;
    let grown = growth(&before, &server.probe().memory()).into_values().max().unwrap_or(0);
    if grown < GROWTH {
        return Ok((payload, taken));
    }
    let observed = vec![
        format!("memory grew by {} (RssAnon)", size(grown)),
        format!("the program took {} of a client that reads nothing", size(taken)),
    ];
    let expected = format!("the program's memory grows by less than {}", size(GROWTH));
    let cause = "what a client does not read piles up in the program: it reads on while it cannot \
                 write. Write what was read before reading again; then the kernel stops the sender";
    Err(server.process.fail(&[&expected], observed, cause).await)
}

/// All read what they have sent.
async fn drain(trial: &Trial, stalled: Vec<Stalled>) -> Result<(), Stop> {
    trial.step("now each of the four reads all that it has sent");
    let reading = stalled.iter().map(|(client, payload, taken)| async move {
        client.expect_echo(payload, *taken).await?;
        client.finish().await
    });
    together(reading).await?;
    Ok(())
}
