//! The given part of lab 05: read the flags, hear signals, listen, say where,
//! serve.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// A line server that can be stopped.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// How long clients may take to finish after a signal.
    #[arg(long, default_value_t = 5000)]
    grace_ms: u64,
}

#[tokio::main(flavor = "current_thread")]
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
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {}: {error}", flags.addr);
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> io::Result<ExitCode> {
    // Before anybody can know that this server is there.
    let signals = solution05::signals()?;
    let listener = solution05::listen(flags.addr)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let grace = Duration::from_millis(flags.grace_ms);
    solution05::serve(listener, signals, grace).await
}
