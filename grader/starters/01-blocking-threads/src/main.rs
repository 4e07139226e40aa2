//! Given: reads the flags, binds, prints the address, serves.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use clap::Parser;
use lab01::Options;

/// An echo server with a thread for each client.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// How many clients are served at the same time.
    #[arg(long, default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
}

fn main() -> ExitCode {
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
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", flags.addr);
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> io::Result<()> {
    let listener = TcpListener::bind(flags.addr)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let max_connections = flags.max_connections as usize;
    lab01::serve(&listener, &Options { max_connections })
}
