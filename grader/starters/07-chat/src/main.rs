//! Given: reads the command line, listens, prints the address, and serves;
//! or runs the client.

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use lab07::client;
use lab07::protocol::Command;
use tokio::net::TcpListener;

/// A chat server with rooms, and a client for it.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Flags {
    /// Where to listen; port 0 picks a free port.
    #[arg(long, default_value = "127.0.0.1:9999")]
    addr: SocketAddr,

    /// How many events may wait for one client.
    #[arg(long, default_value_t = 64)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    queue: u32,

    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Subcommand)]
enum Mode {
    /// Chat: lines become messages, `/who` lists the users, `/quit` leaves.
    Client {
        /// The server's address.
        addr: SocketAddr,
        /// Your name in the room.
        user: String,
        /// The room to join.
        room: String,
    },
}

/// Tasks run on several threads, so the state that they share needs a lock.
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
            eprintln!("{}", text.replace('\n', ""));
            std::process::exit(1);
        }
    };
    let (addr, result) = match flags.mode {
        Some(Mode::Client { addr, user, room }) => {
            let (user_id, room_id) = (user, room);
            let join = Command::Join { user_id, room_id };
            (addr, client::run(addr, &join).await)
        }
        None => (flags.addr, serve(flags.addr, flags.queue as usize).await),
    };
    if let Err(error) = &result {
        eprintln!("error: {addr}: {error}");
    }
    // Not `return`: a thread of the runtime blocks on standard input, and
    // the runtime would wait for it on exit, until one more line arrives.
    std::process::exit(i32::from(result.is_err()));
}

async fn serve(addr: SocketAddr, queue: usize) -> io::Result<()> {
    let listener = TcpListener::bind(addr).await?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    lab07::serve(listener, queue).await
}
