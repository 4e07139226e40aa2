//! The frames of lab 09: the length of a body in four bytes, the most significant first, and that many bytes
//! of JSON.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Answer, Exchange, Request};
use crate::capture::{printable, quoted, size};
use crate::client::{Connection, Mismatch, Payload, Trouble, Window};
use crate::outcome::Stop;
use crate::process::UNWRITTEN;
use crate::server::{Client, Server};
use crate::tcp::TcpSocket;
use crate::trial::Trial;

/// Bytes of a frame before its body.
pub const HEADER: usize = 4;

/// More than any answer that a right server sends here: that to a body of 4 MiB may have three bytes for each of
/// them (`\u00e9` for two bytes of UTF-8), and 16 MiB in little-endian order are no length that is used.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// How much of a frame reports show, in characters.
const SHOWN: usize = 100;

/// A random call is answered.
#[derive(Debug)]
pub struct FrameEcho;

impl Exchange for FrameEcho {
    fn request(&self, trial: &Trial) -> Request {
        let call = Call::any(trial, some_id(trial));
        Request { sends: call.frame().into(), answer: Answer::Frame(call.answer) }
    }

    fn flood(&self, trial: &Trial, length: u64) -> Payload {
        let text = trial.text(4000);
        let unit = Call::echo(some_id(trial), &json!(text)).frame();
        Payload::Repeated { unit: unit.into(), length }
    }

    fn explain(&self, _: &Mismatch) -> String {
        "frames are lost, doubled, cut or out of order".to_owned()
    }
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Call {
    pub request: Value,
    pub answer: Value,
}

impl Call {
    /// It is answered with `result`.
    fn right(id: u64, op: &str, value: &Value, result: &Value) -> Self {
        let request = json!({ "id": id, "op": op, "value": value });
        Self { request, answer: json!({ "id": id, "ok": result }) }
    }

    /// `value` comes back.
    #[must_use]
    pub fn echo(id: u64, value: &Value) -> Self {
        Self::right(id, "echo", value, value)
    }

    /// The `terms` make this `sum`.
    #[must_use]
    pub fn sum(id: u64, terms: &Value, sum: &Value) -> Self {
        Self::right(id, "sum", terms, sum)
    }

    /// It is answered with the error `reason`.
    #[must_use]
    pub fn wrong(id: u64, op: &str, value: &Value, reason: &str) -> Self {
        let request = json!({ "id": id, "op": op, "value": value });
        Self { request, answer: json!({ "id": id, "error": reason }) }
    }

    /// An easy one of any op: letters and whole numbers.
    #[must_use]
    pub fn any(trial: &Trial, id: u64) -> Self {
        match trial.number(0..=2) {
            0 => Self::echo(id, &json!(trial.word_text())),
            1 => {
                let terms: Vec<_> = (0..3).map(|_| trial.number(0..=1_000_000)).collect();
                Self::sum(id, &json!(terms), &json!(terms.iter().sum::<usize>()))
            }
            _ => Self::reverse(id, &trial.word_text()),
        }
    }

    /// `text` comes back reversed.
    #[must_use]
    pub fn reverse(id: u64, text: &str) -> Self {
        Self::right(id, "reverse", &json!(text), &json!(text.chars().rev().collect::<String>()))
    }

    /// The request as a frame.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        frame(self.request.to_string().as_bytes())
    }
}

/// An id that no answer can have been written for.
#[must_use]
pub fn some_id(trial: &Trial) -> u64 {
    trial.number(1..=1_000_000) as u64
}

/// The answer to what has no id that could be known.
#[must_use]
pub fn error(reason: &str) -> Value {
    json!({ "id": null, "error": reason })
}

/// The header of a body of `length` bytes.
#[must_use]
pub fn header(length: u32) -> [u8; HEADER] {
    length.to_be_bytes()
}

/// `body` as a frame.
#[must_use]
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&header(body.len() as u32)[..], body].concat()
}

/// Several frames in one piece.
#[must_use]
pub fn joined(calls: &[Call]) -> Vec<u8> {
    calls.iter().flat_map(Call::frame).collect()
}

/// Whether `object` has all of `members`, with the same values.
#[must_use]
pub fn has(object: &Value, members: &Value) -> bool {
    let members = members.as_object().into_iter().flatten();
    members
        .into_iter()
        .all(|(name, value)| object.get(name).is_some_and(|found| same(found, value)))
}

