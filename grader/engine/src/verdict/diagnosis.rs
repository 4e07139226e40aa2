//! The likely causes that follow from what the kernel shows, in any lab.

use std::net::SocketAddr;

use serde::Serialize;

use super::exit::ExitStatus;

/// A likely cause. Its text is in `verdict::text`, in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "kebab-case")]
pub enum Diagnosis {
    // Why a server does not answer a client.
    /// Nothing is known about the client; the threads may show why.
    SeeThreads,
    /// Clients wait in the listen queue.
    WaitsInBacklog {
        clients: usize,
        busy: BusyElsewhere,
    },
    /// The client has not been accepted.
    NotAccepted {
        busy: BusyElsewhere,
    },
    /// Input of the client is unread while the thread that serves it writes to it.
    WritesBeforeReading {
        unread: u64,
    },
    /// Input of the client is unread while the program is blocked in select, poll or epoll_wait.
    NotWatched {
        unread: u64,
    },
    /// Input of the client is unread while the only thread is blocked in accept.
    OnlyAccepts {
        unread: u64,
    },
    /// Input of the client is unread, and no thread reads.
    NobodyReads {
        unread: u64,
    },
    /// Input of the client is unread while threads do something else.
    Unread {
        unread: u64,
        busy: BusyElsewhere,
    },
    /// The program has read everything and is blocked in read.
    WaitsForMoreInput,
    /// The program has seen the end of the input but keeps the socket.
    KeepsClosedSocket,
    /// The program keeps a connection open that it must close.
    KeepsConnectionOpen,
    /// One thread is blocked in write while others wait for a lock.
    LockHeldOverWrite,
    /// The program has read everything, and no thread is serving the client.
    ClientForgotten,
    /// The check as a whole takes too long.
    TooSlow,

    // What happened to a connection.
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
    /// One of its threads or tasks panicked.
    Panicked,
    EndedBeforeListening,
    DiedOfSigpipe,
    Died,
    EndedAsIfDone,
    ErrorReachedMain,

    // What a server does instead of saying where it listens.
    NotExecutable,
    /// The first line of a script names an interpreter that does not exist.
    InterpreterMissing {
        interpreter: String,
    },
    /// The first line of a script ends with a carriage return.
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

    // What a client program does instead of what it should.
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
    /// One is blocked in read, for another client.
    Reading,
    /// One is blocked in write, for another client.
    Writing,
    /// They wait for each other.
    Locked,
    /// One is in a timed sleep.
    Sleeping,
    /// One is blocked in select, poll or epoll_wait, which does not watch the listener.
    Selecting,
    /// The same, but an epoll set watches the listener with EPOLLET.
    EdgeMissed,
    /// One waits for a child process.
    WaitingForChild,
    /// One runs.
    Running,
    /// None of these.
    NotAccepting,
}

impl Diagnosis {
    /// Why a server ended without being asked to.
    #[must_use]
    pub fn of_server_end(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Signal(libc::SIGPIPE) => Self::DiedOfSigpipe,
            ExitStatus::Signal(_) => Self::Died,
            ExitStatus::Status(0) => Self::EndedAsIfDone,
            ExitStatus::Status(_) => Self::ErrorReachedMain,
        }
    }

    /// Why a client program ended with a status other than `expected`.
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
    /// The status after a panic in `main`.
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
