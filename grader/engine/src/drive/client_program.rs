//! A client program under test: its input and output, the grader's server that it talks to, and waiting for it.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use course::text::quoted;
use tokio::net::unix::pipe;

use super::connection::Connection;
use super::payload::Payload;
use super::protocol::Program;
use super::start::{Start, add_files, words};
use super::test_server::TestServer;
use super::trial::Trial;
use super::wire_error::WireError;
use crate::subject::{Peer, Process, ProcessEnd, StdPipes};
use crate::verdict::{Cause, CheckError, Diagnosis, Failure, FailureKind, Journal, Observation};

/// A pipe holds 64 KiB (pipe(7)): with this much in it, the program may be blocked until the grader reads.
const MUCH_OUTPUT: u64 = 32 * 1024;

/// A running client program.
pub struct ClientProgram {
    pub process: Rc<Process>,
    pub(super) server: TestServer,
    pub(super) journal: Journal,
    /// The program's connection, once it exists; removed again when the server has ended it.
    pub(super) connection: OnceCell<Connection>,
    pub(super) input: RefCell<Option<Rc<pipe::Sender>>>,
    pub(super) output: pipe::Receiver,
    /// Bytes given on standard input and printed on standard output so far.
    given: Cell<u64>,
    printed: Cell<u64>,
    /// Whether the server has broken the connection.
    pub(super) vanished: Cell<bool>,
    /// Whether the input is endless, so that reading it does not show progress.
    flows: Cell<bool>,
}

impl Peer for ClientProgram {
    fn moved(&self) -> u64 {
        if self.vanished.get() || self.flows.get() {
            // Reading more input brings the program no closer to what the grader waits for.
            return self.printed.get();
        }
        let sent = self.connection.get().map_or(0, Peer::moved);
        self.given.get() + self.printed.get() + sent
    }

    fn has_unread(&self) -> bool {
        let printed = rustix::io::ioctl_fionread(&self.output).unwrap_or(0);
        printed > 0 || self.connection.get().is_some_and(Peer::has_unread)
    }
}

