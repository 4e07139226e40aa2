//! Sentences around the numbers.

use std::time::Duration;

use super::rows::MIN_REQUESTS_FOR_P99;
use crate::bench::numbers::{short_time, thousands};
use crate::bench::results::{
    FIXED_RATE_CLIENTS, Figure, Measurement, Point, ROUNDS_TO_RANK, Results, Sample, Scenario,
};

/// How everything was measured.
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
    format!("{bytes} bytes there and back; {rounds}, {each} of each in turns{begun}{commit}")
}

/// What is done at `point`, in a line.
pub(crate) fn title(results: &Results, point: Point) -> String {
    let clients = thousands(point.connections);
    match point.scenario {
        Scenario::PingPong if point.connections == 1 => "1 client asks and asks again".to_owned(),
        Scenario::PingPong => format!("{clients} clients, each asks again once it is answered"),
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

/// `02 epoll ≈ 03 tokio < 01 threads`, from [`Results::ranks`]; no line breaks within a name. None for fewer than two
/// programs.
pub(crate) fn ranking(results: &Results, point: Point) -> Option<String> {
    let ranks = results.ranks(point);
    if ranks.iter().map(Vec::len).sum::<usize>() < 2 {
        return None;
    }
    let name = |&program: &usize| results.programs[program].replace(' ', "\u{a0}");
    let groups = ranks.iter().map(|group| group.iter().map(name).collect::<Vec<_>>().join(" ≈ "));
    Some(groups.collect::<Vec<_>>().join(" < "))
}

/// How latency from the planned moment compares with latency from the moment of sending, for the program at `point`
/// for which they differ most. None except for [`Scenario::FixedRate`].
pub(crate) fn coordinated_omission(results: &Results, point: Point) -> Option<String> {
    /// Two times are taken for the same below this ratio.
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
        "{name}: p99 is {} counted from the planned moment, and {} from the moment of sending, as a closed loop counts",
        short_time(planned),
        short_time(sent)
    );
    text += if ratio > SAME {
        ". Who sends only after the last answer leaves out how long the next request had to wait (coordinated omission)"
    } else {
        ": nearly the same, since at this rate hardly a request had to wait for a client to be free"
    };
    if let Some((p99, rate)) = closed_loop_p99(results, point, program) {
        text += &format!(
            ". In the closed loop above it was {}, at {} a second: there each waits for all others",
            short_time(p99),
            thousands(rate as usize)
        );
    }
    Some(text)
}

/// p99 of the program in the closed loop with as many clients, in seconds, and its rate there, in requests a second.
fn closed_loop_p99(results: &Results, point: Point, program: usize) -> Option<(f64, f64)> {
    let closed = Point { scenario: Scenario::PingPong, ..point };
    let closed = results.at(closed).into_iter().find(|other| other.program == program)?;
    let p99 = median_p99(closed, |sample| Some(sample.latency.p99))?;
    Some((p99, closed.figure(|sample| sample.rate)?.median))
}

/// In seconds.
fn median_p99(measurement: &Measurement, p99: fn(&Sample) -> Option<Duration>) -> Option<f64> {
    let times = measurement.samples.iter().filter_map(p99).map(|time| time.as_secs_f64());
    Some(Figure::of(times)?.median)
}

/// What the signs mean that occur in the tables.
pub(crate) fn legend(results: &Results) -> Vec<String> {
    if results.rounds() == 0 {
        return vec!["nothing could be measured".to_owned()];
    }
    let mut lines = vec![
        "±: how far the round that differs most is from the median. worst: of all rounds. CPU/trip: CPU time of the \
         server for a round trip. ratio: of that to the first row's that was measured, round by round. ≈: no larger \
         difference than that between rounds, so nobody is ahead. –: too few to say"
            .to_owned(),
    ];
    if results.rounds() < ROUNDS_TO_RANK {
        lines.push(format!(
            "with fewer than {ROUNDS_TO_RANK} rounds nothing can be said about noise: nobody is ranked"
        ));
    }
    let costs = results.measurements.iter().filter(|measurement| {
        measurement.point.scenario == Scenario::PingPong
            && measurement.point.connections == FIXED_RATE_CLIENTS
    });
    let costs = costs.filter_map(|it| Some(it.figure(|sample| sample.load_cpu)?.median));
    if let Some(cost) = Figure::of(costs) {
        lines.push(format!(
            "the load generator's own CPU time for a round trip: {} with {FIXED_RATE_CLIENTS} clients",
            short_time(cost.median / 1e9),
        ));
    }
    if results.measurements.iter().any(Measurement::is_saturated) {
        lines.push(
            "≥: the load generator was short of time: the server could have done more, and a part of these latencies is \
             the load generator's. Compare CPU/trip instead"
                .to_owned(),
        );
    }
    lines
}
