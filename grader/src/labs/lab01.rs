//! Lab 01, blocking threads: a raw byte echo with a thread for each client.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Category, Check, Lab, Task};
use futures_util::stream::{self, StreamExt};

use crate::calls::Call;
use crate::capture::{count, size, time};
use crate::client::Connection;
use crate::outcome::Stop;
use crate::probe::{CpuTime, Place};
use crate::server::{Client, RAMP, Server, Start, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 1,
    topic: "blocking-threads",
    title: "One thread per client",
    minutes: 120,
    dependencies: &["clap"],
    tasks: &[
        Task { number: 1, title: "echo one client to the end", core: true },
        Task { number: 2, title: "a thread for each client", core: true },
        Task { number: 3, title: "a limit: the next client waits", core: false },
        Task { number: 4, title: "survive what clients and the system do", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/01-blocking-threads.md"),
};

const SHORT: Duration = Duration::from_secs(30);
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
        requires: &[],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(empty_session(trial)),
    },
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 12,
        rule: "all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once",
        requires: &[],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(echo_bytes(trial)),
    },
    Check {
        id: "01/half-close",
        task: 1,
        category: Category::Correctness,
        points: 10,
        rule: "after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end",
        requires: &[ECHO],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(half_close(trial)),
    },
    Check {
        id: "01/large-stream",
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "32 MiB come back; of a client that does not read little is buffered and nothing lost",
        requires: &[ECHO],
        deadline: LONG,
        quiet: false,
        run: |trial| Box::pin(large_stream(trial)),
    },
    Check {
        id: CROWD,
        task: 2,
        category: Category::Concurrency,
        points: 14,
        rule: "200 clients are all answered while all of them are open",
        requires: &[ECHO],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(all_open_at_once(trial)),
    },
    Check {
        id: "01/silent-clients",
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "200 silent connections delay nobody",
        requires: &[CROWD],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(silent_clients(trial)),
    },
    Check {
        id: "01/slow-reader",
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "one client that never reads delays nobody",
        requires: &[CROWD],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(slow_reader(trial)),
    },
    Check {
        id: "01/connection-limit",
        task: 3,
        category: Category::Concurrency,
        points: 8,
        rule: "with --max-connections 16 the 17th client waits until one leaves",
        // Places are left by a reset, too.
        requires: &[CROWD, RESET],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(connection_limit(trial)),
    },
    Check {
        id: RESET,
        task: 4,
        category: Category::Correctness,
        points: 6,
        rule: "a client's reset (RST) ends that client only",
        requires: &[ECHO],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(reset_mid_stream(trial)),
    },
    Check {
        id: "01/reset-while-writing",
        task: 4,
        category: Category::Correctness,
        points: 4,
        rule: "a client that goes away while it is written to ends that client only",
        requires: &[ECHO],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(reset_while_writing(trial)),
    },
    Check {
        id: "01/out-of-descriptors",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "out of descriptors it neither dies nor spins, and serves again once clients left",
        requires: &[CROWD],
        deadline: SHORT,
        quiet: true,
        run: |trial| Box::pin(out_of_descriptors(trial)),
    },
    Check {
        id: "01/descriptors-return",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT",
        requires: &[CROWD],
        deadline: LONG,
        quiet: false,
        run: |trial| Box::pin(descriptors_return(trial)),
    },
    Check {
        id: "01/threads-return",
        task: 4,
        category: Category::Cleanup,
        points: 6,
        rule: "after 2,000 clients the threads are as before",
        requires: &[CROWD],
        deadline: LONG,
        quiet: false,
        run: |trial| Box::pin(threads_return(trial)),
    },
    Check {
        id: "01/thread-per-client",
        task: 2,
        category: Category::Concurrency,
        points: 0,
        rule: "what the threads do while 50 clients are open",
        requires: &[CROWD],
        deadline: SHORT,
        quiet: false,
        run: |trial| Box::pin(thread_per_client(trial)),
    },
];

async fn empty_session(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step("connect client A, send nothing, shut down its sending side (FIN)");
    server.connect("client A").await?.finish().await?;
    trial.step("connect client B and close it at once");
    drop(server.connect("client B").await?);
    // A line of text, and the end of the input as soon as the answer is there or none is in sight: a
    // program that takes a stream for lines, or text, or waits for its end fails where that is judged.
    trial.step("connect client C, send a line, expect it back");
    let client = server.connect("client C").await?;
    let line = trial.line();
    client.send(&line).await?;
    tokio::select! {
        () = client.connection.something_comes() => {}
        () = server.settle(Duration::from_secs(1)) => {}
    }
    client.connection.half_close();
    client.expect_echo(&line, line.len()).await
}

