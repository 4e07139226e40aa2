//! The text of each diagnosis, in one table.

use course::text::size;

use crate::verdict::diagnosis::{BusyElsewhere, Diagnosis};

impl BusyElsewhere {
    fn text(self) -> &'static str {
        match self {
            Self::Reading => {
                "the thread that should do it is busy with another client: asleep in read until that one \
                 sends"
            }
            Self::Writing => {
                "the thread that should do it is busy with another client: asleep in write until that \
                 one reads"
            }
            Self::Locked => {
                "the program's threads wait for one another: for a lock, a condition variable, a join"
            }
            Self::Sleeping => "a thread sleeps for a time (nanosleep) instead",
            Self::Selecting => {
                "the program sleeps in a call that waits for many sockets, the listener not among them"
            }
            Self::EdgeMissed => {
                "the program sleeps in epoll_wait, which watches the listener with EPOLLET: such an event is reported \
                 once for all clients that wait by then. Accept until EAGAIN"
            }
            Self::WaitingForChild => {
                "the process that should do it waits for a child process (wait4)"
            }
            Self::Running => {
                "a thread of the program is running instead. In an event loop: does the event reach this client? Check \
                 its token, its index in the list, and the interest"
            }
            Self::NotAccepting => "no thread is in accept",
        }
    }
}

