//! Helpers that the tests share.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use course::checkout::Checkout;
use procfs::process::Process;
use serde_json::Value;

/// The grader, started anywhere in this checkout.
pub fn grader() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("grader"));
    command.env("NO_COLOR", "1");
    // A run that does not end means that the grader's own deadlines failed.
    command.timeout(Duration::from_secs(120));
    command
}

/// The program with many ways to misbehave (`examples/hostile.rs`), which `cargo test` builds.
pub fn hostile() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop(); // the test itself
    folder.pop(); // deps
    folder.join("examples/hostile")
}

/// Where the labs and their variants are built.
pub fn target() -> PathBuf {
    Checkout::at(root()).target()
}

/// Whether `tool` can be run. If it cannot, the test is skipped with a message, or fails with `NETLAB_ALL_TOOLS=1`.
pub fn has(tool: &str) -> bool {
    found_or_skipped(can_run(tool), tool)
}

/// Like [`has`], for a tool that is too large to be required: without it the test is always skipped.
pub fn has_large(tool: &str) -> bool {
    let found = can_run(tool);
    if !found {
        say_skipped(&format!("{tool} is missing"));
    }
    found
}

/// Says why a test is skipped.
pub fn say_skipped(reason: &str) {
    // Not eprintln: the test runner captures it and shows nothing for a test that passes.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// The root of the checkout under test.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The files below the folder `path`, without what cargo builds; or `path` itself, if it is a file.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = std::fs::read_dir(path).unwrap().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name != "target"));
    paths.sort();
    paths.iter().flat_map(|path| files(path)).collect()
}

/// A copy, in its own folder, of the parts of this checkout that the labs need.
pub fn copied_checkout() -> tempfile::TempDir {
    let checkout = tempfile::tempdir().unwrap();
    for part in [
        "labs",
        "solutions",
        "grader/explanations",
        "grader/misconceptions",
        "grader/starters",
        "slides/decks",
        ".cargo",
    ] {
        copy(&root().join(part), &checkout.path().join(part));
    }
    for part in ["Cargo.toml", "Cargo.lock", "README.md"] {
        std::fs::copy(root().join(part), checkout.path().join(part)).unwrap();
    }
    checkout
}

/// Copies the folder `from`.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(path, to).unwrap();
        }
    }
}

/// Where the labs of copied checkouts are built: their dependencies are compiled once for all tests.
pub fn copies_target() -> PathBuf {
    target().join("test-checkout")
}

/// The command of a Python that can import `module`. Debian's modules belong to Debian's Python, which need not be the
/// first on PATH. If no Python can, the test is skipped or fails, as for [`has`].
pub fn python_with(module: &str) -> Option<&'static str> {
    let imports = |python: &&str| {
        let mut import = std::process::Command::new(python);
        import.args(["-c", &format!("import {module}")]);
        import.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(imports);
    found_or_skipped(python.is_some(), &format!("Python's {module}")).then_some(python?)
}

/// Whether C programs can include `header`; otherwise like [`has`].
pub fn has_header(header: &str) -> bool {
    let mut compiler = std::process::Command::new("cc");
    compiler.args(["-E", "-x", "c", "-include", header, "/dev/null"]);
    let status = compiler.stdout(Stdio::null()).stderr(Stdio::null()).status();
    found_or_skipped(status.is_ok_and(|status| status.success()), header)
}

/// Whether the file at `path` exists; otherwise like [`has`].
pub fn has_file(path: &str) -> bool {
    found_or_skipped(Path::new(path).exists(), path)
}

fn can_run(tool: &str) -> bool {
    let mut version = std::process::Command::new(tool);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok()
}

fn found_or_skipped(found: bool, what: &str) -> bool {
    let required = std::env::var_os("NETLAB_ALL_TOOLS").is_some();
    assert!(found || !required, "{what} is missing");
    if !found {
        say_skipped(&format!("{what} is missing"));
    }
    found
}

/// Compiles the C program `name` of `grader/foreign` into `folder`, with `libraries` (`-l…`), and returns its path.
pub fn compiled(name: &str, folder: &tempfile::TempDir, libraries: &[&str]) -> String {
    let program = folder.path().join("program").display().to_string();
    let compiler = std::process::Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-pthread", "-o", &program, &source(name)])
        .args(libraries)
        .status();
    assert!(compiler.unwrap().success());
    program
}