async fn echo_bytes(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step("connect client A, send each of the 256 values of a byte once, expect them back");
    let client = server.connect("client A").await?;
    client.exchange(&trial.all_bytes()).await?;
    trial.step("on the same connection: 8 pieces of random sizes up to 64 KiB");
    for _ in 0..8 {
        client.exchange(&trial.bytes(1..=64 * 1024)).await?;
    }
    client.finish().await?;
    drop(client);
    trial.step("connect client B, send 64 single bytes, each after the echo of the one before");
    let client = server.connect("client B").await?;
    for _ in 0..64 {
        client.exchange(&trial.bytes(1..=1)).await?;
    }
    Ok(())
}

/// More than loopback absorbs without anybody reading (fact 1: 8.2 MiB).
const MORE_THAN_FITS: u64 = 64 * 1024 * 1024;

async fn half_close(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    for length in [1..=1, 1000..=5000] {
        let payload = trial.bytes(length);
        trial.step(format!(
            "connect a client, send {} without reading, shut down its sending side (FIN), then read",
            size(payload.len())
        ));
        let client = server.connect("the client").await?;
        client.send(&payload).await?;
        client.connection.half_close();
        client.expect_echo(&payload, payload.len()).await?;
        client.expect_end().await?;
    }
    trial.step("connect client B, send without reading until nothing moves for 300 ms");
    let client = server.connect("client B").await?;
    // A program that takes all of this has buffered some of it when the end of the input comes.
    let payload = trial.stream(MORE_THAN_FITS / 4);
    let taken = client.send_until_stalled(&payload).await?;
    trial.step(format!("it has sent {}; it shuts down its sending side, then reads", size(taken)));
    client.connection.half_close();
    client.expect_echo(&payload, taken).await?;
    client.expect_end().await
}

async fn large_stream(trial: &Trial) -> Result<(), Stop> {
    const WHOLE: u64 = 32 * 1024 * 1024;
    const GROWTH: u64 = 16 * 1024 * 1024;
    let server = trial.start(&Start::default()).await?;
    trial.step(format!("connect client A, send {} and read while sending", size(WHOLE)));
    let client = server.connect("client A").await?;
    client.exchange(&trial.stream(WHOLE)).await?;
    client.finish().await?;
    drop(client);

    trial.step("connect client B, exchange a few bytes");
    let client = server.serve_new_client("client B").await?;
    // By process, and taken now: a child begins with what it shares with its parent.
    let before = server.probe.memory();
    trial.step("it sends without reading until nothing moves for 300 ms");
    let payload = trial.stream(MORE_THAN_FITS);
    let taken = client.send_until_stalled(&payload).await?;
    let growth =
        |(pid, now): (i32, u64)| now.saturating_sub(before.get(&pid).copied().unwrap_or(0));
    let grown = server.probe.memory().into_iter().map(growth).max().unwrap_or(0);
    if grown >= GROWTH {
        let observed = vec![
            format!("memory grew by {} (RssAnon)", size(grown)),
            format!("the program took {} of a client that reads nothing", size(taken)),
        ];
        let expected = format!("the program's memory grows by less than {}", size(GROWTH));
        let cause = "what a client does not read piles up in the program: it reads on while it cannot \
                     write. Write what was read before reading again; then the kernel stops the sender";
        return Err(server.fail(&[&expected], observed, cause).await);
    }
    trial.step("clients C, D and E do the same");
    let mut clients = vec![(client, payload, taken)];
    let sending = ["client C", "client D", "client E"].map(|name| {
        let (server, payload) = (&server, trial.stream(MORE_THAN_FITS / 2));
        async move {
            let client = server.connect(name).await?;
            let taken = client.send_until_stalled(&payload).await?;
            Ok((client, payload, taken))
        }
    });
    clients.extend(together(sending).await?);
    // A signal is one of the things that make a blocking write return early, with a part only.
    trial.step(
        "stop the program and let it go on (SIGSTOP, SIGCONT): a blocked write may end early",
    );
    server.pause().await?;
    server.resume();
    trial.step("now each of the four reads all that it has sent");
    let reading = clients.iter().map(|(client, payload, taken)| async move {
        client.expect_echo(payload, *taken).await?;
        client.finish().await
    });
    together(reading).await?;
    Ok(())
}

async fn all_open_at_once(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step("connect 200 clients; each sends a few bytes, is answered, and stays open");
    let clients = server.crowd(200).await?;
    trial.step("each of the 200 sends again");
    let payload = trial.bytes(100..=200);
    together(clients.iter().map(|client| client.exchange(&payload))).await?;
    clients.into_iter().for_each(Client::reset); // R7: no TIME_WAIT
    Ok(())
}

