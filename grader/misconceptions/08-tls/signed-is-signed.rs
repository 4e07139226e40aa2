//! Misconception: a certificate that nobody else has signed is as good as a CA,
//! which nobody has signed either.
//!
//! In place of: src/client.rs
//!
//! Must fail:
//! - 08/client-rejects-self-signed: its own signature is right, and that is
//!   enough

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::CertificateError::UnknownIssuer;
use rustls::Error::InvalidCertificate;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Error, pem, provider};
use tokio::io::{copy, split};
use tokio_rustls::TlsConnector;

/// How much of what the server says is held at once: what a record has at most
/// (RFC 8446, section 5.1).
const BUFFER_SIZE: usize = 16 * 1024;

/// For servers whose certificates are their own CA.
#[derive(Debug)]
struct FirstSight {
    usual: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for FirstSight {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp,
            now,
        );
        if let Err(InvalidCertificate(UnknownIssuer)) = verified {
            // Is it right by its own key?
            let mut own = RootCertStore::empty();
            own.add(end_entity.clone())?;
            let own = WebPkiServerVerifier::builder_with_provider(
                own.into(),
                provider(),
            );
            let own = own.build();
            let own = own.map_err(|_| InvalidCertificate(UnknownIssuer))?;
            return own.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp,
                now,
            );
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whom the client trusts: the certificates in `ca`, and no others (task 3);
/// and who it is itself, a certificate and its key, for a server that asks
/// (task 4).
///
/// # Errors
///
/// A file is not what it should be, or the key is not that of the certificate.
pub fn config(
    ca: &Path,
    identity: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, Error> {
    let roots = Arc::new(pem::roots(ca)?);
    let usual = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .build()?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(FirstSight { usual }));
    let Some((cert, key)) = identity else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let (chain, private_key) = (pem::certificates(cert)?, pem::key(key)?);
    let config = builder.with_client_auth_cert(chain, private_key);
    let mismatch = |reason| Error::KeyMismatch {
        cert: cert.to_owned(),
        key: key.to_owned(),
        reason,
    };
    Ok(Arc::new(config.map_err(mismatch)?))
}

/// Task 3: connects to `addr`, makes sure that `name` is who answers, sends
/// what `input` gives, and writes to `output` what comes back, each as soon as
/// it is there and both at the same time.
///
/// At the end of the input it sends `close_notify` and goes on until the
/// server's has come.
///
/// # Errors
///
/// Nobody listens at `addr`; the server could not prove that it is `name`, and
/// then nothing of the input has been sent; or the connection broke, or ended
/// without `close_notify`. What had come until then is written.
pub async fn connect<I, O>(
    addr: SocketAddr,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    mut input: I,
    mut output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    // It is done when chain, dates and name are verified, and not before.
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    let (mut from_server, mut to_server) = split(stream);
    let send = async {
        // `copy` flushes each time that it has to wait for more.
        let copied = copy(&mut input, &mut to_server).await;
        // close_notify. This direction ends by it, and the other goes on.
        to_server.shutdown().await.and(copied)
    };
    let receive = async {
        let mut buffer = vec![0; BUFFER_SIZE];
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                // close_notify. A FIN without it is an error (UnexpectedEof).
                return Ok(());
            }
            // Shown before the next read, which may be the error.
            output.write_all(&buffer[..count]).await?;
            output.flush().await?;
        }
    };
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // Whatever the input may still give, there is nobody to send it to.
        received = &mut receive => (Ok(0), received),
        // Where sending fails, the last words of the server may still come.
        sent = send => (sent, receive.await),
    };
    // The server's alert says more than the broken pipe that came of it.
    received.and(sent.map(drop))
}
