//! Given: reads the flags, binds, prints the address, serves.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lab09::Limits;
use tokio::net::TcpListener;

/// A server for length-prefixed JSON frames.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// The maximum length of a request's body in bytes.
    #[arg(long, default_value_t = 1_048_576)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    max_frame: u32,

    /// How long a frame may take, from its first byte to its last.
    #[arg(long, default_value_t = 5_000)]
    frame_timeout_ms: u64,
}

/// Several threads, because a megabyte of JSON keeps one busy for some
/// milliseconds.
#[tokio::main]
async fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        // Help and version are not errors: clap prints them unchanged.
        Err(message) if !message.use_stderr() => message.exit(),
        Err(message) => {
            // The contract asks for one line: clap's first, `error: …`.
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
