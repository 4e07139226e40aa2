//! `cargo grader`: parses the command line and runs the command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use engine::subject::{Children, reset_signals, supervisor};
#[cfg(feature = "bench")]
use grader::bench::load;
#[cfg(feature = "bench")]
use grader::commands::bench::{self, BenchArguments};
use grader::commands::{
    self, absent,
    check::CheckArguments,
    diff::{self, DiffArguments},
    doctor,
    explain::{self, ExplainArguments},
    hint::{self, HintArguments},
    inspect::{self, InspectArguments},
    list,
    next::{self, NextArguments},
    reset::{self, ResetArguments},
    slides::{self, SlidesArguments},
    watch::{self, WatchArguments, terminal},
};
use grader::{null, status};

// BEGIN HIDDEN
#[cfg(feature = "maintain")]
use grader::commands::{
    release::{self, ReleaseArguments},
    sync::{self, SyncArguments},
    verify::{self, VerifyArguments},
};
// END HIDDEN

/// Grades the labs of this repository: starts your server, talks to it over loopback, watches it
/// through /proc, and explains what it finds.
#[derive(Parser)]
#[command(name = "cargo grader", bin_name = "cargo grader", version, after_help = EXIT_STATUS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a lab, run its checks and explain the first failure
    Check(CheckArguments),
    /// Check a lab again after each change
    Watch(WatchArguments),
    /// Show the labs, your scores, and the tasks you have done
    List,
    /// Show the first unfinished task: what to write, where, and which checks should then pass
    Next(NextArguments),
    /// Show one more hint for a check that fails
    Hint(HintArguments),
    /// Explain a check: why it matters, how to try it by hand, which misconceptions make it fail
    Explain(ExplainArguments),
    /// Show how your answer differs from the solution, once your score is 100
    Diff(DiffArguments),
    /// Start a lab over: restore its starter, and keep your files under other names
    Reset(ResetArguments),
    /// Check this machine: what works, what does not, and how to fix it
    Doctor,
    /// Measure servers: CPU time and latency of a round trip, memory per connection
    #[cfg(feature = "bench")]
    Bench(Box<BenchArguments>),
    /// Show what the kernel knows about a running program: threads, system calls, sockets, epoll sets
    Inspect(InspectArguments),
    /// Open the slides, if this edition contains them as pages
    #[command(hide = true)]
    Slides(SlidesArguments),
    // BEGIN HIDDEN
    /// Write the student edition: without solutions, known-wrong programs and the commands below (for instructors)
    #[cfg(feature = "maintain")]
    Release(ReleaseArguments),
    /// Generate starters, rubrics and lists from the solutions, the checks and the registry (for maintainers)
    #[cfg(feature = "maintain")]
    Sync(SyncArguments),
    /// Prove the grader right by grading programs whose verdict is known (for maintainers)
    #[cfg(feature = "maintain")]
    Verify(VerifyArguments),
    // END HIDDEN
}

fn main() -> ExitCode {
    reset_signals();
    let mut arguments = std::env::args_os();
    match arguments.nth(1) {
        Some(first) if first == supervisor::ARGUMENT => return supervisor::main(arguments),
        Some(first) if first == terminal::ARGUMENT => return terminal::keep(arguments),
        Some(first) if first == null::ARGUMENT => return null::main(arguments),
        #[cfg(feature = "bench")]
        Some(first) if first == load::ARGUMENT => return load::main(),
        Some(first) if first == commands::check::SPIN => commands::check::spin_forever(),
        _ => {}
    }
    let children = Children::default();
    let arguments = Arguments::try_parse().unwrap_or_else(|error| absent::explain(&error));
    let result = match arguments.command {
        Command::Check(arguments) => commands::check::check(&arguments, &children),
        #[cfg(feature = "bench")]
        Command::Bench(arguments) => bench::bench(&arguments, &children),
        Command::Watch(arguments) => watch::watch(&arguments, &children),
        Command::List => list::list(),
        Command::Diff(arguments) => diff::diff(&arguments),
        Command::Doctor => doctor::doctor(&children),
        Command::Hint(arguments) => hint::hint(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Reset(arguments) => reset::reset(&arguments),
        Command::Next(arguments) => next::next(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments, &children),
        Command::Slides(arguments) => slides::slides(&arguments),
        // BEGIN HIDDEN
        #[cfg(feature = "maintain")]
        Command::Release(arguments) => release::release(&arguments),
        #[cfg(feature = "maintain")]
        Command::Sync(arguments) => sync::sync(&arguments),
        #[cfg(feature = "maintain")]
        Command::Verify(arguments) => verify::command(&arguments, &children),
        // END HIDDEN
    };
    result.unwrap_or_else(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            // The reader (a pager, `head`) has seen enough.
            return ExitCode::from(status::NOT_READ);
        }
        eprintln!("error: {error:#}");
        ExitCode::from(status::USAGE)
    })
}

const EXIT_STATUS: &str = "\
Exit status: 0 all passed; 1 something failed or did not compile; 2 a usage error, or inconclusive; \
130 interrupted.";
