//! Uses promtool as an oracle: it accepts the same pages, unless a case says why not.

use std::fs;
use std::process::{Command, Stdio};

use super::case::Case;
use super::{openmetrics, prometheus};
use crate::Format;

/// Adds a timestamp to each sample without one: promtool imports only samples with timestamps.
fn with_timestamps(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let Some(line) = str::from_utf8(line).ok().filter(|line| !line.starts_with('#')) else {
            out.extend_from_slice(line);
            continue;
        };
        let (head, exemplar) =
            line.split_at(line.find(" #").unwrap_or(line.trim_end_matches('\n').len()));
        let value = head.rfind('}').map_or(head.find(' ').unwrap_or(head.len()), |at| at + 1);
        let alone = head[value..]
            .strip_prefix(' ')
            .is_some_and(|value| !value.is_empty() && !value.contains([' ', '\t', '\r', '{']));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(if alone { b" 1700000000" } else { b"" });
        out.extend_from_slice(exemplar.as_bytes());
    }
    out
}

/// Whether promtool accepts this page, and what it says.
fn promtool(format: Format, text: &[u8]) -> std::io::Result<(bool, String)> {
    let dir = std::env::temp_dir().join(format!("exposition-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let file = dir.join("metrics");
    let mut command = Command::new("promtool");
    match format {
        Format::Prometheus => {
            fs::write(&file, text)?;
            command.args(["check", "metrics"]).stdin(fs::File::open(&file)?);
        }
        Format::OpenMetrics => {
            fs::write(&file, with_timestamps(text))?;
            command.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(&file).arg(&dir);
            command.stdin(Stdio::null());
        }
    }
    let output = command.output();
    fs::remove_dir_all(&dir)?;
    let output = output?;
    // 3 means that promtool accepts the page but has advice, on names for example.
    let is_read = matches!(output.status.code(), Some(0 | 3));
    Ok((is_read, String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn promtool_agrees() {
    if let Err(error) = Command::new("promtool").arg("--version").output() {
        let is_needed = std::env::var("NETLAB_ALL_TOOLS").is_ok_and(|value| value == "1");
        assert!(!is_needed, "promtool (Debian: apt install prometheus) does not start: {error}");
        println!("promtool is not installed, so its verdicts are not compared");
        return;
    }
    let mut surprises = String::new();
    for Case { format, text, fault, differs } in prometheus::CASES.iter().chain(openmetrics::CASES)
    {
        let (is_read, said) = promtool(*format, text).expect("files in the temporary directory");
        let agrees = is_read == fault.is_none();
        if agrees != differs.is_none() {
            let text = String::from_utf8_lossy(text);
            let ours = fault.unwrap_or("no fault");
            surprises += &format!("{format:?}\n{text}\nhere: {ours}\npromtool: {said}\n\n");
        }
    }
    assert!(surprises.is_empty(), "{surprises}");
}
