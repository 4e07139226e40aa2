//! Lab 01, blocking threads: a raw byte echo with a thread for each client.

use std::time::Duration;

use super::{Category, Check, Lab, Task};
use crate::calls::Call;
use crate::capture::count;
use crate::outcome::Stop;
use crate::probe::Place;
use crate::scenarios::{ByteEcho, Service, Tcp, crowd, echo, reset, resources};
use crate::server::{Client, Start};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 1,
    topic: "blocking-threads",
    title: "One thread per client",
    minutes: 120,
    dependencies: &["clap"],
    borrows: &[],
    service: &Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &ByteEcho },
    tasks: &[
        Task { number: 1, title: "echo one client to the end", core: true },
        Task { number: 2, title: "a thread for each client", core: true },
        Task { number: 3, title: "a limit: the next client waits", core: false },
        Task { number: 4, title: "survive what clients and the system do", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/01-blocking-threads.md"),
};

/// For checks that move much, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const ECHO: &str = "01/echo-bytes";
const CROWD: &str = "01/all-open-at-once";
const RESET: &str = "01/reset-mid-stream";

static CHECKS: &[Check] = &[
    Check {
        id: "01/empty-session",
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "a client that connects and closes gets nothing but the end; the next is served",
        run: |trial| Box::pin(echo::empty_session(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 12,
        rule: "all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once",
        run: |trial| Box::pin(echo::echo_bytes(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/half-close",
        task: 1,
        category: Category::Correctness,
        points: 10,
        rule: "after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end",
        requires: &[ECHO],
        run: |trial| Box::pin(echo::half_close(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/large-stream",
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "32 MiB come back; of a client that does not read little is buffered and nothing lost",
        requires: &[ECHO],
        deadline: LONG,
        run: |trial| Box::pin(echo::large_stream(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: CROWD,
        task: 2,
        category: Category::Concurrency,
        points: 14,
        rule: "200 clients are all answered while all of them are open",
        requires: &[ECHO],
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, 200)),
        ..Check::USUAL
    },
    Check {
        id: "01/silent-clients",
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "200 silent connections delay nobody",
        requires: &[CROWD],
        run: |trial| Box::pin(crowd::silent_clients(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/slow-reader",
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "one client that never reads delays nobody",
        requires: &[CROWD],
        run: |trial| Box::pin(crowd::slow_reader(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/connection-limit",
        task: 3,
        category: Category::Concurrency,
        points: 8,
        rule: "with --max-connections 16 the 17th client waits until one leaves",
        // Places are left by a reset, too.
        requires: &[CROWD, RESET],
        run: |trial| Box::pin(connection_limit(trial)),
        ..Check::USUAL
    },
    Check {
        id: RESET,
        task: 4,
        category: Category::Correctness,
        points: 6,
        rule: "a client's reset (RST) ends that client only",
        requires: &[ECHO],
        run: |trial| Box::pin(reset::mid_stream(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/reset-while-writing",
        task: 4,
        category: Category::Correctness,
        points: 4,
        rule: "a client that goes away while it is written to ends that client only",
        requires: &[ECHO],
        run: |trial| Box::pin(reset::while_writing(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/out-of-descriptors",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "out of descriptors it neither dies nor spins, and serves again once clients left",
        requires: &[CROWD],
        run: |trial| Box::pin(resources::out_of_descriptors(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/descriptors-return",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT",
        requires: &[CROWD],
        deadline: LONG,
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/threads-return",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 clients the threads are as before",
        requires: &[CROWD],
        deadline: LONG,
        run: |trial| Box::pin(resources::threads_return(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
    Check {
        id: "01/thread-per-client",
        task: 2,
        category: Category::Concurrency,
        points: 0,
        rule: "what the threads do while 50 clients are open",
        requires: &[CROWD],
        run: |trial| Box::pin(thread_per_client(trial)),
        ..Check::USUAL
    },
];

async fn connection_limit(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: usize = 16;
    /// How long a program that never sleeps for good gets to break the rule.
    const WATCHED: Duration = Duration::from_millis(500);
    let start = Start { flags: &["--max-connections", "16"], ..Start::PLAIN };
    let server = trial.start(&start).await?;
    // Twice, and the second time with places that were left by a reset.
    let mut clients = Vec::new();
    for leave in ["closes", "is reset (RST)"] {
        trial.step(format!("fill up to {LIMIT} clients, each answered, all open"));
        clients.extend(server.crowd(LIMIT - clients.len()).await?);
        trial.step("connect one more, which sends a few bytes");
        let extra = server.connect("the 17th client").await?;
        let payload = trial.bytes(1..=64);
        extra.send(&payload).await?;
        trial.step(format!(
            "each of the {LIMIT} sends again and is answered; then look at the 17th"
        ));
        for client in &clients {
            client.exchange(&trial.bytes(1..=64)).await?;
        }
        server.process.settle(WATCHED).await;
        if let Some(arrived) = extra.connection.something_arrived() {
            let expected = "the 17th client waits, without an answer, until one of the 16 leaves";
            let cause = if arrived.contains("closed") || arrived.contains("broke") {
                "the program turns clients away at the limit; they are to wait: take a slot before \
                 accept, or after it and before reading"
            } else {
                "the number of clients is not limited to --max-connections: take a slot before a \
                 client is served, and give it back when it has ended"
            };
            return Err(server.process.fail(&[expected], vec![arrived], cause).await);
        }
        trial.step(format!("one of the {LIMIT} {leave}: now the 17th is answered"));
        let gone = clients.swap_remove(trial.number(0..=LIMIT - 1));
        match leave {
            "closes" => drop(gone),
            _ => gone.reset(),
        }
        extra.expect_echo(&payload, payload.len()).await?;
        clients.push(extra);
    }
    trial.step(format!("all {LIMIT} are reset (RST), and {LIMIT} new ones are answered"));
    clients.into_iter().for_each(Client::reset);
    let clients = server.crowd(LIMIT).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// No points: any design passes. It shows what the kernel sees.
async fn thread_per_client(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 50;
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.crowd(CLIENTS).await?;
    server.process.settle(Duration::from_millis(500)).await;
    let threads = server.probe().threads()?;
    let asleep_in = |test: fn(Call) -> bool| {
        let is_it = |place: &Place| matches!(place, Place::Blocked(call) if test(*call));
        threads.iter().filter(|thread| is_it(&thread.place)).count()
    };
    let (read, accept) = (asleep_in(Call::reads), asleep_in(Call::accepts));
    trial.note(format!(
        "with {CLIENTS} clients open: {}, {read} asleep in read, {accept} in accept",
        count(threads.len(), "thread")
    ));
    clients.into_iter().for_each(Client::reset);
    Ok(())
}
