//! TLS records as bytes: what a client without TLS sends, and what it gets.

use std::io;

use engine::drive::Context;
use engine::drive::pki::Identity;
use engine::verdict::CheckError;

use super::protocol::ONLY_13;

/// A TLS 1.3 ClientHello, as a record.
///
/// # Errors
///
/// This machine has no random numbers.
pub(super) fn client_hello(context: &Context) -> Result<Vec<u8>, CheckError> {
    let cannot =
        |error: io::Error| CheckError::Inconclusive(format!("cannot make a ClientHello: {error}"));
    let mut session = context.pki()?.to_server(ONLY_13, Identity::Nobody).map_err(cannot)?;
    let mut hello = Vec::new();
    session.write_tls(&mut hello).map_err(cannot)?;
    Ok(hello)
}

/// The ClientHello of a client whose newest version is TLS 1.`minor - 1` (RFC 4346, section
/// 7.4.1.2), with the extensions that clients of that time sent (RFC 4492, section 5.1).
#[must_use]
pub(super) fn legacy_client_hello(context: &Context, minor: u8) -> Vec<u8> {
    /// ECDHE with ECDSA or RSA and AES-CBC, RSA alone; and the signal for secure renegotiation
    /// (RFC 5746, section 3.3).
    const SUITES: [u16; 7] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x00ff];
    /// The groups secp256r1 and secp384r1; points are uncompressed.
    const EXTENSIONS: [u8; 16] = [0, 10, 0, 6, 0, 4, 0, 23, 0, 24, 0, 11, 0, 2, 1, 0];
    let mut body = vec![3, minor];
    body.extend((0..32).map(|_| context.number(0..=255) as u8));
    body.push(0); // No session to resume.
    body.extend((2 * SUITES.len() as u16).to_be_bytes());
    body.extend(SUITES.iter().flat_map(|suite| suite.to_be_bytes()));
    body.extend([1, 0]); // No compression.
    body.extend((EXTENSIONS.len() as u16).to_be_bytes());
    body.extend(EXTENSIONS);
    let mut record = vec![22, 3, 1];
    record.extend((4 + body.len() as u16).to_be_bytes());
    // The length has three bytes.
    record.push(1);
    record.extend(&(body.len() as u32).to_be_bytes()[1..]);
    record.extend(body);
    record
}

/// Whether `bytes` are unencrypted alerts (RFC 8446, section 6); the last one may be incomplete.
#[must_use]
pub(super) fn are_alerts(bytes: &[u8]) -> bool {
    /// A type, a version, a length, a level and a description.
    const ALERT: [Option<u8>; 7] = [Some(21), Some(3), None, Some(0), Some(2), None, None];
    let fits = |record: &[u8]| {
        let mut pairs = record.iter().zip(ALERT);
        pairs.all(|(&byte, wanted)| wanted.is_none_or(|wanted| byte == wanted))
    };
    bytes.chunks(ALERT.len()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::are_alerts;

    #[test]
    fn alerts_are_told_from_other_bytes() {
        assert!(are_alerts(&[21, 3, 3, 0, 2, 2, 50]));
        assert!(are_alerts(&[21, 3, 1, 0, 2, 2, 70, 21, 3, 1, 0, 2, 1]));
        assert!(!are_alerts(b"HTTP/1.1 400 Bad Request"));
        assert!(!are_alerts(&[21, 3, 3, 0, 2, 2, 50, 22, 3]));
    }
}
