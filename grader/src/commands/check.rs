//! `cargo grader check`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::TryRng;

use super::{FAILED, INTERRUPTED, USAGE};
use crate::json::{BuildFailure, Document};
use crate::labs::{self, Check, LABS, Lab};
use crate::outcome::Verdict;
use crate::repo::Repo;
use crate::report::{self, Report};
use crate::run::{Interrupt, Plan, run};
use crate::scores::Scores;
use crate::supervise::{self, Launch, Supervised};
use crate::variant::{self, BuildError, Variant};

#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Labs, as 1, 01 or blocking-threads; without one, the first that is not at 100
    #[arg(value_name = "LAB", conflicts_with = "all")]
    labs: Vec<String>,

    /// Check every lab
    #[arg(long)]
    all: bool,

    /// Only the checks of this task
    #[arg(long, value_name = "N")]
    task: Option<u8>,

    /// Only the checks whose ids begin so, as 01/half-close or reset
    #[arg(long, value_name = "ID-PREFIX")]
    only: Option<String>,

    /// Show every failure in full, not only the first
    #[arg(long)]
    full: bool,

    /// Check the reference solution instead of your code
    #[arg(long)]
    solution: bool,

    /// Check any program: its command, to which the lab's flags are added
    #[arg(long, value_name = "CMD", conflicts_with = "solution")]
    program: Option<String>,

    /// Repeat a run: the eight hexadecimal digits that its report shows
    #[arg(long, value_name = "SEED", value_parser = parse_seed)]
    seed: Option<u32>,

    /// Run everything N times, each time with the next seed, and count
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,

    /// Keep N processes spinning meanwhile, to see whether verdicts hold on a busy machine
    #[arg(long, value_name = "N", default_value_t = 0)]
    load: u32,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn parse_seed(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 16)
        .map_err(|_| "a seed has up to eight hexadecimal digits".to_owned())
}

/// Checks the labs asked for.
///
/// # Errors
///
/// Wrong usage, or trouble that is neither the student's nor a check's.
pub fn check(arguments: &CheckArguments) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let mut scores = Scores::load(&repo);
    let labs = labs_asked_for(arguments, &scores)?;
    let plans: Vec<_> = labs
        .into_iter()
        .map(|lab| Ok((lab, checks_asked_for(lab, arguments)?)))
        .collect::<Result<_>>()?;
    if plans.iter().all(|(_, checks)| checks.is_empty()) {
        bail!("no check is in task {}", arguments.task.unwrap_or(0));
    }
    let variant = match &arguments.program {
        Some(command) => Variant::Program(variant::parse_program(command)?),
        None if arguments.solution => Variant::Solution,
        None => Variant::Starter,
    };
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => rand::rngs::SysRng.try_next_u32().context("the kernel gives no random number")?,
    };
    raise_descriptor_limit()?;
    supervise::adopt_strays().context("cannot become a subreaper")?;
    let interrupt = listen_for_signals()?;
    let _load = spin(arguments.load)?;

    let remark = (!crate::probe::can_ask_sockets()).then(|| NO_PROOFS.to_owned());
    let (mut reports, mut not_built) = (Vec::new(), Vec::new());
    for (lab, checks) in plans {
        if checks.is_empty() {
            continue;
        }
        let built = match variant::build(&repo, lab, &variant, variant::Profile::Dev) {
            Ok(built) => built,
            Err(_) if interrupt.is_raised() => return Ok(ExitCode::from(INTERRUPTED)),
            Err(BuildError::Compile(errors)) => {
                if !arguments.json {
                    anstream::eprint!("{errors}");
                }
                not_built.push(BuildFailure { lab: lab.number, errors });
                continue;
            }
            Err(BuildError::Other(error)) => return Err(error),
        };
        let partial = checks.len() < lab.checks.len();
        for round in 0..arguments.repeat {
            let plan = Plan {
                lab,
                checks: checks.clone(),
                program: built.words.clone(),
                seed: seed.wrapping_add(round),
                charge_residue: arguments.only.is_none(),
            };
            let report = Report {
                lab,
                program: variant.label(),
                flags: flags(arguments),
                seed: plan.seed,
                outcomes: run_with_progress(&plan, &interrupt),
                remarks: built.remarks.iter().cloned().chain(remark.clone()).collect(),
                partial,
            };
            let result = report.result();
            if !arguments.json {
                show(&report, arguments, round)?;
            }
            let is_known = matches!(result, report::Result::Passed | report::Result::Failed);
            if matches!(variant, Variant::Starter) && !partial && is_known {
                scores.store(lab, report.score().0).context("cannot write .netlab-scores")?;
            }
            reports.push(report);
            if result == report::Result::Interrupted {
                break;
            }
        }
        if interrupt.is_raised() {
            break;
        }
    }
    if arguments.json {
        let document = serde_json::to_string_pretty(&Document::new(&reports, &not_built))?;
        writeln!(anstream::stdout(), "{document}")?;
    } else if arguments.repeat > 1 {
        summarise(&reports, arguments)?;
    }
    let status = status(&reports);
    Ok(ExitCode::from(if not_built.is_empty() { status } else { status.max(FAILED) }))
}

