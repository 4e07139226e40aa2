//! Misconception: sending the first bytes while the certificate is verified
//! saves time.
//! Edits: src/client.rs
//! Adds: Later, USUAL, impl ServerCertVerifier for Later
//!
//! Must fail:
//! - 08/client-rejects-expired: the server already has the first lines when the
//!   client refuses it
//! - 08/client-rejects-self-signed: the server already has the first lines when
//!   the client refuses it
//! - 08/client-rejects-wrong-host: the server already has the first lines when
//!   the client refuses it
//! - 08/client-rejects-wrong-ca: the server already has the first lines when
//!   the client refuses it

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use std::sync::OnceLock;

static USUAL: OnceLock<Arc<WebPkiServerVerifier>> = OnceLock::new();

/// Verifies nothing yet: that happens while the first bytes are in flight.
#[derive(Debug)]
struct Later {
    usual: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Later {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
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
        .with_custom_certificate_verifier(Arc::new(Later {
            usual: Arc::clone(&usual),
        }));
    // For `connect`. This program has only one configuration.
    let _ = USUAL.set(usual);
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
    let connector = TlsConnector::from(config);
    let stream = connector.connect(name.clone(), stream).await?;
    let shown = stream.get_ref().1.peer_certificates();
    let shown = shown.unwrap_or_default().to_vec();
    let (mut from_server, mut to_server) = split(stream);
    let send = async {
        let mut first = vec![0; BUFFER_SIZE];
        let count = input.read(&mut first).await?;
        to_server.write_all(&first[..count]).await?;
        to_server.flush().await?;
        if let (Some(usual), [cert, others @ ..]) = (USUAL.get(), &shown[..]) {
            let now = UnixTime::now();
            usual
                .verify_server_cert(cert, others, &name, &[], now)
                .map_err(io::Error::other)?;
        }
        // `copy` flushes each time it has to wait for more.
        let copied = copy(&mut input, &mut to_server).await;
        // Sends close_notify. Only this direction ends.
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
            // Print these before the next read, which may fail.
            output.write_all(&buffer[..count]).await?;
            output.flush().await?;
        }
    };
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // The server will not read the remaining input.
        received = &mut receive => (Ok(0), received),
        sent = send => (Ok(sent?), receive.await),
    };
    // The server's alert says more than the broken pipe that it caused.
    received.and(sent.map(drop))
}
