use std::time::Duration;

use super::document::SCHEMA;
use super::*;
use crate::bench::cpus::Cpus;
use crate::bench::load::Latency;

fn measurement(program: usize, cpu: &[f64]) -> Measurement {
    let sample = |(round, &cpu): (usize, &f64)| Sample {
        round: round as u32,
        round_trips: 1_000_000,
        rate: 1e6 / cpu,
        latency: Latency::default(),
        from_sending: None,
        cpu,
        load_cpu: 0.0,
        server_busy: 1.0,
        load_busy: 0.5,
        late: None,
        memory_idle: 0.0,
        memory_busy: 0.0,
        threads: 1,
        connect: Duration::ZERO,
    };
    let point = Point { scenario: Scenario::PingPong, connections: 1, active: 1 };
    let samples = cpu.iter().enumerate().map(sample).collect();
    Measurement { program, point, rate: None, samples, not_measured: None }
}

fn results(measurements: Vec<Measurement>) -> Results {
    Results {
        schema: SCHEMA,
        begun: 0,
        machine: Machine::this(&Cpus { server: vec![0], load: vec![1] }),
        commit: None,
        request_length: 64,
        sample_length: Duration::ZERO,
        programs: vec![String::new(); measurements.len()],
        measurements,
        notes: Vec::new(),
    }
}

#[test]
fn a_figure_is_a_median_and_its_spread() {
    let figure = Figure::of([3.0, 1.0, 2.0]).expect("numbers");
    assert_eq!((figure.median, figure.min, figure.max), (2.0, 1.0, 3.0));
    assert_eq!(figure.spread(), 0.5);
    assert_eq!(Figure::of([1.0, 2.0]).expect("numbers").median, 1.5);
    assert_eq!(Figure::of([]), None);
}

/// A machine that is half as fast in one round slows both programs: the ratio stays.
#[test]
fn ratios_are_taken_round_by_round() {
    let one = measurement(0, &[100.0, 200.0, 100.0]);
    let other = measurement(1, &[110.0, 220.0, 110.0]);
    let ratio = other.cpu_ratio(&one).expect("samples");
    assert!((ratio.median - 1.1).abs() < 1e-9 && ratio.max - ratio.min < 1e-9);
    assert!(other.differs_from(&one));
}

#[test]
fn programs_that_differ_by_less_than_the_rounds_do_are_not_ranked() {
    let [slow, fast] = [measurement(0, &[300.0; 3]), measurement(1, &[100.0; 3])];
    let close = measurement(2, &[103.0, 106.0, 101.0]);
    let point = slow.point;
    assert_eq!(results(vec![slow, fast, close]).ranks(point), [vec![1, 2], vec![0]]);
    let few = vec![measurement(0, &[300.0; 2]), measurement(1, &[100.0; 2])];
    assert_eq!(results(few).ranks(point), [vec![1, 0]]);
}

/// Files from earlier benchmarks stay readable.
#[test]
fn fields_have_the_names_of_schema_1() {
    let document = serde_json::to_value(results(vec![measurement(0, &[1.0])])).expect("JSON");
    let names = |value: &serde_json::Value| {
        let mut names: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names.join(" ")
    };
    let expected = "begun bytes cells commit machine measured notes schema subjects";
    assert_eq!(names(&document), expected);
    assert_eq!(names(&document["cells"][0]), "point rate samples subject trouble");
}
