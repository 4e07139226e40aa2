//! A room in which two clients listen and two never read.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::size;
use engine::drive::{BufferSize, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::client::ChatClient;
use super::protocol::{has, join, joined, left, long_message, message, named};
use crate::expect;

/// The median is taken over this many messages.
pub(super) const SAMPLES: usize = 15;

/// How much the kernel should buffer for a client that does not read, in bytes; Linux doubles it.
const SEND_BUFFER: usize = 32 * 1024;

/// How many messages may be sent before a client that does not read is disconnected. The kernel usually buffers a few
/// hundred kilobytes for it.
const MAX_MESSAGES: usize = 20_000;

/// By how much the memory of the program may grow while two clients do not read, in bytes.
const MAX_GROWTH: u64 = 16 * 1024 * 1024;

pub(super) struct StalledRoom {
    pub(super) server: Rc<Server>,
    /// Amy, who sends all messages, and zoe.
    pub(super) listeners: Vec<ChatClient>,
    /// The clients that never read.
    pub(super) stalled: Vec<ChatClient>,
    pub(super) room: String,
    /// How long each message took to reach both listeners.
    pub(super) times: Vec<Duration>,
    /// Sent again and again, with a number before it.
    text: String,
    /// How many messages were sent.
    said: usize,
    /// Whether the kernel buffers the same amount for each slow reader: only then does the number of messages show how
    /// long a queue is.
    pub(super) buffers_are_fixed: bool,
}

/// The clients whose `left` a listener got: how many messages came before it, and their names.
type Departures = Vec<(usize, String)>;

impl StalledRoom {
    /// The listeners join and exchange some messages; then the clients that never read join.
    pub(super) async fn begin(trial: &Trial, start: &Start) -> Result<Self, CheckError> {
        let server = trial.start(start).await?;
        let room = named(trial, "room");
        let [amy, suffix, zoe] = ["amy", "", "zoe"].map(|begin| named(trial, begin));
        trial.step("amy and zoe join a room; measure how long amy's messages take to reach both");
        let listeners = ChatClient::join_in_turn(&server, &[amy, zoe], &room).await?;
        let text = long_message(trial);
        let (times, stalled) = (Vec::new(), Vec::new());
        let (said, buffers_are_fixed) = (0, true);
        let mut this =
            Self { server, listeners, stalled, room, times, text, said, buffers_are_fixed };
        for _ in 0..SAMPLES {
            this.say().await?;
        }
        trial.step("max1 and max2 join, and never read");
        for number in [1, 2] {
            this.join_stalled(&format!("max{number}{suffix}")).await?;
        }
        Ok(this)
    }

    /// A client that never reads joins.
    async fn join_stalled(&mut self, name: &str) -> Result<(), CheckError> {
        let client = ChatClient::connect(&self.server, name, BufferSize::Small).await?;
        client.send(&join(name, &self.room)).await?;
        for listener in &self.listeners {
            listener.expect(&joined(name)).await?;
        }
        // A blocked write to it should block forever. Where fixing the buffer size is not allowed, most do anyway.
        self.buffers_are_fixed &= self.server.probe().fix_send_buffer(client.ports(), SEND_BUFFER);
        self.stalled.push(client);
        Ok(())
    }

    /// Message number `number`. All have the same length.
    pub(super) fn text(&self, number: usize) -> String {
        format!("{number:05} {}", self.text)
    }

    /// Amy sends the next message, and both get it. Returns which clients left before it, for each of the two.
    async fn say(&mut self) -> Result<[Vec<String>; 2], CheckError> {
        let (text, amy) = (self.text(self.said), &self.listeners[0].name);
        let begin = Instant::now();
        self.listeners[0].say(&text).await?;
        let said = message(amy, &text);
        let mut departures = [Vec::new(), Vec::new()];
        for (client, departures) in self.listeners.iter().zip(&mut departures) {
            let expected = format!(
                "{} gets amy's messages, and one `left` for each client that leaves",
                client.name
            );
            loop {
                let event = client.event(&expected).await?;
                if has(&event, &said) {
                    break;
                }
                let gone = self.stalled.iter().find(|other| has(&event, &left(&other.name)));
                let cause = match gone {
                    Some(gone) if !departures.contains(&gone.name) => {
                        departures.push(gone.name.clone());
                        continue;
                    }
                    Some(_) => causes::CUT_OFF_CLIENT_LEAVES_TWICE,
                    None => causes::WAITS_FOR_SLOW_READER,
                };
                return Err(client.unexpected(&expected, Some(&cause)).await);
            }
        }
        self.times.push(begin.elapsed());
        self.said += 1;
        Ok(departures)
    }

    /// Amy keeps sending until both slow readers are disconnected; both listeners get `left` at the same place. Returns
    /// how many messages that took.
    pub(super) async fn say_until_cut_off(&mut self) -> Result<usize, CheckError> {
        let memory = self.server.probe().rss_anon();
        let first = self.said;
        let mut heard: [Departures; 2] = Default::default();
        while heard.iter().any(|heard| heard.len() < self.stalled.len()) {
            let said = self.said - first;
            self.expect_bounded_queues(said, &memory).await?;
            let departures = self.say().await?;
            for ((heard, names), client) in heard.iter_mut().zip(departures).zip(&self.listeners) {
                for name in names {
                    if heard.iter().any(|(_, before)| *before == name) {
                        let expected = format!("{} gets `left` for {name} once", client.name);
                        let cause = &causes::CUT_OFF_CLIENT_LEAVES_TWICE;
                        return Err(client.unexpected(&expected, Some(cause)).await);
                    }
                    heard.push((said, name));
                }
            }
        }
        self.expect_same_order(&heard).await?;
        Ok(self.said - first)
    }

    /// After `said` messages, the program must not still buffer all of them for clients that do not read; `before` is
    /// the memory that it used before the first one.
    async fn expect_bounded_queues(
        &self,
        said: usize,
        before: &BTreeMap<i32, u64>,
    ) -> Result<(), CheckError> {
        let bytes = (said * self.text.len()) as u64;
        if said == MAX_MESSAGES {
            let observed = format!(
                "after {said} messages ({}), such a client is still connected",
                size(bytes)
            );
            let failure = Failure::property(observed)
                .expecting("a client that does not read is disconnected once its queue is full");
            return Err(self.server.fail(failure.because(causes::SLOW_READER_KEPT)).await);
        }
        // A correct program disconnects both long before this much is sent.
        if bytes < MAX_GROWTH {
            return Ok(());
        }
        let grown = expect::growth(before, &self.server.probe().rss_anon());
        let piled_up = |grown: &str| {
            let waiting = format!("{said} messages wait for each of two clients that read nothing");
            Failure::property(format!("memory grew by {grown} (RssAnon)"))
                .observing(waiting)
                .because(causes::CLIENT_QUEUE_UNBOUNDED)
        };
        expect::memory_growth_below(&self.server, grown, MAX_GROWTH, piled_up).await
    }

    /// Both listeners got the same departures after the same messages.
    async fn expect_same_order(&self, heard: &[Departures; 2]) -> Result<(), CheckError> {
        if heard[0] == heard[1] {
            return Ok(());
        }
        let places = |heard: &Departures| -> Vec<String> {
            heard.iter().map(|(after, name)| format!("{name} after {after}")).collect()
        };
        let observed = ["amy", "zoe"].iter().zip(heard).map(|(who, heard)| {
            format!("{who} got `left` for {} messages", places(heard).join(" and for "))
        });
        let failure = Failure::property_lines(observed)
            .expecting("amy and zoe get the same events in the same order");
        Err(self.server.fail(failure.because(causes::LEFT_SENT_MID_EVENT)).await)
    }
}
