//! A student's progress: which checks have passed, the best scores, and the hints shown. It is kept in
//! `.netlab-progress.json` in the root of the checkout, which git ignores.
//!
//! Several graders may record progress at the same time, and each may be killed at any moment. A change is therefore
//! made under a lock, and the new file replaces the old one in a single step.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use course::checkout::Checkout;
use course::file;
use course::labs::{CheckInfo, LabInfo, TaskInfo};
use engine::lab::{Check, Lab};
use engine::run::{Outcome, Verdict};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// The file's name.
const NAME: &str = ".netlab-progress.json";

/// How long to wait for another grader's change, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A student's progress.
#[derive(Debug)]
pub struct Progress {
    root: PathBuf,
    record: Record,
    /// Whether the last change could not be written, so that `record` is ahead of the file.
    is_ahead: bool,
}

/// What the file contains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The number of the lab that was checked last.
    #[serde(default)]
    last_lab: Option<u8>,
    labs: BTreeMap<u8, LabRecord>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabRecord {
    /// Whether checks were run since the lab was begun.
    #[serde(default)]
    is_begun: bool,
    /// The highest score so far.
    #[serde(default)]
    best: u32,
    /// By the check's name: whether it passed when it was last run.
    #[serde(default)]
    passed: BTreeMap<String, bool>,
    /// By the check's name: how many of its hints were shown.
    #[serde(default)]
    hints: BTreeMap<String, usize>,
}

impl Progress {
    /// Reads the progress of `checkout`. A file that cannot be parsed is kept under another name, and standard error
    /// says so.
    #[must_use]
    pub fn load(checkout: &Checkout) -> Self {
        let root = checkout.root().to_owned();
        let record = match read(&root) {
            Ok(record) => record,
            Err(Unreadable::Io(error)) => {
                anstream::eprintln!("note: cannot read {NAME}: {error}");
                Record::default()
            }
            // Another grader may just have replaced it.
            Err(Unreadable::Garbage(_)) => {
                let _lock = lock(&root);
                read_or_set_aside(&root).unwrap_or_default()
            }
        };
        Self { root, record, is_ahead: false }
    }

    /// The lab that was checked last.
    #[must_use]
    pub fn last_lab(&self) -> Option<u8> {
        self.record.last_lab
    }

    /// The sum of the points of the checks that passed when they were last run; `None` if no check has been run.
    #[must_use]
    pub fn score(&self, lab: &Lab) -> Option<u32> {
        let record = self.record.labs.get(&lab.number).filter(|record| record.is_begun)?;
        Some(score(record, lab))
    }

    /// The highest score so far, also before a reset; `None` if no check has been run.
    #[must_use]
    pub fn best(&self, lab: &Lab) -> Option<u32> {
        let record = self.record.labs.get(&lab.number)?;
        (record.is_begun || record.best > 0).then_some(record.best)
    }

    /// Whether `check` passed when it was last run; `None` if it has not been run.
    #[must_use]
    pub fn has_passed(&self, check: &CheckInfo) -> Option<bool> {
        self.record.labs.get(&check.lab)?.passed.get(check.name).copied()
    }

    /// Whether all graded checks of `task` have passed.
    #[must_use]
    pub fn is_done(&self, lab: &Lab, task: &TaskInfo) -> bool {
        let mut checks = graded(lab).filter(|check| check.task == task.number);
        checks.all(|check| self.has_passed(check) == Some(true))
    }

