//! A client program under test, and the grader as the host that it visits: the grader listens, answers
//! by script, resets or stays silent, and sees the program's standard input, output and exit status.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::net::unix::pipe;

use crate::capture::{quoted, size};
use crate::client::{Connection, Differs, Payload, Trouble, compare};
use crate::outcome::Stop;
use crate::probe::Wires;
use crate::process::{Ends, Gone, Process, UNWRITTEN, Watched};
use crate::server::Start;
use crate::supervise::{End, Launch};
use crate::trial::Trial;

/// A port of the grader's that a program is told to connect to.
pub struct Host {
    /// Nobody listens where there is none; the port is kept all the same, so that nobody else does.
    listener: Option<TcpListener>,
    _bound: Option<Socket>,
    pub address: SocketAddr,
    /// The session of TLS that is offered there, if any.
    session: RefCell<Option<rustls::Connection>>,
    /// What else the program is told, and how a step says that.
    words: Vec<OsString>,
    shown: String,
}

/// How much a host takes in that it has not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As much as the kernel likes.
    Usual,
    /// So little that a program which only writes comes to a stop after a megabyte or two.
    Small,
}

impl Host {
    /// Listens.
    ///
    /// # Errors
    ///
    /// This machine has no port or descriptor to give.
    pub fn open(room: Room) -> Result<Self, Stop> {
        /// Bytes in each direction. The kernel doubles it (socket(7)). Less than a few segments, of 64 KiB
        /// each on loopback, would have the sender probe a closed window, 200 ms each time (RFC 9293, 3.8.6).
        const SMALL: usize = 128 * 1024;
        let listen = || -> io::Result<Self> {
            let socket = bound()?;
            if room == Room::Small {
                // Before listen: the window's scale is agreed on with the first packet (tcp(7)).
                socket.set_recv_buffer_size(SMALL)?;
                socket.set_send_buffer_size(SMALL)?;
            }
            socket.listen(16)?;
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket.into())?;
            let address = listener.local_addr()?;
            Ok(Self {
                listener: Some(listener),
                _bound: None,
                address,
                session: RefCell::default(),
                words: Vec::new(),
                shown: "the address of a server".to_owned(),
            })
        };
        listen().map_err(machine)
    }

    /// Keeps a port at which nobody listens.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn closed() -> Result<Self, Stop> {
        let keep = || -> io::Result<Self> {
            let socket = bound()?;
            let address =
                socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
            Ok(Self {
                listener: None,
                _bound: Some(socket),
                address,
                session: RefCell::default(),
                words: Vec::new(),
                shown: "an address where nobody listens".to_owned(),
            })
        };
        keep().map_err(machine)
    }

    /// Waits for whoever comes, and shakes hands with them where TLS is offered.
    async fn accept(&self) -> Result<Connection, Trouble> {
        let Some(listener) = &self.listener else { return std::future::pending().await };
        let machine = |error| Trouble::Machine(format!("accept: {error}"));
        let (stream, peer) = listener.accept().await.map_err(machine)?;
        let connection = Connection::over(stream, (self.address.port(), peer.port()));
        let session = self.session.take();
        match session {
            Some(session) => connection.secure(session).await,
            None => Ok(connection),
        }
    }

    /// Speaks TLS with whoever comes, who is told `words` beside the address; a step says `shown`.
    #[must_use]
    pub fn with_tls(self, session: rustls::Connection, words: Vec<OsString>, shown: &str) -> Self {
        let shown = format!("{}, {shown}", self.shown);
        Self { session: RefCell::new(Some(session)), words, shown, ..self }
    }
}

fn bound() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn machine(error: io::Error) -> Stop {
    Stop::Inconclusive(format!("cannot listen: {error}"))
}

/// How the line of a report begins that says how far a program came.
pub const SO_FAR: &str = "so far:";

