//! What happened during one run of a check, in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::exit::ExitStatus;
use super::serialize::{escaped, milliseconds};

/// Something that happened during a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The time since the check began, in milliseconds.
    #[serde(rename = "at_ms", serialize_with = "milliseconds")]
    pub at: Duration,
    /// The acting side: the grader, the program under test, or one of the grader's clients or servers by its name in reports.
    pub actor: String,
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The grader says what it does next.
    Action { text: String },
    /// The grader launched the program.
    Started,
    /// The program's first process ended.
    Ended { status: ExitStatus },
    /// The actor connected.
    Connected,
    /// The actor, one of the grader's servers, accepted a connection.
    Accepted,
    /// The actor sent bytes to the program.
    Sent(Bytes),
    /// The actor received bytes from the program.
    Received(Bytes),
    /// The grader gave the program these bytes on standard input.
    Input(Bytes),
    /// The program printed these bytes on standard output, and the grader read them.
    Output(Bytes),
    /// The actor sent the end of its TLS stream (close_notify).
    CloseNotify,
    /// The actor shut down its sending side (FIN).
    ShutdownWrite,
    /// The actor reset the connection (RST).
    Reset,
    /// The end of the program's stream (FIN) reached the actor.
    EndOfStream,
    /// The connection broke.
    Broken { reason: String },
    /// The grader sent this signal to the program.
    Signal { name: String },
    /// The number of events before this moment that were not kept.
    LeftOut { events: u64 },
}

/// The direction in which bytes were sent.
#[derive(Clone, Copy)]
enum Flow {
    Sent,
    Received,
    Input,
    Output,
}

impl Flow {
    fn event(self, bytes: Bytes) -> Event {
        match self {
            Self::Sent => Event::Sent(bytes),
            Self::Received => Event::Received(bytes),
            Self::Input => Event::Input(bytes),
            Self::Output => Event::Output(bytes),
        }
    }

