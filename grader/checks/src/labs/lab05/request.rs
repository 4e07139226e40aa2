//! Requests that take time.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server};
use engine::verdict::{CheckError, Failure};

use super::causes;
use crate::expect;
use crate::scenarios::lines::expect_read;

/// Connects a client, which sends a SLEEP of `asked`, and waits until the request is in flight: the program has read
/// it, but not answered it. Returns the client and the answer that it will get.
pub(super) async fn begin_sleep(
    server: &Rc<Server>,
    name: &str,
    asked: Duration,
) -> Result<(Client, String), CheckError> {
    let client = server.connect(name).await?;
    let word = server.context().word_text();
    let begun = Instant::now();
    client.send(&format!("SLEEP {} {word}\n", asked.as_millis()).into_bytes().into()).await?;
    expect_read(server, &client).await?;
    if client.connection.unread() == 0 {
        return Ok((client, format!("ECHO: {word}\n")));
    }
    let elapsed = begun.elapsed();
    expect::that(server, !expect::is_early(elapsed, asked), || {
        Failure::property(format!("{name} got an answer after {}", time(elapsed)))
            .expecting(format!("SLEEP {} is answered after {}", asked.as_millis(), time(asked)))
            .because(causes::SLEEP_TOO_SHORT)
    })
    .await?;
    Err(CheckError::busy(format!("{name} was answered before the signal")))
}
