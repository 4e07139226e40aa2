//! The sender of each message, the clients that saw it and when, and whether all of this is consistent.
//!
//! Every client must see each message exactly once, and each sender's messages in the order of sending. If a single
//! order is required, all clients must see the same one. Any will do: the reference is that of the client that saw the
//! most messages.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use course::text::{count, time};

/// A message: its sender, and its number among the sender's messages, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub sender: usize,
    pub number: usize,
}

/// What has happened among several people, who are numbered from 0.
#[derive(Debug)]
pub struct History {
    names: Vec<String>,
    begin: Instant,
    sent: HashMap<Message, Instant>,
    /// What each of them saw, in order.
    seen: Vec<Vec<(Message, Instant)>>,
}

/// What is wrong with a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Sent, but never seen by one of the people.
    pub lost: usize,
    /// Seen again by the same person.
    pub doubled: usize,
    /// Seen after a message that another person saw later, or that the sender sent later.
    pub reordered: usize,
    /// The first anomaly, with what came before and after it.
    pub first: Vec<String>,
}

/// What may be wrong at one place.
#[derive(Clone, Copy)]
enum Anomaly {
    Lost,
    Doubled,
    Reordered,
}

impl History {
    /// Nothing has happened yet.
    #[must_use]
    pub fn of(names: Vec<String>) -> Self {
        let seen = vec![Vec::new(); names.len()];
        Self { names, begin: Instant::now(), sent: HashMap::new(), seen }
    }

    /// `message` is sent now.
    pub fn sends(&mut self, message: Message) {
        self.sent.insert(message, Instant::now());
    }

    /// Person number `who` sees `message` now.
    pub fn sees(&mut self, who: usize, message: Message) {
        self.seen[who].push((message, Instant::now()));
    }

    /// How many messages were sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent.len()
    }

    /// What is wrong; `None` if everyone saw every message once, each sender's messages in the order of sending, and, if
    /// `one_order` is set, all in the same order.
    #[must_use]
    pub fn judge(&self, one_order: bool) -> Option<Findings> {
        let mut findings = Findings::default();
        // The earliest anomaly is shown.
        let mut first: Option<(Instant, Vec<String>)> = None;
        // The order of the person who saw the most: a place for each message.
        let widest = self.seen.iter().rev().max_by_key(|seen| seen.len());
        let mut order: HashMap<Message, usize> = HashMap::new();
        for (place, (message, _)) in widest.into_iter().flatten().enumerate() {
            order.entry(*message).or_insert(place);
        }
        for (who, seen) in self.seen.iter().enumerate() {
            let mut had = HashSet::new();
            let (mut last_place, mut last_numbers) = (0, HashMap::new());
            let mut note = |anomaly, at: usize, message: Message, when: Instant| {
                match anomaly {
                    Anomaly::Lost => findings.lost += 1,
                    Anomaly::Doubled => findings.doubled += 1,
                    Anomaly::Reordered => findings.reordered += 1,
                }
                if first.as_ref().is_none_or(|(earliest, _)| when < *earliest) {
                    first = Some((when, self.shown(anomaly, who, at, message)));
                }
            };
            for (at, &(message, when)) in seen.iter().enumerate() {
                if !had.insert(message) {
                    note(Anomaly::Doubled, at, message, when);
                    continue;
                }
                let place = order.get(&message).copied().unwrap_or(last_place);
                let before = last_numbers.insert(message.sender, message.number);
                if one_order && place < last_place
                    || before.is_some_and(|number| number > message.number)
                {
                    note(Anomaly::Reordered, at, message, when);
                }
                last_place = last_place.max(place);
            }
            let mut missing: Vec<_> =
                self.sent.iter().filter(|(message, _)| !had.contains(message)).collect();
            missing.sort_unstable_by_key(|(_, when)| **when);
            for (&message, &when) in missing {
                let at = seen.partition_point(|(_, seen)| *seen < when);
                note(Anomaly::Lost, at, message, when);
            }
        }
        findings.first = first?.1;
        Some(findings)
    }

    /// An anomaly of person `who` at place `at` of what they saw, with its surroundings.
    fn shown(&self, anomaly: Anomaly, who: usize, at: usize, message: Message) -> Vec<String> {
        let (name, named) = (&self.names[who], self.named(message));
        let mut lines = vec![match anomaly {
            Anomaly::Lost => format!("the first: {name} never saw {named}"),
            Anomaly::Doubled => format!("the first: {name} saw {named} again"),
            Anomaly::Reordered => format!("the first: {name} saw {named} out of order"),
        }];
        if let Some(sent) = self.sent.get(&message) {
            lines.push(format!("  it was sent at {}", self.at(*sent)));
        }
        let seen = &self.seen[who];
        let event = |place: usize| {
            let (other, when) = seen.get(place)?;
            Some(format!("{} at {}", self.named(*other), self.at(*when)))
        };
        let nothing = || "nothing".to_owned();
        let before = at.checked_sub(1).and_then(event).unwrap_or_else(nothing);
        lines.push(format!("  before that came {before}"));
        let next = match anomaly {
            Anomaly::Lost => at,
            Anomaly::Doubled | Anomaly::Reordered => {
                lines.extend(event(at).map(|this| format!("> then this: {this}")));
                at + 1
            }
        };
        lines.push(format!("  then came {}", event(next).unwrap_or_else(nothing)));
        lines
    }

    fn named(&self, message: Message) -> String {
        format!("message {} of {}", message.number + 1, self.names[message.sender])
    }

    fn at(&self, when: Instant) -> String {
        time(when.saturating_duration_since(self.begin))
    }
}

