//! Certificates for one trial, created when it runs: valid ones, and invalid ones of every kind.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair, KeyUsagePurpose as Usage,
};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

/// A certificate authority.
type Authority = CertifiedIssuer<'static, KeyPair>;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The files, by the names that steps in reports show.
pub const SERVER: &str = "server.pem";
pub const SERVER_KEY: &str = "server-key.pem";
/// A key that belongs to no certificate.
pub const ANOTHER_KEY: &str = "another-key.pem";
/// The CA that issued the server's certificate.
pub const CA: &str = "ca.pem";
/// The CA that issues client certificates.
pub const CLIENT_CA: &str = "client-ca.pem";
pub const CLIENT: &str = "client.pem";
pub const CLIENT_KEY: &str = "client-key.pem";
/// Text that is not PEM.
pub const NOT_PEM: &str = "not-pem.pem";
/// A file that does not exist.
pub const MISSING: &str = "missing.pem";

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Expired,
    NotYetValid,
    /// Self-signed, for the right name.
    SelfSigned,
    /// Issued by the right CA, for another name.
    WrongHost,
    /// Issued for the right name, by a CA with the right name but another key.
    WrongCa,
    /// Nothing: it is the right certificate, but the server does not have its key.
    WrongKey,
}

/// The identity that a client claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    Nobody,
    /// Issued by the clients' CA.
    Known,
    /// Issued by another CA with the same name.
    OfAnotherCa,
    /// Issued by the clients' CA, but no longer valid.
    Expired,
}

/// The certificates of a trial, in a folder of their own.
pub struct Pki {
    folder: tempfile::TempDir,
    /// The server's name, in its certificate.
    pub name: String,
    ca: Authority,
    /// Another CA with the same name.
    false_ca: Authority,
    client_ca: Authority,
    false_client_ca: Authority,
    server: Signed,
}

/// A certificate with its chain and its key.
struct Signed {
    certificate: Certificate,
    /// The rest of the chain.
    more: Option<CertificateDer<'static>>,
    key: KeyPair,
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(error)
}

/// A CA with this name.
fn authority(name: &str) -> Result<Authority, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
    valid(&mut params, SystemTime::now() - DAY, 30);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn valid(params: &mut CertificateParams, from: SystemTime, days: u32) {
    params.not_before = from.into();
    params.not_after = (from + days * DAY).into();
}

/// The contents of a certificate for `name` and `purpose`, valid for a month.
fn leaf(name: &str, purpose: Purpose) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![Usage::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    valid(&mut params, SystemTime::now() - DAY, 30);
    Ok(params)
}

impl Signed {
    fn by(issuer: &Authority, params: &CertificateParams) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        Ok(Self { certificate: params.signed_by(&key, issuer)?, more: None, key })
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        std::iter::once(self.certificate.der().clone()).chain(self.more.clone()).collect()
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.serialize_der().into())
    }
}

impl Pki {
    /// Creates certificates for a server called `name` and writes them to files.
    ///
    /// # Errors
    ///
    /// This machine has no space for files, or no random numbers.
    pub fn new(name: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("netlab-pki-").tempdir()?;
        let ca = authority("Netlab CA").map_err(other)?;
        let client_ca = authority("Netlab CA for clients").map_err(other)?;
        let params = leaf(name, Purpose::ServerAuth).map_err(other)?;
        let pki = Self {
            folder,
            name: name.to_owned(),
            server: Signed::by(&ca, &params).map_err(other)?,
            ca,
            false_ca: authority("Netlab CA").map_err(other)?,
            client_ca,
            false_client_ca: authority("Netlab CA for clients").map_err(other)?,
        };
        let client = leaf("netlab-client", Purpose::ClientAuth)
            .and_then(|params| Signed::by(&pki.client_ca, &params))
            .map_err(other)?;
        let files = [
            (CA, pki.ca.pem()),
            (CLIENT_CA, pki.client_ca.pem()),
            (SERVER, pki.server.certificate.pem()),
            (SERVER_KEY, pki.server.key.serialize_pem()),
            (ANOTHER_KEY, KeyPair::generate().map_err(other)?.serialize_pem()),
            (CLIENT, client.certificate.pem()),
            (CLIENT_KEY, client.key.serialize_pem()),
            (NOT_PEM, "this is text, not a certificate\n".to_owned()),
        ];
        for (name, text) in files {
            fs::write(pki.folder.path().join(name), text)?;
        }
        Ok(pki)
    }

