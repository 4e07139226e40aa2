//! Lab 06, metrics: a line server whose numbers you can trust.

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

/// For checks with many clients.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &of_lab(6, [
    lines::echo_row(3),
    lines::errors_row(1),
    check(COUNTS)
        .task(1)
        .correctness(11)
        .rule("20 clients that send 30 lines each are counted as 20 connections and 600 requests")
        .requires(&[ECHO])
        .run(|trial| Box::pin(counters::counts_exact(trial))),
    check("bytes-exact")
        .task(1)
        .correctness(8)
        .rule("the byte counters count every byte read and every byte written, even on errors")
        .requires(&[COUNTS])
        .run(|trial| Box::pin(counters::bytes_exact(trial))),
    check("errors-by-kind")
        .task(1)
        .correctness(6)
        .rule("the metrics page lists every error kind, initially 0; each error is counted once")
        .requires(&[COUNTS])
        .run(|trial| Box::pin(counters::errors_by_kind(trial))),
    check(UPDATES)
        .task(1)
        .concurrency(8)
        .rule("when 64 clients send 200 lines each at the same time, no counter update is lost")
        .requires(&[COUNTS])
        .deadline(LONG)
        .quiet()
        .run(|trial| Box::pin(counters::no_lost_updates(trial))),
    check("gauge-returns")
        .task(2)
        .concurrency(10)
        .rule("the gauge shows how many clients are connected, and returns to 0 however they leave")
        .requires(&[ECHO])
        .run(|trial| Box::pin(gauge::gauge_returns(trial))),
    check(PANIC)
        .task(2)
        .concurrency(8)
        .rule("a request that panics gets no answer and closes only its own connection")
        .requires(&[ECHO])
        .run(|trial| Box::pin(gauge::panic_survives(trial))),
    descriptors::row(2, 3)
        .requires(&[ECHO])
        .run(|trial| Box::pin(out_of_descriptors(trial, &Start::PLAIN, AThird))),
    check("descriptors-return")
        .task(2)
        .cleanup(6)
        .rule("once 2,000 clients have left, no descriptor has leaked and no client socket is open")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    check(CONSISTENT)
        .task(3)
        .correctness(8)
        .rule("buckets are cumulative; `+Inf` equals `_count`, which equals the number of requests")
        .requires(&[COUNTS, PANIC])
        .run(|trial| Box::pin(histogram::histogram_consistent(trial))),
    check("histogram-places")
        .task(3)
        .correctness(8)
        .rule("requests of 2, 30 and 300 ms land in the 0.01, 0.1 and 1 s buckets, respectively")
        .requires(&[CONSISTENT])
        .run(|trial| Box::pin(histogram::histogram_places(trial))),
    check("scrape-format")
        .task(4)
        .correctness(8)
        .rule("/metrics matches its content type and has HELP and TYPE lines; other paths get 404")
        .requires(&[ECHO])
        .run(|trial| Box::pin(scrape::scrape_format(trial))),
    check("scrape-under-load")
        .task(4)
        .concurrency(8)
        .rule("with 200 busy clients, 50 scrapes a second delay no client, and counters only grow")
        .requires(&[COUNTS, UPDATES])
        .deadline(LONG)
        .quiet()
        .run(|trial| Box::pin(scrape_load::scrape_under_load(trial))),
    check("no-label-growth")
        .task(4)
        .cleanup(4)
        .rule("1,000 more clients add no time series to the metrics page")
        .requires(&[COUNTS])
        .run(|trial| Box::pin(series::no_label_growth(trial))),
]);