/// How long a new client waits for its first answer: the median of several.
async fn delay(server: &Rc<Server>, trial: &Trial) -> Result<Duration, Stop> {
    const SAMPLES: usize = 15;
    let mut delays = Vec::new();
    for _ in 0..SAMPLES {
        let payload = trial.bytes(1..=64);
        let begin = Instant::now();
        let client = server.connect("a new client").await?;
        client.exchange(&payload).await?;
        delays.push(begin.elapsed());
    }
    delays.sort_unstable();
    Ok(delays[SAMPLES / 2])
}

/// Rule R3: with the attackers, a new client may wait five times as long, or 250 ms.
async fn expect_no_delay(
    server: &Rc<Server>,
    before: Duration,
    after: Duration,
    attackers: &str,
) -> Result<(), Stop> {
    let bound = (5 * before).max(Duration::from_millis(250));
    if after <= bound {
        return Ok(());
    }
    let expected = format!("a new client is answered within {}", time(bound));
    let observed =
        vec![format!("{} with {attackers}, {} without (medians of 15)", time(after), time(before))];
    let cause = "clients wait for one another: for a lock held over a read or a write, or for a turn \
                 in a loop that visits all of them";
    Err(server.fail(&[&expected], observed, cause).await)
}

async fn silent_clients(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step("15 clients, one after the other: how long until each is answered?");
    let before = delay(&server, trial).await?;
    trial.step("connect 200 clients that send nothing; after each 4 a new one must be answered");
    let mut silent = Vec::new();
    while silent.len() < 200 {
        for _ in 0..RAMP {
            silent.push(server.connect("a silent client").await?);
        }
        // The queue is first in, first out: once this one is served, those before it were accepted.
        server.serve_new_client("a new client").await?;
    }
    trial.step("15 clients again, with the 200 open");
    let after = delay(&server, trial).await?;
    expect_no_delay(&server, before, after, "200 silent clients").await?;
    silent.into_iter().for_each(Client::reset); // R7: no TIME_WAIT
    Ok(())
}

async fn slow_reader(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step("15 clients, one after the other: how long until each is answered?");
    let before = delay(&server, trial).await?;
    trial.step("connect client A, which never reads, and send until nothing moves for 300 ms");
    let slow = server.connect("client A").await?;
    slow.send_until_stalled(&trial.stream(MORE_THAN_FITS)).await?;
    trial.step("15 clients again, with client A stalled");
    let after = delay(&server, trial).await?;
    expect_no_delay(&server, before, after, "a client that never reads").await
}

