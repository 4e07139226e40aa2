//! Proves that the grader is right: that it accepts what is right and rejects what is wrong, each for
//! the stated reason.
//!
//! The subjects of a lab are its reference, its starter, three null programs, and its misconceptions:
//! known-wrong answers in `grader/misconceptions/NN-topic/NAME.rs`, whose first lines say which checks
//! must reject them, and why. Beside each lies `NAME.txt`, the text of its first failure, so that wording
//! is reviewed like code; several texts, one after the other, where luck decides at which step it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::labs::{Check, Lab};
use crate::outcome::{Failure, Verdict};
use crate::process::{FULL_QUEUES, NO_ANSWER, NO_ANSWER_IN_TIME, UNWRITTEN};
use crate::repo::Repo;
use crate::report::Report;
use crate::run::{Interrupt, Plan, START_UP, run};
use crate::variant::{self, BuildError, Replacement, Variant};
use crate::visitor::SO_FAR;
use crate::{null, prose};

/// All subjects draw the same lots, so that their texts can be compared.
const SEED: u32 = 0x5eed_0001;

/// What a program that does nothing may get at most.
const UNEARNED: u32 = 5;

/// So often a program is looked at, at most: until its text is one that is kept, until what has to come together
/// for it has (two threads, most often: rule R15), until the machine was quiet enough for a verdict (rule R9), or until
/// a verdict was seen twice. Where verdicts are missing by then, so often alone.
const LOOKS: u32 = 3;

/// Subjects that are run at the same time: most of a run is waiting.
const AT_ONCE: usize = 3;

/// What a subject must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// All points.
    Everything,
    /// At most so many.
    AtMost(u32),
    /// Exactly these checks fail, each for its reason; what they block is left aside.
    Fails(BTreeMap<String, String>),
}

/// A program whose verdict is known before.
#[derive(Clone, Debug)]
struct Subject {
    name: String,
    expectation: Expectation,
    takes_luck: bool,
    words: Vec<OsString>,
}

/// What a subject came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    pub score: u32,
    pub points: u32,
    /// Verdicts by check id: passed, failed, blocked, inconclusive.
    pub verdicts: BTreeMap<String, String>,
    /// What was observed first, by the id of each check that failed.
    pub observed: BTreeMap<String, String>,
    /// The report of the first failure, without what differs from run to run.
    pub text: String,
}

/// A subject, what it came to, and what is wrong with that.
#[derive(Clone, Debug, Serialize)]
pub struct Proved {
    pub name: String,
    pub found: Found,
    pub problems: Vec<String>,
    /// What was wrong in one look, though not in two others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub once: Vec<String>,
    /// Whether the result was kept from an earlier run.
    pub kept: bool,
    /// How often it was looked at.
    pub looks: u32,
    /// Whether its verdicts may be otherwise by luck, or by the machine's fault.
    #[serde(skip)]
    is_open: bool,
}

/// All subjects of a lab.
#[derive(Debug, Serialize)]
pub struct Proof {
    pub lab: u8,
    pub topic: &'static str,
    pub subjects: Vec<Proved>,
    /// What concerns no single subject: checks that are no misconception's point.
    pub problems: Vec<String>,
    /// For each check the misconceptions whose point it is.
    pub points: BTreeMap<&'static str, Vec<String>>,
}

impl Proof {
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.subjects.iter().all(|subject| subject.problems.is_empty())
    }
}

/// A known-wrong answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misconception {
    /// The misunderstanding, in a sentence.
    pub sentence: String,
    /// The file of the solution that it replaces, as seen from there.
    pub file: PathBuf,
    /// The checks that must fail, with the reason.
    pub fails: BTreeMap<String, String>,
    /// Whether they do so only if something comes together by chance: two threads that meet, most often.
    pub takes_luck: bool,
}

/// Where the misconceptions of `lab` are.
fn folder(repo: &Repo, lab: &Lab) -> PathBuf {
    repo.root().join("grader/misconceptions").join(lab.folder())
}

