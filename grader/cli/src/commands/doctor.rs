//! `cargo grader doctor`: examines the machine, and says what will not work on it.

use std::fs;
use std::io::{self, Write};
use std::net::{Ipv6Addr, TcpListener};
use std::process::{Command, ExitCode, Output, Stdio};

use anyhow::Result;
use course::checkout::Checkout;
use engine::run::loopback_trouble;
use engine::subject::Children;
use notify::{RecommendedWatcher, Watcher};
use rustix::process::{Resource, getrlimit};
use textwrap::wrap;

use crate::report::wrap_options;
use crate::status::FAILED;
use crate::style::{self, BAD, GOOD, ODD};

/// How a part of the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Something will not work, or will work less well.
    Warning,
    /// No program can be graded.
    Bad,
}

/// What was found out about a part of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    name: &'static str,
    state: State,
    /// What was found; for a warning, what will not work, and for a fault, also the command that fixes it.
    text: String,
}

fn good(name: &'static str, text: impl Into<String>) -> Finding {
    Finding { name, state: State::Good, text: text.into() }
}

fn warning(name: &'static str, text: impl Into<String>) -> Finding {
    Finding { name, state: State::Warning, text: text.into() }
}

fn bad(name: &'static str, text: impl Into<String>) -> Finding {
    Finding { name, state: State::Bad, text: text.into() }
}

/// Examines the machine. The exit status is 1 if no program can be graded on it. `children` are those of this process.
///
/// # Errors
///
/// It runs outside a checkout, or standard output is closed.
pub fn doctor(children: &Children) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let machine = Machine { children };
    let mut findings = vec![
        machine.rust(),
        machine.linker(),
        kernel(),
        proc(),
        hang_proofs(),
        descriptors(),
        loopback(),
        socket_buffers(),
        ipv6(),
        cpus(),
        file_changes(&checkout),
        machine.nc(),
    ];
    findings.extend(OPTIONAL.iter().map(|tool| machine.optional(tool)));
    findings.push(machine.bubblewrap());
    let mut out = anstream::stdout().lock();
    for finding in &findings {
        write_finding(&mut out, finding, style::width())?;
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    match (count(State::Bad), count(State::Warning)) {
        (0, 0) => writeln!(out, "\nEverything works here.")?,
        (0, _) => {
            writeln!(
                out,
                "\nEvery lab can be graded here. Lines marked `!` describe limitations."
            )?;
        }
        _ => {
            writeln!(out, "\nNothing can be graded here until the problems marked `✗` are fixed.")?;
        }
    }
    Ok(ExitCode::from(if count(State::Bad) > 0 { FAILED } else { 0 }))
}

fn write_finding(out: &mut dyn Write, finding: &Finding, width: usize) -> io::Result<()> {
    /// The width of the column of names.
    const NAMES: usize = 15;
    let (mark, style) = match finding.state {
        State::Good => ("✓", GOOD),
        State::Warning => ("!", ODD),
        State::Bad => ("✗", BAD),
    };
    let indent = NAMES + 3;
    for (index, line) in wrap(&finding.text, wrap_options(width - indent)).into_iter().enumerate() {
        match index {
            0 => writeln!(out, "{style}{mark}{style:#} {:NAMES$} {line}", finding.name)?,
            _ => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

/// What can be found out only by running a tool.
struct Machine<'m> {
    children: &'m Children,
}

impl Machine<'_> {
    /// What `command` prints first, on either stream; `None` if it cannot be run, or fails and prints nothing useful.
    #[allow(
        clippy::disallowed_methods,
        reason = "a tool of the machine is not a program under test"
    )]
    fn first_line(&self, command: &[&str]) -> Option<String> {
        let (program, arguments) = command.split_first()?;
        let output =
            self.children.run(Command::new(program).args(arguments).stdin(Stdio::null()), b"");
        // A variant of nc may print its help and fail.
        let is_useful = |output: &Output| output.status.success() || arguments.contains(&"-h");
        let output = output.ok().filter(is_useful)?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Some(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
    }

    fn rust(&self) -> Finding {
        /// From the root's `Cargo.toml`.
        const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");
        const FIX: &str = "run `rustup update stable`";
        let Some(line) = self.first_line(&["rustc", "--version"]) else {
            return bad(
                "Rust",
                "rustc is missing (see rustup.rs), or no toolchain is set (run `rustup default stable`)",
            );
        };
        match version(&line) {
            Some(found) if Some(found) < parts(OLDEST) => {
                bad("Rust", format!("{line}, but the labs need {OLDEST}: {FIX}"))
            }
            Some(_) => good("Rust", line),
            None => warning("Rust", format!("cannot tell the version from `{line}`")),
        }
    }

    fn linker(&self) -> Finding {
        match self.first_line(&["cc", "--version"]) {
            Some(line) => good("linker", line),
            None => bad("linker", "cc is missing, so nothing can be linked: `apt-get install gcc`"),
        }
    }

    fn nc(&self) -> Finding {
        // Only OpenBSD's and Ncat explain themselves to `-h`.
        match self.first_line(&["nc", "-h"]).as_deref().map(netcat) {
            Some(Netcat::OpenBsd) => good("nc", "OpenBSD's"),
            Some(Netcat::Ncat) => warning("nc", "Ncat: omit `-N` from the sheets' commands"),
            Some(Netcat::Other) => warning(
                "nc",
                "neither OpenBSD's nor Ncat; for the sheets' commands: `apt-get install netcat-openbsd`",
            ),
            None => {
                warning("nc", "missing; for the sheets' commands: `apt-get install netcat-openbsd`")
            }
        }
    }

    fn bubblewrap(&self) -> Finding {
        let line = self.first_line(&["bwrap", "--version"]);
        good("bwrap", line.unwrap_or_else(|| "not installed; no command needs it yet".to_owned()))
    }

    fn optional(&self, tool: &Tool) -> Finding {
        match self.first_line(&[tool.program, tool.version]) {
            // The rest is about libraries.
            Some(line) => good(tool.program, line.split(" (").next().unwrap_or_default()),
            None => {
                let Tool { purpose, package, .. } = tool;
                warning(tool.program, format!("missing: {purpose} (`apt-get install {package}`)"))
            }
        }
    }
}

