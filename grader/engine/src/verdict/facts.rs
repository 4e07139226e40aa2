//! Infers from what the kernel shows about a server why the server does not answer a client.

use observe::{Syscall, TcpState, Thread, ThreadState};

use super::diagnosis::{BusyElsewhere, Diagnosis};

/// What is known about a server that does not answer a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerFacts {
    pub threads: Vec<Thread>,
    /// Connections in the listen queue.
    pub not_accepted: usize,
    /// Whether an epoll set watches the listener with EPOLLET.
    pub listener_is_edge_triggered: bool,
    /// The program's side of the client's connection, if the kernel shows one.
    pub connection: Option<ConnectionFacts>,
}

/// What is known about the program's side of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionFacts {
    /// The process and the descriptor that hold it; `None` if it has not been accepted yet.
    pub holder: Option<(i32, i32)>,
    pub state: TcpState,
    /// Bytes that the program has not read.
    pub unread: u64,
}

impl ServerFacts {
    /// Whether a thread is blocked in a call that passes `test`.
    fn sleeps_in(&self, test: fn(Syscall) -> bool) -> bool {
        self.threads
            .iter()
            .any(|thread| matches!(thread.state, ThreadState::Blocked(call) if test(call)))
    }

    /// Whether a thread is blocked in a call that passes `test`, on the descriptor of `connection`.
    fn sleeps_on(&self, connection: ConnectionFacts, test: fn(Syscall) -> bool) -> bool {
        let Some((pid, descriptor)) = connection.holder else { return false };
        self.threads.iter().any(|thread| match thread.state {
            ThreadState::Blocked(call) => {
                test(call) && thread.pid == pid && call.descriptor() == Some(descriptor)
            }
            ThreadState::Running => false,
        })
    }

    /// What the threads that should serve the client do instead.
    fn busy(&self) -> BusyElsewhere {
        if self.sleeps_in(Syscall::waits_for_child) {
            BusyElsewhere::WaitingForChild
        } else if self.sleeps_in(Syscall::reads) {
            BusyElsewhere::Reading
        } else if self.sleeps_in(Syscall::writes) {
            BusyElsewhere::Writing
        } else if self.sleeps_in(Syscall::waits_for_thread) {
            BusyElsewhere::Locked
        } else if self.sleeps_in(Syscall::sleeps) {
            BusyElsewhere::Sleeping
        } else if self.sleeps_in(Syscall::waits_for_many) && self.listener_is_edge_triggered {
            BusyElsewhere::EdgeMissed
        } else if self.sleeps_in(Syscall::waits_for_many) {
            BusyElsewhere::Selecting
        } else if self.threads.iter().any(|thread| thread.state == ThreadState::Running) {
            BusyElsewhere::Running
        } else {
            BusyElsewhere::NotAccepting
        }
    }

