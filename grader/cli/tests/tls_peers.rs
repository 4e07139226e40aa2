//! Other TLS implementations work with the solution of lab 08: `openssl s_client` and curl with its server, its client
//! with `openssl s_server`. A program that is tested only against rustls might work only with rustls.
//! `NETLAB_ALL_TOOLS=1` makes a missing tool a failure.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use common::{built, has};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

/// The time allowed for a step that a correct program completes immediately.
const PATIENCE: Duration = Duration::from_secs(10);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// A CA, another CA that no program trusts, and the certificates that they have signed.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let these = Self { folder: tempfile::tempdir().unwrap() };
        let ca = these.authority("ca", "one that is trusted");
        let other = these.authority("other-ca", "one that is not");
        these.leaf("server", &ca, "localhost", 0);
        these.leaf("expired", &ca, "localhost", 60);
        these.leaf("wrong-host", &ca, "elsewhere.example", 0);
        these.leaf("unknown-ca", &other, "localhost", 0);
        these.leaf("client", &ca, "somebody", 0);
        these.leaf("stranger", &other, "somebody", 0);
        these
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, certificate: &str, key: &str) {
        std::fs::write(self.path(&format!("{name}.pem")), certificate).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key).unwrap();
    }

    fn authority(&self, file: &str, name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = valid(CertificateParams::default(), 0);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = key.serialize_pem();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        self.write(file, &authority.pem(), &pem);
        authority
    }

    /// Writes a certificate for `name`, issued `days` days ago.
    fn leaf(&self, file: &str, by: &CertifiedIssuer<'_, KeyPair>, name: &str, days: u32) {
        let mut params = valid(CertificateParams::new([name.to_owned()]).unwrap(), days);
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        self.write(file, &certificate.pem(), &key.serialize_pem());
    }

    /// The arguments that give a program a certificate and its key.
    fn pair(&self, option: &str, file: &str, key_option: &str) -> Vec<String> {
        let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
        vec![option.to_owned(), self.path(&certificate), key_option.to_owned(), self.path(&key)]
    }
}

/// Valid for a month, from the day before it was issued.
fn valid(mut params: CertificateParams, days_ago: u32) -> CertificateParams {
    let from = SystemTime::now() - (days_ago + 1) * DAY;
    params.not_before = from.into();
    params.not_after = (from + 30 * DAY).into();
    params
}

/// A running program that is killed when this is dropped.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn solution() -> PathBuf {
    built("solution08")
}

/// The solution's server.
fn served(certificates: &Certificates, more: &[String]) -> Running {
    let mut child = Command::new(solution())
        .args(["serve", "--addr", "127.0.0.1:0"])
        .args(certificates.pair("--cert", "server", "--key"))
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on ").unwrap().parse().unwrap();
    Running { child, address }
}

