//! What has arrived at a client.

/// What has arrived at a client that was not waiting for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    Bytes(Vec<u8>),
    /// The end of the stream, or a reset.
    End,
    Broken(String),
}