    /// The first task that is not done.
    #[must_use]
    pub fn next_task(&self, lab: &Lab) -> Option<&'static TaskInfo> {
        lab.info.tasks.iter().find(|task| !self.is_done(lab, task))
    }

    /// How many hints of `check` were shown.
    #[must_use]
    pub fn hints_shown(&self, check: &CheckInfo) -> usize {
        let hints = self.record.labs.get(&check.lab).map(|lab| &lab.hints);
        hints.and_then(|hints| hints.get(check.name)).copied().unwrap_or(0)
    }

    /// Records the outcomes of a run on the student's code. An inconclusive or interrupted check keeps its earlier result,
    /// and so does a check that was blocked by one. A check blocked by a failure loses its result.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn record_run(&mut self, lab: &Lab, outcomes: &[Outcome]) -> io::Result<()> {
        self.change(|record| {
            record.last_lab = Some(lab.number);
            let own = record.labs.entry(lab.number).or_default();
            own.is_begun = true;
            for outcome in outcomes.iter().filter(|outcome| outcome.check.lab == lab.number) {
                let name = outcome.check.name;
                match outcome.verdict {
                    Verdict::Passed => drop(own.passed.insert(name.to_owned(), true)),
                    Verdict::Failed(_) => drop(own.passed.insert(name.to_owned(), false)),
                    Verdict::Blocked { by } if has_failed(by, outcomes) => {
                        own.passed.remove(name);
                    }
                    Verdict::Blocked { .. } | Verdict::Inconclusive(_) | Verdict::Interrupted => {}
                }
            }
            own.best = own.best.max(score(own, lab));
        })
    }

    /// Records that `count` hints of `check` were shown.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn record_hints(&mut self, check: &CheckInfo, count: usize) -> io::Result<()> {
        self.change(|record| {
            let hints = &mut record.labs.entry(check.lab).or_default().hints;
            hints.insert(check.name.to_owned(), count);
        })
    }

    /// Forgets which checks of `lab` have passed, and the hints shown; the best score stays.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn forget(&mut self, lab: &LabInfo) -> io::Result<()> {
        self.change(|record| {
            let own = record.labs.entry(lab.number).or_default();
            *own = LabRecord { best: own.best, ..LabRecord::default() };
        })
    }

    /// Applies `change` to what the file contains now. If it cannot be written, only this value changes.
    fn change(&mut self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let locked = lock(&self.root);
        let read = match &locked {
            Ok(_) => read_or_set_aside(&self.root),
            Err(_) => Ok(Record::default()),
        };
        if let (Ok(_), Ok(record), false) = (&locked, &read, self.is_ahead) {
            self.record = record.clone();
        }
        change(&mut self.record);
        // A file that cannot be read must not be replaced: its contents would be lost.
        let written = locked.and_then(|_lock| {
            read?;
            write(&self.root, &self.record)
        });
        self.is_ahead = written.is_err();
        written.map_err(|error| explained(&error))
    }
}

/// Whether `check` failed, or was not run because another check failed.
fn has_failed(check: &Check, outcomes: &[Outcome]) -> bool {
    let found = outcomes.iter().find(|outcome| outcome.check.id() == check.id());
    match found.map(|outcome| &outcome.verdict) {
        Some(Verdict::Failed(_)) => true,
        Some(Verdict::Blocked { by }) => has_failed(by, outcomes),
        _ => false,
    }
}

/// The checks that give points.
fn graded(lab: &Lab) -> impl Iterator<Item = &'static Check> {
    lab.checks.iter().filter(|check| check.points > 0)
}

fn score(record: &LabRecord, lab: &Lab) -> u32 {
    let has_passed = |check: &&Check| record.passed.get(check.name) == Some(&true);
    graded(lab).filter(has_passed).map(|check| check.points).sum()
}

fn explained(error: &io::Error) -> io::Error {
    let message = format!("your progress was not saved: cannot write {NAME}: {error}");
    io::Error::new(error.kind(), message)
}

/// Locks the folder itself, so that no other file is needed. The kernel releases the lock however the grader ends.
fn lock(root: &Path) -> io::Result<File> {
    let folder = File::open(root)?;
    let begin = Instant::now();
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK | Errno::INTR) if begin.elapsed() < PATIENCE => wait_for_lock(),
            Err(Errno::WOULDBLOCK) => {
                return Err(io::Error::new(ErrorKind::TimedOut, "another program has locked it"));
            }
            // Some file systems have no locks.
            _ => return Ok(folder),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "flock(2) has no timeout")]
