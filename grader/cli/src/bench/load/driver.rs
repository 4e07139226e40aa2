//! The clients of one thread, and the operations that both loops share.

use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Instant;

use anyhow::Result;
use rustix::event::epoll;

use super::client::{Client, Received};
use super::tally::Tally;

/// The clients that one thread drives.
pub(super) struct Driver {
    pub epoll: OwnedFd,
    pub clients: Vec<Client>,
    /// How many of them wait for an answer.
    pub in_flight: usize,
    /// The start of its clock.
    pub clock: Instant,
    /// How many requests were sent so far.
    requests: u64,
}

impl Driver {
    /// The driver of thread number `thread`, with a client for each of `streams`.
    pub(super) fn new(thread: usize, streams: impl Iterator<Item = TcpStream>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut clients = Vec::new();
        for (index, stream) in streams.enumerate() {
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            clients.push(Client::new(stream, thread, index));
        }
        Ok(Self { epoll, clients, in_flight: 0, clock: Instant::now(), requests: 0 })
    }

    /// The time on its clock, in nanoseconds.
    pub(super) fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// Sends the next request of a client; returns whether it is now in flight.
    pub(super) fn send(&mut self, index: usize, now: u64, tally: &mut Tally) -> bool {
        self.requests += 1;
        let client = &mut self.clients[index];
        tally.lost += usize::from(client.send(self.requests, now));
        self.in_flight += usize::from(client.is_waiting);
        client.is_waiting
    }

    /// Reads what has arrived for a client; returns whether its answer is now complete.
    pub(super) fn receive(&mut self, index: usize, tally: &mut Tally) -> bool {
        let client = &mut self.clients[index];
        match client.receive() {
            Received::Part => return false,
            Received::Answer => {
                self.in_flight -= 1;
                tally.round_trips += 1;
                return true;
            }
            Received::Lost => tally.lost += 1,
            Received::Wrong => tally.wrong += 1,
        }
        self.in_flight -= usize::from(client.is_waiting);
        client.is_waiting = false;
        false
    }
}
