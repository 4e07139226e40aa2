//! Task 3: a length above the limit is refused before any body arrives.

use std::rc::Rc;

use course::text::count;
use engine::drive::{Server, Start, Trial};
use engine::verdict::{CheckError, Failure};
use serde_json::json;

use super::call::Call;
use super::causes;
use super::client::{FrameClient, TOO_LARGE};
use super::frame::{HEADER, header, shown_frames};
use super::object::{error, has};
use super::start::DEFAULT_LIMIT;
use crate::json::parse_json;

pub(super) async fn oversize_refused(trial: &Trial) -> Result<(), CheckError> {
    /// Shorter than the answer: the limit applies only to requests.
    const LIMIT: usize = 32;
    const START: Start = Start { flags: &["--max-frame", "32"], ..Start::PLAIN };
    for (start, limit) in [(START, LIMIT as u32), (Start::PLAIN, DEFAULT_LIMIT as u32)] {
        let server = trial.start(&start).await?;
        trial.step("connect client A, which sends a request and stays connected");
        let other = FrameClient::connect(&server, "client A").await?;
        let short = Call::sum(7, &json!([]), &json!(0));
        other.ask(&short, None).await?;
        trial.step(format!(
            "each of several other clients sends only a header, announcing either {} bytes or at least 2,147,483,647; it \
             gets `{TOO_LARGE}` and is then disconnected, while client A is still served",
            limit + 1
        ));
        let refused = refuse_headers(&server, limit, &other, &short).await?;
        trial.step(
            "wait until the program closes their sockets, though the clients keep their side open",
        );
        expect_sockets_closed(&server).await?;
        drop(refused);
        trial.step("another client sends two requests and such a header in one piece, and gets two answers first");
        let _answered = refuse_after_whole_frames(&server, limit, &short).await?;
        trial.step(
            "another client sends such a header followed by 300 requests, none of which is answered",
        );
        let _ignored = send_behind_refused_header(&server, limit, &short).await?;
        other.ask(&short, Some(&causes::REFUSAL_ENDS_OTHER_CLIENTS)).await?;
        other.finish().await?;
    }
    Ok(())
}

/// Connects clients that each announce a length above the limit and are refused; in between, `other` gets answers. The
/// refused clients keep their side open.
async fn refuse_headers(
    server: &Rc<Server>,
    limit: u32,
    other: &FrameClient,
    short: &Call,
) -> Result<Vec<FrameClient>, CheckError> {
    let mut refused = Vec::new();
    for length in [limit + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        let client = FrameClient::connect(server, "the client").await?;
        client.send(&header(length)).await?;
        client.expect_too_large(&causes::FRAME_LIMIT_NOT_CHECKED_FIRST).await?;
        other.ask(short, Some(&causes::REFUSAL_ENDS_OTHER_CLIENTS)).await?;
        refused.push(client);
    }
    Ok(refused)
}

/// Expects the program to close the sockets of all clients but one.
async fn expect_sockets_closed(server: &Server) -> Result<(), CheckError> {
    let closed = || Ok((server.client_sockets()? <= 1).then_some(()));
    if server.process.poll_until(closed).await?.is_some() {
        return Ok(());
    }
    let open = count(server.client_sockets()? - 1, "socket");
    let failure = Failure::property(format!("{open} still open"))
        .expecting("the connection of a refused client is closed, whatever the client does")
        .because(causes::DRAINS_UNTIL_THE_CLIENT_CLOSES);
    Err(server.fail(failure).await)
}

/// Frames before a refused header are answered. Returns the client that sent them.
async fn refuse_after_whole_frames(
    server: &Rc<Server>,
    limit: u32,
    short: &Call,
) -> Result<FrameClient, CheckError> {
    let client = FrameClient::connect(server, "the client").await?;
    client.send(&[short.frame(), short.frame(), header(limit + 1).to_vec()].concat()).await?;
    for _ in 0..2 {
        client.expect(&short.answer, Some(&causes::REFUSAL_DROPS_EARLIER_FRAMES)).await?;
    }
    client.expect_too_large(&causes::FRAME_LIMIT_NOT_CHECKED_FIRST).await?;
    Ok(client)
}

/// Frames after a refused header are not answered. Returns the client that sent them.
async fn send_behind_refused_header(
    server: &Rc<Server>,
    limit: u32,
    short: &Call,
) -> Result<FrameClient, CheckError> {
    let client = FrameClient::connect(server, "the client").await?;
    let mut bytes = header(limit * 2).to_vec();
    (0..300).for_each(|_| bytes.extend(short.frame()));
    client.describe_sent(format!("{} and 300 frames", shown_frames(&bytes[..HEADER])));
    // Sending fails when the program closes; the refusal may then be lost.
    let _ = client.connection().send(&bytes.into()).await;
    let rest = client.read_to_end(&causes::READS_ON_AFTER_REFUSAL).await?;
    let refusal = rest.get(HEADER..).and_then(|body| parse_json(body).ok());
    if rest.is_empty() || refusal.is_some_and(|refusal| has(&refusal, &error(TOO_LARGE))) {
        return Ok(client);
    }
    let failure = Failure::property(format!("it got {}", shown_frames(&rest)))
        .expecting(format!("the client gets at most `{TOO_LARGE}` and is then disconnected"))
        .because(causes::READS_ON_AFTER_REFUSAL);
    Err(server.fail(failure).await)
}
