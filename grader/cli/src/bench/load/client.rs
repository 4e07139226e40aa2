//! One active connection.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::protocol::REQUEST_LENGTH;

/// An active connection with at most one request in flight.
pub(super) struct Client {
    /// `None` once the connection is lost.
    stream: Option<TcpStream>,
    request: [u8; REQUEST_LENGTH],
    /// With space for one excess byte.
    answer: [u8; REQUEST_LENGTH + 1],
    /// How many bytes of the answer have arrived.
    received: usize,
    /// Whether a request is in flight.
    pub is_waiting: bool,
    /// When the request was sent, and for when it was planned, in nanoseconds of the driver's clock.
    pub sent: u64,
    pub planned: u64,
    /// When the last answer was complete.
    pub freed: u64,
}

/// The result of a read.
pub(super) enum Received {
    /// Nothing, or only part of the answer.
    Part,
    /// The last byte of the right answer.
    Answer,
    /// The connection was closed or reset.
    Lost,
    /// Bytes that differ from the request, or more of them.
    Wrong,
}

impl Client {
    /// Client number `index` of thread number `thread`, on a non-blocking stream.
    pub(super) fn new(stream: TcpStream, thread: usize, index: usize) -> Self {
        // Bytes that no other client sends.
        let mut request = [0; REQUEST_LENGTH];
        for (place, byte) in request.iter_mut().enumerate() {
            *byte = (place * 31 + index * 17 + thread * 101) as u8;
        }
        Self {
            stream: Some(stream),
            request,
            answer: [0; REQUEST_LENGTH + 1],
            received: 0,
            is_waiting: false,
            sent: 0,
            planned: 0,
            freed: 0,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Sends a request that `serial` makes unique. Does nothing once the connection is lost. Returns whether this call
    /// lost it.
    pub(super) fn send(&mut self, serial: u64, now: u64) -> bool {
        let Some(mut stream) = self.stream.as_ref() else { return false };
        self.request[..8].copy_from_slice(&serial.to_le_bytes());
        self.received = 0;
        self.sent = now;
        // The last answer has arrived, so the socket's send buffer has space for the whole request.
        self.is_waiting = matches!(stream.write(&self.request), Ok(REQUEST_LENGTH));
        if !self.is_waiting {
            self.stream = None;
        }
        !self.is_waiting
    }

    /// Reads what has arrived. Drops a connection that ended or received wrong bytes.
    pub(super) fn receive(&mut self) -> Received {
        let Some(mut stream) = self.stream.as_ref() else { return Received::Part };
        // Nothing may arrive after the answer.
        let from = if self.is_waiting { self.received } else { REQUEST_LENGTH };
        let received = match stream.read(&mut self.answer[from..]) {
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Received::Part;
            }
            Ok(0) | Err(_) => Received::Lost,
            Ok(count) => {
                self.received = from + count;
                if self.received < REQUEST_LENGTH {
                    return Received::Part;
                }
                if self.received == REQUEST_LENGTH && self.answer[..REQUEST_LENGTH] == self.request
                {
                    self.is_waiting = false;
                    return Received::Answer;
                }
                Received::Wrong
            }
        };
        self.stream = None;
        received
    }
}
