//! Takes samples, each from a server that is started for it.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use engine::drive::{Server, Start, Trial};
use engine::interrupt::Interrupt;
use engine::subject::{DescriptorLimit, Launcher, Process, ProcessEnd};
use engine::verdict::CheckError;
use observe::{MAX_PROCESSES, Probe};
use rustix::process::{Resource, getrlimit};

use super::benchmark::{Benchmark, Program};
use super::cpu_usage::CpuUsage;
use super::load::{Command, Connected, Interval, Pace, Refusal};
use super::load_generator::LoadGenerator;
use super::results::{FULL, NotMeasured, Point, Sample};

/// The time allowed for the start, 5,000 connects and the end, in addition to the measurement.
const OVERHEAD: Duration = Duration::from_secs(12);

/// No server needs more descriptors, even if it uses several for each client.
const ENOUGH_DESCRIPTORS: u64 = 1 << 16;

/// Why a sample was not taken.
pub(super) enum NoSample {
    Interrupted,
    NotMeasured(NotMeasured),
}

impl From<NotMeasured> for NoSample {
    fn from(reason: NotMeasured) -> Self {
        Self::NotMeasured(reason)
    }
}

/// Takes samples.
pub(super) struct Sampler<'b> {
    pub benchmark: &'b Benchmark,
    pub launcher: &'b Launcher,
    pub interrupt: &'b Interrupt,
}

impl Sampler<'_> {
    /// Takes a sample of a fresh server, in at most `time_left`. Its round is 0.
    pub fn sample(
        &self,
        program: &Program,
        point: Point,
        pace: Pace,
        time_left: Duration,
    ) -> Result<Sample, NoSample> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(no_runtime)?;
        let longest = OVERHEAD + 2 * (self.benchmark.warm_up + self.benchmark.measure);
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async {
            let trial = Trial::new(program.service, &program.words, self.launcher, 0, "bench");
            let taken = self.take(program, point, pace, &trial);
            tokio::select! {
                biased;
                () = self.interrupt.raised() => Err(NoSample::Interrupted),
                taken = tokio::time::timeout(longest.min(time_left), taken) => match taken {
                    Ok(taken) => taken.map_err(NoSample::from),
                    Err(_) if time_left < longest => Err(NotMeasured::NoTime.into()),
                    Err(_) => Err(NotMeasured::TooSlow(longest).into()),
                },
            }
        })
    }

    async fn take(
        &self,
        program: &Program,
        point: Point,
        pace: Pace,
        trial: &Trial,
    ) -> Result<Sample, NotMeasured> {
        let server = start(program, trial).await?;
        let attempt = Attempt { server: &server, connections: point.connections, pace };
        let probe = server.probe();
        let memory_at_start = settled_memory(probe).await;
        let command = self.command(&server, point, pace);
        let mut generator = LoadGenerator::start(self.launcher.children(), &command).await?;
        let connected = generator.connected().await?;
        attempt.expect_connected(&connected).await?;
        let memory_idle = settled_memory(probe).await;
        attempt.expect_answers(&generator.interval().await?).await?;
        let before = CpuUsage::now(probe);
        let interval = generator.interval().await?;
        let used = before.since(probe);
        let (memory_busy, threads) = (probe.pss_anon(), probe.thread_count());
        attempt.expect_answers(&interval).await?;
        if used.is_zero() {
            return Err(NotMeasured::Unable("the kernel reports no CPU time for it".to_owned()));
        }
        let for_each_connection =
            |bytes: u64| bytes.saturating_sub(memory_at_start) as f64 / point.connections as f64;
        let (round_trips, elapsed) = (interval.round_trips, interval.elapsed);
        let cpus = self.benchmark.cpus.server.len() as f64;
        Ok(Sample {
            round: 0,
            round_trips,
            rate: round_trips as f64 / elapsed.as_secs_f64(),
            latency: interval.latency,
            from_sending: interval.from_sending,
            cpu: used.as_nanos() as f64 / round_trips as f64,
            load_cpu: interval.cpu.as_nanos() as f64 / round_trips as f64,
            server_busy: used.as_secs_f64() / elapsed.as_secs_f64() / cpus,
            load_busy: interval.busy,
            late: interval.late,
            memory_idle: for_each_connection(memory_idle),
            memory_busy: for_each_connection(memory_busy),
            threads,
            connect: connected.elapsed,
        })
    }

    fn command(&self, server: &Server, point: Point, pace: Pace) -> Command {
        Command {
            address: server.address(),
            connections: point.connections,
            active: point.active,
            pace,
            warm_up: self.benchmark.warm_up,
            measure: self.benchmark.measure,
            cpus: self.benchmark.cpus.load.clone(),
            has_own_cpus: !self.benchmark.cpus.are_shared(),
        }
    }
}

