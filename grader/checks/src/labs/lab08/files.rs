//! Certificates and keys that the program must reject before it listens.

use std::time::Duration;

use engine::drive::pki::{ANOTHER_KEY, MISSING, NOT_PEM, SERVER, SERVER_KEY};
use engine::drive::{Files, Start, Trial};
use engine::subject::{Process, ProcessEnd};
use engine::verdict::{CheckError, ExitStatus, Failure, FailureKind};

use super::causes;

/// What [`expect_no_start`] expects.
const NO_START: &str = "the program ends with status 1 and one line `error: …` before it listens";

/// Certificates and keys that do not match, are missing or are not PEM.
pub(super) async fn bad_key_pair(trial: &Trial) -> Result<(), CheckError> {
    const PAIRS: [Files; 6] = [
        &[("--cert", SERVER), ("--key", ANOTHER_KEY)],
        &[("--cert", MISSING), ("--key", SERVER_KEY)],
        &[("--cert", SERVER), ("--key", MISSING)],
        &[("--cert", NOT_PEM), ("--key", SERVER_KEY)],
        &[("--cert", SERVER), ("--key", NOT_PEM)],
        &[("--cert", SERVER_KEY), ("--key", SERVER_KEY)],
    ];
    for files in PAIRS {
        expect_no_start(trial, files).await?;
    }
    Ok(())
}

/// Starts the program with `files`, and expects that it ends with status 1 and one line
/// `error: …`, and does not announce that it listens.
pub(super) async fn expect_no_start(trial: &Trial, files: Files) -> Result<(), CheckError> {
    let process = trial.launch(&Start { files: Some(files), ..Start::PLAIN })?;
    let too_late = |failure: Failure| {
        let failure =
            failure.expecting(NO_START).because(causes::CERTIFICATE_FILES_CHECKED_TOO_LATE);
        process.fail_in_retrospect(failure)
    };
    let status = match process.wait_for(&(), first_event(&process)).await {
        Ok(FirstEvent::Ended(end)) => exit_status(end)?,
        Ok(FirstEvent::Listening(line)) => {
            let observed = format!("it printed `{}`", line.trim_end());
            return Err(too_late(Failure::property(observed)));
        }
        Err(error) => return Err(too_late(Failure::new(error.kind()?))),
    };
    if let Some(line) = process.stdout().find_line("listening") {
        let observed = format!("it printed `{}` and then ended", line.trim_end());
        return Err(too_late(Failure::property(observed)));
    }
    expect_error(&process, status)
}

/// What a program that should not start to listen does first.
enum FirstEvent {
    /// It prints this line.
    Listening(String),
    /// `None` if its supervisor was killed.
    Ended(Option<ProcessEnd>),
}

async fn first_event(process: &Process) -> FirstEvent {
    loop {
        if process.is_over() {
            return FirstEvent::Ended(process.end_of_first().await);
        }
        if let Some(line) = process.stdout().find_line("listening") {
            return FirstEvent::Listening(line);
        }
        // Output wakes no task here: the pipe is drained elsewhere.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn exit_status(end: Option<ProcessEnd>) -> Result<ExitStatus, CheckError> {
    match end {
        Some(ProcessEnd::Ended(status)) => Ok(status),
        Some(ProcessEnd::Refused(reason) | ProcessEnd::Unable(reason)) => {
            Err(CheckError::Inconclusive(reason))
        }
        None => Err(CheckError::Inconclusive("the program's supervisor was killed".to_owned())),
    }
}

/// Expects status 1 and one line `error: …` of a program that has ended with `status`.
fn expect_error(process: &Process, status: ExitStatus) -> Result<(), CheckError> {
    let lines = process.stderr().lines_with("error: ");
    let mut failure = match (status, lines) {
        (ExitStatus::Status(1), 1) => return Ok(()),
        (ExitStatus::Status(1), _) => Failure::property(format!("the program {status}")),
        _ => Failure::new(FailureKind::WrongStatus { status }),
    };
    if lines != 1 {
        let observed = format!("{lines} lines on standard error begin with `error: `");
        failure = failure.observing(observed);
    }
    let failure = failure.expecting(NO_START).because(causes::START_ERROR_NOT_RETURNED);
    Err(process.fail_in_retrospect(failure))
}
