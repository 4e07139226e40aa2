//! Sentences around the numbers.

use std::time::Duration;

use super::rows::MIN_REQUESTS_FOR_P99;
use crate::bench::numbers::{short_time, thousands};
use crate::bench::results::{
    FIXED_RATE_CLIENTS, Figure, Measurement, Point, ROUNDS_TO_RANK, Results, Sample, Scenario,
};

/// The conditions of the measurement.
pub(crate) fn conditions(results: &Results) -> String {
    let rounds = match results.rounds() {
        0 => "nothing measured".to_owned(),
        1 => "1 round".to_owned(),
        rounds => format!("medians of {rounds} rounds"),
    };
    let (bytes, each) = (results.request_length, course::text::time(results.sample_length));
    let commit = results.commit.as_deref().map(|commit| format!(", commit {commit}"));
    let commit = commit.unwrap_or_default();
    let begun = time::OffsetDateTime::from_unix_timestamp(results.begun.cast_signed());
    let begun = begun.map_or(String::new(), |at| {
        format!("; {} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
    });
    format!("{bytes} bytes each way; {rounds}, {each} per sample, programs in turn{begun}{commit}")
}

/// What happens at `point`, in one line.
pub(crate) fn title(results: &Results, point: Point) -> String {
    let clients = thousands(point.connections);
    match point.scenario {
        Scenario::PingPong if point.connections == 1 => {
            "1 client, which asks again after each answer".to_owned()
        }
        Scenario::PingPong => format!("{clients} clients, each asking again after its answer"),
        Scenario::Idle => {
            let active = point.active;
            match point.connections - active {
                0 => format!("{active} clients ask, and no others are connected"),
                1 => format!("{active} clients ask, and 1 is connected and idle"),
                idle => {
                    format!("{active} clients ask, and {} are connected and idle", thousands(idle))
                }
            }
        }
        Scenario::FixedRate => {
            let rate = results.at(point).iter().find_map(|measurement| measurement.rate);
            let rate = rate.map_or("a fixed number of".to_owned(), |rate| thousands(rate as usize));
            format!("{rate} requests a second over {clients} clients, at planned moments")
        }
    }
}

/// `02 epoll ≈ 03 tokio < 01 threads`, from [`Results::ranks`]; lines do not break within a name. `None` for fewer than
/// two programs.
pub(crate) fn ranking(results: &Results, point: Point) -> Option<String> {
    let ranks = results.ranks(point);
    if ranks.iter().map(Vec::len).sum::<usize>() < 2 {
        return None;
    }
    let name = |&program: &usize| results.programs[program].replace(' ', "\u{a0}");
    let groups = ranks.iter().map(|group| group.iter().map(name).collect::<Vec<_>>().join(" ≈ "));
    Some(groups.collect::<Vec<_>>().join(" < "))
}

/// Compares latency from the planned moment with latency from the moment of sending, for the program at `point` for
/// which they differ most. `None` except for [`Scenario::FixedRate`].
pub(crate) fn coordinated_omission(results: &Results, point: Point) -> Option<String> {
    /// Below this ratio two times are considered equal.
    const SAME: f64 = 1.1;
    if point.scenario != Scenario::FixedRate {
        return None;
    }
    let has_p99 = |measurement: &&Measurement| {
        measurement.samples.iter().all(|sample| sample.round_trips >= MIN_REQUESTS_FOR_P99)
    };
    let compared = results.at(point).into_iter().filter(has_p99).filter_map(|measurement| {
        let planned = median_p99(measurement, |sample| Some(sample.latency.p99))?;
        let sent = median_p99(measurement, |sample| Some(sample.from_sending?.p99))?;
        Some((planned / sent, planned, sent, measurement.program))
    });
    let (ratio, planned, sent, program) = compared.max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
    let name = &results.programs[program];
    let mut text = format!(
        "{name}: p99 is {} from the planned moment and {} from the moment of sending, which a closed loop measures",
        short_time(planned),
        short_time(sent)
    );
    text += if ratio > SAME {
        ". A client that sends only after the last answer ignores how long the next request had to wait (coordinated \
         omission)"
    } else {
        ": nearly the same, because at this rate few requests had to wait for a free client"
    };
    if let Some((p99, rate)) = closed_loop_p99(results, point, program) {
        text += &format!(
            ". In the closed loop above it was {}, at {} a second: there each request waits for all others",
            short_time(p99),
            thousands(rate as usize)
        );
    }
    Some(text)
}

/// The program's p99 in the closed loop with as many clients, in seconds, and its rate there, in requests a second.
fn closed_loop_p99(results: &Results, point: Point, program: usize) -> Option<(f64, f64)> {
    let closed = Point { scenario: Scenario::PingPong, ..point };
    let closed = results.at(closed).into_iter().find(|other| other.program == program)?;
    let p99 = median_p99(closed, |sample| Some(sample.latency.p99))?;
    Some((p99, closed.figure(|sample| sample.rate)?.median))
}

/// The median of p99 over all samples, in seconds.
fn median_p99(measurement: &Measurement, p99: fn(&Sample) -> Option<Duration>) -> Option<f64> {
    let times = measurement.samples.iter().filter_map(p99).map(|time| time.as_secs_f64());
    Some(Figure::of(times)?.median)
}

/// Explains the signs in the tables.
pub(crate) fn legend(results: &Results) -> Vec<String> {
    if results.rounds() == 0 {
        return vec!["nothing could be measured".to_owned()];
    }
    let mut lines = vec![
        "±: how far the round that differs most is from the median. worst: of all rounds. CPU/trip: the server's CPU \
         time per round trip. ratio: CPU/trip relative to the first measured row's, round by round. ≈: differs by no \
         more than the rounds do, so neither is ahead. –: too few rounds or requests to say"
            .to_owned(),
    ];
    if results.rounds() < ROUNDS_TO_RANK {
        lines.push(format!(
            "with fewer than {ROUNDS_TO_RANK} rounds the noise is unknown, so programs are not ranked"
        ));
    }
    let costs = results.measurements.iter().filter(|measurement| {
        measurement.point.scenario == Scenario::PingPong
            && measurement.point.connections == FIXED_RATE_CLIENTS
    });
    let costs = costs.filter_map(|it| Some(it.figure(|sample| sample.load_cpu)?.median));
    if let Some(cost) = Figure::of(costs) {
        lines.push(format!(
            "the load generator's own CPU time per round trip: {} with {FIXED_RATE_CLIENTS} clients",
            short_time(cost.median / 1e9),
        ));
    }
    if results.measurements.iter().any(Measurement::is_saturated) {
        lines.push(
            "≥: the load generator was at its limit: the server could have done more, and part of these latencies is \
             the load generator's. Compare CPU/trip instead"
                .to_owned(),
        );
    }
    lines
}