/// A server that is being measured.
struct Attempt<'a> {
    server: &'a Server,
    connections: usize,
    pace: Pace,
}

impl Attempt<'_> {
    /// Fails unless the server holds all connections.
    async fn expect_connected(&self, connected: &Connected) -> Result<(), NotMeasured> {
        let (served, of) = (connected.open, self.connections);
        if let Some(refusal) = connected.refusal {
            let reason = match refusal {
                Refusal::Closed => NotMeasured::Refuses { served, of },
                Refusal::Silent => NotMeasured::Silent { served, of },
                Refusal::Wrong => NotMeasured::Wrong,
            };
            return Err(self.end_or(reason).await);
        }
        if self.server.probe().processes().len() >= MAX_PROCESSES {
            let why = format!("it has more than {MAX_PROCESSES} processes");
            return Err(NotMeasured::Unable(why));
        }
        Ok(())
    }

    /// Fails unless every request was answered with its own bytes.
    async fn expect_answers(&self, interval: &Interval) -> Result<(), NotMeasured> {
        let Interval { round_trips, lost, wrong, unanswered, .. } = *interval;
        if wrong > 0 {
            return Err(NotMeasured::Wrong);
        }
        if lost > 0 {
            return Err(self.end_or(NotMeasured::Lost { lost }).await);
        }
        if unanswered == 0 && round_trips > 0 {
            return Ok(());
        }
        let of = self.connections;
        let reason = match self.pace {
            Pace::PingPong => NotMeasured::Silent { served: of.saturating_sub(unanswered), of },
            Pace::PerSecond(_) if interval.busy > FULL => {
                let why = "the load generator cannot send that many requests: lower --rate";
                return Err(NotMeasured::Unable(why.to_owned()));
            }
            Pace::PerSecond(_) => NotMeasured::Behind { unanswered },
        };
        Err(self.end_or(reason).await)
    }

    /// `reason`, or the end of the server if that is the cause.
    async fn end_or(&self, reason: NotMeasured) -> NotMeasured {
        /// The connections of a process close before the process ends.
        const DEATH: Duration = Duration::from_secs(2);
        let process = &self.server.process;
        match process.end_within(DEATH).await {
            Some(ProcessEnd::Ended(status)) if process.has_ended() => {
                NotMeasured::Ended { how: status.to_string(), last_words: last_words(process) }
            }
            _ => reason,
        }
    }
}

async fn start(program: &Program, trial: &Trial) -> Result<Rc<Server>, NotMeasured> {
    let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let descriptors = limit.min(ENOUGH_DESCRIPTORS);
    let descriptors = DescriptorLimit::fixed(descriptors);
    let start = Start { flags: program.flags, descriptors, ..Start::PLAIN };
    trial.start(&start).await.map_err(|error| match error {
        CheckError::Inconclusive(reason) => NotMeasured::Unable(reason),
        CheckError::Failed(failure) => {
            let process = trial.last_process();
            let last_words = process.map(|process| last_words(&process)).unwrap_or_default();
            let headline = failure.headline();
            let why = if headline.is_empty() { failure.cause_text() } else { headline };
            NotMeasured::NotStarted { why, last_words }
        }
    })
}

fn last_words(process: &Process) -> Vec<String> {
    process.last_words().map(|words| words.lines).unwrap_or_default()
}

#[allow(clippy::needless_pass_by_value, reason = "map_err passes a value")]
fn no_runtime(error: io::Error) -> NoSample {
    NotMeasured::Unable(format!("cannot start a runtime: {error}")).into()
}

/// The program's memory in bytes, once it has stopped growing: a thread that was just spawned has not yet touched its
/// stack.
async fn settled_memory(probe: Probe) -> u64 {
    const PAUSE: Duration = Duration::from_millis(20);
    const LONG_ENOUGH: Duration = Duration::from_secs(1);
    let begun = Instant::now();
    let mut before = probe.pss_anon();
    while begun.elapsed() < LONG_ENOUGH {
        tokio::time::sleep(PAUSE).await;
        let now = probe.pss_anon();
        if now == before {
            break;
        }
        before = now;
    }
    before
}
