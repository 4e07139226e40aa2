//! Clients that connect to a server under test.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use super::client::{Admission, Client};
use super::concurrent::try_join_bounded;
use super::connection::{BufferSize, Connection};
use super::server::Server;
use super::wire_error::WireError;
use crate::subject::WaitError;
use crate::verdict::{CheckError, FailureKind, Observation};

impl Server {
    /// Connects a client, called `name` in reports.
    ///
    /// # Errors
    ///
    /// The program refused it, or did not answer.
    pub async fn connect(self: &Rc<Self>, name: &str) -> Result<Client, CheckError> {
        self.connect_with(name, BufferSize::Default).await
    }

    /// Like [`Self::connect`], for a client whose data the kernel buffers as `buffers` says.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub async fn connect_with(
        self: &Rc<Self>,
        name: &str,
        buffers: BufferSize,
    ) -> Result<Client, CheckError> {
        let dialled = self.service().dial.dial(self.context(), self.address(), buffers);
        let connection = self.wait(None, self.service().dial.dialled(), dialled).await?;
        Ok(self.client(name, connection))
    }

    /// Connects a client called `name` over plain TCP.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub async fn connect_plain(
        self: &Rc<Self>,
        name: &str,
        buffers: BufferSize,
    ) -> Result<Client, CheckError> {
        self.connect_plain_from(None, name, buffers).await
    }

    /// Like [`Server::connect_plain`], from the address `source`, if one is given.
    async fn connect_plain_from(
        self: &Rc<Self>,
        source: Option<Ipv4Addr>,
        name: &str,
        buffers: BufferSize,
    ) -> Result<Client, CheckError> {
        let opened =
            Connection::open_from(self.context().journal(), source, self.address(), buffers);
        let connection = self.wait(None, "the connection is established", opened).await?;
        Ok(self.client(name, connection))
    }

    /// A client over `connection`, called `name` in reports.
    #[must_use]
    pub fn client(self: &Rc<Self>, name: &str, connection: Connection) -> Client {
        Client::new(self, name, connection)
    }

    /// Connects a new client, which makes a request and must get its answer.
    ///
    /// # Errors
    ///
    /// It was not served.
    pub async fn serve_new_client(self: &Rc<Self>, name: &str) -> Result<Client, CheckError> {
        let client = self.connect(name).await?;
        client.ask().await?;
        Ok(client)
    }

    /// Like [`Server::serve_new_client`], over plain TCP, with a client whose address is `source`.
    ///
    /// # Errors
    ///
    /// It was not served.
    pub async fn serve_new_client_from(
        self: &Rc<Self>,
        source: Ipv4Addr,
        name: &str,
    ) -> Result<Client, CheckError> {
        let client = self.connect_plain_from(Some(source), name, BufferSize::Default).await?;
        client.ask().await?;
        Ok(client)
    }

    /// Like [`Server::serve_new_client`], once the program has finished reacting to other clients: a program that ends
    /// because of them might serve one more client before it does.
    ///
    /// # Errors
    ///
    /// It was not served.
    pub async fn still_serves(self: &Rc<Self>, name: &str) -> Result<Client, CheckError> {
        self.process.wait_until_idle(Duration::from_millis(500)).await;
        self.serve_new_client(name).await
    }

    /// Connects a new client, which makes a request, to a program that may be full.
    ///
    /// # Errors
    ///
    /// The program neither answered nor refused the client nor let it wait.
    pub async fn ask_for_place(self: &Rc<Self>, name: &str) -> Result<Admission, CheckError> {
        let expected = format!("{name} gets an answer, or its connection is closed without a byte");
        let dialled = self.service().dial.dial(self.context(), self.address(), BufferSize::Default);
        let connection = match self.process.wait_for(&(), dialled).await {
            Ok(Ok(connection)) => connection,
            // A reset may arrive before connect returns.
            Ok(Err(error)) if error.is_lost() && !is_refused(&error) => {
                return Ok(Admission::Refused);
            }
            Ok(Err(error)) => return Err(self.fail_on_wire(&expected, error).await),
            Err(error) => return Err(self.fail_wait(None, &expected, error).await?),
        };
        let client = self.client(name, connection);
        let request = self.service().exchange.request(self.context());
        match self.process.wait_for(&client.connection, request.make(&client.connection)).await {
            Ok(Ok(())) => Ok(Admission::Served(client)),
            Ok(Err(error)) if error.is_lost() && client.connection.received() == 0 => {
                Ok(Admission::Refused)
            }
            Ok(Err(error)) => Err(self.fail_on_wire(&expected, error).await),
            Err(WaitError::Busy(reason)) => Err(CheckError::Inconclusive(reason)),
            Err(WaitError::Hang | WaitError::Deadline(_)) => {
                Ok(Admission::Waits(client, request.answer))
            }
        }
    }

    /// Connects `number` clients, [`super::MAX_CONNECTING`] at a time, and makes sure that each gets an answer (fact 3
    /// of RULES.md). All stay open.
    ///
    /// # Errors
    ///
    /// A client got no answer, or this machine does not allow so many clients.
    pub async fn connect_many(self: &Rc<Self>, number: usize) -> Result<Vec<Client>, CheckError> {
        self.expect_descriptors_for(number)?;
        let answered = Cell::new(0);
        let arrivals = (0..number).map(|index| {
            let answered = &answered;
            async move {
                let client = self.serve_new_client(&format!("client {}", index + 1)).await?;
                answered.set(answered.get() + 1);
                Ok(client)
            }
        });
        let answered = || Observation::Answered { clients: answered.get() };
        try_join_bounded(arrivals).await.map_err(|error| error.observing(answered()))
    }
}

/// Whether nothing listens any more.
fn is_refused(error: &WireError) -> bool {
    let is_refused = |kind: &FailureKind| matches!(kind, FailureKind::ConnectRefused { .. });
    matches!(error, WireError::Failed(failure) if is_refused(&failure.kind))
}
