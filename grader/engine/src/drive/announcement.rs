//! The lines in which a server says where it listens: `listening on 127.0.0.1:PORT`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use observe::Socket;

use crate::subject::{Process, ProcessEnd, WaitError};
use crate::verdict::{AnnouncementFault, Cause, CheckError, Diagnosis, Failure, FailureKind};

/// The longest line that the grader waits for, in bytes.
const MAX_LINE: usize = 4096;

/// How many bytes of a wrong line are shown.
const SHOWN: usize = 60;

/// Waits until `program`, which runs as `process`, prints the line `WHAT on 127.0.0.1:PORT` as line `index` of standard
/// output, from 0. Returns the address.
///
/// # Errors
///
/// The line was not printed, or a different one was.
pub(super) async fn announced(
    process: &Process,
    program: &OsStr,
    index: usize,
    what: &str,
) -> Result<SocketAddr, CheckError> {
    let line_now = || line_of(process.stdout().head(), index);
    let line = async {
        loop {
            if let Some(line) = line_now() {
                return Some(line);
            }
            if process.is_over() {
                process.end_within(Duration::ZERO).await;
                return line_now();
            }
            // Output does not wake this task: another one drains the pipe.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = process.wait_for(&(), line).await;
    // A line that arrived at the last moment is still accepted.
    let (fault, cause) = match (line_now(), waited) {
        (_, Err(WaitError::Busy(reason))) => return Err(CheckError::Inconclusive(reason)),
        (Some(line), _) => match parse(&line, what) {
            Ok(address) => return Ok(address),
            Err((fault, cause)) => (fault, Some(cause)),
        },
        (None, Ok(_)) => {
            // If the kernel refuses to execute a file, the C library runs it in a shell.
            let cause = if is_foreign(&beginning(Path::new(program))) {
                Diagnosis::ForeignExecutable
            } else {
                Diagnosis::EndedBeforeListening
            };
            (AnnouncementFault::Ended, Some(cause))
        }
        (None, Err(WaitError::Hang)) => {
            let listens = process.probe.sockets()?.iter().any(Socket::is_listener);
            let cause = silence_cause(process.stdout().total(), listens);
            (silence(process)?, Some(cause))
        }
        (None, Err(WaitError::Deadline(after))) => {
            let printed = process.stdout().total();
            (AnnouncementFault::Late { printed, after }, Some(Diagnosis::ListensTooLate))
        }
    };
    let place = if index == 0 { "first" } else { "next" };
    let expected = format!("the {place} line on standard output is `{what} on 127.0.0.1:PORT`");
    let failure = Failure::new(FailureKind::NotAnnounced { fault }).expecting(expected);
    Err(not_announced(process, program, failure, cause.map(Cause::from)).await)
}

/// Completes the failure of a program that has not said where it listens.
async fn not_announced(
    process: &Process,
    program: &OsStr,
    mut failure: Failure,
    cause: Option<Cause>,
) -> CheckError {
    process.add_evidence(&mut failure).await;
    let is_unfinished = matches!(failure.kind, FailureKind::NotWritten { .. });
    match process.end_within(Duration::ZERO).await {
        Some(ProcessEnd::Unable(reason)) => return CheckError::Inconclusive(reason),
        Some(ProcessEnd::Refused(reason)) => {
            failure.kind = FailureKind::NotStarted { reason };
            failure.observations.clear();
            failure.evidence.snapshot = None;
            failure.evidence.last_words = None;
            failure.cause = Some(refusal(Path::new(program)).into());
        }
        _ if cause.is_some() && !is_unfinished => failure.cause = cause,
        _ => {}
    }
    CheckError::Failed(Box::new(failure))
}

/// Why the kernel refuses to execute the file at `path`.
fn refusal(path: &Path) -> Diagnosis {
    let begin = beginning(path);
    let line = begin.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Some(interpreter) = line.strip_prefix(b"#!") else {
        return if is_foreign(&begin) {
            Diagnosis::ForeignExecutable
        } else {
            Diagnosis::NotExecutable
        };
    };
    if interpreter.ends_with(b"\r") {
        return Diagnosis::InterpreterWithCarriageReturn;
    }
    let interpreter = String::from_utf8_lossy(interpreter);
    let interpreter = interpreter.split_whitespace().next().unwrap_or_default().to_owned();
    match Path::new(&interpreter).exists() {
        true => Diagnosis::NotExecutable,
        false => Diagnosis::InterpreterMissing { interpreter },
    }
}

/// The first bytes of the file at `path`, as many as the kernel looks at (`BINPRM_BUF_SIZE`); none if it cannot be read.
fn beginning(path: &Path) -> Vec<u8> {
    const MAX: u64 = 256;
    let mut begin = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX).read_to_end(&mut begin)) {
        Ok(_) => begin,
        Err(_) => Vec::new(),
    }
}

