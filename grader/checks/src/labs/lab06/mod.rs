//! Lab 06, metrics: a server of lines whose numbers you can trust.

mod burst;
mod causes;
mod clients;
mod counters;
mod gauge;
mod histogram;
pub mod http;
mod numbers;
mod page;
mod scrape;
mod scrape_load;
mod series;

use std::time::Duration;

use course::labs::lab;
use engine::drive::{Listens, Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};
use engine::subject::Transport;

use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::lines::{self, ECHO, LineEcho};
use crate::scenarios::resources;

pub(super) static LAB: Lab = Lab {
    info: lab(6),
    service: &Service {
        programs: &[Program {
            listens: &[
                Listens { announced: "listening", transport: Transport::Tcp },
                Listens { announced: "metrics", transport: Transport::Tcp },
            ],
            ..Program::SERVER
        }],
        dial: &Tcp,
        exchange: &LineEcho,
    },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/06-metrics.md"),
    residue_check: Some("descriptors-return"),
};

const COUNTS: &str = "counts-exact";
const CONSISTENT: &str = "histogram-consistent";
const PANIC: &str = "panic-survives";
const UPDATES: &str = "no-lost-updates";

/// For checks that have many clients.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &of_lab(
    6,
    [
        lines::echo_row(3),
        lines::errors_row(1),
        check(COUNTS)
            .task(1)
            .correctness(11)
            .rule("20 clients with 30 lines each are 20 connections and 600 requests")
            .requires(&[ECHO])
            .run(|trial| Box::pin(counters::counts_exact(trial))),
        check("bytes-exact")
            .task(1)
            .correctness(8)
            .rule(
                "bytes received are those read, bytes sent those written: newlines and errors too",
            )
            .requires(&[COUNTS])
            .run(|trial| Box::pin(counters::bytes_exact(trial))),
        check("errors-by-kind")
            .task(1)
            .correctness(6)
            .rule("each kind of error is there with 0 from the start, and counts what happens")
            .requires(&[COUNTS])
            .run(|trial| Box::pin(counters::errors_by_kind(trial))),
        check(UPDATES)
            .task(1)
            .concurrency(8)
            .rule("64 clients with 200 lines at once: each is counted, every time")
            .requires(&[COUNTS])
            .deadline(LONG)
            .quiet()
            .run(|trial| Box::pin(counters::no_lost_updates(trial))),
        check("gauge-returns")
            .task(2)
            .concurrency(10)
            .rule("the gauge shows who is there, and is 0 again however the clients went")
            .requires(&[ECHO])
            .run(|trial| Box::pin(gauge::gauge_returns(trial))),
        check(PANIC)
            .task(2)
            .concurrency(8)
            .rule("a panic ends its own client, without an answer, and nothing else")
            .requires(&[ECHO])
            .run(|trial| Box::pin(gauge::panic_survives(trial))),
        descriptors::row(2, 3)
            .requires(&[ECHO])
            .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
        check("descriptors-return")
            .task(2)
            .cleanup(6)
            .rule("after 2,000 clients descriptors are as before and no client's socket is left")
            .requires(&[ECHO])
            .deadline(LONG)
            .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
        check(CONSISTENT)
            .task(3)
            .correctness(8)
            .rule("buckets are cumulative; the last one is the count, and that the requests")
            .requires(&[COUNTS, PANIC])
            .run(|trial| Box::pin(histogram::histogram_consistent(trial))),
        check("histogram-places")
            .task(3)
            .correctness(8)
            .rule("SLEEP 2, 30 and 300 fall into the buckets up to 0.01, 0.1 and 1 second")
            .requires(&[CONSISTENT])
            .run(|trial| Box::pin(histogram::histogram_places(trial))),
        check("scrape-format")
            .task(4)
            .correctness(8)
            .rule("the page is what its content type says, with HELP and TYPE; other paths are 404")
            .requires(&[ECHO])
            .run(|trial| Box::pin(scrape::scrape_format(trial))),
        check("scrape-under-load")
            .task(4)
            .concurrency(8)
            .rule(
                "50 scrapes a second among 200 busy clients: counters only grow, nobody is delayed",
            )
            .requires(&[COUNTS, UPDATES])
            .deadline(LONG)
            .quiet()
            .run(|trial| Box::pin(scrape_load::scrape_under_load(trial))),
        check("no-label-growth")
            .task(4)
            .cleanup(4)
            .rule("after 1,000 clients there are as many series as before")
            .requires(&[COUNTS])
            .run(|trial| Box::pin(series::no_label_growth(trial))),
    ],
);
