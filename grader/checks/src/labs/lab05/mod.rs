//! Lab 05, shutdown: a line server that shuts down gracefully.

mod causes;
mod drain;
mod exit;
mod grace;
mod leftovers;
mod listener;
mod load;
mod request;
mod signal;
mod start;
mod stop;

use course::labs::lab;
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};

use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::lines::{self, ECHO, LineEcho, OVERLAP};

pub(super) static LAB: Lab = Lab {
    info: lab(5),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &LineEcho },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/05-shutdown.md"),
    residue_check: None,
};

const EXIT: &str = "exit-zero";
const IN_FLIGHT: &str = "in-flight-completes";

static CHECKS: &[Check] = &of_lab(
    5,
    [
        lines::echo_row(1),
        lines::errors_row(1),
        lines::overlap_row(2),
        check(EXIT)
            .task(1)
            .correctness(12)
            .rule("on SIGTERM or SIGINT, an idle server exits with status 0")
            .requires(&[ECHO])
            .run(|trial| Box::pin(stop::exit_zero(trial))),
        check("early-signal")
            .task(1)
            .correctness(4)
            .rule("if SIGTERM arrives right after `listening on` is printed, the exit status is 0")
            .requires(&[EXIT])
            .run(|trial| Box::pin(stop::early_signal(trial))),
        descriptors::row(1, 2)
            .requires(&[OVERLAP])
            .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
        check("listener-first")
            .task(2)
            .correctness(12)
            .rule("after SIGTERM, new connections are refused, but a request in flight is answered")
            .requires(&[EXIT])
            .run(|trial| Box::pin(listener::listener_first(trial))),
        check(IN_FLIGHT)
            .task(3)
            .correctness(12)
            .rule("after SIGTERM, requests in flight are answered before EOF; the exit status is 0")
            .requires(&[EXIT])
            .run(|trial| Box::pin(drain::in_flight_completes(trial))),
        check("unread-answers")
            .task(3)
            .correctness(4)
            .rule("after SIGTERM, even a client that reads slowly gets complete answers, then EOF")
            .requires(&[IN_FLIGHT, OVERLAP])
            .run(|trial| Box::pin(drain::unread_answers(trial))),
        check("idle-closed")
            .task(3)
            .correctness(8)
            .rule("after SIGTERM, idle clients are disconnected even while a request is in flight")
            .requires(&[EXIT])
            .run(|trial| Box::pin(drain::idle_closed(trial))),
        check("signal-under-load")
            .task(3)
            .concurrency(12)
            .rule("when SIGTERM arrives with 200 clients busy or connecting, no answer is cut short")
            .requires(&[EXIT, IN_FLIGHT, OVERLAP])
            .run(|trial| Box::pin(load::signal_under_load(trial))),
        check("grace-deadline")
            .task(4)
            .correctness(10)
            .rule("if requests outlast the grace period: `forced: N connections aborted`, status 1")
            .requires(&[EXIT])
            .run(|trial| Box::pin(grace::grace_deadline(trial))),
        check("second-signal")
            .task(4)
            .correctness(8)
            .rule("a second SIGTERM or SIGINT ends the server immediately with status 130")
            .requires(&[EXIT])
            .run(|trial| Box::pin(grace::second_signal(trial))),
        check("nothing-left")
            .task(4)
            .cleanup(6)
            .rule("however the server exits, it leaves behind no child process and no listening socket")
            .requires(&[EXIT])
            .run(|trial| Box::pin(leftovers::nothing_left(trial))),
        check("restart-same-port")
            .task(4)
            .cleanup(6)
            .rule("a restarted server can bind its port immediately, despite connections in TIME_WAIT")
            .requires(&[EXIT])
            .run(|trial| Box::pin(leftovers::restart_same_port(trial))),
    ],
);