    /// The bytes of `event`, if they were sent in this direction.
    fn bytes(self, event: &mut Event) -> Option<&mut Bytes> {
        match (self, event) {
            (Self::Sent, Event::Sent(bytes))
            | (Self::Received, Event::Received(bytes))
            | (Self::Input, Event::Input(bytes))
            | (Self::Output, Event::Output(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// A number of bytes, of which only the first are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bytes {
    #[serde(rename = "bytes")]
    pub count: u64,
    #[serde(serialize_with = "escaped")]
    pub first: Vec<u8>,
}

/// How many of them are kept.
const FIRST: usize = 24;

/// How many wire events are kept from the beginning and from the end of a check, which may move gigabytes over
/// thousands of connections. All of the grader's actions are kept.
const MAX_BEGINNING: usize = 64;
const MAX_END: usize = 192;

impl Bytes {
    fn of(bytes: &[u8], count: u64) -> Self {
        Self { count, first: bytes[..bytes.len().min(FIRST)].to_vec() }
    }
}

/// The journal of one run of a check. Clones write to the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    begin: Instant,
    actions: RefCell<Vec<Step>>,
    beginning: RefCell<Vec<Step>>,
    end: RefCell<VecDeque<Step>>,
    /// How many events between the two were not kept, and the time of the last one.
    left_out: Cell<(u64, Duration)>,
    notes: RefCell<Vec<String>>,
}

/// The grader, and the program under test, as actors.
const GRADER: &str = "grader";
const PROGRAM: &str = "the program";

impl Default for Journal {
    fn default() -> Self {
        let inner = Inner {
            begin: Instant::now(),
            actions: RefCell::default(),
            beginning: RefCell::default(),
            end: RefCell::default(),
            left_out: Cell::default(),
            notes: RefCell::default(),
        };
        Self { inner: Rc::new(inner) }
    }
}

impl Journal {
    /// Records what the grader does next.
    pub fn action(&self, text: impl Into<String>) {
        let event = Event::Action { text: text.into() };
        self.inner.actions.borrow_mut().push(self.step(GRADER, event));
    }

    /// Records a signal to the program.
    pub fn signal(&self, name: impl Into<String>) {
        self.wire(GRADER, Event::Signal { name: name.into() });
    }

    /// Records that the program was started.
    pub(crate) fn started(&self) {
        self.wire(PROGRAM, Event::Started);
    }

    /// Records that the program's first process has ended.
    pub(crate) fn ended(&self, status: ExitStatus) {
        self.wire(PROGRAM, Event::Ended { status });
    }

    /// Records bytes that the grader gave the program on standard input.
    pub(crate) fn input(&self, bytes: &[u8]) {
        self.moved(GRADER, bytes, Flow::Input);
    }

    /// Records bytes that the program has printed on standard output.
    pub(crate) fn output(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.moved(PROGRAM, bytes, Flow::Output);
        }
    }

    /// Records bytes that `actor` sent.
    pub fn sent(&self, actor: &str, bytes: &[u8]) {
        self.moved(actor, bytes, Flow::Sent);
    }

    /// Records bytes that `actor` received; an empty slice is the end of the stream.
    pub fn received(&self, actor: &str, bytes: &[u8]) {
        match bytes {
            [] => self.wire(actor, Event::EndOfStream),
            some => self.moved(actor, some, Flow::Received),
        }
    }

    /// Records any other event on the wire.
    pub(crate) fn wire(&self, actor: &str, event: Event) {
        let step = self.step(actor, event);
        let mut beginning = self.inner.beginning.borrow_mut();
        let mut end = self.inner.end.borrow_mut();
        if beginning.len() < MAX_BEGINNING {
            beginning.push(step);
            return;
        }
        if end.len() == MAX_END
            && let Some(last) = end.pop_front()
        {
            let (events, _) = self.inner.left_out.get();
            self.inner.left_out.set((events + 1, last.at));
        }
        end.push_back(step);
    }

    /// Attributes to `to` what `from` has done so far, because a connection gets its name only once it exists.
    pub fn rename(&self, from: &str, to: &str) {
        let mut beginning = self.inner.beginning.borrow_mut();
        let mut end = self.inner.end.borrow_mut();
        for step in beginning.iter_mut().chain(end.iter_mut()).filter(|step| step.actor == from) {
            to.clone_into(&mut step.actor);
        }
    }

    /// Records bytes; consecutive pieces in one direction are one event.
    fn moved(&self, actor: &str, bytes: &[u8], flow: Flow) {
        {
            let mut beginning = self.inner.beginning.borrow_mut();
            let mut end = self.inner.end.borrow_mut();
            let last = if end.is_empty() { beginning.last_mut() } else { end.back_mut() };
            // An action in between separates the two.
            let actions = self.inner.actions.borrow();
            let said = actions.last().map(|action| action.at);
            if let Some(Step { at, actor: other, event }) = last
                && other == actor
                && said.is_none_or(|said| said <= *at)
                && let Some(all) = flow.bytes(event)
            {
                all.count += bytes.len() as u64;
                return;
            }
        }
        self.wire(actor, flow.event(Bytes::of(bytes, bytes.len() as u64)));
    }

    fn step(&self, actor: &str, event: Event) -> Step {
        Step { at: self.inner.begin.elapsed(), actor: actor.to_owned(), event }
    }

    /// Adds evidence that costs no points, for the report of a check that passes.
    pub fn note(&self, note: impl Into<String>) {
        self.inner.notes.borrow_mut().push(note.into());
    }

    /// All notes.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.inner.notes.borrow().clone()
    }

    /// Everything that was kept, in chronological order. An [`Event::LeftOut`] marks what was left out.
    #[must_use]
    pub fn transcript(&self) -> Vec<Step> {
        let mut all = self.inner.actions.borrow().clone();
        all.extend(self.inner.beginning.borrow().iter().cloned());
        let (events, at) = self.inner.left_out.get();
        if events > 0 {
            all.push(Step { at, actor: GRADER.to_owned(), event: Event::LeftOut { events } });
        }
        all.extend(self.inner.end.borrow().iter().cloned());
        all.sort_by_key(|step| step.at);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(journal: &Journal) -> Vec<Event> {
        journal.transcript().into_iter().map(|step| step.event).collect()
    }

    #[test]
    fn pieces_in_one_direction_are_one_event() {
        let journal = Journal::default();
        journal.action("send");
        journal.sent("client A", b"abc");
        journal.sent("client A", b"def");
        journal.received("client A", b"abc");
        journal.received("client A", b"");
        let sent = Bytes { count: 6, first: b"abc".to_vec() };
        let received = Bytes { count: 3, first: b"abc".to_vec() };
        let action = Event::Action { text: "send".to_owned() };
        let expected = [action, Event::Sent(sent), Event::Received(received), Event::EndOfStream];
        assert_eq!(events(&journal), expected);
    }

    #[test]
    fn an_action_separates_what_is_sent_before_and_after_it() {
        let journal = Journal::default();
        journal.sent("client A", b"abc");
        std::thread::yield_now();
        journal.action("send again");
        journal.sent("client A", b"def");
        assert_eq!(events(&journal).len(), 3);
    }

    #[test]
    fn a_journal_is_bounded_keeps_every_action_and_says_what_it_left_out() {
        let journal = Journal::default();
        for index in 0..10_000 {
            journal.sent(&format!("client {index}"), b"abc");
        }
        journal.action("at the end");
        let all = events(&journal);
        assert_eq!(all.len(), MAX_BEGINNING + 1 + MAX_END + 1);
        let events = 10_000 - (MAX_BEGINNING + MAX_END) as u64;
        assert_eq!(all[MAX_BEGINNING], Event::LeftOut { events });
        assert_eq!(all.last(), Some(&Event::Action { text: "at the end".to_owned() }));
    }

    #[test]
    fn input_and_output_are_events_of_their_own() {
        let journal = Journal::default();
        journal.started();
        journal.input(b"abc");
        journal.input(b"def");
        journal.output(b"abc");
        journal.output(b"");
        journal.ended(ExitStatus::Status(0));
        let input = Event::Input(Bytes { count: 6, first: b"abc".to_vec() });
        let output = Event::Output(Bytes { count: 3, first: b"abc".to_vec() });
        let ended = Event::Ended { status: ExitStatus::Status(0) };
        assert_eq!(events(&journal), [Event::Started, input, output, ended]);
        let actors: Vec<_> = journal.transcript().into_iter().map(|step| step.actor).collect();
        assert_eq!(actors, [PROGRAM, GRADER, PROGRAM, PROGRAM]);
    }

    #[test]
    fn a_connection_gets_its_name_later() {
        let journal = Journal::default();
        journal.wire("port 1", Event::Connected);
        journal.wire("port 2", Event::Connected);
        journal.rename("port 1", "client A");
        let actors: Vec<_> = journal.transcript().into_iter().map(|step| step.actor).collect();
        assert_eq!(actors, ["client A", "port 2"]);
    }

    #[test]
    fn only_the_first_bytes_are_kept() {
        let journal = Journal::default();
        journal.sent("client A", &[7; 1000]);
        let Some(Event::Sent(bytes)) = events(&journal).pop() else { panic!("nothing was sent") };
        assert_eq!((bytes.count, bytes.first.len()), (1000, FIRST));
    }
}
