//! Every mistake in a deck is reported with its file and line.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use course::explanations::EXPLANATIONS_FOLDER;
use slides::book::Book;
use slides::deck::Answers;
use tempfile::TempDir;

/// A repository with one deck and a lab of one check.
struct Repository {
    folder: TempDir,
}

const DECK: &str =
    "# Threads {#threads minutes=1}\n\nWords.\n\n## Goals {#goals minutes=1}\n\nMore words.\n";

const CODE: &str = "\
fn given() {
    // ANCHOR: given
    let a = 1;

    // ANCHOR: within
    let b = 2;
    // ANCHOR_END: within
    // ANCHOR_END: given
    // BEGIN SOLUTION: write it
    // ANCHOR: answer
    let c = 3;
    // ANCHOR_END: answer
    // END SOLUTION
    // ANCHOR: nothing
    // ANCHOR_END: nothing
    // ANCHOR: open
}
";

impl Repository {
    fn new() -> Result<Self> {
        let repository = Self { folder: tempfile::tempdir()? };
        repository
            .write("slides/book.toml", "[book]\ntitle = \"T\"\nsrc = \"decks\"\n[output.html]\n")?;
        repository.write("slides/decks/SUMMARY.md", "# Summary\n\n- [one](01-threads.md)\n")?;
        repository.write("slides/decks/01-threads.md", DECK)?;
        repository.write("pictures/idle-light.svg", "<svg/>")?;
        repository.write(
            &explanations(),
            "# 01\n\n## 01/echo\n\nWhy.\n\n### Slide\n\n`01-threads/goals`\n",
        )?;
        repository.write("solutions/01/lib.rs", CODE)?;
        Ok(repository)
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        Ok(fs::write(path, text)?)
    }

    /// The problems of the deck with `more` appended, which begins at line 9.
    fn problems_with(&self, more: &str) -> Result<Vec<String>> {
        self.write("slides/decks/01-threads.md", &format!("{DECK}\n{more}"))?;
        let book = Book::load(self.folder.path(), Answers::Folded)?;
        Ok(book.problems.iter().map(ToString::to_string).collect())
    }
}

/// The file that explains the lab's check.
fn explanations() -> String {
    format!("{EXPLANATIONS_FOLDER}/01-threads.md")
}

/// Asserts that a problem begins with `place` and contains `what`.
#[track_caller]
fn says(problems: &[String], place: &str, what: &str) {
    let is_it = |problem: &&String| problem.starts_with(place) && problem.contains(what);
    assert!(
        problems.iter().any(|problem| is_it(&problem)),
        "no \"{place} … {what}\" in {problems:#?}"
    );
}

const HERE: &str = "slides/decks/01-threads.md:9: ";
const THERE: &str = "solutions/01/lib.rs:";

#[test]
fn a_broken_include_is_an_error_that_names_both_files() -> Result<()> {
    let repository = Repository::new()?;
    let with = |more: &str| repository.problems_with(more);
    says(&with("{{#code solutions/01/lib.rs:gone}}")?, THERE, "no region `gone`");
    says(
        &with("{{#code solutions/01/lib.rs:gone}}")?,
        THERE,
        "(shown by slides/decks/01-threads.md:9)",
    );
    says(&with("{{#code solutions/01/gone.rs:a}}")?, "solutions/01/gone.rs:1: ", "No such file");
    says(&with("{{#code solutions/01/lib.rs:nothing}}")?, THERE, "is empty");
    says(&with("{{#code solutions/01/lib.rs:open}}")?, THERE, "does not end");
    says(&with("{{#code ../secret:a}}")?, "../secret:1: ", "code must come from solutions");
    let book = with("{{#code slides/book.toml:a}}")?;
    says(&book, "slides/book.toml:1: ", "code must come from solutions");
    says(&with("{{#code solutions/01/lib.rs}}")?, HERE, "which region?");
    says(&with("{{#code solutions/01/lib.rs:answer}}")?, HERE, "{{#answer …}} folds it");
    says(&with("{{#include solutions/01/lib.rs:given}}")?, HERE, "is unknown");
    says(&with("see {{#code solutions/01/lib.rs:given}}")?, HERE, "on a line of its own");
    says(&with("{{#report 01/gone}}")?, "grader/misconceptions/01/gone.report:1: ", "No such file");
    says(&with("{{#plot idle \"what is seen\"}}")?, HERE, "pictures/idle-dark.svg does not exist");
    Ok(())
}

