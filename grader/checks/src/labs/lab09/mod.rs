//! Lab 09, framing: messages out of a stream of bytes, also where a client lies about their length.

mod call;
mod causes;
mod client;
mod deadline;
mod decode;
mod disorder;
mod early_allocation;
mod echo;
mod frame;
mod isolation;
mod lengths;
mod memory;
mod object;
mod oversize;
mod pipeline;
mod protocol;
mod reader;
mod refused;
mod start;
mod trickle;

use std::time::Duration;

use course::labs::{Category, CheckInfo, lab};
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab};

use self::protocol::FrameProtocol;
use crate::scenarios::{crowd, resources};

pub(super) static LAB: Lab = Lab {
    info: lab(9),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &FrameProtocol },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/09-framing.md"),
    residue_check: Some("09/descriptors-return"),
};

const SPLIT: &str = "09/split-anywhere";
const COALESCED: &str = "09/coalesced";
const ECHO: &str = "09/frames-echo";
const MAX_SIZE: &str = "09/max-size";
const ALL_OPEN: &str = "09/all-open-at-once";
const OVERSIZE: &str = "09/oversize-refused";

/// For checks that have many clients, or send much.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &[
    Check {
        info: CheckInfo {
            id: SPLIT,
            task: 1,
            category: Category::Correctness,
            points: 12,
            rule: "the same bytes, cut in two at every place or byte by byte, get the same answers",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(decode::split_anywhere(trial)),
    },
    Check {
        info: CheckInfo {
            id: COALESCED,
            task: 1,
            category: Category::Correctness,
            points: 8,
            rule: "many frames in one piece are all answered, and so are one and a half",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(decode::coalesced(trial)),
    },
    Check {
        info: CheckInfo {
            id: ECHO,
            task: 2,
            category: Category::Correctness,
            points: 8,
            rule: "echo, sum and reverse are right, `bad value` for others; after a half-close all is answered",
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(echo::frames_echo(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/pipelined-order",
            task: 2,
            category: Category::Correctness,
            points: 8,
            rule: "1,000 frames sent in one go are answered in their order, each once",
            requires: &[COALESCED, ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(pipeline::pipelined_order(trial)),
    },
    Check {
        info: CheckInfo {
            id: ALL_OPEN,
            task: 2,
            category: Category::Concurrency,
            points: 6,
            rule: "500 clients are all answered while all of them are open",
            requires: &[ECHO],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, 500)),
    },
    Check {
        info: CheckInfo {
            id: "09/bad-json",
            task: 2,
            category: Category::Correctness,
            points: 5,
            rule: "a body that is no JSON object is answered with `bad json`, and the client goes on",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(refused::bad_json(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/unknown-op",
            task: 2,
            category: Category::Correctness,
            points: 3,
            rule: "an op that there is not is answered with `unknown op` and the request's id",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(refused::unknown_op(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/zero-length",
            task: 3,
            category: Category::Correctness,
            points: 4,
            rule: "a frame without a body is answered with `empty frame`, and the client goes on",
            requires: &[ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lengths::zero_length(trial)),
    },
    Check {
        info: CheckInfo {
            id: MAX_SIZE,
            task: 3,
            category: Category::Correctness,
            points: 5,
            rule: "a body of exactly the limit is answered, with `--max-frame` and without",
            requires: &[SPLIT, ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lengths::max_size(trial)),
    },
    Check {
        info: CheckInfo {
            id: OVERSIZE,
            task: 3,
            category: Category::Correctness,
            points: 8,
            rule: "a header above the limit is answered with `frame too large` and the end, before any body",
            requires: &[COALESCED, ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(oversize::oversize_refused(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/no-early-allocation",
            task: 3,
            category: Category::Cleanup,
            points: 8,
            rule: "50 headers that announce 4 MiB each, and no body, take next to no memory",
            requires: &[ALL_OPEN, MAX_SIZE],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(early_allocation::no_early_allocation(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/truncated-frame",
            task: 3,
            category: Category::Correctness,
            points: 5,
            rule: "a frame that ends before its length is not answered: those before it are, then the end",
            requires: &[COALESCED, ECHO],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(lengths::truncated_frame(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/slow-frame",
            task: 4,
            category: Category::Concurrency,
            points: 8,
            rule: "a frame has to be whole in time, from its first byte on; silence between frames is fine",
            requires: &[COALESCED, ALL_OPEN],
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(deadline::slow_frame(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/bad-client-isolated",
            task: 4,
            category: Category::Concurrency,
            points: 8,
            rule: "clients that stall, lie, flood or do not read delay nobody, mix up nothing, and pile up nothing",
            requires: &[ALL_OPEN, OVERSIZE, "09/bad-json"],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(isolation::bad_client_isolated(trial)),
    },
    Check {
        info: CheckInfo {
            id: "09/descriptors-return",
            task: 4,
            category: Category::Cleanup,
            points: 4,
            rule: "after 2,000 clients descriptors are as before and no socket of theirs is left",
            requires: &[ALL_OPEN],
            deadline: LONG,
            ..CheckInfo::DEFAULT
        },
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
    },
];
