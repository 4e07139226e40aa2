//! `cargo grader bench`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::process::{Resource, getrlimit};

use super::check::{find_lab, listen_for_signals, raise_descriptor_limit};
use super::{FAILED, INTERRUPTED};
use crate::bench::results::{Machine, Point, Results, Scenario, Trouble, thousands};
use crate::bench::{
    ACTIVE, Cpus, FIXED_RATE_CLIENTS, Plan, SPARE_DESCRIPTORS, Subject, page, run, table,
};
use crate::capture::printable;
use crate::labs::Lab;
use crate::repo::Repo;
use crate::scenarios::{ByteEcho, Service, Tcp};
use crate::supervise;
use crate::variant::{self, BuildError, Profile, Variant};

#[derive(Args, Debug)]
#[command(
    after_help = "A server is measured with 64 bytes there and back. It is never judged: `check` does that."
)]
pub struct BenchArguments {
    /// Labs, of 01 to 03: those with a byte echo; without one, all three
    #[arg(value_name = "LAB")]
    labs: Vec<String>,

    /// Measure the reference solutions instead of your code
    #[arg(long)]
    solution: bool,

    /// Measure another byte echo, too: its name, and its command, to which `--addr` is added
    #[arg(long, value_name = "NAME=CMD", value_parser = parse_named)]
    program: Vec<(String, String)>,

    /// At most a minute after building: three short rounds, at most 1,000 connections
    #[arg(long)]
    quick: bool,

    /// Only this scenario (may be given again)
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,

    /// How many clients there are, or idle ones [default: 1,100,1000,5000, and 0,1000,5000 idle ones]
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=20_000))]
    connections: Vec<u32>,

    /// Requests a second with fixed-rate; without it, half of what the slowest can do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Rounds, in each of which everything is measured once [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,

    /// How long each sample is measured, in milliseconds [default: 1000, or 250 with --quick]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    measure_ms: Option<u64>,

    /// Where the page and the results go [default: bench in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Measure nothing, and show earlier results
    #[arg(long, value_name = "FILE", conflicts_with_all = ["labs", "program", "solution", "quick", "scenario",
          "connections", "rate", "repeat", "measure_ms"])]
    from: Option<PathBuf>,

    /// Print the results as one JSON document
    #[arg(long)]
    json: bool,
}

fn parse_named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.trim().is_empty() && !command.trim().is_empty() => {
            Ok((name.trim().to_owned(), command.to_owned()))
        }
        _ => Err("write a name and a command: go='./echo -fast'".to_owned()),
    }
}

/// How a byte echo is spoken to that is no lab's.
static ANY_ECHO: Service =
    Service { command: &[], files: &[], second: None, dial: &Tcp, exchange: &ByteEcho };

/// The whole run, however many samples are wanted. With --quick it is what is left of a minute once a last sample has
/// ended.
const LIMIT: Duration = Duration::from_secs(30 * 60);
const QUICK_LIMIT: Duration = Duration::from_secs(50);

/// Measures, prints a table, and writes a page.
///
/// # Errors
///
/// Wrong usage, or trouble that is no server's.
pub fn bench(arguments: &BenchArguments) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let out = arguments.out.clone().unwrap_or_else(|| repo.target().join("bench"));
    if let Some(file) = &arguments.from {
        let results = Results::read(file)?;
        writable(&out)?;
        return show(&results, arguments, &out);
    }
    let subjects = subjects(&repo, arguments)?;
    // Before anything takes minutes.
    writable(&out)?;
    raise_descriptor_limit()?;
    supervise::adopt_strays().context("cannot become a subreaper")?;
    let interrupt = listen_for_signals()?;
    let built = build(&repo, subjects, arguments.solution);
    if interrupt.is_raised() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let subjects = built?;
    let (points, notes) = points(arguments)?;
    let cpus = Cpus::divide()?;
    let measure = Duration::from_millis(arguments.measure_ms.unwrap_or(if arguments.quick {
        250
    } else {
        1000
    }));
    let plan = Plan {
        points,
        rounds: arguments.repeat.unwrap_or(if arguments.quick { 3 } else { 5 }),
        warm_up: measure / 5,
        measure,
        limit: if arguments.quick { QUICK_LIMIT } else { LIMIT },
        rate: arguments.rate.map(f64::from),
        cpus,
        subjects,
    };
    let names = plan.subjects.iter().map(|subject| subject.name.clone()).collect();
    let machine = Machine::this(&plan.cpus);
    let mut results = Results::new(&repo, names, machine, measure);
    results.notes = notes;
    // indicatif draws on a terminal only.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} samples, {msg}") {
        bar.set_style(style);
    }
    run(&plan, &mut results, &interrupt, |progress| {
        bar.set_length(progress.all as u64);
        bar.set_position(progress.done as u64);
        let left = progress.left.as_secs();
        let left = match progress.done {
            0 => String::new(),
            _ if left >= 90 => format!(", about {} min left", (left + 30) / 60),
            _ => format!(", about {left} s left"),
        };
        bar.set_message(format!("{}{left}", progress.subject));
    })?;
    bar.finish_and_clear();
    if interrupt.is_raised() {
        results.notes.push("interrupted: this is what was known so far".to_owned());
    } else if results
        .cells
        .iter()
        .any(|cell| cell.trouble.is_none() && cell.samples.len() < plan.rounds as usize)
    {
        results
            .notes
            .push(format!("not all of the {} rounds could be had in the time", plan.rounds));
    }
    let status = show(&results, arguments, &out)?;
    Ok(if interrupt.is_raised() { ExitCode::from(INTERRUPTED) } else { status })
}

