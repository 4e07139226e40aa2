//! How long `cargo grader watch` takes from a save to the first failing check, in each lab.
//!
//! `cargo bench --bench watch`, with the numbers of labs after `--` for some of them. Each lab begins as its solution, in
//! which one loop ends the program. Prints the median, minimum and maximum of ten saves.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use course::checkout::Checkout;
use course::labs::{LABS, LabInfo};

const SAVES: usize = 10;

fn main() -> Result<()> {
    let numbers: Vec<u8> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no checkout")?;
    let original = Checkout::at(root);
    println!("from a save to the first failing check, in seconds, of {SAVES} saves");
    println!("lab  median    min    max");
    for lab in LABS.iter().filter(|lab| numbers.is_empty() || numbers.contains(&lab.number)) {
        let mut times = measure(&original, lab).with_context(|| format!("lab {}", lab.number))?;
        times.sort();
        let seconds = |index: usize| times[index].as_secs_f64();
        let (median, last) = (seconds(SAVES / 2), seconds(SAVES - 1));
        println!(" {}  {median:>6.2} {:>6.2} {last:>6.2}", lab.digits(), seconds(0));
    }
    Ok(())
}

/// The times of all saves, in a copy of the checkout.
fn measure(original: &Checkout, lab: &LabInfo) -> Result<Vec<Duration>> {
    let folder = tempfile::tempdir()?;
    let checkout = Checkout::at(folder.path());
    for part in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(original.root().join(part), folder.path().join(part))?;
    }
    fs::create_dir_all(folder.path().join("grader"))?;
    let sources = checkout.lab(lab).join("src");
    fs::create_dir_all(&sources)?;
    for entry in fs::read_dir(original.require_solution(lab)?.join("src"))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?.replace(&lab.solution_package(), &lab.package());
        fs::write(sources.join(path.file_name().context("no name")?), text)?;
    }
    let (library, broken) = break_a_loop(&sources)?;
    fs::write(&library, &broken)?;
    let mut watch = Watch::start(original, &checkout, lab)?;
    watch.report()?;
    let mut times = Vec::new();
    for save in 0..SAVES {
        let begin = Instant::now();
        fs::write(&library, format!("{broken}\n// save {save}\n"))?;
        watch.report()?;
        times.push(begin.elapsed());
    }
    Ok(times)
}

/// A source file with a loop, and its text with a loop that ends the program.
fn break_a_loop(sources: &Path) -> Result<(PathBuf, String)> {
    const LOOP: &str = "    loop {\n";
    for name in ["server.rs", "lib.rs"] {
        let path = sources.join(name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.contains(LOOP) {
            let ends = format!("{LOOP}        if true {{ std::process::exit(3) }}\n");
            return Ok((path, text.replacen(LOOP, &ends, 1)));
        }
    }
    bail!("the solution has no loop")
}

struct Watch {
    grader: Child,
    output: BufReader<ChildStdout>,
}

impl Watch {
    #[allow(clippy::disallowed_methods, reason = "the grader is not a program under test")]
    fn start(original: &Checkout, checkout: &Checkout, lab: &LabInfo) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
        command.args(["watch", &lab.number.to_string()]).current_dir(checkout.root());
        command.env("CARGO_TARGET_DIR", original.root().join("target/watch-bench"));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut grader = command.spawn()?;
        let output = BufReader::new(grader.stdout.take().context("no output")?);
        Ok(Self { grader, output })
    }

    /// Reads up to the end of the next report.
    fn report(&mut self) -> Result<()> {
        let mut line = String::new();
        while !line.starts_with("Next") {
            line.clear();
            ensure!(self.output.read_line(&mut line)? > 0, "watch has ended");
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.grader.kill();
        let _ = self.grader.wait();
    }
}
