#![allow(unreachable_code, unused_imports, unused_mut, unused_variables)]
#![allow(clippy::needless_pass_by_value)] // delete these lines when you are done
#![cfg_attr(clippy, allow(dead_code))]
//! Lab 07: a chat server. What clients share stands behind one lock, and no
//! client can make another wait.
//!
//! - [`Rooms`] has all rooms; [`Rooms::join`] makes a [`Member`] (task 1).
//! - [`Member`] is somebody in a room: [`Member::say`] and [`Member::who`], and
//!   its drop is leaving (tasks 1 and 2).
//! - [`Outbox`] is the way to one client: a queue that does not grow (task 4).
//! - [`handle_command`] does what a line asks for, [`write_events`] writes what
//!   is in the queue, [`handle`] serves one client with both, and [`serve`]
//!   accepts (tasks 1 and 4).
//!
//! The reader of lines is given, in `lines.rs`; what is said, in `protocol.rs`;
//! and a client to talk with, in `client.rs`.

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

/// How long the last events may take to be written to a client that leaves or
/// is sent away.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client that is told to go may still send before its socket is
/// closed.
pub const LINGER: Duration = Duration::from_millis(100);

/// Why a client is served no longer. Where the connection did not break, the
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

/// The way to one client: lines for its writer, and a means to cut it off.
#[derive(Clone)]
pub struct Outbox {
    /// Each line is made once and shared by all queues that it stands in.
    lines: mpsc::Sender<Arc<str>>,
    /// Cancelled when the queue was full: this client has missed something.
    disconnect: CancellationToken,
}

impl Outbox {
    /// Given: an outbox for at most `capacity` lines, and where they come out.
    pub fn new(capacity: usize) -> (Self, mpsc::Receiver<Arc<str>>) {
        let (lines, queue) = mpsc::channel(capacity);
        let disconnect = CancellationToken::new();
        (Self { lines, disconnect }, queue)
    }

    /// Puts `line` into the queue, without waiting (task 1). `false` if the
    /// client is cut off, now or before: its queue was full (task 4). After a
    /// line that is missing there must be no other.
    pub fn send(&self, line: Arc<str>) -> bool {
        todo!("tasks 1 and 4: try_send; cut off who has no room")
    }

    /// Given: tells the client what it did wrong.
    pub fn error(&self, reason: &str) {
        let reason = reason.to_owned();
        self.send(Event::Error { reason }.line());
    }

    /// Given: whether both lead to the same client.
    fn same_client(&self, other: &Self) -> bool {
        self.lines.same_channel(&other.lines)
    }
}

/// Who is in a room. Sorted by name, as bytes.
type Room = BTreeMap<String, Outbox>;

/// What all clients share.
#[derive(Default)]
struct State {
    /// Of users in any room. It changes in one step with `rooms`.
    names: HashSet<String>,
    /// By name. None is empty.
    rooms: HashMap<String, Room>,
}

impl State {
    /// Puts `event` into the queues of all who are in the room (task 2). Who
    /// is cut off by that leaves at once, and the rest of the room hears of
    /// it, which may cut off the next (task 4). An empty room is removed
    /// (task 3).
    fn announce(&mut self, room_id: &str, event: &Event) {
        todo!("tasks 1 to 4: to each outbox; see to those cut off")
    }
}

/// All rooms.
pub struct Rooms {
    /// How many lines may wait for one client.
    queue: usize,
    /// One lock for everything. It is the standard library's: whoever has it
    /// must not wait for anything, and the compiler sees to that, since a task
    /// with such a guard across an `.await` cannot be spawned.
    state: Mutex<State>,
}

impl Rooms {
    /// Given: no room yet.
    pub fn new(queue: usize) -> Self {
        let state = Mutex::default();
        Self { queue, state }
    }

    /// Given: the state, for as long as the guard lives. A panic of somebody
    /// who had it is no reason to panic, too.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tasks 1 and 3: takes the name and a place in the room, tells the others
    /// (`joined`), and welcomes the new member. All in one step, so that one
    /// order of events is true for all.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`], and nobody has noticed anything.
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        todo!("tasks 1 and 3: take the name, tell, enter, welcome")
    }
}

/// Somebody in a room, as long as this lives.
pub struct Member {
    rooms: Arc<Rooms>,
    user_id: String,
    room_id: String,
    outbox: Outbox,
}

impl Member {
    /// Task 2: a message to all of the room, oneself included. Who was cut off
    /// has left, and says nothing any more.
    pub fn say(&self, message: String) {
        todo!("task 2: announce the message, if not cut off")
    }

    /// Task 1: the users in the room, to oneself.
    pub fn who(&self) {
        todo!("task 1: the room's names into one's own outbox")
    }
}

/// Task 1: leaves the room and gives the name back, and tells the others
/// (`left`). A drop happens at each kind of end: at EOF, at an error, at a
/// panic.
impl Drop for Member {
    fn drop(&mut self) {
        todo!("tasks 1 and 4: leave and tell, but only once")
    }
}

/// Tasks 1 and 2: does what `line` asks for. The first good join makes the
/// `member`.
///
/// # Errors
///
/// [`Error::BadName`] or [`Error::NameTaken`]: the connection has to end.
pub fn handle_command(
    line: &str,
    rooms: &Arc<Rooms>,
    outbox: &Outbox,
    member: &mut Option<Member>,
) -> Result<(), Error> {
    todo!("tasks 1 and 2: by the command and who is a member")
}

/// Task 1: writes lines as they come, and the end when no more can come.
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

/// Serves one client: its lines, and beside them its queue, so that neither
/// waits for the other. Ends at the end of its input, at an error, or when the
/// client is cut off (task 4).
///
/// # Errors
///
/// Why it ended otherwise than by the end of its input.
pub async fn handle(
    stream: &mut TcpStream,
    rooms: &Arc<Rooms>,
) -> Result<(), Error> {
    todo!("tasks 1 and 4: select! over disconnect, writer, and lines")
}

/// Accepts clients forever and serves each in a task of its own. When `accept`
/// fails (EMFILE), it waits a moment without blocking the thread, and accepts
/// again.
///
/// # Errors
///
/// None that a running server can survive.
pub async fn serve(listener: TcpListener, queue: usize) -> io::Result<()> {
    todo!("task 1: one Rooms; accept a client, spawn a task, go on")
}
