//! Task 1: an echo over TLS, and how it ends.

use course::text::size;
use engine::drive::pki::Identity;
use engine::drive::{BufferSize, Client, STALL, Server, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use observe::ConnectionTable;

use super::causes;
use super::clients::{GENEROUS, connect, versions_text};
use super::protocol::{BOTH, ONLY_12, ONLY_13};
use crate::expect;
use crate::scenarios::echo;

/// Everything is echoed immediately, over both versions.
pub(super) async fn tls_echo(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&GENEROUS).await?;
    for (name, versions) in [("client A", ONLY_13), ("client B", ONLY_12)] {
        trial.step(format!(
            "connect {name}, which offers only {}; it sends all 256 byte values, 8 pieces of random \
             size up to 64 KiB and 16 single bytes, each after the echo of the previous one",
            versions_text(versions)
        ));
        let client = connect(&server, name, versions, Identity::Nobody).await?;
        client.exchange(&trial.all_bytes().into()).await?;
        for _ in 0..8 {
            client.exchange(&trial.bytes(1..=64 * 1024)).await?;
        }
        for _ in 0..16 {
            client.exchange(&trial.bytes(1..=1)).await?;
        }
        // Another check tests how it ends.
        client.reset();
    }
    trial.step("connect client C, which offers both versions, and exchange some bytes");
    connect(&server, "client C", BOTH, Identity::Nobody).await?.ask().await
}

/// A large stream is echoed, including its last piece.
pub(super) async fn large_stream(trial: &Trial) -> Result<(), CheckError> {
    echo::large_stream(trial, &GENEROUS).await?;
    last_piece(trial).await
}

/// Everything that a client has sent is echoed, even if the program wrote the last of it while the
/// socket was full: TLS has its own buffer, which the program must flush.
async fn last_piece(trial: &Trial) -> Result<(), CheckError> {
    /// The number of clients, and how many bytes fewer each sends than the one before.
    const CLIENTS: u64 = 12;
    const STEP: u64 = 12 * 1024;
    let server = trial.start(&GENEROUS).await?;
    trial.step(
        "connect client A, which sends without reading until its writes have stalled for 300 ms",
    );
    let first = server.connect_with("client A", BufferSize::Small).await?;
    let taken = first.send_until_stalled(&trial.stream(expect::MORE_THAN_FITS)).await?;
    let largest = taken.saturating_sub(unread_bytes(&server, &first));
    trial.step(format!(
        "{CLIENTS} clients send {} to {} each without reading until their writes have stalled for 300 ms; then each \
         reads back everything that it sent",
        size(largest.saturating_sub((CLIENTS - 1) * STEP)),
        size(largest)
    ));
    let exchanges = (0..CLIENTS).map(|index| {
        let server = &server;
        async move {
            let name = format!("client {}", index + 1);
            let client = server.connect_with(&name, BufferSize::Small).await?;
            let payload = trial.stream(largest.saturating_sub(index * STEP).max(1));
            let taken = client.send_until_stalled(&payload).await?;
            server.process.wait_until_idle(STALL).await;
            let echoed = client.expect_echo(&payload, taken).await;
            echoed.map_err(|error| error.if_unanswered(causes::LAST_PIECE_NOT_FLUSHED))
        }
    });
    try_join_all(exchanges).await.map(drop)
}

/// How many bytes from `client` the program has not read: they are still in the two sockets.
fn unread_bytes(server: &Server, client: &Client) -> u64 {
    let connections = ConnectionTable::of(server.address());
    let (near, far) = client.connection.ports;
    let unread = connections.peer_socket((near, far)).map_or(0, |entry| u64::from(entry.rx_queue));
    let unsent = connections.peer_socket((far, near)).map_or(0, |entry| u64::from(entry.tx_queue));
    unread + unsent
}

/// The program handles each way to end a session, and no other client is harmed.
pub(super) async fn close_notify(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&GENEROUS).await?;
    for versions in [ONLY_13, ONLY_12] {
        trial.step(format!(
            "connect a client over {} and exchange some bytes; it sends close_notify without a FIN",
            versions_text(versions)
        ));
        let client = connect(&server, "the client", versions, Identity::Nobody).await?;
        client.ask().await?;
        client.connection.send_close_notify();
        expect_close_notify(&server, &client).await?;
    }
    trial.step("connect a client that sends 5,000 bytes, close_notify and FIN before it reads");
    // TLS 1.3 ends one direction at a time; earlier versions discarded pending writes (RFC 8446,
    // section 6.1).
    let client = server.connect("the client").await?;
    let payload = trial.bytes(5000..=5000);
    client.send(&payload).await?;
    client.connection.half_close();
    client.expect_echo(&payload, payload.len()).await?;
    expect_close_notify(&server, &client).await?;
    trial.step("connect a client that sends close_notify right after the handshake");
    let client = server.connect("the client").await?;
    client.connection.half_close();
    expect_close_notify(&server, &client).await?;
    trial.step("connect a client and exchange some bytes; it sends a FIN without close_notify");
    let client = server.serve_new_client("the client").await?;
    client.connection.shutdown_write();
    // By an alert, close_notify, FIN or RST.
    client.ending().await?;
    trial.step("connect a new client; it must be served");
    server.still_serves("the new client").await.map(drop)
}

/// Expects the end of the stream, with the program's close_notify.
async fn expect_close_notify(server: &Server, client: &Client) -> Result<(), CheckError> {
    let expected = "after the client's close_notify, the program sends its own";
    server.wait(Some(&client.connection), expected, client.connection.expect_end()).await?;
    expect::that(server, !client.connection.was_truncated(), || {
        Failure::property("the program closed its side (FIN) without close_notify")
            .expecting(expected)
            .because(causes::TLS_STREAM_DROPPED_WITHOUT_SHUTDOWN)
    })
    .await
}