fn wait_for_lock() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Why the file cannot be read.
#[derive(Debug)]
enum Unreadable {
    Io(io::Error),
    /// It cannot be parsed, for this reason.
    Garbage(String),
}

fn read(root: &Path) -> Result<Record, Unreadable> {
    match fs::read(root.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Record::default()),
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            Err(Unreadable::Garbage(error.to_string()))
        }
        Err(error) => Err(Unreadable::Io(error)),
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map_err(|error| Unreadable::Garbage(error.to_string()))
        }
    }
}

/// Reads the file. If it cannot be parsed, it is kept under another name. The caller holds the lock, if there is one.
///
/// # Errors
///
/// The file cannot be read, or cannot be renamed.
fn read_or_set_aside(root: &Path) -> io::Result<Record> {
    let reason = match read(root) {
        Ok(record) => return Ok(record),
        Err(Unreadable::Io(error)) => return Err(error),
        Err(Unreadable::Garbage(reason)) => reason,
    };
    let aside = free_name(root, NAME);
    fs::rename(root.join(NAME), root.join(&aside)).map_err(|error| {
        let message = format!("{NAME} is unreadable ({reason}) and cannot be renamed: {error}");
        io::Error::new(error.kind(), message)
    })?;
    anstream::eprintln!(
        "note: {NAME} was unreadable ({reason}). It was renamed to {aside}; your progress starts empty."
    );
    Ok(Record::default())
}

/// A name such as `NAME.broken-1` that no file in `folder` has.
fn free_name(folder: &Path, name: &str) -> String {
    let mut names = (1..).map(|number| format!("{name}.broken-{number}"));
    names.find(|name| !folder.join(name).exists()).unwrap_or_default()
}

