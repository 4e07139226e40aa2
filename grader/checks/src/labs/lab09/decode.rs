//! Task 1: frames are found in the stream, however it is cut.

use std::rc::Rc;
use std::time::Duration;

use course::text::size;
use engine::drive::{Server, Trial, try_join_all};
use engine::verdict::CheckError;
use serde_json::{Value, json};

use super::call::{Call, joined, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::{HEADER, shown_cut, shown_frames};
use super::object::shown;
use super::start::PATIENT;

/// The answers to complete frames are the reference: another check tests whether they are right.
pub(super) async fn split_anywhere(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&PATIENT).await?;
    let calls = Call::one_of_each(trial);
    trial.step(
        "connect client A; it sends three complete frames, each after the previous answer: echo, sum, reverse",
    );
    let client = FrameClient::connect(&server, "client A").await?;
    let mut answers = Vec::new();
    for call in &calls {
        answers.push(answer_to_whole_frame(&client, call).await?);
    }
    cut_at_each_place(trial, &client, &calls, &answers).await?;
    client.finish().await?;
    trial.step("connect client B; it sends the same three frames byte by byte");
    byte_by_byte(&server, &calls, &answers).await?;
    cut_with_pauses(trial, &server, &calls[0], &answers[0]).await
}

/// The program's answer to `call`, right or not: only the members that an answer must have.
async fn answer_to_whole_frame(client: &FrameClient, call: &Call) -> Result<Value, CheckError> {
    client.send(&call.frame()).await?;
    let expected = format!("client A gets an answer to request {}", call.request["id"]);
    let id = json!({ "id": call.request["id"] });
    let mut answer = client.expect_as(&expected, &id, None).await?;
    // Other members need not be the same each time.
    if let Some(members) = answer.as_object_mut() {
        members.retain(|name, _| ["id", "ok", "error"].contains(&name.as_str()));
    }
    Ok(answer)
}

/// Sends each frame in two pieces, once for each place where it can be cut.
async fn cut_at_each_place(
    trial: &Trial,
    client: &FrameClient,
    calls: &[Call; 3],
    answers: &[Value],
) -> Result<(), CheckError> {
    let peer_socket = client.peer_socket()?;
    for ((call, answer), name) in calls.iter().zip(answers).zip(["echo", "sum", "reverse"]) {
        let bytes = call.frame();
        trial.step(format!(
            "send the {name} again in two pieces, the second once the first has been read; repeat this with the \
             cut at each possible place"
        ));
        for cut in 1..bytes.len() {
            let (one, two) = bytes.split_at(cut);
            client.send(one).await?;
            client.wait_until_read(peer_socket.as_ref()).await;
            client.send(two).await?;
            client.describe_sent(shown_cut(&bytes, cut));
            client.expect(answer, Some(&causes::DROPS_PARTIAL_FRAMES)).await?;
        }
    }
    Ok(())
}

async fn byte_by_byte(
    server: &Rc<Server>,
    calls: &[Call; 3],
    answers: &[Value],
) -> Result<(), CheckError> {
    let client = FrameClient::connect(server, "client B").await?;
    let mut peer_socket = None;
    for (call, answer) in calls.iter().zip(answers) {
        let bytes = call.frame();
        for byte in &bytes {
            client.send(&[*byte]).await?;
            if peer_socket.is_none() {
                // The program has no socket for it until it has accepted the connection.
                peer_socket = client.peer_socket()?;
            }
            client.wait_until_read(peer_socket.as_ref()).await;
        }
        client.describe_sent(format!("{}, byte by byte", shown_frames(&bytes)));
        client.expect(answer, Some(&causes::DROPS_PARTIAL_FRAMES)).await?;
    }
    client.finish().await
}