#[test]
fn code_that_does_not_fit_is_an_error() -> Result<()> {
    let repository = Repository::new()?;
    let long = format!("// ANCHOR: long\n{}// ANCHOR_END: long\n", "x();\n".repeat(19));
    let wide = format!("// ANCHOR: wide\n    {};\n// ANCHOR_END: wide\n", "x".repeat(84));
    repository.write("solutions/01/large.rs", &(long + &wide))?;
    let with = |more: &str| repository.problems_with(more);
    says(
        &with("{{#code solutions/01/large.rs:long}}")?,
        "solutions/01/large.rs:2: ",
        "19 lines: at most 18",
    );
    says(
        &with("{{#code solutions/01/large.rs:wide}}")?,
        "solutions/01/large.rs:23: ",
        "85 columns: at most 84",
    );
    let hidden = "// ANCHOR: hidden\nlet page = r\"\n# HELP\n\";\n// ANCHOR_END: hidden\n";
    repository.write("solutions/01/hidden.rs", hidden)?;
    says(
        &with("{{#code solutions/01/hidden.rs:hidden}}")?,
        "solutions/01/hidden.rs:3: ",
        "hides a line",
    );
    says(&with("```rust\nlet a = 1;\n```")?, HERE, "```rust,sketch");
    says(&with("```rust,ignore\nlet a = 1;\n```")?, HERE, "```rust,sketch");
    let inner = with("- a\n\n  ```rust\n  x\n  ```")?;
    says(&inner, "slides/decks/01-threads.md:11: ", "at the beginning of a line");
    says(&with("~~~rust\nx\n~~~")?, HERE, "at the beginning of a line");
    says(&with("```\nls\n```")?, HERE, "without a language");
    says(&with(&format!("```text\n{}```", "a\n".repeat(19)))?, HERE, "19 lines");
    says(&with("```text\nls\n")?, "slides/decks/01-threads.md:10: ", "does not end");
    let drawing = "```pikchr \"a box\"\nbox \"a\" banana\n```";
    says(&with(drawing)?, HERE, "syntax error");
    says(&with("```pikchr\nbox\n```")?, HERE, "needs a description");
    says(&with("```pikchr \"wide\"\nbox wid 20in\n```")?, HERE, "1168 × 520 fit");
    Ok(())
}

#[test]
fn ids_and_minutes_are_required() -> Result<()> {
    let repository = Repository::new()?;
    let with = |more: &str| repository.problems_with(more);
    says(
        &with("## One {#one minutes=1}\n\n## Two {#one minutes=1}")?,
        HERE,
        "two slides have the id #one",
    );
    says(&with("## One {minutes=1}")?, HERE, "has no id");
    says(&with("## One {#one}")?, HERE, "how long it takes");
    says(&with("## One {#one minutes=9}\n\nA word.")?, HERE, "#one says minutes=9");
    let long = format!("## One {{#one minutes=1}}\n\n{}", "word ".repeat(300));
    says(&with(&long)?, HERE, "#one says minutes=1,");
    says(&with("## One {#One minutes=1}")?, HERE, "an id consists of a-z");
    let underlined = with("## One {#one minutes=1}\n\nTwo\n---")?;
    says(&underlined, "slides/decks/01-threads.md:12: ", "write a heading as");
    says(&with("## One {#checks minutes=1}")?, HERE, "not #checks");
    says(&with("<details class=\"notes\">words")?, HERE, "alone on its line");
    says(&with("## One {#one .strange minutes=1}")?, HERE, "neither .predict nor .bug");
    says(&with("## One {#one .predict minutes=1}")?, HERE, "has no answer");
    says(
        &with("## One {#one minutes=1}\n<details>\n")?,
        "slides/decks/01-threads.md",
        "does not end on its slide",
    );
    repository.write("slides/decks/01-threads.md", &format!("Early.\n\n{DECK}"))?;
    let early = Book::load(repository.folder.path(), Answers::Folded)?.problems;
    let early: Vec<_> = early.iter().map(ToString::to_string).collect();
    says(&early, "slides/decks/01-threads.md:1: ", "before the first slide");
    let whole = with("")?;
    let first = "slides/decks/01-threads.md:1: ";
    says(&whole, first, "a lecture takes 45 to 50");
    says(&whole, first, "it has 0 pictures; it needs at least 3");
    says(&whole, first, "it has 0 .predict slides");
    says(&whole, first, "no .bug slide");
    says(&whole, first, "the last slide must be #lab");
    Ok(())
}

