//! `cargo slides`: builds the lectures and opens them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use course::text::count;
use slides::book::{Book, Target};
use slides::deck::Answers;
use slides::{Problem, browser};

/// Build the lectures, a searchable book whose chapters are slide shows, and open it in the browser
#[derive(Debug, Parser)]
#[command(name = "cargo slides", bin_name = "cargo slides")]
struct Arguments {
    /// A deck, such as 3, 03 or async-echo, optionally with one of its slides: 03#half-close
    #[arg(value_name = "DECK[#SLIDE]")]
    deck: Option<String>,
    /// Build the book without opening it
    #[arg(long)]
    no_open: bool,
    /// Where the book goes: a folder that is new, empty, or holds an earlier book [default: target/slides/book]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the whole deck, or all decks, to a PDF file, one slide per page; needs Chromium
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Leave the answers to the labs out of the book
    #[arg(long)]
    without_answers: bool,
    /// Only check the decks: code, ids, minutes, links and reports
    #[arg(long, conflicts_with_all = ["pdf", "out"])]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    // `cargo run` says where the package is now; a copied checkout may have been built elsewhere.
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&package).join("..");
    let root = root.canonicalize().context("cannot find the repository")?;
    let answers = if arguments.without_answers { Answers::Removed } else { Answers::Folded };
    let book = Book::load(&root, answers)?;
    let target = match &arguments.deck {
        Some(deck) => book.find(deck)?,
        None => Target { page: "index".to_owned(), slide: None },
    };
    // Problems in other decks do not keep an author from viewing this one.
    let page = format!("{}.md", target.page);
    let concerns =
        |problem: &&Problem| arguments.deck.is_none() || problem.to_string().contains(&page);
    let (own, others): (Vec<_>, Vec<_>) = book.problems.iter().partition(concerns);
    for problem in &own {
        eprintln!("{problem}");
    }
    if !own.is_empty() {
        bail!("{} in the slides", count(own.len(), "problem"));
    }
    if !others.is_empty() {
        eprintln!("{} elsewhere: cargo slides --check", count(others.len(), "problem"));
    }
    if arguments.check {
        match &arguments.deck {
            Some(_) => println!("{}: no problems found", target.page),
            None => {
                let slides: usize = book.decks.iter().map(|deck| deck.slides.len()).sum();
                println!("{} decks, {slides} slides: no problems found", book.decks.len());
            }
        }
        return Ok(());
    }
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => beside_the_program()?,
    };
    book.build(&out)?;
    if let Some(file) = &arguments.pdf {
        let page = if arguments.deck.is_some() { target.page.as_str() } else { "print" };
        browser::print(&out, page, file)?;
        println!("{}", file.display());
        return Ok(());
    }
    if arguments.no_open {
        println!("{}", out.join(target.url()).display());
        return Ok(());
    }
    // Asking for a browser succeeds even if none opens.
    println!("If no browser opens: {}", out.join(target.url()).display());
    browser::open(&out, &target)
}

/// `target/slides/book`, or the folder `book` of another target directory.
fn beside_the_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find the target directory")?;
    let target = program.ancestors().nth(2).context("cannot find the target directory")?;
    Ok(target.join("book"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_launcher_prints_the_same_help() {
        let help = Arguments::command().render_help().to_string();
        assert_eq!(
            help,
            include_str!("../../launcher/slides-help.txt"),
            "update launcher/slides-help.txt"
        );
    }
}
