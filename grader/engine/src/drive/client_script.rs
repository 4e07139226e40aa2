//! What a check expects of a client program: what it sends, what it prints, and how it ends.

use std::ops::Range;

use course::text::{quoted, size};

use super::client_program::ClientProgram;
use super::connection::Connection;
use super::conversation::{CompareError, compare};
use super::payload::Payload;
use super::wire_error::WireError;
use crate::subject::ProcessEnd;
use crate::verdict::{CheckError, Diagnosis, ExitStatus, Failure, FailureKind, Stream};

impl ClientProgram {
    /// Gives `input`, and expects the program to refuse the server, during the handshake or after it, and to send none
    /// of the input.
    ///
    /// # Errors
    ///
    /// It does not refuse the server.
    pub async fn expect_to_refuse(&self, input: &Payload) -> Result<(), CheckError> {
        let expected = "the program refuses this server and sends no input";
        if let Some(words) = self.overhear(input, expected).await? {
            let failure = Failure::property(format!("the server got {}", quoted(&words)))
                .expecting(expected)
                .because(Diagnosis::ServerNotVerified);
            return Err(self.process.fail(failure).await);
        }
        self.vanished.set(true);
        let ends = self.expect_exit(1).await;
        ends.map_err(|error| ended_wrong(error, Diagnosis::HandshakeErrorIgnored))
    }

