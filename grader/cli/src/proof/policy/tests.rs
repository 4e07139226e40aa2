use std::collections::BTreeMap;

use checks::LABS;

use super::*;

/// The result of a run in which the checks `failed` failed and all others passed.
fn found(failed: &[&str]) -> Finding {
    let lab = LABS[0];
    let verdict = |id: &str| match failed.contains(&id) {
        true => VerdictName::Failed,
        false => VerdictName::Passed,
    };
    let verdicts = lab.checks.iter().map(|check| (check.id(), verdict(&check.id())));
    let score = |id: &str| !failed.contains(&id);
    let score =
        lab.checks.iter().filter(|check| score(&check.id())).map(|check| check.points).sum();
    Finding { score, points: 100, verdicts: verdicts.collect(), ..Finding::default() }
}

fn inconclusive(id: &str) -> Finding {
    let mut finding = found(&[]);
    finding.verdicts.insert(id.to_owned(), VerdictName::Inconclusive);
    finding
}

fn program(expectation: Expectation) -> KnownProgram {
    let (name, command) = ("program".to_owned(), Vec::new());
    KnownProgram { name, expectation, nondeterministic: false, command, warnings: Vec::new() }
}

/// A misconception whose header names these checks.
fn misconception(ids: &[&str]) -> KnownProgram {
    let named = ids.iter().map(|&id| (id.to_owned(), "reason".to_owned()));
    program(Expectation::Fails(named.collect::<BTreeMap<_, _>>()))
}

/// Judges runs one after the other, each with whether its text is known. Returns the number of runs and the judgement.
fn judge(program: &KnownProgram, runs: &[(Finding, bool)]) -> (u32, Judgement) {
    let mut so_far = Runs::default();
    for (finding, is_known) in runs {
        let unknown = (!is_known).then(|| "its text is not recorded".to_owned());
        if let Some(judgement) = so_far.judge(LABS[0], program, finding, unknown) {
            return (so_far.count, judgement);
        }
    }
    panic!("{} runs are not enough", runs.len())
}

const HALF_CLOSE: &str = "01/half-close";
const ECHO: &str = "01/echo-bytes";

#[test]
fn a_misconception_that_fails_as_its_header_says_needs_one_run() {
    let (runs, judgement) = judge(&misconception(&[HALF_CLOSE]), &[(found(&[HALF_CLOSE]), true)]);
    assert_eq!((runs, judgement), (1, Judgement::default()));
}

#[test]
fn a_misconception_that_passes_is_rejected() {
    let passes = (found(&[]), true);
    let (runs, judgement) = judge(&misconception(&[HALF_CLOSE]), &[passes.clone(), passes]);
    assert_eq!(runs, 2);
    assert_eq!(judgement.problems.len(), 1);
    assert!(judgement.problems[0].contains("but its verdict is passed"), "{judgement:?}");
}

#[test]
fn a_misconception_that_fails_another_check_is_rejected() {
    let other = (found(&[ECHO]), true);
    let (_, judgement) = judge(&misconception(&[HALF_CLOSE]), &[other.clone(), other]);
    assert_eq!(
        judgement.problems.len(),
        2,
        "one fails without being named, one is named and passes"
    );
}

#[test]
fn a_misconception_whose_text_is_not_recorded_is_rejected_after_all_runs() {
    let stale = (found(&[HALF_CLOSE]), false);
    let three = vec![stale; MAX_RUNS as usize];
    let (runs, judgement) = judge(&misconception(&[HALF_CLOSE]), &three);
    assert_eq!(runs, MAX_RUNS);
    assert_eq!(judgement.problems, ["its text is not recorded"]);
}

#[test]
fn one_known_text_in_three_runs_is_enough() {
    let (stale, known) = ((found(&[HALF_CLOSE]), false), (found(&[HALF_CLOSE]), true));
    let (runs, judgement) = judge(&misconception(&[HALF_CLOSE]), &[stale, known]);
    assert_eq!((runs, judgement), (2, Judgement::default()));
}

