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

use course::labs::{Category, CheckInfo, lab};
use engine::drive::{Listens, Program, Service, Start, Tcp};
use engine::lab::{Check, Lab};
use engine::subject::Transport;

use crate::scenarios::lines::LineEcho;
use crate::scenarios::{lines, resources};

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
    residue_check: Some("06/descriptors-return"),
};

const ECHO: &str = "06/echo-lines";
const COUNTS: &str = "06/counts-exact";
const CONSISTENT: &str = "06/histogram-consistent";
const PANIC: &str = "06/panic-survives";
const UPDATES: &str = "06/no-lost-updates";

/// For checks that have many clients.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &[
    Check {
        info: CheckInfo {
            id: ECHO,
            task: 1,
            category: Category::Correctness,
            points: 4,
            rule: "lines are answered in order, however they are cut; a rest without newline, too",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lines::echo_lines(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: COUNTS,
            task: 1,
            category: Category::Correctness,
            points: 12,
            rule: "20 clients with 30 lines each are 20 connections and 600 requests",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(counters::counts_exact(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/bytes-exact",
            task: 1,
            category: Category::Correctness,
            points: 8,
            rule: "bytes received are those read, bytes sent those written: newlines and errors too",
            requires: &[COUNTS],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(counters::bytes_exact(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/errors-by-kind",
            task: 1,
            category: Category::Correctness,
            points: 6,
            rule: "each kind of error is there with 0 from the start, and counts what happens",
            requires: &[COUNTS],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(counters::errors_by_kind(trial)),
    },
    Check {
        info: CheckInfo {
            id: UPDATES,
            task: 1,
            category: Category::Concurrency,
            points: 8,
            rule: "64 clients with 200 lines at once: each is counted, every time",
            requires: &[COUNTS],
            deadline: LONG,
            quiet: true,
        },
        run: |trial| Box::pin(counters::no_lost_updates(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/gauge-returns",
            task: 2,
            category: Category::Concurrency,
            points: 12,
            rule: "the gauge shows who is there, and is 0 again however the clients went",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(gauge::gauge_returns(trial)),
    },
    Check {
        info: CheckInfo {
            id: PANIC,
            task: 2,
            category: Category::Concurrency,
            points: 8,
            rule: "a panic ends its own client, without an answer, and nothing else",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(gauge::panic_survives(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/descriptors-return",
            task: 2,
            category: Category::Cleanup,
            points: 6,
            rule: "after 2,000 clients descriptors are as before and no client's socket is left",
            requires: &[ECHO],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
    },
    Check {
        info: CheckInfo {
            id: CONSISTENT,
            task: 3,
            category: Category::Correctness,
            points: 8,
            rule: "buckets are cumulative; the last one is the count, and that the requests",
            requires: &[COUNTS, PANIC],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(histogram::histogram_consistent(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/histogram-places",
            task: 3,
            category: Category::Correctness,
            points: 8,
            rule: "SLEEP 2, 30 and 300 fall into the buckets up to 0.01, 0.1 and 1 second",
            requires: &[CONSISTENT],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(histogram::histogram_places(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/scrape-format",
            task: 4,
            category: Category::Correctness,
            points: 8,
            rule: "the page is what its content type says, with HELP and TYPE; other paths are 404",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(scrape::scrape_format(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/scrape-under-load",
            task: 4,
            category: Category::Concurrency,
            points: 8,
            rule: "50 scrapes a second among 200 busy clients: counters only grow, nobody is delayed",
            requires: &[COUNTS, UPDATES],
            deadline: LONG,
            quiet: true,
        },
        run: |trial| Box::pin(scrape_load::scrape_under_load(trial)),
    },
    Check {
        info: CheckInfo {
            id: "06/no-label-growth",
            task: 4,
            category: Category::Cleanup,
            points: 4,
            rule: "after 1,000 clients there are as many series as before",
            requires: &[COUNTS],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(series::no_label_growth(trial)),
    },
];
