//! Misconception: whoever starts the server provides valid files.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 08/bad-key-pair: a panic instead of a line that begins with `error:`, and
//!   the status is not 1

pub fn config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>, Error> {
    let (chain, private_key) = (
        pem::certificates(cert).expect("certificates"),
        pem::key(key).expect("a key"),
    );
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
    let config = builder.with_single_cert(chain, private_key);
    Ok(Arc::new(config.expect("a certificate and its key")))
}
