//! Lab 02, selectors: a raw byte echo on one thread, over select, poll or epoll.

mod backend;
mod blocking;
mod causes;
mod cost;
mod edge;
mod epoll;
mod greedy;
mod select;

use std::time::Duration;

use course::labs::lab;
use engine::drive::{Program, Service, Tcp};
use engine::lab::{Check, Lab, check, of_lab};
use futures_util::TryFutureExt;

use self::backend::{EPOLL, POLL, SELECT};
use crate::scenarios::byte_echo::ByteEcho;
use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::{crowd, echo, reset, resources};

pub(super) static LAB: Lab = Lab {
    info: lab(2),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &ByteEcho },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/02-selectors.md"),
    residue_check: Some("descriptors-return"),
};

/// For checks that move much data, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const POLL_ECHO: &str = "poll/echo-bytes";
const CROWD: &str = "all-open-at-once";
const POLL_PARTIAL: &str = "poll/partial-write";
const EPOLL_ECHO: &str = "epoll/echo-bytes";
const EPOLL_IDLE: &str = "epoll/idle-is-idle";
const SIGNAL: &str = "signal-interrupt";
const EPOLL_PARTIAL: &str = "epoll/partial-write";
const EDGE_TRIGGERED: &str = "edge-triggered";

/// A check that each backend has: its rule is the same, and a student who has written one event loop passes all.
macro_rules! family {
    ("echo-bytes", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/echo-bytes"))
            .task($task)
            .correctness(5)
            .rule(
                "all 256 values, pieces of up to 64 KiB and single bytes come back equal, at once",
            )
            .run(|trial| {
                Box::pin(echo::echo_bytes(trial, &$backend.start).map_err(causes::explained))
            })
    };
    ("blocks-in-its-call", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/blocks-in-its-call"))
            .task($task)
            .concurrency(4)
            .rule(concat!(
                "idle with 50 clients, its one thread sleeps in ",
                $name,
                ", nowhere else"
            ))
            .requires(&[concat!($name, "/echo-bytes")])
            .run(|trial| Box::pin(blocking::blocks_in_its_call(trial, &$backend)))
    };
    ("partial-write", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/partial-write"))
            .task($task)
            .correctness(5)
            .rule("of a client that does not read little is buffered; nothing is lost once it does")
            .requires(&[concat!($name, "/echo-bytes")])
            .deadline(LONG)
            .run(|trial| {
                Box::pin(echo::partial_write(trial, &$backend.start).map_err(causes::explained))
            })
    };
    ("steady-cost", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/steady-cost"))
            .task($task)
            .cleanup(1)
            .rule("after 1,000 requests, a request costs as much CPU time as at first")
            // It asks for the cost of a request to a program that sleeps.
            .requires(&[concat!($name, "/idle-is-idle")])
            .run(|trial| Box::pin(cost::steady_cost(trial, &$backend)))
    };
    ("idle-is-idle", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/idle-is-idle"))
            .task($task)
            .cleanup(3)
            .rule("it sleeps when idle: before any client, with idle clients, after a stalled one")
            .requires(&[concat!($name, "/partial-write")])
            .run(|trial| Box::pin(resources::idle_is_idle(trial, &$backend.start)))
    };
}

