//! Given: reads the command line, starts the runtime, serves or connects.

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

/// An echo server with a task for each client, and a client for it.
#[derive(Parser)]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Echo what clients send
    Serve {
        /// Where to listen; port 0 picks a free port
        #[arg(long, default_value = "127.0.0.1:9999")]
        addr: SocketAddr,
    },
    /// Send standard input to a server, and print what it sends back
    Connect {
        /// The server's address
        addr: SocketAddr,
    },
}

/// One thread runs all tasks: the event loop that you wrote by hand in lab 02.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        // Help and version are not errors: clap prints them unchanged.
        Err(message) if !message.use_stderr() => message.exit(),
        Err(message) => {
            // The contract asks for one line; clap's error may have several.
            let text = message.to_string();
            let text = text.split("\n\n").next().unwrap_or_default();
            match text.strip_prefix("error: ") {
                Some(text) => eprintln!("error: {}", text.replace('\n', "")),
                None => eprintln!("error: say serve or connect (see --help)"),
            }
            std::process::exit(1);
        }
    };
    let result = run(&flags.command).await;
    if let Err(error) = &result {
        eprintln!("error: {error}");
    }
    // Not `return`: a thread of the runtime blocks on standard input, and
    // the runtime would wait for it on exit, until one more line arrives.
    std::process::exit(i32::from(result.is_err()));
}

async fn run(command: &Command) -> io::Result<()> {
    match command {
        Command::Serve { addr } => {
            let listener = TcpListener::bind(addr).await?;
            println!("listening on {}", listener.local_addr()?);
            io::stdout().flush()?;
            lab03::serve(listener).await
        }
        Command::Connect { addr } => {
            let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
            lab03::connect(*addr, input, output).await
        }
    }
}
