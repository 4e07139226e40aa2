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

use course::labs::{Category, CheckInfo, lab};
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab};

use crate::scenarios::lines::{self, LineEcho};

pub(super) static LAB: Lab = Lab {
    info: lab(5),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &LineEcho },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/05-shutdown.md"),
    residue_check: None,
};

const ECHO: &str = "05/echo-lines";
const EXIT: &str = "05/exit-zero";
const IN_FLIGHT: &str = "05/in-flight-completes";
const OVERLAP: &str = "05/sleeps-overlap";

static CHECKS: &[Check] = &[
    Check {
        info: CheckInfo {
            id: ECHO,
            task: 1,
            category: Category::Correctness,
            points: 2,
            rule: "lines are answered in order, however they are cut; a rest without newline, too",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lines::echo_lines(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: OVERLAP,
            task: 1,
            category: Category::Concurrency,
            points: 2,
            rule: "while one client's SLEEP runs, another's begins and ends",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(request::sleeps_overlap(trial)),
    },
    Check {
        info: CheckInfo {
            id: EXIT,
            task: 1,
            category: Category::Correctness,
            points: 14,
            rule: "SIGTERM, and SIGINT, end an idle server with status 0",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(stop::exit_zero(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/early-signal",
            task: 1,
            category: Category::Correctness,
            points: 4,
            rule: "so does a SIGTERM that comes right after `listening on`",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(stop::early_signal(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/listener-first",
            task: 2,
            category: Category::Correctness,
            points: 12,
            rule: "while a request is under way new connects are refused, and its answer still comes",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(listener::listener_first(trial)),
    },
    Check {
        info: CheckInfo {
            id: IN_FLIGHT,
            task: 3,
            category: Category::Correctness,
            points: 16,
            rule: "a request under way is answered whole, then comes the end (no RST); then status 0",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(drain::in_flight_completes(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/idle-closed",
            task: 3,
            category: Category::Correctness,
            points: 8,
            rule: "idle clients are closed while another's request still runs",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(drain::idle_closed(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/signal-under-load",
            task: 3,
            category: Category::Concurrency,
            points: 12,
            rule: "200 busy and connecting clients: each gets whole answers or a clean end",
            requires: &[EXIT, IN_FLIGHT, OVERLAP],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(load::signal_under_load(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/grace-deadline",
            task: 4,
            category: Category::Correctness,
            points: 10,
            rule: "after the grace time it ends: `forced: N connections aborted`, status 1, not before",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(grace::grace_deadline(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/second-signal",
            task: 4,
            category: Category::Correctness,
            points: 8,
            rule: "a second signal, of either kind, ends it at once with status 130",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(grace::second_signal(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/nothing-left",
            task: 4,
            category: Category::Cleanup,
            points: 6,
            rule: "after each kind of end no process, child or listening socket survives",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(leftovers::nothing_left(trial)),
    },
    Check {
        info: CheckInfo {
            id: "05/restart-same-port",
            task: 4,
            category: Category::Cleanup,
            points: 6,
            rule: "a new server can have the port at once, with old connections in TIME_WAIT",
            requires: &[EXIT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(leftovers::restart_same_port(trial)),
    },
];