/// A running client program.
pub struct Visitor {
    pub process: Rc<Process>,
    host: Host,
    /// The program's connection, once it is there; taken again when the host has ended it.
    connection: OnceCell<Connection>,
    input: RefCell<Option<Rc<pipe::Sender>>>,
    output: pipe::Receiver,
    /// Bytes given on standard input, and printed on standard output, so far.
    given: Cell<u64>,
    printed: Cell<u64>,
    /// Whether the host has broken the connection.
    vanished: Cell<bool>,
    /// Whether input flows without end, so that it is no sign of progress.
    flows: Cell<bool>,
}

impl Watched for Visitor {
    fn moved(&self) -> u64 {
        if self.vanished.get() || self.flows.get() {
            // That it goes on taking its input brings it no nearer to what is waited for.
            return self.printed.get();
        }
        let sent = self.connection.get().map_or(0, Watched::moved);
        self.given.get() + self.printed.get() + sent
    }

    fn has_unread(&self) -> bool {
        let printed = rustix::io::ioctl_fionread(&self.output).unwrap_or(0);
        printed > 0 || self.connection.get().is_some_and(Watched::has_unread)
    }
}

impl Visitor {
    /// Starts the program of `trial` with `connect` and the host's address.
    ///
    /// # Errors
    ///
    /// The machine has no process or pipe to give.
    pub fn start(trial: &Trial, host: Host) -> Result<Self, Stop> {
        let mut launch =
            Launch { words: trial.program().to_vec(), descriptors: Start::PLAIN.descriptors };
        launch.words.extend(["connect".into(), host.address.to_string().into()]);
        launch.words.extend(host.words.iter().cloned());
        trial.step(format!("start the program with connect and {}", host.shown));
        let (process, Ends { input, output }) = Process::start_open(trial, &launch)?;
        process.talks_over(host.address);
        let pipes = || -> io::Result<_> {
            Ok((pipe::Sender::from_owned_fd(input)?, pipe::Receiver::from_owned_fd(output)?))
        };
        let (input, output) = pipes().map_err(machine)?;
        Ok(Self {
            process,
            host,
            connection: OnceCell::new(),
            input: RefCell::new(Some(Rc::new(input))),
            output,
            given: Cell::new(0),
            printed: Cell::new(0),
            vanished: Cell::new(false),
            flows: Cell::new(false),
        })
    }

