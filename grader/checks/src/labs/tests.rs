use std::collections::HashSet;

use course::explanations::Explanations;

use super::*;

#[test]
fn every_lab_has_100_points_and_sound_checks() {
    for lab in LABS {
        let points = lab.checks.iter().map(|check| check.points).sum::<u32>();
        assert_eq!(points, 100, "{}", lab.topic);
        let mut seen = HashSet::new();
        for check in lab.checks {
            assert!(check.id.starts_with(&format!("{}/", lab.digits())), "{}", check.id);
            assert!(lab.tasks.iter().any(|task| task.number == check.task), "{}", check.id);
            assert!(seen.insert(check.id), "{} is there twice", check.id);
            assert!(!check.rule.is_empty(), "{} has no rule", check.id);
        }
        let charged = lab.residue_check;
        assert!(charged.is_none_or(|id| seen.contains(id)), "{charged:?} does not exist");
        // What a check requires exists, and never in the end itself.
        let mut sound: HashSet<&str> = HashSet::new();
        for _ in lab.checks {
            let ready =
                |check: &&engine::lab::Check| check.requires.iter().all(|id| sound.contains(id));
            let ready: Vec<_> = lab.checks.iter().filter(ready).map(|check| check.id).collect();
            sound.extend(ready);
        }
        assert_eq!(sound, seen);
    }
}

#[test]
fn every_lab_of_the_course_has_checks() {
    let numbers: Vec<u8> = LABS.iter().map(|lab| lab.number).collect();
    let known: Vec<u8> = course::labs::LABS.iter().map(|info| info.number).collect();
    assert_eq!(numbers, known);
}

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

#[test]
fn every_check_is_explained_and_nothing_else() {
    for lab in LABS {
        let explanations = Explanations::parse(lab.explanations).expect(lab.topic);
        let explained: HashSet<_> = explanations.all().iter().map(|it| it.id.as_str()).collect();
        let ids: HashSet<_> = lab.checks.iter().map(|check| check.id).collect();
        assert_eq!(explained, ids);
    }
}
