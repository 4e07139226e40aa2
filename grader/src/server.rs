//! A server under test that runs, and its clients as a check sees them.

use std::cell::Cell;
use std::collections::HashSet;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};
use rustix::process::{Resource, getrlimit};

use crate::calls::Call;
use crate::capture::{count, quoted, size, time};
use crate::client::{Connection, Ending, MORE_DESCRIPTORS, Payload, Trouble, Window};
use crate::outcome::{Failure, Stop};
use crate::probe::{Place, Probe, Socket, Wires, other_sockets};
use crate::process::{Gone, Process, Vain, Watched};
use crate::scenarios::{Answer, Files, Service};
use crate::supervise::Launch;
use crate::tcp::TcpState;
use crate::trial::Trial;

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

/// What `main` gives, with `other` going on beside it as long as that lasts.
pub async fn beside<T>(other: impl Future, main: impl Future<Output = T>) -> T {
    let other = async {
        other.await;
        std::future::pending().await
    };
    tokio::select! {
        biased;
        result = main => result,
        result = other => result,
    }
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

/// How to start a server.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Flags of the lab, beside `--addr`.
    pub flags: &'static [&'static str],
    /// Other files than those that the lab's servers need.
    pub files: Option<Files>,
    /// The limit of open descriptors.
    pub descriptors: u64,
    /// Where to listen; 0 for any free port, as always but after a restart.
    pub port: u16,
}

impl Start {
    /// Without flags, and with room for all clients of a check.
    pub const PLAIN: Self = Self { flags: &[], files: None, descriptors: 4096, port: 0 };

    /// Starts the program of `trial` like that.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor to give, or no certificates.
    pub fn launch(&self, trial: &Trial) -> Result<Rc<Process>, Stop> {
        let command = trial.service().command;
        let mut words = trial.program().to_vec();
        words.extend(command.iter().map(Into::into));
        words.extend(["--addr".to_owned(), format!("127.0.0.1:{}", self.port)].map(Into::into));
        let mut shown = command.to_vec();
        for &(flag, file) in self.files.unwrap_or(trial.service().files) {
            words.extend([flag.into(), trial.pki()?.path(file).into()]);
            shown.extend([flag, file]);
        }
        words.extend(self.flags.iter().map(Into::into));
        shown.extend(self.flags);
        let mut step = "start the program".to_owned();
        if !shown.is_empty() {
            step += &format!(" with {}", shown.join(" "));
        }
        if self.descriptors != Self::PLAIN.descriptors {
            step += &format!(" with at most {} open descriptors", self.descriptors);
        }
        trial.step(step);
        Process::start(trial, &Launch { words, descriptors: self.descriptors })
    }
}

/// A server that has said where it listens.
pub struct Server {
    trial: Trial,
    service: &'static Service,
    pub process: Rc<Process>,
    /// Where it says it listens.
    pub address: SocketAddr,
    /// What it names in its second line, if its lab has one.
    second: Option<SocketAddr>,
    /// Its limit of open descriptors.
    descriptors: u64,
    /// The sockets that it had before any client: its listener, and what a runtime needs.
    own_sockets: HashSet<u64>,
}

impl Server {
    /// Starts the program of `trial` as the server of its lab, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// It did not, with the reason.
    pub async fn start(trial: &Trial, start: &Start) -> Result<Rc<Self>, Stop> {
        let service = trial.service();
        let process = start.launch(trial)?;
        let address = announced(trial, &process, 0, "listening").await?;
        process.talks_over(address);
        let mut second = None;
        if let Some(what) = service.second {
            let address = announced(trial, &process, 1, what).await?;
            process.talks_over(address);
            second = Some(address);
        }
        let own_sockets = process.probe.socket_inodes()?;
        let (trial, descriptors) = (trial.clone(), start.descriptors);
        Ok(Rc::new(Self { trial, service, process, address, second, descriptors, own_sockets }))
    }

