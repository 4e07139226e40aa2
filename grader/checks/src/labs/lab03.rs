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

/// For checks that move much data, or have many clients.
const LONG: Duration = Duration::from_secs(60);

/// So many clients make the event loop of lab 02 worth its trouble.
const CROWD_SIZE: usize = 1000;

const ECHO: &str = "echo-bytes";
const CROWD: &str = "all-open-at-once";
const ROUNDTRIP: &str = "client-roundtrip";

static CHECKS: &[Check] = &of_lab(3, [
    check("empty-session")
        .task(1)
        .correctness(3)
        .rule("a client that connects and closes gets nothing but the end; the next is served")
        .run(|trial| Box::pin(echo::empty_session(trial, &Start::PLAIN))),
    check(ECHO)
        .task(1)
        .correctness(10)
        .rule("all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once")
        .run(|trial| Box::pin(echo::echo_bytes(trial, &Start::PLAIN))),
    check("half-close")
        .task(1)
        .correctness(8)
        .rule("after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end")
        .requires(&[ECHO])
        .run(|trial| Box::pin(echo::half_close(trial, &Start::PLAIN))),
    check("large-stream")
        .task(1)
        .correctness(7)
        .rule("32 MiB are echoed intact; for a client that stops reading, little is buffered")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(echo::large_stream(trial, &Start::PLAIN))),
    check(CROWD)
        .task(2)
        .concurrency(13)
        .rule("1,000 clients are all answered while all of them are open")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, CROWD_SIZE))),
    check("few-threads")
        .task(2)
        .concurrency(5)
        .rule("with 1,000 clients open it has at most four threads more than there are CPUs")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::few_threads(trial, &Start::PLAIN, CROWD_SIZE))),
    check("slow-reader")
        .task(2)
        .concurrency(7)
        .rule("one client that never reads delays nobody")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::slow_reader(trial, &Start::PLAIN))),
    check("silent-clients")
        .task(2)
        .concurrency(6)
        .rule("200 silent connections delay nobody")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::silent_clients(trial, &Start::PLAIN))),
    check("memory-per-connection")
        .task(2)
        .cleanup(4)
        .rule("from 200 to 1,000 clients, each takes at most 64 KiB")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::memory_per_connection(trial, &Start::PLAIN))),
    check("idle-is-idle")
        .task(2)
        .cleanup(3)
        .rule("it sleeps when idle: before any client, with idle clients, after a stalled one")
        .requires(&[CROWD])
        .run(|trial| Box::pin(resources::idle_is_idle(trial, &Start::PLAIN))),
    check("reset-mid-stream")
        .task(3)
        .correctness(5)
        .rule("a client's reset (RST) ends that client only")
        .requires(&[ECHO])
        .run(|trial| Box::pin(reset::mid_stream(trial, &Start::PLAIN))),
    check("reset-while-writing")
        .task(3)
        .correctness(4)
        .rule("a client that goes away while it is written to ends that client only")
        .requires(&[ECHO])
        .run(|trial| Box::pin(reset::while_writing(trial, &Start::PLAIN))),
    descriptors::row(3, 5)
        // Most of its clients send nothing.
        .requires(&[CROWD, "silent-clients"])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
    check("descriptors-return")
        .task(3)
        .cleanup(6)
        .rule("after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    check(ROUNDTRIP)
        .task(4)
        .correctness(6)
        .rule("lines are sent and answers printed at once; 16 MiB do not block; the end comes last")
        .run(|trial| Box::pin(client_program::roundtrip(trial))),
    check("client-refused")
        .task(4)
        .correctness(4)
        .rule("where nobody listens: status 1 and one line `error: …`, within 2 s")
        .quiet()
        .run(|trial| Box::pin(client_program::refused(trial))),
    check("client-server-vanishes")
        .task(4)
        .correctness(4)
        .rule("after the server's reset: what came before is printed, then status 1 and one line")
        .requires(&[ROUNDTRIP])
        .run(|trial| Box::pin(client_program::server_vanishes(trial))),
]);
