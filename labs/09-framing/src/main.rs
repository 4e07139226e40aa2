//! The given part of lab 09: read the flags, bind, say where, serve.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lab09::Limits;
use tokio::net::TcpListener;

/// A server of length-prefixed frames of JSON.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// The most bytes of a request's body.
    #[arg(long, default_value_t = 1_048_576)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    max_frame: u32,

    /// How long a frame may take from its first byte to its last.
    #[arg(long, default_value_t = 5_000)]
    frame_timeout_ms: u64,
}

/// A megabyte of JSON keeps a thread busy for some milliseconds: there are
/// several.
#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        // Help and version are no errors: clap prints them as they are.
        Err(message) if !message.use_stderr() => message.exit(),
        Err(message) => {
            // clap's first line reads `error: …`; the contract asks for one.
            let text = message.to_string();
            eprintln!("{}", text.lines().next().unwrap_or("error: bad flags"));
            return ExitCode::FAILURE;
        }
    };
    match run(&flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", flags.addr);
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> io::Result<()> {
    let listener = TcpListener::bind(flags.addr).await?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let limits = Limits {
        body: flags.max_frame,
        frame: Duration::from_millis(flags.frame_timeout_ms),
    };
    lab09::serve(listener, limits).await
}
