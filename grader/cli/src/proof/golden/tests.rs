use std::time::Duration;

use engine::verdict::{Difference, Evidence, ExitStatus, Explanation, LastWords, Tries};
use observe::{Snapshot, Starvation};

use super::*;

#[test]
fn a_file_of_texts_has_one_for_each_failure() {
    let all = |kept| texts(kept).collect::<Vec<_>>();
    assert_eq!(all(""), [""; 0]);
    assert_eq!(all("check: a\nstep: check: b\n"), ["check: a\nstep: check: b\n"]);
    assert_eq!(
        all("check: a\nkind: b\ncheck: a\nkind: c\n"),
        ["check: a\nkind: b\n", "check: a\nkind: c\n"]
    );
}

#[test]
fn a_proven_hang_may_also_be_a_timeout() {
    let proven = "check: a\nkind: proven_hang\nstep: start\nexpected: 3\nobserved: no answer, and none can come\n\
                  observed: B waits\nevidence: # threads\ncause: diagnosis not-watched\n";
    let timeout = "check: a\nkind: timeout\nstep: start\nexpected: 3\nobserved: no answer within #\n\
                   observed: B waits\n";
    assert!(is_unproven(timeout, proven));
    assert!(!is_unproven(proven, timeout), "the record says that it cannot be proven");
    assert!(!is_unproven(&timeout.replace("step: start", "step: stop"), proven));
    assert!(!is_unproven(&timeout.replace("timeout", "closed_early"), proven));
}

const TIMEOUT: FailureKind = FailureKind::Timeout { after: Duration::from_secs(8) };
const ENDED: ExitStatus = ExitStatus::Status(101);

/// The lines of [`evidence`] that are kept only for a program that does not change.
const STILL: [&str; 3] = [
    "it took #",
    "no process of the program is alive",
    "its first process ended with status #; others are still running",
];

/// The lines of its last words.
const LAST_WORDS: [&str; 2] = ["its last words on standard error (#):", "  thread # panicked"];

/// Evidence with every part.
fn evidence() -> Evidence {
    let (delay, elapsed) = (Duration::from_millis(30), Duration::from_millis(100));
    let last_words = LastWords { total: 18, lines: vec!["thread 1 panicked".to_owned()] };
    Evidence {
        measured: vec!["it took 2 s".to_owned()],
        snapshot: Some(Snapshot::default()),
        first_process: Some(ENDED),
        last_words: Some(last_words),
        dropped_connects: 2,
        tries: Some(Tries { count: 3, starvation: Starvation::ObserverDelayed { delay, elapsed } }),
    }
}

/// A failure of `kind` with all evidence and a cause.
fn failure(kind: FailureKind) -> Failure {
    let mut failure = Failure::new(kind).expecting("client B gets 3 bytes");
    failure.evidence = evidence();
    failure.because(Explanation::new("key", "thread 4 reads"))
}

/// The observations in `text`.
fn observed(text: &FailureText) -> Vec<&str> {
    let lines = text.observed.iter().map(|line| match line {
        Line::Prose(text) | Line::Aligned(text) => text.as_str(),
    });
    lines.collect()
}

fn progress() -> Observation {
    Observation::Progress { standard_input: 10, standard_output: 0, traffic: None }
}

/// A failure of a client program.
fn with_progress(kind: FailureKind) -> Failure {
    let mut failure = failure(kind);
    failure.observations.push(progress());
    failure
}

fn wrong_bytes() -> FailureKind {
    FailureKind::WrongBytes { difference: Difference::between(100, b"abc", b"axc", 1) }
}

#[test]
fn a_proven_hang_keeps_its_evidence() {
    let text = stable_text(&failure(FailureKind::ProvenHang));
    // Without the machine's queues and the number of tries.
    assert_eq!(text.evidence, [&STILL[..], &LAST_WORDS].concat());
    assert_eq!(text.expected, ["client # gets #"]);
    assert_eq!(cause_name(&failure(FailureKind::ProvenHang)).as_deref(), Some("explanation key"));
}

#[test]
fn a_timeout_has_neither_evidence_nor_a_cause() {
    let text = stable_text(&failure(TIMEOUT));
    assert_eq!(text.evidence, [""; 0]);
    assert_eq!(observed(&text), ["no answer within #"]);
    assert_eq!(cause_name(&failure(TIMEOUT)), None);
}

