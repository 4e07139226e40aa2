//! Sends data over a connection, and compares what arrives with what was expected.

use std::future::Future;
use std::io;
use std::ops::Range;
use std::time::Duration;

use super::connection::{Connection, is_end};
use super::payload::{BLOCK, Payload};
use super::wire_error::{Mismatch, WireError};
use crate::verdict::{Arrival, Diagnosis, FailureKind, Phase, Stream};

/// A writer has stalled once nothing has moved for this long. Loopback absorbs megabytes (fact 1 of RULES.md), so no
/// amount of data shows a stall.
pub const STALL: Duration = Duration::from_millis(300);

/// What arrived before a connection ended, and how it ended (rule R14: the bytes are judged after FIN and RST alike).
#[derive(Debug)]
pub struct Ending {
    pub words: Vec<u8>,
    /// Whether it ended with a reset (RST), not with an end of stream (FIN).
    pub reset: bool,
}

impl Connection {
    /// Sends `payload` while reading, and compares what arrives with `answer`, byte by byte.
    ///
    /// # Errors
    ///
    /// Other bytes arrived, or the stream ended too early.
    pub async fn exchange(&self, payload: &Payload, answer: &Payload) -> Result<(), WireError> {
        self.send_while(payload, self.expect(answer, answer.len())).await
    }

    /// Sends `payload` while `reader` reads, and returns the reader's result.
    ///
    /// # Errors
    ///
    /// Those of `reader`.
    pub(super) async fn send_while(
        &self,
        payload: &Payload,
        reader: impl Future<Output = Result<(), WireError>>,
    ) -> Result<(), WireError> {
        let mut writer = std::pin::pin!(self.send(payload));
        let mut reader = std::pin::pin!(reader);
        let mut written = None;
        loop {
            tokio::select! {
                biased;
                read = &mut reader => return read,
                // A write error alone is not a verdict: what the program said before may still be unread, and the
                // reader will reach the end of the connection itself (rule R14).
                result = &mut writer, if written.is_none() => written = Some(result),
            }
        }
    }

    /// Sends all of `payload`.
    ///
    /// # Errors
    ///
    /// The connection ended before everything was sent.
    pub async fn send(&self, payload: &Payload) -> Result<(), WireError> {
        let mut offset = 0;
        while offset < payload.len() || self.is_sending() {
            let writable = self.stream.writable().await;
            writable.map_err(|error| self.lost(Phase::Sending, &error))?;
            offset += self.write_some(payload, offset)?;
        }
        Ok(())
    }

    /// Sends `payload` without reading, until its end or until nothing has moved for [`STALL`]. Returns how many bytes
    /// were sent.
    ///
    /// # Errors
    ///
    /// The connection ended.
    pub async fn send_until_stalled(&self, payload: &Payload) -> Result<u64, WireError> {
        let mut offset = 0;
        while offset < payload.len() {
            match tokio::time::timeout(STALL, self.stream.writable()).await {
                Err(_) => break,
                Ok(Err(error)) => return Err(self.lost(Phase::Sending, &error)),
                Ok(Ok(())) => offset += self.write_some(payload, offset)?,
            }
        }
        Ok(offset)
    }

    /// Writes as much of `payload` from `offset` on as the socket accepts; 0 if it accepts nothing now.
    fn write_some(&self, payload: &Payload, offset: u64) -> Result<u64, WireError> {
        match self.try_write(payload.at(offset)) {
            Ok(count) => Ok(count as u64),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(self.lost(Phase::Sending, &error)),
        }
    }

    /// Expects the first `length` bytes of `payload`.
    ///
    /// # Errors
    ///
    /// Other bytes arrived, or the stream ended too early.
    pub async fn expect(&self, payload: &Payload, length: u64) -> Result<(), WireError> {
        self.expect_part(payload, 0..length).await
    }

    /// Expects the bytes `part` of `payload`.
    ///
    /// # Errors
    ///
    /// Other bytes arrived, or the stream ended too early.
    pub async fn expect_part(&self, payload: &Payload, part: Range<u64>) -> Result<(), WireError> {
        let read = async |buffer: &mut [u8]| self.read(buffer).await;
        let end = part.end;
        self.awaits(end - part.start, payload.last_of(&part));
        match compare(payload, part, read).await {
            Ok(()) => Ok(()),
            Err(CompareError::Ended(offset)) => Err(ended_early(offset, end)),
            Err(CompareError::Broken(error)) => Err(self.lost(Phase::Reading, &error)),
            Err(CompareError::Mismatch(mismatch)) => Err(WireError::Mismatch(mismatch)),
        }
    }

