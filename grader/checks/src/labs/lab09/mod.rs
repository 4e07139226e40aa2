//! Lab 09, framing: messages from a stream of bytes, even if a client lies about their length.

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

use course::labs::lab;
use engine::drive::{Program, Service, Start, Tcp};
use engine::lab::{Check, Lab, check, of_lab};

use self::protocol::FrameProtocol;
use self::start::PATIENT;
use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};
use crate::scenarios::{crowd, resources};

pub(super) static LAB: Lab = Lab {
    info: lab(9),
    service: &Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &FrameProtocol },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/09-framing.md"),
    residue_check: Some("descriptors-return"),
};

const SPLIT: &str = "split-anywhere";
const COALESCED: &str = "coalesced";
const ECHO: &str = "frames-echo";
const MAX_SIZE: &str = "max-size";
const ALL_OPEN: &str = "all-open-at-once";
const OVERSIZE: &str = "oversize-refused";

/// For checks that have many clients or send much.
const LONG: Duration = Duration::from_secs(60);

static CHECKS: &[Check] = &of_lab(9, [
    check(SPLIT)
        .task(1)
        .correctness(10)
        .rule("a frame gets the same answer if sent whole, cut in two anywhere or byte by byte")
        .run(|trial| Box::pin(decode::split_anywhere(trial))),
    check(COALESCED)
        .task(1)
        .correctness(7)
        .rule("frames arriving together are all answered; a partial one is answered when completed")
        .run(|trial| Box::pin(decode::coalesced(trial))),
    check(ECHO)
        .task(2)
        .correctness(8)
        .rule("echo, sum and reverse return the result or `bad value`, even after a half-close")
        .run(|trial| Box::pin(echo::frames_echo(trial))),
    check("pipelined-order")
        .task(2)
        .correctness(8)
        .rule("1,000 frames sent without a pause are answered once each, in order")
        .requires(&[COALESCED, ECHO])
        .run(|trial| Box::pin(pipeline::pipelined_order(trial))),
    check(ALL_OPEN)
        .task(2)
        .concurrency(6)
        .rule("500 simultaneous clients are all answered")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, 500))),
    check("bad-json")
        .task(2)
        .correctness(5)
        .rule("a body that is not a JSON object gets `bad json`; the connection stays open")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refused::bad_json(trial))),
    check("unknown-op")
        .task(2)
        .correctness(3)
        .rule("an unknown op is answered with `unknown op` and the request's id")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refused::unknown_op(trial))),
    check("zero-length")
        .task(3)
        .correctness(4)
        .rule("a frame with an empty body gets `empty frame`; the connection stays open")
        .requires(&[ECHO])
        .run(|trial| Box::pin(lengths::zero_length(trial))),
    check(MAX_SIZE)
        .task(3)
        .correctness(5)
        .rule("a body of exactly the maximum length is answered, by default and with --max-frame")
        .requires(&[SPLIT, ECHO])
        .run(|trial| Box::pin(lengths::max_size(trial))),
    check(OVERSIZE)
        .task(3)
        .correctness(8)
        .rule("a length above the maximum gets `frame too large`, then EOF, before any body arrives")
        .requires(&[COALESCED, ECHO])
        .run(|trial| Box::pin(oversize::oversize_refused(trial))),
    check("no-early-allocation")
        .task(3)
        .cleanup(8)
        .rule("50 headers announcing 4 MiB each, with no body sent, cost less than 50 MiB of memory")
        .requires(&[ALL_OPEN, MAX_SIZE])
        .run(|trial| Box::pin(early_allocation::no_early_allocation(trial))),
    check("truncated-frame")
        .task(3)
        .correctness(5)
        .rule("a truncated frame gets no answer; complete frames before it do, then EOF follows")
        .requires(&[COALESCED, ECHO])
        .run(|trial| Box::pin(lengths::truncated_frame(trial))),
    check("slow-frame")
        .task(4)
        .concurrency(8)
        .rule("the frame timeout runs from a frame's first byte; silence between frames is allowed")
        .requires(&[COALESCED, ALL_OPEN])
        .run(|trial| Box::pin(deadline::slow_frame(trial))),
    check("bad-client-isolated")
        .task(4)
        .concurrency(8)
        .rule("clients that stall, send junk or never read use little memory and delay no others")
        .requires(&[ALL_OPEN, OVERSIZE, "bad-json"])
        .deadline(LONG)
        .run(|trial| Box::pin(isolation::bad_client_isolated(trial))),
    check("descriptors-return")
        .task(4)
        .cleanup(4)
        .rule("once 2,000 clients have left, no descriptor has leaked and no client socket is open")
        .requires(&[ALL_OPEN])
        .deadline(LONG)
        .run(|trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN))),
    descriptors::row(2, 3)
        .requires(&[ALL_OPEN, "truncated-frame"])
        .run(|trial| Box::pin(out_of_descriptors(trial, &PATIENT, AThird))),
]);
