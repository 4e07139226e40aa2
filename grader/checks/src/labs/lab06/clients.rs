//! Client actions that several checks of this lab share.

use std::rc::Rc;

use engine::drive::{Client, Server};
use engine::verdict::CheckError;

use crate::scenarios::lines::expect_taken;

/// Makes `client` send all of `bytes` without reading.
pub(super) async fn send(client: &Client, bytes: impl Into<Vec<u8>>) -> Result<(), CheckError> {
    let bytes: Vec<u8> = bytes.into();
    client.send(&bytes.into()).await
}

/// A new client sends `bytes`, after which the program must close its connection.
pub(super) async fn send_until_closed(server: &Rc<Server>, bytes: &[u8]) -> Result<(), CheckError> {
    let client = server.connect("the client").await?;
    send(&client, bytes).await?;
    client.ending().await.map(drop)
}

/// A new client sends a SLEEP, and resets its connection (RST) once the program has read the line.
pub(super) async fn abandon_request(server: &Rc<Server>, word: &str) -> Result<(), CheckError> {
    let client = server.connect("the client").await?;
    send(&client, format!("SLEEP 100 {word}\n")).await?;
    expect_taken(server, std::slice::from_ref(&client)).await?;
    client.reset();
    Ok(())
}
