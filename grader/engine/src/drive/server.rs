//! A running server under test: where it listens, what the kernel shows about it, and how to wait for it.

use std::collections::HashSet;
use std::ffi::OsString;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;

use observe::{Probe, Socket, non_tcp_sockets};
use rustix::process::{Resource, getrlimit};

use super::announcement::announced;
use super::connection::{BufferSize, Connection, MORE_DESCRIPTORS};
use super::context::Context;
use super::protocol::Service;
use super::start::Start;
use super::wire_error::WireError;
use crate::subject::{Endpoint, Peer, Process, WaitError};
use crate::verdict::{
    AnnouncementFault, CheckError, ConnectionFacts, Diagnosis, Failure, FailureKind, Observation,
    ServerFacts,
};

/// A server that has said where it listens.
pub struct Server {
    context: Rc<Context>,
    service: &'static Service,
    pub process: Rc<Process>,
    /// The addresses that it announced, in the order of its lines.
    endpoints: Vec<Endpoint>,
    /// Its limit on open descriptors.
    descriptors: u64,
    /// The sockets that it had before any client: its listener, and what a runtime needs.
    own_sockets: HashSet<u64>,
}

impl Server {
    /// Starts the program of `context` as the server of its lab, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// It does not.
    pub(super) async fn start(
        service: &'static Service,
        context: &Rc<Context>,
        start: &Start,
    ) -> Result<Rc<Self>, CheckError> {
        let process = start.launch(service, context)?;
        let program = context.program().first().map(OsString::as_os_str).unwrap_or_default();
        let mut endpoints = Vec::new();
        for (index, listens) in service.program(start.role)?.listens.iter().enumerate() {
            let address = announced(&process, program, index, listens.announced).await?;
            let endpoint = Endpoint { transport: listens.transport, address };
            process.meets_at(endpoint);
            endpoints.push(endpoint);
        }
        if endpoints.is_empty() {
            let reason = format!("a program in the role {} does not listen", start.role);
            return Err(CheckError::Inconclusive(reason));
        }
        let own_sockets = process.probe.socket_inodes()?;
        let (context, descriptors) = (Rc::clone(context), start.descriptors.hard);
        Ok(Rc::new(Self { context, service, process, endpoints, descriptors, own_sockets }))
    }