/// A subject that is still to be built.
enum Wanted {
    Lab(&'static Lab, &'static str, &'static [&'static str]),
    Program(String, Vec<OsString>),
}

/// The rows that a lab gives: their names, and flags.
fn rows(lab: &Lab) -> Option<&'static [(&'static str, &'static [&'static str])]> {
    match lab.number {
        // Its limit is what lab 01 is about, and not what is measured here.
        1 => Some(&[("01 threads", &["--max-connections", "100000"])]),
        2 => Some(&[
            ("02 select", &["--backend", "select"]),
            ("02 poll", &["--backend", "poll"]),
            ("02 epoll", &["--backend", "epoll"]),
        ]),
        3 => Some(&[("03 tokio", &[])]),
        _ => None,
    }
}

fn subjects(repo: &Repo, arguments: &BenchArguments) -> Result<Vec<Wanted>> {
    let all = ["1", "2", "3"].map(str::to_owned);
    let names = if arguments.labs.is_empty() { &all[..] } else { &arguments.labs };
    let mut wanted = Vec::new();
    let mut known: Vec<u8> = Vec::new();
    for name in names {
        let lab = find_lab(name)?;
        if known.contains(&lab.number) {
            continue;
        }
        known.push(lab.number);
        let Some(rows) = rows(lab) else {
            bail!(
                "lab {} is no byte echo, and only these are measured: 01, 02, 03, and any --program",
                lab.digits()
            );
        };
        if arguments.solution && repo.solution(lab).is_none() {
            bail!("lab {} has no solution here: {}", lab.number, variant::STUDENT_EDITION);
        }
        wanted.extend(rows.iter().map(|&(name, flags)| Wanted::Lab(lab, name, flags)));
    }
    for (name, command) in &arguments.program {
        let is_taken = |other: &Wanted| match other {
            Wanted::Lab(_, other, _) => name == other,
            Wanted::Program(other, _) => name == other,
        };
        if wanted.iter().any(is_taken) {
            bail!("two rows are named {name}: give each program a name of its own");
        }
        wanted.push(Wanted::Program(name.clone(), variant::parse_program(command)?));
    }
    Ok(wanted)
}

/// Builds what is wanted, optimised. What does not compile is a row that says so.
fn build(repo: &Repo, wanted: Vec<Wanted>, solution: bool) -> Result<Vec<Subject>> {
    let variant = if solution { Variant::Solution } else { Variant::Starter };
    let mut known: BTreeMap<u8, Result<Vec<OsString>, Trouble>> = BTreeMap::new();
    let mut subjects = Vec::new();
    for one in wanted {
        let (lab, name, flags) = match one {
            Wanted::Lab(lab, name, flags) => (lab, name, flags),
            Wanted::Program(name, words) => {
                let (service, flags, trouble) = (&ANY_ECHO, &[][..], None);
                subjects.push(Subject { name, service, words, flags, trouble });
                continue;
            }
        };
        if let Entry::Vacant(place) = known.entry(lab.number) {
            place.insert(match variant::build(repo, lab, &variant, Profile::Release) {
                Ok(built) => Ok(built.words),
                Err(BuildError::Compile(errors)) => Err(does_not_compile(lab, &errors)),
                Err(BuildError::Other(error)) => return Err(error),
            });
        }
        let (words, trouble) = match &known[&lab.number] {
            Ok(words) => (words.clone(), None),
            Err(trouble) => (Vec::new(), Some(trouble.clone())),
        };
        subjects.push(Subject {
            name: name.to_owned(),
            service: lab.service,
            words,
            flags,
            trouble,
        });
    }
    Ok(subjects)
}

