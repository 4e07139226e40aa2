//! A client program: lines go out, answers are printed, and the end comes in one of several ways.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::capture::time;
use crate::client::Payload;
use crate::outcome::Stop;
use crate::server::beside;
use crate::trial::Trial;
use crate::visitor::{Host, Room, Visitor};

/// Starts the program and waits until it has connected.
pub async fn visitor(trial: &Trial, room: Room) -> Result<Visitor, Stop> {
    let visitor = Visitor::start(trial, trial.service().dial.host(trial, room)?)?;
    visitor.arrive().await?;
    Ok(visitor)
}

/// Gives a line, which the server must get; it answers, and that must be printed.
pub async fn converse(visitor: &Visitor, line: &Payload, answer: &Payload) -> Result<(), Stop> {
    visitor.give(line).await?;
    visitor.expect_sent(line).await?;
    visitor.answer(answer).await?;
    visitor.expect_printed(answer).await
}

/// How long a server thinks, where the program does not show before that it waits for it.
const SILENCE: Duration = Duration::from_millis(1500);

/// Lines go and answers come, each at once; much data does not block; what comes after the half-close is
/// printed, too.
pub async fn roundtrip(trial: &Trial) -> Result<(), Stop> {
    /// Far more than lies between the two ends when one side does not read: 4 MiB would fit (fact 1 of the
    /// grading rules).
    const INPUT: u64 = 16 * 1024 * 1024;
    const ANSWER: u64 = 32 * 1024 * 1024;
    let with = |mut bytes: Vec<u8>, end: &[u8]| {
        bytes.extend_from_slice(end);
        Payload::Bytes(bytes)
    };
    let talk = visitor(trial, Room::Usual).await?;
    trial.step("give a line; the server gets it and answers with another; that must be printed");
    converse(&talk, &trial.line(), &trial.line()).await?;
    trial.step(
        "after some silence the server sends another line, unasked; that must be printed, too",
    );
    talk.process.settle(SILENCE / 3).await;
    let news = trial.line();
    talk.answer(&news).await?;
    talk.expect_printed(&news).await?;
    trial.step(
        "give a line that ends in \\r\\n; the server answers without a newline, as a prompt does",
    );
    let prompt = with(trial.word(), b"? ");
    converse(&talk, &with(trial.word(), b"\r\n"), &prompt).await?;
    trial.step(
        "give a line with each of the 256 values of a byte; the server answers with such bytes",
    );
    converse(&talk, &with(trial.all_bytes(), b"\n"), &with(trial.all_bytes(), b"\n")).await?;
    trial.step("give some letters without a newline, and end the input");
    let rest = Payload::Bytes(trial.word());
    talk.give(&rest).await?;
    talk.end_input();
    talk.expect_sent(&rest).await?;
    talk.expect_half_close().await?;
    trial.step(
        "now that the program has half-closed, and after some silence, the server sends some more and \
         closes",
    );
    talk.process.settle(SILENCE).await;
    let last = trial.bytes(1000..=5000);
    talk.answer(&last).await?;
    talk.close();
    talk.expect_printed(&last).await?;
    talk.expect_exit(0).await?;

    let flow = visitor(trial, Room::Small).await?;
    trial.step(
        "give 16 MiB and end the input; the server reads a little, sends 32 MiB, and only then reads on",
    );
    flow.expect_flow(&trial.stream(INPUT), &trial.stream(ANSWER)).await?;
    flow.expect_exit(0).await
}

/// Nobody listens: the program says so, and soon.
pub async fn refused(trial: &Trial) -> Result<(), Stop> {
    const SOON: Duration = Duration::from_secs(2);
    const TRIES: u32 = 3;
    let mut quickest = Duration::MAX;
    let mut tries = 1;
    loop {
        let begin = Instant::now();
        let visitor = Visitor::start(trial, Host::closed()?)?;
        // Known only as long as it lives.
        let waited = Cell::new(Duration::ZERO);
        let watching = async {
            loop {
                let times = visitor.process.probe.cpu_times().into_values();
                waited.set(times.map(|time| time.waiting).fold(waited.get(), Duration::max));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        beside(watching, visitor.expect_exit(1)).await?;
        let elapsed = begin.elapsed();
        quickest = quickest.min(elapsed);
        if quickest <= SOON {
            return Ok(());
        }
        if waited.get() > elapsed / 3 {
            let waited = time(waited.get());
            let reason = format!("the machine is busy: the program waited {waited} for a CPU");
            return Err(Stop::Inconclusive(reason));
        }
        if tries == TRIES {
            let expected = format!("the program ends within {}", time(SOON));
            let observed = format!("after {}, the quickest of {TRIES}", time(quickest));
            let cause = "the program tries again, or waits, before it gives up: that nobody listens is \
                         an answer";
            return Err(visitor.process.fail(&[&expected], vec![observed], cause).await);
        }
        tries += 1;
    }
}

/// The server breaks the connection in the middle: the program has printed what came, says what happened
/// and fails; with silent input, and while input flows.
pub async fn server_vanishes(trial: &Trial) -> Result<(), Stop> {
    let mut silent = visitor(trial, Room::Usual).await?;
    trial.step("give a line, which the server answers; then give nothing, with the input open");
    converse(&silent, &trial.line(), &trial.line()).await?;
    trial.step("the server sends one more line; once the program has read it, it resets the connection (RST)");
    let last = trial.line();
    silent.answer(&last).await?;
    silent.expect_taken().await?;
    // Its output may be on the way through a thread of its own.
    silent.process.settle(SILENCE / 5).await;
    silent.reset();
    silent.expect_printed(&last).await?;
    silent.expect_exit(1).await?;

    let mut busy = visitor(trial, Room::Usual).await?;
    trial.step(
        "give input without end, which the server reads; it sends a line, which must be printed",
    );
    let (input, answer) = (trial.stream(u64::MAX / 2), trial.line());
    busy.count_output_only();
    let flow = async { tokio::join!(busy.write_input(&input), busy.swallow()) };
    let answered = async {
        busy.answer(&answer).await?;
        busy.expect_printed(&answer).await
    };
    beside(flow, answered).await?;
    trial.step("the server resets the connection (RST), while the input goes on");
    busy.reset();
    beside(busy.write_input(&input), busy.expect_exit(1)).await
}