/// Runs all subjects of `lab`, or takes what is kept of earlier runs unless `fresh`. `done` hears how
/// many of how many are done.
///
/// # Errors
///
/// Something cannot be read or built, or the run was interrupted.
pub fn verify(
    repo: &Repo,
    lab: &'static Lab,
    fresh: bool,
    interrupt: &Interrupt,
    done: impl Fn(usize, usize) + Sync,
) -> Result<Proof> {
    let subjects = subjects(repo, lab)?;
    let grader = fingerprint(&fs::read("/proc/self/exe").context("cannot read the grader")?);
    let lock = fingerprint(&fs::read(repo.root().join("Cargo.lock"))?);
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let keep = |subject: &Subject| {
        let program = subject.words.first().map(fs::read).and_then(Result::ok);
        Keep::of(repo, lab, &subject.name, fingerprint(&(program, grader, lock)))
    };
    let prove = |subject: &Subject, kept: Option<Found>| {
        let proved = prove(repo, lab, subject, kept, interrupt)?;
        let is_right = proved.problems.is_empty() && proved.once.is_empty();
        // What is not as it should be is looked at again.
        if is_right && !proved.kept && !interrupt.is_raised() {
            keep(subject).store(&proved.found);
        }
        Ok(proved)
    };
    let results: Vec<Mutex<Option<Result<Proved>>>> =
        subjects.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let (Some(subject), Some(slot)) = (subjects.get(index), results.get(index))
                    else {
                        return;
                    };
                    if interrupt.is_raised() {
                        return;
                    }
                    let kept = if fresh { None } else { keep(subject).load() };
                    let proved = prove(subject, kept);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(proved);
                    done(finished.fetch_add(1, Ordering::Relaxed) + 1, subjects.len());
                }
            });
        }
    });
    if interrupt.is_raised() {
        bail!("interrupted");
    }
    let mut proved = Vec::new();
    for (subject, result) in subjects.iter().zip(results) {
        let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut result = result.context("a subject was not run")??;
        if result.is_open {
            // The others may have been what kept it from its verdict.
            let looks = result.looks;
            result = prove(subject, None)?;
            result.looks += looks;
        }
        proved.push(result);
    }
    if interrupt.is_raised() {
        bail!("interrupted");
    }
    let points = points(lab, &subjects, &proved);
    let pointless =
        lab.checks.iter().filter(|check| check.points > 0 && !points.contains_key(check.id));
    let problems = pointless
        .map(|check| format!("{} is the first to reject no misconception", check.id))
        .collect();
    Ok(Proof { lab: lab.number, topic: lab.topic, subjects: proved, problems, points })
}

/// Runs a subject, unless `kept` says what came out, and sees what is wrong with that. Where a misconception came out
/// otherwise than named, luck aside, it is looked at again, and what was seen twice counts; what was seen once is told
/// all the same. The reference has no second chance.
fn prove(
    repo: &Repo,
    lab: &'static Lab,
    subject: &Subject,
    kept: Option<Found>,
    interrupt: &Interrupt,
) -> Result<Proved> {
    let is_misconception = matches!(subject.expectation, Expectation::Fails(_));
    let mut was_kept = kept.is_some();
    let mut found = kept.unwrap_or_else(|| examine(lab, subject, interrupt));
    let (mut looks, mut right, mut has_text, mut once) = (1, 0, false, Vec::new());
    loop {
        let mut problems = problems(lab, &subject.expectation, &found);
        let mut is_over = looks == LOOKS || interrupt.is_raised();
        let mut is_open = false;
        if problems.is_empty() {
            right += 1;
            // Which of several true things is seen first may be luck.
            let other = match is_misconception {
                true => compare_text(repo, lab, &subject.name, &found)?,
                false => None,
            };
            has_text |= other.is_none();
            let is_proved = right > usize::from(!once.is_empty());
            is_over |= is_proved && has_text;
            if !is_proved {
                problems.clone_from(&once);
            } else if !has_text {
                problems.extend(other);
            }
        } else {
            // Verdicts are no luck, but where something has to come together.
            let has = |verdict: &str| found.verdicts.values().any(|found| found == verdict);
            let is_busy = has("inconclusive") && (is_misconception || !has("failed"));
            let is_luck = is_busy || subject.takes_luck && is_missed(&subject.expectation, &found);
            is_over |= !is_luck && (!is_misconception || !once.is_empty());
            is_open = is_luck && once.is_empty();
            if !is_luck {
                once.clone_from(&problems);
            }
        }
        if is_over {
            if !problems.is_empty() {
                once.clear();
            }
            let name = subject.name.clone();
            return Ok(Proved { name, found, problems, once, kept: was_kept, looks, is_open });
        }
        (found, looks, was_kept) = (examine(lab, subject, interrupt), looks + 1, false);
    }
}