/// Said where the kernel, or a container's seccomp profile, forbids pidfd_getfd(2).
const NO_PROOFS: &str = "hangs cannot be proved here, so each takes 8 s to be found: pidfd_getfd(2) is \
                         forbidden. In a container: --cap-add SYS_PTRACE";

fn status(reports: &[Report]) -> u8 {
    let any = |wanted| reports.iter().any(|report| report.result() == wanted);
    if any(report::Result::Interrupted) {
        INTERRUPTED
    } else if any(report::Result::Failed) {
        FAILED
    } else if any(report::Result::Inconclusive) {
        USAGE
    } else {
        0
    }
}

fn labs_asked_for(arguments: &CheckArguments, scores: &Scores) -> Result<Vec<&'static Lab>> {
    if arguments.all {
        return Ok(LABS.to_vec());
    }
    if arguments.labs.is_empty() {
        let next = LABS.iter().find(|lab| scores.of(lab) != Some(100)).or(LABS.last());
        return Ok(next.copied().into_iter().collect());
    }
    arguments.labs.iter().map(|name| find_lab(name)).collect()
}

/// The lab that `name` means.
///
/// # Errors
///
/// None, with the closest names.
pub fn find_lab(name: &str) -> Result<&'static Lab> {
    labs::find(name).map_err(|closest| {
        let known = "`cargo grader list` shows all labs";
        unknown("lab", name, &closest, known)
    })
}

fn checks_asked_for(lab: &'static Lab, arguments: &CheckArguments) -> Result<Vec<&'static Check>> {
    let mut checks: Vec<&'static Check> = match &arguments.only {
        None => lab.checks.iter().collect(),
        Some(prefix) => labs::select(lab, prefix).map_err(|closest| {
            let known = format!("labs/{}/README.md lists all checks", lab.folder());
            unknown("check", prefix, &closest, &known)
        })?,
    };
    if let Some(task) = arguments.task {
        if !lab.tasks.iter().any(|known| known.number == task) {
            let last = lab.tasks.len();
            bail!("lab {} has no task {task}: its tasks are 1 to {last}", lab.number);
        }
        checks.retain(|check| check.task == task);
    }
    Ok(checks)
}

fn unknown(kind: &str, name: &str, closest: &[String], known: &str) -> anyhow::Error {
    match closest {
        [] => anyhow::anyhow!("there is no {kind} {name}; {known}"),
        some => anyhow::anyhow!("there is no {kind} {name}; did you mean {}?", some.join(", ")),
    }
}

/// What to repeat on the command line so that the same program is graded again.
fn flags(arguments: &CheckArguments) -> String {
    match &arguments.program {
        Some(command) => match shlex::try_quote(command) {
            Ok(quoted) => format!(" --program {quoted}"),
            Err(_) => String::new(),
        },
        None if arguments.solution => " --solution".to_owned(),
        None => String::new(),
    }
}

/// Runs `plan` with a bar that says what is done, where somebody looks.
fn run_with_progress(plan: &Plan, interrupt: &Interrupt) -> Vec<crate::outcome::Outcome> {
    // indicatif draws on a terminal only.
    let target = ProgressDrawTarget::stderr();
    let bar = ProgressBar::with_draw_target(Some(plan.checks.len() as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} checks {msg}") {
        bar.set_style(style);
    }
    let outcomes = run(plan, interrupt, |outcome| {
        bar.inc(1);
        if matches!(outcome.verdict, Verdict::Failed(_)) {
            bar.set_message(format!("✗ {}", outcome.check.name()));
        }
    });
    bar.finish_and_clear();
    outcomes
}

