//! A program under test: its processes, its output, and waiting for what it does.
//!
//! Every wait here ends: with what was waited for, with the proof that it will not come ([`Watchdog`]),
//! or at a deadline.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;

use crate::capture::{self, Capture, size, time};
use crate::client::{Connection, Trouble};
use crate::outcome::{Failure, Stop};
use crate::probe::{Probe, Wires, listen_overflows};
use crate::supervise::{End, Event, Launch, Supervised, next_event};
use crate::trial::{Trial, environment};
use crate::watchdog::{Load, Part, TICK, Watchdog};

/// How long the program may take for the next thing that is waited for. Generous: a hang is proved long
/// before, and on a busy machine right answers come late.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(8);

/// Of the whole machine, so other programs may be meant, too.
pub const FULL_QUEUES: &str = "full listen queues of this machine (ListenOverflows)";

/// How the report of a proved hang begins.
pub const NO_ANSWER: &str = "no answer, and none can come";

/// How the report of an answer that did not come in time begins.
pub const NO_ANSWER_IN_TIME: &str = "no answer within";

/// How the cause begins where a `todo!()` was reached.
pub const UNWRITTEN: &str = "this part is not written yet";

/// So many proofs of a hang do not count while something lies on the grader's side that it has not read.
const UNREAD: u32 = 3;

/// How long the last words of a program that has ended are waited for.
pub const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a program may take to die after its connections have.
const DEATH: Duration = Duration::from_millis(200);

/// A program under test, from its start on. Ends with all that it has started when dropped.
pub struct Process {
    trial: Trial,
    role: Role,
    /// What the kernel says of it.
    pub probe: Probe,
    started: Instant,
    /// The machine's count of dropped connects when it started.
    overflows: u64,
    watchdog: Watchdog,
    /// The process that the check has told to end, if it has.
    told: Cell<Option<Pid>>,
    /// The listeners whose connections may have bytes under way.
    addresses: Rc<RefCell<Vec<SocketAddr>>>,
    /// What was known of its CPU time when somebody began to worry, for all who do.
    load: RefCell<Option<(Instant, Rc<Load>)>>,
    supervised: RefCell<Supervised>,
    stdout: Rc<RefCell<Capture>>,
    stderr: Rc<RefCell<Capture>>,
    end: watch::Receiver<Option<Gone>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What the program is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It goes on for ever: its end is the cause of whatever went wrong.
    Serves,
    /// It does one thing and ends.
    Visits,
}

/// How the program's first process went.
#[derive(Clone, Debug)]
pub enum Gone {
    Ended(End),
    /// It was never started: by its own fault, or the machine's.
    Refused(String),
    Unable(String),
}

/// Standard input and output of a program that the grader feeds and reads itself.
pub struct Ends {
    pub input: OwnedFd,
    pub output: OwnedFd,
}

/// What a wait is about.
pub trait Watched {
    /// Grows with each byte that moves; the deadline begins anew then.
    fn moved(&self) -> u64;
    /// Whether something has come that the grader has not read: it may be what is waited for.
    fn has_unread(&self) -> bool;
}

/// Nothing that moves.
impl Watched for () {
    fn moved(&self) -> u64 {
        0
    }

    fn has_unread(&self) -> bool {
        false
    }
}

impl Watched for Connection {
    fn moved(&self) -> u64 {
        self.sent.get() + self.received.get()
    }

    fn has_unread(&self) -> bool {
        self.unread() > 0
    }
}

/// Why a wait ended without what was waited for.
#[derive(Debug)]
pub enum Vain {
    /// It is proved that it cannot come.
    Hang,
    Deadline(Duration),
    /// The machine was too busy to tell.
    Busy(String),
}

