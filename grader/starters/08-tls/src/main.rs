//! Given: reads the command line and the files it names, starts the runtime,
//! serves or connects.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use rustls::pki_types::ServerName;
use tokio::net::TcpListener;

use lab08::{Error, client, server};

/// An echo server over TLS, and a client for it.
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

        /// The server's certificate, then those that signed it
        #[arg(long, value_name = "PEM")]
        cert: PathBuf,

        /// The private key of the certificate
        #[arg(long, value_name = "PEM")]
        key: PathBuf,

        /// The CA that must have signed each client's certificate
        #[arg(long, value_name = "PEM")]
        client_ca: Option<PathBuf>,

        /// How long a handshake may take, from accept
        #[arg(long, value_name = "MS", default_value_t = 2000)]
        handshake_timeout_ms: u64,
    },
    /// Send standard input to a server, and print what it sends back
    Connect {
        /// The server's address
        addr: SocketAddr,

        /// The CA that must have signed the server's certificate
        #[arg(long, value_name = "PEM")]
        ca: PathBuf,

        /// The name that the server must prove: a DNS name or an IP address
        #[arg(long, value_name = "NAME", value_parser = parse_server_name)]
        server_name: ServerName<'static>,

        /// A certificate to show to the server, if it asks
        #[arg(long, value_name = "PEM", requires = "key")]
        cert: Option<PathBuf>,

        /// The private key of that certificate
        #[arg(long, value_name = "PEM", requires = "cert")]
        key: Option<PathBuf>,
    },
}

fn parse_server_name(text: &str) -> Result<ServerName<'static>, String> {
    let name = ServerName::try_from(text.to_owned());
    name.map_err(|error| error.to_string())
}

/// Several threads run the tasks, because a handshake needs CPU time.
#[tokio::main]
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
    let result = run(flags.command).await;
    if let Err(error) = &result {
        eprintln!("error: {error}");
    }
    // Not `return`: a thread of the runtime blocks on standard input, and
    // the runtime would wait for it on exit, until one more line arrives.
    std::process::exit(i32::from(result.is_err()));
}

async fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Serve {
            addr,
            cert,
            key,
            client_ca,
            handshake_timeout_ms,
        } => {
            // Report bad files before any client connects.
            let config = server::config(&cert, &key, client_ca.as_deref())?;
            let listener = TcpListener::bind(addr).await?;
            println!("listening on {}", listener.local_addr()?);
            io::stdout().flush()?;
            let limit = Duration::from_millis(handshake_timeout_ms);
            server::serve(listener, config, limit).await?;
        }
        Command::Connect {
            addr,
            ca,
            server_name,
            cert,
            key,
        } => {
            let identity = cert.as_deref().zip(key.as_deref());
            let config = client::config(&ca, identity)?;
            let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
            client::connect(addr, server_name, config, input, output).await?;
        }
    }
    Ok(())
}
