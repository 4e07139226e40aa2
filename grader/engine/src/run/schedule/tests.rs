use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use course::labs::LabInfo;
use observe::Starvation;

use super::*;
use crate::check::Described;
use crate::drive::{Context, Exchange, Mismatch, Payload, Program, Request, Service, Tcp};
use crate::lab::{Lab, check};
use crate::run::residue;
use crate::subject::{Children, Confinement, Launcher};
use crate::verdict::{Cause, Certainty, CheckError, Explanation, Failure, FailureKind};

/// A protocol that no check here speaks.
#[derive(Debug)]
struct Silence;

impl Exchange for Silence {
    fn request(&self, _: &Context) -> Request {
        let nothing = Payload::Bytes(Vec::new());
        Request { sends: nothing.clone(), answer: std::rc::Rc::new(nothing) }
    }

    fn flood(&self, context: &Context, length: u64) -> Payload {
        context.stream(length)
    }

    fn explain(&self, _: &Mismatch) -> Cause {
        Explanation::new("noise", "something arrived").into()
    }
}

static SERVICE: Service = Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &Silence };

static INFO: LabInfo = LabInfo { number: 99, topic: "schedule", ..*course::labs::lab(1) };

static LAB: Lab = Lab {
    info: &INFO,
    service: &SERVICE,
    checks: &CHECKS,
    explanations: "",
    residue_check: Some("second"),
};

static RUNNING: AtomicUsize = AtomicUsize::new(0);
static TRIED: AtomicUsize = AtomicUsize::new(0);

/// Runs for a while, and returns the largest number of other checks that ran at the same time.
async fn neighbours() -> usize {
    let mut most = RUNNING.fetch_add(1, Ordering::SeqCst);
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        most = most.max(RUNNING.load(Ordering::SeqCst) - 1);
    }
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    most
}

async fn needs_the_machine() -> Result<(), CheckError> {
    let neighbours = neighbours().await;
    match (TRIED.fetch_add(1, Ordering::SeqCst), neighbours) {
        (1.., 0) => Ok(()),
        (tried, _) => Err(CheckError::Inconclusive(format!("try {tried}, {neighbours} beside it"))),
    }
}

async fn works_anywhere() -> Result<(), CheckError> {
    neighbours().await;
    Ok(())
}

const fn named(name: &'static str) -> Described {
    check(name).task(1).correctness(1).rule("")
}

static CHECKS: [Check; 4] = [
    named("first").run(|_| Box::pin(needs_the_machine())),
    named("second").run(|_| Box::pin(works_anywhere())),
    named("third").requires(&["first"]).run(|_| Box::pin(works_anywhere())),
    named("fourth")
        .requires(&["second"])
        .run(|_| Box::pin(async { Err(CheckError::Inconclusive("never".to_owned())) })),
];

fn failed(kind: FailureKind, tries: u32, starvation: Option<Starvation>) -> Outcome {
    let mut failure = Box::new(Failure::new(kind));
    failure.starvation = starvation;
    Outcome { tries, ..Outcome::not_run(&CHECKS[0], Verdict::Failed(failure)) }
}

fn late() -> FailureKind {
    FailureKind::Timeout { after: Duration::from_secs(8) }
}

const STARVED: Starvation =
    Starvation::ProgramWaited { waiting: Duration::from_secs(3), elapsed: Duration::from_secs(8) };

fn plan() -> Plan {
    Plan {
        lab: &LAB,
        checks: CHECKS.iter().collect(),
        program: Vec::new(),
        launcher: Launcher::new(&Children::default(), Confinement::None)
            .expect("Linux has subreapers"),
        seed: 1,
        charge_residue: false,
        expected_failures: BTreeSet::new(),
    }
}

#[test]
fn failures_on_a_busy_machine_run_again_but_less_often_if_expected() {
    let mut plan = plan();
    assert!(wants_another(&failed(late(), 1, Some(STARVED)), &plan));
    assert!(!wants_another(&failed(late(), 1, None), &plan));
    assert!(!wants_another(&failed(late(), MAX_TRIES, Some(STARVED)), &plan), "then it counts");
    let starved = failed(late(), 1, Some(STARVED));
    plan.expected_failures.insert(starved.check.name);
    assert!(wants_another(&starved, &plan));
    assert!(!wants_another(&failed(late(), MAX_TRIES_EXPECTED, Some(STARVED)), &plan));
}

#[test]
fn a_third_try_is_pointless_if_two_waited_out_the_same_deadline() {
    let starved = |kind| failed(kind, 1, Some(STARVED));
    assert!(failed_alike(&starved(late()), &starved(late())));
    let other = FailureKind::StillRunning { after: Some(Duration::from_secs(8)) };
    assert!(!failed_alike(&starved(late()), &starved(other)));
    // What was measured may differ next time, and costs little.
    let measured = FailureKind::Property { observed: "it took 3 s".to_owned() };
    assert!(!failed_alike(&starved(measured.clone()), &starved(measured)));
    let passed = Outcome::not_run(&CHECKS[0], Verdict::Passed);
    assert!(!failed_alike(&starved(late()), &passed));
}