impl Vain {
    /// What was observed, as a report says it.
    ///
    /// # Errors
    ///
    /// Nothing that the program can be charged with.
    pub fn observed(self) -> Result<String, Stop> {
        match self {
            Self::Busy(reason) => Err(Stop::Inconclusive(reason)),
            Self::Hang => Ok(format!(
                "{NO_ANSWER}: every thread of the program sleeps in a call without a time-out, and \
                 nothing is under way to wake it"
            )),
            Self::Deadline(elapsed) => Ok(format!("{NO_ANSWER_IN_TIME} {}", time(elapsed))),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Process {
    /// Starts `launch`, and tasks that drain its output for as long as it lives.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor to give.
    pub fn start(trial: &Trial, launch: &Launch) -> Result<Rc<Self>, Stop> {
        let (started, overflows) = (Instant::now(), listen_overflows());
        let mut supervised = Supervised::start(launch, &environment(), None).map_err(machine)?;
        let stdout = supervised.stdout.take();
        Self::watch(trial, Role::Serves, supervised, stdout, started, overflows)
    }

    /// Starts `launch`, and leaves its standard input and output to the caller.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_open(trial: &Trial, launch: &Launch) -> Result<(Rc<Self>, Ends), Stop> {
        let (started, overflows) = (Instant::now(), listen_overflows());
        let (theirs, input) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .map_err(|e| machine(e.into()))?;
        let mut supervised =
            Supervised::start(launch, &environment(), Some(theirs)).map_err(machine)?;
        let Some(output) = supervised.stdout.take() else {
            return Err(Stop::Inconclusive("the program has no standard output".to_owned()));
        };
        let process = Self::watch(trial, Role::Visits, supervised, None, started, overflows)?;
        Ok((process, Ends { input, output }))
    }

    fn watch(
        trial: &Trial,
        role: Role,
        mut supervised: Supervised,
        output: Option<OwnedFd>,
        started: Instant,
        overflows: u64,
    ) -> Result<Rc<Self>, Stop> {
        let stdout = Rc::new(RefCell::new(Capture::default()));
        let stderr = Rc::new(RefCell::new(Capture::default()));
        let mut tasks = Vec::new();
        for (pipe, capture) in [(output, &stdout), (supervised.stderr.take(), &stderr)] {
            let Some(pipe) = pipe else { continue };
            let pipe = pipe::Receiver::from_owned_fd(pipe).map_err(machine)?;
            tasks.push(tokio::task::spawn_local(drain(pipe, Rc::clone(capture))));
        }
        let events = supervised.events().map_err(machine)?;
        let (sender, end) = watch::channel(None);
        // A thread, since the events are few, blocking and end with the supervisor.
        std::thread::spawn(move || {
            let mut events = BufReader::new(events);
            while let Some(event) = next_event(&mut events) {
                let gone = match event {
                    Event::Refused(reason) => Gone::Refused(reason),
                    Event::Unable(reason) => Gone::Unable(reason),
                    Event::Ended(end) => Gone::Ended(end),
                };
                let _ = sender.send(Some(gone));
            }
        });
        let probe = Probe::below(supervised.root());
        let addresses = Rc::default();
        let process = Rc::new(Self {
            trial: trial.clone(),
            role,
            probe,
            started,
            overflows,
            watchdog: Watchdog::start(probe, Rc::clone(&addresses)),
            told: Cell::new(None),
            addresses,
            load: RefCell::default(),
            supervised: RefCell::new(supervised),
            stdout,
            stderr,
            end,
            tasks,
        });
        trial.keep(&process);
        Ok(process)
    }

    /// From now on the connections of the listener at `address` are looked at, too, before the program
    /// counts as hung.
    pub fn talks_over(&self, address: SocketAddr) {
        self.addresses.borrow_mut().push(address);
    }

    /// What it has written to standard output, unless somebody else reads that.
    pub fn stdout(&self) -> std::cell::Ref<'_, Capture> {
        self.stdout.borrow()
    }

    /// What it has written to standard error.
    pub fn stderr(&self) -> std::cell::Ref<'_, Capture> {
        self.stderr.borrow()
    }

    /// The program's own last words, for the evidence.
    #[must_use]
    pub fn last_words(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let stderr = self.stderr.borrow();
        let last = stderr.last_lines(3, 160);
        if !last.is_empty() {
            lines.push(format!("its last words on standard error ({}):", size(stderr.total())));
            lines.extend(last.iter().map(|line| format!("  {line}")));
        }
        lines
    }

    /// What a `todo!()` says, if one was reached.
    fn unwritten(&self) -> Option<String> {
        let stderr = self.stderr.borrow();
        let line = stderr.find_line("not yet implemented")?;
        let text = line.split_once(": ").map_or("", |(_, text)| text);
        Some(capture::printable(text, 200))
    }

