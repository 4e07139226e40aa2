//! Lab 03, async echo: a raw byte echo with a task for each client, and a client program.

use std::time::Duration;

use course::labs::lab;
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};

use crate::scenarios::byte_echo::ByteEcho;
use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
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
    residue_check: Some("descriptors-return"),
};

/// For checks with a lot of data or many clients.
const LONG: Duration = Duration::from_secs(60);

/// Enough clients to justify an event loop.
const CROWD_SIZE: usize = 1000;

const ECHO: &str = "echo-bytes";
const CROWD: &str = "all-open-at-once";
const ROUNDTRIP: &str = "client-roundtrip";

static CHECKS: &[Check] = &of_lab(3, [
    check("empty-session")
        .task(1)
        .correctness(3)
        .rule("a client that sends nothing and half-closes gets only EOF; later clients are served")
        .run(|trial| Box::pin(echo::empty_session(trial, &Start::PLAIN))),
    check(ECHO)
        .task(1)
        .correctness(10)
        .rule("arbitrary bytes, in chunks of 1 byte to 64 KiB, are echoed unchanged and immediately")
        .run(|trial| Box::pin(echo::echo_bytes(trial, &Start::PLAIN))),
    check("half-close")
        .task(1)
        .correctness(8)
        .rule("a client that half-closes (SHUT_WR) gets its remaining bytes back, then EOF")
        .requires(&[ECHO])
        .run(|trial| Box::pin(echo::half_close(trial, &Start::PLAIN))),
    check("large-stream")
        .task(1)
        .correctness(7)
        .rule("a 32 MiB stream is echoed intact; little is buffered for a client that does not read")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(echo::large_stream(trial, &Start::PLAIN))),
    check(CROWD)
        .task(2)
        .concurrency(13)
        .rule("1,000 simultaneous clients are all answered")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, CROWD_SIZE))),
    check("few-threads")
        .task(2)
        .concurrency(5)
        .rule("with 1,000 clients, the server has at most four more threads than there are CPUs")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::few_threads(trial, &Start::PLAIN, CROWD_SIZE))),
    check("slow-reader")
        .task(2)
        .concurrency(7)
        .rule("a client that never reads delays no other client")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::slow_reader(trial, &Start::PLAIN))),
    check("silent-clients")
        .task(2)
        .concurrency(6)
        .rule("200 silent clients delay no other client")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::silent_clients(trial, &Start::PLAIN))),
    check("memory-per-connection")
        .task(2)
        .cleanup(4)
        .rule("from 200 to 1,000 clients, memory grows by at most 64 KiB per client")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::memory_per_connection(trial, &Start::PLAIN))),
    check("idle-is-idle")
        .task(2)
        .cleanup(3)
        .rule("the server sleeps whether it has no clients, only idle ones, or one that is stalled")
        .requires(&[CROWD])
        .run(|trial| Box::pin(resources::idle_is_idle(trial, &Start::PLAIN))),
    check("reset-mid-stream")
        .task(3)
        .correctness(5)
        .rule("a client that resets its connection (RST) affects no other client")
        .requires(&[ECHO])
        .run(|trial| Box::pin(reset::mid_stream(trial, &Start::PLAIN))),
    check("reset-while-writing")
        .task(3)
        .correctness(4)
        .rule("a client that disconnects while the server is sending to it affects no other client")
        .requires(&[ECHO])
        .run(|trial| Box::pin(reset::while_writing(trial, &Start::PLAIN))),
    descriptors::row(3, 5)
        // Most of its clients send nothing.
        .requires(&[CROWD, "silent-clients"])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
    check("descriptors-return")
        .task(3)
        .cleanup(6)
        .rule("once 2,000 clients have left, no descriptor has leaked and no client socket is open")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    check(ROUNDTRIP)
        .task(4)
        .correctness(6)
        .rule("the client sends lines and prints answers without delay or deadlock, even after EOF")
        .run(|trial| Box::pin(client_program::roundtrip(trial))),
    check("client-refused")
        .task(4)
        .correctness(4)
        .rule("on a refused connection, the client prints `error: …` and exits with 1 within 2 s")
        .quiet()
        .run(|trial| Box::pin(client_program::refused(trial))),
    check("client-server-vanishes")
        .task(4)
        .correctness(4)
        .rule("after a reset, the client prints what arrived and `error: …`, and exits with 1")
        .requires(&[ROUNDTRIP])
        .run(|trial| Box::pin(client_program::server_vanishes(trial))),
]);