#[test]
fn a_program_that_was_wrong_once_must_be_right_twice_and_is_reported() {
    let (wrong, right) = ((found(&[]), true), (found(&[HALF_CLOSE]), true));
    let program = misconception(&[HALF_CLOSE]);
    let (runs, judgement) = judge(&program, &[wrong.clone(), right.clone(), right.clone()]);
    assert_eq!(runs, 3);
    assert!(judgement.problems.is_empty());
    assert_eq!(judgement.wrong_once.len(), 1);
    let (_, judgement) = judge(&program, &[wrong.clone(), right, wrong]);
    assert_eq!(judgement.problems.len(), 1);
}

#[test]
fn the_reference_has_no_second_chance() {
    let (runs, judgement) = judge(&program(Expectation::Everything), &[(found(&[ECHO]), true)]);
    assert_eq!(runs, 1);
    assert_eq!(judgement.problems.len(), 2, "a check fails, and points are missing");
}

#[test]
fn a_busy_machine_gives_no_verdict() {
    let (busy, right) = ((inconclusive(HALF_CLOSE), true), (found(&[]), true));
    let reference = program(Expectation::Everything);
    assert_eq!(judge(&reference, &[busy.clone(), right]), (2, Judgement::default()));
    let three = vec![busy; MAX_RUNS as usize];
    let (runs, judgement) = judge(&reference, &three);
    assert_eq!((runs, judgement.undecided), (MAX_RUNS, true));
    assert!(!judgement.problems.is_empty());
}

#[test]
fn a_race_condition_may_take_three_runs() {
    let (missed, right) = ((found(&[]), true), (found(&[HALF_CLOSE]), true));
    let program = KnownProgram { nondeterministic: true, ..misconception(&[HALF_CLOSE]) };
    let runs = [missed.clone(), missed.clone(), right];
    assert_eq!(judge(&program, &runs), (3, Judgement::default()));
    // Failing another check is not chance.
    let other = (found(&[ECHO]), true);
    let (_, judgement) = judge(&program, &[other.clone(), other]);
    assert!(!judgement.problems.is_empty());
}

#[test]
fn only_a_missed_failure_may_be_chance() {
    let expectation = misconception(&[HALF_CLOSE]).expectation;
    assert!(is_missed(&expectation, &found(&[])));
    assert!(!is_missed(&expectation, &found(&[ECHO])));
    assert!(!is_missed(&expectation, &inconclusive(HALF_CLOSE)));
}

#[test]
fn verdicts_that_differ_from_the_header_are_problems() {
    let lab = LABS[0];
    let mut finding = found(&[HALF_CLOSE]);
    finding.verdicts.insert("01/large-stream".to_owned(), VerdictName::Blocked);
    finding.score = 6;
    let fails = |ids: &[&str]| problems(lab, &misconception(ids).expectation, &finding).len();
    assert_eq!(fails(&[HALF_CLOSE]), 0);
    assert_eq!(fails(&[]), 1, "fails without being named");
    assert_eq!(fails(&[ECHO, HALF_CLOSE]), 1, "named, but passes");
    assert_eq!(fails(&[HALF_CLOSE, "01/large-stream"]), 1, "named, but blocked");
    assert_eq!(problems(lab, &Expectation::AtMost(5), &finding).len(), 1);
    assert_eq!(problems(lab, &Expectation::AtMost(6), &finding).len(), 0);
    assert_eq!(problems(lab, &Expectation::Everything, &finding).len(), 2);
}

#[test]
fn a_program_that_does_not_start_is_a_problem_unless_it_is_not_written() {
    let mut finding = found(&[]);
    finding.verdicts.insert(engine::run::START_UP.id(), VerdictName::Failed);
    finding.score = 0;
    let expectation = Expectation::AtMost(5);
    assert_eq!(problems(LABS[0], &expectation, &finding), ["it did not start"]);
    finding.not_written = true;
    assert!(problems(LABS[0], &expectation, &finding).is_empty());
}
