//! Task 3: the client program.

use engine::drive::pki::Fault;
use engine::drive::{BufferSize, ClientProgram, Trial};
use engine::verdict::{CheckError, ExitStatus, FailureKind};

use super::causes;
use super::protocol::{ClientCertificate, test_server};
use crate::scenarios::client_program;

/// Answers are printed until the server's close_notify.
pub(super) async fn client_accepts(trial: &Trial) -> Result<(), CheckError> {
    client_program::roundtrip(trial).await?;
    let first = client_program::connected_program(trial, BufferSize::Default).await?;
    trial.step(
        "give the program a line, which the server answers; then the server closes while the input is still open",
    );
    client_program::exchange_line(&first, &trial.line(), &trial.line()).await?;
    first.close();
    first.expect_exit(0).await
}

/// An end without close_notify is an error, and what arrived before it is printed.
pub(super) async fn reports_truncation(trial: &Trial) -> Result<(), CheckError> {
    let truncated = client_program::connected_program(trial, BufferSize::Default).await?;
    trial.step(
        "give the program a line, which the server answers; then the server sends another line and a FIN without \
         close_notify: both lines must be printed, and the end is an error",
    );
    client_program::exchange_line(&truncated, &trial.line(), &trial.line()).await?;
    let last = trial.line();
    truncated.answer(&last).await?;
    truncated.shutdown_write();
    truncated.expect_printed(&last).await?;
    truncated.expect_exit(1).await.map_err(|error| {
        let has_status_0 = error.failure().is_some_and(|failure| {
            matches!(failure.kind, FailureKind::WrongStatus { status: ExitStatus::Status(0) })
        });
        if has_status_0 { error.because(causes::TRUNCATION_TAKEN_FOR_THE_END) } else { error }
    })
}

/// The program refuses servers whose certificates have these faults.
pub(super) async fn client_rejects(trial: &Trial, faults: &[Fault]) -> Result<(), CheckError> {
    for &fault in faults {
        let what = match fault {
            Fault::Expired => "has expired",
            Fault::NotYetValid => "is not valid yet",
            Fault::SelfSigned => "is self-signed",
            Fault::WrongHost => "is for another name",
            Fault::WrongCa => "is issued by an untrusted CA that has the trusted CA's name",
            Fault::WrongKey => "is valid but does not match the key that signs the handshake",
        };
        let not_requested = ClientCertificate::NotRequested;
        let server = test_server(trial, BufferSize::Default, Some(fault), not_requested)?;
        let program = ClientProgram::start(trial, server)?;
        trial.step(format!(
            "give the program a line; the server presents a certificate that {what}"
        ));
        program.expect_to_refuse(&trial.line()).await?;
    }
    Ok(())
}
