//! Misconception: the server sends its chain, so the client has everything it
//! needs.
//! Edits: src/client.rs
//! Adds: SentAlong, impl ServerCertVerifier for SentAlong
//!
//! Must fail:
//! - 08/client-rejects-wrong-ca: a server can send the CA that makes its own
//!   certificate trusted

use rustls::CertificateError::UnknownIssuer;
use rustls::Error::InvalidCertificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

/// For chains that do not end in one of our roots.
#[derive(Debug)]
struct SentAlong {
    usual: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
}

impl ServerCertVerifier for SentAlong {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut roots = RootCertStore::clone(&self.roots);
        roots.add_parsable_certificates(intermediates.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(
            roots.into(),
            provider(),
        );
        let verifier = verifier.build();
        let verifier =
            verifier.map_err(|_| InvalidCertificate(UnknownIssuer))?;
        verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp,
            now,
        )
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
    let usual = WebPkiServerVerifier::builder_with_provider(
        Arc::clone(&roots),
        provider(),
    )
    .build()?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SentAlong { usual, roots }));
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