/// Whether two values are the same; 3 and 3.0 are.
#[must_use]
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(name, value): (&String, &Value)| {
                other.get(name).is_some_and(|found| same(value, found))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// `value` as reports show it: an object with its id first, as the sheet writes it.
#[must_use]
pub fn shown(value: &Value) -> String {
    let text = match (value.get("id"), value.get("error")) {
        (Some(id), Some(error)) if value.as_object().is_some_and(|all| all.len() == 2) => {
            format!("{{\"id\":{id},\"error\":{error}}}")
        }
        _ => value.to_string(),
    };
    printable(&text, SHOWN)
}

/// Bytes as reports show them: text as it is, and with its length where it is long.
#[must_use]
pub fn shown_body(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(char::is_control));
    let text = text
        .map_or_else(|| quoted(&bytes[..bytes.len().min(SHOWN)]), |text| printable(text, SHOWN));
    if bytes.len() > SHOWN { format!("{text} ({})", size(bytes.len() as u64)) } else { text }
}

/// Frames as reports show them: each header in hexadecimal digits, then the body, and the beginning of the last
/// one.
#[must_use]
pub fn shown_frames(mut bytes: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        parts.push(hexadecimal(header));
        let length = (u32::from_be_bytes(*header) as usize).min(rest.len());
        if length > 0 {
            parts.push(shown_body(&rest[..length]));
        }
        bytes = &rest[length..];
    }
    if !bytes.is_empty() {
        parts.push(hexadecimal(bytes));
    }
    printable(&parts.join(" "), 3 * SHOWN)
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

/// A frame in two pieces as reports show it, with a bar between them.
#[must_use]
pub fn shown_cut(bytes: &[u8], cut: usize) -> String {
    let (one, two) = bytes.split_at(cut);
    let second = match cut {
        0..HEADER => {
            let (header, body) = two.split_at((HEADER - cut).min(two.len()));
            format!("{} {}", hexadecimal(header), shown_body(body))
        }
        _ => shown_body(two),
    };
    format!("{} | {second}", shown_frames(one))
}

/// Reads a frame, and expects it to be an object that has `members`, and perhaps others.
///
/// # Errors
///
/// Another frame, more than one, or an end before it.
pub async fn expect_frame(connection: &Connection, members: &Value) -> Result<(), Trouble> {
    let mut frames = Frames::default();
    let object = frames.next(connection).await?;
    if !has(&object, members) {
        let expected = format!("not {}", shown(members));
        return Err(wrong(vec![format!("it got {}", shown(&object)), expected], cause_of(&object)));
    }
    if !frames.buffer.is_empty() {
        let more = shown_frames(&frames.buffer);
        return Err(wrong(vec![format!("after {} came {more}", shown(&object))], MORE));
    }
    Ok(())
}

const MORE: &str = "each request has one answer, and after the body of a frame comes the header of the next: no \
                    newline, no zero";

const CLOSED: &str =
    "the server has ended this client: has its task given up because of an error, or panicked?";

const LENGTH: &str = "the header of an answer says how many bytes its body has: as UTF-8, not in characters, and \
                      its own four bytes do not count";

const LITTLE_ENDIAN: &str = "that length makes sense in little-endian order only: a header has its most significant \
                             byte first (`to_be_bytes`)";

/// The likely cause of an answer that should have been another.
fn cause_of(object: &Value) -> &'static str {
    match object.get("error").and_then(Value::as_str) {
        Some("frame too large") => {
            "another length was taken from the header than is there: its most significant byte comes first, and \
             it counts the body alone. Or four bytes were taken for a header that are none"
        }
        Some("frame timeout") => {
            "the program waited for more of a frame that was whole: is the length that of the body alone, and is \
             all that a read returned kept until it is used?"
        }
        Some("bad json") => {
            "the body was cut at the wrong place, or is no request to the program: it begins after the header's \
             four bytes, and has as many bytes as they say"
        }
        Some("empty frame") => {
            "four zeros were taken for a header that are none, or a whole frame for an empty one"
        }
        _ => "",
    }
}

fn wrong(observed: Vec<String>, cause: &str) -> Trouble {
    Trouble::Wrong { observed, cause: cause.to_owned() }
}

/// Frames of a connection.
#[derive(Debug, Default)]
struct Frames {
    /// What has come and is no part of a frame that was taken.
    buffer: Vec<u8>,
}

