//! Task 4: scrapes while many clients are busy.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::printable;
use engine::drive::{
    BufferSize, Client, Connection, Payload, STALL, Server, Start, Trial, run_while, try_join_all,
};
use engine::verdict::{CheckError, Failure};
use exposition::Exposition;
use observe::ConnectionTable;
use tokio::time::MissedTickBehavior;

use super::causes;
use super::http;
use super::numbers::{CONNECTIONS, GROWING, REQUESTS};
use super::page::{expect_numbers, get_page};
use crate::expect;

/// 50 scrapes a second with 200 busy clients: counters only grow, and no client is delayed.
pub(super) async fn scrape_under_load(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 200;
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each sends one request after another without a pause"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    let (done, scraper_stalls, lines) = (Cell::new(false), Cell::new(false), Cell::new(CLIENTS));
    let busy = try_join_all(clients.iter().map(|client| async {
        while !done.get() {
            client.ask().await?;
            lines.set(lines.get() + 1);
        }
        Ok(())
    }));
    let scrapes = async {
        trial.step("connect 15 clients, one after another: how long until each gets an answer?");
        let before = expect::median_delay(&server).await?;
        scrape_often(trial, &server, before).await?;
        scraper_stalls.set(true);
        scrape_without_reading(trial, &server, before).await?;
        done.set(true);
        Ok(3 * expect::SAMPLES)
    };
    let joined = tokio::try_join!(busy, scrapes);
    let (_, new_clients) = joined.map_err(|error| match scraper_stalls.get() {
        true => error.if_unanswered(causes::LOCK_HELD_WHILE_PAGE_IS_WRITTEN),
        false => error,
    })?;
    clients.into_iter().for_each(Client::reset);
    trial.step(
        "all clients leave; get the page until it shows exactly their connections and requests",
    );
    server.until_clients_are_gone().await?;
    let expected = [
        (CONNECTIONS, (CLIENTS + new_clients) as u64),
        (REQUESTS, (lines.get() + new_clients) as u64),
    ];
    let cause = Some(&causes::SCRAPE_CHANGES_NUMBERS);
    expect_numbers(&server, "with all clients gone", &expected, cause).await
}

/// A second of frequent scrapes does not delay new clients, whose usual delay is `before`.
async fn scrape_often(
    trial: &Trial,
    server: &Rc<Server>,
    before: Duration,
) -> Result<(), CheckError> {
    const SCRAPES: u32 = 50;
    /// 50 in a second.
    const PERIOD: Duration = Duration::from_millis(20);
    trial.step(format!(
        "connect 15 clients again, while the grader gets the page {SCRAPES} times in a second"
    ));
    let scrapes = expect_growth(server, SCRAPES, PERIOD);
    let (after, ()) = tokio::try_join!(expect::median_delay(server), scrapes)?;
    expect::no_delay(server, expect::ANSWERED, before, after, "50 scrapes a second").await
}

/// A scraper that never reads does not delay new clients, whose usual delay is `before`.
async fn scrape_without_reading(
    trial: &Trial,
    server: &Rc<Server>,
    before: Duration,
) -> Result<(), CheckError> {
    /// Their answers are more than the kernel buffers for the scraper.
    const UNREAD_REQUESTS: u64 = 4000;
    const PATIENCE: Duration = Duration::from_secs(5);
    trial.step(
        "connect 15 clients again, while a scraper keeps requesting the page and never reads",
    );
    let address = server.endpoint(1)?;
    let request = http::request(address, "/metrics");
    let length = request.len() as u64 * UNREAD_REQUESTS;
    let requests = Payload::Repeated { unit: request.into(), length };
    let scraper = Connection::open(server.context().journal(), address, BufferSize::Small);
    let scraper = server.wait(None, "the metrics address accepts a connection", scraper).await?;
    // A server may disconnect such a client.
    let flood = async { drop(scraper.send_until_stalled(&requests).await) };
    run_while(flood, until_stalled(server, &scraper, PATIENCE)).await?;
    let after = expect::median_delay(server).await?;
    let attacker = "a scraper that never reads";
    expect::no_delay(server, expect::ANSWERED, before, after, attacker).await?;
    scraper.reset();
    Ok(())
}

/// Waits until nothing moves on the connection of a client that sends and does not read, but at most for `patience`: a
/// program that needs longer is slow.
async fn until_stalled(
    server: &Server,
    client: &Connection,
    patience: Duration,
) -> Result<(), CheckError> {
    const PERIOD: Duration = Duration::from_millis(50);
    let address = server.endpoint(1)?;
    let queues = || {
        let end = ConnectionTable::of(address)
            .peer_socket(client.ports)
            .map(|end| (end.rx_queue, end.tx_queue));
        (end, client.unread(), client.sent())
    };
    let begin = Instant::now();
    let (mut last, mut moved) = (queues(), begin);
    while begin.elapsed() < patience && moved.elapsed() < STALL {
        tokio::time::sleep(PERIOD).await;
        let now = queues();
        if now != last {
            (last, moved) = (now, Instant::now());
        }
    }
    Ok(())
}

/// Gets the page `times` times, once per `period`: counters never decrease.
async fn expect_growth(
    server: &Rc<Server>,
    times: u32,
    period: Duration,
) -> Result<(), CheckError> {
    let mut last = HashMap::new();
    let mut pace = tokio::time::interval(period);
    // After a slow answer, do not catch up with a burst of scrapes.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..times {
        pace.tick().await;
        let now = counters_on(&get_page(server).await?);
        if let Some(failure) = shrunk(&last, &now) {
            return Err(server.process.fail_in_retrospect(failure));
        }
        last = now;
    }
    Ok(())
}

/// The values of all counters on `page`, by their series.
fn counters_on(page: &Exposition) -> HashMap<String, f64> {
    let growing = page.samples.iter().filter(|sample| GROWING.contains(&sample.name.as_str()));
    growing.map(|sample| (sample.series(), sample.value)).collect()
}

/// What is wrong if a counter is lower `now` than on the page before, or missing.
fn shrunk(last: &HashMap<String, f64>, now: &HashMap<String, f64>) -> Option<Failure> {
    let has_grown =
        |(series, before): &(&String, &f64)| now.get(*series).is_some_and(|found| found >= *before);
    let (series, before) = last.iter().find(|counter| !has_grown(counter))?;
    let found = now.get(series);
    let found = found.map_or("is missing".to_owned(), |found| format!("is {found}"));
    let series = printable(series, 120);
    let observed = format!("{series} was {before}, and {found} on the next page");
    let failure = Failure::property(observed)
        .expecting("counters never decrease from one page to the next")
        .because(causes::COUNTER_GOES_BACK);
    Some(failure)
}
