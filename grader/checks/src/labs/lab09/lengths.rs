//! Task 3: lengths of zero, at the limit, and longer than the input.

use std::rc::Rc;

use engine::drive::{Server, Start, Trial, run_while};
use engine::verdict::CheckError;

use super::call::{Call, joined, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::{HEADER, frame, header, shown_frames};
use super::object::error;
use super::start::{DEFAULT_LIMIT, PATIENT};

pub(super) async fn zero_length(trial: &Trial) -> Result<(), CheckError> {
    let cause = &causes::EMPTY_FRAME_NOT_REFUSED;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "connect client A; it sends four zero bytes and gets `empty frame`, then sends a request and gets an answer",
    );
    let client = FrameClient::connect(&server, "client A").await?;
    client.send(&header(0)).await?;
    client.expect(&error("empty frame"), Some(cause)).await?;
    client.ask_any(Some(cause)).await?;
    trial.step(
        "it sends in one piece a request, two empty frames, a request and another empty frame",
    );
    let [first, last, _] = Call::one_of_each(trial);
    let empty = frame(b"");
    client
        .send(&[&first.frame(), &empty, &empty, &last.frame(), &empty].map(Vec::as_slice).concat())
        .await?;
    let answer = error("empty frame");
    for answer in [&first.answer, &answer, &answer, &last.answer, &answer] {
        client.expect(answer, Some(cause)).await?;
    }
    trial.step(
        "connect client B; it sends four zero bytes, half-closes (FIN), and gets the answer, then EOF",
    );
    let client = FrameClient::connect(&server, "client B").await?;
    client.send(&empty).await?;
    client.half_close();
    client.expect(&answer, Some(cause)).await?;
    client.finish().await
}

pub(super) async fn max_size(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: usize = 3001;
    const START: Start =
        Start { flags: &["--max-frame", "3001", "--frame-timeout-ms", "60000"], ..Start::PLAIN };
    for (start, limit) in [(START, LIMIT), (PATIENT, DEFAULT_LIMIT)] {
        let server = trial.start(&start).await?;
        trial.step(format!(
            "connect a client; it sends a body of {limit} bytes, exactly the maximum length, then one of {} bytes",
            limit - 1
        ));
        let client = FrameClient::connect(&server, "the client").await?;
        for length in [limit, limit - 1] {
            let call = Call::of_length(trial, length);
            client.ask(&call, Some(&causes::FRAME_LIMIT_TOO_LOW)).await?;
        }
        trial.step(format!(
            "it sends in one piece a short frame, one with a body of {limit} bytes and a short one"
        ));
        among_short_frames(trial, &client, limit).await?;
        client.finish().await?;
    }
    Ok(())
}

/// Sends a body of `limit` bytes between two short frames.
async fn among_short_frames(
    trial: &Trial,
    client: &FrameClient,
    limit: usize,
) -> Result<(), CheckError> {
    let calls = [
        Call::any(trial, some_id(trial)),
        Call::of_length(trial, limit),
        Call::any(trial, some_id(trial)),
    ];
    client
        .describe_sent(format!("a short frame, one with a body of {limit} bytes, and a short one"));
    let bytes = joined(&calls).into();
    let reading = async {
        for call in &calls {
            client.expect(&call.answer, Some(&causes::FRAME_LIMIT_TOO_LOW)).await?;
        }
        Ok(())
    };
    // If sending fails, reading says why.
    run_while(client.connection().send(&bytes), reading).await
}

pub(super) async fn truncated_frame(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "clients send a request and part of another in one piece, half-close (FIN), and get an answer to the \
         first, then EOF. The part is 1 or 3 bytes of the header, the header, some of the body, or all but \
         the last byte",
    );
    let [first, second, _] = Call::one_of_each(trial);
    cut_after_whole_frame(&server, &first, &second.frame()).await?;
    trial.step(
        "another client sends a header and valid JSON that is one byte shorter than announced, half-closes, \
         and gets only the end",
    );
    let body = second.request.to_string();
    let longer = header(body.len() as u32 + 1);
    let client = FrameClient::connect(&server, "the client").await?;
    client.send(&[&longer[..], body.as_bytes()].concat()).await?;
    client.half_close();
    client.expect_end(&causes::TRUNCATED_FRAME_NOT_DROPPED).await?;
    trial.step("other clients leave inside a frame, by FIN or by RST; a new client must be served");
    close_inside_frame(&server, &second.frame()).await?;
    server.still_serves("the new client").await?.finish().await
}

/// Sends `first`, and `bytes` up to several positions, before the end of the input.
async fn cut_after_whole_frame(
    server: &Rc<Server>,
    first: &Call,
    bytes: &[u8],
) -> Result<(), CheckError> {
    for cut in [1, 3, HEADER, HEADER + 7, bytes.len() - 1] {
        let client = FrameClient::connect(server, "the client").await?;
        client.send(&[&first.frame(), &bytes[..cut]].concat()).await?;
        client.half_close();
        client.describe_sent(format!("a complete frame and {}", shown_frames(&bytes[..cut])));
        client.expect(&first.answer, Some(&causes::PARTIAL_FRAME_DROPS_EARLIER_ONES)).await?;
        client.expect_end(&causes::TRUNCATED_FRAME_NOT_DROPPED).await?;
    }
    Ok(())
}

/// Closes connections inside the frame `bytes`, by FIN and by RST.
async fn close_inside_frame(server: &Rc<Server>, bytes: &[u8]) -> Result<(), CheckError> {
    for cut in [2, HEADER + 7] {
        for is_reset in [false, true] {
            let client = FrameClient::connect(server, "the client").await?;
            client.send(&bytes[..cut]).await?;
            if is_reset {
                client.reset();
            }
        }
    }
    Ok(())
}