impl Frames {
    /// The JSON in the next frame.
    async fn next(&mut self, connection: &Connection) -> Result<Value, Trouble> {
        let mut piece = Vec::new();
        loop {
            if let Some(value) = self.take()? {
                return Ok(value);
            }
            piece.resize(64 * 1024, 0);
            let observed = match connection.read(&mut piece).await {
                Ok(0) => "the connection was closed (FIN)".to_owned(),
                Err(error) => format!("the connection broke: {error}"),
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    continue;
                }
            };
            let (came, cause) = self.unfinished();
            let observed = std::iter::once(observed).chain(came).collect();
            let cause = cause.unwrap_or(CLOSED).to_owned();
            return Err(Trouble::Lost { observed, cause });
        }
    }

    /// The JSON in the next frame, if that is whole.
    fn take(&mut self) -> Result<Option<Value>, Trouble> {
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length > LONGEST_ANSWER {
            let begin = shown_frames(&self.buffer);
            let observed = format!("an answer of {length} bytes is announced: {begin}");
            let cause = if looks_like_text(*header) {
                "there is text where a header should be: each answer begins with its length, in four bytes, and \
                 nothing stands between two frames"
            } else if (u32::from_le_bytes(*header) as usize) <= LONGEST_ANSWER {
                LITTLE_ENDIAN
            } else {
                LENGTH
            };
            return Err(wrong(vec![observed], cause));
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let value = parse(*header, body);
        self.buffer.drain(..HEADER + length);
        value.map(Some)
    }

    /// What has come of a frame that will not become whole, and why that is so, if it can be seen.
    fn unfinished(&self) -> (Option<String>, Option<&'static str>) {
        if self.buffer.is_empty() {
            return (None, None);
        }
        let begin = shown_frames(&self.buffer);
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            return (Some(format!("of an answer came only a part of its header: {begin}")), None);
        };
        let (length, came) = (u32::from_be_bytes(*header) as usize, rest.len());
        let came_only = Some(format!(
            "of an answer with {length} bytes in its body came the header and {}: {begin}",
            size(came as u64)
        ));
        let is_little_endian = u32::from_le_bytes(*header) as usize == came;
        (came_only, Some(if is_little_endian { LITTLE_ENDIAN } else { LENGTH }))
    }
}

/// Whether a header is the beginning of a JSON object, or what may come before one.
fn looks_like_text(header: [u8; HEADER]) -> bool {
    matches!(header[0], b'{' | b'\n' | b'\r' | b' ' | b'"')
        || header.iter().all(u8::is_ascii_graphic)
}

/// The object in `body`.
fn parse(header: [u8; HEADER], body: &[u8]) -> Result<Value, Trouble> {
    let frame = || shown_frames(&[&header[..], body].concat());
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(wrong(
            vec![format!("an answer is no object: {}", frame())],
            "each answer is an object, with the request's id and `ok` or `error`",
        )),
        Err(_) if body.is_empty() => Err(wrong(
            vec![format!("an answer without a body came: {}", frame())],
            "four zeros are a header, too, of an empty body: is the length written in four bytes?",
        )),
        Err(error) => {
            let whole = |end: &[u8]| serde_json::from_slice::<Value>(end).is_ok();
            let is_longer = body.len().checked_sub(HEADER).is_some_and(|end| whole(&body[..end]));
            let cause = if is_longer || error.is_eof() {
                LENGTH
            } else {
                "the body of an answer is one JSON object in UTF-8: leave making it to a library, and write each \
                 frame in one piece, its header first"
            };
            Err(wrong(vec![format!("an answer that is not JSON ({error}): {}", frame())], cause))
        }
    }
}

/// A client that reads answers one by one.
pub struct Caller {
    pub client: Client,
    pub name: String,
    server: Rc<Server>,
    frames: RefCell<Frames>,
    /// What it has sent last, as reports show it.
    sent: RefCell<String>,
}