    /// Gives `input` to a program that the server refuses, and expects it to report the refusal.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn expect_to_be_refused(&self, input: &Payload) -> Result<(), CheckError> {
        self.overhear(input, "the program connects and learns that the server refuses it").await?;
        self.vanished.set(true);
        let ends = self.expect_exit(1).await;
        ends.map_err(|error| ended_wrong(error, Diagnosis::RefusalIgnored))
    }

    /// Gives `input` to the program and completes the handshake if the program does. Returns the first bytes that it
    /// sends, if any.
    async fn overhear(
        &self,
        input: &Payload,
        expected: &str,
    ) -> Result<Option<Vec<u8>>, CheckError> {
        // The program may end without reading its input.
        let _ = self.write_input(input).await;
        let heard = async {
            match self.server.accept().await {
                // Kept, so that only the program can end the connection.
                Ok(connection) => {
                    Ok(self.connection.get_or_init(|| connection).first_words().await)
                }
                Err(WireError::Machine(reason)) => Err(WireError::Machine(reason)),
                Err(_) => Ok(None),
            }
        };
        self.wait(expected, Diagnosis::GoesOnWithRefusedServer, self.or_ends(heard)).await
    }

    /// Gives `payload` on standard input.
    ///
    /// # Errors
    ///
    /// The program does not read it.
    pub async fn give(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected = format!("the program reads {} from standard input", size(payload.len()));
        let given = self.or_ends(self.write_input(payload));
        self.wait(&expected, Diagnosis::InputNotRead, given).await
    }

    /// Expects the program to send `payload` next.
    ///
    /// # Errors
    ///
    /// It sends something else, or nothing.
    pub async fn expect_sent(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected = format!("the server gets the {} of the input", size(payload.len()));
        let sent = self.or_ends(self.receive(payload, 0..payload.len()));
        self.wait(&expected, Diagnosis::InputHeldBack, sent).await
    }

    /// Reads from the connection what should be the bytes `which` of `payload`.
    async fn receive(&self, payload: &Payload, which: Range<u64>) -> Result<(), WireError> {
        let connection = self.connection()?;
        let read = async |buffer: &mut [u8]| connection.read(buffer).await;
        let (kind, cause) = match compare(payload, which, read).await {
            Ok(()) => return Ok(()),
            Err(CompareError::Ended(received)) => {
                let (stream, expected) = (Stream::ToServer, payload.len());
                let kind = FailureKind::ClosedEarly { stream, received, expected };
                let is_first = connection.received() == 0;
                let cause = if is_first {
                    Diagnosis::ClosedWithoutSending
                } else {
                    Diagnosis::InputCutShort
                };
                (kind, cause)
            }
            Err(CompareError::Broken(error)) => (broken(&error), Diagnosis::EndedWithAnswersUnread),
            Err(CompareError::Mismatch(mismatch)) => {
                let cause = if mismatch.is_lossy() {
                    Diagnosis::InputTakenForText
                } else {
                    Diagnosis::InputChanged
                };
                (FailureKind::WrongBytes { difference: mismatch.difference }, cause)
            }
        };
        Err(WireError::new(kind, cause))
    }

    /// Expects the end of what the program sends (FIN), and nothing before it.
    ///
    /// # Errors
    ///
    /// It sends more, or does not close its side.
    pub async fn expect_half_close(&self) -> Result<(), CheckError> {
        let end = async {
            let mut buffer = [0; 64];
            let (kind, cause) = match self.connection()?.read(&mut buffer).await {
                Ok(0) if self.connection()?.was_truncated() => {
                    let observed = "the stream ended (FIN) without close_notify".to_owned();
                    (FailureKind::Property { observed }, Diagnosis::EndWithoutCloseNotify)
                }
                Ok(0) => return Ok(()),
                Ok(count) => {
                    let kind = FailureKind::unexpected(Stream::ToServer, &buffer[..count]);
                    (kind, Diagnosis::SendsBytesOfItsOwn)
                }
                Err(error) => (broken(&error), Diagnosis::ClosesBothSides),
            };
            Err(WireError::new(kind, cause))
        };
        let (expected, cause) = if self.connection.get().is_some_and(Connection::is_secure) {
            (
                "at the end of its input, the program sends close_notify and keeps reading",
                Diagnosis::NoCloseNotify,
            )
        } else {
            (
                "at the end of its input, the program half-closes (FIN) and keeps reading",
                Diagnosis::NoHalfClose,
            )
        };
        self.wait(expected, cause, self.or_ends(end)).await
    }

    /// Makes the server send `payload`.
    ///
    /// # Errors
    ///
    /// The program does not read it.
    pub async fn answer(&self, payload: &Payload) -> Result<(), CheckError> {
        let send = async { self.connection()?.send(payload).await };
        let expected = format!("the program reads {} from the server", size(payload.len()));
        self.wait(&expected, Diagnosis::AnswerNotRead, self.or_ends(send)).await
    }

    /// Gives `input` and its end. The server reads a first part, sends all of `answer`, then reads the rest and closes.
    /// The program must print the answer at the same time.
    ///
    /// # Errors
    ///
    /// The program sends or prints something else, or not everything.
    pub async fn expect_flow(&self, input: &Payload, answer: &Payload) -> Result<(), CheckError> {
        /// How much the server reads before it writes, in bytes.
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
        let expected = format!(
            "the server gets all {input} of input, and the program prints the answer of {answer}"
        );
        self.wait(&expected, Diagnosis::OneDirectionAtATime, self.or_ends(all)).await
    }

    /// Expects the program to print `payload` next.
    ///
    /// # Errors
    ///
    /// It prints something else, or nothing.
    pub async fn expect_printed(&self, payload: &Payload) -> Result<(), CheckError> {
        let expected =
            format!("the program prints the {} that the server sent", size(payload.len()));
        self.wait(&expected, Diagnosis::AnswerHeldBack, self.read_output(payload)).await
    }

    async fn read_output(&self, payload: &Payload) -> Result<(), WireError> {
        let read = async |buffer: &mut [u8]| self.read_printed(buffer).await;
        let (kind, cause) = match compare(payload, 0..payload.len(), read).await {
            Ok(()) => return Ok(()),
            Err(CompareError::Ended(received)) => {
                let (stream, expected) = (Stream::StandardOutput, payload.len());
                let kind = FailureKind::ClosedEarly { stream, received, expected };
                (kind, Diagnosis::EndsBeforeAllIsPrinted)
            }
            Err(CompareError::Broken(error)) => {
                return Err(WireError::Machine(format!("cannot read standard output: {error}")));
            }
            Err(CompareError::Mismatch(mismatch)) => {
                let cause = if mismatch.is_lossy() {
                    Diagnosis::AnswerTakenForText
                } else {
                    Diagnosis::PrintsSomethingElseThanTheAnswer
                };
                (FailureKind::WrongBytes { difference: mismatch.difference }, cause)
            }
        };
        Err(WireError::new(kind, cause))
    }

    /// Waits until the program has read everything that the server sent.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn expect_taken(&self) -> Result<(), CheckError> {
        let ports = match self.connection() {
            Ok(connection) => connection.ports,
            Err(_) => return Ok(()),
        };
        let endpoint = self.server.endpoint();
        let taken = || Ok(endpoint.connections().is_fully_read(ports).then_some(()));
        if self.process.poll_until(taken).await?.is_none() {
            let failure = Failure::property("the program does not read it")
                .expecting("the program reads what the server sends")
                .because_of(self.unread().map(Into::into));
            return Err(self.process.fail(failure).await);
        }
        Ok(())
    }

    /// Expects the program to end with `status` without printing more; if `status` is a failure, with one line `error: …`
    /// on standard error.
    ///
    /// # Errors
    ///
    /// It does not.
    pub async fn expect_exit(&self, status: i32) -> Result<(), CheckError> {
        let expected = match status {
            0 => "the program ends with status 0".to_owned(),
            _ => format!("the program ends with status {status} and one line `error: …`"),
        };
        let (listens, has_input) = (self.server.is_listening(), self.input.borrow().is_some());
        let cause = why_it_continues(listens, self.vanished.get(), has_input);
        let ends = self.wait(&expected, cause, self.end_in_silence());
        let found = match ends.await? {
            Some(ProcessEnd::Ended(found)) => found,
            Some(ProcessEnd::Refused(reason) | ProcessEnd::Unable(reason)) => {
                return Err(CheckError::Inconclusive(reason));
            }
            None => {
                let failure =
                    Failure::property("the program killed the process that supervises it");
                return Err(self.process.fail(failure.expecting(expected)).await);
            }
        };
        if found != ExitStatus::Status(status) {
            let cause = match found {
                ExitStatus::Status(0) if !self.server.is_listening() => {
                    Diagnosis::RefusalTakenForTheEnd
                }
                _ => Diagnosis::of_client_end(found, status),
            };
            let kind = FailureKind::WrongStatus { status: found };
            let failure = Failure::new(kind).expecting(expected).because(cause);
            return Err(self.process.fail(failure).await);
        }
        let lines = self.process.stderr().lines_with("error: ");
        if status != 0 && lines != 1 {
            let observed = match self.process.stderr().total() {
                0 => "nothing on standard error".to_owned(),
                _ => format!("{lines} lines on standard error that begin with `error: `"),
            };
            let failure = Failure::property(observed).expecting(expected);
            return Err(self.process.fail(failure.because(Diagnosis::ErrorNotPrinted)).await);
        }
        Ok(())
    }

    /// Waits for the end of the program, which must print nothing more.
    async fn end_in_silence(&self) -> Result<Option<ProcessEnd>, WireError> {
        let more = |bytes: &[u8]| {
            let kind = FailureKind::unexpected(Stream::StandardOutput, bytes);
            WireError::new(kind, Diagnosis::PrintsMore)
        };
        let prints = async {
            let mut buffer = [0; 64];
            match self.read_printed(&mut buffer).await {
                Ok(0) | Err(_) => std::future::pending().await,
                Ok(count) => more(&buffer[..count]),
            }
        };
        let ends = async {
            let end = self.process.end_of_first().await;
            // The last output is in the pipe by now.
            let mut buffer = [0; 64];
            match rustix::io::read(&self.output, &mut buffer) {
                Ok(0) | Err(_) => Ok(end),
                Ok(count) => {
                    self.journal.output(&buffer[..count]);
                    Err(more(&buffer[..count]))
                }
            }
        };
        tokio::select! {
            biased;
            error = prints => Err(error),
            end = ends => end,
        }
    }
}