/// Whether all that is wrong is that checks passed which should have failed.
fn is_missed(expectation: &Expectation, found: &Found) -> bool {
    let Expectation::Fails(named) = expectation else { return false };
    let is_as_named = |(id, verdict): (&String, &String)| match verdict.as_str() {
        "failed" => named.contains_key(id),
        "passed" | "blocked" => true,
        _ => false,
    };
    found.verdicts.iter().all(is_as_named)
}

/// What becomes of the texts that are kept of a misconception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// The one that is seen now takes their place.
    Replace,
    /// The one that is seen now is right as well.
    Add,
}

/// Keeps the text of one misconception as it is seen now. Says where, and whether that changes anything.
///
/// # Errors
///
/// There is none of that name, or its verdicts are not those that it names.
pub fn update(
    repo: &Repo,
    lab: &'static Lab,
    name: &str,
    keeping: Keeping,
    interrupt: &Interrupt,
) -> Result<(PathBuf, bool)> {
    let subjects = subjects(repo, lab)?;
    let subject = subjects.iter().find(|subject| {
        subject.name == name && matches!(subject.expectation, Expectation::Fails(_))
    });
    let subject = subject.with_context(|| {
        let known: Vec<_> = subjects.iter().map(|subject| subject.name.as_str()).collect();
        format!("lab {} has no misconception {name}, only {}", lab.number, known.join(", "))
    })?;
    let found = examine(lab, subject, interrupt);
    let problems = problems(lab, &subject.expectation, &found);
    if !problems.is_empty() {
        bail!("nothing is written for {name}: {}", problems.join("; "));
    }
    let path = text_path(repo, lab, name);
    let mut kept = match keeping {
        Keeping::Replace => String::new(),
        Keeping::Add => kept_texts(&path)?,
    };
    if texts(&kept).any(|text| text == found.text) {
        return Ok((path, false));
    }
    kept += &found.text;
    fs::write(&path, kept).with_context(|| format!("cannot write {}", path.display()))?;
    Ok((path, true))
}

fn subjects(repo: &Repo, lab: &'static Lab) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for (name, variant, expectation) in [
        ("reference", Variant::Solution, Expectation::Everything),
        ("starter", Variant::Starter, Expectation::AtMost(UNEARNED)),
    ] {
        let built =
            variant::build(repo, lab, &variant, variant::Profile::Dev).map_err(without_type)?;
        let (name, words) = (name.to_owned(), built.words);
        subjects.push(Subject { name, expectation, takes_luck: false, words });
    }
    for name in null::ALL {
        let words = vec!["/proc/self/exe".into(), null::ARGUMENT.into(), name.into()];
        let expectation = Expectation::AtMost(UNEARNED);
        let name = name.to_owned();
        subjects.push(Subject { name, expectation, takes_luck: false, words });
    }
    let folder = folder(repo, lab);
    let (mut replacements, mut expectations) = (BTreeMap::new(), BTreeMap::new());
    let entries = fs::read_dir(&folder).with_context(|| {
        format!("lab {} has no misconceptions here: {}", lab.number, variant::STUDENT_EDITION)
    })?;
    for entry in entries {
        let path = entry?.path();
        if let (Some("rs"), Some(name)) = (
            path.extension().and_then(|extension| extension.to_str()),
            path.file_stem().and_then(|stem| stem.to_str()),
        ) {
            let text = repo.read(&path)?;
            let Misconception { file, fails, takes_luck, .. } =
                parse(&text, lab).with_context(|| format!("in {name}.rs"))?;
            replacements.insert(name.to_owned(), Replacement { file, text });
            expectations.insert(name.to_owned(), (Expectation::Fails(fails), takes_luck));
        }
    }
    let executables =
        variant::build_misconceptions(repo, lab, &replacements).map_err(without_type)?;
    for (name, executable) in executables {
        let (expectation, takes_luck) =
            expectations.remove(&name).context("a misconception of no name")?;
        let words = vec![executable.into()];
        subjects.push(Subject { name, expectation, takes_luck, words });
    }
    Ok(subjects)
}

fn without_type(error: BuildError) -> anyhow::Error {
    match error {
        BuildError::Compile(errors) => anyhow::anyhow!("it does not compile\n{errors}"),
        BuildError::Other(error) => error,
    }
}

