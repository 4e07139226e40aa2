//! Lab 03, async echo: a raw byte echo with a task for each client, and a client program.

use std::time::Duration;

use course::labs::{Category, CheckInfo, lab};
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab};

use crate::scenarios::byte_echo::ByteEcho;
use crate::scenarios::{client_program, crowd, echo, reset, resources};

pub(super) static LAB: Lab = Lab {
    info: lab(3),
    service: &Service {
        programs: &[
            Program { command: &["serve"], ..Program::SERVER },
            Program { command: &["connect"], ..Program::CLIENT },
        ],
        dial: &Tcp,
        exchange: &ByteEcho,
    },
    checks: CHECKS,
    explanations: include_str!("../../../explanations/03-async-echo.md"),
    residue_check: Some("03/descriptors-return"),
};

/// For checks that move much data, or have many clients.
const LONG: Duration = Duration::from_secs(60);

/// So many clients make the event loop of lab 02 worth its trouble.
const CROWD_SIZE: usize = 1000;

const ECHO: &str = "03/echo-bytes";
const CROWD: &str = "03/all-open-at-once";
const ROUNDTRIP: &str = "03/client-roundtrip";

static CHECKS: &[Check] = &[
    Check {
        info: CheckInfo {
            id: "03/empty-session",
            task: 1,
            category: Category::Correctness,
            points: 3,
            rule: "a client that connects and closes gets nothing but the end; the next is served",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(echo::empty_session(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: ECHO,
            task: 1,
            category: Category::Correctness,
            points: 10,
            rule: "all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(echo::echo_bytes(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/half-close",
            task: 1,
            category: Category::Correctness,
            points: 8,
            rule: "after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(echo::half_close(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/large-stream",
            task: 1,
            category: Category::Correctness,
            points: 7,
            rule: "32 MiB come back; of a client that does not read little is buffered and nothing lost",
            requires: &[ECHO],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(echo::large_stream(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: CROWD,
            task: 2,
            category: Category::Concurrency,
            points: 13,
            rule: "1,000 clients are all answered while all of them are open",
            requires: &[ECHO],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, CROWD_SIZE)),
    },
    Check {
        info: CheckInfo {
            id: "03/few-threads",
            task: 2,
            category: Category::Concurrency,
            points: 5,
            rule: "with 1,000 clients open it has at most four threads more than there are CPUs",
            requires: &[CROWD],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::few_threads(trial, &Start::PLAIN, CROWD_SIZE)),
    },
    Check {
        info: CheckInfo {
            id: "03/slow-reader",
            task: 2,
            category: Category::Concurrency,
            points: 7,
            rule: "one client that never reads delays nobody",
            requires: &[CROWD],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::slow_reader(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/silent-clients",
            task: 2,
            category: Category::Concurrency,
            points: 6,
            rule: "200 silent connections delay nobody",
            requires: &[CROWD],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::silent_clients(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/memory-per-connection",
            task: 2,
            category: Category::Cleanup,
            points: 4,
            rule: "from 200 to 1,000 clients, each takes at most 64 KiB",
            requires: &[CROWD],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::memory_per_connection(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/idle-is-idle",
            task: 2,
            category: Category::Cleanup,
            points: 3,
            rule: "with nothing to do it sleeps: before any client, with idle ones, after a stalled one",
            requires: &[CROWD],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::idle_is_idle(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/reset-mid-stream",
            task: 3,
            category: Category::Correctness,
            points: 5,
            rule: "a client's reset (RST) ends that client only",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(reset::mid_stream(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/reset-while-writing",
            task: 3,
            category: Category::Correctness,
            points: 4,
            rule: "a client that goes away while it is written to ends that client only",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(reset::while_writing(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/out-of-descriptors",
            task: 3,
            category: Category::Cleanup,
            points: 5,
            rule: "out of descriptors it neither dies nor spins, and serves again once clients left",
            requires: &[CROWD],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::out_of_descriptors(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: "03/descriptors-return",
            task: 3,
            category: Category::Cleanup,
            points: 6,
            rule: "after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT",
            requires: &[CROWD],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: ROUNDTRIP,
            task: 4,
            category: Category::Correctness,
            points: 6,
            rule: "lines go and answers are printed, each at once; 16 MiB do not block; the end comes last",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(client_program::roundtrip(trial)),
    },
    Check {
        info: CheckInfo {
            id: "03/client-refused",
            task: 4,
            category: Category::Correctness,
            points: 4,
            rule: "where nobody listens: status 1 and one line `error: …`, within 2 s",
            quiet: true,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(client_program::refused(trial)),
    },
    Check {
        info: CheckInfo {
            id: "03/client-server-vanishes",
            task: 4,
            category: Category::Correctness,
            points: 4,
            rule: "after the server's reset: what came before is printed, then status 1 and one line",
            requires: &[ROUNDTRIP],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(client_program::server_vanishes(trial)),
    },
];
