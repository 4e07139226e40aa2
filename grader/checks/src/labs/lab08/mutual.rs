//! Task 4: both sides present a certificate.

use std::rc::Rc;

use course::text::quoted;
use engine::drive::pki::{CLIENT_CA, Identity, MISSING, NOT_PEM, SERVER, SERVER_KEY};
use engine::drive::{
    BufferSize, ClientProgram, Connection, Files, Server, Start, Trial, WireError,
};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::clients::{GENEROUS, connect, versions_text};
use super::files::expect_no_start;
use super::protocol::{ClientCertificate, ONLY_12, ONLY_13, Versions, secure, test_server};
use crate::scenarios::client_program;

/// A server with `--client-ca` serves only clients of that CA, and the client program presents its
/// certificate on request.
pub(super) async fn mutual_tls(trial: &Trial) -> Result<(), CheckError> {
    const MISSING_CA: Files =
        &[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", MISSING)];
    const NO_CA: Files = &[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", NOT_PEM)];
    serves_known_clients_only(trial).await?;
    for files in [MISSING_CA, NO_CA] {
        expect_no_start(trial, files).await?;
    }
    shows_certificate(trial).await?;
    reports_refusal(trial).await
}

async fn serves_known_clients_only(trial: &Trial) -> Result<(), CheckError> {
    const START: Start = Start {
        files: Some(&[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", CLIENT_CA)]),
        ..GENEROUS
    };
    let server = trial.start(&START).await?;
    for versions in [ONLY_13, ONLY_12] {
        let offered = versions_text(versions);
        for (identity, what) in [
            (Identity::Nobody, "no certificate"),
            (
                Identity::OfAnotherCa,
                "a certificate from an untrusted CA that has the trusted CA's name",
            ),
            (Identity::Expired, "an expired certificate"),
        ] {
            trial.step(format!("connect a client over {offered} with {what}; it sends some bytes"));
            expect_not_served(trial, &server, versions, identity).await?;
        }
        trial.step(format!(
            "connect a client over {offered} with a valid certificate; exchange some bytes"
        ));
        connect(&server, "the client", versions, Identity::Known).await?.ask().await?;
    }
    Ok(())
}

/// Expects that a client that is `identity` is not served. Its handshake may succeed: in TLS 1.3 the
/// client completes it before the server has seen the client's certificate.
async fn expect_not_served(
    trial: &Trial,
    server: &Rc<Server>,
    versions: Versions,
    identity: Identity,
) -> Result<(), CheckError> {
    let pki = trial.pki()?;
    let request = trial.bytes(20..=60);
    let answer = async {
        let connection =
            Connection::open(trial.journal(), server.address(), BufferSize::Default).await?;
        let connection = match secure(&pki, connection, versions, identity).await {
            Ok(connection) => connection,
            Err(WireError::Machine(reason)) => return Err(WireError::Machine(reason)),
            Err(_) => return Ok(None),
        };
        // If sending fails, reading says why.
        let _ = connection.send(&request).await;
        Ok(connection.first_words().await)
    };
    let expected = "a client without a valid certificate issued by the given CA is not served: its \
                    connection ends without an answer";
    let answer = server.wait(None, expected, answer).await;
    let not_dropped = causes::FAILED_HANDSHAKE_NOT_DROPPED;
    let Some(bytes) = answer.map_err(|error| error.if_unanswered(not_dropped))? else {
        return Ok(());
    };
    let observed = format!("the client got its echo: {}", quoted(&bytes[..bytes.len().min(20)]));
    let failure = Failure::property(observed)
        .expecting(expected)
        .because(causes::CLIENT_CERTIFICATE_NOT_REQUIRED);
    Err(server.fail(failure).await)
}

/// The client program presents its certificate to a server that requests one.
async fn shows_certificate(trial: &Trial) -> Result<(), CheckError> {
    let server = test_server(trial, BufferSize::Default, None, ClientCertificate::Given)?;
    let program = ClientProgram::start(trial, server)?;
    trial.step("the server requests a certificate and answers a line");
    program.arrive().await?;
    client_program::exchange_line(&program, &trial.line(), &trial.line()).await?;
    program.end_input();
    program.expect_half_close().await?;
    program.close();
    program.expect_exit(0).await
}

/// The client program reports that a server refuses it.
async fn reports_refusal(trial: &Trial) -> Result<(), CheckError> {
    let server = test_server(trial, BufferSize::Default, None, ClientCertificate::Missing)?;
    let program = ClientProgram::start(trial, server)?;
    trial.step("the server requests a certificate, but the program has none");
    program.expect_to_be_refused(&trial.line()).await
}
