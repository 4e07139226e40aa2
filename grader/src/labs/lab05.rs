//! Lab 05, shutdown: a server of lines that stops without breaking a promise.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::{Category, Check, Lab, Task};
use crate::capture::{count, quoted, time};
use crate::client::{Ending, Trouble};
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::process::{Gone, Vain};
use crate::scenarios::clock;
use crate::scenarios::lines::{self, LineEcho, expect_read, expect_taken};
use crate::scenarios::{Service, Tcp};
use crate::server::{Client, Server, Start, together};
use crate::supervise::End;
use crate::tcp;
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 5,
    topic: "shutdown",
    title: "Stop without breaking a promise",
    minutes: 90,
    dependencies: &["clap", "thiserror", "tokio", "tokio-util"],
    borrows: &[(4, "src/lines.rs"), (4, "src/requests.rs")],
    service: &Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &LineEcho },
    tasks: &[
        Task { number: 1, title: "hear the signal", core: true },
        Task { number: 2, title: "stop accepting", core: true },
        Task { number: 3, title: "drain", core: true },
        Task { number: 4, title: "the deadline", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/05-shutdown.md"),
};

const ECHO: &str = "05/echo-lines";
const EXIT: &str = "05/exit-zero";
const IN_FLIGHT: &str = "05/in-flight-completes";
const OVERLAP: &str = "05/sleeps-overlap";

/// A grace time that no check reaches: what ends before has ended by itself.
const PATIENT: Start = Start { flags: &["--grace-ms", "60000"], ..Start::PLAIN };

static CHECKS: &[Check] = &[
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 2,
        rule: "lines are answered in order, however they are cut; a rest without newline, too",
        run: |trial| Box::pin(lines::echo_lines(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: OVERLAP,
        task: 1,
        category: Category::Concurrency,
        points: 2,
        rule: "while one client's SLEEP runs, another's begins and ends",
        requires: &[ECHO],
        run: |trial| Box::pin(sleeps_overlap(trial)),
        ..Check::USUAL
    },
    Check {
        id: EXIT,
        task: 1,
        category: Category::Correctness,
        points: 14,
        rule: "SIGTERM, and SIGINT, end an idle server with status 0",
        requires: &[ECHO],
        run: |trial| Box::pin(exit_zero(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/early-signal",
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "so does a SIGTERM that comes right after `listening on`",
        requires: &[EXIT],
        run: |trial| Box::pin(early_signal(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/listener-first",
        task: 2,
        category: Category::Correctness,
        points: 12,
        rule: "while a request is under way new connects are refused, and its answer still comes",
        requires: &[EXIT],
        run: |trial| Box::pin(listener_first(trial)),
        ..Check::USUAL
    },
    Check {
        id: IN_FLIGHT,
        task: 3,
        category: Category::Correctness,
        points: 16,
        rule: "a request under way is answered whole, then comes the end (no RST); then status 0",
        requires: &[EXIT],
        run: |trial| Box::pin(in_flight_completes(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/idle-closed",
        task: 3,
        category: Category::Correctness,
        points: 8,
        rule: "idle clients are closed while another's request still runs",
        requires: &[EXIT],
        run: |trial| Box::pin(idle_closed(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/signal-under-load",
        task: 3,
        category: Category::Concurrency,
        points: 12,
        rule: "200 busy and connecting clients: each gets whole answers or a clean end",
        requires: &[EXIT, IN_FLIGHT, OVERLAP],
        run: |trial| Box::pin(signal_under_load(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/grace-deadline",
        task: 4,
        category: Category::Correctness,
        points: 10,
        rule: "after the grace time it ends: `forced: N connections aborted`, status 1, not before",
        requires: &[EXIT],
        run: |trial| Box::pin(grace_deadline(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/second-signal",
        task: 4,
        category: Category::Correctness,
        points: 8,
        rule: "a second signal, of either kind, ends it at once with status 130",
        requires: &[EXIT],
        run: |trial| Box::pin(second_signal(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/nothing-left",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after each kind of end no process, child or listening socket survives",
        requires: &[EXIT],
        run: |trial| Box::pin(nothing_left(trial)),
        ..Check::USUAL
    },
    Check {
        id: "05/restart-same-port",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "a new server can have the port at once, with old connections in TIME_WAIT",
        requires: &[EXIT],
        run: |trial| Box::pin(restart_same_port(trial)),
        ..Check::USUAL
    },
];

/// Sends `signal` to the program: to the process that listens, not to a script that has started it. A
/// second one goes to the same.
fn send(server: &Server, signal: Signal) -> Result<(), Stop> {
    let target = match server.process.told() {
        Some(pid) => Some(pid),
        None => {
            let sockets = server.probe().sockets()?;
            let listens = |pid: &i32| sockets.iter().any(|s| s.pid == *pid && s.is_listener());
            server.probe().processes().into_iter().find(listens).and_then(Pid::from_raw)
        }
    };
    let Some(pid) = target else {
        let stop = Stop::Inconclusive("which process listens could not be seen".to_owned());
        return if server.process.has_ended() { Ok(()) } else { Err(stop) };
    };
    server.process.tell(pid, signal);
    Ok(())
}

/// What is to happen promptly has happened so soon, at least once of several times (rule R2).
const PROMPTLY: Duration = Duration::from_secs(1);

/// Expects the least of `samples` to be prompt.
fn expect_prompt(server: &Server, what: &str, samples: &[Duration]) -> Result<(), Stop> {
    let least = samples.iter().min().copied().unwrap_or_default();
    if least <= PROMPTLY {
        return Ok(());
    }
    if let Some(reason) = server.process.was_starved() {
        return Err(Stop::Inconclusive(reason));
    }
    let expected = format!("{what} within {}", time(PROMPTLY));
    let observed = format!("it took {}, and no less another time", time(least));
    let cause = "something is waited for that has nothing to do with the clients that are left";
    Err(server.process.failed(&expected, vec![observed], cause))
}

fn name(signal: Signal) -> &'static str {
    if signal == Signal::INT { "SIGINT" } else { "SIGTERM" }
}

/// Waits for the program to end, and expects `status`.
async fn expect_exit(server: &Server, status: i32, after: &str) -> Result<(), Stop> {
    let expected = format!("after {after} the program ends with status {status}");
    let gone = match server.process.attempt(&(), server.process.ending()).await {
        Ok(gone) => gone,
        Err(vain) => {
            let observed = match vain {
                Vain::Busy(reason) => return Err(Stop::Inconclusive(reason)),
                Vain::Hang => {
                    "it goes on, and sleeps for good: every thread in a call without a time-out"
                        .to_owned()
                }
                Vain::Deadline(elapsed) => format!("it goes on after {}", time(elapsed)),
            };
            let cause = match status {
                130 => "nobody listens for a second signal while the program drains",
                1 => "nothing ends the drain when the grace time is over",
                _ => {
                    "nobody awaits the signal at this point, or the last of those who are waited for never \
                     ends: was the tracker closed, does an idle client end?"
                }
            };
            let observed = vec![observed];
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
    };
    let end = match gone {
        Some(Gone::Ended(End::Status(found))) if found == status => return Ok(()),
        Some(Gone::Ended(end)) => end,
        _ => return Err(Stop::Inconclusive("the program's end was not heard of".to_owned())),
    };
    let cause = match end {
        End::Signal(libc::SIGTERM | libc::SIGINT) => {
            "the signal had its default action, which is to kill: its handler was not there (yet). \
             Install it in `signals`, before the line `listening on`"
        }
        End::Status(0) if status == 1 => {
            "requests were under way, and it ended as if there were none: they are to have the grace time, \
             and where that is not enough the status says so"
        }
        End::Status(0) => "it ended by the first signal, though a request was under way",
        End::Status(1) if status == 0 => "`serve` gives status 1, or an error, after a clean drain",
        End::Signal(_) | End::Status(101) => "it died: its last words may tell of what",
        End::Status(_) => {
            "each kind of end has its own status: 0 drained, 1 forced, 130 a second signal"
        }
    };
    Err(server.process.failed(&expected, vec![format!("it {end}")], cause))
}

/// A client whose request is under way: its line is read, its answer waits for the time to pass.
async fn busy(server: &Rc<Server>, name: &str, asked: Duration) -> Result<(Client, String), Stop> {
    let client = server.connect(name).await?;
    let word = server.trial().word_text();
    let begin = Instant::now();
    client.send(&format!("SLEEP {} {word}\n", asked.as_millis()).into_bytes().into()).await?;
    expect_read(server, &client).await?;
    if client.connection.unread() > 0 {
        let elapsed = begin.elapsed();
        if clock::is_early(elapsed, asked) {
            let expected = format!("SLEEP {} is answered after {}", asked.as_millis(), time(asked));
            let observed = vec![format!("{name} has an answer after {}", time(elapsed))];
            let cause = "any number of milliseconds up to 60000 is waited for, and the line is answered then";
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
        let reason = format!("the machine is busy: {name} was answered before the signal");
        return Err(Stop::Inconclusive(reason));
    }
    Ok((client, format!("ECHO: {word}\n")))
}

async fn sleeps_overlap(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step("client A asks for SLEEP 2000, then client B for SLEEP 10");
    let word = trial.word_text();
    let slow = server.connect("client A").await?;
    let begin = Instant::now();
    slow.send(&format!("SLEEP 2000 {word}\n").into_bytes().into()).await?;
    let quick = server.connect("client B").await?;
    let gap = begin.elapsed();
    quick.say(&format!("SLEEP 10 {word}\n"), &format!("ECHO: {word}\n")).await?;
    if slow.connection.unread() > 0 {
        let expected = "client B is answered while client A's SLEEP still runs";
        let observed = "client A was answered first".to_owned();
        let cause = "a SLEEP is awaited by whoever accepts, or by all: serve each client in a task of \
                     its own, and sleep with tokio::time::sleep";
        let stop = server.process.fail(&[expected], vec![observed], cause).await;
        return Err(clock::unless_late(&server, stop, gap, PROMPTLY));
    }
    slow.hear(&format!("ECHO: {word}\n")).await
}

async fn exit_zero(trial: &Trial) -> Result<(), Stop> {
    let mut samples = Vec::new();
    for signal in [Signal::TERM, Signal::INT] {
        let server = trial.start(&PATIENT).await?;
        trial.step("a client connects, is answered and leaves");
        server.serve_new_client("the client").await?.finish().await?;
        trial.step(format!("send {} to the program", name(signal)));
        let begin = Instant::now();
        send(&server, signal)?;
        expect_exit(&server, 0, name(signal)).await?;
        samples.push(begin.elapsed());
    }
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect_prompt(&server, "an idle server ends", &samples)
}

async fn early_signal(trial: &Trial) -> Result<(), Stop> {
    const TIMES: usize = 5;
    for _ in 0..TIMES {
        let server = trial.start(&PATIENT).await?;
        trial.step("send SIGTERM at once, before any client");
        send(&server, Signal::TERM)?;
        expect_exit(&server, 0, "SIGTERM").await?;
    }
    Ok(())
}

async fn listener_first(trial: &Trial) -> Result<(), Stop> {
    const SLEEP: Duration = Duration::from_millis(2500);
    let server = trial.start(&PATIENT).await?;
    trial.step("client A asks for SLEEP 2500; once that is under way, send SIGTERM");
    let begin = Instant::now();
    let (client, answer) = busy(&server, "client A", SLEEP).await?;
    send(&server, Signal::TERM)?;
    trial.step(
        "while it is under way, wait until nobody listens on the port any more: a new client is refused, and client \
         A gets its answer and the end",
    );
    let expected = "new connects are refused while client A's request is under way";
    let signalled = Instant::now();
    let mut seen = Duration::ZERO;
    let closed = server
        .process
        .until(|| {
            // In this order: it was closed before the answer if it is seen closed, and then no answer.
            let now = signalled.elapsed();
            let is_closed = !Wires::of(server.address).is_listening();
            let is_answered = client.connection.unread() > 0;
            if !is_closed && !is_answered {
                seen = now;
            }
            Ok((is_closed || is_answered).then_some(is_closed && !is_answered))
        })
        .await?;
    let is_early = clock::is_early(begin.elapsed(), SLEEP);
    if closed == Some(false) && is_early && !Wires::of(server.address).is_listening() {
        // Which came first is not known, and an answer before its time is judged elsewhere.
        return Ok(());
    }
    if closed == Some(false) && !is_early && seen < PROMPTLY {
        let seen = time(seen);
        let reason = format!(
            "the machine is busy: the last look before the answer came {seen} after the signal"
        );
        return Err(Stop::Inconclusive(reason));
    }
    if closed != Some(true) {
        let observed = match closed {
            Some(_) => "the program went on listening until client A had its answer",
            None => "the program goes on listening, and client A has no answer",
        };
        let observed = observed.to_owned();
        let cause = "the listener is closed when it is dropped, by everybody who has it: drop it as soon \
                     as the signal comes, before anybody is waited for";
        let stop = server.process.failed(expected, vec![observed], cause);
        return Err(clock::unless_late(&server, stop, Duration::ZERO, PROMPTLY));
    }
    match server.process.attempt(&(), server.dial()).await {
        Ok(Err(Trouble::Refused { .. } | Trouble::Lost { .. })) => {}
        Ok(Err(trouble)) => return Err(server.process.trouble(expected, trouble).await),
        Ok(Ok(_)) | Err(_) => {
            let observed = "a new client was connected".to_owned();
            return Err(server.process.fail(&[expected], vec![observed], "").await);
        }
    }
    client.hear(&answer).await?;
    client.expect_close().await?;
    expect_exit(&server, 0, "the last answer").await
}

/// A request for a SLEEP of `asked`, sent after `begin`, was not answered before its time.
fn expect_not_cut(server: &Server, begin: Instant, asked: Duration) -> Result<(), Stop> {
    let elapsed = begin.elapsed();
    if !clock::is_early(elapsed, asked) {
        return Ok(());
    }
    let expected =
        format!("a request under way goes on: SLEEP {} takes {}", asked.as_millis(), time(asked));
    let observed = format!("client A has its answer after {}", time(elapsed));
    let cause = "the signal ends the sleep, as in a select! with the token around it: the drain waits for what is \
                 under way, and only for what is idle does it hear the token";
    Err(server.process.failed(&expected, vec![observed], cause))
}

async fn in_flight_completes(trial: &Trial) -> Result<(), Stop> {
    const SLEEP: Duration = Duration::from_millis(2500);
    let server = trial.start(&PATIENT).await?;
    trial.step("clients A and B ask for SLEEP 2500; once that is under way, send SIGTERM");
    let begin = Instant::now();
    let (first, first_answer) = busy(&server, "client A", SLEEP).await?;
    let (second, second_answer) = busy(&server, "client B", SLEEP).await?;
    send(&server, Signal::TERM)?;
    trial.step("client B sends another line meanwhile, which lies unread when its answer is out");
    let word = trial.word_text();
    second.send(&format!("{word}\n").into_bytes().into()).await?;
    if begin.elapsed() > Duration::from_millis(2200) {
        // It may have been answered before, and idle.
        let elapsed = time(begin.elapsed());
        return Err(Stop::Inconclusive(format!("the machine is busy: that took {elapsed}")));
    }
    trial.step("client A gets its answer and the end (FIN)");
    first.hear(&first_answer).await?;
    expect_not_cut(&server, begin, SLEEP)?;
    first.expect_close().await?;
    trial.step(
        "client B gets its answer, perhaps that to its other line, and the end: no reset (RST)",
    );
    second.hear(&second_answer).await?;
    let Ending { words, reset } = second.ending().await?;
    if reset {
        let expected = "after its answer client B gets the end of the stream (FIN)";
        let observed = format!("{} came, then a reset (RST)", quoted(&words));
        let cause = "the socket was closed while input lay unread in it (or with SO_LINGER at 0), and then the \
                     kernel sends RST (RFC 2525, section 2.17), by which the client may lose the answer: shut \
                     down your side, read what still comes, for a moment, then close";
        return Err(server.process.failed(expected, vec![observed], cause));
    }
    if !words.is_empty() && words != format!("ECHO: {word}\n").into_bytes() {
        let observed = format!("it got {}", quoted(&words));
        let expected = "later lines are answered or dropped whole";
        return Err(server.process.fail(&[expected], vec![observed], "").await);
    }
    expect_exit(&server, 0, "the last answer").await
}

async fn idle_closed(trial: &Trial) -> Result<(), Stop> {
    const SLEEP: Duration = Duration::from_millis(3000);
    let server = trial.start(&PATIENT).await?;
    trial.step(
        "client A asks for SLEEP 3000; B has been answered, C has said nothing, D a part of a line",
    );
    let answered = server.serve_new_client("client B").await?;
    let silent = server.connect("client C").await?;
    let begun = server.connect("client D").await?;
    begun.send(&trial.word().into()).await?;
    let begin = Instant::now();
    let (client, answer) = busy(&server, "client A", SLEEP).await?;
    trial.step("send SIGTERM: clients B, C and D are closed while client A's request runs");
    send(&server, Signal::TERM)?;
    let signalled = Instant::now();
    let ends = [&answered, &silent, &begun].map(|idle| async move {
        let ending = idle.ending().await?;
        Ok((ending, signalled.elapsed()))
    });
    let ends = together(ends).await?;
    let samples: Vec<_> = ends.iter().map(|(_, elapsed)| *elapsed).collect();
    // A reset is an end for the one with a part of a line; its bytes may lie unread.
    let resets = ends.iter().filter(|(ending, _)| ending.reset).count();
    let said = ends.iter().find(|(ending, _)| !ending.words.is_empty());
    if resets > 1 || said.is_some() {
        let observed = match said {
            Some((ending, _)) => format!("one got {}", quoted(&ending.words)),
            None => format!("{resets} of them got a reset (RST)"),
        };
        let expected = "an idle client gets the end of the stream (FIN), and nothing before it";
        let cause = match said {
            Some(_) => {
                "nothing was asked, so there is nothing to answer: a part of a line is no request"
            }
            None => {
                "a socket that is closed with SO_LINGER at 0, or while input lies unread in it, sends RST: shut \
                 down your side, and drop the stream then"
            }
        };
        return Err(server.process.failed(expected, vec![observed], cause));
    }
    // One that is answered before its time is judged elsewhere.
    if client.connection.unread() > 0 && !clock::is_early(begin.elapsed(), SLEEP) {
        let expected = "idle clients are closed at once";
        let observed = "they were closed once client A had its answer".to_owned();
        let cause = "a task that waits for a line does not hear that it is time to stop: wait for both, the \
                     line and `stop.cancelled()`, in a select!";
        let stop = server.process.fail(&[expected], vec![observed], cause).await;
        return Err(clock::unless_late(&server, stop, signalled - begin, PROMPTLY));
    }
    client.hear(&answer).await?;
    client.expect_close().await?;
    expect_exit(&server, 0, "the last answer").await?;
    expect_prompt(&server, "idle clients are closed", &samples)
}

async fn signal_under_load(trial: &Trial) -> Result<(), Stop> {
    const WAITING: usize = 100;
    const TALKING: usize = 96;
    const CONNECTING: usize = 4;
    let server = trial.start(&PATIENT).await?;
    trial.step(format!(
        "{WAITING} clients ask for SLEEP 1500, {TALKING} send lines without a pause"
    ));
    let waiting = server.crowd(WAITING).await?;
    let talking = server.crowd(TALKING).await?;
    let begin = Instant::now();
    let word = trial.word_text();
    let (request, answer) = (format!("SLEEP 1500 {word}\n"), format!("ECHO: {word}\n"));
    for client in &waiting {
        client.send(&request.clone().into_bytes().into()).await?;
    }
    expect_taken(&server, &waiting).await?;
    if begin.elapsed() > Duration::from_millis(1200) {
        // Some may have their answers by now; what is meant is the moment before.
        return Err(Stop::Inconclusive(format!(
            "the machine is busy: it took {} until all requests were under way",
            time(begin.elapsed())
        )));
    }
    trial.step(format!(
        "{CONNECTING} more connect, one after the other, until they are refused; SIGTERM"
    ));
    let answers = Cell::new(0);
    let talks = talking.iter().map(|client| talk(trial, &server, client, &answers));
    let connects = (0..CONNECTING).map(|_| connect_until_refused(trial, &server));
    let waits = waiting.iter().map(|client| async {
        client.hear(&answer).await?;
        let Ending { words, .. } = client.ending().await?;
        expect_whole(&server, &words).await
    });
    let signal = async {
        // Once the talkers have been answered some times.
        while answers.get() < 2 * TALKING {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        send(&server, Signal::TERM)
    };
    tokio::try_join!(together(waits), together(talks), together(connects), signal)?;
    expect_exit(&server, 0, "the last answer").await
}

/// Sends lines, each after the answer to the one before, until the connection ends: between two answers.
async fn talk(
    trial: &Trial,
    server: &Rc<Server>,
    client: &Client,
    answers: &Cell<usize>,
) -> Result<(), Stop> {
    loop {
        let word = trial.word_text();
        let answer = format!("ECHO: {word}\n");
        let Some(ending) = client.try_say(&format!("{word}\n"), &answer).await? else {
            answers.set(answers.get() + 1);
            continue;
        };
        return expect_whole(server, &ending.words).await;
    }
}

/// Connects again and again, each time with a line, until that is refused.
async fn connect_until_refused(trial: &Trial, server: &Rc<Server>) -> Result<(), Stop> {
    loop {
        let client = match server.process.attempt(&(), server.dial()).await {
            Ok(Ok(connection)) => server.client("a new client", connection),
            Ok(Err(Trouble::Refused { .. } | Trouble::Lost { .. })) => return Ok(()),
            Ok(Err(trouble)) => {
                return Err(server.process.trouble("a connect is taken or refused", trouble).await);
            }
            // Nobody is there any more to refuse it.
            Err(_) if server.process.has_ended() => return Ok(()),
            Err(vain) => {
                return Err(server.in_vain(None, "a connect is taken or refused", vain).await?);
            }
        };
        let word = trial.word_text();
        let answer = format!("ECHO: {word}\n");
        match client.try_say(&format!("{word}\n"), &answer).await? {
            None => client.reset(),
            Some(ending) => expect_whole(server, &ending.words).await?,
        }
    }
}

/// Nothing came after the last whole answer.
async fn expect_whole(server: &Server, words: &[u8]) -> Result<(), Stop> {
    if words.is_empty() {
        return Ok(());
    }
    let expected = "each client gets whole answers, or the end between two of them";
    let observed = format!("one got {}, then the end", quoted(&words[..words.len().min(60)]));
    let cause = "a task was interrupted while it wrote: select! may drop the wait for a line, but not \
                 what reads, answers and writes it";
    Err(server.process.fail(&[expected], vec![observed], cause).await)
}

async fn grace_deadline(trial: &Trial) -> Result<(), Stop> {
    const GRACE: Duration = Duration::from_millis(700);
    const START: Start = Start { flags: &["--grace-ms", "700"], ..Start::PLAIN };
    /// Timers are late on a busy machine, though not all of them by so much.
    const LATE: Duration = Duration::from_secs(1);
    let mut samples = Vec::new();
    for number in [3, 1] {
        let server = trial.start(&START).await?;
        trial.step(format!(
            "{} for SLEEP 60000; two more are idle",
            if number == 1 { "a client asks".to_owned() } else { format!("{number} clients ask") }
        ));
        let mut clients = vec![server.serve_new_client("an idle client").await?];
        clients.push(server.connect("a silent client").await?);
        for index in 0..number {
            clients.push(
                busy(&server, &format!("client {}", index + 1), Duration::from_secs(60)).await?.0,
            );
        }
        trial.step(format!("send SIGTERM: the program ends after {}, its grace time", time(GRACE)));
        let begin = Instant::now();
        send(&server, Signal::TERM)?;
        expect_exit(&server, 1, "the grace time").await?;
        samples.push(begin.elapsed());
        let line = format!("forced: {number} connections aborted");
        let said = server.process.stderr().find_line("forced:");
        if said.as_deref().map(str::trim_end) != Some(line.as_str()) {
            let expected = format!("`{line}` on standard error");
            let observed =
                said.map_or("no line `forced: …`".to_owned(), |said| format!("`{said}`"));
            let cause = "it counts the connections whose request is under way at that moment: not the idle \
                         ones, which are closed by then, and none twice";
            return Err(server.process.failed(&expected, vec![observed], cause));
        }
    }
    let least = samples.iter().min().copied().unwrap_or_default();
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    if clock::is_early(least, GRACE) {
        let expected = format!("requests under way have {} to finish", time(GRACE));
        let observed = format!("the program ended after {}", time(least));
        let cause = "the grace time is for all who are under way, from the signal on";
        return Err(server.process.failed(&expected, vec![observed], cause));
    }
    if least > GRACE + LATE {
        if let Some(reason) = server.process.was_starved() {
            return Err(Stop::Inconclusive(reason));
        }
        let expected = format!("the program ends {} after the signal", time(GRACE));
        let observed = format!("{} at best", time(least));
        return Err(server.process.failed(
            &expected,
            vec![observed],
            "something else is waited for, too",
        ));
    }
    Ok(())
}

async fn second_signal(trial: &Trial) -> Result<(), Stop> {
    let mut samples = Vec::new();
    for (first, second) in [(Signal::TERM, Signal::INT), (Signal::INT, Signal::TERM)] {
        let server = trial.start(&PATIENT).await?;
        trial.step(format!("client A asks for SLEEP 60000; send {}", name(first)));
        let (client, _) = busy(&server, "client A", Duration::from_secs(60)).await?;
        send(&server, first)?;
        trial.step(format!("wait until nobody listens any more, then send {}", name(second)));
        drain_begins(&server).await?;
        let begin = Instant::now();
        send(&server, second)?;
        expect_exit(&server, 130, "the second signal").await?;
        samples.push(begin.elapsed());
        drop(client);
    }
    let Some(server) = trial.servers().pop() else { return Ok(()) };
    expect_prompt(&server, "a second signal ends the program", &samples)
}

/// Waits until the first signal was heard: the listener is closed, or 100 ms have passed, after which a
/// second signal may come.
async fn drain_begins(server: &Rc<Server>) -> Result<(), Stop> {
    const APART: Duration = Duration::from_millis(100);
    let begin = Instant::now();
    let heard = || {
        let is_over = !Wires::of(server.address).is_listening() && begin.elapsed() >= APART;
        Ok((is_over || begin.elapsed() >= 10 * APART).then_some(()))
    };
    server.process.until(heard).await.map(drop)
}

async fn nothing_left(trial: &Trial) -> Result<(), Stop> {
    const SHORT: Start = Start { flags: &["--grace-ms", "300"], ..Start::PLAIN };
    for (what, start, status) in
        [("a drain", &PATIENT, 0), ("a forced end", &SHORT, 1), ("a second signal", &PATIENT, 130)]
    {
        let server = trial.start(start).await?;
        trial.step(format!("a client asks for a SLEEP, SIGTERM is sent, and {what} follows"));
        let sleep = Duration::from_millis(if status == 0 { 1500 } else { 60_000 });
        let (client, answer) = busy(&server, "client A", sleep).await?;
        send(&server, Signal::TERM)?;
        if status == 0 {
            client.hear(&answer).await?;
        } else if status == 130 {
            drain_begins(&server).await?;
            send(&server, Signal::TERM)?;
        }
        expect_exit(&server, status, what).await?;
        trial.step("wait until none of its processes is there, and nobody listens on its port");
        let nothing = || {
            let is_left = !server.process.has_ended() || Wires::of(server.address).is_listening();
            Ok((!is_left).then_some(()))
        };
        if server.process.until(nothing).await?.is_none() {
            let expected = "nothing of the program is left";
            let left = server.probe().processes().len();
            let observed = match left {
                0 => "somebody still listens on its port".to_owned(),
                _ => format!("{} still there", count(left, "process")),
            };
            let cause = "a child that was started is not waited for, or goes on by itself. It holds what it \
                         inherited, and who started it is told that the server has ended";
            return Err(server.process.fail(&[expected], vec![observed], cause).await);
        }
    }
    Ok(())
}

async fn restart_same_port(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&PATIENT).await?;
    trial.step(
        "connect a client, which is answered and stays; send SIGTERM: the program closes first",
    );
    let client = server.serve_new_client("the client").await?;
    send(&server, Signal::TERM)?;
    client.ending().await?;
    let ports = client.connection.ports;
    drop(client);
    expect_exit(&server, 0, "SIGTERM").await?;
    if !tcp::is_in_time_wait(ports) {
        let expected =
            "the client is closed with FIN, and the connection is in TIME_WAIT afterwards";
        let observed = "there is none: the client was reset (RST)".to_owned();
        let cause = "an idle client is closed, not broken off";
        return Err(server.process.failed(expected, vec![observed], cause));
    }
    let port = server.address.port();
    trial.step(
        "start it again on the same port, where a connection is in TIME_WAIT; a client is served",
    );
    let again = match trial.start(&Start { port, ..PATIENT }).await {
        Ok(again) => again,
        Err(Stop::Failed(_)) if Wires::of(server.address).is_in_use() => {
            return Err(Stop::Inconclusive(format!("somebody else has got port {port} meanwhile")));
        }
        Err(stop) => {
            return Err(stop.amend(|failure| {
                failure.cause =
                    "the port has connections in TIME_WAIT, since the old server closed first: \
                                 set SO_REUSEADDR before bind"
                        .to_owned();
            }));
        }
    };
    again.serve_new_client("a new client").await?.finish().await
}