    /// Waits until the program has connected.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn arrive(&self) -> Result<(), Stop> {
        let expected = if self.host.session.borrow().is_some() {
            "the program connects to the address that it was given, and shakes hands over TLS"
        } else {
            "the program connects to the address that it was given"
        };
        let arrives = async {
            let _ = self.connection.set(self.host.accept().await?);
            Ok(())
        };
        let cause = "it does something else first: see below what it waits for";
        self.wait(expected, cause, self.or_ends(arrives)).await
    }

    /// Gives `input`, and expects that the program shakes no hands with the host, or thinks better of it
    /// afterwards, and that nothing of the input arrives.
    ///
    /// # Errors
    ///
    /// It does not refuse the host.
    pub async fn refuses(&self, input: &Payload) -> Result<(), Stop> {
        let expected = "the program refuses this server, and sends nothing of the input";
        let words = self.overhear(input, expected).await?;
        if let Some(words) = words {
            let observed = format!("the server got {}", quoted(&words));
            let cause = "the certificate was not verified, or only after the input was sent: who the \
                         server is has to be known before anything is said to it";
            return Err(self.process.fail(&[expected], vec![observed], cause).await);
        }
        self.vanished.set(true);
        let cause =
            "the handshake has failed, and that is an error: `connect` has to return it, at once";
        self.expect_exit(1).await.map_err(|stop| ended_wrong(stop, cause))
    }

    /// Gives `input` to a program that the host refuses, which the program has to report.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn is_refused(&self, input: &Payload) -> Result<(), Stop> {
        self.overhear(input, "the program connects, and learns that it is refused").await?;
        self.vanished.set(true);
        let cause = "the server's alert says that it refuses this client; it comes in the handshake or at the \
                     first read, and is an error: `connect` has to return it";
        self.expect_exit(1).await.map_err(|stop| ended_wrong(stop, cause))
    }

    /// Gives `input` to the program, shakes hands with it where it comes to that, and gives the first that
    /// it says, if it does.
    async fn overhear(&self, input: &Payload, expected: &str) -> Result<Option<Vec<u8>>, Stop> {
        // It may end without a look at its input.
        let _ = self.write_input(input).await;
        let heard = async {
            match self.host.accept().await {
                // Kept, so that the program meets no other end than its own.
                Ok(connection) => {
                    Ok(self.connection.get_or_init(|| connection).first_words().await)
                }
                Err(Trouble::Machine(reason)) => Err(Trouble::Machine(reason)),
                Err(_) => Ok(None),
            }
        };
        let cause = "the program goes on with a server that it has to refuse: it waits for its input, \
                     or for an answer";
        self.wait(expected, cause, self.or_ends(heard)).await
    }

    /// Gives `payload` on standard input.
    ///
    /// # Errors
    ///
    /// The program does not take it.
    pub async fn give(&self, payload: &Payload) -> Result<(), Stop> {
        let expected = format!("the program takes {} from standard input", size(payload.len()));
        let cause = "the program does not read its input: it waits for something else";
        self.wait(&expected, cause, self.or_ends(self.write_input(payload))).await
    }

    /// Gives `payload` on standard input as fast as it is taken.
    ///
    /// # Errors
    ///
    /// The program has closed its end.
    pub async fn write_input(&self, payload: &Payload) -> Result<(), Trouble> {
        let Some(input) = self.input.borrow().clone() else { return Ok(()) };
        let write = async |bytes: &[u8]| {
            loop {
                input.writable().await?;
                match input.try_write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        };
        let mut offset = 0;
        while offset < payload.len() {
            let count = write(payload.at(offset)).await.map_err(|error| Trouble::Lost {
                observed: vec![format!("writing to the program's standard input: {error}")],
                cause: "the program has closed its standard input, or ended, before the input \
                            did"
                .to_owned(),
            })?;
            offset += count as u64;
            self.given.set(self.given.get() + count as u64);
            // A program that takes all that it can get must not keep the others from their turn.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Ends standard input.
    pub fn end_input(&self) {
        self.input.take();
    }

    /// Expects that `payload` is the next that the program sends.
    ///
    /// # Errors
    ///
    /// It sends something else, or nothing.
    pub async fn expect_sent(&self, payload: &Payload) -> Result<(), Stop> {
        let expected = format!("the server gets the {} of the input", size(payload.len()));
        let cause = "the program has taken all of the input, and holds it back: for a newline, for the end of \
                     the input, or in a buffer that is not flushed";
        self.wait(&expected, cause, self.or_ends(self.receive(payload, 0..payload.len()))).await
    }

    /// Reads from the connection what should be the bytes `which` of `payload`.
    async fn receive(&self, payload: &Payload, which: Range<u64>) -> Result<(), Trouble> {
        let connection = self.connection()?;
        let read = async |buffer: &mut [u8]| connection.read(buffer).await;
        let (observed, cause) = match compare(payload, which, read).await {
            Ok(()) => return Ok(()),
            Err(Differs::Ended(offset)) => (
                vec![format!(
                    "{} of {} came, then the program closed its side",
                    size(offset),
                    size(payload.len())
                )],
                "the rest of the input was not sent: what was read last has to go out before the end",
            ),
            Err(Differs::Broke(error)) => (
                vec![format!("the connection broke: {error}")],
                "the program has ended, or dropped the connection, with answers unread",
            ),
            Err(Differs::Other(mismatch)) => {
                let cause = if mismatch.is_lossy() {
                    "the input was taken for text (from_utf8_lossy): a byte that is not UTF-8 became \
                     EF BF BD, U+FFFD"
                } else {
                    "the server is to get the input's bytes unchanged: line ends stay as they are"
                };
                return Err(Trouble::Wrong { observed: mismatch.lines, cause: cause.to_owned() });
            }
        };
        Err(Trouble::Lost { observed, cause: cause.to_owned() })
    }

    /// Expects the end of what the program sends (FIN), and nothing before it.
    ///
    /// # Errors
    ///
    /// It sends more, or does not close its side.
    pub async fn expect_half_close(&self) -> Result<(), Stop> {
        let end = async {
            let mut buffer = [0; 64];
            match self.connection()?.read(&mut buffer).await {
                Ok(0) if self.connection()?.was_truncated() => Err(Trouble::Wrong {
                    observed: vec!["the stream ended (FIN) without close_notify".to_owned()],
                    cause:
                        "without close_notify nobody can tell this end from one that somebody else \
                            has made: shut down the TLS stream, not only the socket below it"
                            .to_owned(),
                }),
                Ok(0) => Ok(()),
                Ok(count) => Err(Trouble::Wrong {
                    observed: vec![format!(
                        "{} more that were not in the input: {}",
                        size(count as u64),
                        quoted(&buffer[..count])
                    )],
                    cause:
                        "the program sends bytes of its own: a newline, perhaps, after the last \
                            line, which had none"
                            .to_owned(),
                }),
                Err(error) => Err(Trouble::Lost {
                    observed: vec![format!("the connection broke: {error}")],
                    cause: "at the end of the input the program is to shut down its sending side \
                            only, and to read on"
                        .to_owned(),
                }),
            }
        };
        let (expected, cause) = if self.connection.get().is_some_and(Connection::is_secure) {
            (
                "at the end of its input the program sends close_notify, and reads on",
                "at the end of its input the program has to say so: shut down the TLS stream, or its half \
                 for writing. The server then reads 0 bytes, and knows that nothing more comes",
            )
        } else {
            (
                "at the end of its input the program half-closes (FIN), and reads on",
                "at the end of its input the program has to shut down its sending side: the server then \
                 reads 0 bytes, and knows that nothing more comes",
            )
        };
        self.wait(expected, cause, self.or_ends(end)).await
    }

    /// Has the server send `payload`.
    ///
    /// # Errors
    ///
    /// The program does not take it.
    pub async fn answer(&self, payload: &Payload) -> Result<(), Stop> {
        let send = async { self.connection()?.send(payload).await };
        let expected = format!("the program takes {} from the server", size(payload.len()));
        let cause = "the program does not read what the server sends: it waits for something else";
        self.wait(&expected, cause, self.or_ends(send)).await
    }

    /// Gives `input` and its end. The server reads a first part, sends all of `answer`, and only then reads
    /// on; at the end it closes. The program has to print the answer meanwhile.
    ///
    /// # Errors
    ///
    /// Something else is sent or printed, or not all.
    pub async fn expect_flow(&self, input: &Payload, answer: &Payload) -> Result<(), Stop> {
        /// How much the server hears before it speaks.
        const FIRST: u64 = 64 * 1024;
        let give = async {
            self.write_input(input).await?;
            self.end_input();
            Ok(())
        };
        let serve = async {
            let connection = self.connection()?;
            self.receive(input, 0..FIRST).await?;
            connection.send(answer).await?;
            self.receive(input, FIRST..input.len()).await?;
            self.close();
            connection.flush().await;
            Ok(())
        };
        let all = async {
            tokio::try_join!(give, serve, self.read_output(answer))?;
            Ok(())
        };
        let (input, answer) = (size(input.len()), size(answer.len()));
        let expected =
            format!("the {input} of input arrive, and the answer of {answer} is printed");
        let cause = "one direction waits for the other: they go on side by side, a task for each. A loop \
                     around select! does not read while one of its branches awaits a write";
        self.wait(&expected, cause, self.or_ends(all)).await
    }

    /// From now on only what is printed shows that the program gets on.
    pub fn count_output_only(&self) {
        self.flows.set(true);
    }

    /// Takes whatever the program sends, until the connection ends.
    pub async fn swallow(&self) {
        let Some(connection) = self.connection.get() else { return };
        let mut buffer = vec![0; 64 * 1024];
        while connection.read(&mut buffer).await.is_ok_and(|count| count > 0) {
            tokio::task::yield_now().await;
        }
    }

    /// Expects that `payload` is the next that the program prints.
    ///
    /// # Errors
    ///
    /// It prints something else, or nothing.
    pub async fn expect_printed(&self, payload: &Payload) -> Result<(), Stop> {
        let expected =
            format!("the program prints the {} that the server sent", size(payload.len()));
        let cause = "the program has read all that the server sent, and holds it back: for a newline, for the \
                     end, or in a buffer that is not flushed";
        self.wait(&expected, cause, self.read_output(payload)).await
    }

    async fn read_output(&self, payload: &Payload) -> Result<(), Trouble> {
        let read = async |buffer: &mut [u8]| self.read_printed(buffer).await;
        let (observed, cause) = match compare(payload, 0..payload.len(), read).await {
            Ok(()) => return Ok(()),
            Err(Differs::Ended(offset)) => (
                format!("{} of {} were printed, then it ended", size(offset), size(payload.len())),
                "the program ends before all is printed: it has to read until the server closes, and \
                 to flush standard output before it exits",
            ),
            Err(Differs::Broke(error)) => {
                return Err(Trouble::Machine(format!("cannot read standard output: {error}")));
            }
            Err(Differs::Other(mismatch)) => {
                let cause = if mismatch.is_lossy() {
                    "what the server sent was taken for text (from_utf8_lossy): a byte that is not \
                     UTF-8 became EF BF BD, U+FFFD"
                } else {
                    "what comes from the server is to be printed unchanged, and nothing else: notices \
                     for the user go to standard error"
                };
                return Err(Trouble::Wrong { observed: mismatch.lines, cause: cause.to_owned() });
            }
        };
        Err(Trouble::Lost { observed: vec![observed], cause: cause.to_owned() })
    }

    async fn read_printed(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.output.readable().await?;
            match self.output.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(count) => {
                    self.printed.set(self.printed.get() + count as u64);
                    tokio::task::yield_now().await;
                    return Ok(count);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until the program has read all that the server sent.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn expect_taken(&self) -> Result<(), Stop> {
        let ports = match self.connection() {
            Ok(connection) => connection.ports,
            Err(_) => return Ok(()),
        };
        let taken = || Ok(Wires::of(self.host.address).is_taken(ports).then_some(()));
        if self.process.until(taken).await?.is_none() {
            let expected = "the program reads what the server sends";
            let cause = self.unread().unwrap_or_default();
            return Err(self.process.fail(&[expected], Vec::new(), &cause).await);
        }
        Ok(())
    }

    /// Closes the server's side: nothing more comes.
    pub fn close(&self) {
        if let Some(connection) = self.connection.get() {
            connection.half_close();
        }
    }

    /// Ends the server's side by a FIN alone, where there is TLS.
    pub fn cut(&self) {
        self.vanished.set(true);
        if let Some(connection) = self.connection.get() {
            connection.cut();
        }
    }

    /// Breaks the connection from the server's side (RST).
    pub fn reset(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.vanished.set(true);
            connection.reset();
        }
    }

    /// Expects that the program ends by itself with `status` and prints nothing more; where that is a
    /// failure, with one line `error: …` on standard error.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn expect_exit(&self, status: i32) -> Result<(), Stop> {
        let more = |bytes: &[u8]| Trouble::Wrong {
            observed: vec![format!(
                "{} more on standard output that the server did not send: {}",
                size(bytes.len() as u64),
                quoted(bytes)
            )],
            cause:
                "standard output is for what the server sends; notices and errors go to standard \
                    error (eprintln!)"
                    .to_owned(),
        };
        let prints = async {
            let mut buffer = [0; 64];
            match self.read_printed(&mut buffer).await {
                Ok(0) | Err(_) => std::future::pending().await,
                Ok(count) => more(&buffer[..count]),
            }
        };
        let ends = async {
            let gone = self.process.ending().await;
            // What was printed last is in the pipe by now.
            let mut buffer = [0; 64];
            match rustix::io::read(&self.output, &mut buffer) {
                Ok(0) | Err(_) => Ok(gone),
                Ok(count) => Err(more(&buffer[..count])),
            }
        };
        let both = async {
            tokio::select! {
                biased;
                trouble = prints => Err(trouble),
                gone = ends => gone,
            }
        };
        let expected = match status {
            0 => "the program ends with status 0".to_owned(),
            _ => format!("the program ends with status {status} and one line `error: …`"),
        };
        let cause = if self.host.listener.is_none() {
            "that nobody listens is an answer, and a final one: return the error instead of trying again"
        } else if self.vanished.get() && self.input.borrow().is_some() {
            "the connection is broken, and the program goes on waiting for its input: whichever direction \
             ends with an error ends the program (select! or try_join!, where join! waits for both)"
        } else if self.vanished.get() {
            "the connection is broken, and the program does not end"
        } else {
            "the server has closed its side, too, and the program goes on: once read gives 0, all is said, \
             and it is to end"
        };
        let gone = self.wait(&expected, cause, both).await?;
        let end = match gone {
            Some(Gone::Ended(end)) => end,
            Some(Gone::Refused(reason) | Gone::Unable(reason)) => {
                return Err(Stop::Inconclusive(reason));
            }
            None => {
                let observed = vec!["it has ended the process that watches it".to_owned()];
                return Err(self.process.fail(&[&expected], observed, "").await);
            }
        };
        if end != End::Status(status) {
            // The failure itself says how it ended.
            let cause = match end {
                End::Status(0) if self.host.listener.is_none() => {
                    "that nobody listens is an error: `connect` has to return it"
                }
                _ => cause_of(end, status),
            };
            return Err(self.process.fail(&[&expected], Vec::new(), cause).await);
        }
        let lines = self.process.stderr().lines_with("error: ");
        if status != 0 && lines != 1 {
            let observed = match self.process.stderr().total() {
                0 => "nothing on standard error".to_owned(),
                _ => format!("{lines} lines on standard error that begin with `error: `"),
            };
            let cause = "`connect` is to return the error, and the given `main` to print it";
            return Err(self.process.fail(&[&expected], vec![observed], cause).await);
        }
        Ok(())
    }

    fn connection(&self) -> Result<&Connection, Trouble> {
        let missing = || Trouble::Machine("the connection is not there".to_owned());
        self.connection.get().ok_or_else(missing)
    }

    /// What `future` gives; trouble if the program ends first.
    async fn or_ends<T>(
        &self,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        /// What a program that has ended sent last may still be on its way to `future`.
        const LAST: Duration = Duration::from_secs(1);
        tokio::pin!(future);
        tokio::select! {
            biased;
            done = &mut future => return done,
            gone = self.process.ending() => if let Some(Gone::Unable(reason)) = gone {
                return Err(Trouble::Machine(reason));
            },
        }
        match tokio::time::timeout(LAST, future).await {
            Ok(done) => done,
            Err(_) => Err(Trouble::Lost {
                observed: vec!["the program did not wait for that".to_owned()],
                cause: "the program ended too early: its last words and its status may tell why"
                    .to_owned(),
            }),
        }
    }

    /// Waits for `future`. Where it waits in vain, and nothing that lies unread tells why, `cause` does.
    async fn wait<T>(
        &self,
        expected: &str,
        cause: &str,
        future: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Stop> {
        let vain = match self.process.attempt(self, future).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(trouble)) => return Err(self.process.trouble(expected, trouble).await),
            Err(vain) => vain,
        };
        let mut observed = vec![vain.observed()?];
        let (given, printed) = (size(self.given.get()), size(self.printed.get()));
        let mut so_far = format!("{SO_FAR} {given} of input, {printed} printed");
        if let Some(connection) = self.connection.get() {
            let (sent, received) = (size(connection.received.get()), size(connection.sent.get()));
            so_far += &format!(", {sent} to the server, {received} from the server");
        }
        observed.push(so_far);
        let printed = rustix::io::ioctl_fionread(&self.output).unwrap_or(0);
        let mut buffer = [0; 64];
        if let Ok(count @ 1..) = rustix::io::read(&self.output, &mut buffer) {
            observed.push(format!("and on standard output: {}", quoted(&buffer[..count])));
        }
        let cause = if printed >= MUCH_OUTPUT {
            "the program prints what the server did not send, and standard output takes only so much that \
             nobody reads"
                .to_owned()
        } else {
            // Once the connection is broken, what is left of the input concerns nobody.
            let unread = if self.vanished.get() { None } else { self.unread() };
            unread.unwrap_or_else(|| cause.to_owned())
        };
        Err(self.process.fail(&[expected], observed, &cause).await)
    }

    /// What lies unread, if anything does, and so keeps the program from its next step.
    fn unread(&self) -> Option<String> {
        if let Some(connection) = self.connection.get() {
            let wires = Wires::of(self.host.address);
            let unread = wires.far_end(connection.ports).map_or(0, |entry| entry.rx_queue);
            if unread > 0 {
                return Some(format!(
                    "{} that the server sent lie unread in the program's socket: it does not read while \
                     it waits for its input, or while it writes. The two directions go on side by side: \
                     a task for each, or two futures under one select! or join!, and no write awaited \
                     inside a branch",
                    size(u64::from(unread))
                ));
            }
        }
        let input = self.input.borrow();
        let unread = rustix::io::ioctl_fionread(input.as_ref()?).ok()?;
        (unread > 0).then(|| {
            format!(
                "{} lie unread in the program's standard input: it waits for something else",
                size(unread)
            )
        })
    }
}

/// Gives `cause` for a program that does not end, or not with the right status.
fn ended_wrong(stop: Stop, cause: &str) -> Stop {
    stop.amend(|failure| {
        let is_status =
            failure.observed.first().is_some_and(|line| line.starts_with("the program"));
        if (is_status || failure.is_no_answer()) && !failure.cause.starts_with(UNWRITTEN) {
            failure.cause = cause.to_owned();
        }
    })
}

/// A pipe holds 64 KiB (pipe(7)): with so much in it, the program may be waiting for a reader.
const MUCH_OUTPUT: u64 = 32 * 1024;

/// Why a client program ends with the wrong status.
fn cause_of(end: End, expected: i32) -> &'static str {
    match (end, expected) {
        (End::Signal(libc::SIGPIPE), _) => {
            "the program died of SIGPIPE: it wrote to a connection that is over. Ignore that signal \
             (Rust's std does) and report the error"
        }
        (End::Signal(_) | End::Status(101), _) => "the program died: see its last words",
        (End::Status(0), _) => {
            "an error was taken for the end: a reset (ECONNRESET, EPIPE) is no clean end of the stream, \
             so `connect` has to return it. The kernel tells of it once: where the write has got the \
             error, the read may only see 0"
        }
        (End::Status(_), 0) => {
            "a clean end was taken for an error: the server closed after the program had half-closed"
        }
        (End::Status(_), _) => "another status than the one that is asked for",
    }
}
