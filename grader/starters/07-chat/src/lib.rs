#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 07: a chat server. One lock guards the state that clients share, and no
//! client can make another wait.
//!
//! - [`Rooms`] holds all rooms; [`Rooms::join`] makes a [`Member`] (task 1).
//! - [`Member`] is a client in a room: [`Member::say`] and [`Member::who`];
//!   dropping it leaves the room (tasks 1 and 2).
//! - [`Outbox`] sends to one client, through a bounded queue (task 4).
//! - [`handle_command`] executes a line, [`write_events`] writes what is in the
//!   queue, [`handle`] serves one client with both, and [`serve`] accepts
//!   clients (tasks 1 and 4).
//!
//! Given: the line reader (`lines.rs`), the messages (`protocol.rs`), and a
//! client to talk with (`client.rs`).

pub mod client;
pub mod lines;
pub mod protocol;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lines::{LineError, Lines};
use protocol::{BAD_JSON, Command, Event, JOIN_FIRST, MAX_LINE, is_valid_name};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long writing the last events may take when a client leaves or is
/// disconnected.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to keep reading from a client before its socket is closed.
pub const LINGER: Duration = Duration::from_millis(100);

/// Why the server stops serving a client. Unless the connection broke, the
/// client is told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("bad name")]
    BadName,
    #[error("user id already taken")]
    NameTaken,
    #[error("line too long")]
    LineTooLong,
    #[error("too slow")]
    TooSlow,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Sends lines to one client, and can disconnect it.
#[derive(Clone)]
pub struct Outbox {
    /// Each line is made once and shared by all queues that hold it.
    lines: mpsc::Sender<Arc<str>>,
    /// Cancelled when the queue was full: this client has missed an event.
    disconnect: CancellationToken,
}

impl Outbox {
    /// Given: makes an outbox for at most `capacity` lines, and its receiver.
    pub fn new(capacity: usize) -> (Self, mpsc::Receiver<Arc<str>>) {
        let (lines, queue) = mpsc::channel(capacity);
        let disconnect = CancellationToken::new();
        (Self { lines, disconnect }, queue)
    }

    /// Puts `line` into the queue, without waiting (task 1). If the queue is
    /// full, disconnects the client (task 4). Returns `false` if the client is
    /// disconnected: after a missed line, it must get no other.
    pub fn send(&self, line: Arc<str>) -> bool {
        todo!("tasks 1 and 4: try_send; if full, disconnect")
    }

    /// Given: tells the client what it did wrong.
    pub fn error(&self, reason: &str) {
        let reason = reason.to_owned();
        self.send(Event::Error { reason }.line());
    }

    /// Given: whether both send to the same client.
    fn same_client(&self, other: &Self) -> bool {
        self.lines.same_channel(&other.lines)
    }
}

/// The users in a room, sorted by the bytes of their names.
type Room = BTreeMap<String, Outbox>;

/// What all clients share.
#[derive(Default)]
struct State {
    /// Users in any room. Changes in one step with `rooms`.
    names: HashSet<String>,
    /// By name. No room is empty.
    rooms: HashMap<String, Room>,
}

impl State {
    /// Puts `event` into the queues of all members of the room (task 2).
    /// A member that this disconnects leaves immediately, and the others get
    /// `left`, which may disconnect the next (task 4). Removes an empty room
    /// (task 3).
    fn announce(&mut self, room_id: &str, event: &Event) {
        todo!("tasks 1 to 4: send to each outbox; remove the full ones")
    }
}

/// All rooms.
pub struct Rooms {
    /// How many lines may wait for one client.
    queue: usize,
    /// One lock for everything, from the standard library. A task that holds
    /// it must not wait for anything. The compiler ensures that: a task that
    /// holds such a guard across an `.await` cannot be spawned.
    state: Mutex<State>,
}

impl Rooms {
    /// Given: creates a server without rooms.
    pub fn new(queue: usize) -> Self {
        let state = Mutex::default();
        Self { queue, state }
    }

    /// Given: locks the state. If a task panicked while it held the lock, the
    /// other tasks continue.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tasks 1 and 3: takes the name, adds the client to the room, tells the
    /// others (`joined`), and welcomes the new member. All in one step, so that
    /// all members see the same order of events.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`]; then nothing has changed, and no client is told.
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        todo!("tasks 1 and 3: take the name, tell others, enter, welcome")
    }
}

/// A client that is in a room while this value lives.
pub struct Member {
    rooms: Arc<Rooms>,
    user_id: String,
    room_id: String,
    outbox: Outbox,
}

impl Member {
    /// Task 2: sends a message to all members of the room, including this one.
    /// A disconnected client has left, and sends nothing more.
    pub fn say(&self, message: String) {
        todo!("task 2: announce the message, if not disconnected")
    }

    /// Task 1: sends this client the users in the room.
    pub fn who(&self) {
        todo!("task 1: send the room's names to this client")
    }
}

/// Task 1: leaves the room, frees the name, and tells the others (`left`).
/// A value is dropped however a task ends: at EOF, after an error or a panic.
impl Drop for Member {
    fn drop(&mut self) {
        todo!("tasks 1 and 4: leave and tell others, but only once")
    }
}

/// Tasks 1 and 2: executes the command in `line`. The first valid join makes
/// the `member`.
///
/// # Errors
///
/// [`Error::BadName`] or [`Error::NameTaken`]: the connection must end.
pub fn handle_command(
    line: &str,
    rooms: &Arc<Rooms>,
    outbox: &Outbox,
    member: &mut Option<Member>,
) -> Result<(), Error> {
    todo!("tasks 1 and 2: match on the command and on `member`")
}

/// Task 1: writes lines as they arrive; shuts down once no more can.
///
/// # Errors
///
/// The connection broke.
pub async fn write_events(
    mut queue: mpsc::Receiver<Arc<str>>,
    mut output: WriteHalf<'_>,
) -> io::Result<()> {
    todo!("task 1: recv and write_all until None, then shutdown")
}

/// Serves one client: reads its lines and writes its queue at the same time, so
/// that neither waits for the other. Ends at EOF, after an error, or when the
/// client is disconnected (task 4).
///
/// # Errors
///
/// Why the server stops serving the client, unless its input has ended.
pub async fn handle(
    stream: &mut TcpStream,
    rooms: &Arc<Rooms>,
) -> Result<(), Error> {
    todo!("tasks 1 and 4: select! over disconnect, writer, and lines")
}

/// Accepts clients forever and serves each in its own task. When `accept`
/// fails (EMFILE), waits a moment without blocking the thread, then accepts
/// again.
///
/// # Errors
///
/// Only an error that a running server cannot survive.
pub async fn serve(listener: TcpListener, queue: usize) -> io::Result<()> {
    todo!("task 1: one Rooms; accept a client, spawn a task, repeat")
}
