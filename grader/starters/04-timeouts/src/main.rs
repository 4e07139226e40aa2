//! Given: reads the flags, binds, prints the address, serves.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lab04::Limits;
use tokio::net::TcpListener;

/// A line server that limits how long it waits for a client.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// How long a client may be silent between lines.
    #[arg(long, default_value_t = 30_000)]
    idle_timeout_ms: u64,

    /// How long a line may take, from its first byte.
    #[arg(long, default_value_t = 10_000)]
    line_timeout_ms: u64,

    /// How long a write of an answer may make no progress.
    #[arg(long, default_value_t = 10_000)]
    write_timeout_ms: u64,
}

#[tokio::main(flavor = "current_thread")]
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
        idle: Duration::from_millis(flags.idle_timeout_ms),
        line: Duration::from_millis(flags.line_timeout_ms),
        write: Duration::from_millis(flags.write_timeout_ms),
    };
    lab04::serve(listener, limits).await
}
