//! Given: reads the flags, binds, prints the address, serves.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use clap::Parser;
use lab02::{Backend, Trigger};

/// An echo server on one thread, over select, poll or epoll.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// The system call that waits for events.
    #[arg(long, value_enum, default_value = "epoll")]
    backend: Backend,

    /// When epoll reports a socket (edge: with epoll only).
    #[arg(long, value_enum, default_value = "level")]
    trigger: Trigger,
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
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &Flags) -> io::Result<()> {
    let selector = lab02::selector(flags.backend, flags.trigger)?;
    let listener = TcpListener::bind(flags.addr)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    lab02::serve(listener, selector)
}
