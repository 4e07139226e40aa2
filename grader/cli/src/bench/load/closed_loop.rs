//! The closed loop: each client sends its next request when it has received its answer.

use std::time::Duration;

use anyhow::Result;

use super::driver::Driver;
use super::epoll_events::{EpollEvents, client_of};
use super::protocol::ANSWER_TIMEOUT;
use super::tally::Tally;

/// Lets all clients of `driver` send for `length`, and waits for their last answers.
pub(super) fn closed_loop(
    driver: &mut Driver,
    mut tally: Tally,
    length: Duration,
) -> Result<Tally> {
    let (begin, before) = (driver.now(), scheduled_time());
    let end = begin + length.as_nanos() as u64;
    driver.in_flight = 0;
    for index in 0..driver.clients.len() {
        let now = driver.now();
        driver.send(index, now, &mut tally);
    }
    let mut events = EpollEvents::new();
    let mut last_answer = driver.now();
    while driver.in_flight > 0 {
        for index in events.wait(&driver.epoll, ANSWER_TIMEOUT)?.iter().map(client_of) {
            if !driver.receive(index, &mut tally) {
                continue;
            }
            // The clock is read once, because one round trip ends when the next begins.
            let now = driver.now();
            last_answer = now;
            tally.latency.saturating_record(now - driver.clients[index].sent);
            if now < end {
                driver.send(index, now, &mut tally);
            }
        }
        // Bytes that do not complete an answer do not extend the timeout.
        if driver.now() - last_answer >= ANSWER_TIMEOUT.as_nanos() as u64 {
            break;
        }
    }
    tally.unanswered = driver.in_flight;
    let elapsed = Duration::from_nanos(driver.now() - begin);
    let scheduled = scheduled_time().saturating_sub(before);
    tally.busy = scheduled.as_secs_f64() / elapsed.as_secs_f64();
    Ok(tally)
}

/// This thread's CPU time plus the time that it has waited for a CPU (proc(5)).
fn scheduled_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let numbers = text.split_ascii_whitespace().take(2).filter_map(|it| it.parse::<u64>().ok());
    Duration::from_nanos(numbers.sum())
}
