//! TLS as a way to connect: the same scenarios run over it.

use std::net::SocketAddr;
use std::rc::Rc;

use engine::drive::pki::{CA, CLIENT, CLIENT_KEY, Fault, Identity, Pki};
use engine::drive::{BufferSize, Connection, Context, Dial, Dialled, TestServer, WireError};
use engine::verdict::CheckError;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

/// TLS 1.3, with this run's certificates.
#[derive(Debug)]
pub(super) struct Tls;

/// The versions that a client offers.
pub(super) type Versions = &'static [&'static SupportedProtocolVersion];

pub(super) const ONLY_12: Versions = &[&TLS12];
pub(super) const ONLY_13: Versions = &[&TLS13];
pub(super) const BOTH: Versions = &[&TLS13, &TLS12];

impl Dial for Tls {
    fn dial(&self, context: &Context, address: SocketAddr, buffers: BufferSize) -> Dialled {
        let pki = context.pki();
        let journal = context.journal().clone();
        Box::pin(async move {
            let Ok(pki) = pki else { return Err(no_certificates("none were made")) };
            let connection = Connection::open(&journal, address, buffers).await?;
            secure(&pki, connection, ONLY_13, Identity::Nobody).await
        })
    }

    fn dialled(&self) -> &'static str {
        "the connection is accepted, and the TLS handshake completes"
    }

    fn test_server(
        &self,
        context: &Context,
        buffers: BufferSize,
    ) -> Result<TestServer, CheckError> {
        test_server(context, buffers, None, ClientCertificate::NotRequested)
    }
}

fn no_certificates(error: &str) -> WireError {
    WireError::Machine(format!("cannot create certificates: {error}"))
}

/// Completes a handshake over `connection` as a client that offers `versions` and is `identity`.
///
/// # Errors
///
/// As [`Connection::secure`].
pub(super) async fn secure(
    pki: &Rc<Pki>,
    connection: Connection,
    versions: Versions,
    identity: Identity,
) -> Result<Connection, WireError> {
    let session = pki.to_server(versions, identity);
    let session = session.map_err(|error| no_certificates(&error.to_string()))?;
    connection.secure(session).await
}

/// Whether the grader's server requests a client certificate, and whether the program has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientCertificate {
    NotRequested,
    /// The server requests one, and the program has none.
    Missing,
    /// The server requests one, and the program is given it.
    Given,
}

/// A server for a client program; its certificate has this fault, or none.
///
/// # Errors
///
/// This machine has no free port or descriptor, or no certificates.
pub(super) fn test_server(
    context: &Context,
    buffers: BufferSize,
    fault: Option<Fault>,
    client: ClientCertificate,
) -> Result<TestServer, CheckError> {
    let pki = context.pki()?;
    let session = pki.to_client(fault, client != ClientCertificate::NotRequested);
    let cannot = |error| CheckError::Inconclusive(format!("cannot create certificates: {error}"));
    let mut words = vec!["--ca".into(), pki.path(CA).into()];
    words.extend(["--server-name".into(), pki.name.clone().into()]);
    let mut shown = format!("--ca {CA} --server-name NAME");
    if client == ClientCertificate::Given {
        words.extend(["--cert".into(), pki.path(CLIENT).into()]);
        words.extend(["--key".into(), pki.path(CLIENT_KEY).into()]);
        shown += &format!(" --cert {CLIENT} --key {CLIENT_KEY}");
    }
    let server = TestServer::open(context.journal(), buffers)?;
    Ok(server.with_tls(session.map_err(cannot)?, words, &shown))
}
