//! Task 2: many frames without a pause are answered once each, in order.

use course::text::{count, size};
use engine::drive::{Context, Server, Trial, run_while};
use engine::verdict::{CheckError, Failure};
use serde_json::Value;

use super::call::{Call, joined, some_id};
use super::causes;
use super::client::FrameClient;
use super::disorder::Disorder;
use super::object::{has, shown};
use super::start::PATIENT;

const FRAMES: usize = 1000;

pub(super) async fn pipelined_order(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&PATIENT).await?;
    let calls = frames_of_mixed_length(trial);
    let bytes = joined(&calls);
    trial.step(format!(
        "connect a client; it sends {FRAMES} frames without a pause, {} in all, and reads while sending",
        size(bytes.len() as u64)
    ));
    let client = FrameClient::connect(&server, "the client").await?;
    client.describe_sent(format!("{FRAMES} frames without a pause"));
    let mut answers = Vec::new();
    // If sending fails, reading says why.
    let (bytes, reading) = (bytes.into(), read_answers(&client, &mut answers));
    let read = run_while(client.connection().send(&bytes), reading).await;
    if let Some(disorder) = Disorder::find(&calls, &answers) {
        let failure = Failure::property_lines(disorder.lines(&answers))
            .expecting(format!("{FRAMES} frames are answered once each, in order"))
            .because(disorder.cause());
        return Err(server.fail(failure).await);
    }
    read.map_err(|error| {
        let came = count(answers.len(), "answer");
        error.observing(format!("before that, {came} arrived in order"))
    })?;
    expect_right_answers(&server, &calls, &answers).await?;
    trial.step("it half-closes (FIN) and gets only the end");
    client.finish().await
}

/// Some frames take a little longer than others: a program with a task for each frame mixes them up.
fn frames_of_mixed_length(context: &Context) -> Vec<Call> {
    /// One in this many frames takes longer.
    const LONG_ONE: usize = 20;
    let first = some_id(context);
    let call = |index| match index % LONG_ONE {
        0 => Call::reverse(first + index as u64, &context.text(8000)),
        _ => Call::any(context, first + index as u64),
    };
    (0..FRAMES).map(call).collect()
}

/// Reads the answers to all frames into `answers`.
async fn read_answers(client: &FrameClient, answers: &mut Vec<Value>) -> Result<(), CheckError> {
    while answers.len() < FRAMES {
        answers.push(client.answer("each frame is answered, in order").await?);
    }
    Ok(())
}

async fn expect_right_answers(
    server: &Server,
    calls: &[Call],
    answers: &[Value],
) -> Result<(), CheckError> {
    let mut pairs = calls.iter().zip(answers).enumerate();
    let wrong = pairs.find(|(_, (call, answer))| !has(answer, &call.answer));
    let Some((index, (call, answer))) = wrong else { return Ok(()) };
    let failure = Failure::property(format!("the answer was {}", shown(answer)))
        .expecting(format!("frame {} is answered with {}", index + 1, shown(&call.answer)))
        .because(causes::MIXES_UP_ANSWERS);
    Err(server.fail(failure).await)
}
