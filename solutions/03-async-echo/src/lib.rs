//! Lab 03: an echo server with a task for each client, and a client for it.
//!
//! - [`handle`] talks to one client until the client has said everything.
//! - [`serve`] accepts clients and spawns a task for each that runs [`handle`].
//! - [`connect`] is the other end: standard input goes to a server, and what
//!   comes back is printed.
//!
//! Every `.await` is a place where this task may be put aside and another one
//! goes on, in the same thread. Between two of them nobody else runs: a call
//! that blocks there stops all tasks.

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
/// How much of a client's stream is held at once.
const BUFFER_SIZE: usize = 4 * 1024;

/// How long to wait before asking again for a client that could not be had.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
// END HIDDEN

/// Task 1: echoes one client until it closes its side, and returns how many
/// bytes were echoed.
///
/// The code is that of lab 01 with `.await` after each call that may have to
/// wait. What that changes is who waits: the task, and not the thread.
///
/// # Errors
///
/// The client went away in the middle (a reset, or a broken pipe). Task 3
/// decides what that means for the others: nothing.
pub async fn handle(mut stream: TcpStream) -> io::Result<u64> {
    // BEGIN SOLUTION: task 1: read to the end, write back every byte
    // On the heap: an array would be part of the task, and be moved with it.
    // ANCHOR: echo
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut echoed = 0;
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            // The client has shut down its side, and all is written already.
            return Ok(echoed);
        }
        // As long as the client does not take this, nothing more is read of
        // it: the kernel then slows it down (back-pressure).
        stream.write_all(&buffer[..count]).await?;
        echoed += count as u64;
    }
    // ANCHOR_END: echo
    // END SOLUTION
}

/// Accepts clients forever and serves each with [`handle`].
///
/// - Task 1: the simplest loop: accept a client, handle it, accept the next.
/// - Task 2: a task for each client, so that none waits for another.
/// - Task 3: neither a client's error nor a failed `accept` ends the loop.
///   When `accept` fails (EMFILE), wait a moment without blocking the thread,
///   and accept again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    // BEGIN SOLUTION: task 1: accept a client, handle it, accept the next
    loop {
        // ANCHOR: accept
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors (EMFILE), for example: the client stays
                // in the queue, so an `accept` at once would fail at once.
                // Only this task sleeps; the clients' tasks go on.
                eprintln!("accept: {error}");
                sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        // ANCHOR_END: accept
        // ANCHOR: spawn
        // Nobody awaits the task: it ends when its client has gone.
        tokio::spawn(async move {
            if let Err(error) = handle(stream).await {
                eprintln!("client: {error}");
            }
        });
        // ANCHOR_END: spawn
    }
    // END SOLUTION
}

/// Task 4: connects to `addr`, sends what `input` gives, and writes to
/// `output` what comes back, each as soon as it is there and both at the same
/// time.
///
/// At the end of the input it shuts down its sending side (the server then
/// reads 0 bytes), goes on until the server has closed, too, and returns.
///
/// # Errors
///
/// No server listens at `addr`, or the connection broke. What had come until
/// then is written.
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
        // Whatever ended it, the server is to know that nothing more comes.
        to_server.shutdown().await.and(copied)
    };
    // ANCHOR_END: send
    let receive = async {
        // `copy` flushes each time that it has to wait for more.
        let mut output = BufWriter::new(output);
        let copied = copy(&mut from_server, &mut output).await;
        // What came before an error is shown, too.
        output.flush().await.and(copied)
    };
    // ANCHOR: both
    tokio::pin!(receive);
    let (sent, received) = tokio::select! {
        // The server has closed, or the connection broke: whatever the input
        // may still give, there is nobody to send it to.
        received = &mut receive => (Ok(0), received),
        // Where sending fails, the last words of the server may still come.
        sent = send => (sent, receive.await),
    };
    sent.and(received)?;
    // ANCHOR_END: both
    Ok(())
    // END SOLUTION
}
