//! Lab 05, shutdown: a server of lines that stops, and keeps its promises to its clients.

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
            .rule("SIGTERM, and SIGINT, end an idle server with status 0")
            .requires(&[ECHO])
            .run(|trial| Box::pin(stop::exit_zero(trial))),
        check("early-signal")
            .task(1)
            .correctness(4)
            .rule("so does a SIGTERM that comes right after `listening on`")
            .requires(&[EXIT])
            .run(|trial| Box::pin(stop::early_signal(trial))),
        descriptors::row(1, 2)
            .requires(&[OVERLAP])
            .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
        check("listener-first")
            .task(2)
            .correctness(12)
            .rule(
                "while a request is under way new connects are refused, and its answer still comes",
            )
            .requires(&[EXIT])
            .run(|trial| Box::pin(listener::listener_first(trial))),
        check(IN_FLIGHT)
            .task(3)
            .correctness(12)
            .rule(
                "a request under way is answered whole, then comes the end (no RST); then status 0",
            )
            .requires(&[EXIT])
            .run(|trial| Box::pin(drain::in_flight_completes(trial))),
        check("unread-answers")
            .task(3)
            .correctness(4)
            .rule("a client that has not read its answers yet gets whole ones, then the end")
            .requires(&[IN_FLIGHT, OVERLAP])
            .run(|trial| Box::pin(drain::unread_answers(trial))),
        check("idle-closed")
            .task(3)
            .correctness(8)
            .rule("idle clients are closed while another's request still runs")
            .requires(&[EXIT])
            .run(|trial| Box::pin(drain::idle_closed(trial))),
        check("signal-under-load")
            .task(3)
            .concurrency(12)
            .rule("200 busy and connecting clients: each gets whole answers or a clean end")
            .requires(&[EXIT, IN_FLIGHT, OVERLAP])
            .run(|trial| Box::pin(load::signal_under_load(trial))),
        check("grace-deadline")
            .task(4)
            .correctness(10)
            .rule("the end of the grace time gives `forced: N connections aborted` and status 1")
            .requires(&[EXIT])
            .run(|trial| Box::pin(grace::grace_deadline(trial))),
        check("second-signal")
            .task(4)
            .correctness(8)
            .rule("a second signal, of either kind, ends it at once with status 130")
            .requires(&[EXIT])
            .run(|trial| Box::pin(grace::second_signal(trial))),
        check("nothing-left")
            .task(4)
            .cleanup(6)
            .rule("after each kind of end no process, child or listening socket survives")
            .requires(&[EXIT])
            .run(|trial| Box::pin(leftovers::nothing_left(trial))),
        check("restart-same-port")
            .task(4)
            .cleanup(6)
            .rule("a new server can have the port at once, with old connections in TIME_WAIT")
            .requires(&[EXIT])
            .run(|trial| Box::pin(leftovers::restart_same_port(trial))),
    ],
);
