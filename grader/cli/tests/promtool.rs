//! Prometheus' own parser reads the pages of lab 06 and finds the same numbers. It needs promtool, from Debian's
//! package prometheus; `NETLAB_ALL_TOOLS=1` makes a missing promtool a failure.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use checks::labs::lab06::http::{self, Response};
use common::{built, has, source};
use engine::verdict::Journal;
use exposition::{Exposition, Format};

const PATIENCE: Duration = Duration::from_secs(10);

/// A running server of lab 06, killed when this is dropped.
struct Running {
    child: Child,
    lines: SocketAddr,
    metrics: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .args(["--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |what: &str| -> SocketAddr {
            let line = output.next().unwrap().unwrap();
            line.strip_prefix(what).unwrap().parse().unwrap()
        };
        let (lines, metrics) = (address("listening on "), address("metrics on "));
        Self { child, lines, metrics }
    }

    fn say(&self, bytes: &[u8], answer: &[u8]) {
        let mut client = TcpStream::connect(self.lines).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(bytes).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut got = Vec::new();
        client.read_to_end(&mut got).unwrap();
        assert_eq!(got, answer);
    }

    /// Serves some clients, one of which sends a bad request, and returns the page once it shows them.
    fn page(&self) -> Response {
        self.say(b"one\nSLEEP 20 two\nSLEEP x\n", b"ECHO: one\nECHO: two\nERR bad sleep\n");
        self.say(b"\xff\n", b"ERR not utf-8\n");
        let begin = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        loop {
            let page =
                runtime.block_on(http::get(&Journal::default(), self.metrics, "/metrics")).unwrap();
            let read = Exposition::read(&page.body, format(&page));
            assert_eq!(read.faults, []);
            let requests = read.value("echo_requests_total", &[]);
            let errors = read.value("echo_errors_total", &[("kind", "not_utf8")]);
            if (requests, errors) == (Some(3.0), Some(1.0)) {
                return page;
            }
            // Requests and errors are counted shortly after the clients have left.
            assert!(begin.elapsed() < PATIENCE, "{requests:?} requests, {errors:?} errors");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn format(page: &Response) -> Format {
    Format::of(page.content_type.as_deref()).unwrap()
}

#[test]
fn promtool_finds_the_same_numbers_in_the_solutions_page() {
    if !has("promtool") {
        return;
    }
    let server = Running::start(&mut Command::new(built("solution06")));
    let page = server.page();
    assert_eq!(format(&page), Format::OpenMetrics);
    // promtool can only import a page into a store, and each sample then needs a timestamp.
    let text = String::from_utf8(page.body.clone()).unwrap();
    let stamped: String = text
        .lines()
        .map(|line| {
            if line.starts_with('#') { format!("{line}\n") } else { format!("{line} 1700000000\n") }
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let (file, store) = (folder.path().join("page"), folder.path().join("store"));
    std::fs::write(&file, stamped).unwrap();
    // Reading a store requires a write-ahead log, which the import does not create.
    std::fs::create_dir_all(store.join("wal")).unwrap();
    let promtool = |arguments: &[&str]| {
        let run = Command::new("promtool").arg("tsdb").args(arguments).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    let [file, store] = [&file, &store].map(|path| path.to_str().unwrap());
    promtool(&["create-blocks-from", "openmetrics", file, store]);
    let dump = promtool(&["dump", store]);
    let mut theirs: Vec<(String, f64)> = dump.lines().map(number).collect();
    let read = Exposition::read(&page.body, Format::OpenMetrics);
    let mut ours: Vec<_> =
        read.samples.iter().map(|sample| (sample.series(), sample.value)).collect();
    theirs.sort_by(|one, two| one.0.cmp(&two.0));
    ours.sort_by(|one, two| one.0.cmp(&two.0));
    assert_eq!(ours, theirs);
}

/// A line of promtool's dump, `{__name__="x", kind="y"} 1 1700000000000`, as `x{kind="y"}` and 1.
fn number(line: &str) -> (String, f64) {
    let (labels, rest) = line.strip_prefix('{').unwrap().split_once("} ").unwrap();
    let mut labels: Vec<_> = labels.split(", ").collect();
    let place = labels.iter().position(|label| label.starts_with("__name__=")).unwrap();
    let name = labels.remove(place);
    let name = name.trim_start_matches("__name__=").trim_matches('"').to_owned();
    let series = match labels.len() {
        0 => name,
        _ => format!("{name}{{{}}}", labels.join(",")),
    };
    (series, rest.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn promtool_accepts_a_page_that_was_written_by_hand() {
    if !has("promtool") || !has("python3") {
        return;
    }
    let server = Running::start(Command::new("python3").arg(source("metrics.py")));
    let page = server.page();
    assert_eq!(format(&page), Format::Prometheus);
    let mut promtool =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(&page.body).unwrap();
    assert!(promtool.wait().unwrap().success());
}