/// Sends a frame in two pieces, with pauses of different lengths: a program that cancels a read after a while may lose
/// what it has read.
async fn cut_with_pauses(
    trial: &Trial,
    server: &Rc<Server>,
    call: &Call,
    answer: &Value,
) -> Result<(), CheckError> {
    const CUTS: [usize; 2] = [2, HEADER + 3];
    /// In milliseconds.
    const PAUSES: [u64; 5] = [15, 40, 75, 150, 400];
    trial.step(format!(
        "connect {} clients; each sends the echo in two pieces, {} to {} ms apart, cut in the header or in the body",
        CUTS.len() * PAUSES.len(),
        PAUSES[0],
        PAUSES[PAUSES.len() - 1]
    ));
    let bytes = &call.frame();
    let clients = CUTS.iter().flat_map(|cut| PAUSES.map(|pause| (*cut, pause)));
    let slow = clients.map(|(cut, pause)| async move {
        let name = format!("the client that waits {pause} ms after {}", size(cut as u64));
        let client = FrameClient::connect(server, &name).await?;
        let (one, two) = bytes.split_at(cut);
        client.send(one).await?;
        // Not a wait for an event: the pause itself is the test.
        tokio::time::sleep(Duration::from_millis(pause)).await;
        client.send(two).await?;
        client.describe_sent(format!("{}, {pause} ms apart", shown_cut(bytes, cut)));
        client.expect(answer, Some(&causes::DROPS_PARTIAL_FRAMES)).await?;
        client.finish().await
    });
    try_join_all(slow).await.map(drop)
}

pub(super) async fn coalesced(trial: &Trial) -> Result<(), CheckError> {
    const FRAMES: usize = 30;
    let server = trial.start(&PATIENT).await?;
    let id = some_id(trial);
    let some = |number: usize| -> Vec<Call> {
        (0..number).map(|turn| Call::easy(trial, turn, id + turn as u64)).collect()
    };
    for number in [2, FRAMES] {
        in_one_piece(trial, &server, &some(number)).await?;
    }
    trial.step(
        "send one and a half frames; after the first answer, send the rest with another half, and so on, cutting in \
         the header, after it and in the body",
    );
    let client = FrameClient::connect(&server, "the client").await?;
    frame_and_a_half(&client, &some(CUTS.len() + 1)).await?;
    client.finish().await
}

async fn in_one_piece(
    trial: &Trial,
    server: &Rc<Server>,
    calls: &[Call],
) -> Result<(), CheckError> {
    let number = calls.len();
    let bytes = joined(calls);
    trial.step(format!("send {number} frames in one piece"));
    let client = FrameClient::connect(server, "the client").await?;
    client.send(&bytes).await?;
    for (index, call) in calls.iter().enumerate() {
        client.describe_sent(format!(
            "{number} frames in one piece; number {} was {}",
            index + 1,
            shown(&call.request)
        ));
        client.expect(&call.answer, Some(&causes::ONE_FRAME_PER_READ)).await?;
    }
    client.finish().await
}

/// After how many bytes a frame is cut; its first part is sent with the end of the previous frame.
const CUTS: [usize; 5] = [2, HEADER, HEADER + 5, 1, 3];

/// Sends each call's frame in two parts, the first of them with the previous frame.
async fn frame_and_a_half(client: &FrameClient, calls: &[Call]) -> Result<(), CheckError> {
    let cause = &causes::WAITS_FOR_THE_NEXT_FRAME;
    let mut rest = calls[0].frame();
    for ((pair, cut), index) in calls.windows(2).zip(CUTS).zip(1..) {
        let next = pair[1].frame();
        let (half, kept) = next.split_at(cut);
        client.send(&[&rest[..], half].concat()).await?;
        client.describe_sent(format!(
            "the rest of frame {index}, with {} of frame {}",
            size(cut as u64),
            index + 1
        ));
        client.expect(&pair[0].answer, Some(cause)).await?;
        // Half a frame waits for a moment, so that a program that drops half frames has time to do so.
        client.wait_until_read(client.peer_socket()?.as_ref()).await;
        rest = kept.to_vec();
    }
    client.send(&rest).await?;
    client.describe_sent(format!("the rest of frame {}", calls.len()));
    client.expect(&calls[CUTS.len()].answer, Some(cause)).await.map(drop)
}
