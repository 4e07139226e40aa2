//! A proof as text: the matrix of checks and misconceptions, and every unexpected result.

use std::io::{self, Write};

use engine::lab::Lab;
use engine::run::VerdictName;

use super::verify::{Proof, ProvenProgram};

/// Writes the problems of all labs again: the matrix that showed them may be pages above.
///
/// # Errors
///
/// `out` cannot be written to.
pub fn write_all_problems(out: &mut dyn Write, proofs: &[Proof]) -> io::Result<()> {
    writeln!(out, "\nAll problems:")?;
    for proof in proofs {
        for problem in problems(proof) {
            writeln!(out, "  lab {:02}: {problem}", proof.lab)?;
        }
    }
    Ok(())
}

/// Writes what each lab cost.
///
/// # Errors
///
/// `out` cannot be written to.
pub fn write_costs(out: &mut dyn Write, proofs: &[Proof]) -> io::Result<()> {
    writeln!(out, "\n  lab   programs   run   rerun    build     runs")?;
    for proof in proofs {
        let count =
            |is_it: fn(&&ProvenProgram) -> bool| proof.programs.iter().filter(is_it).count();
        writeln!(
            out,
            "   {:02}   {:>8} {:>5} {:>7} {:>6.1} s {:>6.1} s",
            proof.lab,
            proof.programs.len(),
            count(|program| !program.cached),
            count(|program| program.runs > 1),
            proof.cost.build_ms as f64 / 1e3,
            proof.cost.runs_ms as f64 / 1e3
        )?;
    }
    Ok(())
}

/// A line for each problem.
fn problems(proof: &Proof) -> impl Iterator<Item = String> {
    let of_programs = proof.programs.iter().flat_map(|program| {
        program.problems.iter().map(move |problem| format!("{}: {problem}", program.name))
    });
    of_programs.chain(proof.problems.iter().cloned())
}

/// Writes the matrix of `lab`, and its problems.
///
/// # Errors
///
/// `out` cannot be written to.
pub fn write_proof(out: &mut dyn Write, lab: &Lab, proof: &Proof) -> io::Result<()> {
    write_head(out, lab, proof)?;
    let (given, wrong): (Vec<_>, Vec<_>) =
        proof.programs.iter().partition(|program| !program.is_misconception);
    for program in given {
        let found = &program.finding;
        writeln!(out, "  {:<22} {:>3} of {} points", program.name, found.score, found.points)?;
    }
    writeln!(out)?;
    write_matrix(out, lab, proof, &wrong)?;
    for (index, program) in wrong.iter().enumerate() {
        let verdict = if program.problems.is_empty() { "" } else { "   <- unexpected, see below" };
        writeln!(out, "  {} {}{verdict}", letter(index), program.name)?;
    }
    writeln!(out)?;
    for problem in problems(proof) {
        writeln!(out, "{problem}")?;
    }
    for program in &proof.programs {
        for problem in &program.wrong_once {
            writeln!(out, "{}, in one run but not in two others: {problem}", program.name)?;
        }
    }
    if proof.holds() && proof.programs.iter().all(|program| program.wrong_once.is_empty()) {
        writeln!(out, "The proof holds: every program got its expected verdict.")?;
    }
    Ok(())
}

/// Writes how many programs the lab has, and which were run more than once.
fn write_head(out: &mut dyn Write, lab: &Lab, proof: &Proof) -> io::Result<()> {
    let cached = proof.programs.iter().filter(|program| program.cached).count();
    let all = proof.programs.len();
    let digits = lab.digits();
    writeln!(out, "Lab {digits}: {all} programs, {cached} of them cached from an earlier run")?;
    if !proof.keeps_results {
        writeln!(out, "results are not cached: a source is newer than this grader")?;
    }
    let is_again = |program: &&ProvenProgram| program.runs > 1 && program.wrong_once.is_empty();
    let again = proof.programs.iter().filter(is_again);
    let again: Vec<_> = again.map(|program| program.name.as_str()).collect();
    if !again.is_empty() {
        let again = again.join(", ");
        writeln!(out, "rerun (nondeterministic, or the machine was busy): {again}")?;
    }
    writeln!(out)
}

/// Writes a row for each check, with a column for each misconception.
fn write_matrix(
    out: &mut dyn Write,
    lab: &Lab,
    proof: &Proof,
    wrong: &[&ProvenProgram],
) -> io::Result<()> {
    // No spaces between the columns, so that forty fit into a terminal.
    let names = lab.checks.iter().map(|check| check.name.len()).max().unwrap_or(0) + 1;
    let letters: String = (0..wrong.len()).map(letter).collect();
    writeln!(out, "  {:<names$}{letters}", "")?;
    for check in lab.checks.iter().filter(|check| check.points > 0) {
        let first = proof.first_rejected.get(&check.id()).map(Vec::as_slice).unwrap_or_default();
        let mark = |program: &&ProvenProgram| match program.finding.verdicts.get(&check.id()) {
            Some(VerdictName::Failed) if first.contains(&program.name) => 'X',
            Some(VerdictName::Failed) => 'x',
            Some(VerdictName::Passed) => '·',
            Some(VerdictName::Blocked) => '-',
            _ => '?',
        };
        let marks: String = wrong.iter().map(mark).collect();
        writeln!(out, "  {:<names$}{marks}", check.name)?;
    }
    writeln!(
        out,
        "\n  X rejects it first, x rejects it, · passes, - not run: what it requires failed\n"
    )
}

/// The letter of a column: a to z, then A to Z.
fn letter(index: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.into_iter().nth(index).unwrap_or('*')
}
