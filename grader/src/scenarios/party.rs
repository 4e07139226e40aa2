//! A room of the chat in which many talk, and what each of them has heard.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use serde_json::{Value, json};

use super::chat::{Guest, has, joined, message, named};
use crate::history::{History, Message};
use crate::outcome::Stop;
use crate::server::{Server, together};

/// Lets clients of these names, sorted, join `room` one after the other, and hear of each other.
///
/// # Errors
///
/// Another welcome, other news, or none.
pub async fn gather(server: &Rc<Server>, names: &[String], room: &str) -> Result<Vec<Guest>, Stop> {
    let mut guests: Vec<Guest> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let users: Vec<&str> = names[..=index].iter().map(String::as_str).collect();
        let guest = Guest::join(server, name, room, &users).await?;
        for earlier in &guests {
            earlier.expect(&joined(name), "").await?;
        }
        guests.push(guest);
    }
    Ok(guests)
}

/// The number of the message with this text, from 0; it counts from 1 there.
fn number_in(text: &str) -> Option<usize> {
    text.split(' ').next()?.parse::<usize>().ok()?.checked_sub(1)
}

/// Clients in one room, and all that they say and hear.
pub struct Party {
    server: Rc<Server>,
    guests: Vec<Guest>,
    names: Vec<String>,
    /// In each message, so that no answer can have been written for it.
    salt: String,
    history: RefCell<History>,
}

/// What is waited for.
const HEARD: &str = "everyone hears each message";

impl Party {
    /// `number` clients join a room.
    ///
    /// # Errors
    ///
    /// As [`gather`].
    pub async fn gather(server: &Rc<Server>, number: usize) -> Result<Self, Stop> {
        let trial = server.trial();
        let salt = trial.word_text();
        let same = named(trial, "");
        let names: Vec<_> = (0..number).map(|index| format!("user{index:03}{same}")).collect();
        let guests = gather(server, &names, &named(trial, "room")).await?;
        let history = RefCell::new(History::of(names.clone()));
        Ok(Self { server: Rc::clone(server), guests, names, salt, history })
    }

    fn text(&self, number: usize) -> String {
        format!("{} {}", number + 1, self.salt)
    }

    /// `who` sends its messages with these `numbers`, all in one piece.
    ///
    /// # Errors
    ///
    /// They were not taken.
    pub async fn say(&self, who: usize, numbers: Range<usize>) -> Result<(), Stop> {
        let mut lines = String::new();
        for number in numbers {
            lines += &format!("{}\n", json!({ "message": self.text(number) }));
            self.history.borrow_mut().sends(Message { sender: who, number });
        }
        self.guests[who].client.send(&lines.into_bytes().into()).await
    }

    /// What `who` hears next; `None` where it is no message, but what was `asked` for.
    ///
    /// # Errors
    ///
    /// Nothing comes, or what nobody has said.
    pub async fn hear(&self, who: usize, asked: Option<&Value>) -> Result<Option<Message>, Stop> {
        let event = self.guests[who].event(HEARD).await?;
        if asked.is_some_and(|asked| has(&event, asked)) {
            return Ok(None);
        }
        let sender = event["user_id"].as_str();
        let sender = sender.and_then(|sender| self.names.iter().position(|name| name == sender));
        let number = event["message"].as_str().and_then(number_in);
        if let (Some(sender), Some(number)) = (sender, number)
            && has(&event, &message(&self.names[sender], &self.text(number)))
        {
            let heard = Message { sender, number };
            self.history.borrow_mut().sees(who, heard);
            return Ok(Some(heard));
        }
        let expected = format!("{} hears what somebody has said", self.guests[who].name);
        Err(self.guests[who].wrong(&expected, "").await)
    }

    /// Each sends so many messages, the next one when it has heard its own, and hears those of all.
    ///
    /// # Errors
    ///
    /// Something does not come, or something comes that nobody has said.
    pub async fn talk(&self, messages: usize) -> Result<(), Stop> {
        let all = self.guests.len() * messages;
        let talking = (0..self.guests.len()).map(|who| async move {
            let mut heard = 0;
            for number in 0..messages {
                self.say(who, number..number + 1).await?;
                let own = Message { sender: who, number };
                loop {
                    heard += 1;
                    if self.hear(who, None).await? == Some(own) {
                        break;
                    }
                }
            }
            while heard < all {
                self.hear(who, None).await?;
                heard += 1;
            }
            Ok(())
        });
        together(talking).await?;
        self.settle().await
    }

    /// Each asks who is there, and hears what still comes before the answer (rule R4), but not for ever.
    ///
    /// # Errors
    ///
    /// As [`Self::hear`].
    pub async fn settle(&self) -> Result<(), Stop> {
        let users = json!({ "event": "users" });
        let asking = (0..self.guests.len()).map(|who| {
            let users = &users;
            async move {
                self.guests[who].send(&json!({ "who": true })).await?;
                let enough = 2 * self.history.borrow().sent();
                let mut more = 0;
                while more < enough && self.hear(who, Some(users)).await?.is_some() {
                    more += 1;
                }
                Ok(())
            }
        });
        together(asking).await.map(drop)
    }

    /// What came of it all, in `one_order` or not; `talk` is how the talking has ended.
    ///
    /// # Errors
    ///
    /// Something was lost, doubled or out of order; or `talk` failed otherwise.
    pub async fn judge(&self, talk: Result<(), Stop>, one_order: bool) -> Result<(), Stop> {
        let in_vain = matches!(&talk, Err(Stop::Failed(failure)) if failure.is_no_answer());
        if talk.is_err() && !in_vain {
            return talk;
        }
        // What was waited for in vain is better told by what was lost.
        let findings = self.history.borrow().judge(one_order);
        let Some(findings) = findings else { return talk };
        let sent = self.history.borrow().sent();
        let expected = if one_order {
            "each message reaches everyone once, and in the same order"
        } else {
            "each message reaches everyone once, and each sender's in the order in which they were sent"
        };
        let cause = if findings.lost > 0 {
            "a message was not put into somebody's queue, or was dropped from it: a queue that is full is a \
             reason to cut somebody off, never to skip"
        } else if findings.doubled > 0 {
            "somebody is in the room's list twice, or a message is sent again to those who had it"
        } else {
            "two messages overtook one another: the queues are filled by tasks of their own, or without a \
             lock that makes one message the first for all"
        };
        Err(self.server.process.fail(&[expected], findings.lines(sent), cause).await)
    }
}
