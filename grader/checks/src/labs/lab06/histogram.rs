//! Task 3: a histogram of the time that requests take.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use exposition::Exposition;

use super::clients::{abandon_request, send_until_closed};
use super::numbers::{BOUNDS, DURATION, DURATION_COUNT, DURATION_SUM, REQUESTS};
use super::page::{expect_numbers, get_idle_page};
use super::{burst, causes};
use crate::expect;

/// What each bucket counts, including the buckets below it, in the order of [`BOUNDS`].
type Buckets = [f64; BOUNDS.len()];

/// The buckets that `page` shows.
fn buckets_on(server: &Server, page: &Exposition) -> Result<Buckets, CheckError> {
    let found = page.buckets(DURATION, &[]);
    let bounds: Vec<f64> = found.iter().map(|(bound, _)| *bound).collect();
    if bounds != BOUNDS {
        let observed = match bounds.len() {
            0 => "no buckets".to_owned(),
            _ => format!("buckets with the bounds {bounds:?}"),
        };
        let failure = Failure::property(observed)
            .expecting(format!("{DURATION}_bucket with le=\"0.001\", 0.01, 0.1, 1 and +Inf"))
            .because(causes::WRONG_BUCKET_BOUNDS);
        return Err(server.process.fail_in_retrospect(failure));
    }
    Ok(std::array::from_fn(|index| found[index].1))
}

/// What the buckets `did`, and their counts, for a report.
fn listed(did: &str, buckets: &Buckets) -> String {
    let counts = buckets.map(|count| count.to_string()).join(", ");
    format!("the buckets up to 0.001, 0.01, 0.1, 1 and +Inf {did} {counts}")
}

