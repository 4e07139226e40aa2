//! Builds and checks a lab in the background. A new run cancels the one before it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use course::checkout::Checkout;
use engine::interrupt::{Interrupt, InterruptSwitch};
use engine::lab::{Check, Lab};
use engine::run::{Outcome, Plan, RunEvent, Verdict, charge_residue, run};
use engine::subject::Children;
use engine::subject::build::{BuildError, Profile, Variant};
use rand::TryRng;

use super::event::{Event, Finished, Troubled};
use crate::commands::check::spin;
use crate::session::Session;
use crate::ticker::Ticker;

/// What to run.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// The checks of this task, up to the first that fails; if they pass, all others.
    Task(u8),
    /// All checks, up to the first that fails.
    UntilFailure,
    /// All checks.
    All,
    /// These checks, [`STRESS_RUNS`] times beside [`SPINNERS`] busy processes.
    Stress(Vec<&'static Check>),
}

/// How often `s` runs the checks, and how many processes spin beside them.
pub(super) const STRESS_RUNS: u32 = 20;
pub(super) const SPINNERS: u32 = 4;

/// Runs one thing at a time.
pub(super) struct Runner {
    checkout: Checkout,
    children: Children,
    lab: &'static Lab,
    events: Sender<Event>,
    running: Option<(InterruptSwitch, JoinHandle<()>)>,
    /// The number of the last run.
    last: u64,
}

impl Runner {
    pub(super) fn new(
        checkout: Checkout,
        children: &Children,
        lab: &'static Lab,
        events: Sender<Event>,
    ) -> Self {
        Self { checkout, children: children.clone(), lab, events, running: None, last: 0 }
    }

    /// Starts a run, after cancelling the one before it. Returns its number, which its events have.
    pub(super) fn start(&mut self, scope: Scope) -> u64 {
        self.cancel();
        let before = self.running.take();
        self.last += 1;
        let (switch, interrupt) = Interrupt::new();
        let job = Job {
            number: self.last,
            scope,
            lab: self.lab,
            checkout: self.checkout.clone(),
            children: self.children.clone(),
            events: self.events.clone(),
            switch: switch.clone(),
            interrupt,
        };
        let thread = std::thread::spawn(move || {
            if let Some((_, thread)) = before {
                let _ = thread.join();
            }
            job.run();
        });
        self.running = Some((switch, thread));
        self.last
    }

    /// Ends what is running, without waiting.
    pub(super) fn cancel(&self) {
        if let Some((switch, _)) = &self.running {
            switch.raise();
        }
    }

