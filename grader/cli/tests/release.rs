//! The student edition: complete, without a line of an answer, and usable.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use common::{copy, files, root};
use course::checkout::Checkout;
use course::labs::LABS;
use grader::release::leaks::Secrets;
use pulldown_cmark::{Event, Parser, Tag};

/// An edition that the tests only read, in a folder that they share.
static EDITION: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edition");
    let _ = fs::remove_dir_all(&folder);
    release(&[folder.to_str().unwrap()]);
    folder
});

/// Runs `cargo grader release` successfully.
#[track_caller]
fn release(arguments: &[&str]) {
    let mut grader = common::grader();
    // The first build of the slides takes minutes.
    grader.timeout(Duration::from_secs(600));
    grader.arg("release").args(arguments).current_dir(root()).assert().success();
}

/// Where the grader of the edition and the labs there are built.
fn target() -> PathBuf {
    common::target().join("edition")
}

/// Runs `cargo` in `folder`, as a student would.
fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target());
    cargo.env("NO_COLOR", "1").env("CARGO_NET_OFFLINE", "true").stdin(Stdio::null());
    engine::subject::build::without_package(&mut cargo);
    cargo.output().unwrap()
}

/// Runs `cargo` with these words in `folder`, and expects its status and a text in its output.
#[track_caller]
fn expect(folder: &Path, words: &str, status: i32, text: &str) {
    let output = cargo(folder, &words.split(' ').collect::<Vec<_>>());
    let all = [output.stdout, output.stderr].concat();
    let all = String::from_utf8_lossy(&all);
    assert_eq!(output.status.code(), Some(status), "cargo {words}: {all}");
    assert!(all.contains(text), "cargo {words}: {text:?} is not in\n{all}");
}

/// Runs `cargo grader watch` until it has reported once.
fn watch_reports(folder: &Path) {
    // Without cargo and the launcher, so that ending this process ends `watch`.
    let mut watch = Command::new(target().join("grader/debug/grader"));
    watch.args(["watch", "1"]).current_dir(folder).env("CARGO_TARGET_DIR", target());
    let mut watch = watch.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(watch.stdout.take().unwrap());
    let reported = output.lines().map_while(Result::ok).any(|line| line.starts_with("Next"));
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(reported);
}

#[test]
fn the_same_course_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["1", "2"] {
        let file = |kind: &str| format!("{}.{kind}", path(name).display());
        release(&["--zip", &file("zip"), "--tar", &file("tar.gz")]);
    }
    for kind in ["zip", "tar.gz"] {
        let [first, second] =
            ["1", "2"].map(|name| fs::read(path(&format!("{name}.{kind}"))).unwrap());
        assert!(first == second, "two .{kind} files differ");
    }
    // Other programs read them, and find the folder of the edition.
    for (program, options, archive, into) in [
        ("python3", &["-m", "zipfile", "-e"][..], "1.zip", &[][..]),
        ("tar", &["-xzf"], "1.tar.gz", &["-C"]),
    ] {
        if common::has(program) {
            let out = path(program);
            fs::create_dir(&out).unwrap();
            let mut unpack = Command::new(program);
            unpack.args(options).arg(path(archive)).args(into).arg(&out);
            assert!(unpack.status().unwrap().success());
            release(&["--check", out.join("netlab").to_str().unwrap()]);
        }
    }
}

#[test]
fn a_changed_edition_is_described() {
    let folder = tempfile::tempdir().unwrap();
    copy(&EDITION, folder.path());
    fs::write(folder.path().join("README.md"), "mine").unwrap();
    fs::remove_file(folder.path().join("launcher/Cargo.toml")).unwrap();
    fs::write(folder.path().join("notes.txt"), "mine, too").unwrap();
    let mut check = common::grader();
    check.args(["release", "--check"]).arg(folder.path()).current_dir(root());
    check.assert().code(1).stdout("edited: README.md\nmissing: launcher/Cargo.toml\n");
    let refused = |target: &str, text: &str| {
        let mut release = common::grader();
        let assert = release.args(["release", target]).current_dir(root()).assert().code(2);
        let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(error.contains(text), "{error}");
    };
    refused(folder.path().to_str().unwrap(), "were edited; move them elsewhere first");
    refused("labs/edition", "is in this checkout; choose a place outside it");
    refused("../no-such-folder/..", "does not exist");
}

