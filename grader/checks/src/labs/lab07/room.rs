//! A room in which many clients talk, and what each of them hears.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use engine::drive::{History, Message, Server, try_join_all};
use engine::verdict::{CheckError, Failure};
use serde_json::{Value, json};

use super::causes;
use super::client::ChatClient;
use super::protocol::{has, line, named, who};

/// Clients in one room, and all that they say and hear.
pub struct ChatRoom {
    server: Rc<Server>,
    clients: Vec<ChatClient>,
    names: Vec<String>,
    /// In each message: random, so that no program can know it before.
    salt: String,
    history: RefCell<History>,
}

impl ChatRoom {
    /// `number` clients join a room.
    ///
    /// # Errors
    ///
    /// One of them is not welcomed, or another does not hear of it.
    pub async fn with_clients(server: &Rc<Server>, number: usize) -> Result<Self, CheckError> {
        let context = server.context();
        let salt = context.word_text();
        let suffix = named(context, "");
        let names: Vec<_> = (0..number).map(|index| format!("user{index:03}{suffix}")).collect();
        let room = named(context, "room");
        let clients = ChatClient::join_in_turn(server, &names, &room).await?;
        let history = RefCell::new(History::of(names.clone()));
        Ok(Self { server: Rc::clone(server), clients, names, salt, history })
    }

    fn text(&self, number: usize) -> String {
        format!("{} {}", number + 1, self.salt)
    }

    /// Client number `index` sends its messages with these `numbers`, all in one piece.
    ///
    /// # Errors
    ///
    /// They were not taken.
    pub(super) async fn say(&self, index: usize, numbers: Range<usize>) -> Result<(), CheckError> {
        let mut lines = Vec::new();
        for number in numbers {
            lines.extend(line(&json!({ "message": self.text(number) })));
            self.history.borrow_mut().sends(Message { sender: index, number });
        }
        self.clients[index].send_bytes(lines).await
    }

    /// What client number `index` hears next; `None` where it is no message, but what was `asked` for.
    ///
    /// # Errors
    ///
    /// Nothing comes, or what no client has said.
    pub(super) async fn hear(
        &self,
        index: usize,
        asked: Option<&Value>,
    ) -> Result<Option<Message>, CheckError> {
        let event = self.clients[index].event("everyone hears each message").await?;
        if asked.is_some_and(|asked| has(&event, asked)) {
            return Ok(None);
        }
        let sender = event["user_id"].as_str();
        let sender = sender.and_then(|sender| self.names.iter().position(|name| name == sender));
        let number = event["message"].as_str().and_then(number_in);
        if let (Some(sender), Some(number)) = (sender, number)
            && event["event"] == "message"
            && event["message"] == self.text(number)
        {
            let heard = Message { sender, number };
            self.history.borrow_mut().sees(index, heard);
            return Ok(Some(heard));
        }
        let expected = format!("{} hears what somebody has said", self.clients[index].name);
        Err(self.clients[index].unexpected(&expected, None).await)
    }

    /// Each client sends so many messages, the next one when it has heard its own, and hears those of all.
    ///
    /// # Errors
    ///
    /// Something does not come, or something comes that no client has said.
    pub async fn talk(&self, messages: usize) -> Result<(), CheckError> {
        let all = self.clients.len() * messages;
        let talking = (0..self.clients.len()).map(|index| async move {
            let mut heard = 0;
            for number in 0..messages {
                self.say(index, number..number + 1).await?;
                let own = Message { sender: index, number };
                loop {
                    heard += 1;
                    if self.hear(index, None).await? == Some(own) {
                        break;
                    }
                }
            }
            while heard < all {
                self.hear(index, None).await?;
                heard += 1;
            }
            Ok(())
        });
        try_join_all(talking).await?;
        self.hear_out().await
    }

    /// Each client asks who is there, and hears what still comes before the answer (rule R4), but not forever.
    ///
    /// # Errors
    ///
    /// As [`Self::hear`].
    pub(super) async fn hear_out(&self) -> Result<(), CheckError> {
        let users = json!({ "event": "users" });
        let asking = (0..self.clients.len()).map(|index| {
            let users = &users;
            async move {
                self.clients[index].send(&who()).await?;
                let enough = 2 * self.history.borrow().sent();
                let mut more = 0;
                while more < enough && self.hear(index, Some(users)).await?.is_some() {
                    more += 1;
                }
                Ok(())
            }
        });
        try_join_all(asking).await.map(drop)
    }

    /// Judges what all have heard, in `one_order` or not; `talk` is how the talking has ended.
    ///
    /// # Errors
    ///
    /// Something was lost, doubled or out of order; or `talk` failed otherwise.
    pub async fn judge(
        &self,
        talk: Result<(), CheckError>,
        one_order: bool,
    ) -> Result<(), CheckError> {
        if talk.as_ref().is_err_and(|error| !is_unanswered(error)) {
            return talk;
        }
        // Where a message did not come, what was lost says more.
        let findings = self.history.borrow().judge(one_order);
        let Some(findings) = findings else { return talk };
        let sent = self.history.borrow().sent();
        let expected = if one_order {
            "each message reaches everyone once, and in the same order"
        } else {
            "each message reaches everyone once, and each sender's in the order in which they were sent"
        };
        let cause = if findings.lost > 0 {
            causes::MESSAGE_LOST
        } else if findings.doubled > 0 {
            causes::MESSAGE_DOUBLED
        } else {
            causes::MESSAGES_REORDERED
        };
        let failure = Failure::property_lines(findings.lines(sent)).expecting(expected);
        Err(self.server.fail(failure.because(cause)).await)
    }
}

/// Whether something was waited for that did not come, be it for a part that is not written yet.
fn is_unanswered(error: &CheckError) -> bool {
    error.failure().is_some_and(|failure| failure.kind.symptom().is_unanswered())
}

/// The number of the message with this text, from 0; it counts from 1 there.
fn number_in(text: &str) -> Option<usize> {
    text.split(' ').next()?.parse::<usize>().ok()?.checked_sub(1)
}
