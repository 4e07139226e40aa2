//! Where the program's one thread sleeps.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use course::text::count;
use engine::drive::{Client, Server, Trial};
use engine::verdict::{CheckError, Explanation, Failure};
use observe::{Syscall, Thread, ThreadState};

use super::backend::Backend;
use super::causes;

/// How many samples of the sleeping thread the check takes.
const SAMPLES: usize = 20;

/// An idle program has one thread, which sleeps in the call that `--backend` names.
pub(super) async fn blocks_in_its_call(trial: &Trial, backend: &Backend) -> Result<(), CheckError> {
    const CLIENTS: usize = 50;
    let server = trial.start(&backend.start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each gets an answer, stays connected and sends nothing more"
    ));
    let clients = server.connect_many(CLIENTS).await?;
    server.process.wait_until_idle(Duration::from_millis(500)).await;
    trial.step(format!("take {SAMPLES} samples of the system call that each thread sleeps in"));
    let expected = format!("one thread, always asleep in {}", backend.calls);
    let seen = sample_thread(&server, &expected).await?;
    let is_elsewhere = seen.asleep.iter().any(|&call| !(backend.is_it)(call));
    if !is_elsewhere && seen.asleep.len() == SAMPLES {
        clients.into_iter().for_each(Client::reset);
        return Ok(());
    }
    let cause = if is_elsewhere { seen.cause() } else { causes::ALWAYS_READY };
    let mut failure = Failure::property_lines(seen.lines()).expecting(expected).because(cause);
    if seen.asleep.len() == SAMPLES && !seen.asleep.iter().any(|&call| (backend.is_it)(call)) {
        // On a busy machine, a thread runs less, but does not sleep in another call.
        failure = failure.certain();
    }
    Err(server.fail(failure).await)
}

/// What the program's one thread did in each sample.
#[derive(Default)]
struct Samples {
    /// The calls in which it was asleep.
    asleep: Vec<Syscall>,
    /// How often it was running.
    running: usize,
}

/// Samples the thread until it was asleep in [`SAMPLES`] samples.
async fn sample_thread(server: &Server, expected: &str) -> Result<Samples, CheckError> {
    /// If the thread is running, it is sampled again, but not forever: it may never sleep.
    const MAX_RUNNING: usize = 5 * SAMPLES;
    // A script that started the server does not count: it waits for the server in another call.
    let holders: HashSet<i32> = server.probe().sockets()?.iter().map(|socket| socket.pid).collect();
    let mut seen = Samples::default();
    while seen.asleep.len() < SAMPLES && seen.running < MAX_RUNNING {
        let mut threads = server.probe().threads()?;
        threads.retain(|thread| holders.contains(&thread.pid));
        let &[Thread { state, .. }] = threads.as_slice() else {
            let observed = match threads.len() {
                0 => "the program has ended".to_owned(),
                many => format!("{} serve the clients", count(many, "thread")),
            };
            let failure =
                Failure::property(observed).expecting(expected).because(causes::SEVERAL_THREADS);
            return Err(server.fail(failure).await);
        };
        match state {
            ThreadState::Blocked(call) if call.name().is_some() => seen.asleep.push(call),
            _ => seen.running += 1,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(seen)
}

impl Samples {
    /// How often it slept in each call, by name, and how often it ran.
    fn lines(&self) -> Vec<String> {
        let mut times = BTreeMap::<String, usize>::new();
        for call in &self.asleep {
            *times.entry(call.to_string()).or_default() += 1;
        }
        let samples = self.asleep.len() + self.running;
        let line = |(call, times)| format!("asleep in {call} in {times} of {samples} samples");
        let mut lines: Vec<String> = times.into_iter().map(line).collect();
        if self.running > 0 {
            lines.push(format!("running in {} of {samples} samples", self.running));
        }
        lines
    }

    /// Why it sleeps in a call other than the one that `--backend` names.
    fn cause(&self) -> Explanation {
        let is_in = |test: fn(Syscall) -> bool| self.asleep.iter().any(|&call| test(call));
        if is_in(|call| call.sleeps() || call.waits_for_thread()) {
            causes::SLEEPS_OUTSIDE_THE_SELECTOR
        } else if is_in(|call| call.reads() || call.accepts()) {
            causes::BLOCKS_ON_ONE_SOCKET
        } else {
            causes::IGNORES_BACKEND_FLAG
        }
    }
}