impl Findings {
    /// The lines of a report on `all` messages to each client.
    #[must_use]
    pub fn lines(&self, all: usize) -> Vec<String> {
        let mut lines = vec![format!(
            "of {} to each client, {} were lost, {} duplicated and {} out of order",
            count(all, "message"),
            self.lost,
            self.doubled,
            self.reordered
        )];
        lines.extend(self.first.iter().cloned());
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Message = Message { sender: 0, number: 0 };
    const B: Message = Message { sender: 0, number: 1 };
    const C: Message = Message { sender: 1, number: 0 };

    /// What is found if three messages were sent and two people saw the given ones.
    fn found(ana: &[Message], bob: &[Message]) -> Option<(usize, usize, usize)> {
        let mut history = History::of(vec!["ana".to_owned(), "bob".to_owned()]);
        [A, B, C].into_iter().for_each(|message| history.sends(message));
        ana.iter().for_each(|&message| history.sees(0, message));
        bob.iter().for_each(|&message| history.sees(1, message));
        history.judge(true).map(|found| (found.lost, found.doubled, found.reordered))
    }

    #[test]
    fn any_one_order_that_keeps_each_senders_own_is_right() {
        for order in [[A, B, C], [A, C, B], [C, A, B]] {
            assert_eq!(found(&order, &order), None);
        }
    }

    #[test]
    fn without_one_order_only_a_senders_own_counts() {
        let mut history = History::of(vec!["ana".to_owned(), "bob".to_owned()]);
        [A, B, C].into_iter().for_each(|message| history.sends(message));
        [A, B, C].into_iter().for_each(|message| history.sees(0, message));
        [C, A, B].into_iter().for_each(|message| history.sees(1, message));
        assert!(history.judge(true).is_some());
        assert_eq!(history.judge(false), None);
    }

    #[test]
    fn what_is_lost_doubled_or_reordered_is_counted() {
        assert_eq!(found(&[A, B, C], &[A, C]), Some((1, 0, 0)));
        assert_eq!(found(&[A, B, C], &[]), Some((3, 0, 0)));
        assert_eq!(found(&[A, B, C], &[A, B, B, C]), Some((0, 1, 0)));
        assert_eq!(found(&[A, B, C], &[A, C, B]), Some((0, 0, 1)));
        // All agree with each other, but not with the sender.
        assert_eq!(found(&[B, A, C], &[B, A, C]), Some((0, 0, 2)));
        assert_eq!(found(&[A, A], &[C, B]), Some((3, 1, 0)));
    }

    #[test]
    fn the_first_offence_is_shown_in_its_place() {
        let mut history = History::of(vec!["ana".to_owned(), "bob".to_owned()]);
        [A, B, C].into_iter().for_each(|message| history.sends(message));
        [A, B, C].into_iter().for_each(|message| history.sees(0, message));
        [A, C, B].into_iter().for_each(|message| history.sees(1, message));
        let lines = history.judge(true).expect("B came after C").lines(3);
        let counts = "of 3 messages to each client, 0 were lost, 0 duplicated and 1 out of order";
        assert_eq!(lines[0], counts);
        assert_eq!(lines[1], "the first: bob saw message 2 of ana out of order");
        assert!(lines[3].starts_with("  before that came message 1 of bob at "), "{lines:?}");
        assert!(lines[4].starts_with("> then this: message 2 of ana at "), "{lines:?}");
        assert_eq!(lines[5], "  then came nothing");
    }
}