/// Reads the first lines of a misconception.
fn parse(source: &str, lab: &Lab) -> Result<Misconception> {
    let mut lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let (mut sentence, mut file) = (String::new(), PathBuf::from("src/lib.rs"));
    let mut takes_luck = false;
    for line in lines.by_ref() {
        if line == "Must fail:" {
            break;
        }
        if let Some(other) = line.strip_prefix("In place of: ") {
            file = other.into();
            continue;
        }
        if line.starts_with("Takes luck: ") {
            takes_luck = true;
            continue;
        }
        sentence += line;
        sentence.push(' ');
    }
    let Some(sentence) = sentence.trim().strip_prefix("Misconception: ") else {
        bail!("the first line is to read `//! Misconception: …`");
    };
    let mut fails: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in lines {
        if let Some(item) = line.strip_prefix("- ") {
            let (id, reason) = item.split_once(": ").context("each line: `- NN/check: reason`")?;
            if lab.check(id).is_none() {
                bail!("there is no check {id}");
            }
            fails.insert(id.to_owned(), reason.to_owned());
            last = Some(id.to_owned());
        } else if let Some(reason) = last.as_ref().and_then(|id| fails.get_mut(id)) {
            *reason += &format!(" {line}");
        }
    }
    if fails.is_empty() {
        bail!("`//! Must fail:` and the checks are missing");
    }
    Ok(Misconception { sentence: sentence.to_owned(), file, fails, takes_luck })
}

fn examine(lab: &'static Lab, subject: &Subject, interrupt: &Interrupt) -> Found {
    let plan = Plan {
        lab,
        checks: lab.checks.iter().collect(),
        program: subject.words.clone(),
        seed: SEED,
        charge_residue: true,
    };
    let report = Report {
        lab,
        program: "your code".to_owned(),
        flags: String::new(),
        seed: SEED,
        outcomes: run(&plan, interrupt, |_| {}),
        remarks: Vec::new(),
        partial: false,
    };
    let mut found = Found {
        score: report.score().0,
        points: report.score().1,
        verdicts: BTreeMap::new(),
        observed: BTreeMap::new(),
        text: String::new(),
    };
    for outcome in &report.outcomes {
        let id = outcome.check.id.to_owned();
        let verdict = match &outcome.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(failure) => {
                if found.text.is_empty() {
                    found.text = text(&report, outcome.check, failure);
                }
                found.observed.insert(id.clone(), failure.observed.join("; "));
                "failed"
            }
            Verdict::Blocked { .. } => "blocked",
            Verdict::Inconclusive(reason) => {
                found.observed.insert(id.clone(), reason.clone());
                "inconclusive"
            }
            Verdict::Interrupted => "interrupted",
        };
        found.verdicts.insert(id, verdict.to_owned());
    }
    found
}

/// What is wrong with what was found.
fn problems(lab: &Lab, expectation: &Expectation, found: &Found) -> Vec<String> {
    let mut problems = Vec::new();
    // A starter may have a gap even before it listens; it says so.
    if found.verdicts.contains_key(START_UP.id) && !found.text.contains(UNWRITTEN) {
        problems.push("it did not come up".to_owned());
    }
    let missing = lab.checks.iter().filter(|check| !found.verdicts.contains_key(check.id));
    problems.extend(missing.map(|check| format!("{} has no verdict", check.id)));
    let seen = |id: &str| found.observed.get(id).map(String::as_str).unwrap_or_default();
    for (id, verdict) in &found.verdicts {
        if verdict == "inconclusive" {
            problems.push(format!("{id} is inconclusive: {}", seen(id)));
        }
    }
    let failed: BTreeSet<&str> = found
        .verdicts
        .iter()
        .filter(|(_, verdict)| *verdict == "failed")
        .map(|(id, _)| id.as_str())
        .collect();
    match expectation {
        Expectation::Everything => {
            problems.extend(failed.iter().map(|id| format!("{id} fails: {}", seen(id))));
            if found.score != found.points {
                problems.push(format!("{} of {} points", found.score, found.points));
            }
        }
        Expectation::AtMost(most) if found.score > *most => {
            problems.push(format!("{} points, where {most} are the most", found.score));
        }
        Expectation::AtMost(_) => {}
        Expectation::Fails(named) => {
            for &id in failed.iter().filter(|id| !named.contains_key(**id)) {
                problems.push(format!("{id} fails and is not named: {}", seen(id)));
            }
            for (id, reason) in named.iter().filter(|(id, _)| !failed.contains(id.as_str())) {
                let verdict = found.verdicts.get(id).map_or("missing", String::as_str);
                problems.push(format!("{id} is {verdict}, but should fail: {reason}"));
            }
        }
    }
    problems
}

