//! `cargo grader check`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use checks::LABS;
use clap::Args;
use course::checkout::Checkout;
use course::explanations::SlideReference;
use course::file;
use engine::interrupt::Interrupt;
use engine::lab::{Check, Lab};
use engine::run::{Outcome, Plan, Verdict, run};
use engine::subject::build::{BuildError, Profile, Variant, parse_program};
use engine::subject::{Children, DescriptorLimit, Launch, Launcher, Supervised};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::TryRng;

use super::labs::{find_checks, find_lab};
use crate::given::changed_files;
use crate::guide;
use crate::progress::Progress;
use crate::report::{BuildFailure, Detail, Document, Report, Summary, page};
use crate::session::Session;
use crate::status::{FAILED, INTERRUPTED, USAGE};
use crate::style;
use crate::ticker::Ticker;

#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Labs, such as 1, 01 or blocking-threads [default: the first unfinished one]
    #[arg(value_name = "LAB", conflicts_with = "all")]
    labs: Vec<String>,

    /// Check every lab
    #[arg(long)]
    all: bool,

    /// Run only the checks of this task
    #[arg(long, value_name = "N")]
    task: Option<u8>,

    /// Run only the checks whose ids begin with this, such as 01/half-close or reset
    #[arg(long, value_name = "ID-PREFIX")]
    only: Option<String>,

    /// Show every failure in full, not only the first
    #[arg(long)]
    full: bool,

    /// Check the reference solution instead of your code
    #[arg(long)]
    solution: bool,

    /// Check another program: CMD is its command; the lab's flags are appended
    #[arg(long, value_name = "CMD", conflicts_with = "solution")]
    program: Option<String>,

    /// Repeat an earlier run: SEED is the eight hexadecimal digits in its report
    #[arg(long, value_name = "SEED", value_parser = parse_seed)]
    seed: Option<u32>,

    /// Run everything N times, each time with the next seed, and count the results
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,

    /// Keep N processes spinning during the run, to test whether verdicts hold on a busy machine
    #[arg(long, value_name = "N", default_value_t = 0)]
    load: u32,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    /// Also write an HTML report that shows each failed check's messages as a diagram
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Not an option of `check`: says which command is meant
    #[arg(long, hide = true)]
    watch: bool,
}

fn parse_seed(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 16).map_err(|_| "a seed is up to eight hexadecimal digits".to_owned())
}

/// Checks the requested labs. `children` are those of this process.
///
/// # Errors
///
/// Wrong usage, or a fault in the grader or the machine.
pub fn check(arguments: &CheckArguments, children: &Children) -> Result<ExitCode> {
    if arguments.watch {
        let lab = arguments.labs.first().map_or("", String::as_str);
        bail!("to check a lab again after each change, run: cargo grader watch {lab}");
    }
    let checkout = Checkout::find()?;
    let mut progress = Progress::load(&checkout);
    let requests = requests(arguments, &progress)?;
    let variant = match &arguments.program {
        Some(command) => Variant::Program(parse_program(command)?),
        None if arguments.solution => Variant::Solution,
        None => Variant::Starter,
    };
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => rand::rngs::SysRng.try_next_u32().context("the kernel returns no random number")?,
    };
    let session = Session::begin(checkout, children)?;
    let _spinners = spin(&session.launcher, arguments.load)?;
    let remark = (!observe::can_inspect_sockets()).then(|| NO_PROOFS.to_owned());
    let run = CheckRun { arguments, session: &session, variant: &variant, seed, remark };
    let (mut reports, mut not_built) = (Vec::new(), Vec::new());
    for (lab, checks) in requests {
        match session.build(lab, &variant, Profile::Dev) {
            Ok(program) => run.lab(lab, &checks, &program, &mut progress, &mut reports)?,
            Err(_) if session.interrupt.is_raised() => return Ok(ExitCode::from(INTERRUPTED)),
            Err(BuildError::Compile(errors)) => {
                if !arguments.json {
                    anstream::eprint!("{errors}");
                }
                not_built.push(BuildFailure { lab: lab.number, errors });
            }
            Err(BuildError::Other(error)) => return Err(error),
        }
        if session.interrupt.is_raised() {
            break;
        }
    }
    if arguments.json {
        let document = Document::new(session.launcher.confinement(), &reports, &not_built);
        writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&document)?)?;
    } else if arguments.repeat > 1 {
        summarise(&reports, arguments)?;
    }
    if let Some(path) = &arguments.html {
        write_page(&session.checkout, path, &reports, &not_built)?;
    }
    // An interrupt between two labs interrupts no check, but leaves the remaining labs without a report.
    let status = if session.interrupt.is_raised() { INTERRUPTED } else { status(&reports) };
    Ok(ExitCode::from(if not_built.is_empty() { status } else { status.max(FAILED) }))
}

