//! Misconception: files are read when they are needed, so that new ones work
//! without a restart.
//! Edits: src/server.rs
//! Adds: Files, impl ResolvesServerCert for Files
//!
//! Must fail:
//! - 08/bad-key-pair: the server listens, and only its clients notice the
//!   mistake

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;

/// The paths of the certificate and the key.
#[derive(Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let chain = pem::certificates(&self.cert).ok()?;
        let key = pem::key(&self.key).ok()?;
        CertifiedKey::from_der(chain, key, &provider())
            .ok()
            .map(Arc::new)
    }
}

pub fn config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            // By default, it also refuses clients without a certificate.
            let roots = Arc::new(pem::roots(ca)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, provider());
            builder.with_client_cert_verifier(verifier.build()?)
        }
    };
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(Files {
        cert: cert.to_owned(),
        key: key.to_owned(),
    }))))
}
