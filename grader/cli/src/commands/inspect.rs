//! `cargo grader inspect`: shows what the kernel knows about a running program, in the form of a report's evidence.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use course::text::{count, printable, size, time};
use engine::drive::Start;
use engine::subject::build::parse_program;
use engine::subject::{
    Capture, Children, Confinement, LAST_WORDS_DEADLINE, Launch, Launcher, Supervised,
};
use engine::verdict::inside_lines;
use observe::{ContextSwitches, Probe, Socket, Unreadable};
use procfs::process::Process;

use crate::session::expect_own_proc;
use crate::status::USAGE;

#[derive(Args, Debug)]
pub struct InspectArguments {
    /// The process to inspect, with all its descendants
    #[arg(value_name = "PID", required_unless_present = "program")]
    pid: Option<i32>,

    /// Start a program and inspect it once it listens, or after 3 s
    #[arg(long, value_name = "CMD", conflicts_with = "pid")]
    program: Option<String>,

    /// Sample repeatedly, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// How long context switches and CPU time are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// How long to wait for a program to listen. If it does not, it is shown after this time.
const MOMENT: Duration = Duration::from_secs(3);

/// The width of a terminal, less a margin.
const WIDTH: usize = 78;

/// The width of a command line in the list of processes.
const COMMAND: usize = 44;

/// The maximum indentation of children, in steps.
const MAX_DEPTH: usize = 6;

/// How many processes are listed individually.
const MAX_LISTED: usize = 16;

/// Shows a program once, or until it ends or Ctrl-C is pressed. `children` are those of this process.
///
/// # Errors
///
/// No such process exists, or the program cannot be started.
pub fn inspect(arguments: &InspectArguments, children: &Children) -> Result<ExitCode> {
    expect_own_proc()?;
    let started = match &arguments.program {
        Some(command) => Some(Started::start(parse_program(command)?, children)?),
        None => None,
    };
    let probe = match (&started, arguments.pid) {
        (Some(started), _) => started.wait()?,
        (None, Some(pid)) if Process::new(pid).is_ok() => Probe::of(pid),
        (None, pid) => bail!("there is no process {}", pid.unwrap_or_default()),
    };
    let mut out = anstream::stdout();
    let redraws = arguments.watch && std::io::stdout().is_terminal();
    loop {
        let Some(view) = look(probe) else {
            if let Some(started) = &started {
                started.show_last_words();
            }
            bail!("the program has ended")
        };
        if redraws {
            // Move to the upper left corner, then clear everything below.
            write!(out, "\x1b[H\x1b[J")?;
        }
        for line in &view.lines {
            writeln!(out, "{line}")?;
        }
        if let Some(denied) = &view.denied {
            writeln!(out, "\n{}", textwrap::fill(&format!("{denied}: {WHY_DENIED}"), WIDTH))?;
        }
        if !arguments.watch {
            return Ok(if view.denied.is_some() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            });
        }
        if !redraws {
            writeln!(out)?;
        }
        out.flush()?;
    }
}

/// proc(5) and ptrace(2) have the details.
const WHY_DENIED: &str = "the process belongs to another user, or the kernel shows this only for child \
                          processes (kernel.yama.ptrace_scope). Run this as that user or as root, or let \
                          the grader start the program: cargo grader inspect --program CMD";

/// One sample of a program.
struct View {
    lines: Vec<String>,
    /// What the grader may not read, if anything.
    denied: Option<String>,
}

/// Observes the process tree of `probe` for [`WINDOW`]; `None` once no process is left.
fn look(probe: Probe) -> Option<View> {
    let (begin, before) = (Instant::now(), Count::of(probe));
    std::thread::sleep(WINDOW);
    let (elapsed, after) = (begin.elapsed(), Count::of(probe));
    let processes = probe.processes();
    if processes.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    let memory = probe.rss_anon();
    let descriptors = probe.descriptor_counts();
    lines.push(format!(
        "{}, {}, {} of private memory (RssAnon)",
        count(processes.len(), "process"),
        count(probe.thread_count(), "thread"),
        size(memory.values().sum())
    ));
    for (pid, depth) in tree(&processes).into_iter().take(MAX_LISTED) {
        let words = Process::new(pid).and_then(|process| process.cmdline()).unwrap_or_default();
        let open = descriptors.as_ref().ok().and_then(|counts| counts.get(&pid));
        let open = open.map_or("?".to_owned(), ToString::to_string);
        let memory = memory.get(&pid).copied().map_or("?".to_owned(), size);
        let command = "  ".repeat(depth.min(MAX_DEPTH)) + &words.join(" ");
        let command = printable(&command, COMMAND);
        lines.push(format!("  {pid:>7}  {command:<COMMAND$}  {memory:>10}  {open:>5} open"));
    }
    if processes.len() > MAX_LISTED {
        lines.push(format!("  and {} more", processes.len() - MAX_LISTED));
    }
    lines.extend(inside_lines(&probe.snapshot()));
    let since = |now: u64, then: u64| now.saturating_sub(then);
    let cpu = after.running.saturating_sub(before.running).as_secs_f64() / elapsed.as_secs_f64();
    lines.push(format!(
        "in {}: {} voluntary and {} involuntary context switches, {:.1} % of a CPU",
        time(elapsed),
        since(after.switches.voluntary, before.switches.voluntary),
        since(after.switches.involuntary, before.switches.involuntary),
        cpu * 100.0
    ));
    let denied = probe.threads().err().or(descriptors.err());
    Some(View { lines, denied: denied.map(|error: Unreadable| error.to_string()) })
}

