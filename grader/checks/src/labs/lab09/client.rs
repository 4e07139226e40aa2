//! A client that sends frames and reads the answers one by one.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use engine::drive::{Client, Connection, Server};
use engine::verdict::{Cause, CheckError, Explanation, Failure};
use observe::TcpSocket;
use serde_json::Value;

use super::call::{Call, some_id};
use super::causes;
use super::frame::shown_frames;
use super::object::{error, has, hidden_difference, shown};
use super::reader::{FrameReader, Unfinished};

/// The error with which a server answers a frame above the limit, before it closes the connection.
pub(super) const TOO_LARGE: &str = "frame too large";

/// A client that reads answers one by one.
pub(super) struct FrameClient {
    client: Client,
    name: String,
    server: Rc<Server>,
    frames: RefCell<FrameReader>,
    /// What it sent last, as reports show it.
    sent: RefCell<String>,
}

impl FrameClient {
    /// Connects a client that reports call `name`.
    pub(super) async fn connect(server: &Rc<Server>, name: &str) -> Result<Self, CheckError> {
        Ok(Self {
            client: server.connect(name).await?,
            name: name.to_owned(),
            server: Rc::clone(server),
            frames: RefCell::default(),
            sent: RefCell::default(),
        })
    }

    /// Its name in reports.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.client.connection
    }

    /// Sends `bytes`, which reports show as frames.
    pub(super) async fn send(&self, bytes: &[u8]) -> Result<(), CheckError> {
        self.describe_sent(shown_frames(bytes));
        self.client.send(&bytes.to_vec().into()).await
    }

    /// From now on, reports show `what` as sent last.
    pub(super) fn describe_sent(&self, what: String) {
        self.sent.replace(what);
    }

    /// Shuts down the sending side (FIN).
    pub(super) fn half_close(&self) {
        self.connection().half_close();
    }

    /// Resets the connection (RST).
    pub(super) fn reset(self) {
        self.client.reset();
    }

    /// Makes `call`, and expects its answer. `cause` is the likely cause of a wrong or missing answer.
    pub(super) async fn ask(
        &self,
        call: &Call,
        cause: Option<&Explanation>,
    ) -> Result<(), CheckError> {
        self.send(&call.frame()).await?;
        self.expect(&call.answer, cause).await.map(drop)
    }

    /// Makes an easy call, and expects its answer, as [`Self::ask`].
    pub(super) async fn ask_any(&self, cause: Option<&Explanation>) -> Result<(), CheckError> {
        let context = self.server.context();
        self.ask(&Call::any(context, some_id(context)), cause).await
    }

    /// The next answer; a failure to get it says what was `expected`.
    ///
    /// # Errors
    ///
    /// None arrives, or its body is not an object.
    pub(super) async fn answer(&self, expected: &str) -> Result<Value, CheckError> {
        self.receive(expected).await.map_err(|missing| missing.error)
    }

    /// As [`Self::answer`].
    async fn receive(&self, expected: &str) -> Result<Value, MissingAnswer> {
        // Nothing else reads from this client at the same time.
        let mut frames = self.frames.take();
        let next = frames.next(self.connection());
        let answer = self.server.wait(Some(self.connection()), expected, next).await;
        self.frames.replace(frames);
        answer.map_err(|error| {
            let unfinished = self.frames.borrow().unfinished();
            let has_cause = |unfinished: &Unfinished| unfinished.cause.is_some();
            MissingAnswer {
                is_explained: unfinished.as_ref().is_some_and(has_cause),
                error: error.amend(|failure| self.complete(failure, unfinished)),
            }
        })
    }

    /// Adds what was sent, and what arrived of the answer, to the `failure` of a wait for an answer.
    fn complete(&self, failure: &mut Failure, unfinished: Option<Unfinished>) {
        if failure.kind.symptom().is_unanswered()
            && let Some(Unfinished { observed, cause }) = unfinished
        {
            failure.observations.push(observed.into());
            // The cause is known if a part is not written yet.
            if let Some(cause) = cause
                && failure.is_unanswered()
            {
                failure.cause = Some(cause.into());
            }
        }
        // Which client first notices that the program has ended is nondeterministic.
        if !self.server.process.has_ended() {
            failure.observations.push(self.sent_last().into());
        }
    }

    /// Expects the next answer to be `answer`, perhaps with further members. `cause` is the likely cause of a wrong or
    /// missing answer.
    pub(super) async fn expect(
        &self,
        answer: &Value,
        cause: Option<&Explanation>,
    ) -> Result<Value, CheckError> {
        self.expect_as(&format!("{} gets {}", self.name, shown(answer)), answer, cause).await
    }

    /// As [`Self::expect`], but reports say `expected`.
    pub(super) async fn expect_as(
        &self,
        expected: &str,
        answer: &Value,
        cause: Option<&Explanation>,
    ) -> Result<Value, CheckError> {
        let got = self.receive(expected).await.map_err(|missing| missing.explain(cause))?;
        if has(&got, answer) {
            return Ok(got);
        }
        let observed = std::iter::once(format!("it got {}", shown(&got)))
            .chain(hidden_difference(&got, answer))
            .chain([self.sent_last()]);
        let cause = cause.cloned().or_else(|| causes::of_wrong_answer(&got));
        let failure = Failure::property_lines(observed).expecting(expected);
        Err(self.server.fail(failure.because_of(cause.map(Cause::from))).await)
    }

    fn sent_last(&self) -> String {
        format!("the client had sent {}", self.sent.borrow())
    }

    /// Expects the end of the stream, by FIN or RST (rule R14), and no answer before it.
    pub(super) async fn expect_end(&self, cause: &Explanation) -> Result<(), CheckError> {
        let expected = format!("the connection of {} is closed", self.name);
        let rest = self.read_to_end(cause).await?;
        if rest.is_empty() {
            return Ok(());
        }
        let failure = Failure::property(format!("before that, it got {}", shown_frames(&rest)));
        let failure = failure.observing(self.sent_last()).expecting(expected).because(cause);
        Err(self.server.fail(failure).await)
    }

    /// What arrives before the connection ends, by FIN or RST.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub(super) async fn read_to_end(&self, cause: &Explanation) -> Result<Vec<u8>, CheckError> {
        let ending = self.client.ending().await;
        let ending = ending
            .map_err(|error| explain_symptom(error.observing(self.sent_last()), Some(cause)))?;
        Ok([self.frames.take().remaining(), &ending.words].concat())
    }

    /// Expects the error [`TOO_LARGE`], and then the end of the connection, both while the client sends
    /// nothing.
    pub(super) async fn expect_too_large(&self, cause: &Explanation) -> Result<(), CheckError> {
        self.expect(&error(TOO_LARGE), Some(cause)).await?;
        self.expect_end(&causes::OPEN_AFTER_FRAME_TOO_LARGE).await
    }

    /// Shuts down the sending side and expects the end of the stream, with nothing before it.
    pub(super) async fn finish(&self) -> Result<(), CheckError> {
        let frames = self.frames.take();
        let rest = frames.remaining();
        if rest.is_empty() {
            return self.client.finish().await;
        }
        let failure = Failure::property(format!("it got {}", shown_frames(rest)))
            .observing(self.sent_last())
            .expecting(format!("{} gets one answer per request", self.name))
            .because(causes::MORE_THAN_ONE_ANSWER);
        Err(self.server.fail(failure).await)
    }

    /// The program's end of this connection, if the program has accepted it.
    ///
    /// # Errors
    ///
    /// The grader is not allowed to read the program's descriptors.
    pub(super) fn peer_socket(&self) -> Result<Option<PeerSocket>, CheckError> {
        let port = self.connection().ports.0;
        let is_it = |entry: &TcpSocket| entry.remote_address.port() == port;
        let mut sockets = self.server.probe().sockets()?.into_iter();
        let socket = sockets.find(|socket| socket.entry.as_ref().is_some_and(is_it));
        Ok(socket.map(|socket| PeerSocket { pid: socket.pid, descriptor: socket.descriptor }))
    }

    /// Waits a moment for the program to read all that was sent. It need not do so, and the grader cannot always tell.
    pub(super) async fn wait_until_read(&self, peer_socket: Option<&PeerSocket>) {
        /// Longer than a program that waits for input takes on an idle machine.
        const MOMENT: Duration = Duration::from_millis(100);
        let begin = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let unread =
                peer_socket.and_then(|end| self.server.probe().unread(end.pid, end.descriptor));
            if unread.is_none_or(|unread| unread == 0) || begin.elapsed() > MOMENT {
                return;
            }
        }
    }
}

/// A socket of the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerSocket {
    pid: i32,
    descriptor: i32,
}

/// Why an answer did not arrive.
struct MissingAnswer {
    error: CheckError,
    /// Whether what arrived of the answer shows why the rest is missing.
    is_explained: bool,
}

impl MissingAnswer {
    /// Gives `cause` if only a symptom is known.
    fn explain(self, cause: Option<&Explanation>) -> CheckError {
        if self.is_explained { self.error } else { explain_symptom(self.error, cause) }
    }
}

/// Gives `cause` for a failure that shows only a symptom: silence, or the end of the connection.
fn explain_symptom(error: CheckError, cause: Option<&Explanation>) -> CheckError {
    error.amend(|failure| {
        let is_symptom = failure.kind.is_unanswered() || failure.kind.may_follow_an_end();
        if let (Some(cause), true) = (cause, is_symptom) {
            failure.cause = Some(cause.into());
        }
    })
}