impl Diagnosis {
    /// The cause in a sentence or two.
    #[must_use]
    pub fn text(&self) -> String {
        let text = match self {
            // Servers, and connections to them.
            Self::WaitsInBacklog { clients, busy } => return waiting(*clients, *busy),
            Self::NotAccepted { busy } => {
                return format!("this client is not accepted yet, and {}", busy.text());
            }
            Self::WritesBeforeReading { unread } => {
                return format!(
                    "{} of this client wait to be read while the thread writes to it",
                    size(*unread)
                );
            }
            Self::NotWatched { unread } => {
                return unread_because(
                    *unread,
                    "the program sleeps in a call that waits for many sockets: not for input on this one",
                );
            }
            Self::OnlyAccepts { unread } => {
                return unread_because(*unread, "the program's one thread sleeps in accept");
            }
            Self::NobodyReads { unread } => return unread_because(*unread, "no thread reads it"),
            Self::Unread { unread, busy } => return unread_because(*unread, busy.text()),
            Self::NothingListens { address } => {
                return format!(
                    "nothing accepts connections on {address} any more: has the program ended, \
                     or was the listener dropped?"
                );
            }
            Self::LineNotExact { line } => {
                return format!(
                    "it is to be exactly `{line} on 127.0.0.1:PORT`, with the address as numbers"
                );
            }
            Self::LineOutOfPlace { line } => {
                return format!(
                    "the line `{line} on 127.0.0.1:PORT` has its place, and this is another one"
                );
            }
            Self::SeeThreads => "see what the threads below wait for",
            Self::WaitsForMoreInput => {
                "the program has read all that was sent and sleeps in read until more comes: does \
                 it wait for a newline, a full buffer or the end before it answers? What one read \
                 returned is to be written back at once"
            }
            Self::KeepsClosedSocket => {
                "the program has seen the end of the client's input and keeps the socket open. It \
                 closes when the stream and every clone of it are dropped: is one kept in a list, \
                 or in a thread that does not end?"
            }
            Self::KeepsConnectionOpen => {
                "the program keeps the connection open: it still waits for something, or something still owns the \
                 stream (a clone, a list, a task that does not end)"
            }
            Self::LockHeldOverWrite => {
                "the program has read all that was sent. One thread sleeps in write, until its \
                 client reads, and others wait for a thread (futex): is a lock held over that write?"
            }
            Self::ClientForgotten => {
                "the program has read all that was sent, and no thread writes or reads this client any more"
            }
            Self::TooSlow => "the program answers, but far too slowly",
            Self::ClosedAtOnce => "the program closed the connection at once, with a reset",
            Self::TlsSessionEnded => {
                "the program has ended the session with an alert, or what it sends is no TLS"
            }
            Self::ClosedWithUnreadInput => {
                "the program closed the connection with input unread, or it ended: a close with \
                 unread input sends RST instead of FIN (RFC 2525, section 2.17)"
            }
            Self::HandshakeAbandoned => {
                "the program gave up in the handshake: an error in accept or connect, a panic, or a limit that \
                 is too short"
            }
            Self::HandshakeDisagreed => {
                "the two could not agree: on a version, or on who the other is"
            }
            Self::StopsTooEarly => {
                "the program stops too early. It has to read again after each answer, until read returns \
                 0; and only when all is written may it close"
            }
            Self::WritesMoreThanAsked => {
                "the program writes more than it was asked for, or writes something twice"
            }
            Self::EndedWhileDraining => {
                "it ended while somebody was still to be answered: when `main` returns, the \
                 runtime drops all tasks where they are, and the kernel closes their sockets"
            }
            Self::Panicked => {
                "the program panicked, see its last words: a panic ends its thread or task, and with it the client that \
                 it serves"
            }
            Self::EndedBeforeListening => {
                "the program ended before it said where it listens: its last words and its status may tell why"
            }
            Self::DiedOfSigpipe => {
                "the program died of SIGPIPE: it wrote to a connection that the client had closed. Ignore \
                 that signal (Rust's std does) and take EPIPE as the end of this client"
            }
            Self::Died => "the program died; its last words may tell of what",
            Self::EndedAsIfDone => {
                "the program ended by itself, as if all were done: a server's loop goes on after each client"
            }
            Self::ErrorReachedMain => {
                "an error or a panic reached `main`, see its last words. What concerns one client, or one \
                 accept, must not end the server"
            }
            Self::NotExecutable => "check the command: the first word must be an executable",
            Self::InterpreterMissing { interpreter } => {
                return format!(
                    "the first line of this script names `{interpreter}`, which does not exist on this machine: install \
                     it, or correct the line"
                );
            }
            Self::InterpreterWithCarriageReturn => {
                "the first line of this script ends with a carriage return (\\r\\n), which becomes part of the \
                 interpreter's name: save the file with \\n as line end"
            }
            Self::ForeignExecutable => {
                "this machine cannot execute the file: it was built for another one, or it is a script without `#!`"
            }
            Self::BindsAnotherAddress => {
                "bind the address that was asked for, 127.0.0.1:0, and print what `local_addr` says: the \
                 port that the kernel chose"
            }
            Self::PrintsSomethingElse => {
                "something else is printed instead: logs go to standard error (eprintln!)"
            }
            Self::LineNotFlushed => "the line ends with a newline, and is flushed with it",
            Self::ListensSilently => {
                "the program listens and waits for clients, but its line has not come through the pipe: print \
                 it after binding and flush standard output"
            }
            Self::WaitsBeforeListening => {
                "the program waits for something before it listens; see below where"
            }
            Self::ListensTooLate => "the program does something else first, for too long",
            Self::AnnouncesAnotherAddress => {
                "print what `local_addr` of the listener says, after it was bound"
            }
            Self::LeavesStreamsOpen => {
                "one way in which a client may end leaves its stream open: is it kept in a list, in \
                 a clone, or in a thread that waits for something else?"
            }
            // Client programs.
            Self::ServerBytesUnread { unread } => {
                return format!(
                    "{} that the server sent lie unread in the program's socket: it does not read while \
                     it waits for its input, or while it writes. The two directions go on side by side: \
                     a task for each, or two futures under one select! or join!, and no write awaited \
                     inside a branch",
                    size(*unread)
                );
            }
            Self::StandardInputUnread { unread } => {
                return format!(
                    "{} lie unread in the program's standard input: it waits for something else",
                    size(*unread)
                );
            }
            Self::DoesSomethingElseFirst => {
                "it does something else first: see below what it waits for"
            }
            Self::ServerNotVerified => {
                "the certificate was not verified, or only after the input was sent: who the \
                 server is has to be known before anything is said to it"
            }
            Self::HandshakeErrorIgnored => {
                "the handshake has failed, and that is an error: the client has to return it, at once"
            }
            Self::RefusalIgnored => {
                "the server's alert says that it refuses this client; it comes in the handshake or at the \
                 first read, and is an error: the client has to return it"
            }
            Self::GoesOnWithRefusedServer => {
                "the program goes on with a server that it has to refuse: it waits for its input, \
                 or for an answer"
            }
            Self::InputNotRead => {
                "the program does not read its input: it waits for something else"
            }
            Self::InputHeldBack => {
                "the program has taken all of the input, and holds it back: for a newline, for the end of \
                 the input, or in a buffer that is not flushed"
            }
            Self::ClosedWithoutSending => {
                "the program closed its first connection without sending any of the input. Everything, including the \
                 certificate, is judged on that one connection"
            }
            Self::InputCutShort => {
                "the rest of the input was not sent: what was read last has to go out before the end"
            }
            Self::EndedWithAnswersUnread => {
                "the program has ended, or dropped the connection, with answers unread"
            }
            Self::InputTakenForText => {
                "the input was taken for text (from_utf8_lossy): a byte that is not UTF-8 became \
                 EF BF BD, U+FFFD"
            }
            Self::InputChanged => {
                "the server is to get the input's bytes unchanged: line ends stay as they are"
            }
            Self::EndWithoutCloseNotify => {
                "without close_notify nobody can tell this end from one that somebody else \
                 has made: shut down the TLS stream, not only the socket below it"
            }
            Self::SendsBytesOfItsOwn => {
                "the program sends bytes of its own: a newline, perhaps, after the last \
                 line, which had none"
            }
            Self::ClosesBothSides => {
                "at the end of the input the program is to shut down its sending side \
                 only, and to read on"
            }
            Self::NoCloseNotify => {
                "at the end of its input the program has to say so: shut down the TLS stream, or its half \
                 for writing. The server then reads 0 bytes, and knows that nothing more comes"
            }
            Self::NoHalfClose => {
                "at the end of its input the program has to shut down its sending side: the server then \
                 reads 0 bytes, and knows that nothing more comes"
            }
            Self::AnswerNotRead => {
                "the program does not read what the server sends: it waits for something else"
            }
            Self::OneDirectionAtATime => {
                "one direction waits for the other: they go on side by side, a task for each. A loop \
                 around select! does not read while one of its branches awaits a write"
            }
            Self::AnswerHeldBack => {
                "the program has read all that the server sent, and holds it back: for a newline, for the \
                 end, or in a buffer that is not flushed"
            }
            Self::EndsBeforeAllIsPrinted => {
                "the program ends before all is printed: it has to read until the server closes, and \
                 to flush standard output before it exits"
            }
            Self::AnswerTakenForText => {
                "what the server sent was taken for text (from_utf8_lossy): a byte that is not \
                 UTF-8 became EF BF BD, U+FFFD"
            }
            Self::PrintsSomethingElseThanTheAnswer => {
                "what comes from the server is to be printed unchanged, and nothing else: notices \
                 for the user go to standard error"
            }
            Self::PrintsMore => {
                "standard output is for what the server sends; notices and errors go to standard \
                 error (eprintln!)"
            }

            // How client programs end.
            Self::KeepsConnecting => {
                "that nobody listens is an answer, and a final one: return the error instead of trying again"
            }
            Self::WaitsForInputOfABrokenConnection => {
                "the connection is broken, and the program goes on waiting for its input: whichever direction \
                 ends with an error ends the program (select! or try_join!, where join! waits for both)"
            }
            Self::OutlivesABrokenConnection => {
                "the connection is broken, and the program does not end"
            }
            Self::OutlivesTheServer => {
                "the server has closed its side, too, and the program goes on: once read gives 0, all is said, \
                 and it is to end"
            }
            Self::RefusalTakenForTheEnd => {
                "that nobody listens is an error: the client has to return it"
            }
            Self::ClientDiedOfSigpipe => {
                "the program died of SIGPIPE: it wrote to a connection that is over. Ignore that signal \
                 (Rust's std does) and report the error"
            }
            Self::ClientDied => "the program died: see its last words",
            Self::ErrorTakenForTheEnd => {
                "an error was taken for the end: a reset (ECONNRESET, EPIPE) is no clean end of the stream, \
                 so the client has to return it. The kernel tells of it once: where the write has got the \
                 error, the read may only see 0"
            }
            Self::EndTakenForAnError => {
                "a clean end was taken for an error: the server closed after the program had half-closed"
            }
            Self::AnotherStatus => "another status than the one that is asked for",
            Self::ErrorNotPrinted => "the client is to return the error, and `main` to print it",
            Self::StandardInputClosed => {
                "the program has closed its standard input, or ended, before the input did"
            }
            Self::EndedTooEarly => {
                "the program ended too early: its last words and its status may tell why"
            }
            Self::OutputPipeFull => {
                "the program prints what the server did not send, and standard output takes only so much that \
                 nobody reads"
            }
        };
        text.to_owned()
    }
}

/// What keeps clients that wait in the listener's queue.
fn waiting(clients: usize, busy: BusyElsewhere) -> String {
    let waiting = match clients {
        1 => "a client waits".to_owned(),
        many => format!("{many} clients wait"),
    };
    format!("{waiting} in the listener's queue, and {}", busy.text())
}

fn unread_because(unread: u64, why: &str) -> String {
    format!("{} of this client lie unread in its socket, and {why}", size(unread))
}