/// The first check in the lab's order that each misconception fails is its point.
fn points(
    lab: &'static Lab,
    subjects: &[Subject],
    proved: &[Proved],
) -> BTreeMap<&'static str, Vec<String>> {
    let mut points: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (subject, proved) in subjects.iter().zip(proved) {
        if !matches!(subject.expectation, Expectation::Fails(_)) {
            continue;
        }
        let failed = |check: &&Check| {
            proved.found.verdicts.get(check.id).is_some_and(|verdict| verdict == "failed")
        };
        if let Some(check) = lab.checks.iter().find(failed) {
            points.entry(check.id).or_default().push(subject.name.clone());
        }
    }
    points
}

/// The failure's text as a report shows it, without what differs from run to run.
fn text(report: &Report, check: &Check, failure: &Failure) -> String {
    let all = |lines: &[String]| lines.iter().map(|line| masked_line(line)).collect::<Vec<_>>();
    let begins = |with: &str| failure.observed.first().is_some_and(|line| line.starts_with(with));
    // A client program may have its input read by a pool of threads (tokio's does), which wait for more
    // work with a time-out; whether its hang can be proved is luck, then.
    let visits = failure.observed.iter().any(|line| line.starts_with(SO_FAR));
    let sleeps = begins(NO_ANSWER) && !visits;
    let late = begins(NO_ANSWER_IN_TIME) && !visits;
    let mut observed = all(&failure.observed);
    if visits && (begins(NO_ANSWER) || begins(NO_ANSWER_IN_TIME)) {
        observed[0] = "no answer".to_owned();
    }
    // Only a program that sleeps for good holds still while it is looked at. Whether another has had its
    // last words already is luck, unless it has ended.
    let mut evidence = all(&failure.evidence);
    // Programs that are run at the same time share the machine's queues.
    evidence.retain(|line| !line.ends_with(FULL_QUEUES));
    let is_end =
        |line: &String| line.contains("ended with status") || line.contains("was ended by");
    let words = evidence.iter().position(|line| line.starts_with("its last words"));
    if !sleeps {
        let has_ended = failure.observed.iter().any(is_end);
        evidence.drain(..words.filter(|_| has_ended).unwrap_or(evidence.len()));
    }
    let failure = Failure {
        steps: failure.steps.iter().map(|step| masked_sizes(step)).collect(),
        expected: all(&failure.expected),
        observed,
        evidence,
        // What is read off the threads at one moment is like evidence.
        cause: if late {
            String::new()
        } else if sleeps || visits {
            masked(&failure.cause)
        } else {
            failure.cause.clone()
        },
        doubt: None,
    };
    let known = prose::of(report.lab).remove(check.id).unwrap_or_default();
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = report.write_failure(&mut out, check, &failure, &known);
    let out = anstream::adapter::strip_bytes(&out).into_vec();
    String::from_utf8_lossy(&out).trim_start().to_owned()
}

/// A line of what was seen: bytes shown under one another are random, and so is where they differ.
fn masked_line(line: &str) -> String {
    match line.trim_start() {
        bytes if bytes.starts_with("want  \"") => "want  \"…\"".to_owned(),
        bytes if bytes.starts_with("got   \"") => "got   \"…\"".to_owned(),
        caret if caret.starts_with("^ byte ") => "        ^ byte #".to_owned(),
        _ => masked(line),
    }
}

/// `text` with `#` for each number (with its unit, if that is one of bytes or time) and for the letter of
/// each client: of several, any may be the first in trouble.
fn masked(text: &str) -> String {
    let units = ["KiB", "MiB", "bytes", "byte", "ms", "s"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let last = words.last().map(|last| last.trim_start_matches('(').to_owned());
        let is_letter = word.len() == 1 && word.starts_with(|c: char| c.is_ascii_uppercase());
        if last.as_deref() == Some("#") && units.contains(&word.trim_end_matches([',', ')', ':'])) {
            let end = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            if let Some(last) = words.last_mut() {
                *last += end;
            }
        } else if last.as_deref() == Some("client") && is_letter {
            words.push("#".to_owned());
        } else if last.as_deref() == Some("#") {
            // `1 thread` and `3 threads` are one.
            let nouns = ["client", "thread", "socket", "process", "descriptor", "CPU"];
            let plural = if word == "process" { "es" } else { "s" };
            let plural = if nouns.contains(&word) { plural } else { "" };
            words.push(masked_digits(word) + plural);
        } else {
            words.push(masked_digits(word));
        }
    }
    words.join(" ")
}