/// Writes a page with `reports` to the file at `path`.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn write_page(
    checkout: &Checkout,
    path: &Path,
    reports: &[Report],
    not_built: &[BuildFailure],
) -> Result<()> {
    let book = checkout.target().join("slides/book");
    let address = |slide: &SlideReference| {
        let page = book.join(format!("{}.html", slide.deck)).canonicalize().ok()?;
        Some(format!("{}#{}", file::address(&page), slide.slide))
    };
    let text = page(reports, not_built, &address);
    file::replace(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// What all labs of one `check` run share.
struct CheckRun<'c> {
    arguments: &'c CheckArguments,
    session: &'c Session,
    variant: &'c Variant,
    seed: u32,
    /// A remark about the machine, added to each report.
    remark: Option<String>,
}

impl CheckRun<'_> {
    /// Runs `checks` of `lab` on `program`, a command, as often as requested.
    fn lab(
        &self,
        lab: &'static Lab,
        checks: &[&'static Check],
        program: &[OsString],
        progress: &mut Progress,
        reports: &mut Vec<Report>,
    ) -> Result<()> {
        let Self { arguments, session, variant, seed, remark } = self;
        let mut remarks = match variant {
            Variant::Starter => changed_files(&session.checkout, lab),
            _ => Vec::new(),
        };
        remarks.extend(remark.clone());
        for round in 0..arguments.repeat {
            let plan = Plan {
                lab,
                checks: checks.to_vec(),
                program: program.to_vec(),
                launcher: session.launcher.clone(),
                seed: seed.wrapping_add(round),
                charge_residue: arguments.only.is_none(),
                expected_failures: BTreeSet::new(),
            };
            let mut report = Report {
                lab,
                program: variant.label(),
                flags: flags(arguments),
                seed: plan.seed,
                outcomes: run_with_progress(&plan, &session.interrupt),
                remarks: remarks.clone(),
                partial: checks.len() < lab.checks.len(),
                next: None,
            };
            let summary = report.summary();
            if matches!(variant, Variant::Starter) {
                if let Err(error) = progress.record_run(lab, &report.outcomes) {
                    // The verdict holds anyway: a checkout may be read-only.
                    report.remarks.push(error.to_string());
                }
                report.next = guide::after_run(&report, progress);
            }
            if !arguments.json {
                show(&report, arguments, round)?;
            }
            reports.push(report);
            if summary == Summary::Interrupted {
                break;
            }
        }
        Ok(())
    }
}

/// The remark for machines where the kernel, or a container's seccomp profile, forbids pidfd_getfd(2).
const NO_PROOFS: &str = "hangs cannot be proven here, so each takes 8 s to detect: pidfd_getfd(2) is \
                         forbidden. In a container: --cap-add SYS_PTRACE";

fn status(reports: &[Report]) -> u8 {
    let any = |wanted| reports.iter().any(|report| report.summary() == wanted);
    if any(Summary::Interrupted) {
        INTERRUPTED
    } else if any(Summary::Failed) {
        FAILED
    } else if any(Summary::Inconclusive) {
        USAGE
    } else {
        0
    }
}

/// The requested labs, each with its checks; labs without any are left out.
fn requests(
    arguments: &CheckArguments,
    progress: &Progress,
) -> Result<Vec<(&'static Lab, Vec<&'static Check>)>> {
    let mut requests = Vec::new();
    for lab in requested_labs(arguments, progress)? {
        requests.push((lab, requested_checks(lab, arguments)?));
    }
    requests.retain(|(_, checks)| !checks.is_empty());
    if requests.is_empty() {
        bail!("no matching check in task {}", arguments.task.unwrap_or(0));
    }
    Ok(requests)
}

fn requested_labs(arguments: &CheckArguments, progress: &Progress) -> Result<Vec<&'static Lab>> {
    if arguments.all {
        return Ok(LABS.to_vec());
    }
    if arguments.labs.is_empty() {
        return Ok(vec![guide::current_lab(progress)]);
    }
    arguments.labs.iter().map(|name| find_lab(name)).collect()
}

