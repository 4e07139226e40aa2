//! `check --html`: what the page contains, and how a browser shows it.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{grader, has, hostile, measured_in_browser};

/// The page for `checks` of lab 01 on the program that misbehaves as `mode` says.
fn page(folder: &Path, mode: &str, checks: &str) -> String {
    let file = folder.join("report.html");
    let program = format!("{} {mode}", hostile().display());
    let arguments = ["check", "1", "--only", checks, "--program", &program, "--html"];
    grader().args(arguments).arg(&file).assert().code(1);
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_page_has_the_messages_the_evidence_and_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let page = page(folder.path(), "hangs-in-read", "");
    for text in [
        "0 of 100 points",
        "On the wire",
        "<span class=\"who\">client",
        "Expected",
        "Observed",
        "Evidence",
        "Likely cause",
        "Hint: ",
        "cargo slides 01#",
        "cargo grader check 1",
        "Without a verdict",
    ] {
        assert!(page.contains(text), "{text:?} is not in\n{page}");
    }
    let outside = page.replace("file://", "");
    assert!(!outside.contains("http:") && !outside.contains("https:") && !page.contains("<script"));
}

/// What a program prints is shown as text, whatever it is.
#[test]
fn hostile_output_is_shown_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server.py");
    let program = "\
import sys, socket
listener = socket.create_server(('127.0.0.1', 0))
print('listening on 127.0.0.1:%d' % listener.getsockname()[1], flush=True)
for _ in range(10000): sys.stderr.write('x' * 1000)
sys.stderr.write('\\n<script>alert(1)</script>\\x1b[31m red \\0\\n')
sys.stderr.flush()
while True:
    client, _ = listener.accept()
    client.recv(10)
    client.sendall(b'<b>\\x1b[2Jno</b>')
    raise SystemExit('<img src=x onerror=alert(2)>')
";
    fs::write(&script, program).unwrap();
    if !has("python3") {
        return;
    }
    let file = folder.path().join("report.html");
    let command = format!("python3 {}", script.display());
    grader().args(["check", "1", "--program", &command, "--html"]).arg(&file).assert().code(1);
    let page = fs::read_to_string(file).unwrap();
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
    assert!(page.contains("&lt;img src=x onerror=alert(2)&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>\\x1b"));
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'), "control characters");
}

/// In a real browser: nothing is cut off at any width, in light and dark colours, with enough contrast, and nothing is
/// logged.
#[test]
fn a_browser_shows_the_whole_page() {
    if !has("chromium") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    page(folder.path(), "hangs-in-read", "");
    for (width, is_dark) in [(400, false), (400, true), (1600, false), (1600, true)] {
        let said = measured_in_browser(folder.path(), "report.html", width, is_dark);
        assert_eq!(said["aside"], 0, "at {width} pixels, the page scrolls sideways: {said}");
        assert_eq!(said["cut"], 0, "at {width} pixels: {said}");
        assert!(said["boxes"].as_u64().unwrap() > 30, "{said}");
        assert!(said["contrast"].as_f64().unwrap() >= 4.5, "text is too faint: {said}");
        let paper = if is_dark { "rgb(20, 23, 26)" } else { "rgb(255, 255, 255)" };
        assert_eq!(said["paper"], paper, "the colours of the browser");
    }
}