/// Grades `program` in `lab`, and returns the names of the checks that failed. None may be inconclusive.
pub fn failed(lab: &str, program: &str) -> Vec<String> {
    let mark = mark();
    let arguments = ["check", lab, "--json", "--program", program];
    let run = grader().env(MARK, &mark).args(arguments).assert();
    expect_nobody(&mark);
    let output = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let document: Value = serde_json::from_str(&output).unwrap();
    let checks = document["reports"][0]["checks"].as_array().unwrap().clone();
    let of = |verdict: &str| -> Vec<String> {
        let these = checks.iter().filter(|check| check["verdict"] == verdict);
        these.map(|check| check["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("inconclusive"), [""; 0], "{output}");
    of("failed")
}

/// The path of a program in `grader/foreign`.
pub fn source(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("grader").join("foreign");
    folder.join(name).display().to_string()
}

/// The variable that carries a mark: programs inherit it from the grader, and their children from them.
pub const MARK: &str = "TMPDIR";

/// A mark that no other process carries in its environment: the path of a folder, which [`expect_nobody`] removes.
pub fn mark() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mark = format!("/tmp/mark-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // The grader puts the files of a trial there.
    std::fs::create_dir(&mark).unwrap();
    mark
}

/// The processes that carry `mark`, whatever they are.
pub fn marked(mark: &str) -> Vec<Process> {
    let carries = |process: &Process| {
        let environment = process.environ().unwrap_or_default();
        environment.get(OsStr::new(MARK)).is_some_and(|value| value == mark)
    };
    procfs::process::all_processes().unwrap().flatten().filter(carries).collect()
}

/// Waits until no process carries `mark`; panics with those that are left after 5 s.
pub fn expect_nobody(mark: &str) {
    let begin = Instant::now();
    while !marked(mark).is_empty() {
        let left: Vec<_> = marked(mark).iter().map(Process::cmdline).collect();
        assert!(begin.elapsed() < Duration::from_secs(5), "still there: {left:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    // A test may call this more than once.
    let _ = std::fs::remove_dir_all(mark);
}

/// Waits until a grader with `mark` has started [`hostile`].
pub fn expect_started(mark: &str) {
    expect_started_within(Duration::from_secs(10), mark);
}

/// Like [`expect_started`], if something must be built first.
pub fn expect_started_within(longest: Duration, mark: &str) {
    let is_program = |process: &Process| process.exe().is_ok_and(|exe| exe == hostile());
    let begin = Instant::now();
    while !marked(mark).iter().any(is_program) {
        assert!(begin.elapsed() < longest, "the program was never started");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Builds the solution `package` and returns its path.
pub fn built(package: &str) -> PathBuf {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", package]).current_dir(root());
    engine::subject::build::without_package(&mut cargo);
    assert!(cargo.status().unwrap().success());
    target().join("debug").join(package)
}

/// What `common/measure.js` says about the file `page` in `folder`, in a window of this width in Chromium. Panics if the
/// page logs anything.
pub fn measured_in_browser(folder: &Path, page: &str, width: u32, is_dark: bool) -> Value {
    let script = include_str!("measure.js").replace("WIDTH", &width.to_string());
    let frame = format!(
        "<!doctype html><iframe src={page} style='width:{width}px;height:3000px;border:0'></iframe>\
         <pre id=said></pre><script>{script}</script>"
    );
    std::fs::write(folder.join("frame.html"), frame).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut browser = std::process::Command::new("chromium");
    browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update"])
        .args(["--allow-file-access-from-files", "--window-size=1800,1000", "--dump-dom"])
        .arg("--enable-logging=stderr")
        .arg(format!("--user-data-dir={}", profile.path().display()));
    if is_dark {
        browser.arg("--blink-settings=preferredColorScheme=0");
    }
    browser.arg(course::file::address(&folder.join("frame.html"))).stdin(Stdio::null());
    let output = browser.output().unwrap();
    let (text, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!log.contains("CONSOLE"), "{log}");
    let said = text.split("said ").nth(1).unwrap_or_default();
    serde_json::from_str(said.split('<').next().unwrap())
        .unwrap_or_else(|_| panic!("no answer in {text}\n{log}"))
}