/// The processes, each with its depth below the root; children follow their parent.
fn tree(processes: &[i32]) -> Vec<(i32, usize)> {
    let parent = |pid: i32| Some(Process::new(pid).ok()?.stat().ok()?.ppid);
    let parents: HashMap<i32, Option<i32>> =
        processes.iter().map(|&pid| (pid, parent(pid))).collect();
    let is_root = |pid: &&i32| !parents[*pid].is_some_and(|parent| parents.contains_key(&parent));
    let mut open: Vec<(i32, usize)> =
        processes.iter().filter(is_root).map(|&pid| (pid, 0)).collect();
    open.reverse();
    let mut all = Vec::new();
    while let Some((pid, depth)) = open.pop() {
        all.push((pid, depth));
        let children = processes.iter().rev().filter(|child| parents[*child] == Some(pid));
        open.extend(children.map(|&child| (child, depth + 1)));
    }
    all
}

/// CPU time and context switches of all threads so far.
struct Count {
    running: Duration,
    switches: ContextSwitches,
}

impl Count {
    fn of(probe: Probe) -> Self {
        let running = probe.cpu_times().values().map(|time| time.running).sum();
        Self { running, switches: probe.context_switches() }
    }
}

/// A program that was started to be inspected; it ends when this is dropped.
struct Started {
    supervised: Supervised,
    /// Threads that show its output.
    showing: Vec<JoinHandle<()>>,
}

impl Started {
    fn start(words: Vec<OsString>, children: &Children) -> Result<Self> {
        let launcher = Launcher::new(children, Confinement::None);
        let launcher = launcher.context("cannot become a subreaper")?;
        let launch = Launch::new(words, Start::PLAIN.descriptors);
        let mut supervised = launcher.start(&launch, None).context("cannot start the program")?;
        let pipes = [supervised.stdout.take(), supervised.stderr.take()].into_iter().flatten();
        let showing = pipes.map(|pipe| std::thread::spawn(move || show(pipe))).collect();
        Ok(Self { supervised, showing })
    }

    /// Waits until the program listens, or for [`MOMENT`].
    fn wait(&self) -> Result<Probe> {
        let probe = Probe::below(self.supervised.root());
        // The supervisor ends when the program does.
        let is_over = || {
            let stat = Process::new(self.supervised.root()).and_then(|process| process.stat());
            stat.map_or(true, |stat| stat.state == 'Z')
        };
        let listens =
            || probe.sockets().is_ok_and(|sockets| sockets.iter().any(Socket::is_listener));
        let begun = Instant::now();
        while begun.elapsed() < MOMENT && !listens() {
            if is_over() {
                self.show_last_words();
                bail!("the program has ended");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(probe)
    }

    /// Waits until all its output is shown, up to a deadline: a process that it left behind may hold the
    /// pipe open.
    fn show_last_words(&self) {
        let begun = Instant::now();
        while begun.elapsed() < LAST_WORDS_DEADLINE
            && !self.showing.iter().all(JoinHandle::is_finished)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Copies the first lines of the program's output, in which it announces its address, to standard error;
/// the rest is read and discarded.
fn show(pipe: OwnedFd) {
    const MAX: u64 = 4096;
    let mut pipe = std::fs::File::from(pipe);
    let mut buffer = vec![0; 4096];
    let mut capture = Capture::default();
    while let Ok(count @ 1..) = pipe.read(&mut buffer) {
        if capture.total() < MAX {
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            for line in text.lines() {
                eprintln!("| {}", printable(line, 120));
            }
        }
        capture.extend(&buffer[..count]);
    }
}
