//! A client of a server under test, as a check sees it.

use std::future::Future;
use std::ops::Range;
use std::rc::Rc;

use course::text::{quoted, size};

use super::connection::Connection;
use super::conversation::Ending;
use super::payload::Payload;
use super::protocol::Answer;
use super::server::Server;
use super::wire_error::WireError;
use crate::verdict::CheckError;

/// What a program does with a client for which it may have no place.
pub enum Admission {
    Served(Client),
    /// The connection was closed, by FIN or RST, and nothing came before.
    Refused,
    /// It waits for this answer: in the listener's queue, say.
    Waits(Client, Rc<dyn Answer>),
}

/// A client of a [`Server`]. Its calls end a check when the program does not do its part.
pub struct Client {
    server: Rc<Server>,
    name: String,
    pub connection: Connection,
}

impl Client {
    /// The client that `connection` is, to be called `name` in reports.
    pub(super) fn new(server: &Rc<Server>, name: &str, connection: Connection) -> Self {
        connection.set_name(name);
        Self { server: Rc::clone(server), name: name.to_owned(), connection }
    }

    /// Makes a request of the lab's and expects its answer.
    ///
    /// # Errors
    ///
    /// The answer did not come, or another.
    pub async fn ask(&self) -> Result<(), CheckError> {
        let request = self.server.service().exchange.request(self.server.context());
        let expected = format!("{} sends {} and is answered", self.name, size(request.sends.len()));
        self.wait(&expected, request.make(&self.connection)).await
    }

    /// Expects the answer to a request that was made before.
    ///
    /// # Errors
    ///
    /// It did not come, or another.
    pub async fn answered(&self, answer: &dyn Answer) -> Result<(), CheckError> {
        let expected = format!("{} gets the answer to its request", self.name);
        self.wait(&expected, answer.read(&self.connection)).await
    }

    /// Sends `payload` and expects it back.
    ///
    /// # Errors
    ///
    /// It did not come back, or not the same.
    pub async fn exchange(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected =
            format!("{} sends {} and gets the same back", self.name, size(payload.len()));
        self.wait(&expected, self.connection.exchange(payload, payload)).await
    }

    /// Sends the text `sends` and expects the text `answer`.
    ///
    /// # Errors
    ///
    /// The answer did not come, or another.
    pub async fn say(&self, sends: &str, answer: &str) -> Result<(), CheckError> {
        let expected =
            format!("{} sends {} and gets {}", self.name, excerpt(sends), excerpt(answer));
        let (sends, answer) = (sends.as_bytes().to_vec(), answer.as_bytes().to_vec());
        self.wait(&expected, self.connection.exchange(&sends.into(), &answer.into())).await
    }

    /// Expects the text `answer`.
    ///
    /// # Errors
    ///
    /// It did not come, or another.
    pub async fn hear(&self, answer: &str) -> Result<(), CheckError> {
        let expected = format!("{} gets {}", self.name, excerpt(answer));
        let payload = Payload::from(answer.as_bytes().to_vec());
        self.wait(&expected, self.connection.expect(&payload, payload.len())).await
    }

    /// Expects the bytes `part` of `answers`.
    ///
    /// # Errors
    ///
    /// They did not come, or others.
    pub async fn expect_part(&self, answers: &Payload, part: Range<u64>) -> Result<(), CheckError> {
        let expected = format!("{} gets the answers to what it sent", self.name);
        self.wait(&expected, self.connection.expect_part(answers, part)).await
    }

    /// Reads until the connection ends, and gives what came, as far as a report shows it, and how it
    /// ended.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending(&self) -> Result<Ending, CheckError> {
        self.ending_with(64 * 1024).await
    }

    /// As [`Self::ending`], with the first `limit` bytes of what came.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending_with(&self, limit: usize) -> Result<Ending, CheckError> {
        let expected = format!("the connection of {} is closed", self.name);
        let ending = async { Ok(self.connection.ending(limit).await) };
        self.server.wait_for_end(&self.connection, &expected, ending).await
    }

    /// Sends the text `sends`, and reads so many bytes; or what came before an end, if that comes first.
    ///
    /// # Errors
    ///
    /// Neither comes.
    pub async fn try_say(&self, sends: &str, answer: &str) -> Result<Option<Ending>, CheckError> {
        let expected = format!("{} is answered, or its connection ends", self.name);
        let attempt = async {
            // Where sending fails, reading says why.
            let _ = self.connection.send(&sends.as_bytes().to_vec().into()).await;
            self.connection.answer_or_end(answer.as_bytes()).await
        };
        self.wait(&expected, attempt).await
    }

    /// Sends `payload` whole, reading nothing.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub async fn send(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected = format!("{} can send {}", self.name, size(payload.len()));
        self.wait(&expected, self.connection.send(payload)).await
    }

    /// Sends of `payload` what the program takes while nothing is read.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn send_until_stalled(&self, payload: &Payload) -> Result<u64, CheckError> {
        match self.connection.send_until_stalled(payload).await {
            Ok(taken) => Ok(taken),
            Err(error) => {
                let expected = format!("{} can send, or has to wait", self.name);
                Err(self.server.fail_on_wire(&expected, error).await)
            }
        }
    }

    /// Reads what comes, whatever it is: `enough` bytes, or until nothing more comes for 300 ms.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn drain(&self, enough: u64) -> Result<(), CheckError> {
        match self.connection.drain(enough).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let expected = format!("{} can read what it is sent", self.name);
                Err(self.server.fail_on_wire(&expected, error).await)
            }
        }
    }

    /// Expects the first `length` bytes of `payload`, sent before.
    ///
    /// # Errors
    ///
    /// They did not come, or others.
    pub async fn expect_echo(&self, payload: &Payload, length: u64) -> Result<(), CheckError> {
        let expected = format!("{} gets the {} back that it sent", self.name, size(length));
        self.wait(&expected, self.connection.expect(payload, length)).await
    }

    /// Shuts down the sending side and expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn finish(&self) -> Result<(), CheckError> {
        self.connection.half_close();
        self.expect_end().await
    }

    /// Expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn expect_end(&self) -> Result<(), CheckError> {
        let expected =
            format!("after its shutdown(SHUT_WR), {} gets the end of the stream (FIN)", self.name);
        self.server.wait_for_end(&self.connection, &expected, self.connection.expect_end()).await
    }

    /// Expects the end of the stream, with nothing before it, although its own side is open.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn expect_close(&self) -> Result<(), CheckError> {
        let expected = format!("{} gets the end of the stream (FIN)", self.name);
        self.server.wait_for_end(&self.connection, &expected, self.connection.expect_end()).await
    }

    async fn wait<T>(
        &self,
        expected: &str,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, CheckError> {
        self.server.wait(Some(&self.connection), expected, future).await
    }

    /// Resets the connection (RST).
    pub fn reset(self) {
        self.connection.reset();
    }
}

/// The beginning of a text, quoted.
fn excerpt(text: &str) -> String {
    const MAX: usize = 40;
    match text.as_bytes() {
        all if all.len() <= MAX => quoted(all),
        long => format!("{} … ({})", quoted(&long[..MAX]), size(long.len() as u64)),
    }
}