/// A tool that only some commands need.
struct Tool {
    program: &'static str,
    /// The option that makes it print its version.
    version: &'static str,
    package: &'static str,
    /// What needs it.
    purpose: &'static str,
}

const OPTIONAL: [Tool; 3] = [
    Tool {
        program: "openssl",
        version: "version",
        package: "openssl",
        purpose: "the sheets use it for TLS",
    },
    Tool {
        program: "curl",
        version: "--version",
        package: "curl",
        purpose: "the sheets use it for metrics",
    },
    Tool {
        program: "chromium",
        version: "--version",
        package: "chromium",
        purpose: "`cargo slides --pdf` and the tests of the slides need it",
    },
];

/// The major and minor version in `rustc 1.95.0 (59807616e 2026-04-14)`.
fn version(line: &str) -> Option<(u32, u32)> {
    parts(line.split(' ').nth(1)?)
}

/// The major and minor version in `1.95.0`.
fn parts(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// A variant of nc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Netcat {
    OpenBsd,
    Ncat,
    Other,
}

/// The variant whose help begins with `line`.
fn netcat(line: &str) -> Netcat {
    if line.starts_with("OpenBSD netcat") {
        Netcat::OpenBsd
    } else if line.starts_with("Ncat") {
        Netcat::Ncat
    } else {
        Netcat::Other
    }
}

fn kernel() -> Finding {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    good("kernel", format!("{} {release}", name.sysname().to_string_lossy()))
}

fn proc() -> Finding {
    const MOUNT: &str = "mount your own with `mount -t proc proc /proc`";
    match observe::is_proc_own() {
        Ok(true) => good("/proc", "belongs to this PID namespace"),
        Ok(false) => bad("/proc", format!("belongs to another PID namespace: {MOUNT}")),
        Err(error) => bad("/proc", format!("cannot be read ({error}): {MOUNT}")),
    }
}

fn hang_proofs() -> Finding {
    let yama = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let scope = match yama.trim() {
        "" => "no Yama".to_owned(),
        scope => format!("Yama's ptrace_scope is {scope}"),
    };
    if observe::can_inspect_sockets() {
        return good("hang proofs", format!("pidfd_getfd(2) is allowed; {scope}"));
    }
    warning(
        "hang proofs",
        format!(
            "pidfd_getfd(2) is forbidden ({scope}), so each hang takes 8 s to detect. Start a container with \
             `--cap-add SYS_PTRACE`"
        ),
    )
}

fn descriptors() -> Finding {
    /// The largest check has a thousand clients on each side.
    const ENOUGH: u64 = 8192;
    match getrlimit(Resource::Nofile).maximum {
        None => good("descriptors", "no limit"),
        Some(most) if most >= ENOUGH => good("descriptors", format!("up to {most}")),
        Some(most) => warning(
            "descriptors",
            format!(
                "only {most}: checks run one at a time, and those with a thousand clients are inconclusive. Raise the \
                 hard limit: `ulimit -Hn {ENOUGH}` as root, or `--ulimit nofile={ENOUGH}` for a container"
            ),
        ),
    }
}