#[test]
fn decks_links_and_checks_belong_together() -> Result<()> {
    let repository = Repository::new()?;
    says(&repository.problems_with("[there](#nowhere)")?, HERE, "#nowhere leads nowhere");
    says(&repository.problems_with("[there](02-gone.md)")?, HERE, "02-gone.md leads nowhere");
    let fine =
        repository.problems_with("[there](01-threads.md#goals) [far](https://example.org)")?;
    assert!(!fine.iter().any(|problem| problem.contains("nowhere")), "{fine:#?}");
    says(&fine, "solutions/01/lib.rs:2: ", "no slide shows the region `given`");
    repository.write("slides/decks/02-new.md", DECK)?;
    says(&repository.problems_with("")?, "slides/decks/SUMMARY.md:1: ", "does not list 02-new.md");
    repository.write(&explanations(), "## 01/echo\n\n### Slide\n\n`01-threads/gone`\n")?;
    says(
        &repository.problems_with("")?,
        &format!("{}:5: ", explanations()),
        "01/echo is explained by 01-threads#gone",
    );
    repository.write(&explanations(), "## 01/echo\n\n### Slide\n\n`01-thread/goals`\n")?;
    says(
        &repository.problems_with("")?,
        &format!("{}:5: ", explanations()),
        "the deck 01-thread, which does not exist",
    );
    repository.write("slides/decks/SUMMARY.md", "# Summary\n\n- [one](gone.md)\n")?;
    let Err(error) = Book::load(repository.folder.path(), Answers::Folded) else {
        panic!("a missing deck is an error")
    };
    assert!(format!("{error:#}").contains("gone.md"), "{error:#}");
    Ok(())
}

#[test]
fn a_region_is_shown_without_marks_and_indentation() -> Result<()> {
    let repository = Repository::new()?;
    let root = repository.folder.path();
    let given = slides::excerpt::region(root, "solutions/01/lib.rs", "given");
    let given = given.expect("the region is there");
    assert_eq!((given.text.as_str(), given.is_answer), ("let a = 1;\n\nlet b = 2;\n", false));
    let answer =
        slides::excerpt::region(root, "solutions/01/lib.rs", "answer").expect("it is there");
    assert!(answer.is_answer);
    Ok(())
}

