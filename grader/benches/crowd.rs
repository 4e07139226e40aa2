//! How many clients at once the solutions on one thread serve, those of labs 02 and 03, and what each costs:
//! `cargo bench --package grader --bench crowd [-- CLIENTS [ROUNDS]]`. Nothing here is graded.
//!
//! The first rows are those of 1,000 clients, the size of lab 03's checks, measured in the same run.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, anyhow};
use grader::capture::{size, time};
use grader::commands::check::raise_descriptor_limit;
use grader::labs;
use grader::outcome::Stop;
use grader::repo::Repo;
use grader::server::{Client, Start, together};
use grader::supervise;
use grader::trial::Trial;
use grader::variant::{self, BuildError, Profile, Variant};

/// For the server, beside the clients.
const SPARE_DESCRIPTORS: u64 = 64;

fn main() -> Result<ExitCode> {
    // Supervisors are this very executable.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == supervise::ARGUMENT) {
        return Ok(supervise::main(words));
    }
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let clients = numbers.next().unwrap_or(5000);
    let rounds = numbers.next().unwrap_or(3);
    raise_descriptor_limit()?;
    let repo = Repo::find()?;
    println!(
        "server       clients   connected and answered   answered once more   memory of each   threads"
    );
    let build = |lab: &str| -> Result<_> {
        let lab = labs::find(lab).map_err(|_| anyhow!("there is no lab {lab}"))?;
        let built =
            variant::build(&repo, lab, &Variant::Solution, Profile::Dev).map_err(|error| {
                match error {
                    BuildError::Compile(errors) => anyhow!(errors),
                    BuildError::Other(error) => error,
                }
            })?;
        Ok((lab, built.words))
    };
    let (selectors, tokio) = (build("2")?, build("3")?);
    let subjects: [(&str, &_, &'static [&str]); 3] = [
        ("02 epoll", &selectors, &["--backend", "epoll"]),
        ("02 poll", &selectors, &["--backend", "poll"]),
        ("03 tokio", &tokio, &[]),
    ];
    for number in [1000, clients] {
        for round in 0..rounds {
            for (name, (lab, words), flags) in subjects {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let trial = Trial::new(lab.service, words, round as u64, "crowd");
                let tasks = tokio::task::LocalSet::new();
                let row = tasks.block_on(&runtime, measure(&trial, flags, number));
                tasks.block_on(&runtime, async { trial.end() });
                match row {
                    Ok(row) => println!("{name:<10}   {row}"),
                    Err(Stop::Failed(failure)) => return Err(anyhow!("{failure:#?}")),
                    Err(Stop::Inconclusive(reason)) => return Err(anyhow!(reason)),
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One row: a fresh server, `number` clients, each answered twice.
async fn measure(
    trial: &Trial,
    flags: &'static [&'static str],
    number: usize,
) -> Result<String, Stop> {
    let descriptors = number as u64 + SPARE_DESCRIPTORS;
    let server = trial.start(&Start { flags, descriptors, ..Start::PLAIN }).await?;
    // What a first client brings with it is not what each costs.
    let first = server.serve_new_client("the first client").await?;
    let memory = || server.probe().memory().into_values().sum::<u64>();
    let before = memory();
    let begin = Instant::now();
    let clients = server.crowd(number).await?;
    let connected = begin.elapsed();
    let begin = Instant::now();
    together(clients.iter().map(Client::ask)).await?;
    let again = begin.elapsed();
    let each = memory().saturating_sub(before) / number as u64;
    let threads = server.probe().thread_count();
    let row = format!(
        "{number:>7}   {:>22}   {:>18}   {:>14}   {threads:>7}",
        time(connected),
        time(again),
        size(each)
    );
    clients.into_iter().chain([first]).for_each(Client::reset);
    Ok(row)
}