/// Prints a report; of many, only what did not pass.
fn show(report: &Report, arguments: &CheckArguments, round: u32) -> Result<()> {
    let mut out = anstream::stdout().lock();
    if arguments.repeat == 1 {
        report.write(&mut out, arguments.full)?;
        return Ok(());
    }
    let troubled = report.outcomes.iter().filter_map(|outcome| {
        let what = match &outcome.verdict {
            Verdict::Failed(failure) => failure.observed.first().cloned().unwrap_or_default(),
            Verdict::Inconclusive(reason) => format!("inconclusive: {reason}"),
            _ if outcome.tries > 1 => format!("passed in try {}", outcome.tries),
            _ => return None,
        };
        Some(format!("{}: {what}", outcome.check.id))
    });
    for line in troubled {
        writeln!(out, "run {}, seed {:08x}: {line}", round + 1, report.seed)?;
    }
    Ok(())
}

/// Counts the runs of `--repeat`.
fn summarise(reports: &[Report], arguments: &CheckArguments) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let count = |wanted| reports.iter().filter(|report| report.result() == wanted).count();
    let retried = reports.iter().filter(|report| report.retries() > 0).count();
    writeln!(
        out,
        "{} runs: {} passed, {} failed, {} inconclusive; {retried} with a check tried again",
        reports.len(),
        count(report::Result::Passed),
        count(report::Result::Failed),
        count(report::Result::Inconclusive),
    )?;
    let bad = reports.iter().find(|report| report.result() != report::Result::Passed);
    if let Some(report) = bad {
        let (lab, mut flags, seed) = (report.lab.number, report.flags.clone(), report.seed);
        if let Some(task) = arguments.task {
            flags += &format!(" --task {task}");
        }
        if let Some(prefix) = &arguments.only {
            flags += &format!(" --only {prefix}");
        }
        writeln!(
            out,
            "to repeat the first that did not pass: cargo grader check {lab}{flags} --seed {seed:08x}"
        )?;
    }
    Ok(())
}

/// The grader is the other end of every connection (rule R11).
///
/// # Errors
///
/// The kernel does not allow it.
pub fn raise_descriptor_limit() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("cannot raise the limit of open descriptors")
}

/// Turns SIGINT, SIGTERM and SIGHUP into an interrupt: checks end, processes are gone, what is known is
/// printed. A second signal ends the grader at once; its supervisors then end what they watch.
///
/// # Errors
///
/// No thread or no handler could be had.
pub fn listen_for_signals() -> Result<Interrupt> {
    use tokio::signal::unix::{SignalKind, signal};
    let (switch, interrupt) = Interrupt::new();
    let (sender, ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let listen = async {
            let mut signals = Vec::new();
            for kind in kinds {
                signals.push(signal(kind)?);
            }
            std::io::Result::Ok(signals)
        };
        let listening = runtime.and_then(|runtime| {
            let signals = runtime.block_on(listen)?;
            Ok((runtime, signals))
        });
        let (runtime, mut signals) = match listening {
            Ok(listening) => listening,
            Err(error) => return drop(sender.send(Err(error))),
        };
        let _ = sender.send(Ok(()));
        static SECOND: AtomicBool = AtomicBool::new(false);
        runtime.block_on(async {
            loop {
                let any = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
                futures_util::future::select_all(any).await;
                if SECOND.swap(true, Ordering::Relaxed) {
                    std::process::exit(i32::from(INTERRUPTED));
                }
                if std::io::stderr().is_terminal() {
                    anstream::eprintln!("\nstopping; once more to stop at once");
                }
                let _ = switch.send(true);
                variant::stop_build();
            }
        });
    });
    ready.recv().context("no thread for signals")?.context("cannot listen for signals")?;
    Ok(interrupt)
}

/// The first argument of a process that only spins.
pub const SPIN: &str = "__spin";

/// Starts `count` processes that spin until the result is dropped, or the grader ends.
fn spin(count: u32) -> Result<Vec<Supervised>> {
    let grader = std::env::current_exe().context("cannot tell where the grader is")?;
    let launch = Launch { words: vec![grader.into(), SPIN.into()], descriptors: 64 };
    let start =
        |_| Supervised::start(&launch, &[], None).context("cannot start a spinning process");
    (0..count).map(start).collect()
}

/// Uses a CPU for as long as it is let.
pub fn spin_for_ever() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
