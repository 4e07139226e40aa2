//! The load generator's process: reads its command, connects, and measures when the grader says so.

use std::io::{self, BufRead, ErrorKind, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use super::connecting::connect;
use super::driver::Driver;
use super::protocol::{Command, Interval, Reply};
use super::tally::Tally;
use super::threads::{drive, drivers};

/// Runs a load generator, which reads its command from standard input.
#[must_use]
pub fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Fails if the grader has ended.
            let _ = reply(&Reply::Unable(format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<()> {
    let mut lines = io::stdin().lock().lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let command: Command = serde_json::from_str(&first).context("not a command")?;
    // This process ends with the grader, however the grader ends. The kernel sends the signal when the thread that
    // started this process ends (prctl(2), PR_SET_PDEATHSIG): the grader's first thread.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    use_cpus(&command.cpus)?;
    let (streams, connected) = connect(&command)?;
    let is_complete = connected.refusal.is_none();
    reply(&Reply::Connected(connected))?;
    if !is_complete {
        return Ok(());
    }
    let (active, idle) = split_off_idle(streams, command.active);
    let mut drivers = drivers(&command, active)?;
    for length in [command.warm_up, command.measure] {
        if lines.next().transpose()?.is_none() {
            return Ok(());
        }
        reply(&Reply::Measured(measure(&mut drivers, &idle, &command, length)?))?;
    }
    // The grader reads the server's memory while all connections are open. They stay open until it closes the pipe.
    lines.next().transpose()?;
    Ok(())
}

/// Sends requests for `length`, and counts the results, lost `idle` connections included.
fn measure(
    drivers: &mut [Driver],
    idle: &[TcpStream],
    command: &Command,
    length: Duration,
) -> Result<Interval> {
    let (begun, cpu) = (Instant::now(), cpu_time());
    let tallies = drive(drivers, command, length)?;
    let (elapsed, cpu) = (begun.elapsed(), cpu_time().saturating_sub(cpu));
    let mut sum = Tally::sum(&tallies, length)?;
    sum.lost += idle.iter().filter(|stream| !is_idle(stream)).count();
    Ok(sum.into_interval(command.pace, elapsed, cpu))
}

/// Separates the `active` streams, which send, from the idle ones. The active ones are spread evenly over all streams,
/// so that they are not those with the lowest descriptors.
fn split_off_idle(streams: Vec<TcpStream>, active: usize) -> (Vec<TcpStream>, Vec<TcpStream>) {
    let all = streams.len();
    let is_active = |index: usize| (index * active) % all < active;
    let numbered = streams.into_iter().enumerate();
    let (active, idle): (Vec<_>, Vec<_>) = numbered.partition(|&(index, _)| is_active(index));
    let streams =
        |numbered: Vec<(usize, TcpStream)>| numbered.into_iter().map(|(_, it)| it).collect();
    (streams(active), streams(idle))
}

/// Whether a connection that was never used is still open, with nothing to read.
fn is_idle(stream: &TcpStream) -> bool {
    // A failure here does not mean that the connection was closed.
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn reply(reply: &Reply) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(reply)?)?;
    out.flush()?;
    Ok(())
}

fn use_cpus(cpus: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|&cpu| set.set(cpu));
    sched_setaffinity(None, &set).context("cannot choose a CPU")
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
