//! Given: reads the flags, handles signals, listens, prints the address,
//! serves.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// A line server that stops cleanly.
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
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {}: {error}", flags.addr);
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> io::Result<ExitCode> {
    // Before any client or script can know that this server runs.
    let signals = lab05::signals()?;
    let listener = lab05::listen(flags.addr)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let grace = Duration::from_millis(flags.grace_ms);
    lab05::serve(listener, signals, grace).await
}
