//! A program under test that runs, and its clients as a check sees them.
//!
//! Every wait here ends: with the answer, with the proof that none will come ([`Watchdog`]), with the end
//! of the program, or at a deadline.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;

use crate::calls::Call;
use crate::capture::{self, Capture, count, quoted, size, time};
use crate::client::{Connection, Payload, Trouble};
use crate::outcome::{Failure, Stop};
use crate::probe::{Place, Probe, Socket, Thread, Wires, listen_overflows, other_sockets};
use crate::supervise::{End, Event, Launch, Supervised, next_event};
use crate::trial::Trial;

/// How long an answer may take. Generous: a hang is proved long before, and on a busy machine right
/// answers come late.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// How long a program may take until it says where it listens.
pub const START_DEADLINE: Duration = Duration::from_secs(10);

/// How the report of a proved hang begins.
pub const NO_ANSWER: &str = "no answer, and none can come";

/// How the report of an answer that did not come in time begins.
pub const NO_ANSWER_IN_TIME: &str = "no answer within";

/// The time between two looks at the threads (rule R13).
const TICK: Duration = Duration::from_millis(50);

/// How long the last words of a program that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a program may take to die after its connections have.
const DEATH: Duration = Duration::from_millis(200);

/// The longest first line that is waited for.
const LONGEST_LINE: usize = 4096;

/// Runs all futures at the same time, until all are done or the first has failed. The results come in
/// the order in which they were ready.
///
/// # Errors
///
/// That of the first that failed; the others are dropped.
pub async fn together<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, Stop>>>,
) -> Result<Vec<T>, Stop> {
    futures.into_iter().collect::<FuturesUnordered<_>>().try_collect().await
}

/// Connects under way at a time. A listener's queue holds what `listen` asks for: 128 in Rust's std, but 5
/// in Python's socketserver, and a connect that finds it full is repeated a second later (fact 3 of the
/// grading rules).
pub const RAMP: usize = 4;

/// Runs all futures, [`RAMP`] at a time, until all are done or the first has failed.
///
/// # Errors
///
/// That of the first that failed; the others are dropped.
pub async fn ramped<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, Stop>>>,
) -> Result<Vec<T>, Stop> {
    stream::iter(futures).map(Ok).try_buffer_unordered(RAMP).try_collect().await
}

/// How to start a program.
#[derive(Clone, Debug)]
pub struct Start {
    /// Flags of the lab, beside `--addr`.
    pub flags: &'static [&'static str],
    /// The limit of open descriptors.
    pub descriptors: u64,
}

impl Default for Start {
    fn default() -> Self {
        Self { flags: &[], descriptors: 4096 }
    }
}

/// A running program that has said where it listens. Ends with all its processes when dropped.
pub struct Server {
    trial: Trial,
    /// Where it says it listens.
    pub address: SocketAddr,
    /// What the kernel says of it.
    pub probe: Probe,
    /// The sockets that it had before any client: its listener, and what a runtime needs.
    own_sockets: HashSet<u64>,
    started: Instant,
    /// The machine's count of dropped connects when it started.
    overflows: u64,
    program: Program,
    watchdog: Watchdog,
}

/// How the program's first process went.
#[derive(Clone, Debug)]
enum Gone {
    Ended(End),
    /// It was never started: by its own fault, or the machine's.
    Refused(String),
    Unable(String),
}

