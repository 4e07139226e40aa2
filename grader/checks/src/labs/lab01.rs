//! Lab 01, blocking threads: a raw byte echo with a thread for each client.

use std::time::Duration;

use course::labs::lab;
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};

use crate::scenarios::byte_echo::ByteEcho;
use crate::scenarios::descriptors::{self, Recovery::BeyondTheLimit, out_of_descriptors};
use crate::scenarios::{connection_limit, crowd, echo, reset, resources};

pub(super) static LAB: Lab = Lab {
    info: lab(1),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &ByteEcho },
    checks: CHECKS,
    explanations: include_str!("../../../explanations/01-blocking-threads.md"),
    residue_check: Some("descriptors-return"),
};

/// For checks with a lot of data or many clients.
const LONG: Duration = Duration::from_secs(60);

/// Slightly more clients than the descriptors allow, so that a lost slot is noticed.
const LIMITED: Start = Start { flags: &["--max-connections", "130"], ..Start::PLAIN };

const ECHO: &str = "echo-bytes";
const CROWD: &str = "all-open-at-once";
const RESET: &str = "reset-mid-stream";

static CHECKS: &[Check] = &of_lab(
    1,
    [
        check("empty-session")
            .task(1)
            .correctness(4)
            .rule("a client that sends nothing and half-closes gets only EOF; later clients are served")
            .run(|trial| Box::pin(echo::empty_session(trial, &Start::PLAIN))),
        check(ECHO)
            .task(1)
            .correctness(12)
            .rule("arbitrary bytes, in chunks of 1 byte to 64 KiB, are echoed unchanged and immediately")
            .run(|trial| Box::pin(echo::echo_bytes(trial, &Start::PLAIN))),
        check("half-close")
            .task(1)
            .correctness(10)
            .rule("a client that half-closes (SHUT_WR) gets its remaining bytes back, then EOF")
            .requires(&[ECHO])
            .run(|trial| Box::pin(echo::half_close(trial, &Start::PLAIN))),
        check("large-stream")
            .task(1)
            .correctness(8)
            .rule("a 32 MiB stream is echoed intact; little is buffered for a client that does not read")
            .requires(&[ECHO])
            .deadline(LONG)
            .run(|trial| Box::pin(echo::large_stream(trial, &Start::PLAIN))),
        check(CROWD)
            .task(2)
            .concurrency(14)
            .rule("200 simultaneous clients are all answered")
            .requires(&[ECHO])
            .run(|trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, 200))),
        check("silent-clients")
            .task(2)
            .concurrency(8)
            .rule("200 silent clients delay no other client")
            .requires(&[CROWD])
            .run(|trial| Box::pin(crowd::silent_clients(trial, &Start::PLAIN))),
        check("slow-reader")
            .task(2)
            .concurrency(8)
            .rule("a client that never reads delays no other client")
            .requires(&[CROWD])
            .run(|trial| Box::pin(crowd::slow_reader(trial, &Start::PLAIN))),
        check("connection-limit")
            .task(3)
            .concurrency(8)
            .rule("with --max-connections 16, the 17th client waits until one of the first 16 leaves")
            // The check also frees slots by a reset.
            .requires(&[CROWD, RESET])
            .run(|trial| Box::pin(connection_limit::connection_limit(trial))),
        check(RESET)
            .task(4)
            .correctness(6)
            .rule("a client that resets its connection (RST) affects no other client")
            .requires(&[ECHO])
            .run(|trial| Box::pin(reset::mid_stream(trial, &Start::PLAIN))),
        check("reset-while-writing")
            .task(4)
            .correctness(4)
            .rule("a client that disconnects while the server is sending to it affects no other client")
            .requires(&[ECHO])
            .run(|trial| Box::pin(reset::while_writing(trial, &Start::PLAIN))),
        descriptors::row(4, 6)
            // Most of its clients send nothing.
            .requires(&[CROWD, "silent-clients"])
            .run(|trial| Box::pin(out_of_descriptors(trial, &LIMITED, BeyondTheLimit))),
        check("descriptors-return")
            .task(4)
            .cleanup(6)
            .rule(
                "once 2,000 clients have left, no descriptor has leaked and no client socket is open",
            )
            .requires(&[CROWD])
            .deadline(LONG)
            .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
        check("threads-return")
            .task(4)
            .cleanup(6)
            .rule("once 2,000 clients have left, no thread has leaked")
            .requires(&[CROWD])
            .deadline(LONG)
            .run(|trial| Box::pin(resources::threads_return(trial, &Start::PLAIN))),
        check("thread-per-client")
            .task(2)
            .concurrency(0)
            .rule("no points: the grader reports what the threads do while 50 clients are connected")
            .requires(&[CROWD])
            .run(|trial| Box::pin(crowd::thread_per_client(trial, &Start::PLAIN))),
    ],
);