    /// How its first process went, if it has or does so within `moment`.
    pub async fn gone(&self, moment: Duration) -> Option<Gone> {
        let heard = tokio::time::timeout(moment, self.heard()).await.ok().flatten();
        if heard.is_some() {
            self.hear_last_words().await;
        }
        heard
    }

    /// Waits for how its first process goes; `None` if its supervisor was ended by somebody.
    pub async fn ending(&self) -> Option<Gone> {
        let heard = self.heard().await;
        self.hear_last_words().await;
        heard
    }

    /// Waits for what its supervisor tells of its first process.
    async fn heard(&self) -> Option<Gone> {
        let mut end = self.end.clone();
        end.wait_for(Option::is_some).await.ok().and_then(|heard| heard.clone())
    }

    /// What it said last is still in the pipe, which another process may hold open, though.
    async fn hear_last_words(&self) {
        let begun = Instant::now();
        let drained = || self.tasks.iter().all(tokio::task::JoinHandle::is_finished);
        while !drained() && begun.elapsed() < LAST_WORDS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether its first process has ended or was never there, and no other is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        // An event, or the end of the supervisor and with it of the events.
        let heard = self.end.borrow().is_some() || self.end.has_changed().is_err();
        heard && self.has_ended()
    }

    /// Waits for `future`, which needs something of the program. The deadline begins anew with each byte
    /// that moves in `watched`. The future must not wait for anything that the check itself does
    /// meanwhile: a program that sleeps for good then counts as hung.
    ///
    /// # Errors
    ///
    /// What is waited for will not come.
    pub async fn attempt<T>(
        &self,
        watched: &dyn Watched,
        future: impl Future<Output = T>,
    ) -> Result<T, Vain> {
        let mut future = pin!(future);
        let begun = Instant::now();
        let _waiting = self.watchdog.enter();
        let (mut looked, mut unread) = (begun, 0);
        let mut moved = watched.moved();
        let mut last_moved = begun;
        let mut load: Option<Rc<Load>> = None;
        loop {
            tokio::select! {
                biased;
                done = &mut future => return Ok(done),
                () = self.watchdog.proof_since(looked) => {
                    // What lies on the grader's side may be what is waited for, or nothing of interest.
                    if !watched.has_unread() || unread == UNREAD {
                        return Err(Vain::Hang);
                    }
                    (looked, unread) = (Instant::now(), unread + 1);
                }
                () = tokio::time::sleep(TICK) => {
                    let now = watched.moved();
                    if now != moved {
                        (moved, last_moved, load) = (now, Instant::now(), None);
                        continue;
                    }
                    let load = load.get_or_insert_with(|| self.load());
                    if last_moved.elapsed() >= ANSWER_DEADLINE {
                        let mut reason = load.is_machines(self.probe, &self.watchdog, Part::Half);
                        if reason.is_none() {
                            reason = self.kernels_fault().await;
                        }
                        return Err(match reason {
                            Some(reason) => Vain::Busy(reason),
                            None => Vain::Deadline(begun.elapsed()),
                        });
                    }
                }
            }
        }
    }

    /// Whether the kernel has bytes to deliver, room for them, and does not (rule R9); says so. Seen once in some hundred
    /// runs, with BBR, after a receiver's window had been closed for seconds: the next probe came later than any deadline.
    async fn kernels_fault(&self) -> Option<String> {
        let look = || {
            let addresses = self.addresses.borrow();
            let all = addresses.iter().flat_map(|&address| Wires::of(address).undelivered());
            all.collect::<HashMap<_, _>>()
        };
        let before = look();
        tokio::time::sleep(TICK).await;
        let now = look();
        let stuck = before.iter().find(|(ports, bytes)| now.get(ports) == Some(bytes));
        stuck.map(|(_, &bytes)| {
            let bytes = size(bytes.into());
            format!("the machine's network stands still: {bytes} are sent and not delivered")
        })
    }

    /// What is known of its CPU time now, or was a moment ago: with a thousand waits and a thousand threads
    /// each look would cost more than all the rest.
    fn load(&self) -> Rc<Load> {
        const MOMENT: Duration = Duration::from_millis(500);
        let mut known = self.load.borrow_mut();
        match &*known {
            Some((when, load)) if when.elapsed() < MOMENT => Rc::clone(load),
            _ => {
                let load = Rc::new(Load::now(self.probe, &self.watchdog));
                *known = Some((Instant::now(), Rc::clone(&load)));
                load
            }
        }
    }

