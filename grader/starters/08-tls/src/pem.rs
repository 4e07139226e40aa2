//! Given: reads certificates and private keys from PEM files (RFC 7468).
//!
//! A file may have several sections, and text around them. Sections of another
//! kind are skipped, so one file can contain everything.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// The certificates in a file, in file order: the owner's first, then the one
/// that signed it, and so on.
///
/// # Errors
///
/// The file cannot be read, is not PEM, or has no certificate.
pub fn certificates(
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => {
            Err(file_error(path, "no certificate"))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(pem_error(path, &error)),
    }
}

/// The first private key in a file.
///
/// # Errors
///
/// The file cannot be read, is not PEM, or has no private key.
pub fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => file_error(path, "no private key"),
        error => pem_error(path, &error),
    })
}

/// The certificates in a file, as trusted roots: any certificate that they
/// signed is trusted, too.
///
/// # Errors
///
/// As for [`certificates`]; or one of them is not a valid certificate.
pub fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| file_error(path, &error.to_string()))?;
    }
    Ok(roots)
}

fn file_error(path: &Path, reason: &str) -> Error {
    Error::File {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn pem_error(path: &Path, error: &pem::Error) -> Error {
    match error {
        pem::Error::Io(error) => file_error(path, &error.to_string()),
        pem::Error::MissingSectionEnd { .. } => {
            file_error(path, "a section without its END line")
        }
        pem::Error::IllegalSectionStart { .. } => {
            file_error(path, "a malformed BEGIN line")
        }
        error => file_error(path, &error.to_string()),
    }
}