    /// Ends what is running, and waits until its processes are gone.
    pub(super) fn stop(&mut self) {
        if let Some((switch, thread)) = self.running.take() {
            switch.raise();
            let _ = thread.join();
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Job {
    number: u64,
    scope: Scope,
    lab: &'static Lab,
    checkout: Checkout,
    children: Children,
    events: Sender<Event>,
    switch: InterruptSwitch,
    interrupt: Interrupt,
}

impl Job {
    fn run(&self) {
        if self.interrupt.is_raised() {
            return;
        }
        let finished = self.check().unwrap_or_else(|error| Finished::Error(format!("{error:#}")));
        let _ = self.events.send(Event::Finished(self.number, finished));
    }

    fn say(&self, status: String) {
        let _ = self.events.send(Event::Status(self.number, status));
    }

    fn check(&self) -> Result<Finished> {
        self.say("building".to_owned());
        let interrupt = self.interrupt.clone();
        let session = Session::with_interrupt(self.checkout.clone(), &self.children, interrupt)?;
        let built = session.builder().build(
            self.lab.info,
            &Variant::Starter,
            Profile::Dev,
            &mut |crates, name| self.say(format!("building: crate {crates}, {name}")),
        );
        let program = match built {
            Ok(program) => program,
            Err(BuildError::Compile(errors)) => return Ok(Finished::NotBuilt(errors)),
            Err(BuildError::Other(error)) => return Err(error),
        };
        let seed =
            rand::rngs::SysRng.try_next_u32().context("the kernel returns no random number")?;
        let all: Vec<&'static Check> = self.lab.checks.iter().collect();
        match &self.scope {
            Scope::Task(task) => {
                let (own, others): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|check| check.task == *task);
                let mut outcomes = self.run_checks(&session, &program, own, seed, true);
                let is_green = outcomes.iter().all(|it| matches!(it.verdict, Verdict::Passed));
                if is_green && !self.interrupt.is_raised() {
                    outcomes.extend(self.run_checks(&session, &program, others, seed, false));
                    let place = |outcome: &Outcome| {
                        self.lab.checks.iter().position(|check| check.name == outcome.check.name)
                    };
                    outcomes.sort_by_key(place);
                    charge_residue(self.lab, &mut outcomes);
                }
                Ok(Finished::Checked { seed, outcomes })
            }
            Scope::All | Scope::UntilFailure => {
                let stops = matches!(self.scope, Scope::UntilFailure);
                let mut outcomes = self.run_checks(&session, &program, all, seed, stops);
                charge_residue(self.lab, &mut outcomes);
                Ok(Finished::Checked { seed, outcomes })
            }
            Scope::Stress(checks) => self.stress(&session, &program, checks, seed),
        }
    }

    fn plan(
        &self,
        session: &Session,
        program: &[OsString],
        checks: Vec<&'static Check>,
        seed: u32,
    ) -> Plan {
        Plan {
            lab: self.lab,
            checks,
            program: program.to_vec(),
            launcher: session.launcher.clone(),
            seed,
            // Only once all outcomes are known.
            charge_residue: false,
            expected_failures: BTreeSet::new(),
        }
    }

    /// Runs `checks` once; if `stops`, only up to the first that fails. What was not run is left out.
    fn run_checks(
        &self,
        session: &Session,
        program: &[OsString],
        checks: Vec<&'static Check>,
        seed: u32,
        stops: bool,
    ) -> Vec<Outcome> {
        let count = checks.len();
        let plan = self.plan(session, program, checks, seed);
        let mut ticker = Ticker::default();
        let mut outcomes = run(&plan, &self.interrupt, |event| {
            ticker.record(event);
            self.say(format!("{} of {count} checks: {}", ticker.ended, ticker.text()));
            if let RunEvent::Ended(outcome) = event
                && stops
                && matches!(outcome.verdict, Verdict::Failed(_))
            {
                self.switch.raise();
            }
        });
        outcomes.retain(|outcome| !matches!(outcome.verdict, Verdict::Interrupted));
        outcomes
    }

    fn stress(
        &self,
        session: &Session,
        program: &[OsString],
        checks: &[&'static Check],
        seed: u32,
    ) -> Result<Finished> {
        let _spinners = spin(&session.launcher, SPINNERS)?;
        let mut troubled: Vec<Troubled> = Vec::new();
        for round in 0..STRESS_RUNS {
            let seed = seed.wrapping_add(round);
            let plan = self.plan(session, program, checks.to_vec(), seed);
            self.say(format!(
                "run {} of {STRESS_RUNS} beside {SPINNERS} busy processes",
                round + 1
            ));
            for outcome in run(&plan, &self.interrupt, |_| {}) {
                let (failed, inconclusive) = match outcome.verdict {
                    Verdict::Failed(_) => (1, 0),
                    Verdict::Inconclusive(_) => (0, 1),
                    // What blocked it is counted.
                    Verdict::Passed | Verdict::Blocked { .. } | Verdict::Interrupted => continue,
                };
                let check = outcome.check;
                match troubled.iter_mut().find(|it| it.check.id() == check.id()) {
                    Some(it) => {
                        it.failed += failed;
                        it.inconclusive += inconclusive;
                    }
                    None => troubled.push(Troubled { check, failed, inconclusive }),
                }
            }
            if self.interrupt.is_raised() {
                break;
            }
        }
        Ok(Finished::Stressed(troubled))
    }
}
