//! Misconception: a valid certificate and a valid key always match.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/bad-key-pair: the key of another certificate is accepted

use rustls::sign::{CertifiedKey, SingleCertAndKey};

pub fn config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    let (chain, private_key) = (pem::certificates(cert)?, pem::key(key)?);
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
    let key = provider().key_provider.load_private_key(private_key)?;
    let certified = CertifiedKey::new(chain, key);
    let resolver = SingleCertAndKey::from(certified);
    Ok(Arc::new(builder.with_cert_resolver(Arc::new(resolver))))
}