#[test]
fn a_slide_shows_the_requested_parts_of_a_report() -> Result<()> {
    let repository = Repository::new()?;
    let text = |observed: &str| {
        format!("✗ 01/echo: back\n  What the grader did\n    1. ask\n  Observed\n    {observed}\n")
    };
    repository.write("grader/misconceptions/01/lossy.report", &text("this"))?;
    let shown = |parts| slides::excerpt::report(repository.folder.path(), "01/lossy", parts);
    assert_eq!(shown(&[]).expect("a report"), text("this"));
    let observed = shown(&["Observed"]).expect("a report with that part");
    assert_eq!(observed, "✗ 01/echo: back\n  Observed\n    this\n");
    Ok(())
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() -> Result<()> {
    let repository = Repository::new()?;
    let load = || Book::load(repository.folder.path(), Answers::Folded);
    let out = repository.folder.path().join("out");
    let answer = format!("{DECK}\n{{{{#answer solutions/01/lib.rs:answer}}}}\n");
    repository.write("slides/decks/01-threads.md", &answer)?;
    load()?.build(&out)?;
    let page = fs::read_to_string(out.join("01-threads.html"))?;
    assert!(page.contains("<details class=\"giveaway\"><summary>"), "it is folded: {page}");
    assert!(page.contains("Explains <code>01/echo</code>"), "at the slide's foot: {page}");
    assert!(page.contains("<td><code>01/echo</code></td>"), "in the list: {page}");
    // Again, over the existing book.
    load()?.build(&out)?;
    let home = repository.folder.path().join("home");
    repository.write("home/thesis.txt", "years of work")?;
    let error = load()?.build(&home).expect_err("not ours");
    assert!(error.to_string().contains("neither empty"), "{error:#}");
    assert_eq!(fs::read_to_string(home.join("thesis.txt"))?, "years of work");
    let file = home.join("thesis.txt");
    let error = load()?.build(&file.join("book")).expect_err("a file is not a folder");
    assert!(format!("{error:#}").contains("cannot create"), "{error:#}");
    Ok(())
}

/// The repository's own book.
fn own() -> Result<Book> {
    Book::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), Answers::Folded)
}

#[test]
fn our_own_decks_have_no_problems() -> Result<()> {
    let problems: Vec<_> = own()?.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    Ok(())
}

#[test]
fn handbook_has_the_schedule_of_the_course() -> Result<()> {
    let book = own()?;
    let handbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("handbook/README.md");
    let handbook = fs::read_to_string(handbook)?;
    let course = book.course();
    assert!(handbook.contains(&course), "the handbook's table of the course must be\n{course}");
    Ok(())
}

#[test]
fn decks_and_slides_are_found_by_all_their_names() -> Result<()> {
    let book = own()?;
    for name in ["1", "01", "blocking-threads", "01-blocking-threads"] {
        assert_eq!(book.find(name)?.url(), "01-blocking-threads.html");
    }
    assert_eq!(book.find("1#half-close")?.url(), "01-blocking-threads.html#half-close");
    let error = book.find("blocking-thread").expect_err("not quite").to_string();
    assert!(
        error.contains("no deck blocking-thread (did you mean 01-blocking-threads?)"),
        "{error}"
    );
    let error = book.find("1#halfclose").expect_err("not quite").to_string();
    assert!(
        error.contains("no slide #halfclose in 01-blocking-threads (did you mean half-close?)"),
        "{error}"
    );
    Ok(())
}

/// Runs the program as a user does.
fn run(arguments: &[&str], path: Option<&str>) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slides"));
    command.args(arguments);
    if let Some(path) = path {
        command.env("PATH", path).env_remove("BROWSER");
    }
    let output = command.output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn every_failure_is_reported_in_one_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("book");
    let out = out.to_str().unwrap_or_default();
    let (status, said) = run(&["99"], None)?;
    assert_eq!(status, Some(1));
    assert!(said.starts_with("error: there is no deck 99"), "{said}");
    // Nothing on PATH: neither a browser nor an opener.
    let pdf = folder.path().join("slides.pdf");
    let (status, said) =
        run(&["1", "--out", out, "--pdf", pdf.to_str().unwrap_or_default()], Some(""))?;
    assert_eq!(status, Some(1));
    assert!(said.contains("install chromium"), "{said}");
    let (status, said) = run(&["1#goals", "--out", out], Some(""))?;
    assert_eq!(status, Some(1));
    assert!(
        said.contains("no browser could be started") && said.contains("01-blocking-threads.html"),
        "{said}"
    );
    let (status, said) = run(&["--no-open", "--out", "/proc/nowhere"], None)?;
    assert_eq!(status, Some(1));
    assert!(said.starts_with("error: cannot create /proc/nowhere"), "{said}");
    Ok(())
}
