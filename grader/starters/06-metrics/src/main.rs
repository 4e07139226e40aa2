//! Given: reads the flags, listens twice, prints the addresses, serves.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use lab06::metrics::Metrics;
use tokio::net::TcpListener;

/// A line server with metrics.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// Where to answer `GET /metrics`.
    #[arg(long, default_value = "127.0.0.1:0")]
    metrics_addr: SocketAddr,
}

/// Four threads run tasks at the same time even on a small machine, so a count
/// that is not thread-safe soon shows.
#[tokio::main(worker_threads = 4)]
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
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> io::Result<()> {
    let listener = bind(flags.addr).await?;
    let metrics_listener = bind(flags.metrics_addr).await?;
    println!("listening on {}", listener.local_addr()?);
    println!("metrics on {}", metrics_listener.local_addr()?);
    io::stdout().flush()?;
    let metrics = Arc::new(Metrics::default());
    tokio::try_join!(
        lab06::serve(listener, Arc::clone(&metrics)),
        lab06::serve_metrics(metrics_listener, metrics),
    )?;
    Ok(())
}

async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await;
    listener.map_err(|error| {
        io::Error::new(error.kind(), format!("{addr}: {error}"))
    })
}
