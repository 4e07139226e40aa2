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

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use self::load::{Connected, Measured, Order, Pace, Refusal, Said};
use self::results::{Cell, Figure, Point, Results, Sample, Scenario, Trouble};
use crate::outcome::Stop;
use crate::probe::{MOST_PROCESSES, Probe};
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

/// What is allowed for a start, 5,000 connects and the end, beside what is measured.
const OVERHEAD: Duration = Duration::from_secs(12);

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
    /// Half of the cores that are allowed for each; of two or three, one for the load generator. A single core's CPUs are
    /// divided in the same way, and a single CPU is shared.
    ///
    /// # Errors
    ///
    /// The kernel does not say which are allowed.
    pub fn divide() -> Result<Self> {
        let allowed = sched_getaffinity(None).context("cannot tell which CPUs may be used")?;
        let mut cores: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for cpu in (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)) {
            // Where nothing is known each CPU counts as a core.
            let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
            let siblings = fs::read_to_string(path).unwrap_or_else(|_| cpu.to_string());
            cores.entry(siblings).or_default().push(cpu);
        }
        let mut server: Vec<Vec<usize>> = cores.into_values().collect();
        if let [one] = &server[..] {
            server = one.iter().map(|&cpu| vec![cpu]).collect();
        }
        server.sort();
        let load = match server.len() {
            0 | 1 => server.clone(),
            all => server.split_off(all - all / 2),
        };
        Ok(Self { server: server.concat(), load: load.concat() })
    }

    /// Whether both have the same.
    #[must_use]
    pub fn are_shared(&self) -> bool {
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
    // What samples took, in terms of what was thought.
    let (mut thought, mut to_come) = (Duration::ZERO, Duration::ZERO);
    for &point in &plan.points {
        for (subject, Subject { trouble, .. }) in plan.subjects.iter().enumerate() {
            let (samples, trouble) = (Vec::new(), trouble.clone());
            results.cells.push(Cell { subject, point, rate: None, samples, trouble });
            to_come += plan.rounds * plan.expected(point);
        }
    }
    for round in 0..plan.rounds {
        for (place, &point) in plan.points.iter().enumerate() {
            let is_fixed = point.scenario == Scenario::FixedRate;
            if is_fixed && rate.is_none() && !interrupt.is_raised() {
                rate = Some(rate_for_all(results));
            }
            for turn in 0..plan.subjects.len() {
                // Whoever comes first in one round comes last in the next.
                let index = (turn + round as usize) % plan.subjects.len();
                let subject = &plan.subjects[index];
                let before = hopeless(results, index, point);
                let cell = &mut results.cells[place * plan.subjects.len() + index];
                if cell.trouble.is_none() && before.is_some() {
                    cell.samples.clear();
                    cell.trouble = before;
                }
                done += 1;
                to_come = to_come.saturating_sub(plan.expected(point));
                // What has failed once fails again, and takes long.
                if cell.trouble.is_some() || interrupt.is_raised() {
                    continue;
                }
                let spent = begin.elapsed();
                let rest = plan.limit.saturating_sub(spent);
                let slower = spent.as_secs_f64() / thought.as_secs_f64().max(1e-3);
                let slower = if thought.is_zero() { 1.0 } else { slower };
                let left = (to_come + plan.expected(point)).mul_f64(slower).min(rest);
                progress(Progress { done: done - 1, all, subject: &subject.name, left });
                thought += plan.expected(point);
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
                let mut taken = sample(plan, subject, point, pace, rest, interrupt);
                if let Err(Some(Trouble::Unable(_))) = taken {
                    // The machine's fault may be over.
                    let rest = plan.limit.saturating_sub(begin.elapsed());
                    taken = sample(plan, subject, point, pace, rest, interrupt);
                }
                let is_last = round + 1 == plan.rounds;
                match taken {
                    Ok(sample) => cell.samples.push(Sample { round, ..sample }),
                    Err(None) => {}
                    // It goes without this round: that was not the server.
                    Err(Some(Trouble::NoTime)) if !cell.samples.is_empty() => {}
                    Err(Some(Trouble::Unable(_))) if !(is_last && cell.samples.is_empty()) => {}
                    Err(Some(trouble)) => {
                        // Nobody is to be measured by rounds in which it was still well.
                        cell.samples.clear();
                        cell.trouble = Some(trouble);
                    }
                }
            }
        }
    }
    Ok(())
}

impl Plan {
    /// About how long a sample takes.
    fn expected(&self, point: Point) -> Duration {
        const CONNECT: Duration = Duration::from_micros(60);
        self.warm_up + self.measure + Duration::from_millis(80) + CONNECT * point.connections as u32
    }
}