static CHECKS: &[Check] = &of_lab(2, [
    family!("echo-bytes", "poll", POLL, 1),
    family!("blocks-in-its-call", "poll", POLL, 1),
    family!("partial-write", "poll", POLL, 1),
    family!("idle-is-idle", "poll", POLL, 1),
    family!("steady-cost", "poll", POLL, 1),
    check(CROWD)
        .task(2)
        .concurrency(5)
        .rule("500 clients are all answered while all of them are open")
        .requires(&[POLL_ECHO])
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &POLL.start, 500))),
    check("slow-reader")
        .task(2)
        .concurrency(5)
        .rule("one client that never reads delays nobody")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::slow_reader(trial, &POLL.start).map_err(causes::explained_by_stall))),
    check("accept-burst")
        .task(2)
        .concurrency(3)
        .rule("100 clients that came while the program was stopped are all served")
        .requires(&[CROWD])
        .run(|trial| Box::pin(crowd::accept_burst(trial, &POLL.start))),
    check("half-close")
        .task(2)
        .correctness(3)
        .rule("after the client's shutdown(SHUT_WR) the rest is echoed, then comes the end")
        .requires(&[POLL_ECHO])
        .run(|trial| Box::pin(echo::half_close(trial, &POLL.start).map_err(causes::explained))),
    check("no-crosstalk")
        .task(2)
        .correctness(4)
        .rule("while clients come, go and break off, no byte of one reaches another")
        .requires(&[CROWD, POLL_PARTIAL])
        .run(|trial| Box::pin(reset::no_crosstalk(trial, &POLL.start))),
    check("reset-storm")
        .task(2)
        .cleanup(4)
        .rule("after the reset (RST) of 100 clients nothing is left of them, and nothing spins")
        .requires(&[CROWD, POLL_PARTIAL])
        .run(|trial| Box::pin(reset::storm(trial, &POLL.start))),
    descriptors::row(2, 3)
        .requires(&[CROWD])
        .run(|trial| Box::pin(out_of_descriptors(trial, &POLL.start, AThird))),
    check("descriptors-return")
        .task(2)
        .cleanup(3)
        .rule("after 2,000 clients the descriptors are as before, and none is in CLOSE_WAIT")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &POLL.start))),
    family!("echo-bytes", "select", SELECT, 3),
    family!("blocks-in-its-call", "select", SELECT, 3),
    family!("partial-write", "select", SELECT, 3),
    family!("idle-is-idle", "select", SELECT, 3),
    family!("steady-cost", "select", SELECT, 3),
    check("many-descriptors")
        .task(3)
        .correctness(4)
        .rule("select with 1,200 clients: serves all, or refuses the excess and serves the others")
        // It asks whether the program spins; one that always does fails there.
        .requires(&["select/idle-is-idle"])
        .deadline(LONG)
        .run(|trial| Box::pin(select::many_descriptors(trial))),
    family!("echo-bytes", "epoll", EPOLL, 4),
    family!("blocks-in-its-call", "epoll", EPOLL, 4),
    family!("partial-write", "epoll", EPOLL, 4),
    family!("idle-is-idle", "epoll", EPOLL, 4),
    check(SIGNAL)
        .task(4)
        .correctness(4)
        .rule("epoll_wait interrupted (EINTR) by a stop and a continuation is no error")
        .requires(&[EPOLL_ECHO])
        .run(|trial| Box::pin(epoll::signal_interrupt(trial))),
    check("idle-scaling")
        .task(4)
        .concurrency(4)
        .rule("epoll: with 2,000 idle clients an echo costs at most twice as much CPU time")
        // A busy loop costs the same, with or without clients.
        .requires(&[CROWD, EPOLL_IDLE])
        .deadline(LONG)
        .run(|trial| Box::pin(cost::idle_scaling(trial))),
    check(EDGE_TRIGGERED)
        .task(5)
        .correctness(2)
        .rule("with --trigger edge (EPOLLET) all is echoed: 1 MiB at once, and after a stall")
        // What stays unread with level triggering, too, fails there, and so does what a stop breaks.
        .requires(&[EPOLL_PARTIAL, SIGNAL])
        .deadline(LONG)
        .run(|trial| Box::pin(edge::edge_triggered(trial))),
    check("greedy-clients")
        .task(5)
        .concurrency(3)
        .rule("with --trigger edge, clients that send without a pause do not starve others")
        // A program that spins has no time for its clients.
        .requires(&[EDGE_TRIGGERED, EPOLL_IDLE, "slow-reader"])
        .quiet()
        .run(|trial| Box::pin(greedy::greedy_clients(trial))),
]);
