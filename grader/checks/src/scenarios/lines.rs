//! A line server: the protocol of labs 04, 05 and 06.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Context, Exchange, Mismatch, Payload, Request, Server, Start, Trial};
use engine::lab::{Check, check};
use engine::verdict::{Cause, CheckError, Explanation, Failure};
use observe::ConnectionTable;

use crate::expect;
use crate::scenarios::line_causes as causes;

/// The maximum length of a line in bytes, without its ending.
pub(crate) const MAX_LINE: usize = 8192;

/// A line is answered with `ECHO: ` and the line.
#[derive(Debug)]
pub(crate) struct LineEcho;

impl Exchange for LineEcho {
    fn request(&self, context: &Context) -> Request {
        let Payload::Bytes(line) = context.line() else { unreachable!("a line is bytes") };
        let answer = [b"ECHO: ", line.as_slice()].concat();
        Request { sends: line.into(), answer: Rc::new(Payload::from(answer)) }
    }

    fn flood(&self, context: &Context, length: u64) -> Payload {
        let mut line = context.letters(MAX_LINE);
        line.push(b'\n');
        Payload::Repeated { unit: line.into(), length }
    }

    fn explain(&self, mismatch: &Mismatch) -> Cause {
        let is_error = |(line, _): &&(&[u8], Explanation)| mismatch.line.starts_with(line);
        if let Some((_, cause)) = causes::UNEXPECTED_ERRORS.iter().find(is_error) {
            cause.clone().into()
        } else if mismatch.is_lossy() {
            causes::DECODED_TOO_EARLY.into()
        } else {
            causes::READ_TAKEN_FOR_A_LINE.into()
        }
    }
}

/// The name of the check that all other checks of a line server require.
pub(crate) const ECHO: &str = "echo-lines";

/// The row of [`echo_lines`] in a lab's table.
pub(crate) const fn echo_row(points: u32) -> Check {
    check(ECHO)
        .task(1)
        .correctness(points)
        .rule("lines, even an unterminated last one, are answered in order, however they arrive")
        .run(|trial| Box::pin(echo_lines(trial, &Start::PLAIN)))
}

/// The row of [`error_lines`].
pub(crate) const fn errors_row(points: u32) -> Check {
    check("error-lines")
        .task(1)
        .correctness(points)
        .rule("a malformed SLEEP or a line that is not UTF-8 is answered with an error line")
        .requires(&[ECHO])
        .run(|trial| Box::pin(error_lines(trial, &Start::PLAIN)))
}

/// The name of the check that expects SLEEPs to overlap.
pub(crate) const OVERLAP: &str = "sleeps-overlap";

/// The row of [`sleeps_overlap`].
pub(crate) const fn overlap_row(points: u32) -> Check {
    check(OVERLAP)
        .task(1)
        .concurrency(points)
        .rule("the SLEEPs of 64 clients overlap, and another client is answered while they run")
        .requires(&[ECHO])
        .run(|trial| Box::pin(sleeps_overlap(trial, &Start::PLAIN)))
}

/// Lines are found however they are split, and their endings are not part of their text.
async fn echo_lines(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial.step("connect client A; it sends three lines in one piece and must get three answers");
    let client = server.connect("client A").await?;
    let words = [trial.word_text(), trial.word_text(), trial.word_text()];
    expect_lines(trial, &client, &words).await?;
    let [first, second, third] = &words;
    expect_sleeps(trial, &server, &client, first).await?;
    client.finish().await?;
    trial.step("connect client B; it sends a line and an unterminated last line, then shuts down its sending side \
                (FIN)");
    let client = server.connect("client B").await?;
    client.send(&format!("{first}\n{second}\r").into_bytes().into()).await?;
    client.connection.half_close();
    client.hear(&format!("ECHO: {first}\nECHO: {second}\r\n")).await?;
    client.expect_end().await?;
    trial.step("connect client C; it sends a line and `SLEEP 300 text`, then immediately shuts down its sending side \
                (FIN)");
    let client = server.connect("client C").await?;
    client.send(&format!("{first}\nSLEEP 300 {third}\n").into_bytes().into()).await?;
    client.connection.half_close();
    let answers = format!("ECHO: {first}\nECHO: {third}\n");
    let heard = client.hear(&answers).await;
    heard.map_err(|error| error.if_closed_early(causes::EOF_CANCELS_REQUEST))?;
    client.expect_end().await
}

/// Many long lines to send, and their answers.
pub(crate) struct Flood {
    pub(crate) sends: Payload,
    pub(crate) answers: Payload,
}

impl Flood {
    /// `lines` lines of the maximum length.
    pub(crate) fn new(context: &Context, lines: u64) -> Self {
        Self::of_length(context, lines, MAX_LINE)
    }

