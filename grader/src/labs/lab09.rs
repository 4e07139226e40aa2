//! Lab 09, framing: messages out of a stream of bytes, also where somebody lies about their length.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Category, Check, Lab, Task};
use crate::capture::{count, size, time};
use crate::client::Window;
use crate::outcome::Stop;
use crate::scenarios::clock::{self, unless_late};
use crate::scenarios::frames::{
    Call, Caller, FrameEcho, HEADER, error, frame, has, header, joined, shown, shown_body,
    shown_cut, shown_frames, some_id,
};
use crate::scenarios::{Answer, MORE_THAN_FITS, Service, Tcp, crowd, growth, resources};
use crate::server::{Client, Server, Start, beside, ramped};
use crate::trial::Trial;

pub static LAB: Lab = Lab {
    number: 9,
    topic: "framing",
    title: "Messages out of a stream",
    minutes: 90,
    dependencies: &[
        "bytes",
        "clap",
        "futures-util",
        "serde",
        "serde_json",
        "thiserror",
        "tokio",
        "tokio-util",
    ],
    borrows: &[],
    service: &Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &FrameEcho },
    tasks: &[
        Task { number: 1, title: "decode", core: true },
        Task { number: 2, title: "encode and serve", core: true },
        Task { number: 3, title: "hostile lengths", core: false },
        Task { number: 4, title: "deadlines", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/09-framing.md"),
};

const SPLIT: &str = "09/split-anywhere";
const COALESCED: &str = "09/coalesced";
const ECHO: &str = "09/frames-echo";
const MAX_SIZE: &str = "09/max-size";
const ALL_OPEN: &str = "09/all-open-at-once";
const OVERSIZE: &str = "09/oversize-refused";

/// For checks that have many clients, or send much.
const LONG: Duration = Duration::from_secs(60);

/// No deadline ends a frame here, however late the grader is with the rest of it.
const PATIENT: Start = Start { flags: &["--frame-timeout-ms", "60000"], ..Start::PLAIN };

/// What `--max-frame` is where it is not given.
const USUAL_LIMIT: usize = 1_048_576;

static CHECKS: &[Check] = &[
    Check {
        id: SPLIT,
        task: 1,
        category: Category::Correctness,
        points: 12,
        rule: "the same bytes, cut in two at every place or byte by byte, get the same answers",
        run: |trial| Box::pin(split_anywhere(trial)),
        ..Check::USUAL
    },
    Check {
        id: COALESCED,
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "many frames in one piece are all answered, and so are one and a half",
        run: |trial| Box::pin(coalesced(trial)),
        ..Check::USUAL
    },
    Check {
        id: ECHO,
        task: 2,
        category: Category::Correctness,
        points: 8,
        rule: "echo, sum and reverse are right, `bad value` for others; after a half-close all is answered",
        run: |trial| Box::pin(frames_echo(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/pipelined-order",
        task: 2,
        category: Category::Correctness,
        points: 8,
        rule: "1,000 frames sent in one go are answered in their order, each once",
        requires: &[COALESCED, ECHO],
        run: |trial| Box::pin(pipelined_order(trial)),
        ..Check::USUAL
    },
    Check {
        id: ALL_OPEN,
        task: 2,
        category: Category::Concurrency,
        points: 6,
        rule: "500 clients are all answered while all of them are open",
        requires: &[ECHO],
        deadline: LONG,
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &Start::PLAIN, 500)),
        ..Check::USUAL
    },
    Check {
        id: "09/bad-json",
        task: 2,
        category: Category::Correctness,
        points: 5,
        rule: "a body that is no JSON object is answered with `bad json`, and the client goes on",
        requires: &[ECHO],
        run: |trial| Box::pin(bad_json(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/unknown-op",
        task: 2,
        category: Category::Correctness,
        points: 3,
        rule: "an op that there is not is answered with `unknown op` and the request's id",
        requires: &[ECHO],
        run: |trial| Box::pin(unknown_op(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/zero-length",
        task: 3,
        category: Category::Correctness,
        points: 4,
        rule: "a frame without a body is answered with `empty frame`, and the client goes on",
        requires: &[ECHO],
        run: |trial| Box::pin(zero_length(trial)),
        ..Check::USUAL
    },
    Check {
        id: MAX_SIZE,
        task: 3,
        category: Category::Correctness,
        points: 5,
        rule: "a body of exactly the limit is answered, with `--max-frame` and without",
        requires: &[SPLIT, ECHO],
        run: |trial| Box::pin(max_size(trial)),
        ..Check::USUAL
    },
    Check {
        id: OVERSIZE,
        task: 3,
        category: Category::Correctness,
        points: 8,
        rule: "a header above the limit is answered with `frame too large` and the end, before any body",
        requires: &[COALESCED, ECHO],
        run: |trial| Box::pin(oversize_refused(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/no-early-allocation",
        task: 3,
        category: Category::Cleanup,
        points: 8,
        rule: "50 headers that announce 4 MiB each, and no body, take next to no memory",
        requires: &[ALL_OPEN, MAX_SIZE],
        run: |trial| Box::pin(no_early_allocation(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/truncated-frame",
        task: 3,
        category: Category::Correctness,
        points: 5,
        rule: "a frame that ends before its length is not answered: those before it are, then the end",
        requires: &[COALESCED, ECHO],
        run: |trial| Box::pin(truncated_frame(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/slow-frame",
        task: 4,
        category: Category::Concurrency,
        points: 8,
        rule: "a frame has to be whole in time, from its first byte on; silence between frames is fine",
        requires: &[COALESCED, ALL_OPEN],
        run: |trial| Box::pin(slow_frame(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/bad-client-isolated",
        task: 4,
        category: Category::Concurrency,
        points: 8,
        rule: "clients that stall, lie, flood or do not read delay nobody, mix up nothing, and pile up nothing",
        requires: &[ALL_OPEN, OVERSIZE, "09/bad-json"],
        deadline: LONG,
        run: |trial| Box::pin(bad_client_isolated(trial)),
        ..Check::USUAL
    },
    Check {
        id: "09/descriptors-return",
        task: 4,
        category: Category::Cleanup,
        points: 4,
        rule: "after 2,000 clients descriptors are as before and no socket of theirs is left",
        requires: &[ALL_OPEN],
        deadline: LONG,
        run: |trial| Box::pin(resources::descriptors_return(trial, &Start::PLAIN)),
        ..Check::USUAL
    },
];

/// Three calls, one of each op, with characters of several bytes.
fn one_of_each(trial: &Trial) -> [Call; 3] {
    let id = some_id(trial);
    let text = format!("é🦀{}", trial.text(4));
    let terms = [trial.number(1..=9), trial.number(1..=9)];
    [
        Call::echo(id, &json!(text)),
        Call::sum(id + 1, &json!(terms), &json!(terms.iter().sum::<usize>())),
        Call::reverse(id + 2, &trial.text(6)),
    ]
}

const KEPT: &str = "what one read returns may end anywhere, inside the header, too: collect what comes, take a frame \
                    out once it is whole, and keep what is left for the next read";

/// The answers to whole frames are the measure: whether they are right is asked elsewhere.
async fn split_anywhere(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&PATIENT).await?;
    let calls = one_of_each(trial);
    let names = ["echo", "sum", "reverse"];
    trial.step(
        "connect client A, send three frames whole, each after the answer to the one before: echo, sum, reverse",
    );
    let client = Caller::connect(&server, "client A").await?;
    let mut answers = Vec::new();
    for call in &calls {
        client.send(&call.frame()).await?;
        let expected = format!("client A gets an answer to request {}", call.request["id"]);
        let id = json!({ "id": call.request["id"] });
        let mut answer = client.expect_as(&expected, &id, "").await?;
        // What else it may have need not be the same each time.
        if let Some(members) = answer.as_object_mut() {
            members.retain(|name, _| ["id", "ok", "error"].contains(&name.as_str()));
        }
        answers.push(answer);
    }
    let far_end = client.far_end()?;
    for ((call, answer), name) in calls.iter().zip(&answers).zip(names) {
        let bytes = call.frame();
        trial.step(format!(
            "send the {name} again in two pieces, the second one when the first was read: cut at each of {} \
             places",
            bytes.len() - 1
        ));
        for cut in 1..bytes.len() {
            let (one, two) = bytes.split_at(cut);
            client.send(one).await?;
            client.expect_read(far_end.as_ref()).await;
            client.send(two).await?;
            client.sends(shown_cut(&bytes, cut));
            client.expect(answer, KEPT).await?;
        }
    }
    client.finish().await?;
    trial.step("connect client B, send the same three frames byte by byte");
    let client = Caller::connect(&server, "client B").await?;
    let mut far_end = None;
    for (call, answer) in calls.iter().zip(&answers) {
        let bytes = call.frame();
        for byte in &bytes {
            client.send(&[*byte]).await?;
            if far_end.is_none() {
                // As long as nobody has accepted it there is none.
                far_end = client.far_end()?;
            }
            client.expect_read(far_end.as_ref()).await;
        }
        client.sends(format!("byte by byte {}", shown_frames(&bytes)));
        client.expect(answer, KEPT).await?;
    }
    client.finish().await
}

async fn coalesced(trial: &Trial) -> Result<(), Stop> {
    const FRAMES: usize = 30;
    const REST: &str = "one read may return several frames: after each that was taken out look whether the next one \
                        is whole, and read again only when it is not";
    const HALF: &str = "an answer is sent as soon as its frame is whole, whatever has come of the next one, of which \
                        nothing may be lost";
    let server = trial.start(&PATIENT).await?;
    let id = some_id(trial);
    let some = |number: usize| -> Vec<Call> {
        (0..number as u64).map(|index| Call::any(trial, id + index)).collect()
    };
    for number in [2, FRAMES] {
        let calls = some(number);
        let bytes = joined(&calls);
        trial.step(format!("send {number} frames in one piece of {}", size(bytes.len() as u64)));
        let client = Caller::connect(&server, "the client").await?;
        client.client.send(&bytes.into()).await?;
        for (index, call) in calls.iter().enumerate() {
            client.sends(format!(
                "{number} frames in one piece, this as number {}: {}",
                index + 1,
                shown(&call.request)
            ));
            client.expect(&call.answer, REST).await?;
        }
        client.finish().await?;
    }
    trial.step(
        "send one frame and a half; once the first is answered the rest, and another half with it, and so on: cut \
         in the header, after it, and in the body",
    );
    let client = Caller::connect(&server, "the client").await?;
    let cuts = [2, HEADER, HEADER + 5, 1, 3];
    let calls = some(cuts.len() + 1);
    let mut rest = calls[0].frame();
    for ((pair, cut), index) in calls.windows(2).zip(cuts).zip(1..) {
        let next = pair[1].frame();
        let (half, kept) = next.split_at(cut);
        let piece = [&rest[..], half].concat();
        client.client.send(&piece.into()).await?;
        client.sends(format!(
            "frame {index} to its end, and with it {} of frame {}",
            size(cut as u64),
            index + 1
        ));
        client.expect(&pair[0].answer, HALF).await?;
        // Half a frame lies there for a moment: who drops what it has read of it has time to do so.
        client.expect_read(client.far_end()?.as_ref()).await;
        rest = kept.to_vec();
    }
    client.send(&rest).await?;
    client.sends(format!("the rest of frame {}", calls.len()));
    client.expect(&calls[cuts.len()].answer, HALF).await?;
    client.finish().await
}

async fn frames_echo(trial: &Trial) -> Result<(), Stop> {
    /// With `.0` behind it, too, its digits are fewer than 2^53: any parser reads it exactly, however simple.
    const LARGE: u64 = 800_000_000_000_001;
    const SAME: &str =
        "`echo` gives back any value as it came: a number, a string, null, a list, an object";
    const SUM: &str = "`sum` adds numbers, whole or not, of either sign; of none it is 0";
    const SCALARS: &str = "`reverse` turns Unicode scalar values around, which Rust calls `char`: neither bytes nor what \
                           a reader takes for one character";
    const VALUE: &str = "a value that the op cannot take is answered with `bad value` and the request's id, and the \
                         connection goes on";
    let server = trial.start(&Start::PLAIN).await?;
    let client = Caller::connect(&server, "client A").await?;
    let word = trial.word_text();
    let mut id = some_id(trial);
    let mut next = || {
        id += 1;
        id
    };
    trial.step("connect client A; echo: values of each type");
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-7),
        json!(2.5),
        json!(LARGE),
        json!(""),
        json!(word),
        json!(format!("\"{word}\" \\ / \u{8}\u{c}\n\r\t\u{1}\u{7f}")),
        json!(format!("äß → 🦀 {word} \u{2028} \u{fffd}")),
        json!([]),
        json!({}),
        json!([1, [2, ["three", null]], { "four": [5.5] }]),
        json!({ "id": 0, "op": "sum", "value": [word], "ok": 1, "error": null, "ä": { "b": {} } }),
        json!("[1,2]"),
        json!(trial.text(20_000)),
    ];
    for value in &values {
        client.ask(&Call::echo(next(), value), SAME).await?;
    }
    for id in [0, LARGE] {
        client.ask(&Call::echo(id, &json!(word)), "an id comes back as it is").await?;
    }
    trial.step("sum: whole numbers and others, negative ones, none, many");
    let half = trial.number(1..=1000) as f64 + 0.5;
    let many: Vec<_> = (0..1000).map(|_| trial.number(0..=1_000_000)).collect();
    let sums = [
        (json!([1, 2, 3]), json!(6)),
        (json!([half, 0.5, -3.5]), json!(half - 3.0)),
        (json!([-1, -2, 2.5]), json!(-0.5)),
        (json!([7]), json!(7)),
        (json!([]), json!(0)),
        (json!([LARGE - 7, 7]), json!(LARGE)),
        (json!(many), json!(many.iter().sum::<usize>())),
    ];
    for (terms, sum) in sums {
        client.ask(&Call::sum(next(), &terms, &sum), SUM).await?;
    }
    trial.step("reverse: letters, é and 🦀, a combining accent, nothing, much");
    let long = trial.text(20_000);
    for text in ["", "x", &word, "été 🦀!", "e\u{301}x", "👩\u{200d}🚀 ab", "a\"\\\n", &long]
    {
        client.ask(&Call::reverse(next(), text), SCALARS).await?;
    }
    trial.step("the same JSON in another form: spaces, another order, escapes");
    let id = next();
    let body = format!(
        "\n {{ \"value\" : \"\\u00e9\\ud83e\\udd80\\/{word}\", \"id\" :{id},\t\"op\":\"r\\u0065verse\" }} "
    );
    let reversed: String = format!("é🦀/{word}").chars().rev().collect();
    client.send(&frame(body.as_bytes())).await?;
    let cause = "the body is JSON in any of its forms: leave reading it to a library";
    client.expect(&json!({ "id": id, "ok": reversed }), cause).await?;
    trial.step("an id that is no whole number comes back as it is, too");
    for id in [json!(word), json!(2.5), json!(null)] {
        client
            .send(&frame(json!({ "id": id, "op": "echo", "value": word }).to_string().as_bytes()))
            .await?;
        client.expect(&json!({ "id": id, "ok": word }), "an id comes back as it is").await?;
    }
    trial.step("values that sum and reverse cannot take, or none: `bad value`");
    let no_lists = [json!("1"), json!(5), json!(null), json!({ "a": 1 }), json!(true)];
    let no_numbers =
        [json!(["1"]), json!([1, null]), json!([[1]]), json!([1, {}]), json!([1, true])];
    for value in no_lists.iter().chain(&no_numbers) {
        client.ask(&Call::wrong(next(), "sum", value, "bad value"), VALUE).await?;
    }
    for value in [json!(5), json!(null), json!(["a"]), json!({ "a": "b" }), json!(false)] {
        client.ask(&Call::wrong(next(), "reverse", &value, "bad value"), VALUE).await?;
    }
    for op in ["sum", "reverse"] {
        let id = next();
        client.send(&frame(json!({ "id": id, "op": op }).to_string().as_bytes())).await?;
        client.expect(&json!({ "id": id, "error": "bad value" }), VALUE).await?;
    }
    client.go_on(VALUE).await?;
    client.finish().await?;
    trial.step(
        "connect client B, send three frames, and shut down its sending side (FIN): three answers, then the end",
    );
    let client = Caller::connect(&server, "client B").await?;
    let calls = one_of_each(trial);
    client.client.send(&joined(&calls).into()).await?;
    client.client.connection.half_close();
    client.sends("three frames, and shut down its sending side".to_owned());
    let cause = "the end of the input is no reason to leave whole frames unanswered: first all answers, then the end";
    for call in &calls {
        client.expect(&call.answer, cause).await?;
    }
    client.finish().await?;
    trial.step("connect client C, send nothing, shut down its sending side: the end");
    Caller::connect(&server, "client C").await?.finish().await
}

async fn pipelined_order(trial: &Trial) -> Result<(), Stop> {
    const FRAMES: usize = 1000;
    /// So many frames take a little longer than the others: who answers each by itself mixes them up.
    const LONG_ONE: usize = 20;
    let server = trial.start(&PATIENT).await?;
    let first = some_id(trial);
    let calls: Vec<Call> = (0..FRAMES)
        .map(|index| match index % LONG_ONE {
            0 => Call::reverse(first + index as u64, &trial.text(8000)),
            _ => Call::any(trial, first + index as u64),
        })
        .collect();
    let bytes = joined(&calls);
    trial.step(format!(
        "connect a client, send {FRAMES} frames without a pause, {} in all, and read meanwhile",
        size(bytes.len() as u64)
    ));
    let client = Caller::connect(&server, "the client").await?;
    client.sends(format!("{FRAMES} frames without a pause"));
    let mut answers = Vec::new();
    let reading = async {
        while answers.len() < FRAMES {
            answers
                .push(client.answer("each frame is answered, in the order of the frames").await?);
        }
        Ok(())
    };
    // Where sending fails, reading says why.
    let bytes = bytes.into();
    let read = beside(client.client.connection.send(&bytes), reading).await;
    if let Some((observed, cause)) = disorder(&calls, &answers) {
        let expected = format!("{FRAMES} frames are answered once each, in their order");
        return Err(server.process.fail(&[&expected], observed, cause).await);
    }
    read.map_err(|stop| {
        let came = count(answers.len(), "answer");
        adding(stop, &format!("before that came {came}, in the order of their frames"))
    })?;
    for (index, (call, answer)) in calls.iter().zip(&answers).enumerate() {
        if !has(answer, &call.answer) {
            let expected = format!("frame {} is answered with {}", index + 1, shown(&call.answer));
            let observed = vec![format!("the answer was {}", shown(answer))];
            let cause = "the answer to one frame has something of another one's";
            return Err(server.process.fail(&[&expected], observed, cause).await);
        }
    }
    trial.step("nothing more comes; it shuts down its sending side, and gets the end");
    client.finish().await
}

/// What is lost, doubled or out of order in the answers to `calls`, as a report says it, and why. What only has
/// not come yet is none of that.
fn disorder(calls: &[Call], answers: &[Value]) -> Option<(Vec<String>, &'static str)> {
    let places: HashMap<u64, usize> = calls
        .iter()
        .enumerate()
        .filter_map(|(place, call)| Some((call.request["id"].as_u64()?, place)))
        .collect();
    // An id may come back as 3.0.
    let place = |answer: &Value| places.get(&(answer["id"].as_f64()? as u64)).copied();
    let places: Vec<Option<usize>> = answers.iter().map(place).collect();
    let wrong = places.iter().enumerate().position(|(at, place)| *place != Some(at))?;
    let (mut seen, mut furthest) = (vec![0_usize; calls.len()], 0);
    let (mut doubled, mut late, mut unknown) = (0, 0, 0);
    for place in &places {
        let Some(place) = *place else {
            unknown += 1;
            continue;
        };
        seen[place] += 1;
        if seen[place] > 1 {
            doubled += 1;
        } else if place < furthest {
            late += 1;
        }
        furthest = furthest.max(place);
    }
    let lost = seen[..furthest].iter().filter(|&&times| times == 0).count();
    let what = |at: usize| match (places.get(at), answers.get(at)) {
        (Some(Some(place)), _) => format!("the one to frame {}", place + 1),
        (Some(None), Some(answer)) => format!("{}, which is to no frame", shown(answer)),
        _ => "nothing".to_owned(),
    };
    let mut lines = vec![format!(
        "{lost} lost, {doubled} doubled, {late} out of order, {unknown} to no frame, of {}",
        count(answers.len(), "answer")
    )];
    lines.push(format!("the first: answer {} should have been the one to frame {0}", wrong + 1));
    lines.push(format!(
        "  before it came {}",
        wrong.checked_sub(1).map_or("nothing".to_owned(), what)
    ));
    lines.push(format!("> then came {}", what(wrong)));
    lines.push(format!("  then came {}", what(wrong + 1)));
    lines.push(match places.iter().position(|place| *place == Some(wrong)) {
        Some(at) if at < wrong => format!("  the one to frame {} was answer {}", wrong + 1, at + 1),
        Some(at) => format!("  the one to frame {} came as answer {}", wrong + 1, at + 1),
        None => format!("  the one to frame {} did not come", wrong + 1),
    });
    let cause = if unknown > 0 {
        "an answer has the id of its request"
    } else if doubled > 0 {
        "a frame was taken out of the buffer and left there, or an answer written twice"
    } else if lost > 0 {
        "frames are lost: what a read has returned beyond one frame belongs to the next ones"
    } else {
        "each frame is answered by a task or thread of its own, and the quickest is first: answer one before you take \
         the next, or keep their order"
    };
    Some((lines, cause))
}

/// Adds a line to what was observed.
fn adding(stop: Stop, line: &str) -> Stop {
    stop.amend(|failure| failure.observed.push(line.to_owned()))
}

async fn bad_json(trial: &Trial) -> Result<(), Stop> {
    const CAUSE: &str = "a body that is no JSON object, whatever else it is, is answered with `bad json` and the id null; \
                         the next frame begins where this one ends, so the connection goes on";
    const BAD: [(&str, &[&[u8]], &str); 3] = [
        (
            "bodies that are no JSON",
            &[
                b"hello",
                b"{",
                b" ",
                b"{'id':1}",
                b"{\"id\":1,\"op\":\"echo\",\"value\":}",
                b"{\"id\":1,\"op\":\"echo\",\"value\":1",
                b"{\"id\":1,\"op\":\"echo\",\"value\":1}}",
                b"{\"id\":1,\"op\":\"echo\",\"value\":1} x",
                b"\x00\x00\x00\x02{}",
            ],
            CAUSE,
        ),
        (
            "bodies that are not UTF-8, which JSON always is (RFC 8259, section 8.1)",
            &[
                b"\xff",
                b"{\"id\":1,\"op\":\"echo\",\"value\":\"\xff\xfe\"}",
                b"{\"id\":1,\"op\":\"echo\",\"value\":\"\xc3\"}",
            ],
            "bytes that are not UTF-8 are no JSON, and are not to be made so: `from_utf8_lossy` puts others in their \
             place. Give the parser the bytes as they came; the answer is `bad json`, and the connection goes on",
        ),
        (
            "bodies that are JSON and no object",
            &[
                b"[]",
                b"[1]",
                b"[1,\"echo\",2]",
                b"[\"echo\",1,2]",
                b"[\"echo\",2,1]",
                b"5",
                b"\"text\"",
                b"null",
                b"true",
            ],
            "a request is an object; what else is JSON is answered with `bad json`, and the connection goes on. A \
             derived `Deserialize` takes a list for a struct, too",
        ),
    ];
    let server = trial.start(&Start::PLAIN).await?;
    let client = Caller::connect(&server, "client A").await?;
    for (what, bodies, cause) in BAD {
        trial.step(format!(
            "client A sends {what}: `bad json` for each; then a request, which is answered"
        ));
        for body in bodies {
            client.send(&frame(body)).await?;
            client.expect(&error("bad json"), cause).await?;
        }
        client.go_on(cause).await?;
    }
    trial.step(
        "client B sends, in one piece, a request, a body that is no JSON, and another request",
    );
    let client = Caller::connect(&server, "client B").await?;
    let [first, last, _] = one_of_each(trial);
    client.send(&[first.frame(), frame(b"hello"), last.frame()].concat()).await?;
    for answer in [&first.answer, &error("bad json"), &last.answer] {
        client.expect(answer, CAUSE).await?;
    }
    client.finish().await
}

async fn unknown_op(trial: &Trial) -> Result<(), Stop> {
    const CAUSE: &str = "any other op than echo, sum and reverse, in just these letters, is answered with `unknown op` \
                         and the request's id, and the connection goes on";
    let server = trial.start(&Start::PLAIN).await?;
    let client = Caller::connect(&server, "the client").await?;
    trial.step("a client asks for ops that there are not, with values of several types: `unknown op` for each");
    let word = trial.word_text();
    let id = some_id(trial);
    for (op, index) in ["delete", &word, "", "Echo", "SUM", "echo ", "rev"].into_iter().zip(0..) {
        for (value, more) in [json!(word), json!([1, 2]), json!(null)].iter().zip(0..) {
            client.ask(&Call::wrong(id + 3 * index + more, op, value, "unknown op"), CAUSE).await?;
        }
    }
    trial.step("it asks without an op; then for one that there is");
    client.send(&frame(json!({ "id": id, "value": word }).to_string().as_bytes())).await?;
    client.expect(&json!({ "id": id, "error": "unknown op" }), CAUSE).await?;
    client.go_on(CAUSE).await?;
    client.finish().await
}

async fn zero_length(trial: &Trial) -> Result<(), Stop> {
    const CAUSE: &str = "a length of zero is a whole frame, with an empty body: it is answered with `empty frame` and the \
                         id null. It is neither the end of the input nor a reason to end";
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "connect client A, send four zeros: `empty frame`; then a request, which is answered",
    );
    let client = Caller::connect(&server, "client A").await?;
    client.send(&header(0)).await?;
    client.expect(&error("empty frame"), CAUSE).await?;
    client.go_on(CAUSE).await?;
    trial.step(
        "it sends, in one piece, a request, two such frames, another request, and a third one",
    );
    let [first, last, _] = one_of_each(trial);
    let empty = frame(b"");
    client
        .send(&[&first.frame(), &empty, &empty, &last.frame(), &empty].map(Vec::as_slice).concat())
        .await?;
    let answer = error("empty frame");
    for answer in [&first.answer, &answer, &answer, &last.answer, &answer] {
        client.expect(answer, CAUSE).await?;
    }
    trial.step("connect client B, send four zeros, and shut down its sending side: the answer, then the end");
    let client = Caller::connect(&server, "client B").await?;
    client.send(&empty).await?;
    client.client.connection.half_close();
    client.expect(&answer, CAUSE).await?;
    client.finish().await
}

/// A call whose body has exactly `length` bytes.
fn of_length(trial: &Trial, length: usize) -> Call {
    let id = some_id(trial);
    let around = Call::echo(id, &json!("")).frame().len() - HEADER;
    Call::echo(id, &json!(trial.text(length - around)))
}

async fn max_size(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: usize = 3001;
    const START: Start =
        Start { flags: &["--max-frame", "3001", "--frame-timeout-ms", "60000"], ..Start::PLAIN };
    const CAUSE: &str = "the limit is the most bytes that a body may have, its header not counted: a body of just so many \
                         is a good one";
    for (start, limit) in [(START, LIMIT), (PATIENT, USUAL_LIMIT)] {
        let server = trial.start(&start).await?;
        trial.step(format!(
            "connect a client, send a body of {limit} bytes, exactly the limit, then one of {} bytes",
            limit - 1
        ));
        let client = Caller::connect(&server, "the client").await?;
        for length in [limit, limit - 1] {
            client.ask(&of_length(trial, length), CAUSE).await?;
        }
        trial.step(format!(
            "send a short frame and one of {limit} bytes in one piece, and a short one after them"
        ));
        let calls = [
            Call::any(trial, some_id(trial)),
            of_length(trial, limit),
            Call::any(trial, some_id(trial)),
        ];
        client.sends(format!("a short frame, one with a body of {limit} bytes, and a short one"));
        let bytes = joined(&calls).into();
        let reading = async {
            for call in &calls {
                client.expect(&call.answer, CAUSE).await?;
            }
            Ok::<_, Stop>(())
        };
        // Where sending fails, reading says why.
        beside(client.client.connection.send(&bytes), reading).await?;
        client.finish().await?;
    }
    Ok(())
}

const TOO_LARGE: &str = "frame too large";

async fn oversize_refused(trial: &Trial) -> Result<(), Stop> {
    /// Less than the answer has: the limit is for requests.
    const LIMIT: usize = 32;
    const START: Start = Start { flags: &["--max-frame", "32"], ..Start::PLAIN };
    const CAUSE: &str = "the header alone says that the body is too long: look at it before you wait for the body. \
                         Lengths go up to 4,294,967,295, also where that is no index; and the limit is for \
                         requests, not for what is answered";
    const BEFORE: &str = "the frames before one that is refused are whole, and are answered first";
    const AFTER: &str = "after `frame too large` nobody knows where the next frame begins: nothing of what follows is \
                         a frame";
    for (start, limit) in [(START, LIMIT), (Start::PLAIN, USUAL_LIMIT)] {
        let server = trial.start(&start).await?;
        trial.step("connect client A, which makes a request, and stays");
        let other = Caller::connect(&server, "client A").await?;
        let short = Call::sum(7, &json!([]), &json!(0));
        other.ask(&short, "").await?;
        let mut refused = Vec::new();
        let lengths = [limit as u32 + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
        trial.step(format!(
            "others send a header alone, which announces {} bytes, or 2,147,483,647 and more: `{TOO_LARGE}`, then \
             the end; client A goes on",
            limit + 1
        ));
        for length in lengths {
            let client = Caller::connect(&server, "the client").await?;
            client.send(&header(length)).await?;
            client.expect_last(TOO_LARGE, CAUSE).await?;
            other.ask(&short, "a client that is refused ends alone").await?;
            refused.push(client);
        }
        trial.step("wait until their sockets are closed, though they hold their side open");
        let closed = || Ok((server.client_sockets()? <= 1).then_some(()));
        if server.process.until(closed).await?.is_none() {
            let expected =
                "the connection of a client that is refused is closed, whatever the client does";
            let observed =
                vec![format!("{} still open", count(server.client_sockets()? - 1, "socket"))];
            let cause = "what comes after the last words may be read for a moment, so that they arrive; but not \
                         until the client closes, which it may never do";
            return Err(server.process.fail(&[expected], observed, cause).await);
        }
        drop(refused);
        trial
            .step("another sends, in one piece, two requests and such a header: two answers first");
        let client = Caller::connect(&server, "the client").await?;
        client
            .send(&[short.frame(), short.frame(), header(limit as u32 + 1).to_vec()].concat())
            .await?;
        client.expect(&short.answer, BEFORE).await?;
        client.expect(&short.answer, BEFORE).await?;
        client.expect_last(TOO_LARGE, CAUSE).await?;
        trial.step(
            "another sends such a header and 300 requests behind it: none of them is answered",
        );
        let client = Caller::connect(&server, "the client").await?;
        let mut bytes = header(limit as u32 * 2).to_vec();
        (0..300).for_each(|_| bytes.extend(short.frame()));
        client.sends(format!("{}, and 300 frames", shown_frames(&bytes[..HEADER])));
        // It breaks when the program closes; the last words may be lost then.
        let _ = client.client.connection.send(&bytes.into()).await;
        let words = client.last_words(AFTER).await?;
        let refusal = words.get(HEADER..).and_then(|body| serde_json::from_slice(body).ok());
        if !words.is_empty()
            && !refusal.is_some_and(|refusal: Value| has(&refusal, &error(TOO_LARGE)))
        {
            let expected = format!("the client gets `{TOO_LARGE}` at most, and the end");
            let observed = vec![format!("it got {}", shown_frames(&words))];
            return Err(server.process.fail(&[&expected], observed, AFTER).await);
        }
        other.ask(&short, "a client that is refused ends alone").await?;
        other.finish().await?;
    }
    Ok(())
}

async fn no_early_allocation(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 50;
    const LIMIT: u32 = 4 * 1024 * 1024;
    const START: Start =
        Start { flags: &["--max-frame", "4194304", "--frame-timeout-ms", "60000"], ..Start::PLAIN };
    const GROWTH: u64 = CLIENTS as u64 * LIMIT as u64 / 4;
    const CAUSE: &str = "memory is taken because a header says so (vec![0; length], with_capacity, reserve): let the \
                         buffer grow by what arrives, since a header costs its sender four bytes";
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered, and sends the header of a short frame; note the \
         program's memory"
    ));
    let clients = server.crowd(CLIENTS).await?;
    let calls: Vec<Call> = (0..CLIENTS).map(|_| Call::any(trial, some_id(trial))).collect();
    for (client, call) in clients.iter().zip(&calls) {
        client.send(&call.frame()[..HEADER].to_vec().into()).await?;
    }
    expect_headers_read(&server, &clients).await?;
    let memory = || (server.probe().data(), server.probe().memory());
    let before = memory();
    trial.step(format!(
        "each sends the rest, and is answered; then a header that announces {LIMIT} bytes, exactly the \
         limit, and no byte of the body"
    ));
    for (client, call) in clients.iter().zip(&calls) {
        client.send(&call.frame()[HEADER..].to_vec().into()).await?;
    }
    for (client, call) in clients.iter().zip(&calls) {
        client.answered(&Answer::Frame(call.answer.clone())).await?;
    }
    for client in &clients {
        client.send(&header(LIMIT).to_vec().into()).await?;
    }
    expect_headers_read(&server, &clients).await?;
    // What a program does with a header it does at once; only where it does nothing is that to be waited for.
    server.process.settle(Duration::from_millis(150)).await;
    let after = memory();
    let grown = |before, after| growth_of_known(before, after).into_values().sum::<u64>();
    let (data, resident) = (grown(&before.0, after.0), grown(&before.1, after.1));
    if data.max(resident) >= GROWTH {
        let expected = format!(
            "the program's memory grows by less than {}, a quarter of what was announced",
            size(GROWTH)
        );
        let observed = vec![
            format!(
                "{} more were asked for (VmData), {} more are used (RssAnon)",
                size(data),
                size(resident)
            ),
            format!("{CLIENTS} clients have sent a header of four bytes each"),
        ];
        return Err(server.process.fail(&[&expected], observed, CAUSE).await);
    }
    for (client, index) in clients.iter().zip(1..) {
        if let Some(arrived) = client.connection.something_arrived() {
            let expected = "a body of exactly the limit is waited for, for a minute here";
            let observed = vec![format!("client {index} sent a header, then {arrived}")];
            let cause = "a frame as long as the limit is a good one, and has a minute to arrive (--frame-timeout-ms \
                         60000)";
            return Err(server.process.fail(&[expected], observed, cause).await);
        }
    }
    trial.step("all of them are reset (RST); a new client must be served");
    clients.into_iter().for_each(Client::reset);
    server.go_on_to_serve("the new client").await?.finish().await
}

/// By how much each process grew that was there before: one that came meanwhile has what any process has.
fn growth_of_known(
    before: &BTreeMap<i32, u64>,
    mut after: BTreeMap<i32, u64>,
) -> BTreeMap<i32, u64> {
    after.retain(|pid, _| before.contains_key(pid));
    growth(before, &after)
}

/// Waits until the program has read what `clients` have sent.
async fn expect_headers_read(server: &Rc<Server>, clients: &[Client]) -> Result<(), Stop> {
    let ends: HashMap<u16, (i32, i32)> = server
        .process
        .probe
        .sockets()?
        .into_iter()
        .filter_map(|socket| {
            Some((socket.entry?.remote_address.port(), (socket.pid, socket.descriptor)))
        })
        .collect();
    let is_read = |client: &Client| match ends.get(&client.connection.ports.0) {
        Some(&(pid, descriptor)) => server.probe().unread(pid, descriptor) == Some(0),
        None => false,
    };
    let all_read = || Ok(clients.iter().all(is_read).then_some(()));
    // A program that reads no more of a client is judged by its memory all the same.
    server.process.until(all_read).await.map(drop)
}

async fn truncated_frame(trial: &Trial) -> Result<(), Stop> {
    const CAUSE: &str = "the input ended inside a frame: what there is of it is no request. The client has said all \
                         that it will, so close; and nothing is answered, since nobody asked anything";
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "clients send a request and a part of another in one piece, and shut down their sending side (FIN): an \
         answer to the first, then the end. The part is: 1 or 3 bytes of the header, the header, some of the \
         body, all but its last byte",
    );
    let [first, second, _] = one_of_each(trial);
    let bytes = second.frame();
    for cut in [1, 3, HEADER, HEADER + 7, bytes.len() - 1] {
        let client = Caller::connect(&server, "the client").await?;
        client.send(&[&first.frame(), &bytes[..cut]].concat()).await?;
        client.client.connection.half_close();
        client.sends(format!("a whole frame and {}", shown_frames(&bytes[..cut])));
        client.expect(&first.answer, "the frames before a part of one are answered").await?;
        client.expect_end(CAUSE).await?;
    }
    trial.step(
        "another sends a header, one byte less of body than it says, though that is good JSON, and shuts \
         down: no answer, the end",
    );
    let body = second.request.to_string();
    let mut lying = header(body.len() as u32 + 1).to_vec();
    lying.extend(body.as_bytes());
    let client = Caller::connect(&server, "the client").await?;
    client.send(&lying).await?;
    client.client.connection.half_close();
    client.expect_end(CAUSE).await?;
    trial.step("others go away inside a frame, by FIN and by RST; a new client must be served");
    for cut in [2, HEADER + 7] {
        for is_reset in [false, true] {
            let client = Caller::connect(&server, "the client").await?;
            client.send(&bytes[..cut]).await?;
            if is_reset {
                client.client.reset();
            }
        }
    }
    server.go_on_to_serve("the new client").await?.finish().await
}

const TIMED_OUT: &str = "frame timeout";

/// How a slow client is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slow {
    /// Nothing comes after a part of the header, or of the body.
    Header,
    Body,
    /// The same, and the part came in one piece with the frame before.
    BehindAnother,
    /// A byte comes from time to time, from the first one of the header on.
    Trickle,
}

impl Slow {
    const ALL: [Self; 4] = [Self::Header, Self::Body, Self::BehindAnother, Self::Trickle];

    fn name(self) -> &'static str {
        match self {
            Self::Header => "a client that stops after 2 bytes of a header",
            Self::Body => "a client that stops after a header and 5 bytes of the body",
            Self::BehindAnother => {
                "a client that stops after a whole frame and 2 bytes of the next"
            }
            Self::Trickle => "a client that sends a byte from time to time",
        }
    }

    /// Why its time is not over when it should be.
    fn causes(self) -> [&'static str; 2] {
        let early = "the clock of a frame begins with its first byte: neither with the connection nor with the \
                     frame before";
        let late = match self {
            Self::Header => {
                "the deadline is for the whole frame, its header included: it begins with the first byte"
            }
            Self::Body => {
                "the deadline is for the whole frame: who waits for the body waits no longer than for it"
            }
            Self::BehindAnother => {
                "a frame has begun when its first byte is there, also where that came with the frame before: look at \
                 what is left in the buffer"
            }
            Self::Trickle => {
                "the deadline begins anew with each byte, or with the body, or only when another client's frame \
                 is done: set it once, at the first byte of the frame, and let it be for all of them"
            }
        };
        [early, late]
    }
}

async fn slow_frame(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(500);
    const START: Start = Start { flags: &["--frame-timeout-ms", "500"], ..Start::PLAIN };
    /// Of each kind, so that one that is late by chance is not charged.
    const EACH: usize = 2;
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect clients A, silent for {}, and B, silent as long between two requests, each of which is answered; \
         the first comes in two pieces, {} apart",
        time(LIMIT * 2),
        time(LIMIT * 4 / 10)
    ));
    let silent =
        async { tokio::try_join!(silent_first(&server, LIMIT), silent_between(&server, LIMIT)) };
    trial.step(format!(
        "at the same time {} more: some stop in the header, some in the body, some after a whole frame and 2 bytes; \
         some send a byte every {}",
        count(EACH * Slow::ALL.len(), "client"),
        time(LIMIT * 3 / 10)
    ));
    let slow = Slow::ALL.iter().flat_map(|&how| (0..EACH).map(move |_| how)).map(|how| {
        let server = &server;
        async move { slow_one(server, how, LIMIT).await.map(|elapsed| (how, elapsed)) }
    });
    // To their end, so that of several failures it is always the same that is told.
    let (silent, slow) = tokio::join!(silent, join_all(slow));
    // A clock that began with the connection may still seem right where a frame began at once.
    silent?;
    let slow: Vec<_> = slow.into_iter().collect::<Result<_, _>>()?;
    for how in Slow::ALL {
        let samples: Vec<_> =
            slow.iter().filter(|(kind, _)| *kind == how).map(|(_, elapsed)| *elapsed).collect();
        let what = format!("{} is told `{TIMED_OUT}` and closed", how.name());
        clock::expect_time(&server, &what, LIMIT, &samples, how.causes()).await?;
    }
    Ok(())
}

const BETWEEN: &str = "between two frames, and before the first, a client may be silent as long as it likes: the deadline \
                       begins with the first byte of a frame, and ends with its last";

async fn silent_first(server: &Rc<Server>, limit: Duration) -> Result<(), Stop> {
    let client = Caller::connect(server, "client A").await?;
    // Not a wait for something: the silence is what is tried.
    tokio::time::sleep(limit * 2).await;
    let asked = client.go_on(BETWEEN).await;
    asked.map_err(|stop| unless_late(server, stop, Duration::ZERO, limit))
}

async fn silent_between(server: &Rc<Server>, limit: Duration) -> Result<(), Stop> {
    let trial = server.trial();
    let client = Caller::connect(server, "client B").await?;
    let call = Call::any(trial, some_id(trial));
    let bytes = call.frame();
    let (one, two) = bytes.split_at(HEADER + 3);
    let begin = Instant::now();
    client.send(one).await?;
    // Not a wait for something: the pause is what is tried.
    tokio::time::sleep(limit * 4 / 10).await;
    let gap = begin.elapsed();
    client.send(two).await?;
    client.sends(format!("in two pieces {}", shown_cut(&bytes, HEADER + 3)));
    let cause = "a frame that is whole before its deadline is answered, however it came";
    let got = client.expect(&call.answer, cause).await;
    got.map_err(|stop| unless_late(server, stop, gap, limit * 8 / 10))?;
    tokio::time::sleep(limit * 2).await;
    let asked = client.go_on(BETWEEN).await;
    asked.map_err(|stop| unless_late(server, stop, Duration::ZERO, limit))
}

/// How long until a client that is slow like this is told so and closed.
async fn slow_one(server: &Rc<Server>, how: Slow, limit: Duration) -> Result<Duration, Stop> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    let trial = server.trial();
    let call = Call::any(trial, some_id(trial));
    // More bytes than the slowest sends.
    let bytes = of_length(trial, 100).frame();
    let client = Caller::connect(server, how.name()).await?;
    client.go_on("").await?;
    // Before the first byte (rule R2): the program's clock begins later.
    let begin = Instant::now();
    let [_, late] = how.causes();
    match how {
        Slow::Header => client.send(&bytes[..2]).await?,
        Slow::Body => client.send(&bytes[..HEADER + 5]).await?,
        Slow::BehindAnother => {
            client.send(&[&call.frame(), &bytes[..2]].concat()).await?;
            client.expect(&call.answer, "").await?;
        }
        Slow::Trickle => return trickle(server, &client, &bytes[..BYTES], limit, late).await,
    }
    client.expect(&error(TIMED_OUT), late).await?;
    let elapsed = begin.elapsed();
    client
        .expect_end("after `frame timeout` the connection is closed, by the program, and at once")
        .await?;
    Ok(elapsed)
}

/// How long until a client that sends one of `bytes` from time to time is closed.
async fn trickle(
    server: &Rc<Server>,
    client: &Caller,
    bytes: &[u8],
    limit: Duration,
    cause: &str,
) -> Result<Duration, Stop> {
    let begin = Instant::now();
    let sending = async {
        for byte in bytes {
            if client.client.connection.send(&vec![*byte].into()).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(limit * 3 / 10).await;
        }
    };
    client.sends(format!(
        "a byte every {}, beginning with {}",
        time(limit * 3 / 10),
        shown_frames(&bytes[..HEADER])
    ));
    tokio::pin!(sending);
    let came = tokio::select! {
        biased;
        () = client.client.connection.something_comes() => begin.elapsed(),
        () = &mut sending => {
            let expected = format!("the connection is closed {} after the first byte of the frame", time(limit));
            let observed = format!(
                "it is open after {}, in which a byte came every {}",
                time(begin.elapsed()),
                time(limit * 3 / 10)
            );
            let stop = server.process.fail(&[&expected], vec![observed], cause).await;
            return Err(unless_late(server, stop, Duration::ZERO, limit));
        }
    };
    let words = tokio::select! {
        words = client.last_words(cause) => words?,
        () = &mut sending => {
            let expected = "after `frame timeout` the connection is closed, whatever the client goes on to send";
            let observed = vec![format!(
                "something came after {}, and the connection is still open after {}",
                time(came),
                time(begin.elapsed())
            )];
            let cause = "what comes after the last words may be read for a moment, so that they arrive; the limit \
                         of that is one for all of it, and does not begin anew with each byte";
            let stop = server.process.fail(&[expected], observed, cause).await;
            return Err(unless_late(server, stop, Duration::ZERO, limit));
        }
    };
    // A byte that is under way when the program closes may turn its end into a reset, and the words be lost.
    let said = words.get(HEADER..).and_then(|body| serde_json::from_slice::<Value>(body).ok());
    if !words.is_empty() && !said.is_some_and(|said| has(&said, &error(TIMED_OUT))) {
        let expected = format!("{} is told `{TIMED_OUT}`, and closed", client.name);
        let observed = vec![format!("it got {}", shown_frames(&words))];
        return Err(server.process.fail(&[&expected], observed, cause).await);
    }
    Ok(came)
}

async fn bad_client_isolated(trial: &Trial) -> Result<(), Stop> {
    const STALLED: usize = 10;
    const GROWTH: u64 = 16 * 1024 * 1024;
    const CAUSE: &str = "each client has a buffer, a place in its frame and a task or thread of its own: what one does \
                         concerns nobody else";
    let server = trial.start(&PATIENT).await?;
    trial.step("15 clients, one after the other: how long until each is answered?");
    let before = crowd::delay(&server).await?;
    trial.step(format!(
        "connect {STALLED} clients, each of which sends half a frame, and one that sends frames without reading \
         answers, until nothing moves"
    ));
    let calls: Vec<Call> = (0..STALLED).map(|_| Call::any(trial, some_id(trial))).collect();
    let begun = calls.iter().zip(1..).map(|(call, index)| {
        let server = &server;
        async move {
            let client =
                Caller::connect(server, &format!("client {index} of those with half a frame"))
                    .await?;
            client.go_on("").await?;
            client.send(&call.frame()[..HEADER + 9]).await?;
            Ok((client, call))
        }
    });
    let stalled = ramped(begun).await?;
    let deaf = server.connect_with("the client that does not read", Window::Small).await?;
    deaf.ask().await?;
    let flood = trial.service().exchange.flood(trial, MORE_THAN_FITS);
    let memory = server.probe().memory();
    // A program may end it, which is one way not to wait for it.
    let _ = deaf.connection.send_until_stalled(&flood).await;
    let grown = growth_of_known(&memory, server.probe().memory()).into_values().max();
    let grown = grown.unwrap_or(0);
    if grown >= GROWTH {
        let expected = format!("the program's memory grows by less than {}", size(GROWTH));
        let observed = format!("it grew by {} (RssAnon)", size(grown));
        let cause = "answers pile up for a client that does not read: write one before the next frame is taken";
        return Err(server.process.fail(&[&expected], vec![observed], cause).await);
    }
    trial.step("a new client is answered");
    server.serve_new_client("a new client").await?;
    trial.step(
        "meanwhile one sends bodies that are no JSON, a hundred at a time, and others, one after the other, a \
         header that announces 4 GiB; 15 clients again, how long?",
    );
    let rounds = [Cell::new(0), Cell::new(0)];
    let bad = async {
        tokio::try_join!(
            bad_bodies(&server, CAUSE, &rounds[0]),
            oversized(&server, CAUSE, &rounds[1])
        )
    };
    let measuring = async {
        // They are there before it is asked what they change.
        while rounds.iter().any(|rounds| rounds.get() == 0) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let after = crowd::delay(&server).await?;
        let attackers = "such clients";
        crowd::expect_no_delay(&server, crowd::ANSWERED, before, after, attackers).await
    };
    tokio::select! {
        biased;
        measured = measuring => measured?,
        // They never end by themselves.
        failed = bad => failed.map(drop)?,
    }
    trial.step("the clients with half a frame send the rest, and are answered");
    for (client, call) in &stalled {
        client.send(&call.frame()[HEADER + 9..]).await?;
        client.sends(format!("in two pieces {}", shown_cut(&call.frame(), HEADER + 9)));
        client.expect(&call.answer, CAUSE).await?;
    }
    Ok(())
}

/// One client sends bodies that are no JSON for ever, and reads the answers.
async fn bad_bodies(server: &Rc<Server>, cause: &str, rounds: &Cell<u32>) -> Result<(), Stop> {
    const AT_ONCE: usize = 100;
    let client = Caller::connect(server, "the client that sends no JSON").await?;
    let bytes = frame(b"hello").repeat(AT_ONCE);
    loop {
        client.send(&bytes).await?;
        client.sends(format!("{AT_ONCE} times {}", shown_body(b"hello")));
        for _ in 0..AT_ONCE {
            client.expect(&error("bad json"), cause).await?;
        }
        rounds.set(rounds.get() + 1);
        // Others are to have their turn: who is alone on a CPU with this one is not slow.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// One client after the other sends a header of nearly 4 GiB, for ever.
async fn oversized(server: &Rc<Server>, cause: &str, rounds: &Cell<u32>) -> Result<(), Stop> {
    loop {
        let client = Caller::connect(server, "the client with a header of 4 GiB").await?;
        client.send(&header(u32::MAX)).await?;
        client.expect_last(TOO_LARGE, cause).await?;
        // R7: no TIME_WAIT of this side.
        client.client.reset();
        rounds.set(rounds.get() + 1);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: u64) -> Call {
        Call::echo(id, &json!(id))
    }

    /// What is wrong with answers that have these ids, where five were asked for.
    fn found(ids: &[u64]) -> Option<Vec<String>> {
        let calls: Vec<_> = (1..=5).map(call).collect();
        let answers: Vec<_> = ids.iter().map(|id| call(*id).answer).collect();
        disorder(&calls, &answers).map(|(lines, _)| lines)
    }

    #[test]
    fn what_has_not_come_yet_is_no_disorder() {
        assert_eq!(found(&[1, 2, 3, 4, 5]), None);
        assert_eq!(found(&[1, 2]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn what_is_lost_doubled_or_late_is_counted_and_the_first_shown() {
        let first = |ids: &[u64]| found(ids).expect("something is wrong").swap_remove(0);
        assert!(first(&[1, 3, 4]).starts_with("1 lost, 0 doubled, 0 out of order, 0 to no frame"));
        assert!(first(&[1, 1, 2, 3, 4]).starts_with("0 lost, 1 doubled, 0 out of order"));
        assert!(first(&[1, 3, 2, 4, 5]).starts_with("0 lost, 0 doubled, 1 out of order"));
        assert!(first(&[1, 9, 2]).starts_with("0 lost, 0 doubled, 0 out of order, 1 to no frame"));
        let lines = found(&[1, 3, 2, 4, 5]).expect("3 overtook 2");
        assert_eq!(
            lines[1..],
            [
                "the first: answer 2 should have been the one to frame 2",
                "  before it came the one to frame 1",
                "> then came the one to frame 3",
                "  then came the one to frame 2",
                "  the one to frame 2 came as answer 3",
            ]
        );
    }
}
