//! `cargo grader watch`: builds and checks a lab again after each change.

mod event;
pub(super) mod files;
mod runner;
mod screen;
pub mod terminal;

use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use course::checkout::Checkout;
use engine::lab::{Check, Lab};
use engine::run::START_UP;
use engine::subject::Children;
use engine::subject::build::Variant;
use engine::verdict::FailureKind;
use tokio::signal::unix::{SignalKind, signal};

use self::event::{Event, Finished};
use self::runner::{Runner, Scope};
use self::screen::{Screen, View};
use self::terminal::Terminal;
use super::check::write_page;
use super::explain::write_explanation;
use super::hint::write_hint;
use super::labs::find_lab;
use super::list::write_list;
use super::next::write_next;
use crate::given::changed_files;
use crate::guide;
use crate::progress::Progress;
use crate::report::{Report, Summary, write_transcript};
use crate::session::listen_for_signals;
use crate::status::INTERRUPTED;

#[derive(Args, Debug)]
pub struct WatchArguments {
    /// A lab, such as 1, 01 or blocking-threads [default: the first unfinished one]
    lab: Option<String>,

    /// Compare the files twice a second, in case the kernel reports no changes
    #[arg(long)]
    poll: bool,
}

/// Editors often save in two steps: they write a new file, then rename it.
const SETTLE: Duration = Duration::from_millis(20);

/// A file that keeps changing does not keep a run from starting.
const MAX_SETTLE: Duration = Duration::from_millis(100);

/// Watches a lab until `q` or Ctrl-C is pressed. `children` are those of this process.
///
/// # Errors
///
/// The lab does not exist, its files cannot be watched, or standard output is closed.
pub fn watch(arguments: &WatchArguments, children: &Children) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let progress = Progress::load(&checkout);
    let lab = match &arguments.lab {
        Some(name) => find_lab(name)?,
        None => guide::current_lab(&progress),
    };
    let (sender, events) = mpsc::channel();
    let to_change = sender.clone();
    let watched = files::watch(&checkout, lab.info, arguments.poll, move || {
        let _ = to_change.send(Event::Changed);
    })?;
    let terminal = Terminal::open(children)?;
    forward_signals(sender.clone(), terminal.is_some())?;
    if terminal.is_some() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            terminal::read_keys(|key| sender.send(Event::Key(key)).is_ok());
            // The terminal is gone.
            let _ = sender.send(Event::Quit);
        });
    }
    let runner = Runner::new(checkout.clone(), children, lab, sender);
    let screen = Screen::new(terminal.is_some(), watched.polls);
    let mut watch = Watch { checkout, lab, progress, runner, screen, current: 0, report: None };
    let status = watch.follow(&events)?;
    Ok(ExitCode::from(status))
}

/// Sends an event when the terminal changes or the grader is to end. The thread sleeps in between.
fn forward_signals(sender: Sender<Event>, has_terminal: bool) -> Result<()> {
    let interrupt = listen_for_signals(false)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot listen for signals")?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let resized = signal(SignalKind::window_change());
            let continued = signal(SignalKind::from_raw(libc::SIGCONT));
            if let (Ok(mut resized), Ok(mut continued)) = (resized, continued) {
                loop {
                    tokio::select! {
                        () = interrupt.raised() => break,
                        _ = resized.recv() => {}
                        _ = continued.recv() => {
                            // The shell has changed the mode. Without a keeper, nothing would restore it.
                            if has_terminal {
                                let _ = terminal::enter_mode();
                            }
                        }
                    }
                    let _ = sender.send(Event::Redraw);
                }
            } else {
                interrupt.raised().await;
            }
            let _ = sender.send(Event::Quit);
        });
    });
    Ok(())
}

struct Watch {
    checkout: Checkout,
    lab: &'static Lab,
    progress: Progress,
    runner: Runner,
    screen: Screen,
    /// The number of the run whose events count.
    current: u64,
    /// The last report.
    report: Option<Rc<Report>>,
}

impl Watch {
    /// Reacts to events until one ends it. Returns the exit status.
    fn follow(&mut self, events: &Receiver<Event>) -> Result<u8> {
        self.start_task();
        let mut status = None;
        while status.is_none() {
            let event = events.recv().unwrap_or(Event::Quit);
            let is_change = matches!(event, Event::Changed);
            status = self.react(event)?;
            if is_change && status.is_none() {
                self.runner.cancel();
                status = self.settle(events)?;
                if status.is_none() {
                    self.start_task();
                }
            }
        }
        self.screen.end()?;
        Ok(status.unwrap_or_default())
    }