impl Caller {
    /// Connects, to be called `name`.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect(server: &Rc<Server>, name: &str) -> Result<Self, Stop> {
        Self::connect_with(server, name, Window::Usual).await
    }

    /// As [`Self::connect`], for a client of which the kernel takes as much as `window` says.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect_with(
        server: &Rc<Server>,
        name: &str,
        window: Window,
    ) -> Result<Self, Stop> {
        Ok(Self {
            client: server.connect_with(name, window).await?,
            name: name.to_owned(),
            server: Rc::clone(server),
            frames: RefCell::default(),
            sent: RefCell::default(),
        })
    }

    /// Sends `bytes`, which reports show as frames.
    ///
    /// # Errors
    ///
    /// They were not taken.
    pub async fn send(&self, bytes: &[u8]) -> Result<(), Stop> {
        self.sends(shown_frames(bytes));
        self.client.send(&bytes.to_vec().into()).await
    }

    /// From now on reports show this as what was sent last.
    pub fn sends(&self, what: String) {
        self.sent.replace(what);
    }

    /// Makes each call, and expects its answer.
    ///
    /// # Errors
    ///
    /// Another answer, with `cause` as the likely cause, or none.
    pub async fn ask(&self, call: &Call, cause: &str) -> Result<(), Stop> {
        self.send(&call.frame()).await?;
        self.expect(&call.answer, cause).await.map(drop)
    }

    /// Makes an easy call, which is answered as ever.
    ///
    /// # Errors
    ///
    /// It is not, with `cause` as the likely cause.
    pub async fn go_on(&self, cause: &str) -> Result<(), Stop> {
        let trial = self.server.trial();
        self.ask(&Call::any(trial, some_id(trial)), cause).await
    }

    /// The next answer, which is needed for what is `expected`.
    ///
    /// # Errors
    ///
    /// None comes, or no frame with an object.
    pub async fn answer(&self, expected: &str) -> Result<Value, Stop> {
        // Nobody else reads from this client meanwhile.
        let mut frames = self.frames.take();
        let next = frames.next(&self.client.connection);
        let answer = self.server.wait(Some(&self.client.connection), expected, next).await;
        self.frames.replace(frames);
        answer.map_err(|stop| {
            let (came, cause) = self.frames.borrow().unfinished();
            stop.amend(|failure| {
                if failure.is_no_answer() {
                    failure.observed.extend(came);
                    let is_unwritten = failure.cause.starts_with(UNWRITTEN);
                    failure.cause = match cause {
                        Some(cause) if !is_unwritten => cause.to_owned(),
                        _ => std::mem::take(&mut failure.cause),
                    };
                }
                // Of a program that has ended it is luck who hears of it first.
                if !self.server.process.has_ended() {
                    failure.observed.push(self.sent_last());
                }
            })
        })
    }

    /// Expects the next answer to be `answer`, and perhaps to have further members.
    ///
    /// # Errors
    ///
    /// Another answer, with `cause` as the likely cause, or none.
    pub async fn expect(&self, answer: &Value, cause: &str) -> Result<Value, Stop> {
        self.expect_as(&format!("{} gets {}", self.name, shown(answer)), answer, cause).await
    }

    /// As [`Self::expect`], where reports say what is `expected`.
    ///
    /// # Errors
    ///
    /// As [`Self::expect`].
    pub async fn expect_as(
        &self,
        expected: &str,
        answer: &Value,
        cause: &str,
    ) -> Result<Value, Stop> {
        let got = self.answer(expected).await.map_err(|stop| because(stop, cause))?;
        if has(&got, answer) {
            return Ok(got);
        }
        let mut observed = vec![format!("it got {}", shown(&got))];
        // Where it is no answer of another kind it differs in a part that may be out of sight.
        let members = answer.as_object().into_iter().flatten();
        let differs = |(name, value): &(&String, &Value)| {
            got.get(name).is_some_and(|found| !same(found, value))
        };
        let part = members.into_iter().find(differs).filter(|_| got.to_string().len() > SHOWN);
        observed.extend(part.map(|(name, value)| differing(name, &got[name], value)));
        observed.push(self.sent_last());
        let cause = if cause.is_empty() { cause_of(&got) } else { cause };
        Err(self.server.process.fail(&[expected], observed, cause).await)
    }

    fn sent_last(&self) -> String {
        format!("it had sent {}", self.sent.borrow())
    }

    /// Expects the end of the stream, by FIN or RST (rule R14), and no answer before it.
    ///
    /// # Errors
    ///
    /// An answer, or no end.
    pub async fn expect_end(&self, cause: &str) -> Result<(), Stop> {
        let expected = format!("the connection of {} is closed", self.name);
        let words = self.last_words(cause).await?;
        if words.is_empty() {
            return Ok(());
        }
        let observed = vec![format!("before that came {}", shown_frames(&words)), self.sent_last()];
        Err(self.server.process.fail(&[&expected], observed, cause).await)
    }

    /// What comes before the connection ends, by FIN or RST.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn last_words(&self, cause: &str) -> Result<Vec<u8>, Stop> {
        let ending = self.client.ending().await.map_err(|stop| {
            because(stop.amend(|failure| failure.observed.push(self.sent_last())), cause)
        })?;
        Ok([&self.frames.take().buffer[..], &ending.words].concat())
    }

    /// Expects the error `reason`, and then the end of the connection, both while it sends nothing.
    ///
    /// # Errors
    ///
    /// Something else comes, with `cause` as the likely cause, or nothing.
    pub async fn expect_last(&self, reason: &str, cause: &str) -> Result<(), Stop> {
        self.expect(&error(reason), cause).await?;
        let closes =
            format!("after `{reason}` the connection is closed, by the program, and at once");
        self.expect_end(&closes).await
    }

    /// Shuts down the sending side and expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else comes, or nothing.
    pub async fn finish(&self) -> Result<(), Stop> {
        let rest = self.frames.take().buffer;
        if !rest.is_empty() {
            let expected = format!("{} gets nothing that it has not asked for", self.name);
            let observed = vec![format!("it got {}", shown_frames(&rest)), self.sent_last()];
            return Err(self.server.process.fail(&[&expected], observed, MORE).await);
        }
        self.client.finish().await
    }

    /// Where the program holds its end of this connection.
    ///
    /// # Errors
    ///
    /// Its descriptors may not be read.
    pub fn far_end(&self) -> Result<Option<FarEnd>, Stop> {
        let port = self.client.connection.ports.0;
        let is_it = |entry: &TcpSocket| entry.remote_address.port() == port;
        let mut sockets = self.server.process.probe.sockets()?.into_iter();
        let socket = sockets.find(|socket| socket.entry.as_ref().is_some_and(is_it));
        Ok(socket.map(|socket| FarEnd { pid: socket.pid, descriptor: socket.descriptor }))
    }

    /// Waits a moment for the program to read all that was sent. It need not, and whether it has cannot
    /// always be seen.
    pub async fn expect_read(&self, far_end: Option<&FarEnd>) {
        /// Longer than any program takes that waits for input on a machine that is not busy.
        const MOMENT: Duration = Duration::from_millis(100);
        let begin = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let unread =
                far_end.and_then(|end| self.server.process.probe.unread(end.pid, end.descriptor));
            if unread.is_none_or(|unread| unread == 0) || begin.elapsed() > MOMENT {
                return;
            }
        }
    }
}