/// Buckets are cumulative; the last one equals the histogram's count, which equals the number of requests.
pub(super) async fn histogram_consistent(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let word = serve_many_kinds(trial, &server).await?;
    trial.step("clients send a line that is not UTF-8, PANIC, and a SLEEP followed by a reset (RST); get the page");
    for line in [b"\xff\n".as_slice(), b"PANIC\n"] {
        send_until_closed(&server, line).await?;
    }
    abandon_request(&server, &word).await?;
    server.until_clients_are_gone().await?;
    let page = get_idle_page(&server).await?;
    let [requests, observed] =
        [REQUESTS, DURATION_COUNT].map(|number| number.on(&page).unwrap_or(f64::NAN));
    if requests != observed {
        let observed = format!("{REQUESTS} {requests}, {DURATION_COUNT} {observed}");
        let failure = Failure::property(observed)
            .expecting("the number of requests equals the histogram's count")
            .because(causes::COUNTED_IN_TWO_PLACES);
        return Err(server.process.fail_in_retrospect(failure));
    }
    let clients = server.connect_many(burst::CLIENTS).await?;
    burst::run(trial, &server, &clients, &word).await?;
    let total = requests as u64 + (burst::CLIENTS + burst::REQUESTS) as u64;
    let cause = Some(&causes::LOST_UPDATES);
    expect_numbers(&server, "after all rounds", &[(DURATION_COUNT, total)], cause).await?;
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// A client sends all kinds of lines that get an answer, and the histogram counts them all. Returns the word that is
/// used in them.
async fn serve_many_kinds(trial: &Trial, server: &Rc<Server>) -> Result<String, CheckError> {
    const LINES: u64 = 40;
    trial.step(format!(
        "a client sends {LINES} lines, among them SLEEPs of 4 to 40 ms and bad SLEEPs"
    ));
    let client = server.connect("the client").await?;
    let word = trial.word_text();
    for line in 1..=LINES {
        match line % 4 {
            0 => client.say(&format!("SLEEP {line} {word}\n"), &format!("ECHO: {word}\n")).await?,
            1 => client.say("SLEEP a while\n", "ERR bad sleep\n").await?,
            _ => client.ask().await?,
        }
    }
    client.finish().await?;
    trial.step("get the page until it shows that many requests");
    let expected = [(REQUESTS, LINES), (DURATION_COUNT, LINES)];
    let cause = Some(&causes::REQUEST_NOT_OBSERVED_ONCE);
    expect_numbers(server, "after the client has left", &expected, cause).await?;
    let buckets = buckets_on(server, &get_idle_page(server).await?)?;
    if buckets[BOUNDS.len() - 1] != LINES as f64 || !buckets.is_sorted() {
        let failure =
            Failure::property(format!("{}, after {LINES} requests", listed("contain", &buckets)))
                .expecting(format!(
                    "buckets are cumulative, and the last one, +Inf, counts all {LINES} requests"
                ))
                .because(causes::BUCKETS_NOT_CUMULATIVE);
        return Err(server.process.fail_in_retrospect(failure));
    }
    Ok(word)
}

/// A duration of SLEEP, and the index in [`BOUNDS`] of the bucket into which it falls.
#[derive(Clone, Copy)]
struct Sleep {
    milliseconds: u64,
    bucket: usize,
}

const SLEEPS: [Sleep; 3] = [
    Sleep { milliseconds: 2, bucket: 1 },
    Sleep { milliseconds: 30, bucket: 2 },
    Sleep { milliseconds: 300, bucket: 3 },
];

/// Each SLEEP is counted in the bucket for its duration.
pub(super) async fn histogram_places(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 5;
    const MAX_ROUNDS: u32 = 5;
    /// A program that loses its CPU between two clock readings may place one SLEEP too low, but hardly ever two.
    const MAX_BELOW: u32 = 2;
    let server = trial.start(&Start::PLAIN).await?;
    let clients = server.connect_many(CLIENTS).await?;
    // Each client has sent one request.
    let mut counted = CLIENTS as u64;
    for sleep in SLEEPS {
        let milliseconds = sleep.milliseconds;
        trial.step(format!("{CLIENTS} clients send SLEEP {milliseconds} at the same time"));
        let (mut rounds, mut below) = (0, 0);
        loop {
            let misplaced = observe_sleeps(trial, &server, &clients, sleep, counted).await?;
            counted += CLIENTS as u64;
            let Some(Misplaced { failure, too_low }) = misplaced else { break };
            // The machine may delay one round, but not every round.
            rounds += 1;
            below += u32::from(too_low);
            if rounds == MAX_ROUNDS || below == MAX_BELOW {
                expect::not_starved(&server.process)?;
                return Err(server.process.fail_in_retrospect(failure));
            }
        }
    }
    clients.into_iter().for_each(Client::reset);
    Ok(())
}

/// What is wrong with a round's observations.
struct Misplaced {
    failure: Failure,
    /// Whether an observation fell below its bucket.
    too_low: bool,
}

/// All `clients` send a SLEEP at the same time. At least one observation must fall into its bucket, and none into a
/// lower one; otherwise returns what is wrong. `counted` is the number of requests before.
async fn observe_sleeps(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
    sleep: Sleep,
    counted: u64,
) -> Result<Option<Misplaced>, CheckError> {
    let cause = Some(&causes::OBSERVED_BEFORE_ANSWER);
    expect_numbers(server, "before these requests", &[(DURATION_COUNT, counted)], cause).await?;
    let before = get_idle_page(server).await?;
    let word = trial.word_text();
    let request = format!("SLEEP {} {word}\n", sleep.milliseconds);
    let answer = format!("ECHO: {word}\n");
    let times = clients.iter().map(|client| async {
        let begin = Instant::now();
        client.say(&request, &answer).await?;
        Ok(begin.elapsed())
    });
    let times = try_join_all(times).await?;
    let counted = counted + clients.len() as u64;
    expect_numbers(server, "after these requests", &[(DURATION_COUNT, counted)], cause).await?;
    let after = get_idle_page(server).await?;
    let (old, new) = (buckets_on(server, &before)?, buckets_on(server, &after)?);
    let grown: Buckets = std::array::from_fn(|index| new[index] - old[index]);
    let misplaced = wrong_bucket(sleep, &times, &grown);
    Ok(misplaced.or_else(|| wrong_sum(sleep, &times, &before, &after)))
}

/// What is wrong, if anything, when the buckets grew by `grown` and the clients waited for `times`.
fn wrong_bucket(sleep: Sleep, times: &[Duration], grown: &Buckets) -> Option<Misplaced> {
    let Sleep { milliseconds, bucket } = sleep;
    let (below, within) = (grown[bucket - 1], grown[bucket] - grown[bucket - 1]);
    // Timers with a resolution of 1 ms may fire that much early, and halve some of the SLEEPs of 2 ms.
    let too_many = if bucket == 1 { (times.len() / 2 + 1) as f64 } else { 1.0 };
    let too_low = below >= too_many;
    if !too_low && within != 0.0 {
        return None;
    }
    let quickest = times.iter().min().copied().unwrap_or_default();
    let (number, bound) = (times.len(), BOUNDS[bucket]);
    let failure = Failure::property(format!(
        "{}; the fastest answer took {}",
        listed("grew by", grown),
        time(quickest)
    ))
    .expecting(format!(
        "of {number} requests SLEEP {milliseconds}, none is counted below the bucket le=\"{bound}\", and at least \
         one is counted in it"
    ))
    .because(causes::WRONG_BUCKET);
    Some(Misplaced { failure, too_low })
}

/// What is wrong, if anything, with the sums on the pages `before` and `after`; the clients waited for `times`.
fn wrong_sum(
    sleep: Sleep,
    times: &[Duration],
    before: &Exposition,
    after: &Exposition,
) -> Option<Misplaced> {
    let number = times.len() as u32;
    let min = Duration::from_millis(sleep.milliseconds).saturating_sub(expect::EARLY) * number;
    // A program may observe after it answers, but at most a second later.
    let total = times.iter().sum::<Duration>();
    let max = total + Duration::from_secs(1) * number;
    let sum = DURATION_SUM.on(after);
    let sum = sum.and_then(|sum| Some(sum - DURATION_SUM.on(before)?));
    if sum.is_some_and(|sum| (min.as_secs_f64()..=max.as_secs_f64()).contains(&sum)) {
        return None;
    }
    let grown = sum.map_or_else(
        || format!("the page lacks {DURATION_SUM}"),
        |sum| format!("{DURATION_SUM} grew by {sum}"),
    );
    let failure = Failure::property(format!("{grown}; the clients waited {} in all", time(total)))
        .expecting(format!("{DURATION_SUM} grows by the time the requests took, in seconds"))
        .because(causes::SUM_OF_OTHER_TIMES);
    Some(Misplaced { failure, too_low: false })
}
