//! What a client has learned about a room from its welcome and the events since, and what is wrong with that view.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use course::text::count;
use engine::verdict::CheckError;
use serde_json::Value;

use super::client::ChatClient;
use super::protocol::{joined, shown, who};

/// The order in which one client got all events of a room.
#[derive(Debug, Default)]
pub(super) struct EventOrder(HashMap<String, usize>);

impl EventOrder {
    /// Adds `event` after all others.
    pub(super) fn push(&mut self, event: &Value) {
        let place = self.0.len();
        self.0.insert(key(event), place);
    }

    fn place(&self, event: &Value) -> Option<usize> {
        self.0.get(&key(event)).copied()
    }
}

/// The kind of an event, and its user.
fn key(event: &Value) -> String {
    format!("{} {}", event["event"], event["user_id"])
}

/// The users in an event.
pub(super) fn users_of(event: &Value) -> BTreeSet<String> {
    let users = event["users"].as_array().into_iter().flatten();
    users.filter_map(|user| Some(user.as_str()?.to_owned())).collect()
}

/// What a client has learned about its room.
pub(super) struct View<'a> {
    /// The client's name.
    name: &'a str,
    /// The users, according to its welcome and the events since.
    known: BTreeSet<String>,
    /// The users, according to the answer to `who`.
    listed: BTreeSet<String>,
    /// How many events it got since it joined, and how many there were.
    heard: usize,
    to_hear: usize,
    /// The last event that it got, after its place in the room's order; no event for its welcome.
    last: Option<(usize, Option<Rc<Value>>)>,
    /// The first two events that came in a different order.
    reordered: Option<[String; 2]>,
    /// The first event that contradicts what it knew.
    contradiction: Option<String>,
}

impl<'a> View<'a> {
    /// The view of `client` after it has asked who is there. `welcome` are the users in its welcome, and `everyone`
    /// those that are really there.
    ///
    /// # Errors
    ///
    /// No answer arrives.
    pub(super) async fn of(
        client: &'a ChatClient,
        welcome: BTreeSet<String>,
        everyone: &BTreeSet<String>,
        order: &EventOrder,
    ) -> Result<Self, CheckError> {
        client.send(&who()).await?;
        let mut view = Self::new(&client.name, welcome, order);
        loop {
            let event = client.event("a client that stayed gets the list of users").await?;
            if event["event"] == "users" {
                view.listed = users_of(&event);
                return Ok(view);
            }
            let is_news = view.learn(&event, order);
            // Instead of the answer, events may arrive without end.
            if view.known.len() > 2 * everyone.len() {
                return Ok(view);
            }
            if !is_news && view.contradiction.is_none() {
                view.contradiction = Some(shown(&event));
            }
        }
    }

    fn new(name: &'a str, welcome: BTreeSet<String>, order: &EventOrder) -> Self {
        // Its own join is the last event that it need not get.
        let last = order.place(&joined(name)).map(|place| (place, None));
        let to_hear = order.0.len() - 1 - last.as_ref().map_or(0, |(place, _)| *place);
        Self {
            name,
            known: welcome,
            listed: BTreeSet::new(),
            heard: 0,
            to_hear,
            last,
            reordered: None,
            contradiction: None,
        }
    }

    /// Records an event. Returns whether it fits what was known.
    fn learn(&mut self, event: &Rc<Value>, order: &EventOrder) -> bool {
        let user = event["user_id"].as_str().unwrap_or_default();
        let is_news = match event["event"].as_str() {
            Some("joined") => self.known.insert(user.to_owned()),
            Some("left") => self.known.remove(user),
            Some("message") => self.known.contains(user),
            _ => false,
        };
        if let Some(place) = order.place(event) {
            self.heard += 1;
            if let Some((before, last)) = &self.last
                && place <= *before
                && self.reordered.is_none()
            {
                let last = last.as_ref().map_or("its welcome".to_owned(), |last| shown(last));
                let two = [format!("first {last}"), format!("then {}", shown(event))];
                self.reordered = Some(two);
            }
            self.last = Some((place, Some(Rc::clone(event))));
        }
        is_news
    }

    /// What is wrong with the view, if `everyone` is there and `watcher` got the events in the room's order.
    pub(super) fn flaw(self, everyone: &BTreeSet<String>, watcher: &str) -> Option<Flaw> {
        let (name, all) = (self.name, count(everyone.len(), "user"));
        let unheard: Vec<_> = everyone.difference(&self.known).collect();
        let unheard_of = unheard.len();
        let mut evidence = Vec::new();
        let observed = if let Some(first) = unheard.first() {
            format!("{name} has not heard of {unheard_of} of {all}, for example {first}")
        } else if let Some(two) = self.reordered {
            evidence.extend(two);
            format!("{name} got two events in a different order than {watcher}")
        } else if let Some(event) = self.contradiction {
            format!("{name} got {event}, which does not fit what it knew")
        } else if self.heard != self.to_hear {
            let events = count(self.to_hear, "event");
            format!("{name} got {} of the {events} since it joined", self.heard)
        } else if self.known == *everyone && self.listed == *everyone {
            return None;
        } else {
            let (known, listed) = (self.known.len(), self.listed.len());
            format!(
                "{name} knows {known} and was sent a list of {listed}, but {all} are in the room"
            )
        };
        Some(Flaw { unheard_of, observed, evidence })
    }
}

/// What is wrong with a view. The worst is the greatest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flaw {
    /// How many users the client does not know.
    unheard_of: usize,
    pub(super) observed: String,
    pub(super) evidence: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::lab07::protocol::{left, message};

    fn users(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// The flaw of bob's view: he joined after ana and got these events; cleo and dan joined after him, and dan left.
    fn flaw(heard: &[Value]) -> Option<Flaw> {
        let mut order = EventOrder::default();
        for event in [joined("ana"), joined("bob"), joined("cleo"), joined("dan"), left("dan")] {
            order.push(&event);
        }
        let mut view = View::new("bob", users(&["ana", "bob"]), &order);
        for event in heard {
            if !view.learn(&Rc::new(event.clone()), &order) {
                view.contradiction = Some(shown(event));
            }
        }
        let everyone = users(&["ana", "bob", "cleo"]);
        view.listed = everyone.clone();
        view.flaw(&everyone, "ana")
    }

    #[test]
    fn a_view_is_right_if_all_events_came_in_order() {
        assert_eq!(flaw(&[joined("cleo"), joined("dan"), left("dan")]), None);
    }

    #[test]
    fn a_flaw_is_described() {
        let observed = |heard: &[Value]| flaw(heard).map(|flaw| flaw.observed).unwrap_or_default();
        assert_eq!(observed(&[]), "bob has not heard of 1 of 3 users, for example cleo");
        assert_eq!(observed(&[joined("cleo")]), "bob got 1 of the 3 events since it joined");
        assert!(observed(&[joined("cleo"), message("dan", "hello")]).contains("does not fit"));
        let swapped = flaw(&[joined("dan"), joined("cleo"), left("dan")]).expect("cleo was first");
        assert_eq!(swapped.evidence.len(), 2, "{swapped:?}");
    }
}
