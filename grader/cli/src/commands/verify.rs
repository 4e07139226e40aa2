//! `cargo grader verify`.

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc;

use anyhow::{Context, Result, bail};
use checks::LABS;
use clap::Args;
use course::checkout::Checkout;
use engine::lab::Lab;
use engine::subject::Children;
use indicatif::{ProgressBar, ProgressStyle};

use super::labs::find_lab;
use crate::proof::{
    BuiltLab, GoldenUpdate, Proof, Shard, build_ahead, merged_program, update_golden, verify,
    write_all_problems, write_costs, write_proof,
};
use crate::report::SCHEMA;
use crate::session::Session;
use crate::status::{FAILED, INTERRUPTED};

#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Labs, such as 1, 01 or blocking-threads [default: all]
    #[arg(value_name = "LAB")]
    labs: Vec<String>,

    /// Ignore cached results
    #[arg(long)]
    fresh: bool,

    /// Run only part I of N of the programs, so that N machines can share the work
    #[arg(long, value_name = "I/N", default_value = "1/1", hide_default_value = true)]
    shard: Shard,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    /// Print the solution with this misconception merged into it, and do nothing else
    #[arg(long, value_name = "MISCONCEPTION", conflicts_with_all = ["diff", "update", "also"])]
    show: Option<String>,

    /// Print how the merged program differs from the solution, and do nothing else
    #[arg(long, value_name = "MISCONCEPTION", conflicts_with_all = ["update", "also"])]
    diff: Option<String>,

    /// Record the current failure of this misconception in its .txt file, and do nothing else
    #[arg(long, value_name = "MISCONCEPTION", conflicts_with = "also")]
    update: Option<String>,

    /// Add the current failure of this misconception to the recorded ones, because either may occur
    #[arg(long, value_name = "MISCONCEPTION")]
    also: Option<String>,
}

/// Proves the requested labs. `children` are those of this process.
///
/// # Errors
///
/// Wrong usage, or something cannot be read or built.
pub fn command(arguments: &VerifyArguments, children: &Children) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let labs: Vec<&'static Lab> = match arguments.labs.as_slice() {
        [] => LABS.to_vec(),
        names => names.iter().map(|name| find_lab(name)).collect::<Result<_>>()?,
    };
    let mut out = anstream::stdout().lock();
    let show = arguments.show.as_ref().map(|name| (name, false, "--show"));
    let diff = arguments.diff.as_ref().map(|name| (name, true, "--diff"));
    if let Some((name, as_diff, option)) = show.or(diff) {
        let lab = one_lab(&labs, option, name)?;
        write!(out, "{}", merged_program(&checkout, lab, name, as_diff)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let session = Session::begin(checkout, children)?;
    let replace = arguments.update.as_ref().map(|name| (name, GoldenUpdate::Replace, "--update"));
    let add = arguments.also.as_ref().map(|name| (name, GoldenUpdate::Add, "--also"));
    if let Some((name, update, option)) = replace.or(add) {
        let lab = one_lab(&labs, option, name)?;
        let (path, is_new) = update_golden(&session, lab, name, update)?;
        let done = if is_new { "written" } else { "already recorded" };
        writeln!(out, "{done}: {}", session.checkout.relative(&path).display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let proofs = verify_all(&session, &labs, arguments, &mut out)?;
    if session.interrupt.is_raised() {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if arguments.json {
        let document = serde_json::json!({ "schema": SCHEMA, "proofs": proofs });
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        write_costs(&mut out, &proofs)?;
    }
    let holds = proofs.iter().all(Proof::holds);
    if !holds && !arguments.json && proofs.len() > 1 {
        write_all_problems(&mut out, &proofs)?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Proves `labs`; builds the programs of the next lab while those of the current one run. Writes each proof to `out`,
/// unless a JSON document follows. After an interrupt, returns the proofs that are complete.
fn verify_all(
    session: &Session,
    labs: &[&'static Lab],
    arguments: &VerifyArguments,
    out: &mut impl Write,
) -> Result<Vec<Proof>> {
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(0);
        scope.spawn(move || build_ahead(session, labs, arguments.shard, &sender));
        let mut proofs = Vec::new();
        for lab in labs {
            let built = receiver.recv().context("the next lab was not built")?;
            let proof =
                built.and_then(|built| verify_with_bar(session, lab, built, arguments.fresh));
            if session.interrupt.is_raised() {
                break;
            }
            let proof = proof?;
            if !arguments.json {
                write_proof(out, lab, &proof)?;
            }
            proofs.push(proof);
        }
        Ok(proofs)
    })
}

/// Like [`verify`], with a progress bar.
fn verify_with_bar(session: &Session, lab: &Lab, built: BuiltLab, fresh: bool) -> Result<Proof> {
    let bar = session.bars.add(ProgressBar::new(0));
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} programs") {
        bar.set_style(style);
    }
    bar.set_message(format!("lab {}", lab.digits()));
    let proof = verify(session, built, fresh, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    proof
}

/// The only lab in `labs`: `option` looks there for the misconception `name`.
fn one_lab(labs: &[&'static Lab], option: &str, name: &str) -> Result<&'static Lab> {
    match labs {
        [lab] => Ok(lab),
        _ => bail!("{option} needs one lab: cargo grader verify LAB {option} {name}"),
    }
}