static FAMILY: [Check; 3] = [
    named("poll/answers").run(|_| Box::pin(works_anywhere())),
    named("select/answers").run(|_| Box::pin(works_anywhere())),
    named("answers").run(|_| Box::pin(works_anywhere())),
];

#[test]
fn what_one_check_of_a_family_proved_is_not_tried_again_by_the_others() {
    let of =
        |check: &'static Check, tries| Outcome { check, ..failed(late(), tries, Some(STARVED)) };
    let waiting = |check| Slot::Waiting { tries: 1, last: Some(of(check, 1)) };
    let mut slots = vec![Slot::Done(of(&FAMILY[0], 2)), waiting(&FAMILY[1]), waiting(&FAMILY[2])];
    let mut once = vec![Slot::Done(of(&FAMILY[0], 1)), waiting(&FAMILY[1])];
    settle_family(0, &mut once, &mut |_| {});
    assert!(matches!(once[1], Slot::Waiting { .. }), "one try proves nothing");
    let mut heard = Vec::new();
    settle_family(0, &mut slots, &mut |event| {
        if let RunEvent::Ended(outcome) = event {
            heard.push(outcome.check.name);
        }
    });
    assert_eq!(heard, ["select/answers"]);
    assert!(matches!(&slots[1], Slot::Done(outcome) if outcome.tries == 1));
    assert!(matches!(slots[2], Slot::Waiting { .. }));
}

#[test]
fn only_what_a_busy_machine_can_cause_is_uncertain() {
    assert_eq!(FailureKind::ProvenHang.certainty(), Certainty::Certain);
    assert_eq!(late().certainty(), Certainty::MachineMayBeAtFault);
    let wrong = FailureKind::unexpected(crate::verdict::Stream::ToClient, b"ERR timeout\n");
    assert_eq!(Failure::new(wrong.clone()).certainty(), Certainty::Certain);
    // With a time limit, even wrong bytes may be the machine's fault; the end of a server cannot be.
    let limited = Failure::new(wrong).time_limited();
    assert_eq!(limited.certainty(), Certainty::MachineMayBeAtFault);
    let status = crate::verdict::ExitStatus::Status(101);
    let ended = Failure::new(FailureKind::ServerEnded { status }).time_limited();
    assert_eq!(ended.certainty(), Certainty::Certain);
}

#[test]
fn the_tries_of_a_failure_on_a_busy_machine_are_in_its_evidence() {
    let mut outcome = failed(late(), MAX_TRIES, Some(STARVED));
    note_tries(&mut outcome);
    let Verdict::Failed(failure) = &outcome.verdict else { panic!("it failed") };
    let tries = failure.evidence.tries.as_ref().map(|tries| (tries.count, tries.starvation));
    assert_eq!(tries, Some((MAX_TRIES, STARVED)));
    let mut quiet = failed(late(), 1, None);
    note_tries(&mut quiet);
    let Verdict::Failed(failure) = &quiet.verdict else { panic!("it failed") };
    assert!(failure.evidence.tries.is_none());
}

#[test]
fn an_inconclusive_check_runs_again_alone_and_blocks_no_other() {
    let plan = plan();
    let (_switch, interrupt) = Interrupt::new();
    let (mut heard, mut started) = (Vec::new(), Vec::new());
    let outcomes = schedule(&plan, &interrupt, &mut |event| match event {
        RunEvent::Ended(outcome) => heard.push(outcome.check.name),
        RunEvent::Started { check, number } => started.push((check.name, number)),
    });
    let found: Vec<_> = outcomes
        .iter()
        .map(|outcome| (outcome.tries, matches!(outcome.verdict, Verdict::Passed)))
        .collect();
    assert_eq!(found, [(2, true), (1, true), (1, true), (MAX_TRIES, false)]);
    // Each check is reported once, when its verdict is final.
    assert_eq!(heard.len(), 4);
    assert_eq!(heard[0], "second");
    assert_eq!(started.iter().filter(|(name, _)| *name == "fourth").count(), 3);
    assert!(started.contains(&("first", 2)));
}

#[test]
fn sockets_left_behind_are_charged_to_the_residue_check() {
    let passed = |check| Outcome::not_run(check, Verdict::Passed);
    let mut outcomes = vec![Outcome { residue: Some(3), ..passed(&CHECKS[0]) }, passed(&CHECKS[1])];
    residue::charge(&LAB, &mut outcomes);
    assert!(matches!(outcomes[0].verdict, Verdict::Passed));
    let Verdict::Failed(failure) = &outcomes[1].verdict else { panic!("it is charged") };
    assert_eq!(failure.headline(), "first left 3 sockets of disconnected clients");
    assert_eq!(failure.steps().len(), 1);
    // Unless that check did not pass anyway.
    let mut outcomes = vec![
        Outcome { residue: Some(3), ..passed(&CHECKS[0]) },
        Outcome::not_run(&CHECKS[1], Verdict::Blocked { by: &CHECKS[0] }),
    ];
    residue::charge(&LAB, &mut outcomes);
    assert!(matches!(outcomes[1].verdict, Verdict::Blocked { .. }));
}
