//! Misconception: the last answers need a moment to leave.
//! Edits: src/main.rs
//!
//! Must fail:
//! - 05/exit-zero: each shutdown takes two seconds longer

async fn run(flags: &Flags) -> io::Result<ExitCode> {
    // Before any client or script can know that this server runs.
    let signals = solution05::signals()?;
    let listener = solution05::listen(flags.addr)?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let grace = Duration::from_millis(flags.grace_ms);
    let status = solution05::serve(listener, signals, grace).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    status
}
