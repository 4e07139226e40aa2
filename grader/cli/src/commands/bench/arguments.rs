//! The command line of `cargo grader bench`.

use std::path::PathBuf;

use clap::Args;

use crate::bench::Scenario;

#[derive(Args, Debug)]
#[command(
    after_help = "Requests and answers are 64 bytes long. `bench` measures servers; `check` judges them."
)]
pub struct BenchArguments {
    /// Labs that have something to measure [default: all of them]
    #[arg(value_name = "LAB")]
    pub(super) labs: Vec<String>,

    /// Measure the reference solutions instead of your code
    #[arg(long)]
    pub(super) solution: bool,

    /// Also measure another echo server: its name, and its command, to which `--addr` is added
    #[arg(long, value_name = "NAME=CMD", value_parser = parse_named)]
    pub(super) program: Vec<(String, String)>,

    /// Take at most a minute after building: three short rounds, at most 1,000 connections
    #[arg(long)]
    pub(super) quick: bool,

    /// Measure only this scenario (may be repeated)
    #[arg(long, value_enum)]
    pub(super) scenario: Vec<Scenario>,

    /// Numbers of clients, or of idle clients [default: 1,100,1000,5000 clients; 0,1000,5000 idle ones]
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=20_000))]
    pub(super) connections: Vec<u32>,

    /// Requests per second in fixed-rate [default: half of what the slowest server can do]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rate: Option<u32>,

    /// Rounds; each measures everything once [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) repeat: Option<u32>,

    /// How long each sample takes, in milliseconds [default: 1000, or 250 with --quick]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub(super) measure_ms: Option<u64>,

    /// Where the page and the results go [default: bench in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// Measure nothing; show earlier results
    #[arg(long, value_name = "FILE", conflicts_with_all = ["labs", "program", "solution", "quick", "scenario",
          "connections", "rate", "repeat", "measure_ms"])]
    pub(super) from: Option<PathBuf>,

    /// Print the results as one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.trim().is_empty() && !command.trim().is_empty() => {
            Ok((name.trim().to_owned(), command.to_owned()))
        }
        _ => Err("give a name and a command: go='./echo -fast'".to_owned()),
    }
}
