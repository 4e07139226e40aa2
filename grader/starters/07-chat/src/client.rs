//! Given: an interactive client. Lines become messages; events become lines.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, stdin};
use tokio::net::TcpStream;
use tokio::net::tcp::WriteHalf;

use crate::protocol::{Command, Event};

/// Joins, then sends what it reads from standard input and prints the events,
/// until the input ends and the server has closed.
///
/// # Errors
///
/// The connection broke, or the server closed it first.
pub async fn run(addr: SocketAddr, join: &Command) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    let (input, mut output) = stream.split();
    output.write_all(join.line().as_bytes()).await?;
    let mut receiving = pin!(receive(input));
    // At the same time: a server may read no more until its output is read.
    let sent = tokio::select! {
        biased;
        result = send(output) => result,
        result = &mut receiving => {
            result?;
            return Err(io::Error::other("the server closed the connection"));
        }
    };
    // Print the server's last events even if sending has failed.
    receiving.await?;
    sent
}

/// Sends the commands from standard input; shuts down at its end or `/quit`.
async fn send(mut output: WriteHalf<'_>) -> io::Result<()> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let command = match line.as_str() {
            "/quit" => break,
            "/who" => Command::Who { who: true },
            _ => Command::Say { message: line },
        };
        output.write_all(command.line().as_bytes()).await?;
    }
    output.shutdown().await
}

/// Prints each event on its own line, until the server closes.
async fn receive(input: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut lines = BufReader::new(input).lines();
    while let Some(line) = lines.next_line().await? {
        let text = match serde_json::from_str(&line)? {
            Event::Welcome { users, .. } | Event::Users { users } => {
                format!("* here: {}", users.join(", "))
            }
            Event::Joined { user_id } => format!("* {user_id} joined"),
            Event::Left { user_id } => format!("* {user_id} left"),
            Event::Message { user_id, message } => {
                format!("{user_id}: {message}")
            }
            Event::Error { reason } => format!("! {reason}"),
        };
        // A message may contain anything: a newline and `* bob left`, or
        // a terminal's control sequence.
        let text = text.replace(char::is_control, "\u{FFFD}");
        // `println!` panics when standard output is closed.
        writeln!(io::stdout(), "{text}")?;
    }
    Ok(())
}