#[test]
fn a_client_programs_hang_has_one_text_whether_it_is_proven_or_not() {
    for kind in [FailureKind::ProvenHang, TIMEOUT] {
        let text = stable_text(&with_progress(kind.clone()));
        assert_eq!(observed(&text)[0], "no answer");
        assert_eq!(text.evidence, [""; 0]);
        assert_eq!(kind_name(&with_progress(kind.clone())), "unanswered");
        assert_eq!(cause_name(&with_progress(kind)).as_deref(), Some("explanation key"));
    }
    let property = FailureKind::Property { observed: "it prints 3 lines".to_owned() };
    let text = stable_text(&with_progress(property));
    assert_eq!(observed(&text)[0], "it prints # lines");
}

#[test]
fn a_program_that_has_ended_keeps_its_last_words() {
    let text = stable_text(&failure(FailureKind::ServerEnded { status: ENDED }));
    assert_eq!(text.evidence, LAST_WORDS);
    let name = cause_name(&failure(FailureKind::ServerEnded { status: ENDED }));
    assert_eq!(name.as_deref(), Some("explanation key"), "it does not depend on timing");
    let property = FailureKind::Property { observed: "nothing".to_owned() };
    assert_eq!(stable_text(&failure(property)).evidence, [""; 0]);
}

#[test]
fn an_unwritten_part_is_treated_as_its_symptom() {
    let not_written = |symptom| {
        let mut failure = failure(symptom);
        failure.mark_not_written("task 1".to_owned(), None);
        stable_text(&failure)
    };
    let text = not_written(FailureKind::ServerEnded { status: ENDED });
    assert_eq!(text.evidence, LAST_WORDS);
    assert_eq!(not_written(FailureKind::ProvenHang).evidence.len(), STILL.len() + LAST_WORDS.len());
}

#[test]
fn an_end_is_the_failure_itself_or_another_observation() {
    let failure = |kind| Failure::new(kind);
    assert!(has_ended(&failure(FailureKind::ServerEnded { status: ENDED })));
    assert!(has_ended(&failure(FailureKind::WrongStatus { status: ENDED })));
    assert!(!has_ended(&failure(TIMEOUT)));
    let mut beside = failure(TIMEOUT);
    beside.observations = vec![progress(), Observation::Also { kind: FailureKind::ProvenHang }];
    assert!(!has_ended(&beside));
    beside.observations.push(Observation::Ended { status: ENDED });
    assert!(has_ended(&beside));
    let kind = FailureKind::ServerEnded { status: ENDED };
    beside.observations = vec![Observation::Also { kind }];
    assert!(has_ended(&beside));
    let mut not_written = failure(FailureKind::ServerEnded { status: ENDED });
    not_written.mark_not_written("task 1".to_owned(), None);
    assert!(has_ended(&not_written));
}

#[test]
fn bytes_are_masked_wherever_they_are() {
    let masked = ["byte # is wrong:", "want  \"…\"", "got   \"…\"", "        ^ byte #"];
    assert_eq!(observed(&stable_text(&failure(wrong_bytes()))), masked);
    let mut beside = failure(TIMEOUT);
    beside.observations.push(Observation::Also { kind: wrong_bytes() });
    assert_eq!(observed(&stable_text(&beside))[1..], masked);
    let mut not_written = failure(wrong_bytes());
    not_written.mark_not_written("task 1".to_owned(), None);
    assert_eq!(observed(&stable_text(&not_written)), masked);
    // Other failures stay unchanged.
    let mut other = Failure::new(TIMEOUT);
    mask_bytes(&mut other);
    assert_eq!(other, Failure::new(TIMEOUT));
}

#[test]
fn a_record_has_a_line_for_each_part_that_can_be_wrong() {
    let mut failure = failure(TIMEOUT);
    failure.kind = FailureKind::Property { observed: "ana-ipact gets 3 lines".to_owned() };
    failure.drawn = vec!["ipact".to_owned()];
    let check = &checks::LABS[0].checks[0];
    let expected = format!(
        "check: {}\nkind: property\nexpected: client # gets #\nobserved: ana-~ gets # lines\n\
         cause: explanation key\n",
        check.id()
    );
    assert_eq!(text(check, &failure), expected);
}