    /// Polls `look` until it gives something; `None` once it never will.
    ///
    /// # Errors
    ///
    /// `look` failed, or the machine was too busy to tell.
    pub async fn until<T>(
        &self,
        mut look: impl FnMut() -> Result<Option<T>, Stop>,
    ) -> Result<Option<T>, Stop> {
        /// Often enough to be quick, seldom enough to leave the CPU to the program.
        const PAUSE: Duration = Duration::from_millis(5);
        let poll = async {
            loop {
                match look() {
                    Ok(Some(value)) => return Ok(value),
                    Ok(None) => tokio::time::sleep(PAUSE).await,
                    Err(stop) => return Err(stop),
                }
            }
        };
        let waited = self.attempt(&(), poll).await;
        match waited {
            Ok(result) => result.map(Some),
            // What the last look missed by a moment is not missed.
            Err(Vain::Hang | Vain::Deadline(_)) => look(),
            Err(Vain::Busy(reason)) => Err(Stop::Inconclusive(reason)),
        }
    }

    /// Waits until the program is proved to sleep for good, or has ended, or for at most `longest`. What it
    /// has not done by then it does not do. Whether it was proved to sleep.
    pub async fn settle(&self, longest: Duration) -> bool {
        let over = async {
            // Its first process; others may go on.
            self.heard().await;
            while !self.has_ended() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            () = self.watchdog.until_asleep() => true,
            () = over => false,
            () = tokio::time::sleep(longest) => false,
        }
    }

    /// A failure with the steps so far, and what the kernel shows at this moment.
    pub async fn fail(&self, expected: &[&str], observed: Vec<String>, cause: &str) -> Stop {
        let mut failure = Failure {
            expected: expected.iter().map(|&line| line.to_owned()).collect(),
            observed,
            cause: cause.to_owned(),
            ..Failure::default()
        };
        let has_ended = self.explain_end(&mut failure).await;
        if has_ended {
            // How its clients learned of that, and which first, is luck.
            failure.expected = vec!["the program goes on".to_owned()];
            failure.observed.truncate(1);
        }
        let overflows = listen_overflows().saturating_sub(self.overflows);
        if overflows > 0 {
            failure.evidence.push(format!("{overflows} connects were dropped by {FULL_QUEUES}"));
        }
        let stop = self.trial.failed(failure);
        stop.amend(|failure| {
            // No machine is so busy that a server ends.
            failure.doubt = failure.doubt.take().filter(|_| !has_ended);
        })
    }

    /// A failure that does not depend on what the program does by now, or whether it has ended.
    #[must_use]
    pub fn failed(&self, expected: &str, observed: Vec<String>, cause: &str) -> Stop {
        let failure = Failure {
            expected: vec![expected.to_owned()],
            observed,
            evidence: self.last_words(),
            cause: cause.to_owned(),
            ..Failure::default()
        };
        self.trial.failed(failure)
    }

    /// Adds to `failure` what is known of the program; where a server has ended, that is the cause. Says
    /// whether that is so.
    pub async fn explain_end(&self, failure: &mut Failure) -> bool {
        // First of all: the picture changes as soon as a client goes away.
        failure.evidence = self.probe.describe();
        let is_over = self.has_ended();
        // Where nothing is left the news is on its way; the deadline is for a machine that stands still.
        let moment = match self.role {
            _ if is_over => ANSWER_DEADLINE,
            // It may be about to end by itself.
            Role::Visits => DEATH,
            Role::Serves => Duration::ZERO,
        };
        let gone = self.gone(moment).await;
        let has_run = matches!(gone, Some(Gone::Ended(_)));
        if let Some(Gone::Ended(end)) = gone {
            if self.role == Role::Visits {
                failure.observed.push(format!("the program {end}"));
            } else if is_over && self.told.get().is_some() {
                failure.observed.push(format!("the program {end}"));
                failure.evidence.clear();
                failure.cause = "it ended while somebody was still to be answered: when `main` returns, the \
                                 runtime drops all tasks where they are, and the kernel closes their sockets"
                    .to_owned();
            } else if is_over {
                failure.observed.insert(0, format!("the program {end}"));
                failure.evidence.clear();
                failure.cause = cause_of_end(end).to_owned();
            } else {
                failure.evidence.push(format!("its first process {end}; others go on"));
            }
        }
        if let Some(text) = self.unwritten() {
            failure.cause = format!("{UNWRITTEN}: todo!(\"{text}\")");
        }
        failure.evidence.extend(self.last_words());
        is_over && has_run && self.role == Role::Serves && self.told.get().is_none()
    }

