//! What a benchmark has found, as it is kept in a file: every sample of every round, and what they were taken on.
//! Whatever is shown of it (a table, a page) is computed from here.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use rustix::process::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use super::load::Latency;
use crate::capture::{count, time};
use crate::repo::Repo;

/// Changes when a field changes its meaning or goes away.
pub const SCHEMA: u32 = 1;

/// The whole document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    pub schema: u32,
    /// When it was begun: seconds since 1970, UTC.
    pub begun: u64,
    pub machine: Machine,
    /// The commit of the labs, with `+` where the files differ from it; none where git does not know.
    pub commit: Option<String>,
    /// The length of a request and of its answer, in bytes.
    pub bytes: usize,
    /// How long each sample was measured.
    pub measured: Duration,
    /// What was measured, in the order of the rows.
    pub subjects: Vec<String>,
    pub cells: Vec<Cell>,
    /// What else is to be said of the run: fewer connections than asked for, rounds that were left out.
    pub notes: Vec<String>,
}

/// What it was measured on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    /// The CPUs that servers may use, and those of the load generator; the same one where there is no other.
    pub server_cpus: Vec<usize>,
    pub load_cpus: Vec<usize>,
    /// Bytes.
    pub memory: u64,
    pub kernel: String,
    /// Descriptors that a process may have open (RLIMIT_NOFILE, the hard limit).
    pub descriptors: Option<u64>,
    /// Processes and threads that this user may have (RLIMIT_NPROC).
    pub processes: Option<u64>,
}

/// One way to load a server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub scenario: Scenario,
    pub connections: usize,
    /// Those of the connections that send.
    pub active: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// All clients ask, and again as soon as they are answered
    PingPong,
    /// 10 clients ask among idle ones
    Idle,
    /// Requests come at a fixed rate, whether the last are answered or not
    FixedRate,
}

/// A subject at a point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Its place in [`Results::subjects`].
    pub subject: usize,
    pub point: Point,
    /// Requests a second that were planned, with [`Scenario::FixedRate`].
    pub rate: Option<f64>,
    pub samples: Vec<Sample>,
    /// Why there are no more samples, if so.
    pub trouble: Option<Trouble>,
}

/// One measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Samples of one round were taken within a short time.
    pub round: u32,
    pub round_trips: u64,
    /// Round trips a second.
    pub rate: f64,
    pub latency: Latency,
    /// The same requests from the moment of sending on, where the other counts from the planned one.
    pub from_sending: Option<Latency>,
    /// CPU time of the server for a round trip, in nanoseconds.
    pub cpu: f64,
    /// CPU time of the load generator for a round trip, in nanoseconds.
    pub load_cpu: f64,
    /// How much of its CPUs the server has used, 0 to 1.
    pub server_busy: f64,
    /// How much of its time the load generator's busiest thread had something to do, 0 to 1.
    pub load_busy: f64,
    /// By how much the load generator was late at most, in 99 of 100 requests.
    pub late: Option<Duration>,
    /// Memory of the server (Pss_Anon and Pss_Shmem) for each connection, in bytes: when all were accepted and few had
    /// sent anything, and after the measurement.
    pub memory_idle: f64,
    pub memory_busy: f64,
    /// Threads of the server, in all its processes.
    pub threads: usize,
    /// From the first connect until all connections were accepted.
    pub connect: Duration,
}

/// Why something was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It closes what it cannot serve, and serves the others.
    Refuses { served: usize, of: usize },
    /// It accepts, or leaves in its queue, and never answers.
    Silent { served: usize, of: usize },
    /// It did not keep up with the planned rate.
    Behind { unanswered: usize },
    /// What came back is not what was sent.
    Wrong,
    /// It closed connections in the middle.
    Lost { lost: usize },
    /// It was not done after so long, although it did something now and then.
    TooSlow(Duration),
    /// It ended; how, and its last words.
    Ended { how: String, last_words: Vec<String> },
    /// It did not come up.
    NotStarted { why: String, last_words: Vec<String> },
    /// The machine's or the load generator's fault.
    Unable(String),
    /// The time for the whole benchmark was over.
    NoTime,
}

impl Trouble {
    /// In a few words.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Refuses { served, of } => {
                format!("refuses: serves {} of {}", thousands(*served), thousands(*of))
            }
            Self::Silent { served, of } => {
                format!(
                    "no answer within {}: serves {} of {}",
                    time(super::load::PATIENCE),
                    thousands(*served),
                    thousands(*of)
                )
            }
            Self::Behind { unanswered } => {
                format!("does not keep up: {} requests unanswered", thousands(*unanswered))
            }
            Self::Wrong => "answers something else than was sent".to_owned(),
            Self::Lost { lost } => {
                format!("closed {} under way", count(*lost, "connection"))
            }
            Self::TooSlow(time) => format!("not done after {}", crate::capture::time(*time)),
            Self::Ended { how, .. } => how.clone(),
            Self::NotStarted { why, .. } => why.clone(),
            Self::Unable(why) => format!("not measured: {why}"),
            Self::NoTime => "not measured: no time was left".to_owned(),
        }
    }

    /// What the program said last.
    #[must_use]
    pub fn last_words(&self) -> &[String] {
        match self {
            Self::Ended { last_words, .. } | Self::NotStarted { last_words, .. } => last_words,
            _ => &[],
        }
    }
}

