//! The likely causes that follow from what the kernel shows, whatever the lab.

use std::net::SocketAddr;

use serde::Serialize;

use super::exit::ExitStatus;

/// A likely cause. Its text is in `verdict::text`, in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "kebab-case")]
pub enum Diagnosis {
    // Why a server does not answer a client.
    /// Nothing is known of the client; the threads may tell.
    SeeThreads,
    /// Clients wait in the listener's queue.
    WaitsInBacklog {
        clients: usize,
        busy: BusyElsewhere,
    },
    /// The client is not accepted.
    NotAccepted {
        busy: BusyElsewhere,
    },
    /// Bytes of the client wait while the thread that serves it writes to it.
    WritesBeforeReading {
        unread: u64,
    },
    /// Bytes of the client wait while the program sleeps in a call that waits for many sockets.
    NotWatched {
        unread: u64,
    },
    /// Bytes of the client wait while the only thread sleeps in accept.
    OnlyAccepts {
        unread: u64,
    },
    /// Bytes of the client wait and no thread reads.
    NobodyReads {
        unread: u64,
    },
    /// Bytes of the client wait while threads do something else.
    Unread {
        unread: u64,
        busy: BusyElsewhere,
    },
    /// The program has read everything and sleeps in read.
    WaitsForMoreInput,
    /// The program has seen the end of the input and keeps the socket.
    KeepsClosedSocket,
    /// The program keeps a connection open that it is to close.
    KeepsConnectionOpen,
    /// One thread sleeps in write while others wait for a lock.
    LockHeldOverWrite,
    /// The program has read everything, and no thread works for the client.
    ClientForgotten,
    /// The check as a whole takes too long.
    TooSlow,

    // What a connection met.
    ClosedAtOnce,
    NothingListens {
        address: SocketAddr,
    },
    TlsSessionEnded,
    ClosedWithUnreadInput,
    HandshakeAbandoned,
    HandshakeDisagreed,
    StopsTooEarly,
    WritesMoreThanAsked,

    // How a server ended.
    EndedWhileDraining,
    /// A thread or task of it panicked.
    Panicked,
    EndedBeforeListening,
    DiedOfSigpipe,
    Died,
    EndedAsIfDone,
    ErrorReachedMain,

    // What a server does instead of saying where it listens.
    NotExecutable,
    /// A script's first line names it.
    InterpreterMissing {
        interpreter: String,
    },
    /// Its first line ends with a carriage return.
    InterpreterWithCarriageReturn,
    ForeignExecutable,
    BindsAnotherAddress,
    LineNotExact {
        line: String,
    },
    LineOutOfPlace {
        line: String,
    },
    PrintsSomethingElse,
    LineNotFlushed,
    ListensSilently,
    WaitsBeforeListening,
    ListensTooLate,
    AnnouncesAnotherAddress,

    // What a client program does instead of its part.
    DoesSomethingElseFirst,
    ServerNotVerified,
    HandshakeErrorIgnored,
    RefusalIgnored,
    GoesOnWithRefusedServer,
    InputNotRead,
    InputHeldBack,
    InputCutShort,
    ClosedWithoutSending,
    EndedWithAnswersUnread,
    InputTakenForText,
    InputChanged,
    EndWithoutCloseNotify,
    SendsBytesOfItsOwn,
    ClosesBothSides,
    NoCloseNotify,
    NoHalfClose,
    AnswerNotRead,
    OneDirectionAtATime,
    AnswerHeldBack,
    EndsBeforeAllIsPrinted,
    AnswerTakenForText,
    PrintsSomethingElseThanTheAnswer,
    PrintsMore,
    KeepsConnecting,
    WaitsForInputOfABrokenConnection,
    OutlivesABrokenConnection,
    OutlivesTheServer,
    RefusalTakenForTheEnd,
    ClientDiedOfSigpipe,
    ClientDied,
    ErrorTakenForTheEnd,
    EndTakenForAnError,
    AnotherStatus,
    ErrorNotPrinted,
    StandardInputClosed,
    EndedTooEarly,
    OutputPipeFull,
    ServerBytesUnread {
        unread: u64,
    },
    StandardInputUnread {
        unread: u64,
    },

    // What is left behind.
    LeavesStreamsOpen,
}

/// What the program's threads do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BusyElsewhere {
    /// One sleeps in read, for another client.
    Reading,
    /// One sleeps in write, for another client.
    Writing,
    /// They wait for one another.
    Locked,
    /// One sleeps for a time.
    Sleeping,
    /// One sleeps in a call that waits for many sockets, the listener not among them.
    Selecting,
    /// The same, and an epoll set watches the listener with EPOLLET.
    EdgeMissed,
    /// One waits for a child process.
    WaitingForChild,
    /// One runs.
    Running,
    /// None of these.
    NotAccepting,
}

impl Diagnosis {
    /// Why a server ended by itself.
    #[must_use]
    pub fn of_server_end(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Signal(libc::SIGPIPE) => Self::DiedOfSigpipe,
            ExitStatus::Signal(_) => Self::Died,
            ExitStatus::Status(0) => Self::EndedAsIfDone,
            ExitStatus::Status(_) => Self::ErrorReachedMain,
        }
    }

    /// Why a client program ended with another status than `expected`.
    #[must_use]
    pub fn of_client_end(status: ExitStatus, expected: i32) -> Self {
        match (status, expected) {
            (ExitStatus::Signal(libc::SIGPIPE), _) => Self::ClientDiedOfSigpipe,
            (ExitStatus::Signal(_) | ExitStatus::Status(101), _) => Self::ClientDied,
            (ExitStatus::Status(0), _) => Self::ErrorTakenForTheEnd,
            (ExitStatus::Status(_), 0) => Self::EndTakenForAnError,
            (ExitStatus::Status(_), _) => Self::AnotherStatus,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: ExitStatus = ExitStatus::Signal(libc::SIGPIPE);
    const ABORT: ExitStatus = ExitStatus::Signal(libc::SIGABRT);
    /// What a panic in `main` ends with.
    const PANIC: ExitStatus = ExitStatus::Status(101);

    #[test]
    fn the_end_of_a_server_is_explained_by_its_status() {
        let cause = Diagnosis::of_server_end;
        assert_eq!(cause(PIPE), Diagnosis::DiedOfSigpipe);
        assert_eq!(cause(ABORT), Diagnosis::Died);
        assert_eq!(cause(ExitStatus::Status(0)), Diagnosis::EndedAsIfDone);
        assert_eq!(cause(ExitStatus::Status(1)), Diagnosis::ErrorReachedMain);
        assert_eq!(cause(PANIC), Diagnosis::ErrorReachedMain);
    }

    #[test]
    fn the_end_of_a_client_is_explained_by_both_statuses() {
        let cause = Diagnosis::of_client_end;
        assert_eq!(cause(PIPE, 0), Diagnosis::ClientDiedOfSigpipe);
        assert_eq!(cause(PIPE, 1), Diagnosis::ClientDiedOfSigpipe);
        assert_eq!(cause(ABORT, 1), Diagnosis::ClientDied);
        assert_eq!(cause(PANIC, 0), Diagnosis::ClientDied);
        assert_eq!(cause(ExitStatus::Status(0), 1), Diagnosis::ErrorTakenForTheEnd);
        assert_eq!(cause(ExitStatus::Status(1), 0), Diagnosis::EndTakenForAnError);
        assert_eq!(cause(ExitStatus::Status(2), 1), Diagnosis::AnotherStatus);
    }
}
