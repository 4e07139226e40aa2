//! Clients that go away in the middle.

use super::MORE_THAN_FITS;
use crate::outcome::Stop;
use crate::server::Start;
use crate::trial::Trial;

/// A client's RST ends that client only.
pub async fn mid_stream(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial
        .step("10 times: connect a client, exchange a few bytes, send 20 KiB more, reset it (RST)");
    for _ in 0..10 {
        let client = server.serve_new_client("the client").await?;
        client.send(&flood(20 * 1024)).await?;
        client.reset();
    }
    trial.step("connect client B, which must be served");
    server.serve_new_client("client B").await?.finish().await?;
    Ok(())
}

/// A client that goes away while the program writes to it ends that client only.
pub async fn while_writing(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial.step(
        "connect client A, send without reading until nothing moves for 300 ms, reset it (RST)",
    );
    let client = server.connect("client A").await?;
    client.send_until_stalled(&flood(MORE_THAN_FITS)).await?;
    client.reset();
    trial.step("connect client B, which must be served");
    server.serve_new_client("client B").await?.finish().await?;

    // After a close the first write succeeds and draws an RST; a program that writes all at once meets
    // no error then. After a FIN and an RST already the first write gives EPIPE.
    for leave in ["closes", "shuts down (FIN) and resets (RST)"] {
        trial.step("connect client C, exchange a few bytes, stop the program (SIGSTOP)");
        let client = server.serve_new_client("client C").await?;
        server.process.pause().await?;
        trial.step(format!(
            "client C sends 60,000 bytes and {leave}; the program goes on (SIGCONT)"
        ));
        let sent = client.send(&flood(60_000)).await;
        if leave == "closes" {
            drop(client);
        } else {
            client.connection.half_close();
            client.reset();
        }
        server.process.resume();
        sent?;
        trial.step("connect client D, which must be served, once client C's socket is closed");
        server
            .process
            .until(|| {
                Ok((server.process.has_ended() || server.client_sockets()? == 0).then_some(()))
            })
            .await?;
        server.serve_new_client("client D").await?.finish().await?;
    }
    Ok(())
}
