//! A program under test: its processes, its output, and how it ends.

use std::cell::{Cell, Ref, RefCell};
use std::io::{self, BufReader};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::printable;
use observe::{CpuBaseline, Probe, Starvation, StarvationThreshold, listen_overflows};
use rustix::process::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;

use super::endpoint::Endpoint;
use super::launch::Launch;
use super::launcher::Launcher;
use super::output::Capture;
use super::supervised::{Supervised, next_event};
use super::supervisor::Event;
use super::watchdog::Watchdog;
use crate::verdict::{CheckError, ExitStatus, Journal, LastWords};

/// How long the grader waits for the last words of a program that has ended.
pub const LAST_WORDS_DEADLINE: Duration = Duration::from_millis(500);

/// How many last lines are kept, and how long each may be, in characters.
const LAST_LINES: usize = 3;
const MAX_LINE: usize = 160;

/// The panic message of Rust's `todo!()`.
const TODO: &str = "not yet implemented";

/// A program under test, from its start on. Dropping it ends the program and everything that it has started.
pub struct Process {
    pub(super) journal: Journal,
    pub(super) lifetime: Lifetime,
    /// What the kernel shows about it.
    pub probe: Probe,
    pub(super) started: Instant,
    /// The machine's count of dropped connection attempts when the program started.
    pub(super) overflows: u64,
    pub(super) watchdog: Watchdog,
    /// The process that the check has asked to stop, if any.
    pub(super) asked_to_stop: Cell<Option<Pid>>,
    /// Where bytes may be in flight to or from it.
    pub(super) endpoints: Rc<RefCell<Vec<Endpoint>>>,
    /// A recent sample of its CPU time, shared by all long waits.
    pub(super) baseline: RefCell<Option<(Instant, Rc<CpuBaseline>)>>,
    supervised: RefCell<Supervised>,
    stdout: Rc<RefCell<Capture>>,
    stderr: Rc<RefCell<Capture>>,
    end: watch::Receiver<Option<ProcessEnd>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// When a program is expected to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// It serves until it is asked to stop. An earlier end is the cause of any failure.
    Serves,
    /// It does one thing and ends.
    Finishes,
}

/// What happened to the program's first process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    Ended(ExitStatus),
    /// It could not be started, and the program is at fault.
    Refused(String),
    /// It could not be started, and the machine is at fault.
    Unable(String),
}

/// Standard input and output of a program, for the grader to write and read.
pub(crate) struct StdPipes {
    pub input: OwnedFd,
    pub output: OwnedFd,
}

impl Drop for Process {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Process {
    /// Starts `launch` as a server, and tasks that drain its output and record its end for as long as it lives.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor left.
    pub(crate) fn start(
        launcher: &Launcher,
        journal: &Journal,
        launch: &Launch,
    ) -> Result<Rc<Self>, CheckError> {
        let (started, overflows) = (Instant::now(), listen_overflows());
        let mut supervised = launcher.start(launch, None).map_err(cannot_start)?;
        let stdout = supervised.stdout.take();
        Self::watch(journal, Lifetime::Serves, supervised, stdout, (started, overflows))
    }