fn does_not_compile(lab: &Lab, errors: &str) -> Trouble {
    let errors = anstream::adapter::strip_str(errors).to_string();
    let first = errors.lines().find(|line| !line.trim().is_empty());
    let why = format!("does not compile: cargo grader check {}", lab.number);
    let last_words = first.map(|line| printable(line, 160)).into_iter().collect();
    Trouble::NotStarted { why, last_words }
}

/// What is measured, and what is to be said about that.
fn points(arguments: &BenchArguments) -> Result<(Vec<Point>, Vec<String>)> {
    let most = getrlimit(Resource::Nofile).maximum.map_or(usize::MAX, |most| most as usize);
    let fits = most.saturating_sub(SPARE_DESCRIPTORS);
    if fits <= ACTIVE {
        bail!(
            "a process may have {most} descriptors here (ulimit -Hn), and not even {ACTIVE} clients fit: {RAISE}"
        );
    }
    let mut notes = Vec::new();
    let mut fit = |numbers: Vec<usize>, spare: usize| -> Vec<usize> {
        let cut = numbers.iter().map(|&number| number.min(fits - spare));
        let mut cut: Vec<usize> = cut.collect();
        if let Some(largest) = numbers.iter().max().filter(|&&largest| largest > fits - spare) {
            let note = format!(
                "{} connections do not fit: a process may have {} descriptors here (ulimit -Hn), so {} were made. \
                 {RAISE}",
                thousands(*largest),
                thousands(most),
                thousands(fits - spare)
            );
            if notes.is_empty() {
                notes.push(note);
            }
        }
        cut.sort_unstable();
        cut.dedup();
        cut
    };
    let given: Vec<usize> = arguments.connections.iter().map(|&number| number as usize).collect();
    let or = |usual: &[usize], quick: &[usize]| match (given.is_empty(), arguments.quick) {
        (false, _) => given.clone(),
        (true, false) => usual.to_vec(),
        (true, true) => quick.to_vec(),
    };
    let wants = |scenario| arguments.scenario.is_empty() || arguments.scenario.contains(&scenario);
    let mut points = Vec::new();
    if wants(Scenario::PingPong) {
        let mut numbers = fit(or(&[1, 100, 1000, 5000], &[1, 100, 1000]), 0);
        numbers.retain(|&connections| connections > 0);
        for connections in numbers {
            points.push(Point { scenario: Scenario::PingPong, connections, active: connections });
        }
    }
    if wants(Scenario::Idle) {
        for idle in fit(or(&[0, 1000, 5000], &[0, 1000]), ACTIVE) {
            let connections = idle + ACTIVE;
            points.push(Point { scenario: Scenario::Idle, connections, active: ACTIVE });
        }
    }
    if wants(Scenario::FixedRate) {
        let connections = FIXED_RATE_CLIENTS.min(fits);
        points.push(Point { scenario: Scenario::FixedRate, connections, active: connections });
    }
    Ok((points, notes))
}

const RAISE: &str = "To raise it: `ulimit -Hn 65536` as root before you start, `LimitNOFILE=` of a systemd service, \
                     `--ulimit nofile=65536` of a container, or /etc/security/limits.conf and a new session";

/// Sees that results can be kept.
fn writable(folder: &Path) -> Result<()> {
    let place = || {
        format!("cannot write results to {}: choose another folder with --out", folder.display())
    };
    fs::create_dir_all(folder).with_context(place)?;
    let probe = folder.join(".writable");
    fs::write(&probe, "").with_context(place)?;
    fs::remove_file(&probe).with_context(place)
}

/// Keeps the results, prints them, and writes the page and its pictures; in this order, so that nothing is lost of
/// what has taken minutes.
fn show(results: &Results, arguments: &BenchArguments, folder: &Path) -> Result<ExitCode> {
    let keep = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let json = serde_json::to_string_pretty(results)? + "\n";
    let kept = keep("results.json", &json);
    let mut out = anstream::stdout().lock();
    if arguments.json {
        write!(out, "{json}")?;
    } else {
        table::write(results, &mut out)?;
    }
    kept?;
    for (name, text) in page::files(results)? {
        keep(&name, &text)?;
    }
    keep("index.html", &page::page(results)?)?;
    if !arguments.json {
        writeln!(out, "\nwith plots: {}", folder.join("index.html").display())?;
    }
    let measured = results.cells.iter().any(|cell| !cell.samples.is_empty());
    Ok(ExitCode::from(if measured { 0 } else { FAILED }))
}
