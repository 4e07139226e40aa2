//! Task 4: a client that sends its frame byte by byte.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::Server;
use engine::verdict::{CheckError, Explanation, Failure};

use super::causes;
use super::client::FrameClient;
use super::frame::{HEADER, shown_frames};
use super::object::{error, has};
use crate::expect;
use crate::json::parse_json;

/// The error with which a server answers a late frame, before it closes the connection.
pub(super) const TIMED_OUT: &str = "frame timeout";

/// A client that sends byte by byte until it is disconnected.
pub(super) struct Trickle<'a> {
    pub server: &'a Server,
    pub client: &'a FrameClient,
    /// How long a frame may take.
    pub limit: Duration,
    /// Why it is not disconnected in time.
    pub cause: &'a Explanation,
}

impl Trickle<'_> {
    /// Sends `bytes` one by one. Returns the time until the client gets the error.
    pub(super) async fn run(&self, bytes: &[u8]) -> Result<Duration, CheckError> {
        let begin = Instant::now();
        self.client.describe_sent(format!(
            "a byte every {}, beginning with {}",
            time(self.pause()),
            shown_frames(&bytes[..HEADER])
        ));
        let mut sending = pin!(self.send(bytes));
        let came = self.wait_for_first_byte(begin, sending.as_mut()).await?;
        let rest = self.read_to_end(begin, came, sending.as_mut()).await?;
        self.expect_timeout(&rest).await?;
        Ok(came)
    }

    /// The time between two bytes.
    fn pause(&self) -> Duration {
        self.limit * 3 / 10
    }

    /// Sends `bytes` one by one; never ends if the program breaks the connection.
    async fn send(&self, bytes: &[u8]) {
        for byte in bytes {
            if self.client.connection().send(&vec![*byte].into()).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(self.pause()).await;
        }
    }

    /// The time until something arrives: bytes, or the end.
    async fn wait_for_first_byte(
        &self,
        begin: Instant,
        sending: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Duration, CheckError> {
        tokio::select! {
            biased;
            () = self.client.connection().readable() => return Ok(begin.elapsed()),
            () = sending => {}
        }
        let observed = format!(
            "it is still open after {}, with a byte sent every {}",
            time(begin.elapsed()),
            time(self.pause())
        );
        let limit = time(self.limit);
        let failure = Failure::property(observed)
            .expecting(format!(
                "the connection is closed {limit} after the first byte of the frame"
            ))
            .because(self.cause);
        Err(self.fail(failure).await)
    }

    /// What arrives before the connection ends; the first of it arrived `came` after `begin`.
    async fn read_to_end(
        &self,
        begin: Instant,
        came: Duration,
        sending: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Vec<u8>, CheckError> {
        tokio::select! {
            rest = self.client.read_to_end(self.cause) => return rest,
            () = sending => {}
        }
        let observed = format!(
            "something arrived after {}, but the connection is still open after {}",
            time(came),
            time(begin.elapsed())
        );
        let failure = Failure::property(observed)
            .expecting(
                "after `frame timeout`, the connection is closed, whatever the client still sends",
            )
            .because(causes::DRAIN_DEADLINE_RESTARTS);
        Err(self.fail(failure).await)
    }

    /// Expects `rest`, all that arrived, to be the error [`TIMED_OUT`] or nothing: a byte in flight when the program
    /// closes may turn the FIN into a reset, so that the error is lost.
    async fn expect_timeout(&self, rest: &[u8]) -> Result<(), CheckError> {
        let said = rest.get(HEADER..).and_then(|body| parse_json(body).ok());
        if rest.is_empty() || said.is_some_and(|said| has(&said, &error(TIMED_OUT))) {
            return Ok(());
        }
        let failure = Failure::property(format!("it got {}", shown_frames(rest)))
            .expecting(format!("{} gets `{TIMED_OUT}` and is disconnected", self.client.name()))
            .because(self.cause);
        Err(self.server.fail(failure).await)
    }

    /// `failure` as an error, unless the program or the grader was too slow to tell.
    async fn fail(&self, failure: Failure) -> CheckError {
        let error = self.server.fail(failure).await;
        expect::unless_late(self.server, error, Duration::ZERO, self.limit)
    }
}