impl ClientProgram {
    /// Starts the program of `trial` as a client of `server`.
    ///
    /// # Errors
    ///
    /// The machine has no process or pipe left or cannot create certificates, or the lab's client would have to listen,
    /// too.
    pub fn start(trial: &Trial, server: TestServer) -> Result<Self, CheckError> {
        let program = trial.service().program(Program::CLIENT_ROLE)?;
        if !program.listens.is_empty() {
            let reason =
                "a client program cannot announce an address: its standard output is its answer";
            return Err(CheckError::Inconclusive(reason.to_owned()));
        }
        let mut words = words(trial, program);
        words.push(server.address.to_string().into());
        let mut shown = program.command.to_vec();
        add_files(trial, program.files, &mut words, &mut shown)?;
        words.extend(server.words.iter().cloned());
        let shown: String = shown.iter().map(|word| format!("{word} and ")).collect();
        trial.step(format!("start the program with {shown}{}", server.shown));
        let descriptors = Start::PLAIN.descriptors;
        let (process, StdPipes { input, output }) = trial.launch_with_pipes(words, descriptors)?;
        process.meets_at(server.endpoint());
        let pipes = || -> io::Result<_> {
            Ok((pipe::Sender::from_owned_fd(input)?, pipe::Receiver::from_owned_fd(output)?))
        };
        let no_pipe = |error| CheckError::Inconclusive(format!("cannot use a pipe: {error}"));
        let (input, output) = pipes().map_err(no_pipe)?;
        Ok(Self {
            process,
            server,
            journal: trial.journal().clone(),
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
    /// It does not connect.
    pub async fn arrive(&self) -> Result<(), CheckError> {
        let expected = if self.server.offers_tls() {
            "the program connects to the given address and completes a TLS handshake"
        } else {
            "the program connects to the given address"
        };
        let arrives = async {
            let _ = self.connection.set(self.server.accept().await?);
            Ok(())
        };
        self.wait(expected, Diagnosis::DoesSomethingElseFirst, self.or_ends(arrives)).await
    }

    /// Gives `payload` on standard input as fast as the program reads it.
    ///
    /// # Errors
    ///
    /// The program has closed its end.
    pub async fn write_input(&self, payload: &Payload) -> Result<(), WireError> {
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
            let count = write(payload.at(offset)).await.map_err(|error| {
                let observed = format!("cannot write to the program's standard input: {error}");
                let kind = FailureKind::ConnectionLost { observed };
                WireError::new(kind, Diagnosis::StandardInputClosed)
            })?;
            self.journal.input(&payload.at(offset)[..count]);
            offset += count as u64;
            self.given.set(self.given.get() + count as u64);
            // A program that reads everything immediately must not starve the other tasks.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Ends standard input.
    pub fn end_input(&self) {
        self.input.take();
    }

    /// From now on, only output shows that the program makes progress.
    pub fn count_output_only(&self) {
        self.flows.set(true);
    }

    /// Reads and ignores what the program sends, until the connection ends.
    pub async fn swallow(&self) {
        let Some(connection) = self.connection.get() else { return };
        let mut buffer = vec![0; 64 * 1024];
        while connection.read(&mut buffer).await.is_ok_and(|count| count > 0) {
            tokio::task::yield_now().await;
        }
    }

    /// Reads what the program prints, at least one byte; 0 at the end.
    pub(super) async fn read_printed(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.output.readable().await?;
            match self.output.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(count) => {
                    self.printed.set(self.printed.get() + count as u64);
                    self.journal.output(&buffer[..count]);
                    tokio::task::yield_now().await;
                    return Ok(count);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes the server's side: it sends nothing more.
    pub fn close(&self) {
        if let Some(connection) = self.connection.get() {
            connection.half_close();
        }
    }

    /// Ends the server's side with a FIN alone, even over TLS.
    pub fn shutdown_write(&self) {
        self.vanished.set(true);
        if let Some(connection) = self.connection.get() {
            connection.shutdown_write();
        }
    }

    /// Breaks the connection from the server's side (RST).
    pub fn reset(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.vanished.set(true);
            connection.reset();
        }
    }

    /// The program's connection.
    ///
    /// # Errors
    ///
    /// It does not exist: a mistake in the grader.
    pub(super) fn connection(&self) -> Result<&Connection, WireError> {
        let missing = || WireError::Machine("there is no connection".to_owned());
        self.connection.get().ok_or_else(missing)
    }

    /// The result of `future`; a failure if the program ends first.
    pub(super) async fn or_ends<T>(
        &self,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, WireError> {
        /// The last bytes of a program that has ended may still be on their way to `future`.
        const LAST: Duration = Duration::from_secs(1);
        tokio::pin!(future);
        tokio::select! {
            biased;
            done = &mut future => return done,
            end = self.process.end_of_first() => if let Some(ProcessEnd::Unable(reason)) = end {
                return Err(WireError::Machine(reason));
            },
        }
        match tokio::time::timeout(LAST, future).await {
            Ok(done) => done,
            Err(_) => {
                let observed = "the program ended first".to_owned();
                let kind = FailureKind::ConnectionLost { observed };
                Err(WireError::new(kind, Diagnosis::EndedTooEarly))
            }
        }
    }

    /// Waits for `future`. If it does not complete and no unread data explains why, the cause is `cause`.
    pub(super) async fn wait<T>(
        &self,
        expected: &str,
        cause: impl Into<Cause>,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, CheckError> {
        let error = match self.process.wait_for(self, future).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => return Err(self.fail_on_wire(expected, error).await),
            Err(error) => error,
        };
        let mut failure = Failure::new(error.kind()?).expecting(expected);
        failure.observations.push(Observation::Progress {
            standard_input: self.given.get(),
            standard_output: self.printed.get(),
            traffic: self.connection.get().map(Connection::traffic),
        });
        let printed = rustix::io::ioctl_fionread(&self.output).unwrap_or(0);
        let mut buffer = [0; 64];
        if let Ok(count @ 1..) = rustix::io::read(&self.output, &mut buffer) {
            self.journal.output(&buffer[..count]);
            let text = format!("also on standard output: {}", quoted(&buffer[..count]));
            failure.observations.push(text.into());
        }
        let cause = if printed >= MUCH_OUTPUT {
            Diagnosis::OutputPipeFull.into()
        } else {
            // Once the connection is broken, unread data explains nothing.
            let unread = if self.vanished.get() { None } else { self.unread() };
            unread.map_or_else(|| cause.into(), Cause::from)
        };
        Err(self.process.fail(failure.because(cause)).await)
    }

    /// Turns `error` into the failure of something that was `expected`.
    async fn fail_on_wire(&self, expected: &str, error: WireError) -> CheckError {
        match error.into_failure(|_| None) {
            Ok(failure) => self.process.fail(failure.expecting(expected)).await,
            Err(error) => error,
        }
    }

    /// The unread data, if any, that keeps the program from its next step.
    pub(super) fn unread(&self) -> Option<Diagnosis> {
        let from_server = self.connection.get().map_or(0, |connection| {
            let connections = self.server.endpoint().connections();
            connections.peer_socket(connection.ports).map_or(0, |end| u64::from(end.rx_queue))
        });
        let input = self.input.borrow();
        let input = input.as_ref().and_then(|input| rustix::io::ioctl_fionread(input).ok());
        unread_cause(from_server, input.unwrap_or(0))
    }
}

/// What keeps a program from its next step, given how many bytes from the server and of its input it has left unread.
fn unread_cause(from_server: u64, input: u64) -> Option<Diagnosis> {
    match (from_server, input) {
        (0, 0) => None,
        (0, unread) => Some(Diagnosis::StandardInputUnread { unread }),
        (unread, _) => Some(Diagnosis::ServerBytesUnread { unread }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_server_data_takes_precedence_over_unread_input() {
        assert_eq!(unread_cause(0, 0), None);
        assert_eq!(unread_cause(0, 7), Some(Diagnosis::StandardInputUnread { unread: 7 }));
        assert_eq!(unread_cause(5, 0), Some(Diagnosis::ServerBytesUnread { unread: 5 }));
        assert_eq!(unread_cause(5, 7), Some(Diagnosis::ServerBytesUnread { unread: 5 }));
    }
}
