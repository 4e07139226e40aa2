#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 08: an echo server over TLS 1.2 or 1.3, and a client for it.
//!
//! - [`server`] is yours: what it shows of itself, one client, and all of them
//!   (tasks 1, 2 and 4).
//! - [`client`] is yours: whom it trusts, and a conversation (tasks 3 and 4).
//! - [`pem`] reads certificates and keys from files, and is given.
//!
//! TLS is a layer between the stream and you. rustls does the protocol and
//! knows no sockets; tokio-rustls moves its bytes, and what it gives you is
//! read and written like a `TcpStream`, with two differences: what you write
//! may stay behind until you flush, and an end is an end only if the peer has
//! said so (`close_notify`).

pub mod client;
pub mod pem;
pub mod server;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::VerifierBuilderError;

/// What can be wrong before there is a connection, and with one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read, or has not in it what it should have.
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    /// A certificate and a private key that are not a pair.
    #[error("{} with {}: {reason}", cert.display(), key.display())]
    KeyMismatch {
        cert: PathBuf,
        key: PathBuf,
        reason: rustls::Error,
    },
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The cryptography, which rustls leaves to others: ring's. Say it to each
/// builder (`builder_with_provider`): `builder()` takes the one of the process,
/// and which that is depends on the features of all crates in it.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