/// `word` with `#` for each number in it.
fn masked_digits(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[begin..];
        let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        let end = number.find(|c| !is_part(c)).unwrap_or(number.len());
        let end = number[..end].trim_end_matches(['.', ',']).len();
        out += &rest[..begin];
        out.push('#');
        rest = &number[end..];
    }
    out + rest
}

/// `text` with `#` for each number of bytes that depends on how much the kernel holds.
fn masked_sizes(text: &str) -> String {
    let is_size = |unit: &str| unit.starts_with("KiB") || unit.starts_with("MiB");
    let words: Vec<&str> = text.split(' ').collect();
    let masked = words.iter().enumerate().map(|(index, word)| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        let was_measured = word.contains('.') || text.starts_with("it has sent ") && index == 3;
        let is_number = word.parse::<f64>().is_ok() && was_measured;
        if is_number && is_size(next) { "#" } else { word }
    });
    masked.collect::<Vec<_>>().join(" ")
}

/// Where the texts of a misconception's failure are kept.
fn text_path(repo: &Repo, lab: &Lab, name: &str) -> PathBuf {
    folder(repo, lab).join(format!("{name}.txt"))
}

/// What is kept there: nothing, if there is no such file.
fn kept_texts(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        result => result.with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The texts of a file, each of which begins as a report's failure does.
fn texts(kept: &str) -> impl Iterator<Item = &str> {
    let ends = kept.match_indices("\n✗ ").map(|(index, _)| index + 1).chain([kept.len()]);
    let begins = [0].into_iter().chain(ends.clone());
    begins.zip(ends).map(|(begin, end)| &kept[begin..end]).filter(|text| !text.is_empty())
}

/// Compares the text with those that are kept.
fn compare_text(repo: &Repo, lab: &Lab, name: &str, found: &Found) -> Result<Option<String>> {
    let path = text_path(repo, lab, name);
    let kept = kept_texts(&path)?;
    if texts(&kept).any(|text| text == found.text) {
        return Ok(None);
    }
    // Of several the one that is nearest says what has changed.
    let alike =
        |text: &&str| text.lines().zip(found.text.lines()).take_while(|(a, b)| a == b).count();
    let nearest = texts(&kept).max_by_key(alike).unwrap_or_default();
    let mut lines = nearest.lines().zip(found.text.lines());
    let (was, is) = lines.find(|(was, is)| was != is).unwrap_or(("(the end)", "(another end)"));
    let shown = repo.relative(&path).display();
    let lab = lab.number;
    Ok(Some(format!(
        "its text is not in {shown}: `{}`, kept was `{}`; if it is better: cargo grader verify {lab} \
         --update {name}; if it is as true, and luck decides: cargo grader verify {lab} --also {name}",
        is.trim(),
        was.trim()
    )))
}

/// Where the result for one subject is kept between runs.
struct Keep {
    path: PathBuf,
    key: u64,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    key: u64,
    found: Found,
}

impl Keep {
    fn of(repo: &Repo, lab: &Lab, name: &str, key: u64) -> Self {
        let file = format!("{}-{name}.json", lab.digits());
        Self { path: repo.target().join("variants/verify").join(file), key }
    }

    fn load(&self) -> Option<Found> {
        let text = fs::read_to_string(&self.path).ok()?;
        let kept: Kept = serde_json::from_str(&text).ok()?;
        (kept.key == self.key).then_some(kept.found)
    }

    /// What cannot be kept is found again.
    fn store(&self, found: &Found) {
        let kept = Kept { key: self.key, found: found.clone() };
        if let (Ok(text), Some(folder)) = (serde_json::to_string(&kept), self.path.parent()) {
            let _ = fs::create_dir_all(folder);
            let _ = fs::write(&self.path, text);
        }
    }
}

/// Tells one content from another; no defence against somebody who wants two to be alike.
fn fingerprint(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::LABS;

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        assert_eq!(masked("1 thread in recv, 127.0.0.1:4711."), "# threads in recv, #:#.");
        assert_eq!(masked("8.2 MiB of 1 client's, (0.4 ms)"), "# of # client's, (#)");
        assert_eq!(masked("client B gets 1 byte"), "client # gets #");
        assert_eq!(
            masked_sizes("it has sent 8.2 MiB; send 32 MiB"),
            "it has sent # MiB; send 32 MiB"
        );
        assert_eq!(masked_sizes("it has sent 16 MiB; it"), "it has sent # MiB; it");
    }

    #[test]
    fn a_misconception_says_what_it_is_and_what_it_fails() {
        let source = "//! Misconception: a b\n//! c.\n//!\n//! Must fail:\n//! - 01/half-close: d\n\
                      //!   e\n//! - 01/echo-bytes: f\n\nuse std;\n";
        let parsed = parse(source, LABS[0]).expect("a sound header");
        assert_eq!(parsed.sentence, "a b c.");
        assert_eq!(parsed.fails["01/half-close"], "d e");
        assert_eq!(parsed.fails["01/echo-bytes"], "f");
        assert!(parse("//! Misconception: a\n//! Must fail:\n//! - 01/no: x\n", LABS[0]).is_err());
        assert!(parse("//! Misconception: a\n", LABS[0]).is_err());
        assert!(!parsed.takes_luck);
        let source = "//! Misconception: a\n//! Takes luck: b\n//!\n//! Must fail:\n\
                      //! - 01/half-close: c\n";
        let parsed = parse(source, LABS[0]).expect("a sound header");
        assert_eq!((parsed.sentence.as_str(), parsed.takes_luck), ("a", true));
    }

    #[test]
    fn a_file_of_texts_has_one_for_each_failure() {
        let all = |kept| texts(kept).collect::<Vec<_>>();
        assert_eq!(all(""), [""; 0]);
        assert_eq!(all("✗ a\n  ✗ b\n"), ["✗ a\n  ✗ b\n"]);
        assert_eq!(all("✗ a\n  b\n✗ a\n  c\n"), ["✗ a\n  b\n", "✗ a\n  c\n"]);
    }

    #[test]
    fn only_what_was_not_seen_may_be_luck() {
        let named = BTreeMap::from([("01/half-close".to_owned(), "reason".to_owned())]);
        let is_luck = |verdicts: &[(&str, &str)]| {
            let verdicts =
                verdicts.iter().map(|&(id, it)| (id.to_owned(), it.to_owned())).collect();
            let (observed, text) = (BTreeMap::new(), String::new());
            let found = Found { score: 0, points: 100, verdicts, observed, text };
            is_missed(&Expectation::Fails(named.clone()), &found)
        };
        assert!(is_luck(&[("01/half-close", "passed"), ("01/echo-bytes", "passed")]));
        assert!(!is_luck(&[("01/half-close", "passed"), ("01/echo-bytes", "failed")]));
        assert!(!is_luck(&[("01/half-close", "inconclusive")]));
    }

    #[test]
    fn verdicts_that_differ_from_what_is_named_are_problems() {
        let lab = LABS[0];
        let mut verdicts: BTreeMap<String, String> =
            lab.checks.iter().map(|check| (check.id.to_owned(), "passed".to_owned())).collect();
        verdicts.insert("01/half-close".to_owned(), "failed".to_owned());
        verdicts.insert("01/large-stream".to_owned(), "blocked".to_owned());
        let (observed, text) = (BTreeMap::new(), String::new());
        let found = Found { score: 6, points: 100, verdicts, observed, text };
        let fails = |ids: &[&str]| {
            let named = ids.iter().map(|&id| (id.to_owned(), "reason".to_owned()));
            problems(lab, &Expectation::Fails(named.collect()), &found).len()
        };
        assert_eq!(fails(&["01/half-close"]), 0);
        assert_eq!(fails(&[]), 1, "fails without being named");
        assert_eq!(fails(&["01/echo-bytes", "01/half-close"]), 1, "named, but passes");
        assert_eq!(fails(&["01/half-close", "01/large-stream"]), 1, "named, but blocked");
        assert_eq!(problems(lab, &Expectation::AtMost(5), &found).len(), 1);
        assert_eq!(problems(lab, &Expectation::AtMost(6), &found).len(), 0);
        assert_eq!(problems(lab, &Expectation::Everything, &found).len(), 2);
    }
}
