//! A client program: it sends lines and prints answers until the connection ends in one of several ways.

use std::cell::Cell;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{BufferSize, ClientProgram, Payload, TestServer, Trial, run_while};
use engine::verdict::{CheckError, Failure};

use super::causes;

/// Starts the program and waits until it has connected.
pub(crate) async fn connected_program(
    trial: &Trial,
    buffers: BufferSize,
) -> Result<ClientProgram, CheckError> {
    let server = trial.service().dial.test_server(trial, buffers)?;
    let program = ClientProgram::start(trial, server)?;
    program.arrive().await?;
    Ok(program)
}

/// Gives the program a line. The server must get it, and the program must print the server's answer.
pub(crate) async fn exchange_line(
    program: &ClientProgram,
    line: &Payload,
    answer: &Payload,
) -> Result<(), CheckError> {
    program.give(line).await?;
    program.expect_sent(line).await?;
    program.answer(answer).await?;
    program.expect_printed(answer).await
}

/// How long the server is silent, unless the grader sees earlier that the program waits for it.
const SILENCE: Duration = Duration::from_millis(1500);

/// Lines are sent and answers printed immediately, even after the half-close; a lot of data does not block the program.
pub(crate) async fn roundtrip(trial: &Trial) -> Result<(), CheckError> {
    /// Far more than one direction absorbs when the other side does not read (fact 1 of RULES.md: 4.2 MB).
    const INPUT: u64 = 16 * 1024 * 1024;
    const ANSWER: u64 = 32 * 1024 * 1024;
    let talk = connected_program(trial, BufferSize::Default).await?;
    exchange_lines(trial, &talk).await?;
    exchange_after_half_close(trial, &talk).await?;

    let flow = connected_program(trial, BufferSize::Small).await?;
    trial.step(
        "give the program 16 MiB, then end its input; the server reads a little, sends 32 MiB, and only then reads the \
         rest",
    );
    flow.expect_flow(&trial.stream(INPUT), &trial.stream(ANSWER)).await?;
    flow.expect_exit(0).await
}

/// `bytes` followed by `end`.
fn ending_in(mut bytes: Vec<u8>, end: &[u8]) -> Payload {
    bytes.extend_from_slice(end);
    Payload::Bytes(bytes)
}

/// Lines and answers of several kinds, each without delay.
async fn exchange_lines(trial: &Trial, talk: &ClientProgram) -> Result<(), CheckError> {
    trial.step(
        "give the program a line, which the server must get; the server answers with another, which the program must \
         print",
    );
    exchange_line(talk, &trial.line(), &trial.line()).await?;
    trial.step("after a pause, the server sends another line without being asked; the program must print it, too");
    talk.process.wait_until_idle(SILENCE / 3).await;
    let news = trial.line();
    talk.answer(&news).await?;
    talk.expect_printed(&news).await?;
    trial.step(
        "give the program a line that ends in \\r\\n; the server answers with a prompt, which does not end in a newline",
    );
    let prompt = ending_in(trial.word(), b"? ");
    exchange_line(talk, &ending_in(trial.word(), b"\r\n"), &prompt).await?;
    trial.step(
        "give the program a line that contains all 256 byte values; the server answers with another such line",
    );
    let line = ending_in(trial.all_bytes(), b"\n");
    exchange_line(talk, &line, &ending_in(trial.all_bytes(), b"\n")).await
}

/// The input ends without a newline; then the server sends more and closes.
async fn exchange_after_half_close(trial: &Trial, talk: &ClientProgram) -> Result<(), CheckError> {
    trial.step("give the program some letters without a newline, then end the input (EOF)");
    let rest = Payload::Bytes(trial.word());
    talk.give(&rest).await?;
    talk.end_input();
    talk.expect_sent(&rest).await?;
    talk.expect_half_close().await?;
    trial.step("after the program's half-close and a pause, the server sends more data and closes the connection");
    talk.process.wait_until_idle(SILENCE).await;
    let last = trial.bytes(1000..=5000);
    talk.answer(&last).await?;
    talk.close();
    talk.expect_printed(&last).await?;
    talk.expect_exit(0).await
}

/// Nothing listens: the program reports it promptly.
pub(crate) async fn refused(trial: &Trial) -> Result<(), CheckError> {
    const SOON: Duration = Duration::from_secs(2);
    const TRIES: u32 = 3;
    let mut quickest = Duration::MAX;
    let mut tries = 1;
    loop {
        let begin = Instant::now();
        let program = ClientProgram::start(trial, TestServer::closed(trial.journal())?)?;
        // Readable only while the program is running.
        let waited = Cell::new(Duration::ZERO);
        let watching = async {
            loop {
                let times = program.process.probe.cpu_times().into_values();
                waited.set(times.map(|time| time.waiting).fold(waited.get(), Duration::max));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        run_while(watching, program.expect_exit(1)).await?;
        let elapsed = begin.elapsed();
        quickest = quickest.min(elapsed);
        if quickest <= SOON {
            return Ok(());
        }
        if waited.get() > elapsed / 3 {
            let waited = time(waited.get());
            return Err(CheckError::busy(format!("the program waited {waited} for a CPU")));
        }
        if tries == TRIES {
            let quickest = time(quickest);
            let failure =
                Failure::property(format!("it took {quickest} (the fastest of {TRIES} tries)"))
                    .expecting(format!("the program ends within {}", time(SOON)))
                    .because(causes::RETRIES_REFUSED_CONNECT);
            return Err(program.process.fail(failure).await);
        }
        tries += 1;
    }
}

/// The server resets the connection: the program prints what it has received, reports the error and fails, both with
/// silent input and while input flows.
pub(crate) async fn server_vanishes(trial: &Trial) -> Result<(), CheckError> {
    let mut silent = connected_program(trial, BufferSize::Default).await?;
    trial.step("give the program a line, which the server answers; then give nothing, but keep the input open");
    exchange_line(&silent, &trial.line(), &trial.line()).await?;
    trial.step("the server sends another line and, once the program has read it, resets the connection (RST)");
    let last = trial.line();
    silent.answer(&last).await?;
    silent.expect_taken().await?;
    // A separate thread of the program may still be writing its output.
    silent.process.wait_until_idle(SILENCE / 5).await;
    silent.reset();
    silent.expect_printed(&last).await?;
    silent.expect_exit(1).await?;

    let mut busy = connected_program(trial, BufferSize::Default).await?;
    trial.step(
        "give the program endless input, which the server reads; the server sends a line, which the program must print",
    );
    let (input, answer) = (trial.stream(u64::MAX / 2), trial.line());
    busy.count_output_only();
    let flow = async { tokio::join!(busy.write_input(&input), busy.swallow()) };
    let answered = async {
        busy.answer(&answer).await?;
        busy.expect_printed(&answer).await
    };
    run_while(flow, answered).await?;
    trial.step("the server resets the connection (RST) while the input continues");
    busy.reset();
    run_while(busy.write_input(&input), busy.expect_exit(1)).await
}
