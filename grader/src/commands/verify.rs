//! `cargo grader verify`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::check::{find_lab, listen_for_signals, raise_descriptor_limit};
use super::{FAILED, INTERRUPTED};
use crate::labs::{LABS, Lab};
use crate::repo::Repo;
use crate::supervise;
use crate::verify::{Keeping, Proof, Proved, update, verify};

#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Labs, as 1, 01 or blocking-threads; without one, all
    #[arg(value_name = "LAB")]
    labs: Vec<String>,

    /// Repeat what is known from earlier runs, too
    #[arg(long)]
    fresh: bool,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    /// Keep the failure text of this misconception as it is now, and do nothing else
    #[arg(long, value_name = "MISCONCEPTION", conflicts_with = "also")]
    update: Option<String>,

    /// Keep the failure text as it is now beside those that are kept: luck decides which is seen
    #[arg(long, value_name = "MISCONCEPTION")]
    also: Option<String>,
}

/// Proves the labs asked for.
///
/// # Errors
///
/// Wrong usage, or something cannot be read or built.
pub fn command(arguments: &VerifyArguments) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let labs: Vec<&'static Lab> = match arguments.labs.as_slice() {
        [] => LABS.to_vec(),
        names => names.iter().map(|name| find_lab(name)).collect::<Result<_>>()?,
    };
    raise_descriptor_limit()?;
    supervise::adopt_strays().context("cannot become a subreaper")?;
    let interrupt = listen_for_signals()?;
    let mut out = anstream::stdout().lock();
    let replace = arguments.update.as_ref().map(|name| (name, Keeping::Replace, "--update"));
    let add = arguments.also.as_ref().map(|name| (name, Keeping::Add, "--also"));
    if let Some((name, keeping, option)) = replace.or(add) {
        let [lab] = labs.as_slice() else {
            bail!("{option} needs the lab: verify LAB {option} {name}")
        };
        let (path, is_new) = update(&repo, lab, name, keeping, &interrupt)?;
        let done = if is_new { "written" } else { "known already" };
        writeln!(out, "{done}: {}", repo.relative(&path).display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut proofs = Vec::new();
    for lab in labs {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} programs") {
            bar.set_style(style);
        }
        bar.set_message(format!("lab {}", lab.digits()));
        let proof = verify(&repo, lab, arguments.fresh, &interrupt, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        });
        bar.finish_and_clear();
        if interrupt.is_raised() {
            return Ok(ExitCode::from(INTERRUPTED));
        }
        let proof = proof?;
        if !arguments.json {
            write_proof(&mut out, lab, &proof)?;
        }
        proofs.push(proof);
    }
    if arguments.json {
        let document = serde_json::json!({ "schema": crate::json::SCHEMA, "proofs": proofs });
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    }
    let holds = proofs.iter().all(Proof::holds);
    if !holds && !arguments.json && proofs.len() > 1 {
        write_all_problems(&mut out, &proofs)?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What differs in any lab, once more: the matrix in which it was told may be pages above.
fn write_all_problems(out: &mut dyn Write, proofs: &[Proof]) -> Result<()> {
    writeln!(out, "\nNot as it should be:")?;
    for proof in proofs {
        for problem in problems(proof) {
            writeln!(out, "  lab {:02}: {problem}", proof.lab)?;
        }
    }
    Ok(())
}

/// A line for each thing that differs from what is named.
fn problems(proof: &Proof) -> impl Iterator<Item = String> {
    let of_subjects = proof.subjects.iter().flat_map(|subject| {
        subject.problems.iter().map(move |problem| format!("{}: {problem}", subject.name))
    });
    of_subjects.chain(proof.problems.iter().cloned())
}

/// The matrix of checks and misconceptions, and what differs from what is named.
fn write_proof(out: &mut dyn Write, lab: &Lab, proof: &Proof) -> Result<()> {
    let kept = proof.subjects.iter().filter(|subject| subject.kept).count();
    let all = proof.subjects.len();
    writeln!(
        out,
        "Lab {}: {all} programs, {kept} of them known from an earlier run",
        lab.digits()
    )?;
    let is_lucky = |subject: &&Proved| subject.looks > 1 && subject.once.is_empty();
    let again = proof.subjects.iter().filter(is_lucky);
    let again: Vec<_> = again.map(|subject| subject.name.as_str()).collect();
    if !again.is_empty() {
        writeln!(
            out,
            "looked at again (luck decides, or the machine was busy): {}",
            again.join(", ")
        )?;
    }
    writeln!(out)?;
    // The first five are the reference, the starter and the null programs.
    let (given, wrong): (Vec<_>, Vec<_>) =
        proof.subjects.iter().partition(|subject| !is_misconception(&subject.name));
    for subject in given {
        let found = &subject.found;
        writeln!(out, "  {:<22} {:>3} of {} points", subject.name, found.score, found.points)?;
    }
    writeln!(out)?;
    // Without spaces between them: forty fit into a terminal.
    let names = lab.checks.iter().map(|check| check.name().len()).max().unwrap_or(0) + 1;
    write!(out, "  {:<names$}", "")?;
    for index in 0..wrong.len() {
        write!(out, "{}", letter(index))?;
    }
    writeln!(out)?;
    for check in lab.checks.iter().filter(|check| check.points > 0) {
        write!(out, "  {:<names$}", check.name())?;
        for subject in &wrong {
            let is_point =
                proof.points.get(check.id).is_some_and(|names| names.contains(&subject.name));
            let mark = match subject.found.verdicts.get(check.id).map(String::as_str) {
                Some("failed") if is_point => "X",
                Some("failed") => "x",
                Some("passed") => "·",
                Some("blocked") => "-",
                _ => "?",
            };
            write!(out, "{mark}")?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "\n  X rejects it first, x rejects it, · passes, - not run: what it requires failed\n"
    )?;
    for (index, subject) in wrong.iter().enumerate() {
        let verdict = if subject.problems.is_empty() { "" } else { "   <- differs, see below" };
        writeln!(out, "  {} {}{verdict}", letter(index), subject.name)?;
    }
    writeln!(out)?;
    for problem in problems(proof) {
        writeln!(out, "{problem}")?;
    }
    for subject in &proof.subjects {
        for problem in &subject.once {
            writeln!(out, "{}, in one look, though not in two others: {problem}", subject.name)?;
        }
    }
    if proof.holds() && proof.subjects.iter().all(|subject| subject.once.is_empty()) {
        writeln!(out, "All as it should be: each program got the verdict that was known before.")?;
    }
    Ok(())
}

fn is_misconception(name: &str) -> bool {
    !["reference", "starter"].contains(&name) && !crate::null::ALL.contains(&name)
}

/// a to z, then A to Z: one column each.
fn letter(index: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.into_iter().nth(index).unwrap_or('*')
}