/// `openssl s_server` with the certificate in `file`, and its input, which keeps it running. s_server reverses each
/// line.
fn s_server(certificates: &Certificates, file: &str, more: &[&str]) -> (Running, ChildStdin) {
    // openssl cannot report a port chosen by the kernel. No other process gets this port first: a port that was just
    // released is reused last.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = Command::new("openssl")
        .args(["s_server", "-quiet", "-rev", "-accept", &address.to_string()])
        .args(certificates.pair("-cert", file, "-key"))
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    let running = Running { child, address };
    let begin = Instant::now();
    // openssl serves one client after another, and treats this connection without TLS as a failed handshake.
    while TcpStream::connect(address).is_err() {
        assert!(begin.elapsed() < PATIENCE, "openssl does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    (running, input)
}

/// Sends `line` to a program, and closes its input once it has printed as many bytes or ended.
fn converse(command: &mut Command, line: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The program may have refused the connection and ended.
    let _ = input.write_all(line.as_bytes());
    let mut said = vec![0; line.len()];
    let mut output = child.stdout.take().unwrap();
    let mut length = 0;
    while length < said.len() {
        match output.read(&mut said[length..]).unwrap() {
            0 => break,
            count => length += count,
        }
    }
    said.truncate(length);
    drop(input);
    output.read_to_end(&mut said).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stdout = said;
    output
}

/// The result of `openssl s_client` with the server.
fn s_client(certificates: &Certificates, server: &Running, more: &[String]) -> Output {
    let mut command = Command::new("timeout");
    command
        .args([&PATIENCE.as_secs().to_string(), "openssl", "s_client", "-quiet", "-no_ign_eof"])
        .args(["-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost"])
        .args(["-connect", &server.address.to_string(), "-CAfile", &certificates.path("ca.pem")])
        .args(more);
    converse(&mut command, "what arrives is what was sent\n")
}

/// The result of the solution's client with a server.
fn connected(certificates: &Certificates, server: &Running, more: &[String]) -> Output {
    let mut command = Command::new("timeout");
    command
        .args([PATIENCE.as_secs().to_string().into(), solution().into_os_string()])
        .args(["connect", &server.address.to_string(), "--server-name", "localhost"])
        .args(["--ca", &certificates.path("ca.pem")])
        .args(more);
    converse(&mut command, "stressed\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Expects one line `error: …` that contains `reason`, status 1, and nothing on standard output.
fn expect_error(output: &Output, reason: &str) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("error: ") && error.contains(reason), "{error}");
}

#[test]
fn openssl_gets_its_echo_in_both_versions() {
    if !has("openssl") {
        return;
    }
    let certificates = Certificates::new();
    let server = served(&certificates, &[]);
    for version in VERSIONS {
        let output = s_client(&certificates, &server, &[version.to_owned()]);
        assert_eq!(
            text(&output.stdout),
            "what arrives is what was sent\n",
            "{}",
            text(&output.stderr)
        );
        assert!(output.status.success());
    }
}

#[test]
fn openssl_is_refused_without_the_required_certificate() {
    if !has("openssl") {
        return;
    }
    let certificates = Certificates::new();
    let asks = ["--client-ca".to_owned(), certificates.path("ca.pem")];
    let server = served(&certificates, &asks);
    for version in VERSIONS {
        let with = |file: Option<&str>| {
            let mut words = vec![version.to_owned()];
            words.extend(
                file.map(|file| certificates.pair("-cert", file, "-key")).unwrap_or_default(),
            );
            s_client(&certificates, &server, &words)
        };
        assert_eq!(text(&with(Some("client")).stdout), "what arrives is what was sent\n");
        for file in [None, Some("stranger")] {
            let output = with(file);
            assert_eq!(text(&output.stdout), "", "{file:?}");
            assert!(!output.status.success(), "{file:?}");
        }
    }
}

#[test]
fn the_client_works_with_openssl_in_both_versions() {
    if !has("openssl") {
        return;
    }
    let certificates = Certificates::new();
    let ca = certificates.path("ca.pem");
    let nobody: (&[&str], Vec<String>) = (&[], Vec::new());
    let client = certificates.pair("--cert", "client", "--key");
    let asked: (&[&str], _) = (&["-Verify", "1", "-verify_return_error", "-CAfile", &ca], client);
    for version in VERSIONS {
        for (asks, shows) in [&nobody, &asked] {
            let more = [&[version], *asks].concat();
            let (server, _input) = s_server(&certificates, "server", &more);
            let output = connected(&certificates, &server, shows);
            assert_eq!(text(&output.stdout), "desserts\n", "{}", text(&output.stderr));
            assert_eq!(output.status.code(), Some(0));
        }
    }
}

#[test]
fn the_client_is_refused_by_openssl_without_a_certificate() {
    if !has("openssl") {
        return;
    }
    let certificates = Certificates::new();
    let ca = certificates.path("ca.pem");
    for version in VERSIONS {
        let asks = [version, "-Verify", "1", "-verify_return_error", "-CAfile", &ca];
        let (server, _input) = s_server(&certificates, "server", &asks);
        expect_error(&connected(&certificates, &server, &[]), "");
        let stranger = certificates.pair("--cert", "stranger", "--key");
        expect_error(&connected(&certificates, &server, &stranger), "");
    }
}

#[test]
fn the_client_refuses_certificates_that_openssl_shows() {
    if !has("openssl") {
        return;
    }
    let certificates = Certificates::new();
    for version in VERSIONS {
        for (file, reason) in [
            ("expired", "xpired"),
            ("wrong-host", "not valid for name"),
            ("unknown-ca", "UnknownIssuer"),
        ] {
            let (server, _input) = s_server(&certificates, file, &[version]);
            expect_error(&connected(&certificates, &server, &[]), reason);
        }
    }
}

/// An echoed request is a valid HTTP/0.9 response, which has no status line.
#[test]
fn curl_gets_its_request_back_and_refuses_another_ca() {
    if !has("curl") {
        return;
    }
    let certificates = Certificates::new();
    let server = served(&certificates, &[]);
    let port = server.address.port();
    let curl = |ca: &str| {
        let mut child = Command::new("curl")
            .args(["--silent", "--show-error", "--http0.9", "--noproxy", "*", "--no-buffer"])
            .args(["--cacert", &certificates.path(ca)])
            .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
            .args(["--max-time", &PATIENCE.as_secs().to_string()])
            .arg(format!("https://localhost:{port}/as-it-was"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut got = String::new();
        while output.read_line(&mut got).unwrap() > 0 {
            if got.ends_with("\r\n\r\n") {
                // An HTTP/0.9 response ends with the connection, which the echo server keeps open.
                child.kill().unwrap();
            }
        }
        (got, child.wait().unwrap().code())
    };
    let (request, _) = curl("ca.pem");
    assert!(request.starts_with("GET /as-it-was HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n"), "{request}");
    // 60: the peer's certificate cannot be authenticated with known CA certificates (curl(1)).
    assert_eq!(curl("other-ca.pem"), (String::new(), Some(60)));
}
