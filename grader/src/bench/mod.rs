//! Measures servers, where `check` judges them: what a round trip costs, how long it takes, what a connection holds.
//!
//! A [`Plan`] has subjects and points. For each sample a fresh server is started, a [`load`] generator connects to it
//! and drives it, and what the kernel says of the server's CPU time and memory is read while nothing is under way. The
//! subjects take turns within a round, so that a machine whose speed drifts does so for all of them; what is left of
//! noise is the spread over the rounds, which is a part of the [`results`]. These are shown as a [`table`] or a
//! [`page`].

pub mod load;
pub mod page;
pub mod results;
pub mod table;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use self::load::{Connected, Measured, Order, Pace, Refusal, Said};
use self::results::{Cell, Figure, Point, Results, Sample, Scenario, Trouble};
use crate::outcome::Stop;
use crate::probe::Probe;
use crate::process::Gone;
use crate::run::Interrupt;
use crate::scenarios::Service;
use crate::server::{Server, Start};
use crate::supervise::{forget_own, spawn_own};
use crate::trial::Trial;

/// Clients that send, beside idle ones.
pub const ACTIVE: usize = 10;

/// Clients over which requests come at a fixed rate.
pub const FIXED_RATE_CLIENTS: usize = 100;

/// Descriptors that a server, or the load generator, needs beside its clients'.
pub const SPARE_DESCRIPTORS: usize = 64;

/// What nobody waits longer for: a start, 5,000 connects, a measurement and its end.
const LONGEST_SAMPLE: Duration = Duration::from_secs(45);

/// A program to be measured.
#[derive(Clone, Debug)]
pub struct Subject {
    /// As rows are named.
    pub name: String,
    pub service: &'static Service,
    pub words: Vec<OsString>,
    /// Flags beside `--addr`.
    pub flags: &'static [&'static str],
    /// Why it cannot be measured at all, if so: it does not compile.
    pub trouble: Option<Trouble>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    pub subjects: Vec<Subject>,
    pub points: Vec<Point>,
    pub rounds: u32,
    /// Before each sample, and for each.
    pub warm_up: Duration,
    pub measure: Duration,
    /// No sample is begun that might end later than this from the beginning on.
    pub limit: Duration,
    /// Requests a second for [`Scenario::FixedRate`]; none to choose what the slowest subject can do.
    pub rate: Option<f64>,
    pub cpus: Cpus,
}

/// Who runs where.
#[derive(Clone, Debug)]
pub struct Cpus {
    pub server: Vec<usize>,
    pub load: Vec<usize>,
}

impl Cpus {
    /// Half of those that are allowed for each; of two or three, one for the load generator. A single one they share.
    ///
    /// # Errors
    ///
    /// The kernel does not say which are allowed.
    pub fn divide() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot tell which CPUs may be used")?;
        let mut server: Vec<usize> =
            (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
        let load = match server.len() {
            0 | 1 => server.clone(),
            all => server.split_off(all - all / 2),
        };
        Ok(Self { server, load })
    }