/// What a subject has shown with fewer connections, if that takes long each time and will not be better with more.
fn hopeless(results: &Results, subject: usize, point: Point) -> Option<Trouble> {
    let mut fewer = results
        .cells
        .iter()
        .filter(|cell| cell.subject == subject && cell.point.connections <= point.connections);
    fewer.find_map(|cell| match &cell.trouble {
        Some(
            trouble @ (Trouble::Silent { .. }
            | Trouble::TooSlow(_)
            | Trouble::Wrong
            | Trouble::NotStarted { .. }
            | Trouble::Ended { .. }),
        ) if cell.point.scenario != Scenario::FixedRate => Some(trouble.clone()),
        _ => None,
    })
}

/// Half of what the slowest of those that could be measured does with as many clients, in two digits: nobody is at
/// their limit, and all get the same. Who does not do a tenth of what the best does is left behind.
fn rate_for_all(results: &mut Results) -> f64 {
    /// Where nothing is known.
    const MODEST: f64 = 5_000.0;
    let is_alike = |cell: &&Cell| {
        cell.point.scenario == Scenario::PingPong && cell.point.connections == FIXED_RATE_CLIENTS
    };
    let alike = results.cells.iter().filter(is_alike);
    let rates: Vec<f64> =
        alike.filter_map(|cell| Some(cell.figure(|sample| sample.rate)?.median)).collect();
    let best = rates.iter().copied().fold(0.0, f64::max);
    let slowest = Figure::of(rates.into_iter().filter(|rate| *rate > best / 10.0));
    let (half, why) = match slowest {
        Some(rates) => (rates.least / 2.0, "half of what the slowest did in the first round"),
        None => (MODEST, "chosen without knowing what they can do; --rate sets it"),
    };
    let digits = 10_f64.powf(half.log10().floor() - 1.0);
    let rate = (half / digits).floor() * digits;
    results.notes.push(format!(
        "the fixed rate of {} requests a second is {why}",
        results::thousands(rate as usize)
    ));
    rate
}

/// Takes one sample of a fresh server. The error is what it was not possible for; nothing after an interrupt.
fn sample(
    plan: &Plan,
    subject: &Subject,
    point: Point,
    pace: Pace,
    rest: Duration,
    interrupt: &Interrupt,
) -> Result<Sample, Option<Trouble>> {
    let unable =
        |error: io::Error| Some(Trouble::Unable(format!("no runtime could be had: {error}")));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unable)?;
    let longest = OVERHEAD + 2 * (plan.warm_up + plan.measure);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let trial = Trial::new(subject.service, &subject.words, 0, "bench");
        let taken = take(plan, subject, point, pace, &trial);
        let taken = tokio::select! {
            biased;
            () = interrupt.raised() => Err(None),
            taken = tokio::time::timeout(longest.min(rest), taken) => match taken {
                Ok(taken) => taken.map_err(Some),
                Err(_) if rest < longest => Err(Some(Trouble::NoTime)),
                Err(_) => Err(Some(Trouble::TooSlow(longest))),
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
    // Some need more than one for each client.
    let descriptors = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX).min(ENOUGH);
    let start = Start { flags: subject.flags, descriptors, ..Start::PLAIN };
    let server = trial.start(&start).await.map_err(|stop| not_started(stop, trial))?;
    let probe = server.probe();
    let empty = settled_memory(probe).await;
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
        let trouble = match refusal {
            Refusal::Closed => Trouble::Refuses { served: open, of },
            Refusal::Silent => Trouble::Silent { served: open, of },
            Refusal::Wrong => Trouble::Wrong,
        };
        return Err(after(&server, trouble).await);
    }
    if probe.processes().len() >= MOST_PROCESSES {
        return Err(Trouble::Unable(format!("it has more than {MOST_PROCESSES} processes")));
    }
    let idle = settled_memory(probe).await;
    let warm_up = load.measured().await?;
    judge(&server, &warm_up, of, pace).await?;
    let before = Cpu::now(probe);
    let measured = load.measured().await?;
    let used = before.used(probe);
    let (busy, threads) = (probe.own_memory(), probe.thread_count());
    judge(&server, &measured, of, pace).await?;
    if used.is_zero() {
        return Err(Trouble::Unable("the kernel shows no CPU time of it".to_owned()));
    }
    let Measured { round_trips, elapsed, cpu: load_cpu, busy: load_busy, .. } = measured;
    let each = |bytes: u64| bytes.saturating_sub(empty) as f64 / of as f64;
    let cpus = plan.cpus.server.len() as f64;
    Ok(Sample {
        round: 0,
        round_trips,
        rate: round_trips as f64 / elapsed.as_secs_f64(),
        latency: measured.latency,
        from_sending: measured.from_sending,
        cpu: used.as_nanos() as f64 / round_trips as f64,
        load_cpu: load_cpu.as_nanos() as f64 / round_trips as f64,
        server_busy: used.as_secs_f64() / elapsed.as_secs_f64() / cpus,
        load_busy,
        late: measured.late,
        memory_idle: each(idle),
        memory_busy: each(busy),
        threads,
        connect,
    })
}