/// Whether a file that begins like this is an executable for another kind of machine: elf(5).
fn is_foreign(begin: &[u8]) -> bool {
    /// The positions of the class and the byte order, and of the machine.
    const PARTS: [Range<usize>; 2] = [4..6, 18..20];
    let own = beginning(Path::new("/proc/self/exe"));
    begin.starts_with(b"\x7fELF")
        && PARTS.iter().any(|part| begin.get(part.clone()) != own.get(part.clone()))
}

/// What a program that sleeps forever has printed instead of its line.
fn silence(process: &Process) -> Result<AnnouncementFault, CheckError> {
    let threads = process.probe.threads()?.len();
    let stdout = process.stdout();
    let printed = stdout.head();
    let printed = printed[..printed.len().min(SHOWN)].to_vec();
    Ok(AnnouncementFault::Silent { printed, threads })
}

/// Why a program that has printed `printed` bytes sleeps forever without a complete line.
fn silence_cause(printed: u64, listens: bool) -> Diagnosis {
    if printed > 0 {
        Diagnosis::LineNotFlushed
    } else if listens {
        Diagnosis::ListensSilently
    } else {
        Diagnosis::WaitsBeforeListening
    }
}

/// Line number `index` of `output`, once it is complete or longer than any line may be.
fn line_of(output: &[u8], index: usize) -> Option<Vec<u8>> {
    let mut newlines = output.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    let begin = match index.checked_sub(1) {
        Some(before) => newlines.nth(before)?.0 + 1,
        None => 0,
    };
    let output = &output[begin..];
    match output.iter().take(MAX_LINE).position(|&byte| byte == b'\n') {
        Some(end) => Some(output[..end].to_vec()),
        None if output.len() >= MAX_LINE => Some(output[..MAX_LINE].to_vec()),
        None => None,
    }
}

/// Reads the address from the line `WHAT on ADDRESS`; otherwise returns what is wrong with it, and the cause.
fn parse(line: &[u8], what: &str) -> Result<SocketAddr, (AnnouncementFault, Diagnosis)> {
    let text = std::str::from_utf8(line).ok();
    let address = text.and_then(|text| text.strip_prefix(what)?.strip_prefix(" on ")?.parse().ok());
    match address {
        Some(SocketAddr::V4(address)) if address.ip().is_loopback() && address.port() != 0 => {
            Ok(SocketAddr::V4(address))
        }
        Some(address) => {
            Err((AnnouncementFault::WrongAddress(address), Diagnosis::BindsAnotherAddress))
        }
        None => {
            let shown = line[..line.len().min(SHOWN)].to_vec();
            let begins = shown.to_ascii_lowercase().starts_with(what.as_bytes());
            let cause = if begins {
                Diagnosis::LineNotExact { line: what.to_owned() }
            } else if line.windows(13).any(|part| part == b" on 127.0.0.1") {
                Diagnosis::LineOutOfPlace { line: what.to_owned() }
            } else {
                Diagnosis::PrintsSomethingElse
            };
            let (cut, utf8) = (shown.len() < line.len(), text.is_some());
            Err((AnnouncementFault::WrongLine { line: shown, cut, utf8 }, cause))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_taken_literally() {
        let address = SocketAddr::from(([127, 0, 0, 1], 4711));
        assert_eq!(parse(b"listening on 127.0.0.1:4711", "listening"), Ok(address));
        let cause = |line: &[u8]| parse(line, "listening").expect_err("not the line").1;
        let exact = Diagnosis::LineNotExact { line: "listening".to_owned() };
        assert_eq!(cause(b"listening on 127.0.0.1:0"), Diagnosis::BindsAnotherAddress);
        assert_eq!(cause(b"listening on 10.1.2.3:4711"), Diagnosis::BindsAnotherAddress);
        assert_eq!(cause(b"Listening on 127.0.0.1:4711"), exact);
        assert_eq!(cause(b"listening on localhost:4711"), exact);
        assert_eq!(cause(b"hello"), Diagnosis::PrintsSomethingElse);
        let other = Diagnosis::LineOutOfPlace { line: "listening".to_owned() };
        assert_eq!(cause(b"admin on 127.0.0.1:4711"), other);
    }

    #[test]
    fn silence_is_explained_by_what_is_printed_and_by_a_listener() {
        assert_eq!(silence_cause(9, false), Diagnosis::LineNotFlushed);
        assert_eq!(silence_cause(9, true), Diagnosis::LineNotFlushed);
        assert_eq!(silence_cause(0, true), Diagnosis::ListensSilently);
        assert_eq!(silence_cause(0, false), Diagnosis::WaitsBeforeListening);
    }

    #[test]
    fn lines_are_found_once_they_are_complete() {
        assert_eq!(line_of(b"no newline yet", 0), None);
        assert_eq!(line_of(b"one\ntwo\n", 0), Some(b"one".to_vec()));
        assert_eq!(line_of(b"one\ntwo\n", 1), Some(b"two".to_vec()));
        assert_eq!(line_of(b"one\n", 2), None);
    }
}
