//! Task 2: the three ops, their values, and the end of the input.

use std::cell::Cell;
use std::rc::Rc;

use engine::drive::{Context, Server, Start, Trial};
use engine::verdict::CheckError;
use serde_json::{Value, json};

use super::call::{Call, joined, request_frame, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::frame;

/// With one more digit, as in `.0`, it is still below 2^53: even the simplest parser reads it exactly.
const LARGE: u64 = 800_000_000_000_001;

pub(super) async fn frames_echo(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let client = FrameClient::connect(&server, "client A").await?;
    let word = trial.word_text();
    let session = Session { trial, client, word, id: Cell::new(some_id(trial)) };
    session.echo().await?;
    session.sum().await?;
    session.reverse().await?;
    session.other_form().await?;
    session.ids_of_other_types().await?;
    session.bad_values().await?;
    session.client.ask_any(Some(&causes::BAD_VALUE_NOT_REFUSED)).await?;
    session.client.finish().await?;
    half_close(trial, &server).await
}

/// Client A, which sends one request after another.
struct Session<'a> {
    trial: &'a Context,
    client: FrameClient,
    /// A word that only this run has.
    word: String,
    /// The id that was used last.
    id: Cell<u64>,
}

impl Session<'_> {
    fn next_id(&self) -> u64 {
        self.id.set(self.id.get() + 1);
        self.id.get()
    }

    async fn echo(&self) -> Result<(), CheckError> {
        self.trial.step("connect client A; it sends echo with values of each type");
        for value in &echo_values(&self.word, &self.trial.text(20_000)) {
            let call = Call::echo(self.next_id(), value);
            self.client.ask(&call, Some(&causes::CHANGES_ECHOED_VALUES)).await?;
        }
        for id in [0, LARGE] {
            let call = Call::echo(id, &json!(self.word));
            self.client.ask(&call, Some(&causes::CHANGES_IDS)).await?;
        }
        Ok(())
    }

    async fn sum(&self) -> Result<(), CheckError> {
        self.trial.step(
            "it sends sum with whole, fractional and negative numbers, with none and with many",
        );
        let half = self.trial.number(1..=1000) as f64 + 0.5;
        let many: Vec<_> = (0..1000).map(|_| self.trial.number(0..=1_000_000)).collect();
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
            let call = Call::sum(self.next_id(), &terms, &sum);
            self.client.ask(&call, Some(&causes::WRONG_SUM)).await?;
        }
        Ok(())
    }

    async fn reverse(&self) -> Result<(), CheckError> {
        self.trial.step(
            "it sends reverse with various strings: empty, letters, é and 🦀, a combining accent, and a long one",
        );
        let (word, long) = (self.word.as_str(), self.trial.text(20_000));
        for text in ["", "x", word, "été 🦀!", "e\u{301}x", "👩\u{200d}🚀 ab", "a\"\\\n", &long]
        {
            let call = Call::reverse(self.next_id(), text);
            self.client.ask(&call, Some(&causes::REVERSES_BYTES_OR_GRAPHEMES)).await?;
        }
        Ok(())
    }

    async fn other_form(&self) -> Result<(), CheckError> {
        self.trial.step(
            "it sends reverse in another form of JSON: with spaces, escapes and a different order",
        );
        let (id, word) = (self.next_id(), &self.word);
        let body = format!(
            "\n {{ \"value\" : \"\\u00e9\\ud83e\\udd80\\/{word}\", \"id\" :{id},\t\"op\":\"r\\u0065verse\" }} "
        );
        let reversed: String = format!("é🦀/{word}").chars().rev().collect();
        self.client.send(&frame(body.as_bytes())).await?;
        let answer = json!({ "id": id, "ok": reversed });
        self.client.expect(&answer, Some(&causes::PARSES_JSON_BY_HAND)).await.map(drop)
    }

    async fn ids_of_other_types(&self) -> Result<(), CheckError> {
        self.trial
            .step("it sends ids that are not whole numbers; they must be returned unchanged, too");
        let word = &self.word;
        for id in [json!(word), json!(2.5), json!(null)] {
            let request = json!({ "id": id, "op": "echo", "value": word });
            self.client.send(&request_frame(&request)).await?;
            let answer = json!({ "id": id, "ok": word });
            self.client.expect(&answer, Some(&causes::CHANGES_IDS)).await?;
        }
        Ok(())
    }

    async fn bad_values(&self) -> Result<(), CheckError> {
        self.trial.step(
            "it sends sum and reverse with values of a wrong type or none, and gets `bad value`",
        );
        let cause = &causes::BAD_VALUE_NOT_REFUSED;
        let not_lists = [json!("1"), json!(5), json!(null), json!({ "a": 1 }), json!(true)];
        let not_numbers =
            [json!(["1"]), json!([1, null]), json!([[1]]), json!([1, {}]), json!([1, true])];
        for value in not_lists.iter().chain(&not_numbers) {
            let call = Call::refused(self.next_id(), "sum", value, "bad value");
            self.client.ask(&call, Some(cause)).await?;
        }
        for value in [json!(5), json!(null), json!(["a"]), json!({ "a": "b" }), json!(false)] {
            let call = Call::refused(self.next_id(), "reverse", &value, "bad value");
            self.client.ask(&call, Some(cause)).await?;
        }
        for op in ["sum", "reverse"] {
            let id = self.next_id();
            self.client.send(&request_frame(&json!({ "id": id, "op": op }))).await?;
            self.client.expect(&json!({ "id": id, "error": "bad value" }), Some(cause)).await?;
        }
        Ok(())
    }
}

/// Values of each type.
fn echo_values(word: &str, long: &str) -> [Value; 17] {
    [
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
        json!(long),
    ]
}

/// Complete frames before the end of the input are answered.
async fn half_close(trial: &Trial, server: &Rc<Server>) -> Result<(), CheckError> {
    trial.step(
        "connect client B; it sends three frames, half-closes (FIN), and gets three answers, then EOF",
    );
    let client = FrameClient::connect(server, "client B").await?;
    let calls = Call::one_of_each(trial);
    client.send(&joined(&calls)).await?;
    client.half_close();
    client.describe_sent("three frames, then FIN".to_owned());
    for call in &calls {
        client.expect(&call.answer, Some(&causes::DROPS_FRAMES_AT_EOF)).await?;
    }
    client.finish().await?;
    trial.step("connect client C; it half-closes without sending anything, and gets only the end");
    FrameClient::connect(server, "client C").await?.finish().await
}
