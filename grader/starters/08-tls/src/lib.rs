#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 08: an echo server over TLS 1.2 or 1.3, and a client for it.
//!
//! - You write [`server`] (tasks 1, 2 and 4) and [`client`] (tasks 3 and 4).
//! - [`pem`] (given) reads certificates and keys from files.
//!
//! TLS is a layer between your code and the TCP stream. rustls implements the
//! protocol without sockets; tokio-rustls moves its bytes. You read and write
//! its stream like a `TcpStream`, with two differences. What you write may
//! stay in a buffer until you flush. And the input has ended only if the peer
//! has said so (`close_notify`).

pub mod client;
pub mod pem;
pub mod server;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::VerifierBuilderError;

/// What can go wrong, before and during a connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that cannot be read or lacks what it should contain.
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

/// The cryptography, which rustls leaves to other crates: here, ring. Pass it
/// to each builder (`builder_with_provider`). `builder()` would take the
/// process default, which depends on the features of all crates.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
