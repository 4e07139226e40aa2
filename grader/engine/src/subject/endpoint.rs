//! Where the grader and a program connect, and over which transport.

use std::collections::HashMap;
use std::net::SocketAddr;

use observe::{ConnectionTable, InFlight};

/// What carries bytes between the grader and a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
}

/// An address on which one side listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl Endpoint {
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self { transport: Transport::Tcp, address }
    }

    /// Its connections, as the kernel shows them now.
    pub(crate) fn connections(self) -> ConnectionTable {
        match self.transport {
            Transport::Tcp => ConnectionTable::of(self.address),
        }
    }

    /// What is in flight and may still wake a sleeping program, if anything is.
    pub(super) fn in_flight(self) -> Option<InFlight> {
        self.connections().in_flight()
    }

    /// Bytes that the kernel has not delivered although it could, by local and remote port of the connection.
    pub(super) fn undelivered(self) -> HashMap<(u16, u16), u32> {
        self.connections().undelivered()
    }
}