    /// The failure or the inconclusive verdict that `trouble` amounts to.
    pub async fn trouble(&self, expected: &str, trouble: Trouble) -> Stop {
        match trouble {
            Trouble::Machine(reason) => Stop::Inconclusive(reason),
            Trouble::Differs(mismatch) => {
                let cause = self.trial.service().exchange.explain(&mismatch);
                self.fail(&[expected], mismatch.lines, &cause).await
            }
            Trouble::Wrong { observed, cause } => self.fail(&[expected], observed, &cause).await,
            Trouble::Refused { observed, cause } | Trouble::Lost { observed, cause } => {
                // A process that dies closes its sockets first.
                self.gone(DEATH).await;
                self.fail(&[expected], observed, &cause).await
            }
        }
    }

    /// Sends `signal`, which asks it to end, to `pid`, one of its processes; or to the one that got the
    /// first such signal. From then on its end is what the check asks for, and not the cause of trouble.
    pub fn tell(&self, pid: Pid, signal: Signal) {
        let pid = self.told.get().unwrap_or(pid);
        self.told.set(Some(pid));
        // One that has just ended needs no signal.
        let _ = kill_process(pid, signal);
    }

    /// The process that was told to end.
    #[must_use]
    pub fn told(&self) -> Option<Pid> {
        self.told.get()
    }

    /// Why, since it was started, it did not get the CPUs most of the time, if so.
    #[must_use]
    pub fn was_starved(&self) -> Option<String> {
        Load::at_start(self.started).is_machines(self.probe, &self.watchdog, Part::Half)
    }

    /// Why, since it was started, it was kept from the CPUs for so long that it may have failed by that, if so.
    #[must_use]
    pub fn was_hindered(&self) -> Option<String> {
        Load::at_start(self.started).is_machines(self.probe, &self.watchdog, Part::Sixth)
    }

    /// Stops every process of the program (SIGSTOP) and waits until all stand still.
    ///
    /// # Errors
    ///
    /// They do not: the kernel's trouble.
    pub async fn pause(&self) -> Result<(), Stop> {
        self.signal(Signal::STOP);
        let stopped = |pid| {
            let tasks = procfs::process::Process::new(pid).and_then(|process| process.tasks());
            let mut states =
                tasks.into_iter().flatten().flatten().filter_map(|task| task.stat().ok());
            states.all(|stat| matches!(stat.state, 'T' | 't' | 'Z' | 'X'))
        };
        let all_stopped = || Ok(self.probe.processes().into_iter().all(stopped).then_some(()));
        match self.until(all_stopped).await? {
            Some(()) => Ok(()),
            None => Err(Stop::Inconclusive("SIGSTOP did not stop the program".to_owned())),
        }
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        for pid in self.probe.processes().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Whether no process of the program is left.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.probe.processes().is_empty()
    }

    /// Ends all its processes now.
    pub fn end(&self) {
        self.supervised.borrow_mut().end();
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn machine(error: io::Error) -> Stop {
    Stop::Inconclusive(format!("cannot start the program: {error}"))
}

/// Reads a pipe to its end, however much comes.
async fn drain(mut pipe: pipe::Receiver, capture: Rc<RefCell<Capture>>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = pipe.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        capture.borrow_mut().extend(&buffer[..count]);
        // A program that floods its output must not keep the clients from their turn.
        tokio::task::yield_now().await;
    }
}

fn cause_of_end(end: End) -> &'static str {
    match end {
        End::Signal(libc::SIGPIPE) => {
            "the program died of SIGPIPE: it wrote to a connection that the client had closed. Ignore \
             that signal (Rust's std does) and take EPIPE as the end of this client"
        }
        End::Signal(_) => "the program died; its last words may tell of what",
        End::Status(0) => {
            "the program ended by itself, as if all were done: a server's loop goes on after each client"
        }
        End::Status(_) => {
            "an error or a panic reached `main`, see its last words. What concerns one client, or one \
             accept, must not end the server"
        }
    }
}
