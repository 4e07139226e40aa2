//! `cargo grader bench`.

mod arguments;
mod output;
mod points;
mod programs;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use course::checkout::Checkout;
use engine::subject::Children;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use self::arguments::BenchArguments;
use self::output::Output;
use self::points::points;
use self::programs::{build, select};
use crate::bench::{Benchmark, Cpus, Machine, Point, Program, Progress, Results, run};
use crate::session::Session;
use crate::status::INTERRUPTED;

/// The time limit for all samples together, however many there are. With --quick it leaves the last sample enough time
/// to end within a minute.
const LIMIT: Duration = Duration::from_secs(30 * 60);
const QUICK_LIMIT: Duration = Duration::from_secs(50);

/// Measures, prints a table, and writes a page. `children` are those of this process.
///
/// # Errors
///
/// Wrong usage, or a fault that is not a server's.
pub fn bench(arguments: &BenchArguments, children: &Children) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let folder = arguments.out.clone().unwrap_or_else(|| checkout.target().join("bench"));
    let output = Output { folder, as_json: arguments.json };
    if let Some(file) = &arguments.from {
        let results = Results::read(file)?;
        output.prepare()?;
        return output.write(&results);
    }
    let selected = select(&checkout, arguments)?;
    // Before anything that takes minutes.
    output.prepare()?;
    let session = Session::begin(checkout, children)?;
    let built = build(&session, selected, arguments.solution);
    if session.interrupt.is_raised() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let (points, notes) = points(arguments)?;
    let benchmark = benchmark(arguments, points, built?)?;
    let names = benchmark.programs.iter().map(|program| program.name.clone()).collect();
    let machine = Machine::this(&benchmark.cpus);
    let mut results = Results::new(&session.checkout, names, machine, benchmark.measure);
    results.notes = notes;
    measure(&session, &benchmark, &mut results)?;
    let status = output.write(&results)?;
    Ok(if session.interrupt.is_raised() { ExitCode::from(INTERRUPTED) } else { status })
}

fn benchmark(
    arguments: &BenchArguments,
    points: Vec<Point>,
    programs: Vec<Program>,
) -> Result<Benchmark> {
    let (rounds, measure_ms, limit) =
        if arguments.quick { (3, 250, QUICK_LIMIT) } else { (5, 1000, LIMIT) };
    let measure = Duration::from_millis(arguments.measure_ms.unwrap_or(measure_ms));
    Ok(Benchmark {
        programs,
        points,
        rounds: arguments.repeat.unwrap_or(rounds),
        warm_up: measure / 5,
        measure,
        limit,
        rate: arguments.rate.map(f64::from),
        cpus: Cpus::divide()?,
    })
}

/// Runs `benchmark` with a progress bar, and notes in `results` what is missing.
fn measure(session: &Session, benchmark: &Benchmark, results: &mut Results) -> Result<()> {
    // indicatif draws on a terminal only.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} samples, {msg}") {
        bar.set_style(style);
    }
    run(benchmark, &session.launcher, &session.interrupt, results, |progress| {
        bar.set_length(progress.all as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(format!("{}{}", progress.program, time_left(&progress)));
    })?;
    bar.finish_and_clear();
    if session.interrupt.is_raised() {
        results.notes.push("interrupted: these are the results so far".to_owned());
    } else if results.lacks_samples(benchmark.rounds as usize) {
        let rounds = benchmark.rounds;
        results.notes.push(format!("time ran out before all {rounds} rounds were measured"));
    }
    Ok(())
}

/// `, about 3 min left`.
fn time_left(progress: &Progress<'_>) -> String {
    let left = progress.left.as_secs();
    match progress.done {
        0 => String::new(),
        _ if left >= 90 => format!(", about {} min left", (left + 30) / 60),
        _ => format!(", about {left} s left"),
    }
}
