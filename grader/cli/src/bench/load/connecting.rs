//! Opens connections and makes sure that the server has accepted them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use engine::drive::is_refusal;
use socket2::SockRef;

use super::protocol::{ANSWER_TIMEOUT, Command, Connected, REQUEST_LENGTH, Refusal};

/// How many connections are opened before a round trip on the last shows that the server accepted them all. A listen
/// queue holds 128 in Rust's std.
const BATCH: usize = 64;

/// The batch once a connect was dropped. A listen queue holds 5 in Python's socketserver.
const SMALL_BATCH: usize = 4;

/// A connect over loopback that takes longer was dropped, and repeated by the kernel after a second.
const DROPPED: Duration = Duration::from_millis(900);

/// Opens all connections of `command`, and makes sure that the server accepts them. A listen queue is first in, first
/// out, so a connection that is answered was behind all those opened before it. Only one connection in each batch has
/// sent a request by then.
pub(super) fn connect(command: &Command) -> Result<(Vec<TcpStream>, Connected)> {
    let begun = Instant::now();
    let mut streams = Vec::with_capacity(command.connections);
    let mut batch = BATCH;
    let mut refusal = None;
    while streams.len() < command.connections && refusal.is_none() {
        let accepted = streams.len();
        let target = command.connections.min(accepted + batch);
        let refused = open(&mut streams, target, command.address, &mut batch)?;
        refusal = confirm_accepted(&mut streams, accepted).or(refused);
    }
    let connected = Connected { open: streams.len(), elapsed: begun.elapsed(), refusal };
    Ok((streams, connected))
}

/// Connects until `target` streams are open. Stops early if a connect is refused, or was dropped, which makes `batch`
/// smaller.
fn open(
    streams: &mut Vec<TcpStream>,
    target: usize,
    address: SocketAddr,
    batch: &mut usize,
) -> Result<Option<Refusal>> {
    while streams.len() < target {
        let begun = Instant::now();
        match TcpStream::connect_timeout(&address, ANSWER_TIMEOUT) {
            Ok(stream) => streams.push(configured(stream)?),
            Err(error) if is_refusal(&error) || error.kind() == ErrorKind::ConnectionReset => {
                return Ok(Some(Refusal::Closed));
            }
            Err(error) => return Err(error).context("cannot connect"),
        }
        if begun.elapsed() > DROPPED && *batch > SMALL_BATCH && streams.len() < target {
            *batch = SMALL_BATCH;
            break;
        }
    }
    Ok(None)
}

/// Makes a round trip on the last of `streams`; the first `accepted` of them are known to be accepted. If it fails,
/// keeps those and the ones that are answered now.
fn confirm_accepted(streams: &mut Vec<TcpStream>, accepted: usize) -> Option<Refusal> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let refusal = round_trip(streams.last()?, deadline).err()?;
    let unsure = streams.split_off(accepted);
    if refusal == Refusal::Closed {
        let is_answered = |stream: &TcpStream| round_trip(stream, deadline).is_ok();
        streams.extend(unsure.into_iter().filter(is_answered));
    }
    Some(refusal)
}

/// A stream that sends without delay, and whose end uses up no port (rule R7).
fn configured(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    Ok(stream)
}

/// One round trip on a blocking stream, by `deadline`.
fn round_trip(mut stream: &TcpStream, deadline: Instant) -> Result<(), Refusal> {
    let (request, mut answer) = ([b'?'; REQUEST_LENGTH], [0; REQUEST_LENGTH]);
    stream.write_all(&request).map_err(|_| Refusal::Closed)?;
    let mut received = 0;
    while received < REQUEST_LENGTH {
        let left = deadline.saturating_duration_since(Instant::now());
        // std refuses a timeout of zero, which the kernel treats as no timeout.
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Err(Refusal::Silent);
        }
        match stream.read(&mut answer[received..]) {
            Ok(0) => return Err(Refusal::Closed),
            Ok(count) => received += count,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(Refusal::Silent),
                ErrorKind::Interrupted => {}
                _ => return Err(Refusal::Closed),
            },
        }
    }
    if answer == request { Ok(()) } else { Err(Refusal::Wrong) }
}
