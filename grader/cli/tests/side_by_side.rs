//! One process may grade several programs simultaneously, and interrupt all of them.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use common::{grader, hostile};
use engine::interrupt::Interrupt;
use engine::run::{Outcome, Plan, Verdict, run};
use engine::subject::{Children, Confinement, Launcher};
use observe::descendants;

/// A launcher in this process, which is not a grader and so cannot be its own supervisor.
fn launcher(children: &Children) -> Launcher {
    let grader = grader().get_program().to_owned();
    Launcher::new(children, Confinement::None).unwrap().with_supervisor(grader.into())
}

/// A plan that runs some checks of the first lab on the hostile program in `mode`.
fn plan(launcher: Launcher, mode: &str, checks: &[&str]) -> Plan {
    let lab = checks::LABS[0];
    let is_asked = |name: &str| checks.is_empty() || checks.contains(&name);
    Plan {
        lab,
        checks: lab.checks.iter().filter(|check| is_asked(check.name)).collect(),
        program: [hostile().into_os_string(), OsString::from(mode)].to_vec(),
        launcher,
        seed: 1,
        charge_residue: false,
        expected_failures: BTreeSet::new(),
    }
}

/// The number of this process's descendants that run the hostile program.
fn programs() -> usize {
    let this = std::process::id().cast_signed();
    let is_program = |pid: &i32| {
        let process = procfs::process::Process::new(*pid);
        process.and_then(|process| process.exe()).is_ok_and(|exe| exe == hostile())
    };
    descendants(this).iter().filter(|pid| is_program(pid)).count()
}

fn interrupted(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| matches!(outcome.verdict, Verdict::Interrupted))
}

// A single test, because parallel tests would count each other's processes.
#[test]
fn two_programs_are_graded_and_interrupted_simultaneously() {
    let children = Children::default();
    let (_first_switch, first) = Interrupt::new();
    let (_second_switch, second) = Interrupt::new();
    let right = plan(launcher(&children), "ignores-sigterm", &["empty-session"]);
    let wrong = plan(launcher(&children), "hangs-in-read", &["echo-bytes"]);
    let (right, wrong) = std::thread::scope(|scope| {
        let right = scope.spawn(|| run(&right, &first, |_| {}));
        let wrong = scope.spawn(|| run(&wrong, &second, |_| {}));
        (right.join().unwrap(), wrong.join().unwrap())
    });
    assert!(matches!(right[0].verdict, Verdict::Passed), "{right:#?}");
    assert!(matches!(wrong[0].verdict, Verdict::Failed(_)), "{wrong:#?}");
    assert_eq!(programs(), 0);

    // Both would take seconds; each is interrupted by its own switch.
    let (first_switch, first) = Interrupt::new();
    let (second_switch, second) = Interrupt::new();
    let one = plan(launcher(&children), "hangs-awake", &["echo-bytes"]);
    let other = plan(launcher(&children), "late-by-sleep", &[]);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| run(&one, &first, |_| {}));
        let other = scope.spawn(|| run(&other, &second, |_| {}));
        let begin = Instant::now();
        while programs() < 2 {
            assert!(begin.elapsed() < Duration::from_secs(20), "they were never started");
            std::thread::sleep(Duration::from_millis(5));
        }
        first_switch.raise();
        assert!(interrupted(&one.join().unwrap()));
        assert!(!other.is_finished(), "another run's switch ended it");
        second_switch.raise();
        assert!(interrupted(&other.join().unwrap()));
    });
    assert_eq!(programs(), 0);
}