/// A process tree with its output, as long as it is not known to listen.
struct Program {
    supervised: RefCell<Supervised>,
    stdout: Rc<RefCell<Capture>>,
    stderr: Rc<RefCell<Capture>>,
    end: watch::Receiver<Option<Gone>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Program {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Program {
    /// Starts `launch`, and tasks that drain its output for as long as it lives.
    fn start(launch: &Launch, trial: &Trial) -> Result<Self, Stop> {
        let machine = |error: io::Error| Stop::Inconclusive(format!("cannot start: {error}"));
        let mut supervised = Supervised::start(launch, &trial.environment()).map_err(machine)?;
        let stdout = Rc::new(RefCell::new(Capture::default()));
        let stderr = Rc::new(RefCell::new(Capture::default()));
        let mut tasks = Vec::new();
        let pipes = [(supervised.stdout.take(), &stdout), (supervised.stderr.take(), &stderr)];
        for (pipe, capture) in pipes {
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
        Ok(Self { supervised: RefCell::new(supervised), stdout, stderr, end, tasks })
    }

    fn probe(&self) -> Probe {
        Probe::new(self.supervised.borrow().root())
    }

    /// The program's own last words, for the evidence.
    fn last_words(&self) -> Vec<String> {
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
    async fn gone(&self, moment: Duration) -> Option<Gone> {
        let mut end = self.end.clone();
        let _ = tokio::time::timeout(moment, end.wait_for(Option::is_some)).await;
        let found = end.borrow().clone();
        if found.is_some() {
            // What it said last is still in the pipe, which another process may hold open, though.
            let begun = Instant::now();
            let drained = || self.tasks.iter().all(tokio::task::JoinHandle::is_finished);
            while !drained() && begun.elapsed() < LAST_WORDS {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        found
    }
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

/// Proves hangs (rule R13): when in two looks each thread of the tree sleeps in the same call without a
/// time-out and has not run between, and no byte is under way, nothing will ever happen.
struct Watchdog {
    /// When each wait that is under way began.
    waiting: Waits,
    /// The time of the first look of the last proof.
    proved: watch::Receiver<Option<Instant>>,
    /// By how much the grader itself was late, added up: the machine's doing.
    late: Rc<Cell<Duration>>,
    task: tokio::task::JoinHandle<()>,
}

/// When each wait began, by a number that only that wait has.
type Waits = Rc<RefCell<BTreeMap<u64, Instant>>>;

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watchdog {
    /// Watches `probe`; connections count once `address` is known.
    fn start(probe: Probe, address: Option<SocketAddr>) -> Self {
        let waiting = Waits::default();
        let late = Rc::new(Cell::new(Duration::ZERO));
        let (sender, proved) = watch::channel(None);
        let (waits, lateness) = (Rc::clone(&waiting), Rc::clone(&late));
        let task = tokio::task::spawn_local(async move {
            let mut last: Option<(Instant, Vec<Thread>)> = None;
            loop {
                let begin = Instant::now();
                tokio::time::sleep(TICK).await;
                lateness.set(lateness.get() + begin.elapsed().saturating_sub(2 * TICK));
                let now = Instant::now();
                // Answers usually take much less than a tick; as long as they do, nobody looks.
                let has_waited = |begun: &Instant| now.duration_since(*begun) >= TICK;
                let is_late = waits.borrow().values().any(has_waited);
                let asleep = if is_late { probe.sleeping_threads() } else { Ok(None) };
                let Ok(Some(threads)) = asleep else {
                    last = None;
                    continue;
                };
                if let Some((since, before)) = &last
                    && *before == threads
                    && is_hung(probe, address, &threads)
                {
                    sender.send_replace(Some(*since));
                }
                // Always the last look: a wait that begins later needs two looks of its own.
                last = Some((now, threads));
            }
        });
        Self { waiting, proved, late, task }
    }

    /// Waits for a proof whose first look came after `begun`.
    async fn proof_since(&self, begun: Instant) {
        let mut proved = self.proved.clone();
        loop {
            if proved.borrow_and_update().is_some_and(|first_look| first_look >= begun) {
                return;
            }
            if proved.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn enter(&self) -> Waiting {
        let mut waiting = self.waiting.borrow_mut();
        let number = waiting.keys().next_back().map_or(0, |last| last + 1);
        waiting.insert(number, Instant::now());
        Waiting { number, all: Rc::clone(&self.waiting) }
    }
}

/// A wait, for as long as it lives.
struct Waiting {
    number: u64,
    all: Waits,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.borrow_mut().remove(&self.number);
    }
}

fn is_hung(probe: Probe, address: Option<SocketAddr>, threads: &[Thread]) -> bool {
    !threads.is_empty()
        && !probe.is_stopped()
        && threads.iter().all(|thread| probe.sleeps_for_good(thread))
        && !probe.has_timer()
        && !address.is_some_and(|address| Wires::of(address).in_flight())
        // While all that was looked at, no thread woke up.
        && matches!(probe.sleeping_threads(), Ok(Some(again)) if again == threads)
}

/// Why a wait ended without what was waited for.
enum Vain {
    Hang,
    Deadline(Duration),
    Busy(String),
}

impl Server {
    /// Starts the program of `trial` and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// It did not, with the reason.
    pub async fn start(trial: &Trial, start: &Start) -> Result<Rc<Self>, Stop> {
        let mut launch = Launch { words: trial.program().to_vec(), descriptors: start.descriptors };
        launch.words.extend(["--addr", "127.0.0.1:0"].map(Into::into));
        launch.words.extend(start.flags.iter().map(Into::into));
        let mut step = "start the program".to_owned();
        if !start.flags.is_empty() {
            step += &format!(" with {}", start.flags.join(" "));
        }
        if start.descriptors != Start::default().descriptors {
            step += &format!(" with at most {} open descriptors", start.descriptors);
        }
        trial.step(step);
        let (started, overflows) = (Instant::now(), listen_overflows());
        let program = Program::start(&launch, trial)?;
        let address = first_line(&program).await?;
        let probe = program.probe();
        let own_sockets = probe.socket_inodes()?;
        let watchdog = Watchdog::start(probe, Some(address));
        let trial = trial.clone();
        Ok(Rc::new(Self {
            trial,
            address,
            probe,
            own_sockets,
            started,
            overflows,
            program,
            watchdog,
        }))
    }

    /// Connects a client, to be called `name` in reports.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect(self: &Rc<Self>, name: &str) -> Result<Client, Stop> {
        let expected = "the connection is taken";
        let connection = self.wait(None, expected, Connection::open(self.address)).await?;
        Ok(Client { server: Rc::clone(self), name: name.to_owned(), connection })
    }

    /// Connects a new client that sends a few random bytes and must get them back.
    ///
    /// # Errors
    ///
    /// It did not.
    pub async fn serve_new_client(self: &Rc<Self>, name: &str) -> Result<Client, Stop> {
        let client = self.connect(name).await?;
        client.exchange(&self.trial.bytes(1..=64)).await?;
        Ok(client)
    }

    /// Connects `number` clients, [`RAMP`] at a time, each confirmed by an answer to a few bytes. All stay
    /// open.
    ///
    /// # Errors
    ///
    /// One of them got no answer.
    pub async fn crowd(self: &Rc<Self>, number: usize) -> Result<Vec<Client>, Stop> {
        let answered = Cell::new(0);
        let arrivals = (0..number).map(|index| {
            let answered = &answered;
            async move {
                let client = self.serve_new_client(&format!("client {}", index + 1)).await?;
                answered.set(answered.get() + 1);
                Ok(client)
            }
        });
        ramped(arrivals).await.map_err(|stop| match stop {
            Stop::Failed(mut failure) => {
                let answered = count(answered.get(), "client");
                failure.observed.push(format!("before that, {answered} got an answer"));
                Stop::Failed(failure)
            }
            stop @ Stop::Inconclusive(_) => stop,
        })
    }

    /// Waits for `future`, which needs something of the program, on behalf of `client`. The deadline
    /// begins anew with each byte that moves on it. The future must not wait for anything that the check itself does meanwhile: a program
    /// that sleeps for good then counts as hung.
    ///
    /// # Errors
    ///
    /// `future` met trouble, or its answer will not come: each as a failure with evidence.
    pub async fn wait<T>(
        &self,
        client: Option<&Connection>,
        expected: &str,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Stop> {
        let port = client.map(|client| client.port);
        let vain = match self.attempt(client, future).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(trouble)) => return Err(self.trouble(expected, trouble).await),
            Err(vain) => vain,
        };
        let after = match vain {
            Vain::Busy(reason) => return Err(Stop::Inconclusive(reason)),
            Vain::Hang => {
                "no answer, and none can come: every thread of the program sleeps in a call \
                           without a time-out, and nothing is under way to wake it"
                    .to_owned()
            }
            Vain::Deadline(elapsed) => format!("{NO_ANSWER_IN_TIME} {}", time(elapsed)),
        };
        let mut observed = vec![after];
        if let Some(client) = client {
            let (sent, received) = (size(client.sent.get()), size(client.received.get()));
            observed.push(format!("on this connection {sent} were sent, {received} came back"));
        }
        Err(self.fail(&[expected], observed, &self.diagnose(port)).await)
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
                    Ok(Some(value)) => return Ok(Ok(value)),
                    Ok(None) => tokio::time::sleep(PAUSE).await,
                    Err(stop) => return Ok(Err(stop)),
                }
            }
        };
        let waited = self.attempt(None, poll).await;
        match waited {
            Ok(Ok(result)) => result.map(Some),
            Ok(Err(_)) => Ok(None),
            // What the last look missed by a moment is not missed.
            Err(Vain::Hang | Vain::Deadline(_)) => look(),
            Err(Vain::Busy(reason)) => Err(Stop::Inconclusive(reason)),
        }
    }

    /// Waits until the program is proved to sleep for good, or for at most `longest`. What it has not
    /// done by then it does not do.
    pub async fn settle(&self, longest: Duration) {
        let _waiting = self.watchdog.enter();
        let proof = self.watchdog.proof_since(Instant::now());
        let _ = tokio::time::timeout(longest, proof).await;
    }

    async fn attempt<T>(
        &self,
        client: Option<&Connection>,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<Result<T, Trouble>, Vain> {
        let mut future = pin!(future);
        let begun = Instant::now();
        let late = self.watchdog.late.get();
        let _waiting = self.watchdog.enter();
        let mut busy = pin!(self.measure_load());
        let mut load = None;
        let mut looked = begun;
        let progress = || client.map(|client| (client.sent.get(), client.received.get()));
        let mut moved = progress();
        let mut last_moved = begun;
        loop {
            tokio::select! {
                biased;
                done = &mut future => return Ok(done),
                () = self.watchdog.proof_since(looked) => {
                    // The answer may lie in our own socket, not yet read.
                    let wires = client.map(|client| (client.port, Wires::of(self.address)));
                    let unread = wires.as_ref().and_then(|(port, wires)| wires.client_end(*port));
                    if unread.is_none_or(|entry| entry.rx_queue == 0) {
                        return Err(Vain::Hang);
                    }
                    looked = Instant::now();
                }
                measured = &mut busy, if load.is_none() => load = Some(measured),
                () = tokio::time::sleep(TICK) => {
                    let now = progress();
                    if now != moved {
                        (moved, last_moved) = (now, Instant::now());
                    } else if last_moved.elapsed() >= ANSWER_DEADLINE {
                        break;
                    }
                }
            }
        }
        let elapsed = begun.elapsed();
        let late = self.watchdog.late.get() - late;
        if late > elapsed / 3 {
            let (late, elapsed) = (time(late), time(elapsed));
            return Err(Vain::Busy(format!("the grader itself was {late} late in {elapsed}")));
        }
        match load.flatten() {
            Some(reason) => Err(Vain::Busy(reason)),
            None => Err(Vain::Deadline(elapsed)),
        }
    }

    /// Tells, shortly before the deadline, whether others kept the program from the CPUs (rule R9).
    async fn measure_load(&self) -> Option<String> {
        const MARGIN: Duration = Duration::from_millis(500);
        tokio::time::sleep(ANSWER_DEADLINE / 2).await;
        let before = self.probe.cpu_times();
        let begin = Instant::now();
        tokio::time::sleep(ANSWER_DEADLINE / 2 - MARGIN).await;
        let elapsed = begin.elapsed();
        let after = self.probe.cpu_times();
        let grown = after.iter().filter_map(|(tid, after)| {
            let before = before.get(tid)?;
            let running = after.running.saturating_sub(before.running);
            Some((running, after.waiting.saturating_sub(before.waiting)))
        });
        let (mut running, mut waiting) = (Duration::ZERO, Duration::ZERO);
        for (ran, waited) in grown {
            running += ran;
            waiting = waiting.max(waited);
        }
        let cpus = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        // A program that keeps the CPUs busy waits for itself.
        (waiting > elapsed / 2 && running < elapsed * cpus / 2).then(|| {
            let (waiting, elapsed) = (time(waiting), time(elapsed));
            format!("the machine is busy: the program waited {waiting} of {elapsed} for a CPU")
        })
    }

    /// A failure with the steps so far, and what the kernel shows at this moment.
    pub async fn fail(&self, expected: &[&str], observed: Vec<String>, cause: &str) -> Stop {
        let mut failure = Failure {
            expected: expected.iter().map(|&line| line.to_owned()).collect(),
            observed,
            cause: cause.to_owned(),
            ..Failure::default()
        };
        if explain_end(&self.program, &mut failure).await {
            // How its clients learned of that, and which first, is luck.
            failure.expected = vec!["the program goes on".to_owned()];
            failure.observed.truncate(1);
        }
        let overflows = listen_overflows().saturating_sub(self.overflows);
        if overflows > 0 {
            failure.evidence.push(format!(
                "{overflows} connects were dropped by full listen queues of this machine (ListenOverflows)"
            ));
        }
        self.trial.failed(failure)
    }

    /// Whether, since it was started, others kept the program from the CPUs most of the time.
    #[must_use]
    pub fn was_starved(&self) -> bool {
        let elapsed = self.started.elapsed();
        self.watchdog.late.get() > elapsed / 3 || was_starved(self.probe, elapsed)
    }

    async fn trouble(&self, expected: &str, trouble: Trouble) -> Stop {
        match trouble {
            Trouble::Machine(reason) => Stop::Inconclusive(reason),
            Trouble::Wrong { observed, cause } => self.fail(&[expected], observed, &cause).await,
            Trouble::Lost { observed, cause } => {
                // A process that dies closes its sockets first.
                self.program.gone(DEATH).await;
                self.fail(&[expected], observed, &cause).await
            }
        }
    }

    /// What keeps the program from answering the client with port `port`, judged by where its threads
    /// sleep and what lies in the queues.
    fn diagnose(&self, port: Option<u16>) -> String {
        let wires = Wires::of(self.address);
        let threads = self.probe.threads().unwrap_or_default();
        let calls = |test: fn(Call) -> bool| {
            threads.iter().any(|thread| matches!(thread.place, Place::Blocked(call) if test(call)))
        };
        let accepts = calls(Call::accepts) || calls(Call::selects);
        let elsewhere = || {
            if calls(Call::reads) {
                "the thread that should do it is busy with another client: asleep in read until that one \
                 sends"
            } else if calls(Call::writes) {
                "the thread that should do it is busy with another client: asleep in write until that \
                 one reads"
            } else if calls(Call::waits_for_thread) {
                "the program's threads wait for one another: for a lock, a condition variable, a join"
            } else if calls(Call::sleeps) {
                "a thread sleeps for a time (nanosleep) instead"
            } else {
                "no thread is in accept"
            }
        };
        let Some(entry) = port.and_then(|port| wires.server_end(port)) else {
            return match wires.not_accepted() {
                0 => "see what the threads below wait for".to_owned(),
                waiting => format!(
                    "{} in the listener's queue, and {}",
                    if waiting == 1 {
                        "a client waits".into()
                    } else {
                        format!("{waiting} clients wait")
                    },
                    elsewhere()
                ),
            };
        };
        if entry.inode == 0 || self.socket_with(entry.inode).is_none() {
            return format!("this client is not accepted yet, and {}", elsewhere());
        }
        let holder = self.socket_with(entry.inode);
        let on_it = |test: fn(Call) -> bool| {
            threads.iter().any(|thread| match (thread.place, &holder) {
                (Place::Blocked(call), Some(socket)) => {
                    test(call)
                        && thread.pid == socket.pid
                        && call.descriptor() == Some(socket.descriptor)
                }
                _ => false,
            })
        };
        if entry.rx_queue > 0 {
            let unread = size(u64::from(entry.rx_queue));
            if on_it(Call::writes) {
                return format!(
                    "{unread} of this client wait to be read while the thread writes to it"
                );
            }
            let why = if accepts && !calls(Call::reads) {
                "no thread reads it".to_owned()
            } else {
                elsewhere().to_owned()
            };
            return format!("{unread} of this client lie unread in its socket, and {why}");
        }
        if on_it(Call::reads) {
            return "the program has read all that was sent and sleeps in read until more comes: does \
                    it wait for a newline, a full buffer or the end before it answers? What one read \
                    returned is to be written back at once"
                .to_owned();
        }
        if entry.state == procfs::net::TcpState::CloseWait {
            return "the program has seen the end of the client's input and keeps the socket open. It \
                    closes when the stream and every clone of it are dropped: is one kept in a list, \
                    or in a thread that does not end?"
                .to_owned();
        }
        if calls(Call::waits_for_thread) && calls(Call::writes) {
            return "the program has read all that was sent. One thread sleeps in write, until its \
                    client reads, and others wait for a thread (futex): is a lock held over that write?"
                .to_owned();
        }
        "the program has read all that was sent, and no thread writes or reads this client any more"
            .to_owned()
    }

    fn socket_with(&self, inode: u64) -> Option<Socket> {
        let sockets = self.probe.sockets().unwrap_or_default();
        let mut sockets = sockets.into_iter();
        sockets.find(|socket| socket.entry.as_ref().is_some_and(|entry| entry.inode == inode))
    }

    /// How many sockets of clients the program still holds, over or not.
    ///
    /// # Errors
    ///
    /// They may not be read.
    pub fn client_sockets(&self) -> Result<usize, Stop> {
        let mut new = self.probe.socket_inodes()?;
        new.retain(|inode| !self.own_sockets.contains(inode));
        if !new.is_empty() {
            // A runtime may make a pair of Unix sockets for itself when it first needs one.
            let others = other_sockets();
            new.retain(|inode| !others.contains(inode));
        }
        Ok(new.len())
    }

    /// Compares where the program says that it listens with what the kernel says.
    ///
    /// # Errors
    ///
    /// They differ.
    pub async fn expect_announced_address(&self) -> Result<(), Stop> {
        let sockets = self.probe.sockets()?;
        let listening: Vec<SocketAddr> = sockets
            .iter()
            .filter(|socket| socket.is_listener())
            .filter_map(|socket| Some(socket.entry.as_ref()?.local_address))
            .collect();
        let port = self.address.port();
        if listening.iter().any(|local| local.port() == port) || self.has_ended() {
            return Ok(());
        }
        let places: Vec<_> = listening.iter().map(ToString::to_string).collect();
        let places = match places.len() {
            0 => "nowhere".to_owned(),
            _ => format!("on {}", places.join(" and ")),
        };
        let address = self.address;
        let observed =
            format!("the line names {address}; the kernel shows the program listening {places}");
        let cause = "print what `local_addr` of the listener says, after it was bound";
        let expected = "the line `listening on …` names the address on which the program listens";
        Err(self.fail(&[expected], vec![observed], cause).await)
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
        self.program.supervised.borrow_mut().end();
    }
}

/// Adds to `failure` what is known of the program; where it has ended, that is the cause. Says whether it
/// has.
async fn explain_end(program: &Program, failure: &mut Failure) -> bool {
    let probe = program.probe();
    // First of all: the picture changes as soon as a client goes away.
    failure.evidence = probe.describe();
    let is_over = probe.processes().is_empty();
    // Where nothing is left the news is on its way; ten seconds are for a machine that stands still.
    let gone = program.gone(if is_over { START_DEADLINE } else { Duration::ZERO }).await;
    let has_run = matches!(gone, Some(Gone::Ended(_)));
    if let Some(Gone::Ended(end)) = gone {
        if is_over {
            failure.observed.insert(0, format!("the program {end}"));
            failure.evidence.clear();
            failure.cause = cause_of_end(end).to_owned();
        } else {
            failure.evidence.push(format!("its first process {end}; others go on"));
        }
    }
    if let Some(text) = program.unwritten() {
        failure.cause = format!("this part is not written yet: todo!(\"{text}\")");
    }
    failure.evidence.extend(program.last_words());
    is_over && has_run
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

/// Whether others kept the program from the CPUs for most of the `elapsed` since it began (rule R9).
fn was_starved(probe: Probe, elapsed: Duration) -> bool {
    let times = probe.cpu_times();
    let waiting = times.values().map(|time| time.waiting).max().unwrap_or_default();
    let running: Duration = times.values().map(|time| time.running).sum();
    waiting > elapsed / 2 && running < elapsed / 2
}

/// Waits for the line `listening on 127.0.0.1:PORT` and returns the address.
async fn first_line(program: &Program) -> Result<SocketAddr, Stop> {
    const EXPECTED: &str =
        "the line `listening on 127.0.0.1:PORT` on standard output, first of all";
    let begun = Instant::now();
    let probe = program.probe();
    let watchdog = Watchdog::start(probe, None);
    let _waiting = watchdog.enter();
    let mut end = program.end.clone();
    let line_now = || line_of(program.stdout.borrow().head());
    let line = async {
        loop {
            if let Some(line) = line_now() {
                return Some(line);
            }
            // An event, or the end of the supervisor and with it of the events.
            let is_over = end.borrow().is_some() || end.has_changed().is_err();
            if is_over && probe.processes().is_empty() {
                program.gone(Duration::ZERO).await;
                return line_now();
            }
            // Output wakes nobody here: the pipe is drained elsewhere.
            tokio::time::sleep(Duration::from_millis(1)).await;
            end.mark_unchanged();
        }
    };
    let failure = |observed: Vec<String>, cause: &str| Failure {
        expected: vec![EXPECTED.to_owned()],
        observed,
        cause: cause.to_owned(),
        ..Failure::default()
    };
    let judge = |line: &[u8]| match parse(line) {
        Ok(address) => Ok(address),
        Err((observed, cause)) => Err(failure(vec![observed], &cause)),
    };
    let result = tokio::select! {
        biased;
        line = line => match line {
            Some(line) => judge(&line),
            None => Err(failure(vec!["the program ended without it".to_owned()], "")),
        },
        () = watchdog.proof_since(begun) => {
            // What came in the same moment has come.
            match line_now() {
                Some(line) => judge(&line),
                None => Err(failure(silence(program, probe)?, silence_cause(program, probe)?)),
            }
        }
        () = tokio::time::sleep(START_DEADLINE) => {
            let elapsed = begun.elapsed();
            if watchdog.late.get() > elapsed / 3 || was_starved(probe, elapsed) {
                let reason = "the machine is too busy to start the program in time";
                return Err(Stop::Inconclusive(reason.to_owned()));
            }
            let printed = size(program.stdout.borrow().total());
            let observed = format!("{printed} without that line in {}", time(elapsed));
            Err(failure(vec![observed], "the program does something else first, for too long"))
        }
    };
    let mut failure = match result {
        Ok(address) => return Ok(address),
        Err(failure) => failure,
    };
    let cause = std::mem::take(&mut failure.cause);
    explain_end(program, &mut failure).await;
    match program.gone(Duration::ZERO).await {
        Some(Gone::Unable(reason)) => return Err(Stop::Inconclusive(reason)),
        Some(Gone::Refused(reason)) => {
            failure.observed = vec![format!("it cannot be started: {reason}")];
            failure.evidence.clear();
            failure.cause = "check the command: the first word must be an executable".to_owned();
        }
        _ if !cause.is_empty() => failure.cause = cause,
        _ => {}
    }
    Err(Stop::Failed(Box::new(failure)))
}

/// What a program that sleeps for good has said instead of its line.
fn silence(program: &Program, probe: Probe) -> Result<Vec<String>, Stop> {
    let stdout = program.stdout.borrow();
    let sleeping = count(probe.threads()?.len(), "thread");
    let said = match stdout.head() {
        [] => "nothing".to_owned(),
        some => format!("{} without a newline", quoted(&some[..some.len().min(60)])),
    };
    Ok(vec![format!("{said}; {sleeping}, all asleep in calls without a time-out")])
}

fn silence_cause(program: &Program, probe: Probe) -> Result<&'static str, Stop> {
    let listens = probe.sockets()?.iter().any(Socket::is_listener);
    Ok(if program.stdout.borrow().total() > 0 {
        "the line ends with a newline, and is flushed with it"
    } else if listens {
        "the program listens and waits for clients, but its line has not come through the pipe: print \
         it after binding and flush standard output"
    } else {
        "the program waits for something before it listens; see below where"
    })
}

/// The first line of `output`, whole or longer than any line may be.
fn line_of(output: &[u8]) -> Option<Vec<u8>> {
    match output.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n') {
        Some(end) => Some(output[..end].to_vec()),
        None if output.len() >= LONGEST_LINE => Some(output[..LONGEST_LINE].to_vec()),
        None => None,
    }
}

/// Reads the address from the first line; otherwise what was observed, and the cause.
fn parse(line: &[u8]) -> Result<SocketAddr, (String, String)> {
    let text = std::str::from_utf8(line).ok();
    let address = text.and_then(|text| text.strip_prefix("listening on ")?.parse().ok());
    match address {
        Some(SocketAddr::V4(address)) if address.ip().is_loopback() && address.port() != 0 => {
            Ok(SocketAddr::V4(address))
        }
        Some(address) => Err((
            format!("the line names {address}"),
            "bind the address that --addr gives, 127.0.0.1:0, and print what `local_addr` says: the \
             port that the kernel chose"
                .to_owned(),
        )),
        None => {
            let shown = &line[..line.len().min(60)];
            let dots = if shown.len() < line.len() { " …" } else { "" };
            let text = if text.is_some() { "" } else { ", which is not UTF-8" };
            let near = shown.to_ascii_lowercase().starts_with(b"listening");
            let cause = if near {
                "it is to be exactly `listening on 127.0.0.1:PORT`, with the address as numbers"
            } else {
                "standard output begins with something else: logs go to standard error (eprintln!)"
            };
            Err((format!("the first line is {}{dots}{text}", quoted(shown)), cause.to_owned()))
        }
    }
}

/// A client of a [`Server`]. Its calls end a check when the program does not do its part.
pub struct Client {
    server: Rc<Server>,
    name: String,
    pub connection: Connection,
}

impl Client {
    /// Sends `payload` and expects it back.
    ///
    /// # Errors
    ///
    /// It did not come back, or not the same.
    pub async fn exchange(&self, payload: &Payload) -> Result<(), Stop> {
        let expected = format!("{} sends {} and gets it back", self.name, size(payload.len()));
        self.wait(&expected, self.connection.exchange(payload)).await
    }

    /// Sends `payload` whole, reading nothing.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub async fn send(&self, payload: &Payload) -> Result<(), Stop> {
        let expected = format!("{} can send {}", self.name, size(payload.len()));
        self.wait(&expected, self.connection.send(payload)).await
    }

    /// Sends of `payload` what the program takes while nothing is read.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn send_until_stalled(&self, payload: &Payload) -> Result<u64, Stop> {
        match self.connection.send_until_stalled(payload).await {
            Ok(taken) => Ok(taken),
            Err(trouble) => {
                let expected = format!("{} can send, or has to wait", self.name);
                Err(self.server.trouble(&expected, trouble).await)
            }
        }
    }

    /// Expects the first `length` bytes of `payload`, sent before.
    ///
    /// # Errors
    ///
    /// They did not come, or others.
    pub async fn expect_echo(&self, payload: &Payload, length: u64) -> Result<(), Stop> {
        let expected = format!("{} gets the {} back that it sent", self.name, size(length));
        self.wait(&expected, self.connection.expect_echo(payload, length)).await
    }

    /// Shuts down the sending side and expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn finish(&self) -> Result<(), Stop> {
        self.connection.half_close();
        self.expect_end().await
    }

