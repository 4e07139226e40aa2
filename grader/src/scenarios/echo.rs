//! A server that sends back every byte as it came.

use std::time::Duration;

use super::{MORE_THAN_FITS, growth};
use crate::capture::size;
use crate::outcome::Stop;
use crate::server::{Start, together};
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
        () = server.process.settle(Duration::from_secs(1)) => {}
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
    trial.step(format!("it has sent {}; it shuts down its sending side, then reads", size(taken)));
    client.connection.half_close();
    client.expect_echo(&payload, taken).await?;
    client.expect_end().await
}

/// Much data comes back; of a client that does not read little is buffered, and nothing is lost.
pub async fn large_stream(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const WHOLE: u64 = 32 * 1024 * 1024;
    const GROWTH: u64 = 16 * 1024 * 1024;
    let server = trial.start(start).await?;
    trial.step(format!("connect client A, send {} and read while sending", size(WHOLE)));
    let client = server.connect("client A").await?;
    client.exchange(&trial.stream(WHOLE)).await?;
    client.finish().await?;
    drop(client);

    trial.step("connect client B, exchange a few bytes");
    let client = server.serve_new_client("client B").await?;
    // Taken now: a child begins with what it shares with its parent.
    let before = server.probe().memory();
    trial.step("it sends without reading until nothing moves for 300 ms");
    let payload = trial.stream(MORE_THAN_FITS);
    let taken = client.send_until_stalled(&payload).await?;
    let grown = growth(&before, &server.probe().memory()).into_values().max().unwrap_or(0);
    if grown >= GROWTH {
        let observed = vec![
            format!("memory grew by {} (RssAnon)", size(grown)),
            format!("the program took {} of a client that reads nothing", size(taken)),
        ];
        let expected = format!("the program's memory grows by less than {}", size(GROWTH));
        let cause = "what a client does not read piles up in the program: it reads on while it cannot \
                     write. Write what was read before reading again; then the kernel stops the sender";
        return Err(server.process.fail(&[&expected], observed, cause).await);
    }
    trial.step("clients C, D and E do the same");
    let mut clients = vec![(client, payload, taken)];
    let sending = ["client C", "client D", "client E"].map(|name| {
        let (server, payload) = (&server, trial.stream(MORE_THAN_FITS / 2));
        async move {
            let client = server.connect(name).await?;
            let taken = client.send_until_stalled(&payload).await?;
            Ok((client, payload, taken))
        }
    });
    clients.extend(together(sending).await?);
    // A signal is one of the things that make a blocking write return early, with a part only.
    trial.step(
        "stop the program and let it go on (SIGSTOP, SIGCONT): a blocked write may end early",
    );
    server.process.pause().await?;
    server.process.resume();
    trial.step("now each of the four reads all that it has sent");
    let reading = clients.iter().map(|(client, payload, taken)| async move {
        client.expect_echo(payload, *taken).await?;
        client.finish().await
    });
    together(reading).await?;
    Ok(())
}
