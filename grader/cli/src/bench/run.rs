//! Runs a benchmark: which sample is taken when, and which is left out.

use std::time::{Duration, Instant};

use anyhow::Result;
use engine::interrupt::Interrupt;
use engine::subject::Launcher;

use super::benchmark::Benchmark;
use super::fixed_rate::fixed_rate;
use super::load::Pace;
use super::results::{Measurement, NotMeasured, Point, Results, Sample, Scenario};
use super::sampler::{NoSample, Sampler};

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress<'p> {
    /// Samples that were taken or left out, and of how many.
    pub done: usize,
    pub all: usize,
    /// The name of the program that is measured next.
    pub program: &'p str,
    /// An estimate.
    pub left: Duration,
}

/// Measures everything in `benchmark` and adds it to `results`. `progress` is called before each sample.
///
/// # Errors
///
/// Servers cannot be given their CPUs.
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
                // The first program of one round is the last of the next.
                let program = (turn + round as usize) % programs;
                run.measure(place * programs + program, round, &mut progress);
            }
        }
    }
    Ok(())
}

struct Run<'r> {
    sampler: Sampler<'r>,
    /// Its measurements are in the order of the points, and at each point in that of the programs.
    results: &'r mut Results,
    /// Requests a second with [`Scenario::FixedRate`], once it is known.
    rate: Option<f64>,
    /// How many samples were taken or left out.
    done: usize,
    begun: Instant,
    /// How long the samples that were taken were expected to take, and those that may still be taken.
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

    /// Adds a sample to the measurement number `index`, unless it has failed, or there is no time.
    fn measure(&mut self, index: usize, round: u32, progress: &mut impl FnMut(Progress<'_>)) {
        let benchmark = self.sampler.benchmark;
        self.fail_as_before(index);
        let Measurement { program, point, .. } = self.results.measurements[index];
        let (program, expected) = (&benchmark.programs[program], benchmark.expected(point));
        self.done += 1;
        self.expected_left = self.expected_left.saturating_sub(expected);
        // What has failed once fails again, and takes long.
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

    /// Gives the measurement the failure of an earlier one of the same program, if it would fail for the same reason.
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

    /// How long the rest of the run takes, the next sample included, which is `expected` to take so long.
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
            // What is wrong with the machine may pass.
            Err(NoSample::NotMeasured(NotMeasured::Unable(_))) => sample(),
            taken => taken,
        }
    }

    /// Adds what came of a sample to the measurement number `index`.
    fn record(&mut self, index: usize, round: u32, taken: Result<Sample, NoSample>) {
        let is_last = round + 1 == self.sampler.benchmark.rounds;
        let measurement = &mut self.results.measurements[index];
        let has_samples = !measurement.samples.is_empty();
        match taken {
            Ok(sample) => measurement.samples.push(Sample { round, ..sample }),
            Err(NoSample::Interrupted) => {}
            // Not the server's fault: it has no sample of this round.
            Err(NoSample::NotMeasured(NotMeasured::NoTime)) if has_samples => {}
            Err(NoSample::NotMeasured(NotMeasured::Unable(_))) if has_samples || !is_last => {}
            Err(NoSample::NotMeasured(reason)) => {
                // Rounds in which the server still worked do not measure it.
                measurement.samples.clear();
                measurement.not_measured = Some(reason);
            }
        }
    }
}

/// How a program has failed with no more connections, if that takes long each time and more would not help.
fn permanent_failure(results: &Results, program: usize, point: Point) -> Option<NotMeasured> {
    let mut fewer = results.measurements.iter().filter(|measurement| {
        measurement.program == program
            && measurement.point.connections <= point.connections
            && measurement.point.scenario != Scenario::FixedRate
    });
    fewer.find_map(|measurement| measurement.not_measured.clone().filter(NotMeasured::is_permanent))
}
