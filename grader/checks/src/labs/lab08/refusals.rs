//! Task 1: clients that cannot complete a handshake with the program.

use course::text::quoted;
use engine::drive::{Client, Payload, Server, Trial};
use engine::verdict::{CheckError, Explanation, Failure};

use super::causes;
use super::clients::{GENEROUS, connect_plain};
use super::records::{are_alerts, legacy_client_hello};

/// Clients without TLS are not served, and harm no other client.
pub(super) async fn plaintext_rejected(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&GENEROUS).await?;
    trial.step("connect client A over TLS and exchange some bytes; it stays connected");
    let other = server.serve_new_client("client A").await?;
    let request = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", trial.word_text());
    for (what, text) in [
        ("a line of text", trial.line()),
        ("an HTTP request", request.into_bytes().into()),
        (
            "100 random bytes",
            Payload::Bytes((0..100).map(|_| trial.number(32..=126) as u8).collect()),
        ),
    ] {
        trial.step(format!("connect client B without TLS; it sends {what}"));
        let client = connect_plain(&server, "client B").await?;
        client.send(&text).await?;
        expect_refusal(&server, &client, &causes::PLAINTEXT_SERVED).await?;
    }
    trial.step("a new client must be served; client A exchanges more bytes");
    server.still_serves("the new client").await?;
    other.ask().await
}

/// Clients that offer nothing newer than TLS 1.1 are not served.
pub(super) async fn old_protocols_refused(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&GENEROUS).await?;
    for (name, minor) in [("TLS 1.1", 2), ("TLS 1.0", 1)] {
        trial.step(format!("connect a client; it sends a {name} ClientHello"));
        let client = connect_plain(&server, "the client").await?;
        client.send(&legacy_client_hello(trial, minor).into()).await?;
        expect_refusal(&server, &client, &causes::OLD_TLS_VERSION_ACCEPTED).await?;
    }
    trial.step("connect a client over TLS 1.3; it must be served");
    server.still_serves("the client").await.map(drop)
}

/// Expects that a client that cannot complete a handshake gets an alert or nothing, and is then disconnected.
/// `cause` explains anything else.
async fn expect_refusal(
    server: &Server,
    client: &Client,
    cause: &Explanation,
) -> Result<(), CheckError> {
    let expected = "the client gets an alert (a record that begins with 15 03) or nothing, and is then disconnected";
    let other_bytes = async {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 64]);
        // The first bytes that are not an alert decide; so does a reset, or a normal end.
        while are_alerts(&bytes) {
            match client.connection.read(&mut buffer).await {
                Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
                _ => return Ok(None),
            }
        }
        Ok(Some(bytes))
    };
    let received = server.wait(Some(&client.connection), expected, other_bytes).await?;
    let Some(bytes) = received else { return Ok(()) };
    let observed = format!("the client got {}", quoted(&bytes[..bytes.len().min(40)]));
    let failure = Failure::property(observed).expecting(expected).because(cause);
    Err(server.fail(failure).await)
}
