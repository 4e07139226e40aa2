//! Task 4: a frame must be complete in time, and a client may be silent between frames.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::{count, time};
use engine::drive::{Server, Start, Trial};
use engine::verdict::{CheckError, Explanation};
use futures_util::future::join_all;

use super::call::{Call, some_id};
use super::causes;
use super::client::FrameClient;
use super::frame::{HEADER, shown_cut};
use super::object::error;
use super::trickle::{TIMED_OUT, Trickle};
use crate::expect;

/// The `--frame-timeout-ms` of this check.
const LIMIT: Duration = Duration::from_millis(500);

/// How a slow client is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlowFrame {
    /// Nothing follows a part of the header, or of the body.
    Header,
    Body,
    /// The same, but the part arrives in one piece with the previous frame.
    BehindAnother,
    /// Bytes arrive one by one, starting with the first byte of the header.
    Trickle,
}

impl SlowFrame {
    const ALL: [Self; 4] = [Self::Header, Self::Body, Self::BehindAnother, Self::Trickle];

    fn name(self) -> &'static str {
        match self {
            Self::Header => "a client that stops after 2 bytes of a header",
            Self::Body => "a client that stops after a header and 5 bytes of the body",
            Self::BehindAnother => {
                "a client that stops after a complete frame and 2 bytes of the next"
            }
            Self::Trickle => "a client that sends its frame byte by byte",
        }
    }

    /// Why it does not time out when it should.
    fn cause(self) -> Explanation {
        match self {
            Self::Header => causes::DEADLINE_WITHOUT_HEADER,
            Self::Body => causes::DEADLINE_WITHOUT_BODY,
            Self::BehindAnother => causes::DEADLINE_IGNORES_BUFFERED_BYTES,
            Self::Trickle => causes::FRAME_DEADLINE_RESTARTS,
        }
    }
}

pub(super) async fn slow_frame(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = Start { flags: &["--frame-timeout-ms", "500"], ..Start::PLAIN };
    /// How many of each kind, so that a chance delay of one does not matter.
    const EACH: usize = 2;
    let server = trial.start(&START).await?;
    trial.step(format!(
        "connect client A, which is silent for {} before its request, and client B, which is silent for as long \
         between two requests and sends the first in two pieces {} apart; each request is answered",
        time(LIMIT * 2),
        time(LIMIT * 4 / 10)
    ));
    let silent = async { tokio::try_join!(silent_first(&server), silent_between(&server)) };
    trial.step(format!(
        "at the same time, connect {}: some stop in the header, some in the body, some after a complete frame and \
         2 bytes; some send a byte every {}",
        count(EACH * SlowFrame::ALL.len(), "more client"),
        time(LIMIT * 3 / 10)
    ));
    let slow = SlowFrame::ALL.iter().flat_map(|&how| (0..EACH).map(move |_| how)).map(|how| {
        let server = &server;
        async move { slow_one(server, how).await.map(|elapsed| (how, elapsed)) }
    });
    // All run to their end, so that of several failures the same one is always reported.
    let (silent, slow) = tokio::join!(silent, join_all(slow));
    // A deadline that starts with the connection may still look right if a frame starts immediately.
    silent?;
    let slow: Vec<_> = slow.into_iter().collect::<Result<_, _>>()?;
    for how in SlowFrame::ALL {
        let samples: Vec<_> =
            slow.iter().filter(|(kind, _)| *kind == how).map(|(_, elapsed)| *elapsed).collect();
        let what = format!("{} gets `{TIMED_OUT}` and is disconnected", how.name());
        let causes = [causes::DEADLINE_STARTS_BEFORE_FRAME, how.cause()];
        expect::on_time(&server, &what, LIMIT, &samples, causes).await?;
    }
    Ok(())
}

/// Client A is silent before its first frame.
async fn silent_first(server: &Rc<Server>) -> Result<(), CheckError> {
    let client = FrameClient::connect(server, "client A").await?;
    // Not a wait for an event: the silence itself is the test.
    tokio::time::sleep(LIMIT * 2).await;
    let asked = client.ask_any(Some(&causes::DEADLINE_BETWEEN_FRAMES)).await;
    asked.map_err(|error| expect::unless_late(server, error, Duration::ZERO, LIMIT))
}

/// Client B pauses inside a frame, but not for too long, and between two frames.
async fn silent_between(server: &Rc<Server>) -> Result<(), CheckError> {
    let context = server.context();
    let client = FrameClient::connect(server, "client B").await?;
    let call = Call::any(context, some_id(context));
    let bytes = call.frame();
    let (one, two) = bytes.split_at(HEADER + 3);
    let begin = Instant::now();
    client.send(one).await?;
    // Not a wait for an event: the pause itself is the test.
    tokio::time::sleep(LIMIT * 4 / 10).await;
    let gap = begin.elapsed();
    client.send(two).await?;
    client.describe_sent(format!("{}, in two pieces", shown_cut(&bytes, HEADER + 3)));
    let got = client.expect(&call.answer, Some(&causes::FRAME_IN_TIME_NOT_ANSWERED)).await;
    got.map_err(|error| expect::unless_late(server, error, gap, LIMIT * 8 / 10))?;
    tokio::time::sleep(LIMIT * 2).await;
    let asked = client.ask_any(Some(&causes::DEADLINE_BETWEEN_FRAMES)).await;
    asked.map_err(|error| expect::unless_late(server, error, Duration::ZERO, LIMIT))
}

/// How long until a client that is slow in this way gets the error and is disconnected.
async fn slow_one(server: &Rc<Server>, how: SlowFrame) -> Result<Duration, CheckError> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    let context = server.context();
    let call = Call::any(context, some_id(context));
    // More bytes than the slowest client sends.
    let bytes = Call::of_length(context, 100).frame();
    let client = FrameClient::connect(server, how.name()).await?;
    client.ask_any(None).await?;
    // Before the first byte (rule R2): the program's clock begins later.
    let begin = Instant::now();
    let late = how.cause();
    match how {
        SlowFrame::Header => client.send(&bytes[..2]).await?,
        SlowFrame::Body => client.send(&bytes[..HEADER + 5]).await?,
        SlowFrame::BehindAnother => {
            client.send(&[&call.frame(), &bytes[..2]].concat()).await?;
            client.expect(&call.answer, None).await?;
        }
        SlowFrame::Trickle => {
            let trickle = Trickle { server, client: &client, limit: LIMIT, cause: &late };
            return trickle.run(&bytes[..BYTES]).await;
        }
    }
    client.expect(&error(TIMED_OUT), Some(&late)).await?;
    let elapsed = begin.elapsed();
    client.expect_end(&causes::OPEN_AFTER_FRAME_TIMEOUT).await?;
    Ok(elapsed)
}