    /// The path of the file with this name.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client's certificate and key, if it has any.
    fn client(&self, identity: Identity) -> Result<Option<Signed>, rcgen::Error> {
        let mut params = leaf("netlab-client", Purpose::ClientAuth)?;
        let issuer = match identity {
            Identity::Nobody => return Ok(None),
            Identity::Known => &self.client_ca,
            Identity::OfAnotherCa => &self.false_client_ca,
            Identity::Expired => {
                valid(&mut params, SystemTime::now() - 60 * DAY, 30);
                &self.client_ca
            }
        };
        Signed::by(issuer, &params).map(Some)
    }

    /// A server's certificate with this fault, or without one.
    fn faulty(&self, fault: Option<Fault>) -> Result<Signed, rcgen::Error> {
        let mut params = leaf(&self.name, Purpose::ServerAuth)?;
        let mut issuer = &self.ca;
        match fault {
            None | Some(Fault::WrongKey) => {}
            Some(Fault::Expired) => valid(&mut params, SystemTime::now() - 60 * DAY, 30),
            Some(Fault::NotYetValid) => valid(&mut params, SystemTime::now() + 30 * DAY, 30),
            Some(Fault::SelfSigned) => {
                let key = KeyPair::generate()?;
                return Ok(Signed { certificate: params.self_signed(&key)?, more: None, key });
            }
            Some(Fault::WrongHost) => {
                // The right name is in the subject, where clients must not look for it (RFC 9525, section 2).
                let elsewhere = CertificateParams::new([format!("not-{}", self.name)])?;
                params.subject_alt_names = elsewhere.subject_alt_names;
            }
            Some(Fault::WrongCa) => issuer = &self.false_ca,
        }
        let mut signed = Signed::by(issuer, &params)?;
        if fault == Some(Fault::WrongCa) {
            // A server may send its CA's certificate, but that proves nothing: anyone can create one.
            signed.more = Some(self.false_ca.der().clone());
        }
        Ok(signed)
    }

    /// The client's side of a session with the server under test.
    ///
    /// # Errors
    ///
    /// This machine cannot create certificates.
    pub fn to_server(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        identity: Identity,
    ) -> io::Result<Connection> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_protocol_versions(versions)
            .map_err(other)?
            .with_root_certificates(roots(&self.ca)?);
        let mut config = match self.client(identity).map_err(other)? {
            None => builder.with_no_client_auth(),
            Some(signed) => {
                builder.with_client_auth_cert(signed.chain(), signed.key()).map_err(other)?
            }
        };
        // Each handshake is a full one.
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(self.name.clone()).map_err(other)?;
        Ok(ClientConnection::new(Arc::new(config), name).map_err(other)?.into())
    }

    /// The server's side of a session with the client under test. Its certificate has `fault`, if any; if `is_mutual`,
    /// the server asks for the client's certificate.
    ///
    /// # Errors
    ///
    /// This machine cannot create certificates.
    pub fn to_client(&self, fault: Option<Fault>, is_mutual: bool) -> io::Result<Connection> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .map_err(other)?;
        let builder = if is_mutual {
            let roots = Arc::new(roots(&self.client_ca)?);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&PROVIDER));
            builder.with_client_cert_verifier(verifier.build().map_err(other)?)
        } else {
            builder.with_no_client_auth()
        };
        let mut signed = self.faulty(fault).map_err(other)?;
        let chain = signed.chain();
        if fault == Some(Fault::WrongKey) {
            signed.key = KeyPair::generate().map_err(other)?;
        }
        let key = PROVIDER.key_provider.load_private_key(signed.key()).map_err(other)?;
        // Not `with_single_cert`, which refuses a key that does not belong to the certificate.
        let certified = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let config = builder.with_cert_resolver(Arc::new(certified));
        Ok(ServerConnection::new(Arc::new(config)).map_err(other)?.into())
    }
}

/// Named explicitly, because the default depends on features that other crates choose.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// A store that trusts `authority`.
fn roots(authority: &Authority) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).map_err(other)?;
    Ok(roots)
}