    /// What keeps the server from answering the client.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        let Some(connection) = self.connection else {
            return match self.not_accepted {
                0 => Diagnosis::SeeThreads,
                clients => Diagnosis::WaitsInBacklog { clients, busy: self.busy() },
            };
        };
        if connection.holder.is_none() {
            return Diagnosis::NotAccepted { busy: self.busy() };
        }
        if connection.unread > 0 {
            return self.diagnose_unread(connection);
        }
        if self.sleeps_on(connection, Syscall::reads) {
            Diagnosis::WaitsForMoreInput
        } else if connection.state == TcpState::CloseWait {
            Diagnosis::KeepsClosedSocket
        } else if self.sleeps_in(Syscall::waits_for_thread) && self.sleeps_in(Syscall::writes) {
            Diagnosis::LockHeldOverWrite
        } else {
            Diagnosis::ClientForgotten
        }
    }

    /// Why the server does not close the client's connection.
    #[must_use]
    pub fn diagnose_open(&self) -> Diagnosis {
        match self.connection {
            Some(connection) if connection.holder.is_some() && connection.unread == 0 => {
                match connection.state {
                    TcpState::CloseWait => Diagnosis::KeepsClosedSocket,
                    _ => Diagnosis::KeepsConnectionOpen,
                }
            }
            _ => self.diagnose(),
        }
    }

    /// The same for a client whose input is unread.
    fn diagnose_unread(&self, connection: ConnectionFacts) -> Diagnosis {
        let unread = connection.unread;
        let selects = self.sleeps_in(Syscall::waits_for_many);
        let accepts = self.sleeps_in(Syscall::accepts) || selects;
        if self.sleeps_on(connection, Syscall::writes) {
            Diagnosis::WritesBeforeReading { unread }
        } else if selects {
            Diagnosis::NotWatched { unread }
        } else if accepts && self.threads.len() == 1 {
            Diagnosis::OnlyAccepts { unread }
        } else if accepts && !self.sleeps_in(Syscall::reads) {
            Diagnosis::NobodyReads { unread }
        } else {
            Diagnosis::Unread { unread, busy: self.busy() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: i32 = 100;
    /// The descriptors of the listener, of the waiting client, and of another client.
    const LISTENER: u64 = 3;
    const CLIENT: u64 = 4;
    const OTHER: u64 = 5;

    /// A thread blocked in system call `number` on `descriptor`, as `/proc/PID/task/TID/syscall` shows it.
    fn asleep(number: i64, descriptor: u64) -> Thread {
        let call = Syscall::new(number, [descriptor, 0, 0, 0, 0, 0]);
        Thread { pid: SERVER, tid: SERVER, state: ThreadState::Blocked(call), switches: 7 }
    }

    fn accepted(unread: u64) -> ConnectionFacts {
        let holder = Some((SERVER, CLIENT as i32));
        ConnectionFacts { holder, state: TcpState::Established, unread }
    }

    fn diagnose(threads: &[Thread], connection: Option<ConnectionFacts>) -> Diagnosis {
        let (threads, not_accepted) = (threads.to_vec(), 0);
        ServerFacts { threads, not_accepted, connection, ..ServerFacts::default() }.diagnose()
    }

    #[test]
    fn a_client_that_is_not_accepted_waits_for_what_the_threads_do() {
        let waiting = ConnectionFacts { holder: None, state: TcpState::Established, unread: 24 };
        for (number, descriptor, busy) in [
            (libc::SYS_recvfrom, OTHER, BusyElsewhere::Reading),
            (libc::SYS_sendto, OTHER, BusyElsewhere::Writing),
            (libc::SYS_futex, 0, BusyElsewhere::Locked),
            (libc::SYS_clock_nanosleep, 0, BusyElsewhere::Sleeping),
            (libc::SYS_epoll_pwait, OTHER, BusyElsewhere::Selecting),
            (libc::SYS_wait4, 0, BusyElsewhere::WaitingForChild),
        ] {
            let found = diagnose(&[asleep(number, descriptor)], Some(waiting));
            assert_eq!(found, Diagnosis::NotAccepted { busy });
        }
    }

    #[test]
    fn without_a_connection_the_queue_counts() {
        let threads = vec![asleep(libc::SYS_recvfrom, OTHER)];
        assert_eq!(diagnose(&threads, None), Diagnosis::SeeThreads);
        let facts = ServerFacts { threads, not_accepted: 3, ..ServerFacts::default() };
        let busy = BusyElsewhere::Reading;
        assert_eq!(facts.diagnose(), Diagnosis::WaitsInBacklog { clients: 3, busy });
    }

    #[test]
    fn unread_bytes_are_explained_by_what_the_threads_do() {
        let accepts = asleep(libc::SYS_accept4, LISTENER);
        let unread = 24;
        let waits = Some(accepted(unread));
        let found = |threads: &[Thread]| diagnose(threads, waits);
        let writes_to_it = asleep(libc::SYS_sendto, CLIENT);
        assert_eq!(found(&[writes_to_it]), Diagnosis::WritesBeforeReading { unread });
        let selects = asleep(libc::SYS_epoll_pwait, OTHER);
        assert_eq!(found(&[selects]), Diagnosis::NotWatched { unread });
        assert_eq!(found(std::slice::from_ref(&accepts)), Diagnosis::OnlyAccepts { unread });
        let locked = asleep(libc::SYS_futex, 0);
        assert_eq!(found(&[accepts.clone(), locked]), Diagnosis::NobodyReads { unread });
        let reads_another = asleep(libc::SYS_recvfrom, OTHER);
        let busy = BusyElsewhere::Reading;
        assert_eq!(found(&[accepts, reads_another]), Diagnosis::Unread { unread, busy });
    }

    #[test]
    fn a_client_whose_bytes_are_read_is_waited_for_kept_locked_out_or_forgotten() {
        let reads_it = asleep(libc::SYS_recvfrom, CLIENT);
        assert_eq!(diagnose(&[reads_it], Some(accepted(0))), Diagnosis::WaitsForMoreInput);
        let closed = ConnectionFacts { state: TcpState::CloseWait, ..accepted(0) };
        let accepts = asleep(libc::SYS_accept4, LISTENER);
        assert_eq!(
            diagnose(std::slice::from_ref(&accepts), Some(closed)),
            Diagnosis::KeepsClosedSocket
        );
        let (locked, writes) = (asleep(libc::SYS_futex, 0), asleep(libc::SYS_sendto, OTHER));
        let found = diagnose(&[locked, writes], Some(accepted(0)));
        assert_eq!(found, Diagnosis::LockHeldOverWrite);
        assert_eq!(diagnose(&[accepts], Some(accepted(0))), Diagnosis::ClientForgotten);
    }

    #[test]
    fn a_running_thread_sleeps_nowhere() {
        let running = Thread { pid: SERVER, tid: SERVER, state: ThreadState::Running, switches: 7 };
        assert_eq!(diagnose(&[running], Some(accepted(0))), Diagnosis::ClientForgotten);
    }
}
