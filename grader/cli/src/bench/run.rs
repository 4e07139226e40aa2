//! Runs a benchmark: decides which samples are taken, when, and which are skipped.

use std::time::{Duration, Instant};

use anyhow::Result;
use engine::interrupt::Interrupt;
use engine::subject::Launcher;

use super::benchmark::Benchmark;
use super::fixed_rate::fixed_rate;
use super::load::Pace;
use super::results::{Measurement, NotMeasured, Point, Results, Sample, Scenario};
use super::sampler::{NoSample, Sampler};

/// The progress of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<'p> {
    /// How many samples were taken or skipped, and how many there are.
    pub done: usize,
    pub all: usize,
    /// The name of the program that is measured next.
    pub program: &'p str,
    /// The estimated time left.
    pub left: Duration,
}

/// Measures everything in `benchmark` and adds it to `results`. `progress` is called before each sample.
///
/// # Errors
///
/// The servers' CPUs cannot be set.
pub(crate) fn run(
    benchmark: &Benchmark,
    launcher: &Launcher,
    interrupt: &Interrupt,
    results: &mut Results,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<()> {
    benchmark.cpus.use_for_servers()?;
    let sampler = Sampler { benchmark, launcher, interrupt };
    let mut run = Run {
        sampler,
        results,
        rate: benchmark.rate,
        done: 0,
        begun: Instant::now(),
        expected_so_far: Duration::ZERO,
        expected_left: Duration::ZERO,
    };
    run.add_measurements();
    let programs = benchmark.programs.len();
    for round in 0..benchmark.rounds {
        for (place, point) in benchmark.points.iter().enumerate() {
            run.choose_rate(point.scenario);
            for turn in 0..programs {
                // The first program of one round is the last in the next.
                let program = (turn + round as usize) % programs;
                run.measure(place * programs + program, round, &mut progress);
            }
        }
    }
    Ok(())
}

struct Run<'r> {
    sampler: Sampler<'r>,
    /// Its measurements are in the order of the points, and within a point in the order of the programs.
    results: &'r mut Results,
    /// Requests a second with [`Scenario::FixedRate`], once known.
    rate: Option<f64>,
    /// How many samples were taken or skipped.
    done: usize,
    begun: Instant,
    /// The expected time of the samples already taken, and of those that may still be taken.
    expected_so_far: Duration,
    expected_left: Duration,
}

impl Run<'_> {
    /// Adds a measurement without samples for each program at each point.
    fn add_measurements(&mut self) {
        let benchmark = self.sampler.benchmark;
        for &point in &benchmark.points {
            for (index, program) in benchmark.programs.iter().enumerate() {
                self.results.measurements.push(Measurement {
                    program: index,
                    point,
                    rate: None,
                    samples: Vec::new(),
                    not_measured: program.not_measured.clone(),
                });
                self.expected_left += benchmark.rounds * benchmark.expected(point);
            }
        }
    }

    fn choose_rate(&mut self, scenario: Scenario) {
        let is_wanted = scenario == Scenario::FixedRate && !self.sampler.interrupt.is_raised();
        if is_wanted && self.rate.is_none() {
            self.rate = Some(fixed_rate(self.results));
        }
    }

    /// Adds a sample to measurement number `index`, unless it has failed or no time is left.
    fn measure(&mut self, index: usize, round: u32, progress: &mut impl FnMut(Progress<'_>)) {
        let benchmark = self.sampler.benchmark;
        self.fail_as_before(index);
        let Measurement { program, point, .. } = self.results.measurements[index];
        let (program, expected) = (&benchmark.programs[program], benchmark.expected(point));
        self.done += 1;
        self.expected_left = self.expected_left.saturating_sub(expected);
        // A measurement that has failed once would fail again, and slowly.
        let has_failed = self.results.measurements[index].not_measured.is_some();
        if has_failed || self.sampler.interrupt.is_raised() {
            return;
        }
        let all = self.results.measurements.len() * benchmark.rounds as usize;
        let left = self.estimate(expected);
        progress(Progress { done: self.done - 1, all, program: &program.name, left });
        self.expected_so_far += expected;
        let taken = if self.time_left() < 2 * (benchmark.warm_up + benchmark.measure) {
            Err(NotMeasured::NoTime.into())
        } else {
            let pace = self.pace(index);
            self.sample(index, pace)
        };
        self.record(index, round, taken);
    }

    /// Copies the failure of an earlier measurement of the same program, if this one would fail for the same reason.
    fn fail_as_before(&mut self, index: usize) {
        let Measurement { program, point, .. } = self.results.measurements[index];
        let reason = permanent_failure(self.results, program, point);
        let measurement = &mut self.results.measurements[index];
        if measurement.not_measured.is_none() && reason.is_some() {
            measurement.samples.clear();
            measurement.not_measured = reason;
        }
    }

    fn time_left(&self) -> Duration {
        self.sampler.benchmark.limit.saturating_sub(self.begun.elapsed())
    }

    /// How long the rest of the run takes, including the next sample, which is expected to take `expected`.
    fn estimate(&self, expected: Duration) -> Duration {
        let slower = if self.expected_so_far.is_zero() {
            1.0
        } else {
            self.begun.elapsed().as_secs_f64() / self.expected_so_far.as_secs_f64().max(1e-3)
        };
        (self.expected_left + expected).mul_f64(slower).min(self.time_left())
    }

    fn pace(&mut self, index: usize) -> Pace {
        let measurement = &mut self.results.measurements[index];
        if measurement.point.scenario == Scenario::FixedRate {
            measurement.rate = self.rate;
            Pace::PerSecond(self.rate.unwrap_or(1.0))
        } else {
            Pace::PingPong
        }
    }

    fn sample(&self, index: usize, pace: Pace) -> Result<Sample, NoSample> {
        let Measurement { program, point, .. } = self.results.measurements[index];
        let program = &self.sampler.benchmark.programs[program];
        let sample = || self.sampler.sample(program, point, pace, self.time_left());
        match sample() {
            // A fault in the machine may be temporary.
            Err(NoSample::NotMeasured(NotMeasured::Unable(_))) => sample(),
            taken => taken,
        }
    }

    /// Adds the result of a sample to measurement number `index`.
    fn record(&mut self, index: usize, round: u32, taken: Result<Sample, NoSample>) {
        let is_last = round + 1 == self.sampler.benchmark.rounds;
        let measurement = &mut self.results.measurements[index];
        let has_samples = !measurement.samples.is_empty();
        match taken {
            Ok(sample) => measurement.samples.push(Sample { round, ..sample }),
            Err(NoSample::Interrupted) => {}
            // Not the server's fault: it only lacks a sample for this round.
            Err(NoSample::NotMeasured(NotMeasured::NoTime)) if has_samples => {}
            Err(NoSample::NotMeasured(NotMeasured::Unable(_))) if has_samples || !is_last => {}
            Err(NoSample::NotMeasured(reason)) => {
                // The rounds in which the server still worked are not representative.
                measurement.samples.clear();
                measurement.not_measured = Some(reason);
            }
        }
    }
}

/// How a program has failed with as many or fewer connections, if that is slow each time and more would not help.
fn permanent_failure(results: &Results, program: usize, point: Point) -> Option<NotMeasured> {
    let mut fewer = results.measurements.iter().filter(|measurement| {
        measurement.program == program
            && measurement.point.connections <= point.connections
            && measurement.point.scenario != Scenario::FixedRate
    });
    fewer.find_map(|measurement| measurement.not_measured.clone().filter(NotMeasured::is_permanent))
}
