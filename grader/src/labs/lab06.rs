//! Lab 06, metrics: a server of lines whose numbers one can trust.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::{Category, Check, Lab, Task};
use crate::capture::{count, printable, quoted, time};
use crate::client::{Connection, Payload, STALL, Window};
use crate::exposition::{Exposition, Fault, Format, Kind, Sample};
use crate::http::{self, Response};
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::process::ANSWER_DEADLINE;
use crate::scenarios::clock::EARLY;
use crate::scenarios::lines::{self, LONGEST_LINE, LineEcho, expect_taken};
use crate::scenarios::{Service, Tcp, crowd, resources};
use crate::server::{Client, Server, Start, beside, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 6,
    topic: "metrics",
    title: "Numbers one can trust",
    minutes: 60,
    dependencies: &["axum", "clap", "prometheus-client", "thiserror", "tokio", "tokio-util"],
    borrows: &[(4, "src/lines.rs"), (4, "src/requests.rs")],
    service: &Service {
        command: &[],
        files: &[],
        second: Some("metrics"),
        dial: &Tcp,
        exchange: &LineEcho,
    },
    tasks: &[
        Task { number: 1, title: "counters", core: true },
        Task { number: 2, title: "a gauge that cannot leak", core: true },
        Task { number: 3, title: "a histogram", core: true },
        Task { number: 4, title: "the page", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/06-metrics.md"),
};

const ECHO: &str = "06/echo-lines";
const COUNTS: &str = "06/counts-exact";
const CONSISTENT: &str = "06/histogram-consistent";
const PANIC: &str = "06/panic-survives";
const UPDATES: &str = "06/no-lost-updates";

static CHECKS: &[Check] = &[
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "lines are answered in order, however they are cut; a rest without newline, too",
        run: |trial| Box::pin(lines::echo_lines(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: COUNTS,
        task: 1,
        category: Category::Correctness,
        points: 12,
        rule: "20 clients with 30 lines each are 20 connections and 600 requests",
        requires: &[ECHO],
        run: |trial| Box::pin(counts_exact(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/bytes-exact",
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "bytes received are those read, bytes sent those written: newlines and errors too",
        requires: &[COUNTS],
        run: |trial| Box::pin(bytes_exact(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/errors-by-kind",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "each kind of error is there with 0 from the start, and counts what happens",
        requires: &[COUNTS],
        run: |trial| Box::pin(errors_by_kind(trial)),
        ..Check::USUAL
    },
    Check {
        id: UPDATES,
        task: 1,
        category: Category::Concurrency,
        points: 8,
        rule: "64 clients with 200 lines at once: each is counted, every time",
        requires: &[COUNTS],
        deadline: LONG,
        quiet: true,
        run: |trial| Box::pin(no_lost_updates(trial)),
    },
    Check {
        id: "06/gauge-returns",
        task: 2,
        category: Category::Concurrency,
        points: 12,
        rule: "the gauge shows who is there, and is 0 again however the clients went",
        requires: &[ECHO],
        run: |trial| Box::pin(gauge_returns(trial)),
        ..Check::USUAL
    },
    Check {
        id: PANIC,
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "a panic ends its own client, without an answer, and nothing else",
        requires: &[ECHO],
        run: |trial| Box::pin(panic_survives(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/descriptors-return",
        task: 2,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 clients descriptors are as before and no client's socket is left",
        requires: &[ECHO],
        deadline: LONG,
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: CONSISTENT,
        task: 3,
        category: Category::Correctness,
        points: 8,
        rule: "buckets are cumulative; the last one is the count, and that the requests",
        requires: &[COUNTS, PANIC],
        run: |trial| Box::pin(histogram_consistent(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/histogram-places",
        task: 3,
        category: Category::Correctness,
        points: 8,
        rule: "SLEEP 2, 30 and 300 fall into the buckets up to 0.01, 0.1 and 1 second",
        requires: &[CONSISTENT],
        run: |trial| Box::pin(histogram_places(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/scrape-format",
        task: 4,
        category: Category::Correctness,
        points: 8,
        rule: "the page is what its content type says, with HELP and TYPE; other paths are 404",
        requires: &[ECHO],
        run: |trial| Box::pin(scrape_format(trial)),
        ..Check::USUAL
    },
    Check {
        id: "06/scrape-under-load",
        task: 4,
        category: Category::Concurrency,
        points: 8,
        rule: "50 scrapes a second among 200 busy clients: counters only grow, nobody is delayed",
        requires: &[COUNTS, UPDATES],
        deadline: LONG,
        quiet: true,
        run: |trial| Box::pin(scrape_under_load(trial)),
    },
    Check {
        id: "06/no-label-growth",
        task: 4,
        category: Category::Cleanup,
        points: 4,
        rule: "after 1,000 clients there are as many series as before",
        requires: &[COUNTS],
        run: |trial| Box::pin(no_label_growth(trial)),
        ..Check::USUAL
    },
];

/// For checks that have many clients.
const LONG: Duration = Duration::from_secs(60);

/// A number on the page: its name, and its label if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    name: &'static str,
    kind: Option<&'static str>,
}

impl Number {
    const fn plain(name: &'static str) -> Self {
        Self { name, kind: None }
    }

    const fn errors(kind: &'static str) -> Self {
        Self { name: ERRORS, kind: Some(kind) }
    }

    fn on(self, page: &Exposition) -> Option<f64> {
        match self.kind {
            None => page.value(self.name, &[]),
            Some(kind) => page.value(self.name, &[("kind", kind)]),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            None => f.write_str(self.name),
            Some(kind) => write!(f, "{}{{kind=\"{kind}\"}}", self.name),
        }
    }
}

const CONNECTIONS: Number = Number::plain("echo_connections_total");
const ACTIVE: Number = Number::plain("echo_connections_active");
const REQUESTS: Number = Number::plain("echo_requests_total");
const RECEIVED: Number = Number::plain("echo_received_bytes_total");
const ERRORS: &str = "echo_errors_total";
const SENT: Number = Number::plain("echo_sent_bytes_total");
const DURATION: &str = "echo_request_duration_seconds";
const DURATION_COUNT: Number = Number::plain("echo_request_duration_seconds_count");
const DURATION_SUM: Number = Number::plain("echo_request_duration_seconds_sum");
const KINDS: [&str; 5] = ["line_too_long", "not_utf8", "bad_sleep", "io", "panic"];

/// The upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 5] = [0.001, 0.01, 0.1, 1.0, f64::INFINITY];

/// The answer to `GET` with `path`.
async fn get(server: &Rc<Server>, path: &str) -> Result<Response, Stop> {
    let expected = format!("GET {path} on the second address is answered");
    let answer = http::get(server.second()?, path);
    server.wait_watching(&http::Unseen, None, &expected, answer).await
}

/// The page of metrics, read leniently: what is wrong with its form is for one check only.
async fn page(server: &Rc<Server>) -> Result<Exposition, Stop> {
    let Response { status, content_type, body } = get(server, "/metrics").await?;
    if status != 200 {
        let observed = format!("status {status}");
        let expected = "GET /metrics is answered with status 200";
        return Err(server.process.fail(&[expected], vec![observed], "").await);
    }
    let looks = if body.ends_with(b"# EOF\n") { Format::OpenMetrics } else { Format::Prometheus };
    Ok(Exposition::read(&body, Format::of(content_type.as_deref()).unwrap_or(looks)))
}

/// What only grows, of what the lab asks for.
const GROWING: [&str; 8] = [
    CONNECTIONS.name,
    REQUESTS.name,
    RECEIVED.name,
    SENT.name,
    ERRORS,
    DURATION_COUNT.name,
    DURATION_SUM.name,
    "echo_request_duration_seconds_bucket",
];

/// The page of a program that has come to rest: it sleeps, and shows the same numbers twice.
async fn page_at_rest(server: &Rc<Server>) -> Result<Exposition, Stop> {
    let numbers = |page: &Exposition| -> Vec<(String, f64)> {
        let is_ours = |name: &str| GROWING.contains(&name) || name == ACTIVE.name;
        let ours = page.samples.iter().filter(|sample| is_ours(&sample.name));
        ours.map(|sample| (sample.series(), sample.value)).collect()
    };
    let begin = Instant::now();
    let mut last = page(server).await?;
    loop {
        server.process.settle(Duration::from_millis(300)).await;
        let now = page(server).await?;
        if numbers(&now) == numbers(&last) {
            return Ok(now);
        }
        if begin.elapsed() > ANSWER_DEADLINE {
            let expected = "with nobody asking for anything, the numbers stay as they are";
            let cause = "something is counted that no client does: is it the scrapes?";
            let observed = vec!["they change from page to page".to_owned()];
            return Err(server.process.failed(expected, observed, cause));
        }
        last = now;
    }
}

/// Waits until the page shows these numbers. What a program shows that sleeps for good stays, unless it renews
/// its page from time to time: so it is given a while.
async fn expect_numbers(
    server: &Rc<Server>,
    when: &str,
    expected: &[(Number, u64)],
    cause: &str,
) -> Result<(), Stop> {
    /// What is counted just after an answer went out is there after one of so many looks.
    const QUICK_LOOKS: u32 = 3;
    const PAUSE: Duration = Duration::from_millis(2);
    /// A wrong number says as much as five.
    const SHOWN: usize = 2;
    /// For a page that is renewed once a second.
    const WHILE: Duration = Duration::from_secs(2);
    let begin = Instant::now();
    let (mut looks, mut at_rest) = (0, None::<(Instant, Vec<Option<f64>>)>);
    loop {
        let page = page(server).await?;
        let found: Vec<_> = expected.iter().map(|(number, _)| number.on(&page)).collect();
        let is_right = |(&(_, wanted), found): (&(Number, u64), &Option<f64>)| {
            found.is_some_and(|found| found == wanted as f64)
        };
        if expected.iter().zip(&found).all(is_right) {
            return Ok(());
        }
        looks += 1;
        if looks < QUICK_LOOKS {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let is_late = begin.elapsed() > ANSWER_DEADLINE;
        if is_late && let Some(reason) = server.process.was_starved() {
            return Err(Stop::Inconclusive(reason));
        }
        let stays = at_rest
            .as_ref()
            .is_some_and(|(since, before)| *before == found && since.elapsed() > WHILE);
        if is_late || stays {
            let wrong: Vec<_> =
                expected.iter().zip(&found).filter(|pair| !is_right(*pair)).collect();
            let more = wrong.len().saturating_sub(SHOWN);
            let (wanted, seen): (Vec<_>, Vec<_>) = wrong
                .into_iter()
                .take(SHOWN)
                .map(|((number, wanted), found)| {
                    let found = match found {
                        Some(found) => format!("{number} {found}"),
                        None => format!("no number {number}"),
                    };
                    (format!("{number} {wanted}"), found)
                })
                .unzip();
            let wanted = format!("{when}, the page shows {}", wanted.join(", "));
            let mut observed = vec![seen.join(", ")];
            if more > 0 {
                observed.push(format!("and {more} more that are wrong"));
            }
            if found.contains(&None) {
                observed.extend(what_there_is(&page));
            }
            return Err(server.process.fail(&[&wanted], observed, cause).await);
        }
        let is_asleep = server.process.settle(Duration::from_millis(300)).await;
        at_rest = match at_rest {
            Some((since, before)) if is_asleep && before == found => Some((since, before)),
            _ => is_asleep.then(|| (Instant::now(), found)),
        };
    }
}

/// What is on a page where something is missing.
fn what_there_is(page: &Exposition) -> Vec<String> {
    const MOST: usize = 8;
    let mut names: Vec<_> = page.samples.iter().map(Sample::series).collect();
    let more = if names.len() > MOST { " …" } else { "" };
    names.truncate(MOST);
    let mut lines = vec![match names.len() {
        0 => "the page has no number at all".to_owned(),
        _ => printable(&format!("there are {}{more}", names.join(", ")), 400),
    }];
    let fault = page.faults.first();
    lines.extend(fault.map(|fault| format!("what cannot be read: {fault}")));
    lines
}

/// As [`expect_numbers`]; and they stay so once the program has come to rest.
async fn expect_to_stay(
    server: &Rc<Server>,
    when: &str,
    expected: &[(Number, u64)],
    cause: &str,
) -> Result<(), Stop> {
    expect_numbers(server, when, expected, cause).await?;
    server.process.settle(Duration::from_millis(300)).await;
    expect_numbers(server, &format!("{when}, and a moment later"), expected, cause).await
}

async fn counts_exact(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 20;
    const LINES: usize = 30;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{CLIENTS} clients send {LINES} lines each, one of them a bad SLEEP, are answered, and leave"
    ));
    // One after the other: what many at once do to a counter is for another check.
    for index in 0..CLIENTS {
        let client = server.connect(&format!("client {}", index + 1)).await?;
        for line in 0..LINES {
            if line == index {
                client.say("SLEEP soon\n", "ERR bad sleep\n").await?;
            } else {
                client.ask().await?;
            }
        }
        client.finish().await?;
    }
    server.until_clients_are_gone().await?;
    trial.step("get the page of metrics, until it shows that");
    let expected = [(CONNECTIONS, CLIENTS as u64), (REQUESTS, (CLIENTS * LINES) as u64)];
    let cause = "a connection is counted when it was accepted, a request when its line was answered, with \
                 ECHO or ERR bad sleep: each once, and nothing else";
    expect_to_stay(&server, "with all clients gone", &expected, cause).await
}

async fn bytes_exact(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    let (mut received, mut sent) = (0, 0);
    let mut count = |asks: &[u8], answer: &str| {
        received += asks.len() as u64;
        sent += answer.len() as u64;
        [(RECEIVED, received), (SENT, sent)]
    };
    let cause = "count what each read returned and what each write took: raw bytes, whatever they mean; the \
                 line alone has lost its ending, and is not all that comes or goes";
    trial.step("a client sends lines that end in \\n and \\r\\n, with characters of several bytes, and a bad SLEEP");
    let word = trial.word_text();
    let asks = format!("{word}\n{word} äß → 🦀\r\n\nSLEEP never\n");
    let answer = format!("ECHO: {word}\nECHO: {word} äß → 🦀\nECHO: \nERR bad sleep\n");
    let client = server.connect("client A").await?;
    client.say(&asks, &answer).await?;
    client.finish().await?;
    let numbers = count(asks.as_bytes(), &answer);
    expect_numbers(&server, "with client A gone", &numbers, cause).await?;

    trial.step("another sends a line and a rest without newline, and shuts down (FIN)");
    let asks = format!("{word}\r\nrest of {word}");
    let answer = format!("ECHO: {word}\nECHO: rest of {word}\n");
    let client = server.connect("client B").await?;
    client.send(&asks.clone().into_bytes().into()).await?;
    client.connection.half_close();
    client.hear(&answer).await?;
    client.expect_end().await?;
    let numbers = count(asks.as_bytes(), &answer);
    expect_numbers(&server, "with client B gone", &numbers, cause).await?;

    trial.step("a third sends a line that is not UTF-8, a fourth 8,193 bytes: both are refused");
    let too_long = trial.letters(LONGEST_LINE + 1);
    let mut numbers = numbers;
    for (asks, answer) in
        [(b"\xff\xfe\n".as_slice(), "ERR not utf-8\n"), (&too_long, "ERR line too long\n")]
    {
        let client = server.connect("the client").await?;
        client.send(&asks.to_vec().into()).await?;
        client.hear(answer).await?;
        client.ending().await?;
        numbers = count(asks, answer);
    }
    expect_numbers(&server, "after two refused lines", &numbers, cause).await?;

    trial.step("a fifth asks for SLEEP 800, and resets the connection (RST) before the answer");
    let asks = format!("SLEEP 800 {word}\n");
    let client = server.connect("client E").await?;
    let other = server.connect("client F").await?;
    let asked = Instant::now();
    client.send(&asks.clone().into_bytes().into()).await?;
    expect_taken(&server, std::slice::from_ref(&client)).await?;
    // It was taken out of the socket; a fence (rule R4), of which it is known how many bytes it is.
    let (fence, answer) = (format!("{word}\n"), format!("ECHO: {word}\n"));
    other.say(&fence, &answer).await?;
    count(fence.as_bytes(), &answer);
    client.reset();
    if asked.elapsed() + EARLY > Duration::from_millis(800) {
        let reason = "the machine is busy: the answer may have come before the reset";
        return Err(Stop::Inconclusive(reason.to_owned()));
    }
    other.finish().await?;
    server.until_clients_are_gone().await?;
    let numbers = count(asks.as_bytes(), "");
    let cause = "the answer to a client that was gone was counted as sent, though no write took it: count \
                 what a write has taken, after it";
    expect_numbers(&server, "after an answer that nobody could be given", &numbers, cause).await
}

/// A client asks for a SLEEP, and goes with RST once the program has read that.
async fn break_off(server: &Rc<Server>, word: &str) -> Result<(), Stop> {
    let client = server.connect("the client").await?;
    client.send(&format!("SLEEP 100 {word}\n").into_bytes().into()).await?;
    expect_taken(server, std::slice::from_ref(&client)).await?;
    client.reset();
    Ok(())
}

async fn errors_by_kind(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("get the page of metrics before any client");
    let zero = KINDS.map(|kind| (Number::errors(kind), 0));
    let cause = "a kind that is not there yet is none that can be watched: a rate needs a first value. \
                 Write all five kinds each time, also those with 0";
    expect_numbers(&server, "before any client", &zero, cause).await?;
    let word = trial.word_text();
    trial.step("1 line of 8,193 bytes, 2 lines that are not UTF-8");
    let too_long = trial.letters(LONGEST_LINE + 1);
    for bytes in [too_long.as_slice(), b"\xc3\n", b"\xff\n"] {
        let client = server.connect("the client").await?;
        client.send(&bytes.to_vec().into()).await?;
        client.ending().await?;
    }
    trial.step("3 bad SLEEPs of one client");
    let client = server.connect("the client").await?;
    client.say("SLEEP x y\nSLEEP 60001 z\nSLEEP \n", &"ERR bad sleep\n".repeat(3)).await?;
    client.finish().await?;
    trial.step("4 connections are reset (RST): 2 of them idle, 2 while they wait for a SLEEP");
    for _ in 0..2 {
        server.serve_new_client("the client").await?.reset();
        break_off(&server, &word).await?;
    }
    trial.step("5 clients send PANIC");
    for _ in 0..5 {
        let client = server.connect("the client").await?;
        client.send(&b"PANIC\n".to_vec().into()).await?;
        client.ending().await?;
    }
    trial.step("all are gone; get the page, until it shows that");
    server.until_clients_are_gone().await?;
    let expected: Vec<_> =
        KINDS.iter().zip(1..).map(|(kind, number)| (Number::errors(kind), number)).collect();
    let cause = "each error is counted once, by its kind. A connection that breaks counts once as `io`, however \
                 many calls fail; not one that has ended by a refused line or a panic. A panic unwinds \
                 through `handle`: who waits for the task hears of it";
    expect_to_stay(&server, "afterwards", &expected, cause).await
}

/// How many clients there are in a [`burst`], how many lines each sends in a round, and how many rounds
/// there are: what depends on luck (in one round of two or three nothing is lost) is repeated (rule R15).
const CROWD: usize = 64;
const LINES: usize = 200;
const ROUNDS: usize = 5;

/// The cause, where some of a burst are missing.
const LOST: &str = "two threads have read the same number, and each has written its own successor: one is \
                    lost. Load, add and store are three steps; fetch_add is one";

/// Again and again all of `clients` send many lines, and are answered. The program has all of a round to
/// do when that begins, and the CPUs for itself: so its threads count at the same time.
async fn burst(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
    word: &str,
) -> Result<(), Stop> {
    trial.step(format!(
        "{ROUNDS} times: stop the program (SIGSTOP); {} clients send {LINES} lines each; let it go on \
         (SIGCONT), and read the answers",
        clients.len()
    ));
    let asks = Payload::from(format!("{word}\n").repeat(LINES).into_bytes());
    let answers = Payload::from(format!("ECHO: {word}\n").repeat(LINES).into_bytes());
    let is_answered = |client: &Client| client.connection.unread() >= answers.len();
    for _ in 0..ROUNDS {
        server.process.pause().await?;
        let sent = together(clients.iter().map(|client| client.send(&asks))).await;
        server.process.resume();
        sent?;
        // Where less than all comes, reading says what.
        server.process.until(|| Ok(clients.iter().all(is_answered).then_some(()))).await?;
        let all = 0..answers.len();
        together(clients.iter().map(|client| client.expect_part(&answers, all.clone()))).await?;
    }
    Ok(())
}

async fn no_lost_updates(trial: &Trial) -> Result<(), Stop> {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
        let reason = "on one CPU no update can be lost for certain: two are needed";
        return Err(Stop::Inconclusive(reason.to_owned()));
    }
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.crowd(CROWD).await?;
    trial.step("one of them sends a line alone: how many bytes is that?");
    let word = trial.word_text();
    let lines = |number: usize| [(CONNECTIONS, CROWD as u64), (REQUESTS, number as u64)];
    let each = "each client is counted once, and each line";
    expect_numbers(&server, "with 64 clients", &lines(CROWD), each).await?;
    let bytes =
        |page: &Exposition| [RECEIVED, SENT].map(|number| number.on(page).unwrap_or(0.0) as u64);
    let before = bytes(&page_at_rest(&server).await?);
    clients[0].say(&format!("{word}\n"), &format!("ECHO: {word}\n")).await?;
    expect_numbers(&server, "with a line more", &lines(CROWD + 1), each).await?;
    let after = bytes(&page_at_rest(&server).await?);
    burst(trial, &server, &clients, &word).await?;
    let number = CROWD * LINES * ROUNDS;
    let when = "after all rounds";
    expect_numbers(&server, when, &lines(CROWD + 1 + number), LOST).await?;
    // Whatever is counted as the bytes of a line: so many times that.
    let grown = |place: usize| {
        let line = after[place].saturating_sub(before[place]);
        after[place] + line * number as u64
    };
    let expected = [(RECEIVED, grown(0)), (SENT, grown(1))];
    expect_numbers(&server, when, &expected, LOST).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

async fn gauge_returns(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 5;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "{ROUNDS} times: {CROWD} clients connect; all are reset (RST) while the program is stopped (SIGSTOP)"
    ));
    for _ in 0..ROUNDS {
        let clients = server.crowd(CROWD).await?;
        server.process.pause().await?;
        clients.into_iter().for_each(Client::reset);
        server.process.resume();
        server.until_clients_are_gone().await?;
    }
    let cause = "these clients end by an error of read: a gauge that is lowered on the good path only keeps all \
                 of them. Where it keeps a few, two threads have read the same number, and each has written its \
                 own: load, subtract and store are three steps, fetch_sub is one";
    expect_numbers(&server, "after all of them", &[(ACTIVE, 0)], cause).await?;
    for (how, sends) in [
        ("close (FIN)", ""),
        ("shut down (FIN), and wait for the end", ""),
        ("reset (RST)", ""),
        ("reset (RST) while they wait for a SLEEP", "SLEEP 100 x\n"),
        ("send a line that is not UTF-8", "\u{fffd}"),
        ("send PANIC", "PANIC\n"),
    ] {
        trial.step(format!("{CLIENTS} clients connect and are answered"));
        let clients = server.crowd(CLIENTS).await?;
        let cause = "one more for each client that is accepted, one less for each that goes";
        let there = [(ACTIVE, CLIENTS as u64)];
        expect_numbers(&server, &format!("with {CLIENTS} clients"), &there, cause).await?;
        trial.step(format!("they {how}; wait until their sockets are closed"));
        for client in clients {
            match (how, sends) {
                (_, "\u{fffd}") => client.send(&b"\xff\n".to_vec().into()).await?,
                (_, sends) => client.send(&sends.as_bytes().to_vec().into()).await?,
            }
            if how.starts_with("reset") {
                expect_taken(&server, std::slice::from_ref(&client)).await?;
                client.reset();
            } else if how.starts_with("shut down") {
                client.finish().await?;
            } else if !how.starts_with("close") {
                client.ending().await?;
            }
        }
        server.until_clients_are_gone().await?;
        let when = format!("after {CLIENTS} clients that {how}");
        let cause = "the gauge is lowered on some ways out only: an error returned by `?`, a panic or an \
                     aborted task pass by what stands at the end. What a task owns is dropped whichever \
                     way it ends: lower the gauge in the Drop of a guard";
        expect_numbers(&server, &when, &[(ACTIVE, 0)], cause).await?;
    }
    let cause = "a client that has gone is counted twice, or late";
    expect_to_stay(&server, "with nobody there", &[(ACTIVE, 0)], cause).await
}

async fn panic_survives(trial: &Trial) -> Result<(), Stop> {
    const ROUNDS: usize = 3;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("clients A and B are answered, and stay");
    let others =
        [server.serve_new_client("client A").await?, server.serve_new_client("client B").await?];
    for _ in 0..ROUNDS {
        trial.step("client C is answered, then sends PANIC: it gets no answer, only the end");
        let client = server.serve_new_client("client C").await?;
        client.send(&b"PANIC\n".to_vec().into()).await?;
        let ending = client.ending().await?;
        if !ending.words.is_empty() {
            let observed =
                format!("it got {}", quoted(&ending.words[..ending.words.len().min(60)]));
            let cause = "PANIC makes the handler panic, and what panics answers nothing";
            let expected = "client C's connection is closed without an answer";
            return Err(server.process.fail(&[expected], vec![observed], cause).await);
        }
        trial.step("clients A and B, and a new one, are answered; so is GET /metrics");
        together(others.iter().map(Client::ask)).await?;
        server.serve_new_client("a new client").await?.finish().await?;
        page(&server).await?;
    }
    trial.step("the same once more, when the program is at rest");
    server.go_on_to_serve("a new client").await?.finish().await?;
    together(others.iter().map(Client::ask)).await?;
    page(&server).await.map(drop)
}

/// What the histogram shows: how many are in each bucket or one below, in the order of [`BOUNDS`].
fn buckets(server: &Server, page: &Exposition) -> Result<[f64; 5], Stop> {
    let found = page.buckets(DURATION, &[]);
    let bounds: Vec<f64> = found.iter().map(|(bound, _)| *bound).collect();
    if bounds != BOUNDS {
        let expected = format!("{DURATION}_bucket with le=\"0.001\", 0.01, 0.1, 1 and +Inf");
        let observed = match bounds.len() {
            0 => "no bucket".to_owned(),
            _ => format!("buckets up to {bounds:?}"),
        };
        let cause =
            "each bucket is a line of its own, with its upper bound in seconds as the label `le`";
        return Err(server.process.failed(&expected, vec![observed], cause));
    }
    Ok(std::array::from_fn(|index| found[index].1))
}

async fn histogram_consistent(trial: &Trial) -> Result<(), Stop> {
    const LINES_OF_ONE: u64 = 40;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "a client sends {LINES_OF_ONE} lines: SLEEPs of 1 to 40 ms among them, and bad ones"
    ));
    let client = server.connect("the client").await?;
    let word = trial.word_text();
    for line in 1..=LINES_OF_ONE {
        match line % 4 {
            0 => client.say(&format!("SLEEP {line} {word}\n"), &format!("ECHO: {word}\n")).await?,
            1 => client.say("SLEEP a while\n", "ERR bad sleep\n").await?,
            _ => client.ask().await?,
        }
    }
    client.finish().await?;
    trial.step("get the page, until it shows as many requests");
    let cause = "a request is counted once and observed once: an answer with ECHO or ERR bad sleep. \
                 prometheus-client adds the buckets up itself: it is to be given what is in each bucket alone";
    let expected = [(REQUESTS, LINES_OF_ONE), (DURATION_COUNT, LINES_OF_ONE)];
    expect_numbers(&server, "with the client gone", &expected, cause).await?;
    let buckets = buckets(&server, &page_at_rest(&server).await?)?;
    let shown = || vec![format!("{}, of {LINES_OF_ONE}", listed(&buckets))];
    if buckets[4] != LINES_OF_ONE as f64 || !buckets.is_sorted() {
        let expected =
            format!("buckets are cumulative, and the last one, +Inf, has all {LINES_OF_ONE}");
        let cause = "each bucket counts what is up to its bound, and so holds those below as well. \
                     prometheus-client adds them up itself: it is to be given what is in each bucket alone";
        return Err(server.process.failed(&expected, shown(), cause));
    }
    trial.step("a line that is not UTF-8, a PANIC, and a SLEEP whose client goes (RST): counted or not, by both");
    for line in [b"\xff\n".as_slice(), b"PANIC\n"] {
        let client = server.connect("the client").await?;
        client.send(&line.to_vec().into()).await?;
        client.ending().await?;
    }
    break_off(&server, &word).await?;
    server.until_clients_are_gone().await?;
    let page = page_at_rest(&server).await?;
    let [requests, observed] =
        [REQUESTS, DURATION_COUNT].map(|number| number.on(&page).unwrap_or(f64::NAN));
    if requests != observed {
        let expected = "requests and the histogram's count are one number";
        let observed = vec![format!("{REQUESTS} {requests}, {DURATION_COUNT} {observed}")];
        let cause = "the two are counted at different places: a request that does not come to its end is counted \
                     in one of them only";
        return Err(server.process.failed(expected, observed, cause));
    }
    let others = requests as u64;
    let clients = server.crowd(CROWD).await?;
    burst(trial, &server, &clients, &word).await?;
    let requests = others + (CROWD + CROWD * LINES * ROUNDS) as u64;
    expect_numbers(&server, "after all rounds", &[(DURATION_COUNT, requests)], LOST).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

async fn histogram_places(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 5;
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.crowd(CLIENTS).await?;
    // Each has asked once.
    let mut counted = CLIENTS as u64;
    for (place, milliseconds) in [(1, 2), (2, 30), (3, 300)] {
        trial.step(format!("{CLIENTS} clients ask for SLEEP {milliseconds} at the same time"));
        let (mut round, mut below) = (1, 0);
        loop {
            let found = place_of(trial, &server, &clients, place, milliseconds, counted).await?;
            counted += CLIENTS as u64;
            let Err((wrong, is_below)) = found else { break };
            below += u32::from(is_below);
            // What is late once is the machine's doing, and not always.
            round += 1;
            if round > 5 || below == 2 {
                return Err(match server.process.was_starved() {
                    Some(reason) => Stop::Inconclusive(reason),
                    None => wrong,
                });
            }
        }
    }
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Whether a SLEEP of so many milliseconds falls into the bucket with index `place`, at best, and into none below; if
/// not, the failure, and whether one fell below: that a program kept from its CPU between two looks at the clock may
/// do, but hardly ever. So many were `counted` before.
async fn place_of(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
    place: usize,
    milliseconds: u64,
    counted: u64,
) -> Result<Result<(), (Stop, bool)>, Stop> {
    let number = clients.len();
    let cause = "each request is observed once, when its answer is out; prometheus-client adds the buckets up itself: \
                 it is to be given what is in each bucket alone";
    expect_numbers(server, "before them", &[(DURATION_COUNT, counted)], cause).await?;
    let before = page_at_rest(server).await?;
    let word = trial.word_text();
    let (asks, answer) = (format!("SLEEP {milliseconds} {word}\n"), format!("ECHO: {word}\n"));
    let times = clients.iter().map(|client| async {
        let begin = Instant::now();
        client.say(&asks, &answer).await?;
        Ok(begin.elapsed())
    });
    let times = together(times).await?;
    expect_numbers(server, "after them", &[(DURATION_COUNT, counted + number as u64)], cause)
        .await?;
    let after = page_at_rest(server).await?;
    let (old, new) = (buckets(server, &before)?, buckets(server, &after)?);
    let grown: [f64; 5] = std::array::from_fn(|index| new[index] - old[index]);
    let (below, within) = (grown[place - 1], grown[place] - grown[place - 1]);
    // Timers that count in milliseconds may ring one too early, which is half of two: some of them.
    let too_early = if place == 1 { (number / 2 + 1) as f64 } else { 1.0 };
    let quickest = times.iter().min().copied().unwrap_or_default();
    if below >= too_early || within == 0.0 {
        let bound = BOUNDS[place];
        let expected = format!(
            "{number} times SLEEP {milliseconds}: none in a bucket below {bound}, the best of them in that one"
        );
        let observed = vec![format!(
            "{} more; the quickest answer came after {}",
            listed(&grown),
            time(quickest)
        )];
        let cause = "an observation is in seconds, from the whole line until its answer is out, and belongs into \
                     the first bucket whose bound is not below it";
        let wrong = server.process.failed(&expected, observed, cause);
        return Ok(Err((wrong, below >= too_early)));
    }
    let (sum, all) = (DURATION_SUM.on(&after), times.iter().sum::<Duration>());
    let sum = sum.and_then(|sum| Some(sum - DURATION_SUM.on(&before)?));
    let least = (Duration::from_millis(milliseconds).saturating_sub(EARLY)) * number as u32;
    // The answer may come before it is observed: in a second each, though.
    let most = all + Duration::from_secs(1) * number as u32;
    if !sum.is_some_and(|sum| (least.as_secs_f64()..=most.as_secs_f64()).contains(&sum)) {
        let expected = format!("{DURATION_SUM} grows by what they took, in seconds");
        let grown = sum.map_or("it is not there".to_owned(), |sum| format!("it grew by {sum}"));
        let observed = vec![format!("{grown}; the clients waited {} in all", time(all))];
        let cause = "the sum is of the same times as the buckets, in the same unit";
        return Ok(Err((server.process.failed(&expected, observed, cause), false)));
    }
    Ok(Ok(()))
}

/// What is in the buckets.
fn listed(buckets: &[f64; 5]) -> String {
    let counts = buckets.map(|count| count.to_string()).join(", ");
    format!("the buckets up to 0.001, 0.01, 0.1, 1 and +Inf have {counts}")
}

async fn scrape_format(trial: &Trial) -> Result<(), Stop> {
    /// More faults than that help nobody.
    const MOST: usize = 3;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("a client sends a line and a bad SLEEP, and is answered");
    let client = server.serve_new_client("the client").await?;
    client.say("SLEEP well\n", "ERR bad sleep\n").await?;
    client.finish().await?;
    trial.step("get the page of metrics");
    let response = get(&server, "/metrics").await?;
    let shown = response
        .content_type
        .as_deref()
        .map_or("none".to_owned(), |text| format!("`{}`", printable(text, 100)));
    let wanted =
        "GET /metrics is answered with status 200 and a content type that Prometheus knows";
    let format = match Format::of(response.content_type.as_deref()) {
        Ok(format) if response.status == 200 => format,
        Ok(_) => {
            let observed = vec![format!("status {}", response.status)];
            return Err(server.process.failed(wanted, observed, ""));
        }
        Err(reason) => {
            let observed =
                vec![format!("status {}, content type {shown}", response.status), reason];
            let cause = "Prometheus chooses its parser by the content type: \
                         `application/openmetrics-text; version=1.0.0` for OpenMetrics, \
                         `text/plain; version=0.0.4` for its own older text";
            return Err(server.process.failed(wanted, observed, cause));
        }
    };
    let page = Exposition::read(&response.body, format);
    let name = format.name();
    if !page.faults.is_empty() {
        let mut observed: Vec<_> = page.faults.iter().take(MOST).map(Fault::to_string).collect();
        if page.faults.len() > MOST {
            observed.push(format!("and {} more", page.faults.len() - MOST));
        }
        let expected = format!("the page can be read as {name}, as its content type {shown} says");
        let cause =
            "one line that cannot be read makes the whole page worthless: Prometheus drops it";
        return Err(server.process.failed(&expected, observed, cause));
    }
    trial.step("look for the type and a help text of each metric");
    let typed = [
        (CONNECTIONS.name, Kind::Counter),
        (ACTIVE.name, Kind::Gauge),
        (REQUESTS.name, Kind::Counter),
        (RECEIVED.name, Kind::Counter),
        (SENT.name, Kind::Counter),
        (ERRORS, Kind::Counter),
        (DURATION_COUNT.name, Kind::Histogram),
    ];
    for (sample, kind) in typed {
        let family = page.family_of(sample);
        let found = family.and_then(|family| family.kind);
        let has_help = family.is_some_and(|family| family.help.is_some());
        if found == Some(kind) && has_help {
            continue;
        }
        let expected = format!("{sample} is there, a {}, with a HELP text", kind.name(format));
        let observed = match (family, found) {
            (None, _) => format!("no metric that {sample} belongs to"),
            (_, None) => "it has no TYPE".to_owned(),
            (_, Some(found)) if found != kind => format!("it is a {}", found.name(format)),
            _ => "it has no HELP".to_owned(),
        };
        let cause = match format {
            Format::OpenMetrics => {
                "in OpenMetrics TYPE and HELP have the name without `_total`, `_count` and `_bucket`"
            }
            Format::Prometheus => {
                "in Prometheus text TYPE and HELP have the whole name of a counter, `_total` included, \
                 and that of a histogram without `_count`, `_sum` and `_bucket`"
            }
        };
        return Err(server.process.failed(&expected, vec![observed], cause));
    }
    for path in ["/", "/metric", "/metrics/x"] {
        trial.step(format!("get {path}, which does not exist"));
        let status = get(&server, path).await?.status;
        if status != 404 {
            let expected = format!("GET {path} is answered with status 404");
            let cause = "only /metrics is there";
            return Err(server.process.failed(&expected, vec![format!("status {status}")], cause));
        }
    }
    Ok(())
}

async fn scrape_under_load(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 200;
    const SCRAPES: u32 = 50;
    /// 50 in a second.
    const PERIOD: Duration = Duration::from_millis(20);
    /// Of the one who does not read: its answers are more than the kernel takes for it.
    const REQUESTS_OF_ONE: u64 = 4000;
    const PATIENCE: Duration = Duration::from_secs(5);
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!("connect {CLIENTS} clients, which ask and are answered without a pause"));
    let clients = server.crowd(CLIENTS).await?;
    let (done, deaf, lines) = (Cell::new(false), Cell::new(false), Cell::new(CLIENTS));
    let busy = together(clients.iter().map(|client| async {
        while !done.get() {
            client.ask().await?;
            lines.set(lines.get() + 1);
        }
        Ok(())
    }));
    let scrapes = async {
        trial.step("15 new clients, one after the other: how long until each is answered?");
        let before = crowd::delay(&server).await?;
        trial.step(format!("15 again, while the page is got {SCRAPES} times in a second"));
        let (after, ()) = tokio::try_join!(crowd::delay(&server), watch(&server, SCRAPES, PERIOD))?;
        crowd::expect_no_delay(&server, crowd::ANSWERED, before, after, "50 scrapes a second")
            .await?;
        trial.step("somebody asks for the page again and again, and never reads; 15 clients again");
        let request = http::request_text(server.second()?, "/metrics");
        let length = request.len() as u64 * REQUESTS_OF_ONE;
        let requests = Payload::Repeated { unit: request.into(), length };
        deaf.set(true);
        let scraper = Connection::open(server.second()?, Window::Small);
        let scraper = server.wait(None, "the second address is open", scraper).await?;
        // A server that hangs up on such a client does well.
        let flood = async { drop(scraper.send_until_stalled(&requests).await) };
        beside(flood, until_stalled(&server, &scraper, PATIENCE)).await?;
        let after = crowd::delay(&server).await?;
        crowd::expect_no_delay(
            &server,
            crowd::ANSWERED,
            before,
            after,
            "a scraper that never reads",
        )
        .await?;
        scraper.reset();
        done.set(true);
        Ok(3 * crowd::SAMPLES)
    };
    let (_, visitors) = tokio::try_join!(busy, scrapes).map_err(|stop| {
        stop.amend(|failure| {
            if deaf.get() && failure.is_no_answer() {
                failure.cause = "clients wait for a scraper that does not read: something that a request needs \
                                 is locked while the page is written to it. Make the text first, then write \
                                 it with nothing locked"
                    .to_owned();
            }
        })
    })?;
    clients.into_iter().for_each(Client::reset);
    trial.step("all leave; get the page, until it shows exactly what they have done");
    server.until_clients_are_gone().await?;
    let expected =
        [(CONNECTIONS, (CLIENTS + visitors) as u64), (REQUESTS, (lines.get() + visitors) as u64)];
    let cause = "a scrape is no client and no request: what it reads it must not change";
    expect_numbers(&server, "with all clients gone", &expected, cause).await
}

/// Waits until nothing moves any more on the connection of one who sends and does not read, but not for longer
/// than `patience`: what the program has not done by then it does slowly.
async fn until_stalled(
    server: &Server,
    scraper: &Connection,
    patience: Duration,
) -> Result<(), Stop> {
    let address = server.second()?;
    let queues = || {
        let end = Wires::of(address).far_end(scraper.ports).map(|end| (end.rx_queue, end.tx_queue));
        (end, scraper.unread(), scraper.sent())
    };
    let begin = Instant::now();
    let mut last = queues();
    while begin.elapsed() < patience {
        tokio::time::sleep(STALL).await;
        let now = queues();
        if now == last {
            break;
        }
        last = now;
    }
    Ok(())
}

/// Gets the page `times` times, once in each `period`: what only grows never goes back.
async fn watch(server: &Rc<Server>, times: u32, period: Duration) -> Result<(), Stop> {
    let mut last: HashMap<String, f64> = HashMap::new();
    let mut pace = tokio::time::interval(period);
    // A server that took long is not asked without a pause to make up for it.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..times {
        pace.tick().await;
        let page = page(server).await?;
        let growing = page.samples.iter().filter(|sample| GROWING.contains(&sample.name.as_str()));
        let now: HashMap<_, _> = growing.map(|sample| (sample.series(), sample.value)).collect();
        for (series, before) in &last {
            let found = now.get(series);
            if found.is_some_and(|found| found >= before) {
                continue;
            }
            let expected = "counters never go back, from one page to the next";
            let found = found.map_or("is not there".to_owned(), |found| format!("is {found}"));
            let series = printable(series, 120);
            let observed = vec![format!("{series} was {before}, and {found} on the next page")];
            let cause = "a number was read and written in two steps, or the page is made of numbers of \
                         different moments: a counter only ever grows";
            return Err(server.process.failed(expected, observed, cause));
        }
        last = now;
    }
    Ok(())
}

async fn no_label_growth(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 1000;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "two clients are answered, one is reset (RST) then; get the page, and count its series",
    );
    server.serve_new_client("the first client").await?.finish().await?;
    server.serve_new_client("the second client").await?.reset();
    server.until_clients_are_gone().await?;
    // All of them has been counted by then, so that their series are there.
    expect_numbers(&server, "after two clients", &[(REQUESTS, 2)], "").await?;
    let mut number = 2;
    let mut before = page_at_rest(&server).await?.series();
    // Twice, if need be: a runtime's own metrics may come late, but only once.
    for is_last in [false, true] {
        let source = |index: u64| {
            let [high, low] = ((number + index) as u16).to_be_bytes();
            Ipv4Addr::new(127, 0, high + 1, low)
        };
        trial.step(format!(
            "{CLIENTS} clients with addresses of their own (from {} on) come, are answered, and go; get the page again",
            source(0)
        ));
        let visits = (0..CLIENTS).map(|index| {
            let (source, server) = (source(index as u64), &server);
            async move {
                server.serve_new_client_from(source, "a client").await?.reset();
                Ok(())
            }
        });
        ramped(visits).await?;
        number += CLIENTS as u64;
        expect_numbers(&server, "after them", &[(REQUESTS, number)], "").await?;
        let after = page_at_rest(&server).await?.series();
        if after.len() <= before.len() {
            break;
        }
        if is_last {
            let expected = format!("{} series, as before", before.len());
            let clients = count(CLIENTS, "client");
            let mut observed = vec![format!("{} series after {clients} more", after.len())];
            let new = after.difference(&before).next();
            observed
                .extend(new.map(|series| printable(&format!("one that is new: {series}"), 200)));
            let cause = "each value of a label is a series of its own, which Prometheus keeps for weeks: a \
                         client's address, a port, a user or a text has no place in a label";
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
        before = after;
    }
    Ok(())
}