/// A socket of the program's.
#[derive(Clone, Copy, Debug)]
pub struct FarEnd {
    pid: i32,
    descriptor: i32,
}

/// How a member of an answer is not what it should be, with its length where it is long.
fn differing(name: &str, found: &Value, wanted: &Value) -> String {
    const MOST: usize = 40;
    let short = |value: &Value| {
        let text = value.to_string();
        match text.chars().count() {
            0..=MOST => text,
            length => format!("{} ({length} characters)", printable(&text, MOST)),
        }
    };
    format!("its `{name}` is {} and not {}", short(found), short(wanted))
}

/// Gives `cause` as the cause of a failure of which only the sight is known: an end, or silence. What the
/// program says of itself is better, though.
fn because(stop: Stop, cause: &str) -> Stop {
    stop.amend(|failure| {
        let is_known = cause.is_empty() || failure.cause.starts_with(UNWRITTEN);
        let is_seen = [LENGTH, LITTLE_ENDIAN].contains(&failure.cause.as_str());
        if !is_known && !is_seen && (failure.cause == CLOSED || failure.is_no_answer()) {
            failure.cause = cause.to_owned();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken out of `bytes`: a value, nothing yet, or the first thing observed and the cause.
    fn taken(bytes: &[u8]) -> Result<Option<Value>, (String, String)> {
        let mut frames = Frames { buffer: bytes.to_vec() };
        frames.take().map_err(|trouble| match trouble {
            Trouble::Wrong { mut observed, cause } => (observed.swap_remove(0), cause),
            other => panic!("{other:?}"),
        })
    }

    /// A body behind a header that says something else.
    fn lying(header: [u8; 4], body: &str) -> Vec<u8> {
        [&header[..], body.as_bytes()].concat()
    }

    #[test]
    fn a_frame_is_taken_once_it_is_whole() {
        let call = Call::reverse(7, "é🦀");
        let bytes = frame(call.answer.to_string().as_bytes());
        for end in 0..bytes.len() {
            assert_eq!(taken(&bytes[..end]), Ok(None), "{end}");
        }
        assert_eq!(taken(&bytes), Ok(Some(json!({ "id": 7, "ok": "🦀é" }))));
        let mut two = Frames { buffer: [&bytes[..], &bytes].concat() };
        assert!(matches!(two.take(), Ok(Some(_))));
        assert_eq!(two.buffer, bytes);
    }

    #[test]
    fn wrong_headers_are_recognised() {
        let body = r#"{"id":1,"ok":2}"#;
        let length = body.len() as u32;
        let cause = |bytes: &[u8]| taken(bytes).expect_err("a wrong header").1;
        assert_eq!(cause(&lying(length.to_le_bytes(), body)), LITTLE_ENDIAN);
        assert!(cause(body.as_bytes()).contains("text where a header"));
        assert!(cause(&[b"\n", &frame(body.as_bytes())[..]].concat()).contains("text where"));
        // It counts itself, and takes the next one's header with it; or it counts characters.
        let next = [lying((length + 4).to_be_bytes(), body), vec![0, 0, 0, 15]].concat();
        assert_eq!(cause(&next), LENGTH);
        assert_eq!(cause(&lying((length - 2).to_be_bytes(), body)), LENGTH);
        assert!(cause(&[0; 4]).contains("written in four bytes"));
        assert!(cause(&frame(b"[1]")).contains("is an object"));
        let (observed, cause) = taken(&frame(b"{'id':1}")).expect_err("no JSON");
        assert!(observed.ends_with("00 00 00 08 {'id':1}"), "{observed}");
        assert!(cause.contains("leave making it to a library"));
    }

    #[test]
    fn what_stays_unfinished_is_explained() {
        let body = r#"{"id":1,"ok":2}"#;
        let unfinished = |bytes: Vec<u8>| Frames { buffer: bytes }.unfinished();
        let (came, cause) = unfinished(lying([0, 0, 0, 19], body));
        let came = came.expect("something came");
        assert!(came.contains("with 19 bytes in its body") && came.contains("15 bytes:"), "{came}");
        assert_eq!(cause, Some(LENGTH));
        // 256 bytes in little-endian order are 65,536 in the other.
        let long = format!("\"{}\"", "a".repeat(254));
        assert_eq!(unfinished(lying([0, 1, 0, 0], &long)).1, Some(LITTLE_ENDIAN));
        assert_eq!(unfinished(vec![0, 0]).0.expect("a part").matches("00").count(), 2);
        assert_eq!(unfinished(Vec::new()), (None, None));
    }

    #[test]
    fn answers_are_compared_as_values() {
        let sum = json!({ "id": 1, "ok": 3 });
        assert!(has(&json!({ "ok": 3.0, "id": 1, "more": [] }), &sum));
        assert!(!has(&json!({ "ok": 3.5, "id": 1 }), &sum));
        assert!(!has(&json!({ "ok": "3", "id": 1 }), &sum));
        // An id that is not there is not `null`.
        assert!(!has(&json!({ "error": "bad json" }), &error("bad json")));
        assert!(same(&json!([{ "a": [1.0, null] }]), &json!([{ "a": [1, null] }])));
        assert!(!same(&json!({ "a": 1, "b": 2 }), &json!({ "a": 1 })));
        assert!(!same(&json!([1]), &json!([1, 1])));
    }

    #[test]
    fn frames_are_shown_with_their_header() {
        assert_eq!(shown_frames(&frame(b"{}")), "00 00 00 02 {}");
        assert_eq!(shown_frames(&frame(b"\xff\n")), "00 00 00 02 \"\\xff\\n\"");
        assert_eq!(shown_frames(&[0, 0]), "00 00");
        let two = [&frame(b"{}")[..], &frame(b""), &frame(b"{}")[..5]].concat();
        assert_eq!(shown_frames(&two), "00 00 00 02 {} 00 00 00 00 00 00 00 02 {");
        assert_eq!(shown(&error("bad json")), r#"{"id":null,"error":"bad json"}"#);
        let long = shown_frames(&frame(&[b'a'; 300]));
        assert_eq!(shown_cut(&frame(b"{}"), 1), "00 | 00 00 02 {}");
        assert_eq!(shown_cut(&frame(b"{}"), 4), "00 00 00 02 | {}");
        assert_eq!(shown_cut(&frame(b"{}"), 5), "00 00 00 02 { | }");
        assert!(long.starts_with("00 00 01 2c aaa") && long.ends_with("… (300 bytes)"), "{long}");
    }
}
