//! Misconception: a client that is asked for a certificate shows one.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/mutual-tls: a client without a certificate is accepted

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
            let roots = Arc::new(pem::roots(ca)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, provider());
            let verifier = verifier.allow_unauthenticated().build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(chain, private_key);
    let mismatch = |reason| Error::KeyMismatch {
        cert: cert.to_owned(),
        key: key.to_owned(),
        reason,
    };
    Ok(Arc::new(config.map_err(mismatch)?))
}