fn loopback() -> Finding {
    match loopback_trouble() {
        None => good("loopback", "up"),
        Some(_) => bad("loopback", "down: bring it up with `ip link set lo up`"),
    }
}

fn socket_buffers() -> Finding {
    /// What Linux allows by default, in bytes: 4 MiB to write and 6 MiB to read.
    const USUAL: u64 = 4 << 20;
    let most = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/net/ipv4/tcp_{name}")).ok()?;
        text.split_whitespace().last()?.parse::<u64>().ok()
    };
    let (Some(read), Some(write)) = (most("rmem"), most("wmem")) else {
        return good("socket buffers", "the kernel does not say how large they may be");
    };
    let (read_size, write_size) = (course::text::size(read), course::text::size(write));
    let text = format!("at most {read_size} to read and {write_size} to write");
    if read.min(write) >= USUAL {
        return good("socket buffers", text);
    }
    warning("socket buffers", format!("{text}, less than usual: checks that fill them take longer"))
}

fn ipv6() -> Finding {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => good("IPv6", "::1 can be used; the labs use 127.0.0.1"),
        Err(error) => good("IPv6", format!("not available ({error}); the labs use 127.0.0.1")),
    }
}

/// How long programs have waited for a CPU, from pressure stall information.
fn cpus() -> Finding {
    /// Above this, verdicts take more tries.
    const BUSY: f64 = 25.0;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let number = course::text::count(cpus, "CPU");
    let text = fs::read_to_string("/proc/pressure/cpu").unwrap_or_default();
    let Some(share) = cpu_pressure(&text) else {
        return good(
            "CPUs",
            format!("{number}; the kernel does not say how long programs wait for one"),
        );
    };
    let text =
        format!("{number}; some program waited for a CPU during {share:.0} % of the last 10 s");
    match share {
        BUSY.. => warning(
            "CPUs",
            format!("{text}: the machine is busy, so checks may take several tries"),
        ),
        _ => good("CPUs", text),
    }
}

/// The average over 10 s in `/proc/pressure/cpu`, in percent.
fn cpu_pressure(text: &str) -> Option<f64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let value = some.split(' ').find_map(|word| word.strip_prefix("avg10="))?;
    value.parse().ok()
}

fn file_changes(checkout: &Checkout) -> Finding {
    let watcher: notify::Result<RecommendedWatcher> = notify::recommended_watcher(|_| {});
    let labs = checkout.root().join("labs");
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(&labs, notify::RecursiveMode::Recursive)?;
        Ok(())
    });
    match watched {
        _ if super::watch::files::is_silent(&labs) => warning(
            "file changes",
            "the kernel does not report them on this file system: `watch` compares the files twice a second",
        ),
        Ok(()) => good("file changes", "reported by inotify"),
        Err(error) => warning(
            "file changes",
            format!(
                "inotify fails ({error}): `watch` compares the files twice a second. Raise its limits: \
                 `sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536`"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("rustc 1.100.0-nightly (x)"), Some((1, 100)));
        assert_eq!(version("rustc"), None);
        assert!(version("rustc 1.100.0") > version("rustc 1.88.0"));
    }

    #[test]
    fn variants_of_nc_are_told_apart() {
        assert_eq!(netcat("OpenBSD netcat (Debian patchlevel 1.219-1)"), Netcat::OpenBsd);
        assert_eq!(netcat("Ncat 7.93 ( https://nmap.org/ncat )"), Netcat::Ncat);
        assert_eq!(netcat("[v1.10-47]"), Netcat::Other);
    }

    #[test]
    fn the_pressure_on_cpus_is_that_of_the_last_seconds() {
        let text = "some avg10=12.34 avg60=5.00 avg300=1.00 total=9\nfull avg10=0.00 avg60=0.00\n";
        assert_eq!(cpu_pressure(text), Some(12.34));
        assert_eq!(cpu_pressure(""), None);
    }

    #[test]
    fn a_finding_is_wrapped_beside_its_name() {
        let mut out = Vec::new();
        let finding = bad("loopback", "down: bring it up with `ip link set lo up`");
        write_finding(&mut out, &finding, 40).expect("memory");
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).expect("UTF-8");
        let expected =
            "✗ loopback        down: bring it up with\n                  `ip link set lo up`\n";
        assert_eq!(text, expected);
    }
}
