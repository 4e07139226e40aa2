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

/// What a program that may be full does with a client.
pub enum Admission {
    Served(Client),
    /// The connection was closed, with FIN or RST, before anything arrived.
    Refused,
    /// It waits for this answer, for example in the listen queue.
    Waits(Client, Rc<dyn Answer>),
}

/// A client of a [`Server`]. Its methods end a check when the program does not do what it should.
pub struct Client {
    server: Rc<Server>,
    name: String,
    pub connection: Connection,
}

impl Client {
    /// A client over `connection`, called `name` in reports.
    pub(super) fn new(server: &Rc<Server>, name: &str, connection: Connection) -> Self {
        connection.set_name(name);
        Self { server: Rc::clone(server), name: name.to_owned(), connection }
    }

    /// Makes one of the lab's requests and expects its answer.
    ///
    /// # Errors
    ///
    /// The answer did not arrive, or was wrong.
    pub async fn ask(&self) -> Result<(), CheckError> {
        let request = self.server.service().exchange.request(self.server.context());
        let size = size(request.sends.len());
        let expected = format!("{} sends {size} and gets an answer", self.name);
        self.wait(&expected, request.make(&self.connection)).await
    }

    /// Expects the answer to an earlier request.
    ///
    /// # Errors
    ///
    /// It did not arrive, or was wrong.
    pub async fn answered(&self, answer: &dyn Answer) -> Result<(), CheckError> {
        let expected = format!("{} gets the answer to its request", self.name);
        self.wait(&expected, answer.read(&self.connection)).await
    }

    /// Sends `payload` and expects it back.
    ///
    /// # Errors
    ///
    /// It was not echoed unchanged.
    pub async fn exchange(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected =
            format!("{} sends {} and gets the same bytes back", self.name, size(payload.len()));
        self.wait(&expected, self.connection.exchange(payload, payload)).await
    }

    /// Sends the text `sends` and expects the text `answer`.
    ///
    /// # Errors
    ///
    /// The answer did not arrive, or was wrong.
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
    /// It did not arrive, or was wrong.
    pub async fn hear(&self, answer: &str) -> Result<(), CheckError> {
        let expected = format!("{} gets {}", self.name, excerpt(answer));
        let payload = Payload::from(answer.as_bytes().to_vec());
        self.wait(&expected, self.connection.expect(&payload, payload.len())).await
    }

    /// Expects the bytes `part` of `answers`.
    ///
    /// # Errors
    ///
    /// They did not arrive, or were wrong.
    pub async fn expect_part(&self, answers: &Payload, part: Range<u64>) -> Result<(), CheckError> {
        let expected = format!("{} gets the answers to its requests", self.name);
        self.wait(&expected, self.connection.expect_part(answers, part)).await
    }

    /// Reads until the connection ends. Returns as much of what arrived as a report shows, and how the connection ended.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending(&self) -> Result<Ending, CheckError> {
        self.ending_with(64 * 1024).await
    }

    /// Like [`Self::ending`], but returns up to `limit` bytes.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending_with(&self, limit: usize) -> Result<Ending, CheckError> {
        let expected = format!("the connection of {} is closed", self.name);
        let ending = async { Ok(self.connection.ending(limit).await) };
        self.server.wait_for_end(&self.connection, &expected, ending).await
    }

    /// Sends the text `sends` and expects the text `answer`. If the connection ends first, returns what arrived before.
    ///
    /// # Errors
    ///
    /// The program neither answers nor closes the connection.
    pub async fn try_say(&self, sends: &str, answer: &str) -> Result<Option<Ending>, CheckError> {
        let expected = format!("{} gets an answer, or its connection ends", self.name);
        let attempt = async {
            // If sending fails, reading shows why.
            let _ = self.connection.send(&sends.as_bytes().to_vec().into()).await;
            self.connection.answer_or_end(answer.as_bytes()).await
        };
        self.wait(&expected, attempt).await
    }

    /// Sends all of `payload` without reading.
    ///
    /// # Errors
    ///
    /// The program did not read it.
    pub async fn send(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected = format!("{} can send {}", self.name, size(payload.len()));
        self.wait(&expected, self.connection.send(payload)).await
    }

    /// Sends `payload` without reading, until its end or until the program stops reading.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn send_until_stalled(&self, payload: &Payload) -> Result<u64, CheckError> {
        match self.connection.send_until_stalled(payload).await {
            Ok(taken) => Ok(taken),
            Err(error) => {
                let expected = format!("{} can send until the program stops reading", self.name);
                Err(self.server.fail_on_wire(&expected, error).await)
            }
        }
    }

    /// Reads and ignores data: `enough` bytes, or until nothing more arrives for 300 ms.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn drain(&self, enough: u64) -> Result<(), CheckError> {
        match self.connection.drain(enough).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let expected = format!("{} can read what the program sends", self.name);
                Err(self.server.fail_on_wire(&expected, error).await)
            }
        }
    }

    /// Expects the first `length` bytes of `payload`, which was sent before.
    ///
    /// # Errors
    ///
    /// They did not arrive, or were wrong.
    pub async fn expect_echo(&self, payload: &Payload, length: u64) -> Result<(), CheckError> {
        let expected = format!("{} gets back the {} that it sent", self.name, size(length));
        self.wait(&expected, self.connection.expect(payload, length)).await
    }

    /// Shuts down the sending side and expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else arrived, or nothing did.
    pub async fn finish(&self) -> Result<(), CheckError> {
        self.connection.half_close();
        self.expect_end().await
    }

    /// Expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else arrived, or nothing did.
    pub async fn expect_end(&self) -> Result<(), CheckError> {
        let expected =
            format!("after its shutdown(SHUT_WR), {} gets the end of the stream (FIN)", self.name);
        self.server.wait_for_end(&self.connection, &expected, self.connection.expect_end()).await
    }

    /// Expects the end of the stream, with nothing before it, while its own side is open.
    ///
    /// # Errors
    ///
    /// Something else arrived, or nothing did.
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
