//! The labs: one file for each, its checks readable as a specification.

pub mod lab01;
pub mod lab02;
pub mod lab03;
pub mod lab04;
pub mod lab05;
pub mod lab06;
pub mod lab07;
pub mod lab08;
pub mod lab09;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::outcome::Stop;
use crate::scenarios::Service;
use crate::trial::Trial;

/// All labs, in the order of their numbers.
pub static LABS: &[&Lab] = &[
    &lab01::LAB,
    &lab02::LAB,
    &lab03::LAB,
    &lab04::LAB,
    &lab05::LAB,
    &lab06::LAB,
    &lab07::LAB,
    &lab08::LAB,
    &lab09::LAB,
];

/// A lab as the grader knows it.
#[derive(Debug)]
pub struct Lab {
    pub number: u8,
    /// The folder is `NN-topic`.
    pub topic: &'static str,
    pub title: &'static str,
    /// How long it takes a student, about.
    pub minutes: u32,
    /// The crates that its code may use, each with a line in the workspace's manifest.
    pub dependencies: &'static [&'static str],
    /// Files that are the same as in an earlier lab, and its number: `src/lines.rs`. There they are
    /// changed; `sync` copies them.
    pub borrows: &'static [(u8, &'static str)],
    /// How its servers are started and spoken to.
    pub service: &'static Service,
    pub tasks: &'static [Task],
    pub checks: &'static [Check],
    /// The Markdown that explains each check (see [`crate::prose`]).
    pub prose: &'static str,
}

/// One step of a lab.
#[derive(Debug)]
pub struct Task {
    pub number: u8,
    pub title: &'static str,
    /// Core tasks make it work, robust ones make it last.
    pub core: bool,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Correctness,
    Concurrency,
    Cleanup,
}

impl Category {
    pub const ALL: [Self; 3] = [Self::Correctness, Self::Concurrency, Self::Cleanup];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Concurrency => "concurrency",
            Self::Cleanup => "cleanup",
        }
    }
}

/// What running a check gives.
pub type Run<'t> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 't>>;

/// One property of a program under test.
pub struct Check {
    /// `NN/name`.
    pub id: &'static str,
    pub task: u8,
    pub category: Category,
    /// 0 for evidence that is shown and not graded.
    pub points: u32,
    /// What a program has to do, in a sentence.
    pub rule: &'static str,
    /// Ids of the checks without which this one means nothing.
    pub requires: &'static [&'static str],
    /// For the whole check; its single waits have shorter ones.
    pub deadline: Duration,
    /// Runs alone, since what runs beside it would change what it measures.
    pub quiet: bool,
    pub run: for<'t> fn(&'t Trial) -> Run<'t>,
}

impl Check {
    /// What most checks have in common.
    pub const USUAL: Self = Self {
        id: "",
        task: 0,
        category: Category::Correctness,
        points: 0,
        rule: "",
        requires: &[],
        deadline: Duration::from_secs(30),
        quiet: false,
        run: |_| {
            Box::pin(async { Err(Stop::Inconclusive("nobody has written this check".to_owned())) })
        },
    };
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Check {
    /// The id without the lab's number.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(_, name)| name)
    }
}

impl Lab {
    /// `01`.
    #[must_use]
    pub fn digits(&self) -> String {
        format!("{:02}", self.number)
    }

    /// `01-blocking-threads`, the folder's name.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{:02}-{}", self.number, self.topic)
    }

    /// The check with the full id `id`.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&'static Check> {
        self.checks.iter().find(|check| check.id == id)
    }
}

/// The lab that `name` means: `3`, `03`, `async-echo` or `03-async-echo`.
///
/// # Errors
///
/// None; the closest names.
pub fn find(name: &str) -> Result<&'static Lab, Vec<String>> {
    let number = name.parse::<u8>().ok();
    let is_it =
        |lab: &&&Lab| number == Some(lab.number) || lab.topic == name || lab.folder() == name;
    match LABS.iter().find(is_it) {
        Some(lab) => Ok(lab),
        None => Err(closest(name, LABS.iter().map(|lab| lab.folder()))),
    }
}

/// The checks of `lab` whose ids begin with `prefix`, with or without the lab's number.
///
/// # Errors
///
/// None; the closest ids.
pub fn select(lab: &'static Lab, prefix: &str) -> Result<Vec<&'static Check>, Vec<String>> {
    let is_it = |check: &&Check| check.id.starts_with(prefix) || check.name().starts_with(prefix);
    let found: Vec<_> = lab.checks.iter().filter(is_it).collect();
    if found.is_empty() {
        let name = prefix.split_once('/').map_or(prefix, |(_, name)| name);
        return Err(closest(name, lab.checks.iter().map(|check| check.name().to_owned())));
    }
    Ok(found)
}

/// The up to three names most like `name`, the best first.
fn closest(name: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    /// Below this similarity two names have nothing to do with one another.
    const LEAST: f64 = 0.7;
    let alike = |candidate: &str| {
        let parts = candidate.split_once('-').map(|(_, topic)| topic);
        let whole = strsim::jaro_winkler(name, candidate);
        parts.map_or(whole, |topic| whole.max(strsim::jaro_winkler(name, topic)))
    };
    let mut scored: Vec<(f64, String)> = all.map(|other| (alike(&other), other)).collect();
    scored.retain(|(score, _)| *score >= LEAST);
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().take(3).map(|(_, other)| other).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_lab_has_100_points_and_sound_checks() {
        for lab in LABS {
            assert_eq!(
                lab.checks.iter().map(|check| check.points).sum::<u32>(),
                100,
                "{}",
                lab.topic
            );
            let mut seen = HashSet::new();
            for check in lab.checks {
                assert!(check.id.starts_with(&format!("{}/", lab.digits())), "{}", check.id);
                assert!(lab.tasks.iter().any(|task| task.number == check.task), "{}", check.id);
                assert!(seen.insert(check.id), "{} is there twice", check.id);
                assert!(!check.rule.is_empty(), "{} has no rule", check.id);
            }
            // What a check requires is there, and never in the end itself.
            let mut sound: HashSet<&str> = HashSet::new();
            for _ in lab.checks {
                let ready = |check: &&Check| check.requires.iter().all(|id| sound.contains(id));
                let ready: Vec<_> = lab.checks.iter().filter(ready).map(|check| check.id).collect();
                sound.extend(ready);
            }
            assert_eq!(sound, seen);
        }
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
        let ids = |prefix| select(lab, prefix).map(|found| found.len());
        assert_eq!(ids("01/half-close"), Ok(1));
        assert_eq!(ids("reset"), Ok(2));
        assert_eq!(ids("half-clsoe").expect_err("no such check")[0], "half-close");
    }
}
