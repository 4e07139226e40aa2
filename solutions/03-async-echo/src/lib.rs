//! Lab 03: an echo server with a task for each client, and a client for it.
//!
//! - [`handle`] serves one client until it closes its side.
//! - [`serve`] accepts clients and spawns a task for each that runs [`handle`].
//! - [`connect`] is the client: it sends standard input to a server, and prints
//!   what the server sends back.
//!
//! At every `.await`, this task may be suspended while another one runs on the
//! same thread. Between two `.await`s no other task runs: a blocking call
//! there stops all tasks.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
// BEGIN HIDDEN
use std::time::Duration;
use tokio::io::{BufWriter, copy};
use tokio::time::sleep;
// END HIDDEN

// BEGIN HIDDEN
/// The size of the read buffer.
const BUFFER_SIZE: usize = 4 * 1024;

/// How long to pause after `accept` has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
// END HIDDEN

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// This is the code of lab 01 with `.await` after each call that may have to
/// wait. The difference is who waits: the task, not the thread.
///
/// # Errors
///
/// The connection broke (a reset, or a broken pipe). Task 3 makes sure that
/// this does not affect the other clients.
pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    // BEGIN SOLUTION: task 1: read until EOF, write back every byte
    // On the heap: an array would be part of the task, and move with it.
    // ANCHOR: echo
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // The client has closed its side, and every byte is written.
            return Ok(echoed);
        }
        // Until the client takes these bytes, the server reads no more, and
        // the kernel slows the client down (back-pressure).
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
    // ANCHOR_END: echo
    // END SOLUTION
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a task for each client, so that no client waits for another.
/// - Task 3: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment without blocking the thread,
///   and accept again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: accept a client, handle it, accept the next
    loop {
        // ANCHOR: accept
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors (EMFILE), for example: the client stays
                // in the queue, and an immediate retry would fail, too.
                // Only this task sleeps; the clients' tasks continue.
                eprintln!("accept: {error}");
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        // ANCHOR_END: accept
        // ANCHOR: spawn
        // No task awaits this one: it ends when its client leaves.
        tokio::spawn(async move {
            if let Err(error) = handle(stream).await {
                eprintln!("client: {error}");
            }
        });
        // ANCHOR_END: spawn
    }
    // END SOLUTION
}

/// Task 4: connects to `addr`, sends what it reads from `input`, and writes
/// what it receives to `output`. Both directions run at the same time, and
/// pass bytes on as soon as they arrive.
///
/// At the end of the input, it shuts down its sending side (the server then
/// reads 0 bytes), continues until the server has closed, too, and returns.
///
/// # Errors
///
/// No server listens at `addr`, or the connection broke. What arrived before
/// that is written.
pub async fn connect<I, O>(
    addr: SocketAddr,
    mut input: I,
    output: O,
) -> io::Result<()>
where
    I: AsyncRead + Unpin,
    O: AsyncWrite + Unpin,
{
    // BEGIN SOLUTION: task 4: connect, then send and receive side by side
    let (mut from_server, mut to_server) =
        TcpStream::connect(addr).await?.into_split();
    // ANCHOR: send
    let send = async {
        let copied = copy(&mut input, &mut to_server).await;
        // However it ended, the server must learn that no more bytes follow.
        to_server.shutdown().await.and(copied)
    };
    // ANCHOR_END: send
    let receive = async {
        // `copy` flushes each time it has to wait for more.
        let mut output = BufWriter::new(output);
        let copied = copy(&mut from_server, &mut output).await;
        // Print what arrived before an error, too.
        output.flush().await.and(copied)
    };
    // ANCHOR: both
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // The server has closed, or the connection broke: it will not read
        // the remaining input.
        received = &mut receive => (Ok(0), received),
        // If sending fails, the server's last bytes may still arrive.
        sent = send => (sent, receive.await),
    };
    sent.and(received)?;
    // ANCHOR_END: both
    Ok(())
    // END SOLUTION
}