fn write(root: &Path, record: &Record) -> io::Result<()> {
    let text = serde_json::to_string_pretty(record)? + "\n";
    file::replace(&root.join(NAME), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use checks::LABS;
    use engine::run::START_UP;
    use engine::verdict::{Failure, FailureKind};
    use tempfile::TempDir;

    use super::*;

    const LAB: usize = 0;

    fn outcome(check: &'static Check, verdict: Verdict) -> Outcome {
        let elapsed = Duration::ZERO;
        Outcome { check, verdict, tries: 1, elapsed, notes: Vec::new(), residue: None }
    }

    fn passed(check: &'static Check) -> Outcome {
        outcome(check, Verdict::Passed)
    }

    fn blocked_by(check: &'static Check, by: &'static Check) -> Outcome {
        outcome(check, Verdict::Blocked { by })
    }

    fn failed(check: &'static Check) -> Outcome {
        outcome(check, Verdict::Failed(Box::new(Failure::new(FailureKind::ProvenHang))))
    }

    fn loaded(folder: &TempDir) -> Progress {
        Progress::load(&Checkout::at(folder.path()))
    }

    #[test]
    fn a_run_of_some_checks_counts_and_the_best_score_stays() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let mut progress = loaded(&folder);
        assert_eq!((progress.score(lab), progress.best(lab)), (None, None));
        let task = &lab.info.tasks[0];
        let of_task: Vec<_> = graded(lab).filter(|check| check.task == 1).collect();
        let points = of_task.iter().map(|check| check.points).sum();
        let outcomes: Vec<_> = of_task.iter().copied().map(passed).collect();
        progress.record_run(lab, &outcomes)?;
        let progress = loaded(&folder);
        assert!(progress.is_done(lab, task));
        assert_eq!(progress.next_task(lab).map(|task| task.number), Some(2));
        assert_eq!((progress.score(lab), progress.best(lab)), (Some(points), Some(points)));
        assert_eq!(progress.last_lab(), Some(lab.number));

        let mut other = loaded(&folder);
        other.record_run(lab, &[failed(of_task[0])])?;
        let progress = loaded(&folder);
        assert_eq!(progress.score(lab), Some(points - of_task[0].points));
        assert_eq!(progress.best(lab), Some(points));
        assert_eq!(progress.next_task(lab).map(|task| task.number), Some(1));
        Ok(())
    }

    #[test]
    fn what_was_undecided_stays_as_it_was() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let check = &lab.checks[0];
        let mut progress = loaded(&folder);
        progress.record_run(lab, &[passed(check)])?;
        let undecided = [Verdict::Interrupted, Verdict::Inconclusive(String::new())];
        for verdict in undecided {
            // Nor does it matter if the check was not run because of that.
            let start_up = outcome(&START_UP, verdict.clone());
            progress.record_run(lab, &[start_up, blocked_by(check, &START_UP)])?;
            progress.record_run(lab, &[outcome(check, verdict)])?;
            assert_eq!(progress.has_passed(check), Some(true));
        }
        Ok(())
    }

    #[test]
    fn what_a_failure_kept_from_running_was_not_run() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let [first, second, third] = [0, 1, 2].map(|index| &lab.checks[index]);
        let mut progress = loaded(&folder);
        progress.record_run(lab, &[passed(first), passed(second), passed(third)])?;
        let outcomes = [failed(first), blocked_by(second, first), blocked_by(third, second)];
        progress.record_run(lab, &outcomes)?;
        let seen = [first, second, third].map(|check| progress.has_passed(check));
        assert_eq!(seen, [Some(false), None, None]);
        assert_eq!(progress.score(lab), Some(0));
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_replaced() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let path = folder.path().join(NAME);
        // A link that leads in a circle cannot be read by anybody.
        std::os::unix::fs::symlink(NAME, &path)?;
        let mut progress = loaded(&folder);
        assert!(progress.record_run(lab, &[passed(&lab.checks[0])]).is_err());
        assert!(path.is_symlink());
        // In memory, the progress continues.
        assert!(progress.record_run(lab, &[passed(&lab.checks[1])]).is_err());
        assert_eq!(progress.has_passed(&lab.checks[0]), Some(true));
        Ok(())
    }

    #[test]
    fn two_graders_keep_each_others_changes() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let (mut first, mut second) = (loaded(&folder), loaded(&folder));
        first.record_run(lab, &[passed(&lab.checks[0])])?;
        second.record_hints(&lab.checks[1], 2)?;
        let progress = loaded(&folder);
        assert_eq!(progress.has_passed(&lab.checks[0]), Some(true));
        assert_eq!(progress.hints_shown(&lab.checks[1]), 2);
        Ok(())
    }

    #[test]
    fn garbage_is_kept_under_another_name() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        for (index, garbage) in [&b"\xff\0"[..], b"{\"labs\": 3}", b""].into_iter().enumerate() {
            fs::write(folder.path().join(NAME), garbage)?;
            let mut progress = loaded(&folder);
            assert_eq!(progress.score(lab), None);
            let aside = folder.path().join(format!("{NAME}.broken-{}", index + 1));
            assert_eq!(fs::read(aside)?, garbage);
            progress.record_run(lab, &[passed(&lab.checks[0])])?;
            assert!(loaded(&folder).score(lab).is_some());
        }
        Ok(())
    }

    #[test]
    fn forgetting_a_lab_keeps_its_best_score() -> anyhow::Result<()> {
        let (folder, lab) = (tempfile::tempdir()?, LABS[LAB]);
        let mut progress = loaded(&folder);
        progress.record_run(lab, &[passed(&lab.checks[0])])?;
        progress.forget(lab.info)?;
        assert_eq!(loaded(&folder).score(lab), None);
        assert_eq!(loaded(&folder).best(lab), Some(lab.checks[0].points));
        Ok(())
    }
}
