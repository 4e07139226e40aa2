//! What an echo costs the solution of lab 02 over epoll, beside a C server that does the same:
//! `cargo bench --package grader --bench echo [-- ROUNDS]`. Nothing here is graded.
//!
//! 100 clients send 64 bytes each, then each reads its echo, again and again. Servers and clients share one
//! CPU and the servers do not preempt (SCHED_BATCH): so each wake-up finds all 100 requests, and both make
//! one `epoll_wait` for 100 echoes. The servers take turns; each row is the median of all rounds.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use grader::labs;
use grader::outcome::Stop;
use grader::server::{Server, Start};
use grader::supervise;
use grader::trial::Trial;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

const CLIENTS: usize = 100;
const BYTES: usize = 64;
/// Requests of each client in a round.
const REQUESTS: usize = 200;
const EPOLL: Start = Start { flags: &["--backend", "epoll"], ..Start::PLAIN };

/// A server, its clients, and what each round has cost for an echo.
struct Subject {
    name: &'static str,
    server: Rc<Server>,
    clients: Vec<TcpStream>,
    costs: Vec<Duration>,
    /// Sleeps in all rounds: each is a call of `epoll_wait` that had to wait.
    sleeps: u64,
}

fn main() -> Result<ExitCode> {
    // Supervisors are this very executable.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == supervise::ARGUMENT) {
        return Ok(supervise::main(words));
    }
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let rounds = numbers.next().unwrap_or(41);
    let programs = [("solution of lab 02", solution()?), ("C, -O2", c_server()?)];
    use_one_cpu()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lab = labs::find("2").map_err(|_| anyhow!("there is no lab 2"))?;
    let tasks = tokio::task::LocalSet::new();
    let mut subjects = Vec::new();
    let mut trials = Vec::new();
    for (name, program) in programs {
        let words = ["chrt", "--batch", "0"].map(Into::into).into_iter().chain([program.into()]);
        let trial = Trial::new(lab.service, &words.collect::<Vec<_>>(), 0, "echo");
        let started = tasks.block_on(&runtime, trial.start(&EPOLL));
        trials.push(trial);
        let server = started.map_err(|stop| match stop {
            Stop::Failed(failure) => anyhow!("{failure:#?}"),
            Stop::Inconclusive(reason) => anyhow!(reason),
        })?;
        let clients = connect(server.address)?;
        subjects.push(Subject { name, server, clients, costs: Vec::new(), sleeps: 0 });
    }
    for round in 0..=rounds {
        for subject in &mut subjects {
            measure(subject)?;
            if round == 0 {
                // Caches and buffers are cold.
                (subject.costs, subject.sleeps) = (Vec::new(), 0);
            }
        }
    }
    report(&mut subjects, rounds);
    drop(subjects);
    tasks.block_on(&runtime, async { trials.iter().for_each(Trial::end) });
    Ok(ExitCode::SUCCESS)
}

/// The solution, optimised.
fn solution() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--quiet", "--package", "solution02"];
    let built = Command::new(cargo).args(arguments).status()?;
    ensure!(built.success(), "the solution does not compile");
    // This executable is in `deps` of the same folder.
    let this = std::env::current_exe()?;
    let folder = this.parent().and_then(Path::parent).context("an executable in no folder")?;
    Ok(folder.join("solution02"))
}

fn c_server() -> Result<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/selectors.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("selectors");
    let built = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(source).status()?;
    ensure!(built.success(), "the C server does not compile");
    Ok(program)
}

/// For this process and those that it starts.
fn use_one_cpu() -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)).context("no CPU")?);
    Ok(sched_setaffinity(None, &one)?)
}

fn connect(address: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let client = TcpStream::connect(address)?;
        client.set_nodelay(true)?;
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        clients.push(client);
    }
    Ok(clients)
}

/// One round.
fn measure(subject: &mut Subject) -> Result<()> {
    let probe = subject.server.probe();
    let cpu = || probe.cpu_times().values().map(|time| time.running).sum::<Duration>();
    let (before, slept) = (cpu(), probe.switches().0);
    let mut echo = [0; BYTES];
    for request in 0..REQUESTS {
        let sent = [request as u8; BYTES];
        for mut client in &subject.clients {
            client.write_all(&sent)?;
        }
        for mut client in &subject.clients {
            client.read_exact(&mut echo)?;
            ensure!(echo == sent, "{} sent back something else", subject.name);
        }
    }
    let used = cpu().saturating_sub(before);
    subject.costs.push(used / (CLIENTS * REQUESTS) as u32);
    subject.sleeps += probe.switches().0 - slept;
    Ok(())
}

fn report(subjects: &mut [Subject], rounds: usize) {
    println!(
        "{CLIENTS} clients, {BYTES} bytes, {rounds} rounds of {} echoes each, in turns",
        CLIENTS * REQUESTS
    );
    println!("server               CPU per echo   middle half of rounds    sleeps per 100 echoes");
    let mut medians = Vec::new();
    for subject in subjects {
        let costs = &mut subject.costs;
        costs.sort_unstable();
        let at = |part: usize| costs[(costs.len() - 1) * part / 4].as_nanos();
        let each = subject.sleeps as f64 / (rounds * CLIENTS * REQUESTS) as f64;
        println!(
            "{:<20} {:>9} ns   {:>7} to {:>6} ns   {:>22.2}",
            subject.name,
            at(2),
            at(1),
            at(3),
            each * 100.0
        );
        medians.push(at(2) as f64);
    }
    if let [ours, peer] = medians[..] {
        println!("ratio of the medians: {:.3}", ours / peer);
    }
}