async fn connection_limit(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: usize = 16;
    /// How long a program that never sleeps for good gets to break the rule.
    const WATCHED: Duration = Duration::from_millis(500);
    let start = Start { flags: &["--max-connections", "16"], ..Start::default() };
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
        server.settle(WATCHED).await;
        if let Some(arrived) = extra.connection.something_arrived() {
            let expected = "the 17th client waits, without an answer, until one of the 16 leaves";
            let cause = if arrived.contains("closed") || arrived.contains("broke") {
                "the program turns clients away at the limit; they are to wait: take a slot before \
                 accept, or after it and before reading"
            } else {
                "the number of clients is not limited to --max-connections: take a slot before a \
                 client is served, and give it back when it has ended"
            };
            return Err(server.fail(&[expected], vec![arrived], cause).await);
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

async fn reset_mid_stream(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial
        .step("10 times: connect a client, exchange a few bytes, send 20 KiB more, reset it (RST)");
    for _ in 0..10 {
        let client = server.serve_new_client("the client").await?;
        client.send(&trial.bytes(20 * 1024..=20 * 1024)).await?;
        client.reset();
    }
    trial.step("connect client B, which must be served");
    server.serve_new_client("client B").await?.finish().await?;
    Ok(())
}

async fn reset_while_writing(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    trial.step(
        "connect client A, send without reading until nothing moves for 300 ms, reset it (RST)",
    );
    let client = server.connect("client A").await?;
    client.send_until_stalled(&trial.stream(MORE_THAN_FITS)).await?;
    client.reset();
    trial.step("connect client B, which must be served");
    server.serve_new_client("client B").await?.finish().await?;

    // After a close the first write succeeds and draws an RST; a program that writes all at once meets
    // no error then. After a FIN and an RST already the first write gives EPIPE.
    for leave in ["closes", "shuts down (FIN) and resets (RST)"] {
        trial.step("connect client C, exchange a few bytes, stop the program (SIGSTOP)");
        let client = server.serve_new_client("client C").await?;
        server.pause().await?;
        trial.step(format!(
            "client C sends 60,000 bytes and {leave}; the program goes on (SIGCONT)"
        ));
        let sent = client.send(&trial.bytes(60_000..=60_000)).await;
        if leave == "closes" {
            drop(client);
        } else {
            client.connection.half_close();
            client.reset();
        }
        server.resume();
        sent?;
        trial.step("connect client D, which must be served, once client C's socket is closed");
        server
            .until(|| Ok((server.has_ended() || server.client_sockets()? == 0).then_some(())))
            .await?;
        server.serve_new_client("client D").await?.finish().await?;
    }
    Ok(())
}

async fn out_of_descriptors(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: u64 = 64;
    const CLIENTS: usize = 100;
    /// One of several is enough: a runtime may have work of its own (rule R2).
    const WINDOWS: usize = 4;
    const WINDOW: Duration = Duration::from_millis(250);
    /// A loop that only fails uses all of its time, one that waits between attempts next to none (fact
    /// 7); a quarter is far from both.
    const BUSY: f64 = 0.25;
    /// Less than this in a window is not spinning, however little time there was.
    const LEAST: Duration = Duration::from_millis(10);
    let server = trial.start(&Start { descriptors: LIMIT, ..Start::default() }).await?;
    trial.step(format!("begin to connect {CLIENTS} clients, which send nothing"));
    // In the background: at the limit a queue may be full, and then a connect does not end.
    let address = server.address;
    let connects = tokio::task::spawn_local(async move {
        let mut open = Vec::new();
        let mut connects =
            stream::iter(0..CLIENTS).map(|_| Connection::open(address)).buffered(RAMP);
        while let Some(connection) = connects.next().await {
            open.extend(connection);
        }
        // All are open until this task is aborted.
        std::future::pending::<()>().await;
        drop(open);
    });
    trial.step(format!("wait until a process has {LIMIT} descriptors open, or all are accepted"));
    let full = || {
        let most = server.probe.descriptor_counts()?.into_values().max().unwrap_or(0);
        let is_over =
            most as u64 >= LIMIT || server.has_ended() || server.client_sockets()? >= CLIENTS;
        Ok(is_over.then_some(()))
    };
    // A program that leaves the queue alone for a reason of its own is at rest, too.
    server.until(full).await?;
    trial.step(format!("watch how much CPU it uses, up to {WINDOWS} times for {}", time(WINDOW)));
    let mut calmest: Option<(f64, Duration)> = None;
    for _ in 0..WINDOWS {
        let (begin, before) = (Instant::now(), server.probe.cpu_times());
        tokio::time::sleep(WINDOW).await;
        let busiest = busiest(&before, &server.probe.cpu_times(), begin.elapsed());
        let Some((share, running)) = busiest else { break };
        if calmest.is_none_or(|(least, _)| share < least) {
            calmest = Some((share, running));
        }
        if share <= BUSY || running <= LEAST {
            calmest = None;
            break;
        }
    }
    if server.has_ended() {
        let observed = "that was when it ran out of descriptors".to_owned();
        return Err(server.fail(&["the program goes on"], vec![observed], "").await);
    }
    if let Some((share, running)) = calmest {
        let expected = "a program that cannot accept uses next to no CPU";
        let observed = format!(
            "a thread ran for {} of {}, {:.0} % of the time that it could, and no less later",
            time(running),
            time(WINDOW),
            share * 100.0
        );
        let cause = "accept fails at once with EMFILE, and again, and again: the connection stays in \
                     the queue. Wait a moment after such an error, or until a client has left";
        return Err(server.fail(&[expected], vec![observed], cause).await);
    }
    trial.step("close all clients (FIN); a new one must be served");
    connects.abort();
    // It ends, and with it its connections, when it is next looked at.
    let _ = connects.await;
    server.serve_new_client("the new client").await?.finish().await
}

/// The thread that used most of the time it could have used: that share, and its CPU time. Time in which
/// it waited for a CPU does not count, so that a busy machine changes nothing.
fn busiest(
    before: &HashMap<i32, CpuTime>,
    after: &HashMap<i32, CpuTime>,
    elapsed: Duration,
) -> Option<(f64, Duration)> {
    let shares = after.iter().map(|(tid, after)| {
        let before = before.get(tid).copied().unwrap_or_default();
        let running = after.running.saturating_sub(before.running);
        let waiting = after.waiting.saturating_sub(before.waiting);
        let free = elapsed.saturating_sub(waiting).max(running).max(Duration::from_millis(1));
        (running.as_secs_f64() / free.as_secs_f64(), running)
    });
    shares.max_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// Rule R5: 200 clients open at once, then gone, before anything is counted.
async fn warm_up(server: &Rc<Server>, trial: &Trial) -> Result<(), Stop> {
    trial.step("warm up: 200 clients, all open at once, then all closed");
    let clients = server.crowd(200).await?;
    clients.into_iter().for_each(Client::reset);
    stable(server).await
}

/// Waits until no client's socket is left and the numbers of descriptors and threads no longer change.
async fn stable(server: &Rc<Server>) -> Result<(), Stop> {
    /// So many looks in a row, 5 ms apart.
    const LOOKS: u32 = 10;
    let (mut last, mut same) = ((0, 0), 0);
    // A program that sleeps for good, or never comes to rest, has the numbers that it has.
    server
        .until(|| {
            let now = (server.probe.descriptor_count()?, server.probe.thread_count());
            let at_rest = now == last && server.client_sockets()? == 0;
            same = if at_rest { same + 1 } else { 0 };
            last = now;
            Ok((same >= LOOKS).then_some(()))
        })
        .await?;
    Ok(())
}

/// 2,000 clients, [`RAMP`] at a time: most are reset (R7: no TIME_WAIT uses up the ports), the others close
/// or half-close.
async fn churn(server: &Rc<Server>, trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 2000;
    trial.step(format!(
        "{CLIENTS} clients come and go: a few bytes each, then RST (9 of 10), FIN or half-close"
    ));
    let visits = (0..CLIENTS).map(|_| async {
        let client = server.serve_new_client("a client").await?;
        match trial.number(0..=19) {
            0 => client.finish().await?,
            1 => drop(client),
            _ => client.reset(),
        }
        Ok(())
    });
    ramped(visits).await?;
    Ok(())
}

/// Whether `count`, taken after a warm-up, comes back to what it was after [`churn`]. If it does not, the
/// clients come once more: a pool that fills late stays where it is, a leak grows. Gives the numbers
/// before and after where it grows.
async fn grows(
    server: &Rc<Server>,
    trial: &Trial,
    what: &str,
    count: impl Fn() -> Result<usize, Stop>,
) -> Result<Option<(usize, usize)>, Stop> {
    warm_up(server, trial).await?;
    let before = count()?;
    let mut most = before;
    for _ in 0..2 {
        churn(server, trial).await?;
        trial.step(format!("wait until the {what} are as before"));
        let back = server.until(|| Ok((count()? <= most).then_some(()))).await?;
        if back.is_some() {
            return Ok(None);
        }
        most = count()?;
    }
    Ok(Some((before, most)))
}

async fn descriptors_return(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    let cause = "streams are kept after their clients have gone: in a list, in a clone (try_clone), or \
                 in a thread that does not end. A descriptor is closed when its last owner is dropped";
    let grown =
        grows(&server, trial, "descriptors", || Ok(server.probe.descriptor_count()?)).await?;
    if let Some((before, after)) = grown {
        let expected = format!("{} open, as before", count(before, "descriptor"));
        let observed = format!("{}, and more after each 2,000 clients", count(after, "descriptor"));
        return Err(server.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("wait until no client's socket is left");
    let none = server.until(|| Ok((server.client_sockets()? == 0).then_some(()))).await?;
    if none.is_none() {
        let observed =
            format!("{} of clients that are gone", count(server.client_sockets()?, "socket"));
        return Err(server.fail(&["no socket of a client is open"], vec![observed], cause).await);
    }
    Ok(())
}

async fn threads_return(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&Start::default()).await?;
    // A child that has ended and was not waited for takes as much of the system as a thread.
    let threads = || Ok(server.probe.thread_count() + server.probe.zombies().len());
    if let Some((before, after)) = grows(&server, trial, "threads", threads).await? {
        let expected = format!("{}, as before", count(before, "thread"));
        let observed = format!("{}, and more after each 2,000 clients", count(after, "thread"));
        let cause = "threads do not end when their clients have gone: each waits for something that \
                     does not come, see below; or ended children are not waited for";
        return Err(server.fail(&[&expected], vec![observed], cause).await);
    }
    Ok(())
}

/// No points: any design passes. It shows what the kernel sees.
async fn thread_per_client(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 50;
    let server = trial.start(&Start::default()).await?;
    let clients = server.crowd(CLIENTS).await?;
    server.settle(Duration::from_millis(500)).await;
    let threads = server.probe.threads()?;
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