    /// Waits until no file has changed for a moment, and reacts to other events. Returns the exit status if one ends
    /// `watch`.
    fn settle(&mut self, events: &Receiver<Event>) -> Result<Option<u8>> {
        let begin = Instant::now();
        let mut end = begin + SETTLE;
        loop {
            let event = match events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Event::Changed) => {
                    end = (Instant::now() + SETTLE).min(begin + MAX_SETTLE);
                    continue;
                }
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => Event::Quit,
            };
            let status = self.react(event)?;
            if status.is_some() {
                return Ok(status);
            }
        }
    }

    /// Runs the checks of the first unfinished task; those of all tasks, if the lab is finished.
    fn start_task(&mut self) {
        let task = self.progress.next_task(self.lab);
        let scope = task.map_or(Scope::UntilFailure, |task| Scope::Task(task.number));
        self.current = self.runner.start(scope);
    }

    /// Reacts to an event. Returns the exit status if it ends `watch`.
    fn react(&mut self, event: Event) -> Result<Option<u8>> {
        match event {
            Event::Quit => return Ok(Some(INTERRUPTED)),
            Event::Changed => {}
            Event::Redraw => self.screen.redraw()?,
            Event::Status(number, status) if number == self.current => {
                self.screen.status(status)?;
            }
            Event::Finished(number, finished) if number == self.current => {
                self.finish(finished)?;
            }
            Event::Status(..) | Event::Finished(..) => {}
            // Ctrl-D, too.
            Event::Key(b'q' | 4) => return Ok(Some(0)),
            Event::Key(key) => self.press(key)?,
        }
        Ok(None)
    }

    fn finish(&mut self, finished: Finished) -> Result<()> {
        let view = match finished {
            Finished::NotBuilt(errors) => View::Errors(errors),
            Finished::Error(error) => View::Errors(format!("error: {error}\n")),
            Finished::Stressed(failed) => View::Stressed(failed),
            Finished::Checked { seed, outcomes } => {
                let mut report = Report {
                    lab: self.lab,
                    program: Variant::Starter.label(),
                    flags: String::new(),
                    seed,
                    partial: outcomes.len() < self.lab.checks.len(),
                    outcomes,
                    remarks: changed_files(&self.checkout, self.lab),
                    next: None,
                };
                let before = self.progress.next_task(self.lab).map_or(u8::MAX, |it| it.number);
                if let Err(error) = self.progress.record_run(self.lab, &report.outcomes) {
                    report.remarks.push(error.to_string());
                }
                let now = self.progress.next_task(self.lab).map_or(u8::MAX, |it| it.number);
                // Failures of later tasks are not the point yet.
                let is_later = now > before || before == u8::MAX && now == u8::MAX;
                report.next = match report.summary() {
                    Summary::Failed if is_later => {
                        Some(guide::after_success(&report, &self.progress))
                    }
                    _ => guide::after_run(&report, &self.progress),
                };
                let report = Rc::new(report);
                self.report = Some(Rc::clone(&report));
                View::Report { report, is_later }
            }
        };
        self.screen.show(view)
    }

    fn press(&mut self, key: u8) -> Result<()> {
        let lab = self.lab;
        match key {
            b'r' => self.start_task(),
            b'a' => self.current = self.runner.start(Scope::All),
            b's' => {
                let has_passed = |check: &&Check| self.progress.has_passed(check) == Some(true);
                let checks: Vec<_> = lab.checks.iter().filter(has_passed).collect();
                if checks.is_empty() {
                    self.screen.note("no check has passed yet, so there is nothing to stress")?;
                } else {
                    self.current = self.runner.start(Scope::Stress(checks));
                }
            }
            b'f' => self.screen.toggle_full()?,
            b'w' => match &self.report {
                Some(report) => {
                    let file = self.checkout.target().join(format!("{}.html", lab.folder()));
                    let reports = std::slice::from_ref(&**report);
                    let note = match write_page(&self.checkout, &file, reports, &[]) {
                        Ok(()) => format!("written: {}", file.display()),
                        Err(error) => format!("{error:#}"),
                    };
                    self.screen.note(&note)?;
                }
                None => self.screen.note("there is no report yet")?,
            },
            b'h' | b'e' | b't' => self.show_about_failure(key)?,
            b'l' => {
                self.screen.show_over(|out, width| write_list(out, &self.progress, width))?;
            }
            b'n' => self.screen.show_over(|out, width| {
                write_next(out, &self.checkout, &self.progress, lab, width)
            })?,
            // Escape and the like return to the report.
            _ => self.screen.show_report()?,
        }
        Ok(())
    }

    /// Shows a hint (`h`), the explanation (`e`) or the transcript (`t`) of the first check that failed in the last report.
    fn show_about_failure(&mut self, key: u8) -> Result<()> {
        let first = self.report.as_ref().and_then(|report| report.failures().next());
        let Some((check, failure)) = first else {
            return self.screen.note(match key {
                b'h' => "no check has failed, so there is no hint",
                _ => "no check has failed",
            });
        };
        if key == b'h' && matches!(failure.kind, FailureKind::NotWritten { .. }) {
            return self.screen.note("this part is not written yet; press n for its task");
        }
        if key != b't' && check.name == START_UP.name {
            return self.screen.note("the program does not start; the report says why");
        }
        let (lab, checkout) = (self.lab, &self.checkout);
        self.screen.show_over(|out, width| match key {
            b'h' => write_hint(out, &mut self.progress, lab, check, width),
            b'e' => write_explanation(out, checkout, lab, check, width),
            _ => write_transcript(out, failure, width),
        })
    }
}
