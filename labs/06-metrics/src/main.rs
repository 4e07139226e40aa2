//! The given part of lab 06: read the flags, listen twice, say where, serve.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use lab06::metrics::Metrics;
use tokio::net::TcpListener;

/// A line server that can be measured.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// Where to answer `GET /metrics`.
    #[arg(long, default_value = "127.0.0.1:0")]
    metrics_addr: SocketAddr,
}

/// With four threads tasks run at the same time, also on a small machine: a
/// count that is not safe then is soon seen to be wrong.
#[tokio::main(worker_threads = 4)]
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