    /// Reads until the connection ends, with FIN or RST (rule R14), and returns the first `limit` bytes.
    pub async fn ending(&self, limit: usize) -> Ending {
        let (mut words, mut buffer) = (Vec::new(), vec![0; 4096]);
        loop {
            match self.read(&mut buffer).await {
                Ok(0) => return Ending { words, reset: false },
                Ok(count) => {
                    words.extend_from_slice(&buffer[..count.min(limit - words.len())]);
                }
                Err(_) => return Ending { words, reset: true },
            }
        }
    }

    /// The first bytes that arrive, if any do before the connection ends.
    pub async fn first_words(&self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 64];
        match self.read(&mut buffer).await {
            Ok(count @ 1..) => {
                buffer.truncate(count);
                Some(buffer)
            }
            _ => None,
        }
    }

    /// Expects `answer`. If the connection ends first, returns what arrived before.
    ///
    /// # Errors
    ///
    /// Something else arrived.
    pub(super) async fn answer_or_end(&self, answer: &[u8]) -> Result<Option<Ending>, WireError> {
        let mut words = vec![0; answer.len()];
        let mut got = 0;
        while got < answer.len() {
            let read = self.read(&mut words[got..]).await;
            let reset = read.is_err();
            match read.unwrap_or(0) {
                0 => {
                    words.truncate(got);
                    return Ok(Some(Ending { words, reset }));
                }
                count => got += count,
            }
        }
        match Mismatch::between(0, answer, &words) {
            Some(mismatch) => Err(WireError::Mismatch(mismatch)),
            None => Ok(None),
        }
    }

    /// Reads and ignores data until `enough` bytes have arrived or nothing has moved for [`STALL`].
    ///
    /// # Errors
    ///
    /// The connection ended.
    pub async fn drain(&self, enough: u64) -> Result<(), WireError> {
        let mut buffer = vec![0; BLOCK as usize];
        let enough = self.received() + enough;
        while self.received() < enough {
            match tokio::time::timeout(STALL, self.read(&mut buffer)).await {
                Err(_) => return Ok(()),
                Ok(Ok(0)) => return Err(ended_early(self.received(), self.sent())),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(self.lost(Phase::Reading, &error)),
            }
        }
        Ok(())
    }

    /// Expects the end of the stream (FIN) and nothing before it.
    ///
    /// # Errors
    ///
    /// A byte or a reset arrived.
    pub async fn expect_end(&self) -> Result<(), WireError> {
        let mut buffer = [0; 64];
        let count = self.read(&mut buffer).await;
        match count.map_err(|error| self.lost(Phase::Reading, &error))? {
            0 => Ok(()),
            count => {
                let kind = FailureKind::unexpected(Stream::ToClient, &buffer[..count]);
                Err(WireError::new(kind, Diagnosis::WritesMoreThanAsked))
            }
        }
    }

    /// What has arrived but has not been read yet, if anything has.
    #[must_use]
    pub fn arrived(&self) -> Option<Arrival> {
        let mut buffer = [0; 64];
        match self.try_read(&mut buffer) {
            Ok(0) => Some(Arrival::End),
            Ok(count) => Some(Arrival::Bytes(buffer[..count].to_vec())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if is_end(&error) => Some(Arrival::End),
            Err(error) => Some(Arrival::Broken(error.to_string())),
        }
    }
}

fn ended_early(received: u64, expected: u64) -> WireError {
    let kind = FailureKind::ClosedEarly { stream: Stream::ToClient, received, expected };
    WireError::new(kind, Diagnosis::StopsTooEarly)
}

/// How the received bytes differ from the expected ones.
#[derive(Debug)]
pub(super) enum CompareError {
    /// They ended at this offset.
    Ended(u64),
    Broken(io::Error),
    Mismatch(Mismatch),
}

/// Reads what should be the bytes `which` of `expected`, in pieces of any size, and no more.
///
/// # Errors
///
/// Something else arrived.
pub(super) async fn compare(
    expected: &Payload,
    which: Range<u64>,
    mut read: impl AsyncFnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<(), CompareError> {
    let Range { start: mut offset, end } = which;
    let mut buffer = vec![0; (end - offset).min(BLOCK) as usize];
    while offset < end {
        let space = (end - offset).min(buffer.len() as u64) as usize;
        let mut got = match read(&mut buffer[..space]).await {
            Ok(0) => return Err(CompareError::Ended(offset)),
            Ok(count) => &buffer[..count],
            // If input was left unread, whether FIN or RST arrives is nondeterministic (rule R14).
            Err(error) if is_end(&error) => return Err(CompareError::Ended(offset)),
            Err(error) => return Err(CompareError::Broken(error)),
        };
        while !got.is_empty() {
            let wanted = expected.at(offset);
            let both = got.len().min(wanted.len());
            if let Some(mismatch) = Mismatch::between(offset, wanted, got) {
                return Err(CompareError::Mismatch(mismatch));
            }
            offset += both as u64;
            got = &got[both..];
        }
    }
    Ok(())
}
