//! The text of each diagnosis, in one table.

use course::text::size;

use crate::verdict::diagnosis::{BusyElsewhere, Diagnosis};

impl BusyElsewhere {
    fn text(self) -> &'static str {
        match self {
            Self::Reading => {
                "the responsible thread is blocked in read until another client sends data"
            }
            Self::Writing => {
                "the responsible thread is blocked in write until another client reads"
            }
            Self::Locked => {
                "the program's threads are waiting for each other, on a lock, a condition \
                 variable or a join"
            }
            Self::Sleeping => "a thread is in a timed sleep (nanosleep)",
            Self::Selecting => {
                "the program is blocked in select, poll or epoll_wait and does not watch the \
                 listener"
            }
            Self::EdgeMissed => {
                "the program is blocked in epoll_wait and watches the listener with EPOLLET, so \
                 a single event may stand for several waiting clients. Accept until EAGAIN"
            }
            Self::WaitingForChild => {
                "the responsible process is waiting for a child process (wait4)"
            }
            Self::Running => {
                "a thread of the program is running. In an event loop, check whether events reach \
                 this client: its token, its index in the list or its interest may be wrong"
            }
            Self::NotAccepting => "no thread is in accept",
        }
    }
}

impl Diagnosis {
    /// The cause in one or two sentences.
    #[must_use]
    pub fn text(&self) -> String {
        let text = match self {
            // Servers, and connections to them.
            Self::WaitsInBacklog { clients, busy } => return waiting(*clients, *busy),
            Self::NotAccepted { busy } => {
                return format!("this client has not been accepted yet, and {}", busy.text());
            }
            Self::WritesBeforeReading { unread } => {
                return format!(
                    "the thread is blocked writing to this client, whose socket holds {} of unread \
                     input",
                    size(*unread)
                );
            }
            Self::NotWatched { unread } => {
                return unread_because(
                    *unread,
                    "the program is blocked in select, poll or epoll_wait. Either it does not \
                     watch this socket for input, or EPOLLET has already reported this input: \
                     read until EAGAIN",
                );
            }
            Self::OnlyAccepts { unread } => {
                return unread_because(*unread, "the program's only thread is blocked in accept");
            }
            Self::NobodyReads { unread } => return unread_because(*unread, "no thread reads it"),
            Self::Unread { unread, busy } => return unread_because(*unread, busy.text()),
            Self::NothingListens { address } => {
                return format!(
                    "nothing is listening on {address} any more. Has the program ended, or was \
                     the listener dropped?"
                );
            }
            Self::LineNotExact { line } => {
                return format!("print exactly `{line} on 127.0.0.1:PORT`, with a numeric address");
            }
            Self::LineOutOfPlace { line } => {
                return format!(
                    "print the lines in order: this one must be `{line} on 127.0.0.1:PORT`"
                );
            }
            Self::SeeThreads => "the evidence shows what each thread is waiting for",
            Self::WaitsForMoreInput => {
                "the program has read everything that was sent and is blocked in read. Is it \
                 waiting for a newline, a full buffer or the end of file before it answers? \
                 Answer with what a single read returned, without waiting for more"
            }
            Self::KeepsClosedSocket => {
                "the program has seen the end of what the client sent but keeps the socket open. \
                 A socket closes once the stream and all its clones have been dropped. Is one of \
                 them kept in a list, or in a thread that does not end?"
            }
            Self::KeepsConnectionOpen => {
                "the program keeps the connection open: either it is still waiting for something, \
                 or something still owns the stream (a clone, a list, a task that does not end)"
            }
            Self::LockHeldOverWrite => {
                "the program has read everything that was sent. One thread is blocked in write \
                 until its client reads, and others are waiting in futex. Is a lock held across \
                 that write?"
            }
            Self::ClientForgotten => {
                "the program has read everything that was sent, and no thread reads from or \
                 writes to this client any more"
            }
            Self::TooSlow => "the program answers, but far too slowly",
            Self::ClosedAtOnce => {
                "the program closed the connection immediately, with a reset (RST)"
            }
            Self::TlsSessionEnded => {
                "the program ended the session with an alert, or sent something that is not TLS"
            }
            Self::ClosedWithUnreadInput => {
                "the program ended or closed the connection while input was still unread: such a \
                 close sends RST instead of FIN (RFC 2525, section 2.17)"
            }
            Self::HandshakeAbandoned => {
                "the program gave up during the handshake: accept or connect failed, it \
                 panicked, or its time limit is too short"
            }
            Self::HandshakeDisagreed => {
                "client and server could not agree on a version or on each other's identity"
            }
            Self::StopsTooEarly => {
                "the program stops too early. After each answer, read again until read returns 0, \
                 and close only once everything has been written"
            }
            Self::WritesMoreThanAsked => {
                "the program writes more than was asked for, or writes something twice"
            }
            Self::EndedWhileDraining => {
                "the program ended while a client was still waiting for its answer: when `main` \
                 returns, the runtime drops all unfinished tasks, and the kernel closes their \
                 sockets"
            }
            Self::Panicked => {
                "the program panicked (see its last words): a panic ends its thread or task, and \
                 with it the client's connection"
            }
            Self::EndedBeforeListening => {
                "the program ended before it announced its address: its last words and its exit \
                 status may say why"
            }
            Self::DiedOfSigpipe => {
                "SIGPIPE killed the program: it wrote to a connection that the client had closed. \
                 Ignore that signal (Rust's std does) and treat EPIPE as the end of this \
                 connection"
            }
            Self::Died => "a signal killed the program; its last words may say why",
            Self::EndedAsIfDone => {
                "the program ended as if its work were done: a server's loop must continue after \
                 each client"
            }
            Self::ErrorReachedMain => {
                "an error or a panic reached `main` (see its last words). An error on one \
                 connection, or in one accept, must not end the server"
            }
            Self::NotExecutable => "check the command: its first word must be an executable",
            Self::InterpreterMissing { interpreter } => {
                return format!(
                    "the first line of this script names `{interpreter}`, which does not exist on this machine: install \
                     it, or correct the line"
                );
            }
            Self::InterpreterWithCarriageReturn => {
                "the first line of this script ends with a carriage return (\\r\\n), which \
                 becomes part of the interpreter's name: save the file with \\n line endings"
            }
            Self::ForeignExecutable => {
                "this machine cannot execute the file: it was built for a different one, or it \
                 is a script without `#!`"
            }
            Self::BindsAnotherAddress => {
                "bind the requested address, 127.0.0.1:0, and print what `local_addr` returns: it \
                 contains the port that the kernel chose"
            }
            Self::PrintsSomethingElse => {
                "the program prints something else: logs belong on standard error (eprintln!)"
            }
            Self::LineNotFlushed => "end the line with a newline and flush standard output",
            Self::ListensSilently => {
                "the program is listening, but its line has not arrived: print it after binding, \
                 and flush standard output"
            }
            Self::WaitsBeforeListening => {
                "the program waits for something else before it listens; the evidence shows what"
            }
            Self::ListensTooLate => {
                "the program spends too long on something else before it listens"
            }
            Self::AnnouncesAnotherAddress => "print the listener's `local_addr` after binding",
            Self::LeavesStreamsOpen => {
                "the stream stays open after a client has left in one of the possible ways. Is \
                 it, or a clone of it, kept in a list, or in a thread that is waiting for \
                 something else?"
            }
            // Client programs.
            Self::ServerBytesUnread { unread } => {
                return format!(
                    "the program's socket holds {} of unread data from the server: the program \
                     does not read while it is writing or waiting for input. Run both directions \
                     concurrently: each in its own task, or as two futures in one select! or \
                     join!. Do not await a write in the handler of a select! branch",
                    size(*unread)
                );
            }
            Self::StandardInputUnread { unread } => {
                return format!(
                    "the program's standard input holds {} of unread data: the program is waiting \
                     for something else",
                    size(*unread)
                );
            }
            Self::DoesSomethingElseFirst => {
                "the program does something else first; the evidence shows what it is waiting for"
            }
            Self::ServerNotVerified => {
                "the certificate was not verified, or only after input had been sent: verify the \
                 server's identity before sending it anything"
            }
            Self::HandshakeErrorIgnored => {
                "the handshake failed: the client must return that error immediately"
            }
            Self::RefusalIgnored => {
                "the server refuses this client with an alert, which arrives in the handshake or \
                 at the first read. The client must return it as an error"
            }
            Self::GoesOnWithRefusedServer => {
                "the program continues with a server that it must refuse: it is waiting for its \
                 input or for an answer"
            }
            Self::InputNotRead => {
                "the program does not read its input: it is waiting for something else"
            }
            Self::InputHeldBack => {
                "the program has read all of its input but has not sent it: it is waiting for a \
                 newline or the end of the input, or does not flush a buffer"
            }
            Self::ClosedWithoutSending => {
                "the program closed its first connection without sending any input. The grader \
                 judges everything, including the certificate, on that one connection"
            }
            Self::InputCutShort => {
                "the rest of the input was not sent: before closing, send what was read last"
            }
            Self::EndedWithAnswersUnread => {
                "the program ended, or dropped the connection, while answers were still unread"
            }
            Self::InputTakenForText => {
                "the input was decoded as text (from_utf8_lossy): a byte that is not UTF-8 \
                 became EF BF BD, U+FFFD"
            }
            Self::InputChanged => "send the input's bytes unchanged, including line endings",
            Self::EndWithoutCloseNotify => {
                "without close_notify, the server cannot tell this end from a forged one: shut \
                 down the TLS stream, not only the socket below it"
            }
            Self::SendsBytesOfItsOwn => {
                "the program sends bytes that are not in the input: perhaps a newline after the \
                 last line, which had none"
            }
            Self::ClosesBothSides => {
                "at the end of its input, the program must shut down only its sending side, and \
                 keep reading"
            }
            Self::NoCloseNotify => {
                "at the end of its input, the program must shut down the TLS stream or its write \
                 half. The server then reads 0 bytes and knows that nothing more will follow"
            }
            Self::NoHalfClose => {
                "at the end of its input, the program must shut down its sending side. The server \
                 then reads 0 bytes and knows that nothing more will follow"
            }
            Self::AnswerNotRead => {
                "the program does not read what the server sends: it is waiting for something else"
            }
            Self::OneDirectionAtATime => {
                "one direction waits for the other: run them concurrently, each in its own task. \
                 A select! loop does not read while one of its branches awaits a write"
            }
            Self::AnswerHeldBack => {
                "the program has read everything that the server sent but has not printed it: it \
                 is waiting for a newline or the end of the stream, or does not flush a buffer"
            }
            Self::EndsBeforeAllIsPrinted => {
                "the program ends before it has printed everything: read until the server \
                 closes, and flush standard output before exiting"
            }
            Self::AnswerTakenForText => {
                "the server's data was decoded as text (from_utf8_lossy): a byte that is not \
                 UTF-8 became EF BF BD, U+FFFD"
            }
            Self::PrintsSomethingElseThanTheAnswer => {
                "print what the server sends, unchanged, and nothing else: notices for the user \
                 belong on standard error"
            }
            Self::PrintsMore => {
                "standard output is only for what the server sends: notices and errors belong on \
                 standard error (eprintln!)"
            }

            // How client programs end.
            Self::KeepsConnecting => {
                "a refused connection is final: return the error instead of trying \
                 again"
            }
            Self::WaitsForInputOfABrokenConnection => {
                "the connection is broken, but the program is still waiting for its input. An \
                 error in either direction must end the program: use select! or try_join!, \
                 because join! waits for both"
            }
            Self::OutlivesABrokenConnection => {
                "the connection is broken, but the program does not end"
            }
            Self::OutlivesTheServer => {
                "the server has closed its side, too, but the program does not end: it must end \
                 once read returns 0"
            }
            Self::RefusalTakenForTheEnd => {
                "a refused connection is an error: the client must return it"
            }
            Self::ClientDiedOfSigpipe => {
                "SIGPIPE killed the program: it wrote to a closed connection. Ignore that signal \
                 (Rust's std does) and report the error"
            }
            Self::ClientDied => "the program died: see its last words",
            Self::ErrorTakenForTheEnd => {
                "an error was treated as the end: a reset (ECONNRESET, EPIPE) is not a clean end \
                 of the stream, so the client must return it. The kernel reports it only once: \
                 after a write has returned it, a read may return just 0"
            }
            Self::EndTakenForAnError => {
                "a clean end was treated as an error: the server closed after the program had \
                 half-closed"
            }
            Self::AnotherStatus => "the exit status is not the required one",
            Self::ErrorNotPrinted => "the client must return the error, and `main` must print it",
            Self::StandardInputClosed => {
                "the program closed its standard input, or ended, before the end of its input"
            }
            Self::EndedTooEarly => {
                "the program ended too early: its last words and its exit status may say why"
            }
            Self::OutputPipeFull => {
                "the program prints data that the server did not send, and the pipe on its \
                 standard output is full"
            }
        };
        text.to_owned()
    }
}

/// What keeps clients in the listen queue.
fn waiting(clients: usize, busy: BusyElsewhere) -> String {
    let waiting = match clients {
        1 => "a client is waiting".to_owned(),
        many => format!("{many} clients are waiting"),
    };
    format!("{waiting} in the listen queue, and {}", busy.text())
}

fn unread_because(unread: u64, why: &str) -> String {
    format!("this client's socket holds {} of unread input, and {why}", size(unread))
}
