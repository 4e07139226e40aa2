//! Lab 02, selectors: a raw byte echo on one thread, over select, poll or epoll.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use super::{Category, Check, Lab, Task};
use crate::calls::Call;
use crate::capture::{count, size, time};
use crate::outcome::Stop;
use crate::probe::{EDGE_TRIGGERED, Place, Thread, epoll_mask};
use crate::scenarios::resources::{Calm, calm};
use crate::scenarios::{ByteEcho, Service, Tcp, crowd, echo, reset, resources};
use crate::server::{Admission, Client, Server, Start, ramped, together};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 2,
    topic: "selectors",
    title: "One thread, many sockets",
    minutes: 240,
    dependencies: &["clap", "polling", "rustix"],
    borrows: &[],
    service: &Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &ByteEcho },
    tasks: &[
        Task { number: 1, title: "poll", core: true },
        Task { number: 2, title: "the event loop", core: true },
        Task { number: 3, title: "select", core: true },
        Task { number: 4, title: "epoll", core: true },
        Task { number: 5, title: "edge-triggered", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/02-selectors.md"),
};

/// A system call that waits for many descriptors.
struct Backend {
    start: Start,
    /// Its names in man pages.
    calls: &'static str,
    is_it: fn(Call) -> bool,
}

static POLL: Backend = Backend {
    start: Start { flags: &["--backend", "poll"], ..Start::PLAIN },
    calls: "poll (or ppoll)",
    is_it: Call::is_poll,
};

static SELECT: Backend = Backend {
    start: Start { flags: &["--backend", "select"], ..Start::PLAIN },
    calls: "select (or pselect6)",
    is_it: Call::is_select,
};

static EPOLL: Backend = Backend {
    // It is the default; lab 02's last check names it.
    start: Start::PLAIN,
    calls: "epoll_wait (or epoll_pwait, epoll_pwait2)",
    is_it: Call::is_epoll,
};

static EDGE: Start = Start { flags: &["--backend", "epoll", "--trigger", "edge"], ..Start::PLAIN };

/// For checks that move much, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const POLL_ECHO: &str = "02/poll/echo-bytes";
const CROWD: &str = "02/all-open-at-once";
const POLL_PARTIAL: &str = "02/poll/partial-write";
const EPOLL_ECHO: &str = "02/epoll/echo-bytes";
const EPOLL_IDLE: &str = "02/epoll/idle-is-idle";
const SIGNAL: &str = "02/signal-interrupt";
const EPOLL_PARTIAL: &str = "02/epoll/partial-write";

/// A check that each backend has: its rule is the same, and whoever has written one event loop gets all.
macro_rules! family {
    ("echo-bytes", $name:literal, $backend:ident, $task:literal) => {
        Check {
            id: concat!("02/", $name, "/echo-bytes"),
            task: $task,
            category: Category::Correctness,
            points: 6,
            rule: "all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once",
            run: |trial| Box::pin(echo::echo_bytes(trial, &$backend.start)),
            ..Check::USUAL
        }
    };
    ("blocks-in-its-call", $name:literal, $backend:ident, $task:literal) => {
        Check {
            id: concat!("02/", $name, "/blocks-in-its-call"),
            task: $task,
            category: Category::Concurrency,
            points: 4,
            rule: concat!("idle with 50 clients, its one thread sleeps in ", $name, ", nowhere else"),
            requires: &[concat!("02/", $name, "/echo-bytes")],
            run: |trial| Box::pin(blocks_in_its_call(trial, &$backend)),
            ..Check::USUAL
        }
    };
    ("partial-write", $name:literal, $backend:ident, $task:literal) => {
        Check {
            id: concat!("02/", $name, "/partial-write"),
            task: $task,
            category: Category::Correctness,
            points: 5,
            rule: "of a client that does not read little is buffered; nothing is lost once it does",
            requires: &[concat!("02/", $name, "/echo-bytes")],
            deadline: LONG,
            run: |trial| Box::pin(echo::partial_write(trial, &$backend.start)),
            ..Check::USUAL
        }
    };
    ("idle-is-idle", $name:literal, $backend:ident, $task:literal) => {
        Check {
            id: concat!("02/", $name, "/idle-is-idle"),
            task: $task,
            category: Category::Cleanup,
            points: 3,
            rule: "with nothing to do it sleeps: before any client, with idle ones, after a stalled one",
            requires: &[concat!("02/", $name, "/partial-write")],
            run: |trial| Box::pin(resources::idle_is_idle(trial, &$backend.start)),
            ..Check::USUAL
        }
    };
}

static CHECKS: &[Check] = &[
    family!("echo-bytes", "poll", POLL, 1),
    family!("blocks-in-its-call", "poll", POLL, 1),
    family!("partial-write", "poll", POLL, 1),
    family!("idle-is-idle", "poll", POLL, 1),
    Check {
        id: CROWD,
        task: 2,
        category: Category::Concurrency,
        points: 6,
        rule: "500 clients are all answered while all of them are open",
        requires: &[POLL_ECHO],
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &POLL.start, 500)),
        ..Check::USUAL
    },
    Check {
        id: "02/slow-reader",
        task: 2,
        category: Category::Concurrency,
        points: 5,
        rule: "one client that never reads delays nobody",
        requires: &[CROWD],
        run: |trial| Box::pin(crowd::slow_reader(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/accept-burst",
        task: 2,
        category: Category::Concurrency,
        points: 4,
        rule: "100 clients that came while the program was stopped are all served",
        requires: &[CROWD],
        run: |trial| Box::pin(crowd::accept_burst(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/half-close",
        task: 2,
        category: Category::Correctness,
        points: 3,
        rule: "after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end",
        requires: &[POLL_ECHO],
        run: |trial| Box::pin(echo::half_close(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/no-crosstalk",
        task: 2,
        category: Category::Correctness,
        points: 4,
        rule: "while clients come, go and break off, no byte of one reaches another",
        requires: &[CROWD, POLL_PARTIAL],
        run: |trial| Box::pin(reset::no_crosstalk(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/reset-storm",
        task: 2,
        category: Category::Cleanup,
        points: 4,
        rule: "after the reset (RST) of 100 clients nothing is left of them, and nothing spins",
        requires: &[CROWD, POLL_PARTIAL],
        run: |trial| Box::pin(reset::storm(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/out-of-descriptors",
        task: 2,
        category: Category::Cleanup,
        points: 3,
        rule: "out of descriptors it neither dies nor spins, and serves again once clients left",
        requires: &[CROWD],
        run: |trial| Box::pin(resources::out_of_descriptors(trial, &POLL.start)),
        ..Check::USUAL
    },
    Check {
        id: "02/descriptors-return",
        task: 2,
        category: Category::Cleanup,
        points: 3,
        rule: "after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT",
        requires: &[CROWD],
        deadline: LONG,
        run: |trial| Box::pin(resources::descriptors_return(trial, &POLL.start)),
        ..Check::USUAL
    },
    family!("echo-bytes", "select", SELECT, 3),
    family!("blocks-in-its-call", "select", SELECT, 3),
    family!("partial-write", "select", SELECT, 3),
    family!("idle-is-idle", "select", SELECT, 3),
    Check {
        id: "02/many-descriptors",
        task: 3,
        category: Category::Correctness,
        points: 4,
        rule: "select with 1,200 clients: serves all, or turns the excess away and serves the others",
        // Whether it spins is asked; one that always does is rejected there.
        requires: &["02/select/idle-is-idle"],
        deadline: LONG,
        run: |trial| Box::pin(many_descriptors(trial)),
        ..Check::USUAL
    },
    family!("echo-bytes", "epoll", EPOLL, 4),
    family!("blocks-in-its-call", "epoll", EPOLL, 4),
    family!("partial-write", "epoll", EPOLL, 4),
    family!("idle-is-idle", "epoll", EPOLL, 4),
    Check {
        id: SIGNAL,
        task: 4,
        category: Category::Correctness,
        points: 4,
        rule: "epoll_wait interrupted (EINTR) by a stop and a continuation is no error",
        requires: &[EPOLL_ECHO],
        run: |trial| Box::pin(signal_interrupt(trial)),
        ..Check::USUAL
    },
    Check {
        id: "02/idle-scaling",
        task: 4,
        category: Category::Concurrency,
        points: 4,
        rule: "epoll: with 2,000 idle clients an echo costs at most twice the CPU that it costs without",
        // A loop that spins costs what it costs, with or without clients.
        requires: &[CROWD, EPOLL_IDLE],
        deadline: LONG,
        run: |trial| Box::pin(idle_scaling(trial)),
        ..Check::USUAL
    },
    Check {
        id: "02/edge-triggered",
        task: 5,
        category: Category::Correctness,
        points: 2,
        rule: "with --trigger edge (EPOLLET) nothing is left lying: 1 MiB at once, and after a stall",
        // What stays behind with level triggering, too, is judged there, and what a stop does.
        requires: &[EPOLL_PARTIAL, SIGNAL],
        deadline: LONG,
        run: |trial| Box::pin(edge_triggered(trial)),
        ..Check::USUAL
    },
];

/// Idle, the program has one thread, and that sleeps in the call that was asked for.
async fn blocks_in_its_call(trial: &Trial, backend: &'static Backend) -> Result<(), Stop> {
    const CLIENTS: usize = 50;
    const SAMPLES: usize = 20;
    /// A thread that runs when it is looked at is looked at again; one that always does never sleeps.
    const LOOKS: usize = 5 * SAMPLES;
    let server = trial.start(&backend.start).await?;
    trial.step(format!("connect {CLIENTS} clients; each is answered, stays open, and is silent"));
    let clients = server.crowd(CLIENTS).await?;
    server.process.settle(Duration::from_millis(500)).await;
    trial.step(format!("look {SAMPLES} times which call each thread sleeps in"));
    // A script that has started the server waits for it elsewhere.
    let holders: HashSet<i32> = server.probe().sockets()?.iter().map(|socket| socket.pid).collect();
    let expected = format!("one thread, always asleep in {}", backend.calls);
    let (mut asleep, mut running) = (BTreeMap::<String, usize>::new(), 0);
    let mut elsewhere = false;
    while asleep.values().sum::<usize>() < SAMPLES && running < LOOKS {
        let mut threads = server.probe().threads()?;
        threads.retain(|thread| holders.contains(&thread.pid));
        let &[Thread { place, .. }] = threads.as_slice() else {
            let observed = match threads.len() {
                0 => "the program has ended".to_owned(),
                many => format!("{} serve the clients", count(many, "thread")),
            };
            let cause = "this lab is about one thread that waits for all sockets in one call; each \
                         client has a state, not a thread";
            return Err(server.process.fail(&[&expected], vec![observed], cause).await);
        };
        match place {
            Place::Blocked(call) if call.name().is_some() => {
                elsewhere |= !(backend.is_it)(call);
                *asleep.entry(call.to_string()).or_default() += 1;
            }
            _ => running += 1,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let total: usize = asleep.values().sum();
    if !elsewhere && total == SAMPLES {
        clients.into_iter().for_each(Client::reset);
        return Ok(());
    }
    let looks = total + running;
    let mut observed: Vec<String> = asleep
        .iter()
        .map(|(call, times)| format!("{times} of {looks} times asleep in {call}"))
        .collect();
    if running > 0 {
        observed.push(format!("{running} of {looks} times running"));
    }
    let only = |test: fn(&str) -> bool| asleep.keys().any(|call| test(call));
    let cause = if !elsewhere {
        "nothing happens, and the thread does not sleep: the call comes back at once, every time. \
         Interest in writing is the usual reason: an idle socket can always be written. Ask for it \
         only while bytes wait; or the time-out is 0"
    } else if only(|call| call.contains("nanosleep") || call == "futex") {
        "the thread sleeps for a time, or waits for another thread, instead of asking the kernel for \
         all sockets at once"
    } else if only(|call| ["read", "recv", "accept", "accept4"].contains(&call)) {
        "the thread waits for one socket, and meanwhile for no other: set every socket, the listener, \
         too, to non-blocking, and sleep only in the selector"
    } else {
        "another call than the one that --backend names: each is to be made by its own selector"
    };
    Err(server.process.fail(&[&expected], observed, cause).await)
}

/// More clients than select has room for in its sets.
async fn many_descriptors(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 1200;
    /// Half of what fits into a set (FD_SETSIZE): somebody may need two descriptors for each client.
    const FEW: usize = 500;
    const LEAVE: usize = 100;
    let server = trial.start(&SELECT.start).await?;
    server.expect_room_for(CLIENTS)?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered, or its connection is closed without a byte"
    ));
    let (served, waiting) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let turned_away = Cell::new(0);
    let arrivals = (0..CLIENTS).map(|index| {
        let (server, served, waiting, turned_away) = (&server, &served, &waiting, &turned_away);
        async move {
            if !waiting.borrow().is_empty() {
                return Ok(()); // Those who come later would wait behind.
            }
            match server.ask_for_room(&format!("client {}", index + 1)).await? {
                Admission::Served(client) => served.borrow_mut().push(client),
                Admission::TurnedAway => turned_away.set(turned_away.get() + 1),
                Admission::Waits(client, answer) => waiting.borrow_mut().push((client, answer)),
            }
            Ok(())
        }
    });
    ramped(arrivals).await?;
    let (mut served, waiting) = (served.into_inner(), waiting.into_inner());
    let found = format!(
        "{} answered, {} turned away{}",
        count(served.len(), "client"),
        turned_away.get(),
        if waiting.is_empty() { "" } else { ", the next one waits" }
    );
    trial.step(format!("({found}) watch how much CPU the program uses"));
    let expected = "the clients that fit are served, the others are turned away or wait";
    match calm(&server).await {
        Calm::Yes if served.len() >= FEW => {}
        Calm::Yes => {
            let few = format!("at least {FEW} of {CLIENTS} clients are served at the same time");
            let cause = "select has room for 1,024 descriptors, and so for about 1,000 clients: only \
                         what does not fit is to be turned away";
            return Err(server.process.fail(&[&few], vec![found], cause).await);
        }
        Calm::Ended => return Err(server.process.fail(&[expected], vec![found], "").await),
        Calm::No(ran) => {
            let cause = "a client that does not fit into select's sets is not looked after, and its \
                         socket, or the listener, is ready again and again: close it at once";
            return Err(server.process.fail(&[expected], vec![ran, found], cause).await);
        }
    }
    trial.step("each that is served makes another request");
    together(served.iter().map(Client::ask)).await?;
    trial.step(format!("{LEAVE} of them are reset (RST); then new ones must be served"));
    let before = server.client_sockets()?;
    served.drain(..LEAVE).for_each(Client::reset);
    let left = || {
        let gone = before.saturating_sub(server.client_sockets()?);
        // Those who waited take the places of some.
        let enough = gone + waiting.len() >= LEAVE;
        Ok((enough || server.process.has_ended()).then_some(()))
    };
    server.process.until(left).await?;
    for (client, answer) in &waiting {
        client.answered(answer).await?;
    }
    let new = server.crowd(LEAVE / 2).await?;
    together(served.iter().map(Client::ask)).await?;
    new.into_iter().chain(served).for_each(Client::reset);
    Ok(())
}

/// Fact 6: epoll_wait ends with EINTR when the program was stopped and goes on; poll and select do not.
async fn signal_interrupt(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 10;
    const TIMES: usize = 5;
    let server = trial.start(&EPOLL.start).await?;
    trial.step(format!("connect {CLIENTS} clients; each is answered and stays open"));
    let clients = server.crowd(CLIENTS).await?;
    trial.step(format!(
        "{TIMES} times, while the program sleeps: stop it and let it go on (SIGSTOP, SIGCONT), then \
         each client makes a request"
    ));
    for _ in 0..TIMES {
        server.process.settle(Duration::from_millis(500)).await;
        server.process.pause().await?;
        server.process.resume();
        together(clients.iter().map(Client::ask)).await?;
    }
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// Fact 8: with epoll the work depends on who is active, not on who is there.
async fn idle_scaling(trial: &Trial) -> Result<(), Stop> {
    const ACTIVE: usize = 10;
    const IDLE: usize = 2000;
    const MOST: u32 = 2;
    /// A busy machine makes echoes dearer, now and then; it does not make each pair of rounds unequal.
    const PAIRS: usize = 15;
    let alone = trial.start(&EPOLL.start).await?;
    let crowded = trial.start(&EPOLL.start).await?;
    trial.step(format!(
        "connect {ACTIVE} clients to each; connect {IDLE} more to the second one, which are answered and \
         then silent"
    ));
    let active = [alone.crowd(ACTIVE).await?, crowded.crowd(ACTIVE).await?];
    let idle = crowded.crowd(IDLE).await?;
    trial.step(format!(
        "the {ACTIVE} of the first, then those of the second take turns: how much CPU does an echo cost?"
    ));
    let (mut least, mut pair) = (f64::INFINITY, (Duration::ZERO, Duration::ZERO));
    for _ in 0..PAIRS {
        let without = cpu_per_request(&alone, &active[0]).await?;
        let with = cpu_per_request(&crowded, &active[1]).await?;
        let ratio = with.as_secs_f64() / without.as_secs_f64().max(f64::MIN_POSITIVE);
        if ratio < least {
            (least, pair) = (ratio, (without, with));
        }
        if with <= without * MOST {
            together(idle.iter().step_by(100).map(Client::ask)).await?;
            idle.into_iter().chain(active.into_iter().flatten()).for_each(Client::reset);
            return Ok(());
        }
    }
    let expected = format!("at most {MOST} times the CPU for each echo with {IDLE} idle clients");
    let observed = format!(
        "{} for each echo without them, {} with them: {least:.1} times as much, the best of {PAIRS} pairs \
         of rounds",
        time(pair.0),
        time(pair.1)
    );
    let cause = "each wake-up looks at all clients. epoll_wait names those that are ready: look at \
                 these only, find their state by what the event carries, and keep no list that is \
                 walked or built anew each time";
    Err(crowded.process.fail(&[&expected], vec![observed], cause).await)
}

/// The CPU time that a request costs the program, with `clients` taking turns.
async fn cpu_per_request(server: &Rc<Server>, clients: &[Client]) -> Result<Duration, Stop> {
    const EACH: usize = 30;
    let running = || server.probe().cpu_times().values().map(|time| time.running).sum::<Duration>();
    let before = running();
    for _ in 0..EACH {
        for client in clients {
            client.ask().await?;
        }
    }
    // What it does after the last answer belongs to it.
    server.process.until(|| Ok(server.probe().sleeping_threads()?.map(drop))).await?;
    Ok(running().saturating_sub(before) / (EACH * clients.len()) as u32)
}

/// After an edge nothing is told again of what is there already.
async fn edge_triggered(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 10;
    const BLOCK: u64 = 1024 * 1024;
    let server = trial.start(&EDGE).await?;
    trial.step(format!("connect {CLIENTS} clients; each is answered and stays open"));
    let clients = server.crowd(CLIENTS).await?;
    trial.step("look for what the epoll set watches their sockets");
    expect_edges(&server).await?;
    trial.step(format!(
        "stop the program (SIGSTOP); each client sends {} and is silent; let the program go on \
         (SIGCONT): all must come back",
        size(BLOCK)
    ));
    let cause = "after an edge nothing is told again of what was there: read until EAGAIN (or the end), \
                 write until EAGAIN or all is out, and after a write that unblocked read on by yourself";
    let exchanges = async {
        server.process.pause().await?;
        let sending = clients.iter().map(|client| async move {
            let payload = trial.stream(BLOCK);
            let taken = client.send_until_stalled(&payload).await?;
            Ok((client, payload, taken))
        });
        let sent = together(sending).await;
        server.process.resume();
        for (client, payload, taken) in sent? {
            client.expect_echo(&payload, taken).await?;
        }
        trial
            .step("one sends without reading until nothing moves for 300 ms, then reads all of it");
        let stalled = &clients[0];
        let (payload, taken) = echo::stall_one(trial, &server, stalled).await?;
        stalled.expect_echo(&payload, taken).await?;
        trial.step("look once more for what its socket is watched");
        expect_edges(&server).await?;
        together(clients.iter().map(Client::finish)).await
    };
    exchanges.await.map(drop).map_err(|stop| {
        stop.amend(|failure| {
            if failure.is_no_answer() {
                failure.cause = cause.to_owned();
            }
        })
    })
}

/// All sockets of clients are watched with EPOLLET; the listener may be or not.
async fn expect_edges(server: &Rc<Server>) -> Result<(), Stop> {
    let sockets = server.probe().sockets()?;
    let sets = server.probe().epoll_sets()?;
    let is_client = |pid: i32, descriptor: i32| {
        let of = |socket: &&crate::probe::Socket| {
            socket.pid == pid && socket.descriptor == descriptor && !socket.is_listener()
        };
        sockets.iter().any(|socket| of(&socket) && socket.entry.is_some())
    };
    let masks: Vec<u32> = sets
        .iter()
        .flat_map(|set| set.watched.iter().map(|&(descriptor, mask)| (set.pid, descriptor, mask)))
        .filter(|&(pid, descriptor, _)| is_client(pid, descriptor))
        .map(|(_, _, mask)| mask)
        .collect();
    let level: Vec<_> = masks.iter().filter(|mask| *mask & EDGE_TRIGGERED == 0).collect();
    if !level.is_empty() || masks.is_empty() {
        let expected = "the sockets of all clients are watched with EPOLLET";
        let observed = match level.first() {
            None => "no epoll set watches a client's socket".to_owned(),
            Some(mask) => format!(
                "{} of {} watched without it: {}",
                level.len(),
                count(masks.len(), "client"),
                epoll_mask(**mask)
            ),
        };
        let cause = "--trigger edge is not handed on to epoll, or a later modify leaves EPOLLET out: \
                     it is a part of the mask each time";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    Ok(())
}
