//! Lab 04, timeouts: a server of lines in which nobody waits for ever.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Category, Check, Lab, Task};
use crate::capture::{count, quoted, size, time};
use crate::client::{Payload, Window};
use crate::outcome::Stop;
use crate::scenarios::clock::{self, unless_late};
use crate::scenarios::lines::{self, LONGEST_LINE, LineEcho};
use crate::scenarios::{MORE_THAN_FITS, Service, Tcp, crowd, growth, resources};
use crate::server::{Client, Server, Start, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 4,
    topic: "timeouts",
    title: "Nobody waits for ever",
    minutes: 60,
    dependencies: &["clap", "thiserror", "tokio"],
    borrows: &[],
    service: &Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &LineEcho },
    tasks: &[
        Task { number: 1, title: "a limit for silence", core: true },
        Task { number: 2, title: "a limit for a line", core: true },
        Task { number: 3, title: "a limit for a client that does not read", core: false },
        Task { number: 4, title: "work that blocks", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/04-timeouts.md"),
};

/// For checks that move much, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const ECHO: &str = "04/echo-lines";
const IDLE: &str = "04/idle-closes";
const SLOW_LINE: &str = "04/slow-line";
const STALLED: &str = "04/stalled-reader";

/// In each check one limit is short, so that it is this one that ends a client.
macro_rules! limits {
    (idle $idle:literal, line $line:literal, write $write:literal) => {
        Start {
            flags: &[
                "--idle-timeout-ms",
                $idle,
                "--line-timeout-ms",
                $line,
                "--write-timeout-ms",
                $write,
            ],
            ..Start::PLAIN
        }
    };
}

const IDLE_ENDS: &str = "ERR idle timeout\n";
const LINE_ENDS: &str = "ERR line timeout\n";

static CHECKS: &[Check] = &[
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "lines are answered in order, however they are cut; a rest without newline, too",
        run: |trial| Box::pin(lines::echo_lines(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "04/long-line",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "8,192 bytes are answered, 8,193 refused at once; an endless line takes no memory",
        requires: &[ECHO],
        run: |trial| Box::pin(lines::long_line(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: IDLE,
        task: 1,
        category: Category::Correctness,
        points: 12,
        rule: "a client that is silent for the idle time is told so and closed, not before",
        requires: &[ECHO],
        run: |trial| Box::pin(idle_closes(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/activity-resets",
        task: 1,
        category: Category::Correctness,
        points: 10,
        rule: "each line begins the idle time anew, and it does not run while a line is answered",
        requires: &[ECHO],
        run: |trial| Box::pin(activity_resets(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/timers-are-per-client",
        task: 1,
        category: Category::Concurrency,
        points: 8,
        rule: "silent clients are closed while an active one goes on",
        requires: &[IDLE],
        run: |trial| Box::pin(timers_are_per_client(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/mass-expiry",
        task: 1,
        category: Category::Concurrency,
        points: 8,
        rule: "500 silent clients are all closed within a second after their time",
        requires: &[IDLE],
        run: |trial| Box::pin(mass_expiry(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/no-polling",
        task: 1,
        category: Category::Cleanup,
        points: 2,
        rule: "while 100 clients wait on timers, it sleeps",
        requires: &[IDLE],
        run: |trial| Box::pin(no_polling(trial)),
        ..Check::USUAL
    },
    Check {
        id: SLOW_LINE,
        task: 2,
        category: Category::Correctness,
        points: 12,
        rule: "a line has to be whole in time, counted from its first byte; more bytes do not extend it",
        requires: &[ECHO],
        run: |trial| Box::pin(slow_line(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/others-unaffected",
        task: 2,
        category: Category::Concurrency,
        points: 6,
        rule: "100 clients in the middle of a line delay nobody",
        requires: &[ECHO],
        run: |trial| Box::pin(others_unaffected(trial)),
        ..Check::USUAL
    },
    Check {
        id: STALLED,
        task: 3,
        category: Category::Correctness,
        points: 10,
        rule: "a client that takes nothing of its answers is closed; one that reads slowly is not",
        requires: &[ECHO],
        deadline: LONG,
        run: |trial| Box::pin(stalled_reader(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/paused-process",
        task: 3,
        category: Category::Correctness,
        points: 4,
        rule: "after a stop longer than the limits it serves new clients; old ones are answered or closed",
        requires: &[IDLE],
        run: |trial| Box::pin(paused_process(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/descriptors-return",
        task: 3,
        category: Category::Cleanup,
        points: 6,
        rule: "after every kind of end the descriptors are as before, though clients hold their side",
        requires: &[IDLE, SLOW_LINE, STALLED],
        deadline: LONG,
        run: |trial| Box::pin(descriptors_return(trial)),
        ..Check::USUAL
    },
    Check {
        id: "04/blocking-work",
        task: 4,
        category: Category::Concurrency,
        points: 8,
        rule: "while WORK 1000 runs for one client, others are answered and idle clocks run",
        requires: &[IDLE],
        run: |trial| Box::pin(blocking_work(trial)),
        ..Check::USUAL
    },
];

/// Rule R2, see [`clock::expect_time`].
async fn expect_time(
    server: &Server,
    what: &str,
    limit: Duration,
    samples: &[Duration],
) -> Result<(), Stop> {
    let early = "the clock began too early, or with something else: idle time runs from the start of \
                 the connection or the last answer on, the time of a line from its first byte on";
    let late = "the clock began too late, or anew with each byte, or somebody looks at it only from \
                time to time: a limit is a deadline that a timer keeps";
    clock::expect_time(server, what, limit, samples, [early, late]).await
}

/// Expects that a limit ends `client`: its last line is `words`.
async fn expect_limit(client: &Client, words: &str) -> Result<(), Stop> {
    client.hear(words).await.map_err(|stop| {
        stop.amend(|failure| {
            if failure.is_no_answer() {
                failure.cause =
                    "no limit has ended this wait: a `timeout` around it is missing, or something \
                                 else than this client begins it anew"
                        .to_owned();
            }
        })
    })
}

async fn idle_closes(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(400);
    const START: Start = limits!(idle "400", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(
        "connect 6 clients: half of them say nothing, the others are silent after a line was answered",
    );
    let silences = (0..6).map(|index| {
        let server = &server;
        async move {
            // Before the connect (rule R2): the program's clock begins later.
            let mut begin = Instant::now();
            let client = server.connect(&format!("client {}", index + 1)).await?;
            if index % 2 == 1 {
                begin = Instant::now();
                client.ask().await?;
            }
            expect_limit(&client, IDLE_ENDS).await?;
            let elapsed = begin.elapsed();
            client.expect_close().await?;
            Ok(elapsed)
        }
    });
    let samples = together(silences).await?;
    expect_time(&server, "a silent client is closed", LIMIT, &samples).await
}

async fn activity_resets(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(600);
    const START: Start = limits!(idle "600", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A; 5 times it is silent for {}, six tenths of the limit, and sends a line; then it \
         asks for a SLEEP of {}, twice the limit, and sends a line after it",
        time(LIMIT * 6 / 10),
        time(2 * LIMIT)
    ));
    trial.step(format!(
        "meanwhile client B sends half a line, and the rest after {}: it is not silent, but slow",
        time(LIMIT * 3 / 2)
    ));
    let word = || trial.word_text();
    let lively = async {
        let client = server.connect("client A").await?;
        let mut last = Instant::now();
        for _ in 0..5 {
            // Not a wait for something: the silence is what is tried.
            tokio::time::sleep((LIMIT * 6 / 10).saturating_sub(last.elapsed())).await;
            let gap = last.elapsed();
            client.ask().await.map_err(|stop| unless_late(&server, stop, gap, LIMIT * 9 / 10))?;
            last = Instant::now();
        }
        let word = word();
        let sleep = format!("SLEEP {} {word}\n", (2 * LIMIT).as_millis());
        client.say(&sleep, &format!("ECHO: {word}\n")).await?;
        client.ask().await?;
        client.finish().await
    };
    let slow = async {
        let client = server.connect("client B").await?;
        let [first, second] = [word(), word()];
        client.send(&first.clone().into_bytes().into()).await?;
        // Not a wait for something: the pause is what is tried.
        tokio::time::sleep(LIMIT * 3 / 2).await;
        client.say(&format!("{second}\n"), &format!("ECHO: {first}{second}\n")).await?;
        client.finish().await
    };
    let both = async { tokio::try_join!(lively, slow) };
    both.await.map(drop).map_err(|stop| unless_late(&server, stop, Duration::ZERO, LIMIT))
}

async fn timers_are_per_client(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(500);
    const START: Start = limits!(idle "500", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A, which sends a line every {} from now on",
        time(LIMIT / 5)
    ));
    let active = server.connect("client A").await?;
    let is_done = Cell::new(false);
    let activity = async {
        let mut last = Instant::now();
        while !is_done.get() {
            let gap = last.elapsed();
            let asked = active.ask().await;
            asked.map_err(|stop| unless_late(&server, stop, gap, LIMIT * 8 / 10))?;
            last = Instant::now();
            tokio::time::sleep(LIMIT / 5).await;
        }
        Ok::<_, Stop>(())
    };
    trial.step("meanwhile connect three clients, one after the other, that are silent");
    let silences = async {
        let mut samples = Vec::new();
        for name in ["client B", "client C", "client D"] {
            let begin = Instant::now();
            let client = server.connect(name).await?;
            expect_limit(&client, IDLE_ENDS).await?;
            samples.push(begin.elapsed());
            client.expect_close().await?;
        }
        is_done.set(true);
        Ok(samples)
    };
    let ((), samples) = tokio::try_join!(activity, silences)?;
    expect_time(&server, "each silent client is closed", LIMIT, &samples).await?;
    trial.step("client A sends another line");
    active.ask().await.map_err(|stop| unless_late(&server, stop, Duration::ZERO, LIMIT))
}

async fn mass_expiry(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 500;
    const LIMIT: Duration = Duration::from_millis(1500);
    const AFTER: Duration = Duration::from_secs(1);
    const START: Start = limits!(idle "1500", line "20000", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!("connect {CLIENTS} clients; each is answered, then silent"));
    let clients = server.crowd(CLIENTS).await?;
    let all_silent = Instant::now();
    trial.step(format!(
        "all are to be told and closed within {} after the last answer",
        time(LIMIT + AFTER)
    ));
    together(clients.iter().map(|client| async {
        expect_limit(client, IDLE_ENDS).await?;
        client.expect_close().await
    }))
    .await?;
    let elapsed = all_silent.elapsed();
    if elapsed > LIMIT + AFTER {
        if let Some(reason) = server.process.was_starved() {
            return Err(Stop::Inconclusive(reason));
        }
        let expected = format!("all are closed {} after the last answer", time(LIMIT + AFTER));
        let observed = format!("it took {}", time(elapsed));
        let cause = "the clients are closed one after the other, or each time-out wakes up all of them: \
                     give each client a timer of its own";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    Ok(())
}

async fn no_polling(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 100;
    const START: Start = limits!(idle "60000", line "60000", write "60000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; half of them are silent, the others begin a line and do not end it"
    ));
    let clients = server.crowd(CLIENTS).await?;
    for client in clients.iter().step_by(2) {
        client.send(&trial.word().into()).await?;
    }
    resources::expect_idle(&server, "while clients wait on timers").await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

async fn slow_line(trial: &Trial) -> Result<(), Stop> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    const LIMIT: Duration = Duration::from_millis(500);
    const START: Start = limits!(idle "20000", line "500", write "20000");
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A, which sends a line in two pieces, {} apart",
        time(LIMIT * 4 / 10)
    ));
    let client = server.connect("client A").await?;
    let word = trial.word_text();
    let begin = Instant::now();
    client.send(&word.clone().into_bytes().into()).await?;
    // Not a wait for something: the pause is what is tried.
    tokio::time::sleep(LIMIT * 4 / 10).await;
    let gap = begin.elapsed();
    let rest = client.say("x\n", &format!("ECHO: {word}x\n")).await;
    rest.map_err(|stop| unless_late(&server, stop, gap, LIMIT * 8 / 10))?;
    trial.step(format!(
        "connect 6 clients that are silent for {}, then begin a line and do not end it: half of them send \
         a byte every {} more, the others nothing",
        time(LIMIT * 12 / 10),
        time(LIMIT * 3 / 10)
    ));
    let lines = (0..6).map(|index| {
        let server = &server;
        async move {
            let client = server.connect(&format!("client {}", index + 1)).await?;
            // The clock of a line begins with its first byte: the silence before is not counted.
            tokio::time::sleep(LIMIT * 12 / 10).await;
            let begin = Instant::now();
            client.send(&b"a".to_vec().into()).await?;
            if index % 2 == 0 {
                expect_limit(&client, LINE_ENDS).await?;
                let elapsed = begin.elapsed();
                client.expect_close().await?;
                return Ok(elapsed);
            }
            // A byte that is under way when the program closes may turn its end into a reset.
            let trickle = async {
                for _ in 0..BYTES {
                    tokio::time::sleep(LIMIT * 3 / 10).await;
                    if client.connection.send(&b"a".to_vec().into()).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            };
            let last = tokio::select! {
                ending = client.ending() => ending?.words,
                () = trickle => {
                    let expected = format!(
                        "the connection is closed {} after the first byte of the line",
                        time(LIMIT)
                    );
                    let observed = format!(
                        "it is open after {}, in which a byte came every {}",
                        time(begin.elapsed()),
                        time(LIMIT * 3 / 10)
                    );
                    let cause = "the limit begins anew with each byte: it is to be around the wait for \
                                 the whole line, not around each read";
                    let stop = server.process.fail(&[&expected], vec![observed], cause).await;
                    return Err(unless_late(server, stop, Duration::ZERO, LIMIT));
                }
            };
            let elapsed = begin.elapsed();
            if !last.is_empty() && last != LINE_ENDS.as_bytes() {
                let observed = format!("it got {}", quoted(&last));
                let expected = "a client whose line is not whole in time gets `ERR line timeout`";
                return Err(server.process.fail(&[expected], vec![observed], "").await);
            }
            Ok(elapsed)
        }
    });
    let samples = together(lines).await?;
    expect_time(&server, "a client whose line is not whole is closed", LIMIT, &samples).await
}

async fn others_unaffected(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 100;
    let server = trial.start(&Start::PLAIN).await?;
    let attackers = async {
        trial.step(format!(
            "connect {CLIENTS} clients, each of which begins a line and does not end it"
        ));
        let begun = (0..CLIENTS).map(|_| async {
            let client = server.serve_new_client("a slow client").await?;
            client.send(&trial.word().into()).await?;
            Ok(client)
        });
        ramped(begun).await
    };
    let what = "100 clients in the middle of a line";
    crowd::delays_nobody(trial, &server, "these open", what, attackers)
        .await?
        .into_iter()
        .for_each(Client::reset);
    Ok(())
}

async fn stalled_reader(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(1000);
    const START: Start = limits!(idle "20000", line "20000", write "1000");
    const GROWTH: u64 = 16 * 1024 * 1024;
    const MEBIBYTE: u64 = 1024 * 1024;
    const SLOWLY: u64 = 10;
    const LINES: u64 = 3000;
    let server = trial.start(&START).await?;
    trial.step(
        "connect client A, exchange a line; it sends lines without reading until nothing moves",
    );
    let stalled = server.serve_new_client("client A").await?;
    let before = server.probe().memory();
    let flood = trial.service().exchange.flood(trial, MORE_THAN_FITS);
    // On a busy machine its connection may be closed before it is seen to stand still.
    let _ = stalled.connection.send_until_stalled(&flood).await;
    let grown = growth(&before, &server.probe().memory()).into_values().max().unwrap_or(0);
    if grown >= GROWTH {
        let expected = format!("the program's memory grows by less than {}", size(GROWTH));
        let observed = format!("it grew by {} (RssAnon)", size(grown));
        let cause = "answers pile up for a client that does not read: write one before the next line is \
                     read";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("it goes on reading nothing: the program is to close its socket");
    if server.until_clients_are_gone().await?.is_none() {
        let expected =
            format!("after {} in which the client took nothing, its socket is closed", time(LIMIT));
        let observed =
            format!("{} of the client still open", count(server.client_sockets()?, "socket"));
        let cause = "the program waits for this client to read, without a limit: time out each write. If \
                     one is there, is the socket dropped then, both halves of it?";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    drop(stalled);
    trial.step(format!(
        "connect client B, which sends {LINES} long lines, reads {} every {}, {SLOWLY} times, then all",
        size(MEBIBYTE),
        time(LIMIT / 5)
    ));
    let client = server.connect("client B").await?;
    let line = trial.letters(LONGEST_LINE);
    let repeated = |unit: Vec<u8>| {
        let length = unit.len() as u64 * LINES;
        Payload::Repeated { unit: unit.into(), length }
    };
    let sent = repeated([line.as_slice(), b"\n"].concat());
    let answers = repeated([b"ECHO: ".as_slice(), &line, b"\n"].concat());
    let reading = async {
        let mut last = Instant::now();
        let mut longest = Duration::ZERO;
        for block in 0..SLOWLY {
            tokio::time::sleep((LIMIT / 5).saturating_sub(last.elapsed())).await;
            // The kernel may need two blocks until it lets the program write on.
            longest = longest.max(2 * last.elapsed());
            last = Instant::now();
            let part = client.expect_part(&answers, block * MEBIBYTE..(block + 1) * MEBIBYTE);
            part.await.map_err(|stop| unless_late(&server, stop, longest, LIMIT * 8 / 10))?;
        }
        let rest = client.expect_part(&answers, SLOWLY * MEBIBYTE..answers.len());
        rest.await.map_err(|stop| unless_late(&server, stop, longest, LIMIT * 8 / 10))
    };
    // Where sending fails, reading says why.
    let sending = async {
        let _ = client.connection.send(&sent).await;
    };
    crate::server::beside(sending, reading).await?;
    client.finish().await
}

async fn paused_process(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(400);
    const START: Start = limits!(idle "400", line "400", write "400");
    const CLIENTS: usize = 20;
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered; stop the program (SIGSTOP) for {}, twice its limits",
        time(2 * LIMIT)
    ));
    let old = server.crowd(CLIENTS).await?;
    server.process.pause().await?;
    // Not a wait for something: the stop is what is tried.
    tokio::time::sleep(2 * LIMIT).await;
    server.process.resume();
    trial.step("let it go on (SIGCONT); a new client must be served");
    server.serve_new_client("the new client").await?.finish().await?;
    trial.step("each old client sends a line: it is answered, or was closed for its silence");
    for client in &old {
        let word = trial.word_text();
        let _ = client.connection.send(&format!("{word}\n").into_bytes().into()).await;
        client.connection.half_close();
        let last = client.ending().await?.words;
        let answer = format!("ECHO: {word}\n");
        let fine = [answer.as_str(), IDLE_ENDS, ""];
        if !fine.iter().any(|fine| fine.as_bytes() == last) {
            let observed = format!("it got {}", quoted(&last));
            let expected = [answer.trim_end(), IDLE_ENDS.trim_end(), "the end of the connection"];
            return Err(server.process.fail(&expected, vec![observed], "").await);
        }
    }
    trial.step("once the program is at rest, another new client must be served");
    server.go_on_to_serve("the new client").await?.finish().await
}

async fn descriptors_return(trial: &Trial) -> Result<(), Stop> {
    const START: Start = limits!(idle "300", line "300", write "300");
    const EACH: usize = 10;
    let server = trial.start(&START).await?;
    resources::warm_up(&server, trial).await?;
    let before = server.probe().descriptor_count()?;
    trial.step(format!(
        "{EACH} clients for each kind of end: silent; in the middle of a line; not reading; a line too \
         long; not UTF-8; gone in the middle of a line (FIN); reset (RST), also during a SLEEP"
    ));
    let long = vec![b'a'; LONGEST_LINE + 1];
    let kinds: [(&str, &[u8]); 5] = [
        ("silent", b""),
        ("in a line", b"a"),
        ("too long", &long),
        ("not UTF-8", b"\xff\n"),
        ("asleep", b"SLEEP 100 a\n"),
    ];
    let mut held = Vec::new();
    for _ in 0..EACH {
        for (name, sends) in kinds {
            let client = server.connect(name).await?;
            client.send(&sends.to_vec().into()).await?;
            held.push(client);
        }
        let stalled = server.connect_with("not reading", Window::Small).await?;
        let flood = trial.service().exchange.flood(trial, 1024 * 1024);
        let _ = stalled.connection.send_until_stalled(&flood).await;
        held.push(stalled);
        for sends in [&b"SLEEP 50 a\n"[..], b"a"] {
            let client = server.connect("reset").await?;
            client.send(&sends.to_vec().into()).await?;
            client.reset();
        }
        let client = server.connect("gone").await?;
        client.send(&b"a".to_vec().into()).await?;
        drop(client);
    }
    trial.step("wait until the descriptors are as before; the clients still hold their side");
    let back = || {
        let now = server.probe().descriptor_count()?;
        Ok((server.process.has_ended() || now <= before).then_some(()))
    };
    if server.process.until(back).await?.is_none() {
        let expected = format!("{} open, as before", count(before, "descriptor"));
        let observed = count(server.probe().descriptor_count()?, "descriptor");
        let cause = "a client was given up and its socket kept: by a task that reads or writes on, or by \
                     the other half of the stream. After a time-out nobody may wait for that client any more";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("a new client must be served");
    server.go_on_to_serve("the new client").await?.finish().await
}

async fn blocking_work(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(300);
    const START: Start = limits!(idle "300", line "20000", write "20000");
    let server = trial.start(&START).await?;
    let word = trial.word_text();
    trial.step("a line that begins with WORK and is not of that form is a line like any other");
    let client = server.connect("client A").await?;
    client.say("WORK x y\nWORKING\n", "ECHO: WORK x y\nECHO: WORKING\n").await?;
    client.say(&format!("WORK 1 {word}\n"), &format!("ECHO: {word}\n")).await?;
    client.finish().await?;
    let attackers = async {
        trial.step("connect client A, which asks for WORK 1000, and client B, which is silent");
        let worker = Rc::new(server.connect("client A").await?);
        let begin = Instant::now();
        let silent = server.connect("client B").await?;
        worker.send(&format!("WORK 1000 {word}\n").into_bytes().into()).await?;
        let busy = Rc::clone(&worker);
        // Beside the others: when it is closed is to be seen then.
        let closing = tokio::task::spawn_local(async move {
            let heard = expect_limit(&silent, IDLE_ENDS).await;
            let is_late = busy.connection.unread() > 0;
            let elapsed = begin.elapsed();
            heard?;
            silent.expect_close().await?;
            Ok::<_, Stop>((elapsed, is_late))
        });
        Ok((worker, closing, begin))
    };
    let what = "a client whose WORK runs";
    let (worker, closing, begin) =
        crowd::delays_nobody(trial, &server, "the work under way", what, attackers).await?;
    trial.step(format!(
        "client B is closed after {}, while client A's work still runs",
        time(LIMIT)
    ));
    let closed = closing.await.map_err(|_| Stop::Inconclusive("a task was lost".to_owned()))?;
    let (elapsed, is_late) = closed?;
    if is_late {
        if let Some(reason) = server.process.was_starved() {
            return Err(Stop::Inconclusive(reason));
        }
        let expected = "client B is closed for its silence while client A's work runs";
        let observed = format!("it was closed after {}, with the work done", time(elapsed));
        let cause = "the work runs on the runtime's own thread, and no timer is looked at meanwhile: \
                     hand it to spawn_blocking";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    worker.hear(&format!("ECHO: {word}\n")).await?;
    if clock::is_early(begin.elapsed(), Duration::from_secs(1)) {
        let observed = format!("it came after {}", time(begin.elapsed()));
        let expected = "WORK 1000 is answered after a second of work";
        return Err(server.process.fail(&[expected], vec![observed], "").await);
    }
    worker.finish().await
}
