use std::collections::HashSet;

use course::explanations::Explanations;
use course::labs::LabInfo;
use course::test_each_lab;
use engine::lab::Check;

use super::*;

fn checked(info: &LabInfo) -> &'static Lab {
    find(&info.folder()).expect("the lab's checks")
}

fn its_checks_are_those_of_this_lab(info: &LabInfo) {
    let lab = checked(info);
    assert_eq!(lab.number, info.number);
    for check in lab.checks {
        assert_eq!(check.lab, info.number, "{check:?}");
        assert!(info.tasks.iter().any(|task| task.number == check.task), "{check:?}");
        assert!(!check.rule.is_empty(), "{check:?} has no rule");
    }
}

fn its_checks_have_100_points(info: &LabInfo) {
    assert_eq!(checked(info).checks.iter().map(|check| check.points).sum::<u32>(), 100);
}

fn its_checks_have_different_ids(info: &LabInfo) {
    let lab = checked(info);
    let mut seen = HashSet::new();
    for check in lab.checks {
        assert!(seen.insert(check.name), "{check:?} exists twice");
    }
    let charged = lab.residue_check;
    assert!(charged.is_none_or(|name| seen.contains(name)), "{charged:?} does not exist");
}

/// Every required check exists, and no check requires itself, even indirectly.
fn its_checks_can_all_run(info: &LabInfo) {
    let lab = checked(info);
    let mut sound: HashSet<&str> = HashSet::new();
    for _ in lab.checks {
        let ready = |check: &&Check| check.requires.iter().all(|name| sound.contains(name));
        let ready: Vec<_> = lab.checks.iter().filter(ready).map(|check| check.name).collect();
        sound.extend(ready);
    }
    let never: Vec<_> = lab.checks.iter().filter(|check| !sound.contains(check.name)).collect();
    assert!(never.is_empty(), "these checks can never run: {never:?}");
}

fn each_check_is_explained_and_nothing_else(info: &LabInfo) {
    let lab = checked(info);
    let explanations = Explanations::parse(lab.explanations).expect(lab.topic);
    let explained: HashSet<_> = explanations.all().iter().map(|it| it.id.clone()).collect();
    let ids: HashSet<_> = lab.checks.iter().map(|check| check.id()).collect();
    assert_eq!(explained, ids);
}

test_each_lab!(its_checks_are_those_of_this_lab);
test_each_lab!(its_checks_have_100_points);
test_each_lab!(its_checks_have_different_ids);
test_each_lab!(its_checks_can_all_run);
test_each_lab!(each_check_is_explained_and_nothing_else);

#[test]
fn labs_are_found_by_number_and_topic() {
    for name in ["1", "01", "blocking-threads", "01-blocking-threads"] {
        assert_eq!(find(name).expect(name).number, 1);
    }
    assert_eq!(find("blocking-thread").expect_err("no such lab"), ["01-blocking-threads"]);
}

#[test]
fn checks_are_selected_by_prefix() {
    let lab = find("1").expect("lab 01");
    let ids = |prefix| lab.select(prefix).map(|found| found.len());
    assert_eq!(ids("01/half-close"), Ok(1));
    assert_eq!(ids("reset"), Ok(2));
    assert_eq!(ids("half-clsoe").expect_err("no such check")[0], "half-close");
}
