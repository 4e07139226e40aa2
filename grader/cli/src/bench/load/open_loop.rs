//! The open loop: requests are sent at planned moments, whether or not earlier ones have been answered.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;

use super::driver::Driver;
use super::epoll_events::{EpollEvents, client_of};
use super::protocol::ANSWER_TIMEOUT;
use super::schedule::Schedule;
use super::tally::Tally;

/// An `epoll_wait` that takes longer than this, in nanoseconds, slept rather than polled.
const POLL: u64 = 20_000;

/// The timeout when only an answer can give the loop something to do.
const PAUSE: Duration = Duration::from_millis(100);

/// One thread's open loop.
pub(super) struct OpenLoop<'d> {
    driver: &'d mut Driver,
    schedule: Schedule,
    tally: Tally,
    /// Whether it may poll the clock, because no server needs this CPU.
    may_poll: bool,
    /// When the schedule begins, in nanoseconds of the driver's clock.
    begin: u64,
    /// How many requests the schedule has, and the number of the next.
    all: u64,
    next: u64,
    /// Clients without a request in flight; the one free for longest comes first.
    free: VecDeque<usize>,
    /// The time with nothing to do, in nanoseconds.
    idle: u64,
}

impl<'d> OpenLoop<'d> {
    pub(super) fn new(
        driver: &'d mut Driver,
        schedule: Schedule,
        tally: Tally,
        may_poll: bool,
    ) -> Self {
        let begin = schedule.begin.saturating_duration_since(driver.clock).as_nanos() as u64;
        let all = schedule.count();
        let open = driver.clients.iter().enumerate().filter(|(_, client)| client.is_open());
        let free = open.map(|(index, _)| index).collect();
        driver.in_flight = 0;
        Self { driver, schedule, tally, may_poll, begin, all, next: 0, free, idle: 0 }
    }

    /// Sends all requests of the schedule, which takes `length`, and waits for their answers.
    pub(super) fn run(mut self, length: Duration) -> Result<Tally> {
        let last = self.begin + (length + ANSWER_TIMEOUT).as_nanos() as u64;
        let mut events = EpollEvents::new();
        while self.next < self.all || self.driver.in_flight > 0 {
            let now = self.driver.now();
            if now > last || (self.free.is_empty() && self.driver.in_flight == 0) {
                break;
            }
            self.send_due(now);
            let pause = self.pause();
            let before = self.driver.now();
            let found = events.wait(&self.driver.epoll, pause)?;
            let waited = self.driver.now() - before;
            if before >= self.begin && (found.is_empty() || waited > POLL) {
                self.idle += waited;
            }
            for index in found.iter().map(client_of) {
                self.receive(index);
            }
        }
        Ok(self.finish())
    }

    /// Sends the requests that are due at `now`, as long as clients are free.
    fn send_due(&mut self, now: u64) {
        while self.next < self.all && self.due() <= now {
            let Some(index) = self.free.pop_front() else { break };
            let (planned, sent) = (self.due(), self.driver.now());
            let client = &mut self.driver.clients[index];
            if client.freed <= planned {
                self.tally.late.saturating_record(sent - planned);
            }
            client.planned = planned;
            self.next += u64::from(self.driver.send(index, sent, &mut self.tally));
        }
    }

    /// When the next request is due, in nanoseconds of the driver's clock.
    fn due(&self) -> u64 {
        self.begin + self.schedule.due(self.next)
    }

    /// How long to wait for answers: until the next request is due, unless no client is free for it. A sleep ends
    /// late; polling the clock does not.
    fn pause(&self) -> Duration {
        match self.next < self.all && !self.free.is_empty() {
            true if self.may_poll => Duration::ZERO,
            true => Duration::from_nanos(self.due().saturating_sub(self.driver.now())),
            false => PAUSE,
        }
    }

    /// Reads what has arrived for a client, and counts its answer if complete.
    fn receive(&mut self, index: usize) {
        if !self.driver.receive(index, &mut self.tally) {
            return;
        }
        let now = self.driver.now();
        let client = &mut self.driver.clients[index];
        client.freed = now;
        self.tally.latency.saturating_record(now - client.planned);
        self.tally.from_sending.saturating_record(now - client.sent);
        self.free.push_back(index);
    }

    fn finish(mut self) -> Tally {
        self.tally.unanswered = self.driver.in_flight + (self.all - self.next) as usize;
        // A thread without requests is not busy.
        let elapsed = self.driver.now().saturating_sub(self.begin).max(1);
        let idle = self.idle as f64 / elapsed as f64;
        self.tally.busy = if self.all == 0 { 0.0 } else { (1.0 - idle).max(0.0) };
        self.tally
    }
}
