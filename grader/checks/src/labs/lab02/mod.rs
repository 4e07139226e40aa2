//! Lab 02, selectors: a raw byte echo on one thread, with select, poll or epoll.

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

/// For checks with a lot of data or many clients.
const LONG: Duration = Duration::from_secs(60);

const POLL_ECHO: &str = "poll/echo-bytes";
const CROWD: &str = "all-open-at-once";
const POLL_PARTIAL: &str = "poll/partial-write";
const EPOLL_ECHO: &str = "epoll/echo-bytes";
const EPOLL_IDLE: &str = "epoll/idle-is-idle";
const SIGNAL: &str = "signal-interrupt";
const EPOLL_PARTIAL: &str = "epoll/partial-write";
const EDGE_TRIGGERED: &str = "edge-triggered";

/// A check with the same rule for each backend. A student who has written one event loop for all backends passes each
/// of them.
macro_rules! family {
    ("echo-bytes", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/echo-bytes"))
            .task($task)
            .correctness(5)
            .rule("arbitrary bytes, in chunks of 1 byte to 64 KiB, are echoed unchanged and immediately")
            .run(|trial| {
                Box::pin(echo::echo_bytes(trial, &$backend.start).map_err(causes::explained))
            })
    };
    ("blocks-in-its-call", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/blocks-in-its-call"))
            .task($task)
            .concurrency(4)
            .rule(concat!(
                "with 50 idle clients, the server's only thread sleeps in ",
                $name,
                " and nowhere else"
            ))
            .requires(&[concat!($name, "/echo-bytes")])
            .run(|trial| Box::pin(blocking::blocks_in_its_call(trial, &$backend)))
    };
    ("partial-write", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/partial-write"))
            .task($task)
            .correctness(5)
            .rule("little is buffered for a client that does not read, and nothing is lost")
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
            .rule("after 5,000 requests, a request costs at most four times the initial CPU time")
            // It measures what a request costs a sleeping program.
            .requires(&[concat!($name, "/idle-is-idle")])
            .run(|trial| Box::pin(cost::steady_cost(trial, &$backend)))
    };
    ("idle-is-idle", $name:literal, $backend:ident, $task:literal) => {
        check(concat!($name, "/idle-is-idle"))
            .task($task)
            .cleanup(3)
            .rule("the server sleeps whether it has no clients, only idle ones, or one that is stalled")
            .requires(&[concat!($name, "/partial-write")])
            .run(|trial| Box::pin(resources::idle_is_idle(trial, &$backend.start)))
    };
}

static CHECKS: &[Check] = &of_lab(
    2,
    [
        family!("echo-bytes", "poll", POLL, 1),
        family!("blocks-in-its-call", "poll", POLL, 1),
        family!("partial-write", "poll", POLL, 1),
        family!("idle-is-idle", "poll", POLL, 1),
        family!("steady-cost", "poll", POLL, 1),
        check(CROWD)
            .task(2)
            .concurrency(5)
            .rule("500 simultaneous clients are all answered")
            .requires(&[POLL_ECHO])
            .run(|trial| Box::pin(crowd::all_open_at_once(trial, &POLL.start, 500))),
        check("slow-reader")
            .task(2)
            .concurrency(5)
            .rule("a client that never reads delays no other client")
            .requires(&[CROWD])
            .run(|trial| {
                Box::pin(crowd::slow_reader(trial, &POLL.start).map_err(causes::explained_by_stall))
            }),
        check("accept-burst")
            .task(2)
            .concurrency(3)
            .rule("100 clients that connect while the server is stopped are all served after SIGCONT")
            .requires(&[CROWD])
            .run(|trial| Box::pin(crowd::accept_burst(trial, &POLL.start))),
        check("half-close")
            .task(2)
            .correctness(3)
            .rule("a client that half-closes (SHUT_WR) gets its remaining bytes back, then EOF")
            .requires(&[POLL_ECHO])
            .run(|trial| Box::pin(echo::half_close(trial, &POLL.start).map_err(causes::explained))),
        check("no-crosstalk")
            .task(2)
            .correctness(4)
            .rule("as clients connect and leave (FIN or RST), no client gets another client's bytes")
            .requires(&[CROWD, POLL_PARTIAL])
            .run(|trial| Box::pin(reset::no_crosstalk(trial, &POLL.start))),
        check("reset-storm")
            .task(2)
            .cleanup(4)
            .rule("after 100 clients send RST, the server closes their sockets and does not spin")
            .requires(&[CROWD, POLL_PARTIAL])
            .run(|trial| Box::pin(reset::storm(trial, &POLL.start))),
        descriptors::row(2, 3)
            .requires(&[CROWD])
            .run(|trial| Box::pin(out_of_descriptors(trial, &POLL.start, AThird))),
        check("descriptors-return")
            .task(2)
            .cleanup(3)
            .rule(
                "once 2,000 clients have left, no descriptor has leaked and no client socket is open",
            )
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
            .rule("with select, clients beyond FD_SETSIZE wait or are refused; all others are served")
            // It, too, detects spinning; a program that always spins fails the required check.
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
            .rule("when SIGSTOP and SIGCONT make epoll_wait fail with EINTR, clients are still served")
            .requires(&[EPOLL_ECHO])
            .run(|trial| Box::pin(epoll::signal_interrupt(trial))),
        check("idle-scaling")
            .task(4)
            .concurrency(4)
            .rule("with epoll, an echo costs at most twice the CPU time when 2,000 clients are idle")
            // A busy loop costs the same, with or without clients.
            .requires(&[CROWD, EPOLL_IDLE])
            .deadline(LONG)
            .run(|trial| Box::pin(cost::idle_scaling(trial))),
        check(EDGE_TRIGGERED)
            .task(5)
            .correctness(2)
            .rule(
                "--trigger edge sets EPOLLET; no byte is lost in 1 MiB bursts or after a stall",
            )
            // These checks fail a program that leaves data unread even with level triggering, or that a stop breaks.
            .requires(&[EPOLL_PARTIAL, SIGNAL])
            .deadline(LONG)
            .run(|trial| Box::pin(edge::edge_triggered(trial))),
        check("greedy-clients")
            .task(5)
            .concurrency(3)
            .rule("with --trigger edge, clients that send without a pause do not starve the others")
            // A program that spins has no time for its clients.
            .requires(&[EDGE_TRIGGERED, EPOLL_IDLE, "slow-reader"])
            .quiet()
            .run(|trial| Box::pin(greedy::greedy_clients(trial))),
    ],
);
