//! Measures what a TLS handshake costs the solution of lab 08 and `openssl s_server`:
//! `cargo bench --bench handshakes [-- ROUNDS]`. Nothing is graded.
//!
//! One client after another performs a full TLS 1.3 handshake (no resumption) and sends `close_notify`. The measurement
//! ends when the server answers with its own: by then the server has verified the client's `Finished`, and neither
//! side has done anything else. All servers have the same certificate and key (ECDSA, P-256). They share one CPU with
//! the client and take turns. Only the server's own CPU time is measured, from `/proc/PID/task/*/schedstat`. Each row
//! is the median of all rounds.
//!
//! `s_server` is measured twice: once with its defaults, which, like the solution, send two session tickets (`-quiet`
//! only turns off its output), and once as lean as possible, with `-num_tickets 0 -no_ticket -no_cache`.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use engine::subject::build::without_package;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// The number of handshakes with each server in a round.
const HANDSHAKES: u32 = 300;
/// The limit for a step that usually takes milliseconds.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A server and its CPU time per handshake in each round.
struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    costs: Vec<Duration>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has already ended by itself, that was reported.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<usize>().ok());
    let rounds = numbers.next().unwrap_or(41);
    let program = solution()?;
    use_one_cpu()?;
    let folder = tempfile::tempdir()?;
    let config = certificates(folder.path())?;
    let lean = ["-num_tickets", "0", "-no_ticket", "-no_cache"];
    let mut servers = vec![
        ours(&program, folder.path())?,
        openssl("openssl s_server", folder.path(), &[])?,
        openssl("openssl s_server, lean", folder.path(), &lean)?,
    ];
    for round in 0..=rounds {
        for server in &mut servers {
            let name = server.name;
            let cost = measure(server, &config).with_context(|| format!("with {name}"))?;
            // The first round is a warm-up: caches are cold, and pages are touched for the first time.
            if round > 0 {
                server.costs.push(cost);
            }
        }
    }
    report(&mut servers, rounds);
    Ok(())
}

/// Builds the solution, optimised, and returns its path.
fn solution() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--release", "--quiet", "--package", "solution08"];
    let mut build = Command::new(cargo);
    build.args(arguments);
    without_package(&mut build);
    ensure!(build.status()?.success(), "cannot compile the solution");
    // This executable is in the subfolder `deps` of the same folder.
    let this = std::env::current_exe()?;
    let folder = this.parent().and_then(Path::parent).context("an executable in no folder")?;
    Ok(folder.join("solution08"))
}

/// Restricts this process and those that it starts to one CPU.
fn use_one_cpu() -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)).context("no CPU")?);
    Ok(sched_setaffinity(None, &one)?)
}

/// Writes `cert.pem` and `key.pem`, and returns the configuration of a client that trusts them.
fn certificates(folder: &Path) -> Result<Arc<ClientConfig>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "a CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let leaf = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &ca)?;
    fs::write(folder.join("cert.pem"), leaf.pem())?;
    fs::write(folder.join("key.pem"), key.serialize_pem())?;
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone())?;
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn ours(program: &Path, folder: &Path) -> Result<Server> {
    let mut child = Command::new(program)
        .args(["serve", "--addr", "127.0.0.1:0", "--cert"])
        .arg(folder.join("cert.pem"))
        .arg("--key")
        .arg(folder.join("key.pem"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
    let address =
        line.trim_end().strip_prefix("listening on ").context("the solution does not listen")?;
    let address = address.parse()?;
    Ok(Server { name: "solution of lab 08", child, address, costs: Vec::new() })
}

fn openssl(name: &'static str, folder: &Path, flags: &[&str]) -> Result<Server> {
    // openssl cannot report a port chosen by the kernel.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Command::new("openssl")
        .args(["s_server", "-quiet", "-tls1_3", "-accept", &address.to_string(), "-cert"])
        .arg(folder.join("cert.pem"))
        .arg("-key")
        .arg(folder.join("key.pem"))
        .args(flags)
        // Stays open as long as the child runs, because s_server exits at the end of its input.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot run openssl")?;
    let server = Server { name, child, address, costs: Vec::new() };
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        ensure!(begin.elapsed() < TIMEOUT, "openssl does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(server)
}

/// The CPU time of all live threads of a process.
fn cpu(process: u32) -> Result<Duration> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let times = fs::read_to_string(thread?.path().join("schedstat"))?;
        let running = times.split(' ').next().context("no time")?;
        sum += running.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(sum))
}

/// Runs one round and returns the server's CPU time per handshake.
fn measure(server: &Server, config: &Arc<ClientConfig>) -> Result<Duration> {
    let before = cpu(server.child.id())?;
    for _ in 0..HANDSHAKES {
        handshake(server.address, config)?;
    }
    // The server has answered the last client, but may still be closing its socket.
    std::thread::sleep(Duration::from_millis(1));
    let used = cpu(server.child.id())?.saturating_sub(before);
    Ok(used / HANDSHAKES)
}

/// Performs a handshake and exchanges `close_notify`.
fn handshake(address: SocketAddr, config: &Arc<ClientConfig>) -> Result<()> {
    let name = ServerName::try_from("localhost")?;
    let mut tls = ClientConnection::new(Arc::clone(config), name)?;
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    while tls.is_handshaking() {
        tls.complete_io(&mut socket)?;
    }
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(&mut socket)?;
    }
    socket.flush()?;
    // Session tickets arrive before the server's close_notify.
    loop {
        ensure!(tls.read_tls(&mut socket)? > 0, "the server did not answer close_notify");
        tls.process_new_packets()?;
        match tls.reader().read(&mut [0]) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => ensure!(other? == 0, "the server sent data"),
        }
    }
}

fn report(servers: &mut [Server], rounds: usize) {
    println!("{rounds} rounds of {HANDSHAKES} handshakes per server, taking turns, on one CPU");
    println!("server                   CPU per handshake   middle half of rounds   per CPU second");
    let mut medians = Vec::new();
    for server in servers {
        server.costs.sort_unstable();
        let at = |part: usize| server.costs[(server.costs.len() - 1) * part / 4].as_secs_f64();
        println!(
            "{:<24} {:>14.1} µs   {:>9.1} to {:>6.1} µs   {:>14.0}",
            server.name,
            at(2) * 1e6,
            at(1) * 1e6,
            at(3) * 1e6,
            1.0 / at(2)
        );
        medians.push(at(2));
    }
    if let [ours, peer, lean] = medians[..] {
        println!(
            "handshakes per CPU second, relative to openssl: {:.2}, and to lean openssl: {:.2}",
            peer / ours,
            lean / ours
        );
    }
}