    /// Starts `launch`, a program that does one thing and ends, and leaves its standard input and output to the
    /// caller.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub(crate) fn start_with_pipes(
        launcher: &Launcher,
        journal: &Journal,
        launch: &Launch,
    ) -> Result<(Rc<Self>, StdPipes), CheckError> {
        let (started, overflows) = (Instant::now(), listen_overflows());
        let (theirs, input) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|error| cannot_start(error.into()))?;
        let mut supervised = launcher.start(launch, Some(theirs)).map_err(cannot_start)?;
        let Some(output) = supervised.stdout.take() else {
            return Err(CheckError::Inconclusive("the program has no standard output".to_owned()));
        };
        let since = (started, overflows);
        let process = Self::watch(journal, Lifetime::Finishes, supervised, None, since)?;
        Ok((process, StdPipes { input, output }))
    }

    fn watch(
        journal: &Journal,
        lifetime: Lifetime,
        mut supervised: Supervised,
        output: Option<OwnedFd>,
        (started, overflows): (Instant, u64),
    ) -> Result<Rc<Self>, CheckError> {
        let stdout = Rc::new(RefCell::new(Capture::default()));
        let stderr = Rc::new(RefCell::new(Capture::default()));
        let mut tasks = Vec::new();
        for (pipe, capture) in [(output, &stdout), (supervised.stderr.take(), &stderr)] {
            let Some(pipe) = pipe else { continue };
            let pipe = pipe::Receiver::from_owned_fd(pipe).map_err(cannot_start)?;
            tasks.push(tokio::task::spawn_local(drain(pipe, Rc::clone(capture))));
        }
        let end = hear_end(&supervised).map_err(cannot_start)?;
        journal.started();
        tasks.push(tokio::task::spawn_local(record_end(end.clone(), journal.clone())));
        let probe = Probe::below(supervised.root());
        let endpoints = Rc::default();
        Ok(Rc::new(Self {
            journal: journal.clone(),
            lifetime,
            probe,
            started,
            overflows,
            watchdog: Watchdog::start(probe, Rc::clone(&endpoints)),
            asked_to_stop: Cell::new(None),
            endpoints,
            baseline: RefCell::default(),
            supervised: RefCell::new(supervised),
            stdout,
            stderr,
            end,
            tasks,
        }))
    }

    /// From now on, the proof of a hang considers the connections of `endpoint`, too.
    pub fn meets_at(&self, endpoint: Endpoint) {
        self.endpoints.borrow_mut().push(endpoint);
    }

    /// What it has written to standard output; empty for a client program, whose output is its answer.
    pub fn stdout(&self) -> Ref<'_, Capture> {
        self.stdout.borrow()
    }

    /// What it has written to standard error.
    pub fn stderr(&self) -> Ref<'_, Capture> {
        self.stderr.borrow()
    }

    /// The last lines on the program's standard error, for the evidence.
    #[must_use]
    pub fn last_words(&self) -> Option<LastWords> {
        let stderr = self.stderr.borrow();
        let lines = stderr.last_lines(LAST_LINES, MAX_LINE);
        (!lines.is_empty()).then(|| LastWords { total: stderr.total(), lines })
    }

    /// The text of a `todo!()`, if the program has reached one, and its file and line, if the program named them.
    pub(super) fn reached_todo(&self) -> Option<(String, Option<String>)> {
        /// In characters.
        const MAX_TEXT: usize = 200;
        let stderr = self.stderr.borrow();
        let (line, before) = stderr.find_line_with_previous(TODO)?;
        let text = line.split_once(": ").map_or("", |(_, text)| text);
        // `thread 'main' (7) panicked at src/lib.rs:52:5:`
        let place =
            before.split_once(" panicked at ").map(|(_, place)| place.trim_end_matches(':'));
        let place = place.and_then(|place| place.rsplit_once(':'));
        let place = place.map(|(place, _column)| printable(place, MAX_TEXT));
        Some((printable(text, MAX_TEXT), place))
    }

    /// What happened to its first process, if that is known within `deadline`.
    pub async fn end_within(&self, deadline: Duration) -> Option<ProcessEnd> {
        let heard = tokio::time::timeout(deadline, self.end_event()).await.ok().flatten();
        if heard.is_some() {
            self.collect_last_words().await;
        }
        heard
    }

    /// Waits for the end of its first process; `None` if its supervisor was killed.
    pub async fn end_of_first(&self) -> Option<ProcessEnd> {
        let heard = self.end_event().await;
        self.collect_last_words().await;
        heard
    }

    /// Waits for the supervisor's report on its first process.
    pub(super) async fn end_event(&self) -> Option<ProcessEnd> {
        let mut end = self.end.clone();
        end.wait_for(Option::is_some).await.ok().and_then(|heard| heard.clone())
    }

    /// Reads its last words, which are still in the pipe; another process may keep that pipe open.
    async fn collect_last_words(&self) {
        let begun = Instant::now();
        let drained = || self.tasks.iter().all(tokio::task::JoinHandle::is_finished);
        while !drained() && begun.elapsed() < LAST_WORDS_DEADLINE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether its standard error contains a panic message of Rust's standard library.
    pub(super) fn has_panicked(&self) -> bool {
        self.stderr().find_line("panicked at ").is_some()
    }

    /// Whether its first process has ended or was never started, and no other is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        // Either an event, or the end of the supervisor, which ends the events.
        let heard = self.end.borrow().is_some() || self.end.has_changed().is_err();
        heard && self.has_ended()
    }

    /// Whether no process of the program is left.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.probe.processes().is_empty()
    }

    /// What has kept it off the CPUs most of the time since it was started, if anything. If something has, a delay
    /// proves nothing.
    #[must_use]
    pub fn was_starved(&self) -> Option<Starvation> {
        self.starvation(StarvationThreshold::Half)
    }

    /// What, if anything, has kept it off the CPUs for long enough since its start to explain a failure.
    #[must_use]
    pub fn was_hindered(&self) -> Option<Starvation> {
        self.starvation(StarvationThreshold::Sixth)
    }

    fn starvation(&self, threshold: StarvationThreshold) -> Option<Starvation> {
        self.watchdog.starvation_since(&CpuBaseline::at_start(self.started), threshold)
    }

    /// Ends all its processes now.
    pub fn end(&self) {
        self.supervised.borrow_mut().end();
    }
}

/// Reads the supervisor's events in a thread: they are few, reading them blocks, and they end with the supervisor.
fn hear_end(supervised: &Supervised) -> io::Result<watch::Receiver<Option<ProcessEnd>>> {
    let events = supervised.events()?;
    let (sender, end) = watch::channel(None);
    std::thread::spawn(move || {
        let mut events = BufReader::new(events);
        while let Some(event) = next_event(&mut events) {
            let end = match event {
                Event::Refused(reason) => ProcessEnd::Refused(reason),
                Event::Unable(reason) => ProcessEnd::Unable(reason),
                Event::Ended(status) => ProcessEnd::Ended(status),
            };
            let _ = sender.send(Some(end));
        }
    });
    Ok(end)
}

#[allow(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn cannot_start(error: io::Error) -> CheckError {
    CheckError::Inconclusive(format!("cannot start the program: {error}"))
}

/// Records how the program's first process ends, once it does.
async fn record_end(mut end: watch::Receiver<Option<ProcessEnd>>, journal: Journal) {
    if let Ok(heard) = end.wait_for(Option::is_some).await
        && let Some(ProcessEnd::Ended(status)) = *heard
    {
        journal.ended(status);
    }
}

/// Reads a pipe to its end, however much arrives.
async fn drain(mut pipe: pipe::Receiver, capture: Rc<RefCell<Capture>>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = pipe.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        capture.borrow_mut().extend(&buffer[..count]);
        // A program that floods its output must not starve the clients.
        tokio::task::yield_now().await;
    }
}
