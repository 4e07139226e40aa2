//! A room in which many clients talk, and what each of them gets.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use engine::drive::{History, Message, Server, try_join_all};
use engine::verdict::{CheckError, Failure};
use serde_json::{Value, json};

use super::causes;
use super::client::ChatClient;
use super::protocol::{has, line, named, who};

/// Clients in one room, and everything that they send and get.
pub struct ChatRoom {
    server: Rc<Server>,
    clients: Vec<ChatClient>,
    names: Vec<String>,
    /// Part of each message: random, so that no program can know it in advance.
    salt: String,
    history: RefCell<History>,
}

impl ChatRoom {
    /// `number` clients join a room.
    ///
    /// # Errors
    ///
    /// One of them is not welcomed, or another is not notified.
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

    /// Client number `index` sends its messages with these `numbers`, all in a single write.
    ///
    /// # Errors
    ///
    /// They could not be sent.
    pub(super) async fn say(&self, index: usize, numbers: Range<usize>) -> Result<(), CheckError> {
        let mut lines = Vec::new();
        for number in numbers {
            lines.extend(line(&json!({ "message": self.text(number) })));
            self.history.borrow_mut().sends(Message { sender: index, number });
        }
        self.clients[index].send_bytes(lines).await
    }

    /// The next message to client number `index`; `None` if what was `asked` for arrives instead.
    ///
    /// # Errors
    ///
    /// Nothing arrives, or something that no client has sent.
    pub(super) async fn hear(
        &self,
        index: usize,
        asked: Option<&Value>,
    ) -> Result<Option<Message>, CheckError> {
        let event = self.clients[index].event("every client gets each message").await?;
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
        let expected =
            format!("{} gets a message that a client has sent", self.clients[index].name);
        Err(self.clients[index].unexpected(&expected, None).await)
    }

    /// Each client sends this many messages, waiting for the echo of each, and gets the messages of all clients.
    ///
    /// # Errors
    ///
    /// A message is missing, or something arrives that no client has sent.
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

    /// Each client asks who is there, and reads what arrives before the answer (rule R4), up to a limit.
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

    /// Judges what all clients got, and, if `one_order`, whether all got it in the same order; `talk` is the result of
    /// the exchange.
    ///
    /// # Errors
    ///
    /// A message was lost, duplicated or out of order; or `talk` failed otherwise.
    pub async fn judge(
        &self,
        talk: Result<(), CheckError>,
        one_order: bool,
    ) -> Result<(), CheckError> {
        if talk.as_ref().is_err_and(|error| !is_unanswered(error)) {
            return talk;
        }
        // If a message is missing, the list of lost messages says more.
        let findings = self.history.borrow().judge(one_order);
        let Some(findings) = findings else { return talk };
        let sent = self.history.borrow().sent();
        let expected = if one_order {
            "every client gets each message once, and all clients get the messages in the same order"
        } else {
            "each message reaches every client once, and each sender's messages arrive in the order they were sent"
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

/// Whether an expected answer is missing, even if the cause is a part that is not written yet.
fn is_unanswered(error: &CheckError) -> bool {
    error.failure().is_some_and(|failure| failure.kind.symptom().is_unanswered())
}

/// The number of the message with this text, counted from 0; the text counts from 1.
fn number_in(text: &str) -> Option<usize> {
    text.split(' ').next()?.parse::<usize>().ok()?.checked_sub(1)
}