    /// What the kernel says of it.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.process.probe
    }

    /// Connects a client, to be called `name` in reports.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect(self: &Rc<Self>, name: &str) -> Result<Client, Stop> {
        self.connect_with(name, Window::Usual).await
    }

    /// As [`Self::connect`], for a client of which the kernel takes as much as `window` says.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect_with(self: &Rc<Self>, name: &str, window: Window) -> Result<Client, Stop> {
        let dialled = self.service.dial.dial(&self.trial, self.address, window);
        let connection = self.wait(None, self.service.dial.dialled(), dialled).await?;
        Ok(self.client(name, connection))
    }

    /// Connects a client, to be called `name`, of which nothing is known but TCP.
    ///
    /// # Errors
    ///
    /// Refused, or no answer.
    pub async fn connect_plain(
        self: &Rc<Self>,
        name: &str,
        window: Window,
    ) -> Result<Client, Stop> {
        self.connect_plain_from(None, name, window).await
    }

    /// As [`Server::connect_plain`], from an address of the client's own, if one is named.
    async fn connect_plain_from(
        self: &Rc<Self>,
        source: Option<Ipv4Addr>,
        name: &str,
        window: Window,
    ) -> Result<Client, Stop> {
        let opened = Connection::open_from(source, self.address, window);
        let connection = self.wait(None, "the connection is taken", opened).await?;
        Ok(self.client(name, connection))
    }

    /// The address in its second line.
    ///
    /// # Errors
    ///
    /// Its lab has none.
    pub fn second(&self) -> Result<SocketAddr, Stop> {
        self.second.ok_or_else(|| Stop::Inconclusive("the lab has no second address".to_owned()))
    }

    /// The trial that it belongs to.
    #[must_use]
    pub fn trial(&self) -> &Trial {
        &self.trial
    }

    /// Connects, whatever comes of it.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    pub async fn dial(&self) -> Result<Connection, Trouble> {
        self.service.dial.dial(&self.trial, self.address, Window::Usual).await
    }

    /// The client that `connection` is, to be called `name` in reports.
    #[must_use]
    pub fn client(self: &Rc<Self>, name: &str, connection: Connection) -> Client {
        Client { server: Rc::clone(self), name: name.to_owned(), connection }
    }

    /// Connects a new client, which makes a request and must get its answer.
    ///
    /// # Errors
    ///
    /// It did not.
    pub async fn serve_new_client(self: &Rc<Self>, name: &str) -> Result<Client, Stop> {
        let client = self.connect(name).await?;
        client.ask().await?;
        Ok(client)
    }

    /// Like [`Server::serve_new_client`], with a client that has `source` as its address, over plain TCP.
    ///
    /// # Errors
    ///
    /// It was not served.
    pub async fn serve_new_client_from(
        self: &Rc<Self>,
        source: Ipv4Addr,
        name: &str,
    ) -> Result<Client, Stop> {
        let client = self.connect_plain_from(Some(source), name, Window::Usual).await?;
        client.ask().await?;
        Ok(client)
    }

    /// Like [`Server::serve_new_client`], once the program has done all that came of what others did: one that
    /// ends because of them might serve a last client before it does.
    ///
    /// # Errors
    ///
    /// It was not served.
    pub async fn go_on_to_serve(self: &Rc<Self>, name: &str) -> Result<Client, Stop> {
        self.process.settle(Duration::from_millis(500)).await;
        self.serve_new_client(name).await
    }

    /// Connects a new client, for whose request the program may have no room.
    ///
    /// # Errors
    ///
    /// It did something else than to answer, to turn the client away, or to let it wait.
    pub async fn ask_for_room(self: &Rc<Self>, name: &str) -> Result<Admission, Stop> {
        let expected = format!("{name} is answered, or its connection closed without a byte");
        let dialled = self.service.dial.dial(&self.trial, self.address, Window::Usual);
        let connection = match self.process.attempt(&(), dialled).await {
            Ok(Ok(connection)) => connection,
            // A reset may be faster than connect.
            Ok(Err(Trouble::Lost { .. })) => return Ok(Admission::TurnedAway),
            Ok(Err(trouble)) => return Err(self.process.trouble(&expected, trouble).await),
            Err(vain) => return Err(self.in_vain(None, &expected, vain).await?),
        };
        let client = self.client(name, connection);
        let request = self.service.exchange.request(&self.trial);
        match self.process.attempt(&client.connection, request.make(&client.connection)).await {
            Ok(Ok(())) => Ok(Admission::Served(client)),
            Ok(Err(Trouble::Lost { .. })) if client.connection.received.get() == 0 => {
                Ok(Admission::TurnedAway)
            }
            Ok(Err(trouble)) => Err(self.process.trouble(&expected, trouble).await),
            Err(Vain::Busy(reason)) => Err(Stop::Inconclusive(reason)),
            Err(Vain::Hang | Vain::Deadline(_)) => Ok(Admission::Waits(client, request.answer)),
        }
    }

    /// Connects `number` clients, [`RAMP`] at a time, each confirmed by an answer. All stay open.
    ///
    /// # Errors
    ///
    /// One of them got no answer, or this machine has no room for so many.
    pub async fn crowd(self: &Rc<Self>, number: usize) -> Result<Vec<Client>, Stop> {
        self.expect_room_for(number)?;
        let answered = Cell::new(0);
        let arrivals = (0..number).map(|index| {
            let answered = &answered;
            async move {
                let client = self.serve_new_client(&format!("client {}", index + 1)).await?;
                answered.set(answered.get() + 1);
                Ok(client)
            }
        });
        ramped(arrivals).await.map_err(|stop| {
            stop.amend(|failure| {
                let answered = count(answered.get(), "client");
                failure.observed.push(format!("before that, {answered} got an answer"));
            })
        })
    }

    /// Whether this machine lets the grader and the server have so many clients open.
    ///
    /// # Errors
    ///
    /// It does not; says how to change that.
    pub fn expect_room_for(&self, clients: usize) -> Result<(), Stop> {
        /// What both need beside the clients.
        const SPARE: u64 = 128;
        let needed = clients as u64 + SPARE;
        match getrlimit(Resource::Nofile).maximum {
            Some(most) if most < needed && needed <= self.descriptors => {
                Err(Stop::Inconclusive(format!(
                    "{clients} clients need {needed} open descriptors, and only {most} are allowed: \
                     {MORE_DESCRIPTORS}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Waits for `future`, which needs something of the program, on behalf of `client`: see
    /// [`Process::attempt`].
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
        let watched: &dyn Watched = match client {
            Some(connection) => connection,
            None => &(),
        };
        self.wait_watching(watched, client, expected, future).await
    }

    /// As [`Self::wait`], where `watched` tells what moves.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub async fn wait_watching<T>(
        &self,
        watched: &dyn Watched,
        client: Option<&Connection>,
        expected: &str,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Stop> {
        match self.process.attempt(watched, future).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(trouble)) => Err(self.process.trouble(expected, trouble).await),
            Err(vain) => Err(self.in_vain(client, expected, vain).await?),
        }
    }

    /// A wait on behalf of `client` that ended without what was `expected`.
    ///
    /// # Errors
    ///
    /// The machine was too busy to tell.
    pub async fn in_vain(
        &self,
        client: Option<&Connection>,
        expected: &str,
        vain: Vain,
    ) -> Result<Stop, Stop> {
        let mut observed = vec![vain.observed()?];
        if let Some(client) = client {
            let (sent, received) = (size(client.sent.get()), size(client.received.get()));
            observed.push(format!("on this connection {sent} were sent, {received} came back"));
        }
        Ok(self.process.fail(&[expected], observed, &self.diagnose(client)).await)
    }

    /// What keeps the program from answering `client`, judged by where its threads
    /// sleep and what lies in the queues.
    fn diagnose(&self, client: Option<&Connection>) -> String {
        let wires = Wires::of(self.address);
        let threads = self.process.probe.threads().unwrap_or_default();
        let calls = |test: fn(Call) -> bool| {
            threads.iter().any(|thread| matches!(thread.place, Place::Blocked(call) if test(call)))
        };
        let accepts = calls(Call::accepts) || calls(Call::waits_for_many);
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
            } else if calls(Call::waits_for_many) {
                "the program sleeps in a call that waits for many sockets, the listener not among them"
            } else {
                "no thread is in accept"
            }
        };
        let Some(entry) = client.and_then(|client| wires.far_end(client.ports)) else {
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
            let why = if calls(Call::waits_for_many) {
                "the program sleeps in a call that waits for many sockets: not for input on this one"
                    .to_owned()
            } else if accepts && threads.len() == 1 {
                "the program's one thread sleeps in accept".to_owned()
            } else if accepts && !calls(Call::reads) {
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
        if entry.state == TcpState::CloseWait {
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
        let sockets = self.process.probe.sockets().unwrap_or_default();
        let mut sockets = sockets.into_iter();
        sockets.find(|socket| socket.entry.as_ref().is_some_and(|entry| entry.inode == inode))
    }

    /// How many sockets of clients the program still holds, over or not.
    ///
    /// # Errors
    ///
    /// They may not be read.
    pub fn client_sockets(&self) -> Result<usize, Stop> {
        let mut new = self.process.probe.socket_inodes()?;
        new.retain(|inode| !self.own_sockets.contains(inode));
        if !new.is_empty() {
            // A runtime may make a pair of Unix sockets for itself when it first needs one.
            let others = other_sockets();
            new.retain(|inode| !others.contains(inode));
        }
        Ok(new.len())
    }

    /// Waits until it holds no socket of a client, or has ended; `None` once neither will be.
    ///
    /// # Errors
    ///
    /// They may not be read, or the machine was too busy to tell.
    pub async fn until_clients_are_gone(&self) -> Result<Option<()>, Stop> {
        let gone = || Ok((self.process.has_ended() || self.client_sockets()? == 0).then_some(()));
        self.process.until(gone).await
    }

    /// Compares where the program says that it listens with what the kernel says.
    ///
    /// # Errors
    ///
    /// They differ.
    pub async fn expect_announced_address(&self) -> Result<(), Stop> {
        let sockets = self.process.probe.sockets()?;
        let listening: Vec<SocketAddr> = sockets
            .iter()
            .filter(|socket| socket.is_listener())
            .filter_map(|socket| Some(socket.entry.as_ref()?.local_address))
            .collect();
        let is_there =
            |named: &&SocketAddr| listening.iter().any(|local| local.port() == named.port());
        let wrong = [Some(self.address), self.second];
        let Some(address) = wrong.iter().flatten().find(|named| !is_there(named)) else {
            return Ok(());
        };
        if self.process.has_ended() {
            return Ok(());
        }
        let places: Vec<_> = listening.iter().map(ToString::to_string).collect();
        let places = match places.len() {
            0 => "nowhere".to_owned(),
            _ => format!("on {}", places.join(" and ")),
        };
        let observed =
            format!("a line names {address}; the kernel shows the program listening {places}");
        let cause = "print what `local_addr` of the listener says, after it was bound";
        let expected = "a line `… on 127.0.0.1:PORT` names an address on which the program listens";
        Err(self.process.fail(&[expected], vec![observed], cause).await)
    }
}

/// Waits for the line `WHAT on 127.0.0.1:PORT`, the first (`index` 0) or the second, and returns the
/// address.
async fn announced(
    trial: &Trial,
    process: &Process,
    index: usize,
    what: &str,
) -> Result<SocketAddr, Stop> {
    let place = if index == 0 { "first of all" } else { "right after the first line" };
    let expected = format!("the line `{what} on 127.0.0.1:PORT` on standard output, {place}");
    let line_now = || line_of(process.stdout().head(), index);
    let line = async {
        loop {
            if let Some(line) = line_now() {
                return Some(line);
            }
            if process.is_over() {
                process.gone(Duration::ZERO).await;
                return line_now();
            }
            // Output wakes nobody here: the pipe is drained elsewhere.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = process.attempt(&(), line).await;
    // What came in the same moment has come.
    let (observed, cause) = match (line_now(), waited) {
        (_, Err(Vain::Busy(reason))) => return Err(Stop::Inconclusive(reason)),
        (Some(line), _) => match parse(&line, what) {
            Ok(address) => return Ok(address),
            Err((observed, cause)) => (vec![observed], cause),
        },
        (None, Ok(_)) => (vec!["the program ended without it".to_owned()], String::new()),
        (None, Err(Vain::Hang)) => (silence(process)?, silence_cause(process)?.to_owned()),
        (None, Err(Vain::Deadline(elapsed))) => {
            let printed = size(process.stdout().total());
            let observed = format!("{printed} without that line in {}", time(elapsed));
            (vec![observed], "the program does something else first, for too long".to_owned())
        }
    };
    let expected = vec![expected];
    let mut failure = Failure { expected, observed, ..Failure::default() };
    process.explain_end(&mut failure).await;
    match process.gone(Duration::ZERO).await {
        Some(Gone::Unable(reason)) => return Err(Stop::Inconclusive(reason)),
        Some(Gone::Refused(reason)) => {
            failure.observed = vec![format!("it cannot be started: {reason}")];
            failure.evidence.clear();
            failure.cause = "check the command: the first word must be an executable".to_owned();
        }
        _ if !cause.is_empty() => failure.cause = cause,
        _ => {}
    }
    Err(trial.failed(failure))
}

/// What a program that sleeps for good has said instead of its line.
fn silence(process: &Process) -> Result<Vec<String>, Stop> {
    let stdout = process.stdout();
    let sleeping = count(process.probe.threads()?.len(), "thread");
    let said = match stdout.head() {
        [] => "nothing".to_owned(),
        some => format!("{} without a newline", quoted(&some[..some.len().min(60)])),
    };
    Ok(vec![format!("{said}; {sleeping}, all asleep in calls without a time-out")])
}

fn silence_cause(process: &Process) -> Result<&'static str, Stop> {
    let listens = process.probe.sockets()?.iter().any(Socket::is_listener);
    Ok(if process.stdout().total() > 0 {
        "the line ends with a newline, and is flushed with it"
    } else if listens {
        "the program listens and waits for clients, but its line has not come through the pipe: print \
         it after binding and flush standard output"
    } else {
        "the program waits for something before it listens; see below where"
    })
}

/// Line number `index` of `output`, whole or longer than any line may be.
fn line_of(output: &[u8], index: usize) -> Option<Vec<u8>> {
    let mut newlines = output.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    let begin = match index.checked_sub(1) {
        Some(before) => newlines.nth(before)?.0 + 1,
        None => 0,
    };
    let output = &output[begin..];
    match output.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n') {
        Some(end) => Some(output[..end].to_vec()),
        None if output.len() >= LONGEST_LINE => Some(output[..LONGEST_LINE].to_vec()),
        None => None,
    }
}

/// Reads the address from the line `WHAT on ADDRESS`; otherwise what was observed, and the cause.
fn parse(line: &[u8], what: &str) -> Result<SocketAddr, (String, String)> {
    let text = std::str::from_utf8(line).ok();
    let address = text.and_then(|text| text.strip_prefix(what)?.strip_prefix(" on ")?.parse().ok());
    match address {
        Some(SocketAddr::V4(address)) if address.ip().is_loopback() && address.port() != 0 => {
            Ok(SocketAddr::V4(address))
        }
        Some(address) => Err((
            format!("the line names {address}"),
            "bind the address that was asked for, 127.0.0.1:0, and print what `local_addr` says: the \
             port that the kernel chose"
                .to_owned(),
        )),
        None => {
            let shown = &line[..line.len().min(60)];
            let dots = if shown.len() < line.len() { " …" } else { "" };
            let text = if text.is_some() { "" } else { ", which is not UTF-8" };
            let cause = if shown.to_ascii_lowercase().starts_with(what.as_bytes()) {
                format!("it is to be exactly `{what} on 127.0.0.1:PORT`, with the address as numbers")
            } else if line.windows(13).any(|part| part == b" on 127.0.0.1") {
                format!("the line `{what} on 127.0.0.1:PORT` has its place, and this is another one")
            } else {
                "something else is printed instead: logs go to standard error (eprintln!)".to_owned()
            };
            Err((format!("the line is {}{dots}{text}", quoted(shown)), cause))
        }
    }
}

/// What a program does with a client for which it may have no room.
pub enum Admission {
    Served(Client),
    /// The connection was closed, by FIN or RST, and nothing came before.
    TurnedAway,
    /// It waits for this answer: in the listener's queue, say.
    Waits(Client, Answer),
}

/// A client of a [`Server`]. Its calls end a check when the program does not do its part.
pub struct Client {
    server: Rc<Server>,
    name: String,
    pub connection: Connection,
}

impl Client {
    /// Makes a request of the lab's and expects its answer.
    ///
    /// # Errors
    ///
    /// The answer did not come, or another.
    pub async fn ask(&self) -> Result<(), Stop> {
        let request = self.server.service.exchange.request(&self.server.trial);
        let expected = format!("{} sends {} and is answered", self.name, size(request.sends.len()));
        self.wait(&expected, request.make(&self.connection)).await
    }

    /// Expects the answer to a request that was made before.
    ///
    /// # Errors
    ///
    /// It did not come, or another.
    pub async fn answered(&self, answer: &Answer) -> Result<(), Stop> {
        let expected = format!("{} gets the answer to its request", self.name);
        self.wait(&expected, answer.read(&self.connection)).await
    }

    /// Sends `payload` and expects it back.
    ///
    /// # Errors
    ///
    /// It did not come back, or not the same.
    pub async fn exchange(&self, payload: &Payload) -> Result<(), Stop> {
        let expected = format!("{} sends {} and gets it back", self.name, size(payload.len()));
        self.wait(&expected, self.connection.exchange(payload, payload)).await
    }

    /// Sends the text `sends` and expects the text `answer`.
    ///
    /// # Errors
    ///
    /// The answer did not come, or another.
    pub async fn say(&self, sends: &str, answer: &str) -> Result<(), Stop> {
        let expected =
            format!("{} sends {} and gets {}", self.name, excerpt(sends), excerpt(answer));
        let (sends, answer) = (sends.as_bytes().to_vec(), answer.as_bytes().to_vec());
        self.wait(&expected, self.connection.exchange(&sends.into(), &answer.into())).await
    }

    /// Expects the text `answer`.
    ///
    /// # Errors
    ///
    /// It did not come, or another.
    pub async fn hear(&self, answer: &str) -> Result<(), Stop> {
        let expected = format!("{} gets {}", self.name, excerpt(answer));
        let payload = Payload::from(answer.as_bytes().to_vec());
        self.wait(&expected, self.connection.expect(&payload, payload.len())).await
    }

    /// Expects the bytes `part` of `answers`.
    ///
    /// # Errors
    ///
    /// They did not come, or others.
    pub async fn expect_part(&self, answers: &Payload, part: Range<u64>) -> Result<(), Stop> {
        let expected = format!("{} gets the answers to what it sent", self.name);
        self.wait(&expected, self.connection.expect_part(answers, part)).await
    }

    /// Reads until the connection ends, and gives what came, as far as a report has room for it, and how it
    /// ended.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending(&self) -> Result<Ending, Stop> {
        self.ending_with(64 * 1024).await
    }

    /// As [`Self::ending`], with the first `most` bytes of what came.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn ending_with(&self, most: usize) -> Result<Ending, Stop> {
        let expected = format!("the connection of {} is closed", self.name);
        self.wait(&expected, async { Ok(self.connection.ending(most).await) }).await
    }

    /// Sends the text `sends`, and reads so many bytes; or what came before an end, if that comes first.
    ///
    /// # Errors
    ///
    /// Neither comes.
    pub async fn try_say(&self, sends: &str, answer: &str) -> Result<Option<Ending>, Stop> {
        let expected = format!("{} is answered, or its connection ends", self.name);
        let attempt = async {
            // Where sending fails, reading says why.
            let _ = self.connection.send(&sends.as_bytes().to_vec().into()).await;
            self.connection.answer_or_end(answer.as_bytes()).await
        };
        self.wait(&expected, attempt).await
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
                Err(self.server.process.trouble(&expected, trouble).await)
            }
        }
    }

    /// Reads what comes, whatever it is: `enough` bytes, or until nothing more comes for 300 ms.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn drain(&self, enough: u64) -> Result<(), Stop> {
        match self.connection.drain(enough).await {
            Ok(()) => Ok(()),
            Err(trouble) => {
                let expected = format!("{} can read what it is sent", self.name);
                Err(self.server.process.trouble(&expected, trouble).await)
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
        self.wait(&expected, self.connection.expect(payload, length)).await
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

    /// Expects the end of the stream, with nothing before it, although its own side is open.
    ///
    /// # Errors
    ///
    /// Something else came, or nothing.
    pub async fn expect_close(&self) -> Result<(), Stop> {
        let expected = format!("{} gets the end of the stream (FIN)", self.name);
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

/// The beginning of a text, quoted.
fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    match text.as_bytes() {
        all if all.len() <= MOST => quoted(all),
        long => format!("{} … ({})", quoted(&long[..MOST]), size(long.len() as u64)),
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
        assert_eq!(parse(b"listening on 127.0.0.1:4711", "listening"), Ok(address));
        let cause = |line: &[u8]| parse(line, "listening").expect_err("not the line").1;
        assert!(cause(b"listening on 127.0.0.1:0").contains("the port that the kernel chose"));
        assert!(cause(b"listening on 10.1.2.3:4711").contains("bind the address"));
        assert!(cause(b"Listening on 127.0.0.1:4711").contains("exactly"));
        assert!(cause(b"listening on localhost:4711").contains("as numbers"));
        assert!(cause(b"hello").contains("logs go to standard error"));
        assert_eq!(line_of(b"no newline yet", 0), None);
        assert_eq!(line_of(b"one\ntwo\n", 0), Some(b"one".to_vec()));
        assert_eq!(line_of(b"one\ntwo\n", 1), Some(b"two".to_vec()));
        assert_eq!(line_of(b"one\n", 2), None);
    }
}
