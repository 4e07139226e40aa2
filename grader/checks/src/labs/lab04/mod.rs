//! Lab 04, timeouts: a line server that limits how long it waits for a client.

mod causes;
mod idle;
mod limits;
mod slow_line;
mod stalled;
mod work;

use std::time::Duration;

use course::labs::lab;
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};

use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::lines::{self, ECHO, LineEcho};

pub(super) static LAB: Lab = Lab {
    info: lab(4),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &LineEcho },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/04-timeouts.md"),
    residue_check: Some("descriptors-return"),
};

/// For checks with a lot of data or many clients.
const LONG: Duration = Duration::from_secs(60);

const IDLE: &str = "idle-closes";
const SLOW_LINE: &str = "slow-line";
const STALLED: &str = "stalled-reader";

static CHECKS: &[Check] = &of_lab(4, [
    lines::echo_row(4),
    lines::errors_row(2),
    lines::overlap_row(2),
    check("long-line")
        .task(1)
        .correctness(6)
        .rule("a line of 8,192 bytes is answered; a longer one is refused without being buffered")
        .requires(&[ECHO])
        .run(|trial| Box::pin(lines::long_line(trial, &Start::PLAIN))),
    check(IDLE)
        .task(1)
        .correctness(10)
        .rule("a silent client gets an error, then EOF, after the idle timeout and no earlier")
        .requires(&[ECHO])
        .run(|trial| Box::pin(idle::idle_closes(trial))),
    check("activity-resets")
        .task(1)
        .correctness(10)
        .rule("the idle timer stops at a line's first byte and restarts once the line is answered")
        .requires(&[ECHO])
        .run(|trial| Box::pin(idle::activity_resets(trial))),
    check("timers-are-per-client")
        .task(1)
        .concurrency(8)
        .rule("the idle timeout disconnects each silent client, but not an active one")
        .requires(&[IDLE])
        .run(|trial| Box::pin(idle::timers_are_per_client(trial))),
    check("mass-expiry")
        .task(1)
        .concurrency(7)
        .rule("500 silent clients are all disconnected within a second of their idle timeout")
        .requires(&[IDLE])
        .run(|trial| Box::pin(idle::mass_expiry(trial))),
    check("no-polling")
        .task(1)
        .cleanup(2)
        .rule("while the timeouts of 100 clients are pending, the server sleeps")
        .requires(&[IDLE])
        .run(|trial| Box::pin(idle::no_polling(trial))),
    check(SLOW_LINE)
        .task(2)
        .correctness(12)
        .rule("the line timeout runs from a line's first byte; further bytes do not extend it")
        .requires(&[ECHO])
        .run(|trial| Box::pin(slow_line::slow_line(trial))),
    check("others-unaffected")
        .task(2)
        .concurrency(6)
        .rule("100 clients that have sent only part of a line delay no other client")
        .requires(&[ECHO])
        .run(|trial| Box::pin(slow_line::others_unaffected(trial))),
    check(STALLED)
        .task(3)
        .correctness(10)
        .rule("a client that reads no answers is disconnected; one that reads slowly is not")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(stalled::stalled_reader(trial))),
    check("paused-process")
        .task(3)
        .correctness(4)
        .rule("after a long SIGSTOP, new clients are served; old ones are served or disconnected")
        .requires(&[IDLE])
        .run(|trial| Box::pin(stalled::paused_process(trial))),
    descriptors::row(3, 3)
        .requires(&[IDLE])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
    check("descriptors-return")
        .task(3)
        .cleanup(6)
        .rule("however a connection ends, the server frees its descriptor, even if the client stays")
        .requires(&[IDLE, SLOW_LINE, STALLED])
        .deadline(LONG)
        .run(|trial| Box::pin(stalled::descriptors_return(trial))),
    check("blocking-work")
        .task(4)
        .concurrency(8)
        .rule("while WORK 1000 runs for one client, others are answered and idle timeouts fire")
        .requires(&[IDLE])
        .run(|trial| Box::pin(work::blocking_work(trial))),
]);
