//! 1,000 users in 50 rooms and 100,000 deliveries: what lab 07's solution takes for that, and two servers in Python
//! beside it: `cargo bench --package grader --bench chat [-- ROUNDS]`. Nothing here is graded, but nothing may be
//! lost, either.

use std::cell::Cell;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use grader::capture::{size, time};
use grader::commands::check::raise_descriptor_limit;
use grader::labs;
use grader::outcome::Stop;
use grader::repo::Repo;
use grader::scenarios::growth;
use grader::scenarios::party::Party;
use grader::server::{Start, beside, together};
use grader::supervise;
use grader::trial::Trial;
use grader::variant::{self, BuildError, Profile, Variant};

const ROOMS: usize = 50;
const USERS_OF_EACH: usize = 20;
/// Each is heard by all of a room: 1,000 × 5 × 20 deliveries.
const MESSAGES_OF_EACH: usize = 5;
const USERS: usize = ROOMS * USERS_OF_EACH;
const DELIVERIES: usize = USERS * MESSAGES_OF_EACH * USERS_OF_EACH;

/// For the server, beside the clients.
const SPARE_DESCRIPTORS: u64 = 64;

fn main() -> Result<ExitCode> {
    // Supervisors are this very executable.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == supervise::ARGUMENT) {
        return Ok(supervise::main(words));
    }
    // Cargo adds `--bench`.
    let rounds = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(5);
    raise_descriptor_limit()?;
    let repo = Repo::find()?;
    let lab = labs::find("7").map_err(|_| anyhow!("there is no lab 7"))?;
    let built =
        variant::build(&repo, lab, &Variant::Solution, Profile::Dev).map_err(
            |error| match error {
                BuildError::Compile(errors) => anyhow!(errors),
                BuildError::Other(error) => error,
            },
        )?;
    let python = |name: &str| -> Vec<OsString> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign");
        vec!["python3".into(), folder.join(name).into()]
    };
    let subjects = [
        ("solution", built.words),
        ("asyncio", python("chat.py")),
        ("threads", python("chat_threads.py")),
    ];
    println!(
        "{USERS} users in {ROOMS} rooms, {DELIVERIES} deliveries, none lost, doubled or out of order"
    );
    println!(
        "server       joined     talked     CPU for a delivery   memory before   most while talking"
    );
    for round in 0..rounds {
        for (name, words) in &subjects {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let trial = Trial::new(lab.service, words, round as u64, "chat");
            let tasks = tokio::task::LocalSet::new();
            let row = tasks.block_on(&runtime, measure(&trial));
            tasks.block_on(&runtime, async { trial.end() });
            match row {
                Ok(row) => println!("{name:<10}   {row}"),
                Err(Stop::Failed(failure)) => return Err(anyhow!("{name}: {failure:#?}")),
                Err(Stop::Inconclusive(reason)) => return Err(anyhow!(reason)),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One row: a fresh server, all join, all talk, each the next when the own one came back.
async fn measure(trial: &Trial) -> Result<String, Stop> {
    const LOOK: Duration = Duration::from_millis(5);
    /// Half of what full queues of 256 events of 250 bytes would come to.
    const MOST_GROWTH: u64 = USERS as u64 * 32 * 1024;
    // A room's messages and notices fit into a queue: whoever is not scheduled for a while is not cut off.
    let start = Start {
        flags: &["--queue", "256"],
        descriptors: USERS as u64 + SPARE_DESCRIPTORS,
        ..Start::PLAIN
    };
    let server = trial.start(&start).await?;
    let begin = Instant::now();
    let parties = together((0..ROOMS).map(|_| Party::gather(&server, USERS_OF_EACH))).await?;
    let joined = begin.elapsed();
    let before = server.probe().memory();
    let cpu =
        || server.probe().cpu_times().into_values().map(|time| time.running).sum::<Duration>();
    let begun = cpu();
    let most = Cell::new(0);
    let watching = async {
        loop {
            let grown = growth(&before, &server.probe().memory()).into_values().sum::<u64>();
            most.set(most.get().max(grown));
            tokio::time::sleep(LOOK).await;
        }
    };
    let begin = Instant::now();
    let talks = parties.iter().map(|party| async move {
        let talk = party.talk(MESSAGES_OF_EACH).await;
        party.judge(talk, true).await
    });
    beside(watching, together(talks)).await?;
    let (talked, cpu) = (begin.elapsed(), cpu().saturating_sub(begun));
    if most.get() > MOST_GROWTH {
        let observed = vec![format!("it grew by {}", size(most.get()))];
        let expected = format!("memory grows by at most {}", size(MOST_GROWTH));
        return Err(server.process.failed(&expected, observed, "queues have no bound"));
    }
    Ok(format!(
        "{:>7}   {:>8}   {:>15.1} µs   {:>13}   {:>18}",
        time(joined),
        time(talked),
        cpu.as_secs_f64() * 1e6 / DELIVERIES as f64,
        size(before.values().sum()),
        format!("+ {}", size(most.get())),
    ))
}