    /// `lines` lines of `length` bytes each, without their ending.
    pub(crate) fn of_length(context: &Context, lines: u64, length: usize) -> Self {
        let line = context.letters(length);
        let repeated = |unit: Vec<u8>| {
            let length = unit.len() as u64 * lines;
            Payload::Repeated { unit: unit.into(), length }
        };
        Self {
            sends: repeated([line.as_slice(), b"\n"].concat()),
            answers: repeated([b"ECHO: ".as_slice(), &line, b"\n"].concat()),
        }
    }
}

/// Invalid input is answered with an error line: a malformed SLEEP, and a line that is not UTF-8, after which the
/// connection is closed.
async fn error_lines(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial
        .step("connect client A; it sends malformed SLEEP requests, then a line that begins with SLEEP but is not a SLEEP request");
    let client = server.connect("client A").await?;
    for bad in ["SLEEP ", "SLEEP 5", "SLEEP x y", "SLEEP 123456 y", "SLEEP 60001 y", "SLEEP  5 y"] {
        client.say(&format!("{bad}\n"), "ERR bad sleep\n").await?;
    }
    client.say("SLEEPY\n", "ECHO: SLEEPY\n").await?;
    client.finish().await?;
    trial.step(
        "connect client B; it sends a line and one that is not UTF-8, and must get both answers, then EOF",
    );
    let client = server.connect("client B").await?;
    let word = trial.word_text();
    client.send(&[word.as_bytes(), b"\n\xff\xfe\n"].concat().into()).await?;
    client.hear(&format!("ECHO: {word}\nERR not utf-8\n")).await?;
    client.expect_close().await
}

/// Another client is answered while the SLEEPs of many clients run: more than a runtime has threads that they could
/// block.
async fn sleeps_overlap(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 64;
    /// The most time that the grader may take to send all requests.
    const MAX_GAP: Duration = Duration::from_millis(500);
    let server = trial.start(start).await?;
    trial.step(format!("{CLIENTS} clients send SLEEP 1000; then client B sends SLEEP 10"));
    let word = trial.word_text();
    let slow = server.connect_many(CLIENTS).await?;
    let begun = Instant::now();
    for client in &slow {
        client.send(&format!("SLEEP 1000 {word}\n").into_bytes().into()).await?;
    }
    expect_taken(&server, &slow[..1]).await?;
    let quick = server.connect("client B").await?;
    let gap = begun.elapsed();
    let heard = quick.say(&format!("SLEEP 10 {word}\n"), &format!("ECHO: {word}\n")).await;
    heard.map_err(|error| error.if_unanswered(causes::SLEEPS_ONE_AT_A_TIME))?;
    let answered = slow.iter().filter(|client| client.connection.unread() > 0).count();
    if answered > 0 {
        let failure =
            Failure::property(format!("{answered} of the {CLIENTS} were answered before client B"))
                .expecting(format!(
                    "client B gets its answer while the SLEEPs of the {CLIENTS} are running"
                ))
                .because(causes::SLEEPS_ONE_AT_A_TIME);
        return Err(expect::unless_late(&server, server.fail(failure).await, gap, MAX_GAP));
    }
    for client in &slow {
        client.hear(&format!("ECHO: {word}\n")).await?;
    }
    let elapsed = begun.elapsed();
    slow.into_iter().for_each(Client::reset);
    if elapsed > Duration::from_secs(3) {
        expect::not_starved(&server.process)?;
        let failure = Failure::property(format!("the last answer arrived after {}", time(elapsed)))
            .expecting(format!("{CLIENTS} SLEEPs of one second that start together end within 3 s"))
            .because(causes::SLEEPS_ONE_AT_A_TIME);
        return Err(server.fail(failure).await);
    }
    Ok(())
}

/// Lines of several forms, in one piece and byte by byte, are answered.
async fn expect_lines(
    trial: &Trial,
    client: &Client,
    [first, second, third]: &[String; 3],
) -> Result<(), CheckError> {
    client
        .say(
            &format!("{first}\n{second}\n{third}\n"),
            &format!("ECHO: {first}\nECHO: {second}\nECHO: {third}\n"),
        )
        .await?;
    trial
        .step("client A sends a line that ends in \\r\\n, an empty line, and one with multi-byte characters");
    client.say(&format!("{first}\r\n"), &format!("ECHO: {first}\n")).await?;
    client.say("\n", "ECHO: \n").await?;
    client.say(&format!("{second} äß → 🦀\n"), &format!("ECHO: {second} äß → 🦀\n")).await?;
    trial.step("client A sends a line byte by byte");
    let line = format!("{third} é 🦀\n");
    for byte in line.as_bytes() {
        client.send(&vec![*byte].into()).await?;
        // The program usually reads the byte alone, but the verdict does not depend on that.
        tokio::task::yield_now().await;
    }
    client.hear(&format!("ECHO: {line}")).await
}