/// A number over several rounds: its median, and where it lay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Figure {
    /// None without numbers.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let (low, high) = (numbers[(numbers.len() - 1) / 2], numbers[numbers.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), least, most })
    }

    /// The larger distance from the median, as a part of it.
    #[must_use]
    pub fn spread(&self) -> f64 {
        (self.most - self.median).max(self.median - self.least) / self.median
    }
}

/// Of its time: whoever is that busy has no time left.
pub const FULL: f64 = 0.95;

/// Below this many rounds nothing is said about which of two is better.
pub const ROUNDS_TO_RANK: usize = 3;

impl Cell {
    /// `number` over all samples.
    #[must_use]
    pub fn figure(&self, number: impl Fn(&Sample) -> f64) -> Option<Figure> {
        Figure::of(self.samples.iter().map(number))
    }

    /// The worst latency of all.
    #[must_use]
    pub fn worst(&self) -> Option<Duration> {
        self.samples.iter().map(|sample| sample.latency.worst).max()
    }

    /// Whether in most rounds the load generator was short of time: then the server could have done more, and a part of
    /// the latency is the load generator's own.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        let is_late =
            |sample: &Sample| sample.late.is_some_and(|late| late > sample.latency.p99 / 2);
        let saturated = |sample: &&Sample| sample.load_busy > FULL || is_late(sample);
        2 * self.samples.iter().filter(saturated).count() > self.samples.len()
    }

    /// CPU time for a round trip in terms of that of `other`, round by round: what a round has suffered, both have.
    fn cpu_ratios(&self, other: &Self) -> Vec<f64> {
        let ratio = |sample: &Sample| {
            let peer = other.samples.iter().find(|peer| peer.round == sample.round)?;
            Some(sample.cpu / peer.cpu)
        };
        self.samples.iter().filter_map(ratio).collect()
    }

    /// The same over all rounds.
    #[must_use]
    pub fn cpu_ratio(&self, other: &Self) -> Option<Figure> {
        Figure::of(self.cpu_ratios(other))
    }

    /// Whether the two differ by more than the rounds do among themselves: all rounds agree on who needs less, and the
    /// difference is more than twice what a round is from their median on average. In logarithms, so that it does not
    /// matter which is compared with which.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> bool {
        let ratios: Vec<f64> = self.cpu_ratios(other).into_iter().map(f64::ln).collect();
        let Some(Figure { median, least, most }) = Figure::of(ratios.iter().copied()) else {
            return false;
        };
        let away: f64 = ratios.iter().map(|ratio| (ratio - median).abs()).sum();
        ratios.len() >= ROUNDS_TO_RANK
            && (most < 0.0 || least > 0.0)
            && median.abs() > 2.0 * away / ratios.len() as f64
    }
}

impl Results {
    /// A document without cells.
    #[must_use]
    pub fn new(repo: &Repo, subjects: Vec<String>, machine: Machine, measured: Duration) -> Self {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            schema: SCHEMA,
            begun,
            machine,
            commit: commit(repo),
            bytes: super::load::BYTES,
            measured,
            subjects,
            cells: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// There is none, or it is of another kind or schema.
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<u32>,
        }
        let shown = path.display();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
        let head: Head = serde_json::from_str(&text)
            .with_context(|| format!("{shown} has no results: it is no JSON object"))?;
        match head.schema {
            Some(SCHEMA) => {}
            Some(other) => bail!(
                "{shown} has results of schema {other}, and this is a grader for schema {SCHEMA}: show it with \
                 the one that wrote it, or measure again"
            ),
            None => {
                bail!("{shown} has no results of `cargo grader bench`: there is no schema number")
            }
        }
        let not_so = || format!("{shown} names schema {SCHEMA}, but is not so");
        let results: Self = serde_json::from_str(&text).with_context(not_so)?;
        let is_sound = |cell: &Cell| {
            cell.subject < results.subjects.len() && cell.point.active <= cell.point.connections
        };
        if !results.cells.iter().all(is_sound) {
            bail!("{}: a cell is of no subject, or more clients ask than are connected", not_so());
        }
        Ok(results)
    }

    /// All points, in the order in which they were measured.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for cell in &self.cells {
            if !points.contains(&cell.point) {
                points.push(cell.point);
            }
        }
        points
    }

    /// What was found at `point`, in the order of the subjects.
    #[must_use]
    pub fn row_of(&self, point: Point) -> Vec<&Cell> {
        let mut cells: Vec<_> = self.cells.iter().filter(|cell| cell.point == point).collect();
        cells.sort_by_key(|cell| cell.subject);
        cells
    }

    /// The subjects at `point` by CPU time for a round trip, least first, in groups: within one, each differs from another
    /// by no more than the rounds do.
    #[must_use]
    pub fn ranks(&self, point: Point) -> Vec<Vec<usize>> {
        let mut cells: Vec<(f64, &Cell)> = self
            .row_of(point)
            .into_iter()
            .filter(|cell| cell.trouble.is_none())
            .filter_map(|cell| Some((cell.figure(|sample| sample.cpu)?.median, cell)))
            .collect();
        cells.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut groups: Vec<Vec<&Cell>> = Vec::new();
        for (_, cell) in cells {
            match groups.last_mut() {
                // One is enough: whom the rounds do not tell apart nobody ranks.
                Some(group) if group.iter().any(|other| !cell.differs_from(other)) => {
                    group.push(cell);
                }
                _ => groups.push(vec![cell]),
            }
        }
        let subjects = |group: Vec<&Cell>| group.iter().map(|cell| cell.subject).collect();
        groups.into_iter().map(subjects).collect()
    }

    /// The most rounds that a cell has.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.cells.iter().map(|cell| cell.samples.len()).max().unwrap_or(0)
    }
}