    fn are_shared(&self) -> bool {
        self.server == self.load
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'p> {
    pub done: usize,
    pub all: usize,
    /// What is measured now.
    pub subject: &'p str,
    /// As far as can be told.
    pub left: Duration,
}

/// Measures everything in `plan` and adds it to `results`. `progress` hears of each sample before it is taken.
///
/// # Errors
///
/// Servers cannot be given their CPUs.
pub fn run(
    plan: &Plan,
    results: &mut Results,
    interrupt: &Interrupt,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<()> {
    // What is started from here on inherits it.
    let mut set = CpuSet::new();
    plan.cpus.server.iter().for_each(|&cpu| set.set(cpu));
    sched_setaffinity(None, &set).context("cannot choose CPUs for the servers")?;
    let begin = Instant::now();
    let mut rate = plan.rate;
    let all = plan.rounds as usize * plan.points.len() * plan.subjects.len();
    let mut done = 0;
    for &point in &plan.points {
        for (subject, Subject { trouble, .. }) in plan.subjects.iter().enumerate() {
            let (samples, trouble) = (Vec::new(), trouble.clone());
            results.cells.push(Cell { subject, point, rate: None, samples, trouble });
        }
    }
    for round in 0..plan.rounds {
        for (place, &point) in plan.points.iter().enumerate() {
            let is_fixed = point.scenario == Scenario::FixedRate;
            if is_fixed && rate.is_none() {
                rate = Some(rate_for_all(results));
            }
            for turn in 0..plan.subjects.len() {
                // Whoever comes first in one round comes last in the next.
                let index = (turn + round as usize) % plan.subjects.len();
                let subject = &plan.subjects[index];
                let cell = &mut results.cells[place * plan.subjects.len() + index];
                done += 1;
                // What has failed once fails again, and takes long.
                if cell.trouble.is_some() || interrupt.is_raised() {
                    continue;
                }
                let spent = begin.elapsed();
                let left = spent.mul_f64((all - done + 1) as f64 / (done - 1).max(1) as f64);
                progress(Progress { done: done - 1, all, subject: &subject.name, left });
                let rest = plan.limit.saturating_sub(spent);
                if rest < 2 * (plan.warm_up + plan.measure) {
                    if cell.samples.is_empty() {
                        cell.trouble = Some(Trouble::NoTime);
                    }
                    continue;
                }
                let pace = if is_fixed {
                    cell.rate = rate;
                    Pace::PerSecond(rate.unwrap_or(1.0))
                } else {
                    Pace::PingPong
                };
                let sample =
                    sample(plan, subject, point, pace, rest.min(LONGEST_SAMPLE), interrupt);
                match sample {
                    Ok(sample) => cell.samples.push(Sample { round, ..sample }),
                    Err(None) => {}
                    // Where it was measured before, it goes without this round.
                    Err(Some(Trouble::NoTime)) if !cell.samples.is_empty() => {}
                    Err(Some(trouble)) => cell.trouble = Some(trouble),
                }
            }
        }
    }
    Ok(())
}

/// Half of what the slowest of those that could be measured does with as many clients, in two digits: nobody is at
/// their limit, and all get the same.
fn rate_for_all(results: &Results) -> f64 {
    /// Where nothing is known.
    const MODEST: f64 = 5_000.0;
    let is_alike = |cell: &&Cell| {
        cell.point.scenario == Scenario::PingPong && cell.point.connections == FIXED_RATE_CLIENTS
    };
    let rates =
        results.cells.iter().filter(is_alike).filter_map(|cell| {
            cell.figure(|sample| sample.rate).filter(|_| cell.trouble.is_none())
        });
    let slowest = Figure::of(rates.map(|figure| figure.median));
    let half = slowest.map_or(MODEST, |rates| rates.least / 2.0).max(10.0);
    let digits = 10_f64.powf(half.log10().floor() - 1.0);
    (half / digits).floor() * digits
}

/// Takes one sample of a fresh server. The error is what it was not possible for; nothing after an interrupt.
fn sample(
    plan: &Plan,
    subject: &Subject,
    point: Point,
    pace: Pace,
    longest: Duration,
    interrupt: &Interrupt,
) -> Result<Sample, Option<Trouble>> {
    let unable =
        |error: io::Error| Some(Trouble::Unable(format!("no runtime could be had: {error}")));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unable)?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let trial = Trial::new(subject.service, &subject.words, 0, "bench");
        let taken = take(plan, subject, point, pace, &trial);
        let taken = tokio::select! {
            biased;
            () = interrupt.raised() => Err(None),
            taken = tokio::time::timeout(longest, taken) => match taken {
                Ok(taken) => taken.map_err(Some),
                Err(_) if longest < LONGEST_SAMPLE => Err(Some(Trouble::NoTime)),
                Err(_) => Err(Some(Trouble::Silent { served: 0, of: point.connections })),
            },
        };
        trial.end();
        taken
    })
}

async fn take(
    plan: &Plan,
    subject: &Subject,
    point: Point,
    pace: Pace,
    trial: &Trial,
) -> Result<Sample, Trouble> {
    let descriptors = (point.connections + SPARE_DESCRIPTORS) as u64;
    let start = Start { flags: subject.flags, descriptors, ..Start::PLAIN };
    let server = trial.start(&start).await.map_err(not_started)?;
    let probe = server.probe();
    let empty = memory(probe);
    let order = Order {
        address: server.address,
        connections: point.connections,
        active: point.active,
        pace,
        warm_up: plan.warm_up,
        measure: plan.measure,
        cpus: plan.cpus.load.clone(),
        alone: !plan.cpus.are_shared(),
    };
    let mut load = Load::start(&order).await.map_err(unable)?;
    let Said::Connected(Connected { open, elapsed: connect, trouble }) = load.hear().await? else {
        return Err(out_of_step());
    };
    let of = point.connections;
    if let Some(refusal) = trouble {
        return Err(after(
            &server,
            match refusal {
                Refusal::Closed => Trouble::Refuses { served: open, of },
                Refusal::Silent => Trouble::Silent { served: open, of },
                Refusal::Wrong => Trouble::Wrong,
            },
        )
        .await);
    }
    let idle = settled_memory(probe).await;
    load.go_on().await?;
    let Said::WarmedUp = load.hear().await? else { return Err(out_of_step()) };
    let before = cpu(probe);
    load.go_on().await?;
    let Said::Measured(measured) = load.hear().await? else { return Err(out_of_step()) };
    let used = cpu_since(probe, &before);
    let (busy, threads) = (memory(probe), probe.thread_count());
    judge(&server, &measured, of, pace).await?;
    let Measured { round_trips, elapsed, cpu: load_cpu, latency, from_sending, late, .. } =
        measured;
    let each = |bytes: u64| bytes.saturating_sub(empty) as f64 / of as f64;
    let share = |cpu: Duration, cpus: &[usize]| {
        cpu.as_secs_f64() / elapsed.as_secs_f64() / cpus.len() as f64
    };
    Ok(Sample {
        round: 0,
        rate: round_trips as f64 / elapsed.as_secs_f64(),
        latency,
        from_sending,
        cpu: used.as_nanos() as f64 / round_trips as f64,
        load_cpu: load_cpu.as_nanos() as f64 / round_trips as f64,
        server_busy: share(used, &plan.cpus.server),
        load_busy: share(load_cpu, &plan.cpus.load),
        late,
        memory_idle: each(idle),
        memory_busy: each(busy),
        threads,
        connect,
    })
}