fn requested_checks(lab: &'static Lab, arguments: &CheckArguments) -> Result<Vec<&'static Check>> {
    let mut checks: Vec<&'static Check> = match &arguments.only {
        None => lab.checks.iter().collect(),
        Some(prefix) => find_checks(lab, prefix)?,
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

/// The flags that grade the same program again.
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

/// Runs `plan`, with a progress bar on a terminal.
fn run_with_progress(plan: &Plan, interrupt: &Interrupt) -> Vec<Outcome> {
    // indicatif draws on a terminal only.
    let target = ProgressDrawTarget::stderr();
    let bar = ProgressBar::with_draw_target(Some(plan.checks.len() as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar.set_message("starting the program");
    bar.tick();
    let mut ticker = Ticker::default();
    let outcomes = run(plan, interrupt, |event| {
        ticker.record(event);
        bar.set_position(ticker.ended);
        bar.set_message(ticker.text());
    });
    bar.finish_and_clear();
    outcomes
}

/// Prints a report; with `--repeat`, only the checks that did not pass on the first try.
fn show(report: &Report, arguments: &CheckArguments, round: u32) -> Result<()> {
    let mut out = anstream::stdout().lock();
    if arguments.repeat == 1 {
        let detail = if arguments.full { Detail::All } else { Detail::First };
        report.write(&mut out, detail, style::width())?;
        return Ok(());
    }
    let troubled = report.outcomes.iter().filter_map(|outcome| {
        let what = match &outcome.verdict {
            Verdict::Failed(failure) => failure.headline(),
            Verdict::Inconclusive(reason) => format!("inconclusive: {reason}"),
            _ if outcome.tries > 1 => format!("passed on try {}", outcome.tries),
            _ => return None,
        };
        Some(format!("{}: {what}", outcome.check.id()))
    });
    for line in troubled {
        writeln!(out, "run {}, seed {:08x}: {line}", round + 1, report.seed)?;
    }
    Ok(())
}

/// Prints the counts of a `--repeat` run.
fn summarise(reports: &[Report], arguments: &CheckArguments) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let count = |wanted| reports.iter().filter(|report| report.summary() == wanted).count();
    let retried = reports.iter().filter(|report| report.retries() > 0).count();
    writeln!(
        out,
        "{} runs: {} passed, {} failed, {} inconclusive; a check was retried in {retried}",
        reports.len(),
        count(Summary::Passed),
        count(Summary::Failed),
        count(Summary::Inconclusive),
    )?;
    let bad = reports.iter().find(|report| report.summary() != Summary::Passed);
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
            "to repeat the first run that did not pass: cargo grader check {lab}{flags} --seed {seed:08x}"
        )?;
    }
    Ok(())
}

/// The first argument of a process that only spins.
pub const SPIN: &str = "__spin";

/// Starts `count` processes that spin until the returned handles are dropped or the grader ends.
pub(crate) fn spin(launcher: &Launcher, count: u32) -> Result<Vec<Supervised>> {
    /// A spinner needs its executable and standard streams.
    const DESCRIPTORS: u64 = 64;
    let grader = std::env::current_exe().context("cannot find the grader's executable")?;
    let launch = Launch::new(vec![grader.into(), SPIN.into()], DescriptorLimit::fixed(DESCRIPTORS));
    let start = |_| launcher.start(&launch, None).context("cannot start a spinning process");
    (0..count).map(start).collect()
}

/// Uses a CPU until it is killed.
pub fn spin_forever() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