/// The most likely reason why a program that should end does not, depending on whether the server listens, whether it
/// has broken the connection, and whether standard input is open.
fn why_it_continues(listens: bool, vanished: bool, has_input: bool) -> Diagnosis {
    if !listens {
        Diagnosis::KeepsConnecting
    } else if vanished && has_input {
        Diagnosis::WaitsForInputOfABrokenConnection
    } else if vanished {
        Diagnosis::OutlivesABrokenConnection
    } else {
        Diagnosis::OutlivesTheServer
    }
}

fn broken(error: &std::io::Error) -> FailureKind {
    let (phase, reason) = (None, error.to_string());
    FailureKind::ConnectionBroken { phase, reason, tls: false, traffic: None }
}

/// Sets `cause` if the program does not end, or ends with the wrong status.
fn ended_wrong(error: CheckError, cause: Diagnosis) -> CheckError {
    error.amend(|failure| {
        let is_status = matches!(failure.kind, FailureKind::WrongStatus { .. });
        if is_status || failure.is_unanswered() {
            failure.cause = Some(cause.into());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_client_continues_depends_on_the_server_the_connection_and_the_input() {
        for (has_input, vanished) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(why_it_continues(false, vanished, has_input), Diagnosis::KeepsConnecting);
        }
        let broken = |has_input| why_it_continues(true, true, has_input);
        assert_eq!(broken(true), Diagnosis::WaitsForInputOfABrokenConnection);
        assert_eq!(broken(false), Diagnosis::OutlivesABrokenConnection);
        let closed = |has_input| why_it_continues(true, false, has_input);
        assert_eq!(
            (closed(true), closed(false)),
            (Diagnosis::OutlivesTheServer, Diagnosis::OutlivesTheServer)
        );
    }
}