    /// Where it listens for its clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        // `start` ensures that there is at least one.
        self.endpoints[0].address
    }

    /// The address in its line number `index`, from 0.
    ///
    /// # Errors
    ///
    /// Its lab has no such line: a mistake in the grader.
    pub fn endpoint(&self, index: usize) -> Result<SocketAddr, CheckError> {
        let endpoint = self.endpoints.get(index).map(|endpoint| endpoint.address);
        endpoint.ok_or_else(|| {
            CheckError::Inconclusive(format!("the lab has no endpoint number {index}"))
        })
    }

    /// What the kernel shows about it.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.process.probe
    }

    /// What the current run of a check shares.
    #[must_use]
    pub fn context(&self) -> &Rc<Context> {
        &self.context
    }

    /// How to talk to its lab's programs.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// Connects, without a deadline or evidence.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    pub async fn dial(&self) -> Result<Connection, WireError> {
        self.service.dial.dial(&self.context, self.address(), BufferSize::Default).await
    }

    /// Checks that this machine lets the grader and the server have this many connections open (rule R11).
    ///
    /// # Errors
    ///
    /// It does not; the reason says how to change that.
    pub fn expect_descriptors_for(&self, clients: usize) -> Result<(), CheckError> {
        /// What each of the two needs in addition to the clients' connections.
        const SPARE: u64 = 128;
        let needed = clients as u64 + SPARE;
        match getrlimit(Resource::Nofile).maximum {
            Some(most) if most < needed && needed <= self.descriptors => {
                Err(CheckError::Inconclusive(format!(
                    "{clients} clients need {needed} open descriptors, but only {most} are allowed: \
                     {MORE_DESCRIPTORS} (`descriptors` in cargo grader doctor)"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Waits on behalf of `client` for `future`, which needs something from the program: see [`Process::wait_for`].
    ///
    /// # Errors
    ///
    /// `future` failed, or will not complete: a failure with evidence.
    pub fn wait<T>(
        &self,
        client: Option<&Connection>,
        expected: &str,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> impl Future<Output = Result<T, CheckError>> {
        let peer: &dyn Peer = match client {
            Some(connection) => connection,
            None => &(),
        };
        // On the heap: each future around it would otherwise contain it and copy its kilobytes on creation.
        self.wait_with(peer, client, expected, Box::pin(future))
    }

    /// Waits on behalf of `client` for `future`, which needs the end of the stream.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub(super) async fn wait_for_end<T>(
        &self,
        client: &Connection,
        expected: &str,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, CheckError> {
        match self.process.wait_for(client, Box::pin(future)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail_on_wire(expected, error).await),
            Err(error) => {
                Err(self.fail_unmet(error.kind()?.awaiting_end(), Some(client), expected).await)
            }
        }
    }

    /// Like [`Self::wait`], but `peer` reports which bytes have moved.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub async fn wait_with<T>(
        &self,
        peer: &dyn Peer,
        client: Option<&Connection>,
        expected: &str,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, CheckError> {
        match self.process.wait_for(peer, future).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail_on_wire(expected, error).await),
            Err(error) => Err(self.fail_wait(client, expected, error).await?),
        }
    }

    /// Adds evidence to a failure: see [`Process::fail`].
    pub async fn fail(&self, failure: Failure) -> CheckError {
        self.process.fail(failure).await
    }

    /// Turns `error` into the failure of something that was `expected`.
    pub async fn fail_on_wire(&self, expected: &str, error: WireError) -> CheckError {
        match error.into_failure(|mismatch| Some(self.service.exchange.explain(mismatch))) {
            Ok(failure) => self.fail(failure.expecting(expected)).await,
            Err(error) => error,
        }
    }

    /// Turns `error`, which ended a wait on behalf of `client`, into the failure of something that was `expected`.
    ///
    /// # Errors
    ///
    /// The machine was too busy to tell.
    pub async fn fail_wait(
        &self,
        client: Option<&Connection>,
        expected: &str,
        error: WaitError,
    ) -> Result<CheckError, CheckError> {
        Ok(self.fail_unmet(error.kind()?, client, expected).await)
    }

    /// A failure of `kind` after a wait on behalf of `client`.
    async fn fail_unmet(
        &self,
        kind: FailureKind,
        client: Option<&Connection>,
        expected: &str,
    ) -> CheckError {
        let awaits_end = matches!(kind, FailureKind::NotClosed { .. });
        let mut failure = Failure::new(kind).expecting(expected);
        if let Some(client) = client {
            failure.observations.push(Observation::Traffic(client.traffic()));
            failure.observations.extend(client.missing_line_end().map(Observation::from));
        }
        let facts = self.facts(client);
        let cause = if awaits_end { facts.diagnose_open() } else { facts.diagnose() };
        self.fail(failure.because(cause)).await
    }

    /// What the kernel shows about why `client` gets no answer.
    fn facts(&self, client: Option<&Connection>) -> ServerFacts {
        // `start` ensures that there is at least one.
        let table = self.endpoints[0].connections();
        let end = client.and_then(|client| table.peer_socket(client.ports));
        let connection = end.map(|end| {
            let holder = if end.inode == 0 { None } else { self.holder_of(end.inode) };
            let holder = holder.map(|socket| (socket.pid, socket.descriptor));
            ConnectionFacts { holder, state: end.state, unread: u64::from(end.rx_queue) }
        });
        let threads = self.process.probe.threads().unwrap_or_default();
        let listener_is_edge_triggered = self.listener_is_edge_triggered();
        let not_accepted = table.not_accepted();
        ServerFacts { threads, not_accepted, listener_is_edge_triggered, connection }
    }

    /// Whether an epoll set watches the listener with EPOLLET.
    fn listener_is_edge_triggered(&self) -> bool {
        let sockets = self.process.probe.sockets().unwrap_or_default();
        let sets = self.process.probe.epoll_sets().unwrap_or_default();
        let is_listener = |pid: i32, descriptor: i32| {
            let is_it = |socket: &Socket| {
                (socket.pid, socket.descriptor) == (pid, descriptor) && socket.is_listener()
            };
            sockets.iter().any(is_it)
        };
        sets.iter().any(|set| {
            let mut watched = set.watched.iter();
            watched.any(|&(number, mask)| mask.is_edge_triggered() && is_listener(set.pid, number))
        })
    }

    fn holder_of(&self, inode: u64) -> Option<Socket> {
        let sockets = self.process.probe.sockets().unwrap_or_default();
        let mut sockets = sockets.into_iter();
        sockets.find(|socket| socket.entry.as_ref().is_some_and(|entry| entry.inode == inode))
    }

    /// How many client sockets the program still holds, connected or not.
    ///
    /// # Errors
    ///
    /// The kernel does not let the grader read them.
    pub fn client_sockets(&self) -> Result<usize, CheckError> {
        let mut new = self.process.probe.socket_inodes()?;
        new.retain(|inode| !self.own_sockets.contains(inode));
        if !new.is_empty() {
            // A runtime may create a pair of Unix sockets for itself when it first needs one.
            let others = non_tcp_sockets();
            new.retain(|inode| !others.contains(inode));
        }
        Ok(new.len())
    }

    /// Waits until it holds no client socket or has ended; `None` once neither will happen.
    ///
    /// # Errors
    ///
    /// The sockets cannot be read, or the machine was too busy to tell.
    pub async fn until_clients_are_gone(&self) -> Result<Option<()>, CheckError> {
        self.until_clients_are_at_most(0).await
    }

    /// Does the same until it holds at most `most` client sockets.
    ///
    /// # Errors
    ///
    /// As [`Self::until_clients_are_gone`].
    pub async fn until_clients_are_at_most(&self, most: usize) -> Result<Option<()>, CheckError> {
        let gone =
            || Ok((self.process.has_ended() || self.client_sockets()? <= most).then_some(()));
        self.process.poll_until(gone).await
    }

    /// Compares the addresses that the program announced with what the kernel shows.
    ///
    /// # Errors
    ///
    /// They differ.
    pub async fn expect_announced_addresses(&self) -> Result<(), CheckError> {
        let sockets = self.process.probe.sockets()?;
        let listening: Vec<SocketAddr> = sockets
            .iter()
            .filter(|socket| socket.is_listener())
            .filter_map(|socket| Some(socket.entry.as_ref()?.local_address))
            .collect();
        let is_there =
            |named: &SocketAddr| listening.iter().any(|local| local.port() == named.port());
        let mut named = self.endpoints.iter().map(|endpoint| endpoint.address);
        let Some(named) = named.find(|named| !is_there(named)) else { return Ok(()) };
        if self.process.has_ended() {
            return Ok(());
        }
        let fault = AnnouncementFault::NotListening { named, listening };
        let failure = Failure::new(FailureKind::NotAnnounced { fault })
            .expecting("the program listens on the address in each line `… on 127.0.0.1:PORT`")
            .because(Diagnosis::AnnouncesAnotherAddress);
        Err(self.fail(failure).await)
    }
}