/// Whether what was measured is what was meant.
async fn judge(server: &Server, measured: &Measured, of: usize, pace: Pace) -> Result<(), Trouble> {
    let Measured { round_trips, lost, wrong, unanswered, .. } = *measured;
    if wrong > 0 {
        return Err(Trouble::Wrong);
    }
    if lost > 0 {
        return Err(after(server, Trouble::Lost { lost }).await);
    }
    if unanswered > 0 || round_trips == 0 {
        let trouble = match pace {
            Pace::PingPong => Trouble::Silent { served: of.saturating_sub(unanswered), of },
            Pace::PerSecond(_) => Trouble::Behind { unanswered },
        };
        return Err(after(server, trouble).await);
    }
    Ok(())
}

/// `trouble`, or the end of the server, where that is what it comes from.
async fn after(server: &Server, trouble: Trouble) -> Trouble {
    /// Its connections end before a process does.
    const DEATH: Duration = Duration::from_millis(300);
    let process = &server.process;
    match process.gone(DEATH).await {
        Some(Gone::Ended(end)) if process.has_ended() => {
            let last_words = process.stderr().last_lines(3, 160);
            Trouble::Ended { how: format!("{end}"), last_words }
        }
        _ => trouble,
    }
}

fn not_started(stop: Stop) -> Trouble {
    match stop {
        Stop::Inconclusive(reason) => Trouble::Unable(reason),
        Stop::Failed(failure) => {
            let unwritten = failure.cause.starts_with(crate::process::UNWRITTEN);
            let why = match failure.observed.into_iter().next() {
                Some(_) | None if unwritten => failure.cause,
                Some(observed) => observed,
                None => failure.cause,
            };
            Trouble::NotStarted { why, last_words: failure.evidence }
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unable(error: io::Error) -> Trouble {
    Trouble::Unable(format!("the load generator: {error}"))
}

fn out_of_step() -> Trouble {
    Trouble::Unable("the load generator has said something unexpected".to_owned())
}

/// Memory of all processes that is no file's, in bytes.
fn memory(probe: Probe) -> u64 {
    probe.memory().into_values().sum()
}

/// The same, once it does not grow any more: a thread that was just spawned has not touched its stack yet.
async fn settled_memory(probe: Probe) -> u64 {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut before = memory(probe);
    for _ in 0..50 {
        tokio::time::sleep(PAUSE).await;
        let now = memory(probe);
        if now == before {
            break;
        }
        before = now;
    }
    before
}

/// CPU time by thread.
fn cpu(probe: Probe) -> HashMap<i32, Duration> {
    probe.cpu_times().into_iter().map(|(thread, time)| (thread, time.running)).collect()
}

fn cpu_since(probe: Probe, before: &HashMap<i32, Duration>) -> Duration {
    let since = |(thread, now): (i32, Duration)| {
        now.saturating_sub(before.get(&thread).copied().unwrap_or_default())
    };
    cpu(probe).into_iter().map(since).sum()
}

/// A running load generator. Ends when dropped.
struct Load {
    child: Child,
    orders: pipe::Sender,
    said: tokio::io::Lines<BufReader<pipe::Receiver>>,
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        forget_own(self.child.id());
    }
}

impl Load {
    async fn start(order: &Order) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(load::ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = spawn_own(&mut command)?;
        let no_pipe = || io::Error::other("it has no pipe");
        let orders = child.stdin.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let said = child.stdout.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let said = BufReader::new(pipe::Receiver::from_owned_fd(said)?).lines();
        let mut load = Self { child, orders: pipe::Sender::from_owned_fd(orders)?, said };
        let order = serde_json::to_string(order)?;
        load.orders.write_all(format!("{order}\n").as_bytes()).await?;
        Ok(load)
    }

    async fn hear(&mut self) -> Result<Said, Trouble> {
        let line = self.said.next_line().await.map_err(unable)?;
        let line = line.ok_or_else(|| unable(io::ErrorKind::UnexpectedEof.into()))?;
        match serde_json::from_str(&line) {
            Ok(Said::Unable(why)) => Err(Trouble::Unable(why)),
            Ok(said) => Ok(said),
            Err(_) => Err(out_of_step()),
        }
    }

    async fn go_on(&mut self) -> Result<(), Trouble> {
        self.orders.write_all(b"go on\n").await.map_err(unable)
    }
}