/// Descriptors that no server needs more of.
const ENOUGH: u64 = 1 << 16;

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
            Pace::PerSecond(_) if measured.busy > results::FULL => {
                let why = "the load generator cannot send so many requests: lower --rate";
                return Err(Trouble::Unable(why.to_owned()));
            }
            Pace::PerSecond(_) => Trouble::Behind { unanswered },
        };
        return Err(after(server, trouble).await);
    }
    Ok(())
}

/// `trouble`, or the end of the server, where that is what it comes from.
async fn after(server: &Server, trouble: Trouble) -> Trouble {
    /// Its connections end before a process does.
    const DEATH: Duration = Duration::from_secs(2);
    let process = &server.process;
    match process.gone(DEATH).await {
        Some(Gone::Ended(end)) if process.has_ended() => {
            let last_words = process.stderr().last_lines(3, 160);
            Trouble::Ended { how: format!("{end}"), last_words }
        }
        _ => trouble,
    }
}

fn not_started(stop: Stop, trial: &Trial) -> Trouble {
    match stop {
        Stop::Inconclusive(reason) => Trouble::Unable(reason),
        Stop::Failed(failure) => {
            let said = trial.last_process().map(|process| process.stderr().last_lines(3, 160));
            let last_words = said.unwrap_or_default();
            let why = failure.observed.into_iter().next().unwrap_or(failure.cause);
            Trouble::NotStarted { why, last_words }
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

/// Memory of the program, once it does not grow any more: a thread that was just spawned has not touched its stack yet.
async fn settled_memory(probe: Probe) -> u64 {
    const PAUSE: Duration = Duration::from_millis(20);
    const LONG_ENOUGH: Duration = Duration::from_secs(1);
    let begin = Instant::now();
    let mut before = probe.own_memory();
    while begin.elapsed() < LONG_ENOUGH {
        tokio::time::sleep(PAUSE).await;
        let now = probe.own_memory();
        if now == before {
            break;
        }
        before = now;
    }
    before
}

/// CPU time of a program at some moment.
struct Cpu {
    /// Of each thread that was there, to the nanosecond.
    threads: HashMap<i32, Duration>,
    /// Of all that has ever been there, in ticks of 10 ms.
    ticks: Duration,
}

impl Cpu {
    fn now(probe: Probe) -> Self {
        let times = probe.cpu_times().into_iter();
        let threads = times.map(|(thread, time)| (thread, time.running)).collect();
        Self { threads, ticks: probe.cpu_ticks() }
    }

    /// What was used since. Where threads or processes came and went, theirs is known in ticks only.
    fn used(&self, probe: Probe) -> Duration {
        let now = Self::now(probe);
        let since = |(thread, time): (&i32, &Duration)| {
            time.saturating_sub(self.threads.get(thread).copied().unwrap_or_default())
        };
        let of_threads = now.threads.iter().map(since).sum();
        let are_the_same = now.threads.len() == self.threads.len()
            && now.threads.keys().all(|thread| self.threads.contains_key(thread));
        if are_the_same { of_threads } else { now.ticks.saturating_sub(self.ticks).max(of_threads) }
    }
}

/// A process that ends when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
        forget_own(self.0.id());
    }
}

/// A load generator that runs.
struct Load {
    orders: pipe::Sender,
    said: tokio::io::Lines<BufReader<pipe::Receiver>>,
    _running: Running,
}

impl Load {
    async fn start(order: &Order) -> io::Result<Self> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(load::ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Out of the terminal's foreground group: Ctrl-C is for the grader, which then ends it.
            .process_group(0);
        let mut running = Running(spawn_own(&mut command)?);
        let no_pipe = || io::Error::other("it has no pipe");
        let orders = running.0.stdin.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let said = running.0.stdout.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let said = BufReader::new(pipe::Receiver::from_owned_fd(said)?).lines();
        let mut orders = pipe::Sender::from_owned_fd(orders)?;
        let order = serde_json::to_string(order)?;
        orders.write_all(format!("{order}\n").as_bytes()).await?;
        Ok(Self { orders, said, _running: running })
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

    /// Lets it do the next part.
    async fn measured(&mut self) -> Result<Measured, Trouble> {
        self.orders.write_all(b"go on\n").await.map_err(unable)?;
        match self.hear().await? {
            Said::Measured(measured) => Ok(measured),
            _ => Err(out_of_step()),
        }
    }
}