    /// Expects the end of the stream, with nothing before it.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn expect_end(&self) -> Result<(), Stop> {
        let expected =
            format!("after its shutdown(SHUT_WR), {} gets the end of the stream (FIN)", self.name);
        self.wait(&expected, self.connection.expect_end()).await
    }

    async fn wait<T>(
        &self,
        expected: &str,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Stop> {
        self.server.wait(Some(&self.connection), expected, future).await
    }

    /// Ends the connection with RST.
    pub fn reset(self) {
        self.connection.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_more_than_the_ramp_is_under_way() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let work = (0..50).map(|index| {
            let (now, most) = (&now, &most);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                tokio::task::yield_now().await;
                now.set(now.get() - 1);
                Ok(index)
            }
        });
        let done = ramped(work).await.unwrap_or_default();
        assert_eq!((done.len(), most.get()), (50, RAMP));
    }

    #[tokio::test]
    async fn the_first_failure_ends_the_others() {
        let work = (0..50).map(|index| async move {
            match index {
                7 => Err(Stop::Inconclusive("seven".to_owned())),
                _ => std::future::pending().await,
            }
        });
        let ended: Result<Vec<()>, Stop> = together(work).await;
        assert!(matches!(ended, Err(Stop::Inconclusive(reason)) if reason == "seven"));
    }

    #[test]
    fn the_first_line_is_taken_literally() {
        let address = SocketAddr::from(([127, 0, 0, 1], 4711));
        assert_eq!(parse(b"listening on 127.0.0.1:4711"), Ok(address));
        let cause = |line: &[u8]| parse(line).expect_err("not the line").1;
        assert!(cause(b"listening on 127.0.0.1:0").contains("the port that the kernel chose"));
        assert!(cause(b"listening on 10.1.2.3:4711").contains("bind the address"));
        assert!(cause(b"Listening on 127.0.0.1:4711").contains("exactly"));
        assert!(cause(b"listening on localhost:4711").contains("as numbers"));
        assert!(cause(b"hello").contains("logs go to standard error"));
        assert_eq!(line_of(b"no newline yet"), None);
        assert_eq!(line_of(b"one\ntwo\n"), Some(b"one".to_vec()));
    }
}