impl Machine {
    /// This one, of which servers use some CPUs and the load generator others.
    #[must_use]
    pub fn this(cpus: &super::Cpus) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        let processor =
            model.map_or(std::env::consts::ARCH, |rest| rest.trim_start_matches([':', '\t', ' ']));
        let meminfo = read("/proc/meminfo");
        let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
        let kib = total.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Self {
            processor: processor.to_owned(),
            server_cpus: cpus.server.clone(),
            load_cpus: cpus.load.clone(),
            memory: kib.unwrap_or(0) * 1024,
            kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
            descriptors: getrlimit(Resource::Nofile).maximum,
            processes: getrlimit(Resource::Nproc).maximum,
        }
    }

    /// In a line or two.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { processor, kernel, .. } = self;
        let limit = |limit: Option<u64>| {
            limit.map_or("any number of".to_owned(), |n| thousands(n as usize))
        };
        let cpus = if self.server_cpus == self.load_cpus {
            format!(
                "{} for servers and load generator together",
                count(self.server_cpus.len(), "CPU")
            )
        } else {
            let [servers, load] =
                [&self.server_cpus, &self.load_cpus].map(|cpus| count(cpus.len(), "CPU"));
            format!("{servers} for servers and {load} for the load generator")
        };
        format!(
            "{processor}, {cpus}, {:.0} GiB of memory, {kernel}; limits: {} descriptors, {} processes and threads",
            self.memory as f64 / f64::from(1 << 30),
            limit(self.descriptors),
            limit(self.processes)
        )
    }
}

/// What git says of the checkout.
fn commit(repo: &Repo) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(repo.root()).args(arguments).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let is_changed = git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty());
    Some(if is_changed { format!("{commit}+") } else { commit })
}

/// `5,000`.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(subject: usize, cpu: &[f64]) -> Cell {
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
        Cell { subject, point, rate: None, samples, trouble: None }
    }

    #[test]
    fn a_figure_is_a_median_and_its_spread() {
        let figure = Figure::of([3.0, 1.0, 2.0]).expect("numbers");
        assert_eq!((figure.median, figure.least, figure.most), (2.0, 1.0, 3.0));
        assert_eq!(figure.spread(), 0.5);
        assert_eq!(Figure::of([1.0, 2.0]).expect("numbers").median, 1.5);
        assert_eq!(Figure::of([]), None);
    }

    /// A machine that is twice as slow in one round makes both slower: the ratio stays.
    #[test]
    fn ratios_are_taken_round_by_round() {
        let (one, other) = (cell(0, &[100.0, 200.0, 100.0]), cell(1, &[110.0, 220.0, 110.0]));
        let ratio = other.cpu_ratio(&one).expect("samples");
        assert!((ratio.median - 1.1).abs() < 1e-9 && ratio.most - ratio.least < 1e-9);
        assert!(other.differs_from(&one));
    }

    #[test]
    fn what_differs_by_less_than_the_rounds_do_is_not_ranked() {
        let results = |cells: Vec<Cell>| Results {
            schema: SCHEMA,
            begun: 0,
            machine: Machine::this(&crate::bench::Cpus { server: vec![0], load: vec![1] }),
            commit: None,
            bytes: 64,
            measured: Duration::ZERO,
            subjects: vec![String::new(); cells.len()],
            cells,
            notes: Vec::new(),
        };
        let apart = [cell(0, &[300.0; 3]), cell(1, &[100.0; 3]), cell(2, &[103.0, 106.0, 101.0])];
        let point = apart[0].point;
        assert_eq!(results(apart.to_vec()).ranks(point), [vec![1, 2], vec![0]]);
        let few = [cell(0, &[300.0; 2]), cell(1, &[100.0; 2])];
        assert_eq!(results(few.to_vec()).ranks(point), [vec![1, 0]]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