#[test]
fn each_link_in_its_texts_leads_to_a_file() {
    let folder = EDITION.as_path();
    let mut links = 0;
    for path in files(folder).iter().filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = fs::read_to_string(path).unwrap();
        for event in Parser::new(&text) {
            let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
            let file = dest_url.split('#').next().unwrap();
            if dest_url.contains("://") || file.is_empty() {
                continue;
            }
            let target = path.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {dest_url} leads nowhere", path.display());
            links += 1;
        }
    }
    assert!(links >= LABS.len(), "only {links} links");
}

/// The commands of a student, in the order in which they are needed. It is one test because they share a build.
#[test]
fn it_works_and_gives_no_answer_away() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    copy(&EDITION, folder);
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let first = readme.lines().find(|line| line.starts_with("cargo grader ")).unwrap();
    assert!(first.starts_with("cargo grader check 1 "), "{first}");
    expect(folder, "grader check 1", 1, "What to do next");
    expect(folder, "grader list", 0, "blocking-threads      0");
    expect(folder, "grader next 1", 0, "Lab 01, task 1 of 4");
    expect(folder, "grader hint 01/half-close", 0, "1 of ");
    expect(folder, "grader explain 01/half-close", 0, "cargo slides 01#half-close");
    watch_reports(folder);
    expect(folder, "grader doctor", 0, "✓");
    expect(folder, &format!("grader inspect {}", std::process::id()), 0, "of a CPU");
    expect(folder, "slides --no-open", 0, "slides/index.html");
    expect(folder, "slides 1#half-close --no-open", 0, "01-blocking-threads.html#half-close");
    expect(folder, "slides 01#half-clsoe", 2, "did you mean half-close?");
    expect(folder, "grader slides --pdf all.pdf", 2, "there is no --pdf");
    let library = folder.join("labs/01-blocking-threads/src/lib.rs");
    let starter = fs::read(&library).unwrap();
    fs::write(&library, "nonsense").unwrap();
    expect(folder, "grader reset 1 --yes", 0, "lib.rs.before-reset-1");
    assert_eq!(fs::read(&library).unwrap(), starter);
    // What needs the solutions says so.
    let student = "this is the student edition";
    expect(folder, "grader check 1 --solution", 2, student);
    expect(folder, "grader diff 1 --spoil", 2, student);
    expect(folder, "grader bench --solution --quick", 2, student);
    for command in ["release x", "sync", "verify 1"] {
        let words = format!("grader {command}");
        expect(folder, &words, 2, "run it in the instructors' repository");
    }
    expect(folder, "grader bench --quick", 1, "nothing could be measured");

    let secrets = Secrets::of(&Checkout::at(root())).unwrap();
    assert!(secrets.count() > 1000, "{}", secrets.count());
    let built = ["grader/debug/grader", "release/launcher"].map(|name| target().join(name));
    let mut all = files(folder);
    all.extend(built);
    assert!(all.iter().any(|path| path.ends_with("slides/print.html")));
    for path in all {
        let leaks = secrets.found_in(&path, &fs::read(&path).unwrap());
        assert!(leaks.is_empty(), "{leaks:?}");
    }
    // The same pages with answers have leaks, so the search works.
    let pages = tempfile::tempdir().unwrap();
    let with_answers = pages.path().join("pages");
    expect(&root(), &format!("slides --no-open --out {}", with_answers.display()), 0, "index.html");
    let is_index = |path: &PathBuf| path.to_string_lossy().contains("searchindex");
    let index = files(&with_answers).into_iter().find(is_index).unwrap();
    for page in [index, with_answers.join("print.html"), with_answers.join("03-async-echo.html")] {
        let leaks = secrets.found_in(&page, &fs::read(&page).unwrap());
        assert!(leaks.len() > 3, "{}: {leaks:?}", page.display());
    }
}
