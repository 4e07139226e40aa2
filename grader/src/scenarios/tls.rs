//! TLS as a way to get a connection: the scenarios over it are the same.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::{Dial, Dialled};
use crate::client::{Connection, Trouble, Window};
use crate::outcome::Stop;
use crate::pki::{CA, CLIENT, CLIENT_KEY, Fault, Identity, Pki};
use crate::trial::Trial;
use crate::visitor::{Host, Room};

/// TLS 1.3, with certificates of the trial.
#[derive(Debug)]
pub struct Tls;

/// What a client offers.
pub type Versions = &'static [&'static SupportedProtocolVersion];

pub const ONLY_12: Versions = &[&TLS12];
pub const ONLY_13: Versions = &[&TLS13];
pub const BOTH: Versions = &[&TLS13, &TLS12];

impl Dial for Tls {
    fn dial(&self, trial: &Trial, address: SocketAddr, window: Window) -> Dialled {
        let pki = trial.pki();
        Box::pin(async move {
            let Ok(pki) = pki else { return Err(no_certificates("none were made")) };
            let connection = Connection::open(address, window).await?;
            secure(&pki, connection, ONLY_13, Identity::Nobody).await
        })
    }

    fn dialled(&self) -> &'static str {
        "the connection is taken, and hands are shaken over TLS"
    }

    fn host(&self, trial: &Trial, room: Room) -> Result<Host, Stop> {
        host(trial, room, None, Mutual::No)
    }
}

/// A ClientHello of TLS 1.3, as a record.
///
/// # Errors
///
/// This machine has no random numbers.
pub fn hello(trial: &Trial) -> Result<Vec<u8>, Stop> {
    let cannot = |error: io::Error| Stop::Inconclusive(format!("cannot make a hello: {error}"));
    let mut session = trial.pki()?.to_server(ONLY_13, Identity::Nobody).map_err(cannot)?;
    let mut hello = Vec::new();
    session.write_tls(&mut hello).map_err(cannot)?;
    Ok(hello)
}

/// The ClientHello of a client that knows no more than TLS 1.`minor - 1` (RFC 4346, section 7.4.1.2), with
/// the extensions that clients of that time sent (RFC 4492, section 5.1).
#[must_use]
pub fn legacy_hello(trial: &Trial, minor: u8) -> Vec<u8> {
    /// ECDHE with ECDSA or RSA and AES-CBC, RSA alone; and the signal that renegotiation is secure (RFC 5746,
    /// section 3.3).
    const SUITES: [u16; 7] = [0xc009, 0xc00a, 0xc013, 0xc014, 0x002f, 0x0035, 0x00ff];
    /// The groups secp256r1 and secp384r1; points are uncompressed.
    const EXTENSIONS: [u8; 16] = [0, 10, 0, 6, 0, 4, 0, 23, 0, 24, 0, 11, 0, 2, 1, 0];
    let mut body = vec![3, minor];
    body.extend((0..32).map(|_| trial.number(0..=255) as u8));
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

/// Whether `words` are alerts that are not encrypted (RFC 8446, section 6), the last perhaps not whole.
#[must_use]
pub fn are_alerts(words: &[u8]) -> bool {
    /// A type, a version, a length, a level and a description.
    const ALERT: [Option<u8>; 7] = [Some(21), Some(3), None, Some(0), Some(2), None, None];
    let fits = |record: &[u8]| {
        let mut pairs = record.iter().zip(ALERT);
        pairs.all(|(&byte, wanted)| wanted.is_none_or(|wanted| byte == wanted))
    };
    words.chunks(ALERT.len()).all(fits)
}

fn no_certificates(error: &str) -> Trouble {
    Trouble::Machine(format!("cannot make certificates: {error}"))
}

/// Shakes hands over `connection`, as a client that is `identity`.
///
/// # Errors
///
/// As [`Connection::secure`].
pub async fn secure(
    pki: &Rc<Pki>,
    connection: Connection,
    versions: Versions,
    identity: Identity,
) -> Result<Connection, Trouble> {
    let session = pki.to_server(versions, identity);
    let session = session.map_err(|error| no_certificates(&error.to_string()))?;
    connection.secure(session).await
}

/// Whether a server asks for its client's certificate, and the client is given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutual {
    No,
    /// The server asks, and the client has none.
    Asked,
    Given,
}

/// A server for a client program to visit, whose certificate has this fault, or none.
///
/// # Errors
///
/// This machine has no port or descriptor to give, or no certificates.
pub fn host(trial: &Trial, room: Room, fault: Option<Fault>, mutual: Mutual) -> Result<Host, Stop> {
    let pki = trial.pki()?;
    let session = pki.to_client(fault, mutual != Mutual::No);
    let cannot = |error| Stop::Inconclusive(format!("cannot make certificates: {error}"));
    let mut words = vec!["--ca".into(), pki.path(CA).into()];
    words.extend(["--server-name".into(), pki.name.clone().into()]);
    let mut shown = format!("--ca {CA} --server-name NAME");
    if mutual == Mutual::Given {
        words.extend(["--cert".into(), pki.path(CLIENT).into()]);
        words.extend(["--key".into(), pki.path(CLIENT_KEY).into()]);
        shown += &format!(" --cert {CLIENT} --key {CLIENT_KEY}");
    }
    Ok(Host::open(room)?.with_tls(session.map_err(cannot)?, words, &shown))
}

#[cfg(test)]
mod tests {
    use super::are_alerts;

    #[test]
    fn alerts_are_told_from_other_words() {
        assert!(are_alerts(&[21, 3, 3, 0, 2, 2, 50]));
        assert!(are_alerts(&[21, 3, 1, 0, 2, 2, 70, 21, 3, 1, 0, 2, 1]));
        assert!(!are_alerts(b"HTTP/1.1 400 Bad Request"));
        assert!(!are_alerts(&[21, 3, 3, 0, 2, 2, 50, 22, 3]));
    }
}