/// `SLEEP` delays its answer.
async fn expect_sleeps(
    trial: &Trial,
    server: &Server,
    client: &Client,
    word: &str,
) -> Result<(), CheckError> {
    trial.step(
        "client A sends `SLEEP 30 text`, then a SLEEP with an empty text and one whose text begins with a space",
    );
    let begun = Instant::now();
    client.say(&format!("SLEEP 30 {word}\n"), &format!("ECHO: {word}\n")).await?;
    if expect::is_early(begun.elapsed(), Duration::from_millis(30)) {
        let failure =
            Failure::property(format!("the answer arrived after {}", time(begun.elapsed())))
                .expecting("the answer arrives no earlier than the SLEEP asks for")
                .because(causes::SLEEP_CUT_SHORT);
        return Err(server.fail(failure).await);
    }
    client.say("SLEEP 1 \nSLEEP 1  x\n", "ECHO: \nECHO:  x\n").await
}

/// A line of 8,192 bytes is answered; a longer one is refused as soon as it exceeds that.
pub(crate) async fn long_line(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    trial.step(
        "connect client A; it sends two lines of 8,192 bytes, one ending in \\n, one in \\r\\n",
    );
    let client = server.connect("client A").await?;
    for ending in ["\n", "\r\n"] {
        let line = trial.text(MAX_LINE);
        client.say(&format!("{line}{ending}"), &format!("ECHO: {line}\n")).await?;
    }
    trial.step(
        "client A sends a short line and 8,193 bytes without a newline; both must be answered, then EOF",
    );
    let line = trial.text(20);
    client.send(&format!("{line}\n{}", trial.text(MAX_LINE + 1)).into_bytes().into()).await?;
    client.hear(&format!("ECHO: {line}\nERR line too long\n")).await?;
    client.expect_close().await?;
    trial.step(
        "connect client B; it sends a line of 8,193 bytes with its newline, which must also be refused",
    );
    let client = server.connect("client B").await?;
    client.send(&format!("{}\n", trial.text(MAX_LINE + 1)).into_bytes().into()).await?;
    client.hear("ERR line too long\n").await?;
    client.expect_close().await?;
    let _open = expect_bounded_line(trial, &server).await?;
    trial.step("connect client D, which must be served");
    server.still_serves("client D").await?.finish().await
}

/// An endless line does not pile up in memory. Returns the client that sent it.
async fn expect_bounded_line(trial: &Trial, server: &Rc<Server>) -> Result<Client, CheckError> {
    const MAX_GROWTH: u64 = 16 * 1024 * 1024;
    trial.step(
        "connect client C; it sends a line and gets an answer, then sends 64 MiB without a newline",
    );
    let client = server.serve_new_client("client C").await?;
    let before = server.probe().rss_anon();
    let endless =
        Payload::Repeated { unit: trial.letters(MAX_LINE).into(), length: expect::MORE_THAN_FITS };
    // Sending fails once the program closes the connection, which should happen long before all is sent.
    let _ = client.connection.send_until_stalled(&endless).await;
    let grown = expect::growth(&before, &server.probe().rss_anon());
    let collected = |grown: &str| {
        Failure::property(format!("memory grew by {grown} (RssAnon)"))
            .because(causes::UNBOUNDED_LINE)
    };
    expect::memory_growth_below(server, grown, MAX_GROWTH, collected).await?;
    Ok(client)
}

/// Waits until the program has read all that `client` sent, and has had time to process it.
pub(crate) async fn expect_read(server: &Rc<Server>, client: &Client) -> Result<(), CheckError> {
    expect_taken(server, std::slice::from_ref(client)).await?;
    // The line is no longer in the socket, but may not be processed yet: a later client is the fence (rule R4).
    server.serve_new_client("another client").await?.finish().await
}

/// Waits until the program has read all that `clients` sent.
pub(crate) async fn expect_taken(
    server: &Rc<Server>,
    clients: &[Client],
) -> Result<(), CheckError> {
    let taken = || {
        let connections = ConnectionTable::of(server.address());
        let is_taken = |client: &Client| {
            let peer = connections.peer_socket(client.connection.ports);
            peer.is_some_and(|entry| entry.inode != 0 && entry.rx_queue == 0)
        };
        Ok(clients.iter().all(is_taken).then_some(()))
    };
    if server.process.poll_until(taken).await?.is_some() {
        return Ok(());
    }
    let connections = ConnectionTable::of(server.address());
    let is_open = |client: &Client| connections.peer_socket(client.connection.ports).is_some();
    let failure = if clients.iter().all(is_open) {
        Failure::property("the line stays unread in the client's socket")
            .because(causes::CLIENT_NOT_READ)
    } else {
        Failure::property("the program has closed the connection")
            .because(causes::CLIENT_CLOSED_EARLY)
    };
    Err(server.fail(failure.expecting("the program reads the line")).await)
}
