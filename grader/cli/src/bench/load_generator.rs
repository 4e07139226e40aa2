//! The grader's side of its load generator.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Stdio};

use engine::subject::Children;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::unix::pipe;

use super::load::{self, Command, Connected, GO_ON, Interval, Reply};
use super::results::NotMeasured;

/// A running load generator; it ends when this is dropped.
pub(super) struct LoadGenerator {
    commands: pipe::Sender,
    replies: Lines<BufReader<pipe::Receiver>>,
    _process: Process,
}

struct Process {
    child: Child,
    children: Children,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.children.forget(self.child.id());
    }
}

impl LoadGenerator {
    /// Starts a load generator that carries out `command`.
    pub async fn start(children: &Children, command: &Command) -> Result<Self, NotMeasured> {
        Self::spawn(children, command).await.map_err(unable)
    }

    async fn spawn(children: &Children, command: &Command) -> io::Result<Self> {
        let mut program = process::Command::new("/proc/self/exe");
        program
            .arg(load::ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Outside the terminal's foreground group: Ctrl-C goes to the grader, which then ends the load generator.
            .process_group(0);
        let child = children.spawn(&mut program)?;
        let mut process = Process { child, children: children.clone() };
        let no_pipe = || io::Error::other("it has no pipe");
        let commands = process.child.stdin.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let replies = process.child.stdout.take().map(OwnedFd::from).ok_or_else(no_pipe)?;
        let replies = BufReader::new(pipe::Receiver::from_owned_fd(replies)?).lines();
        let mut commands = pipe::Sender::from_owned_fd(commands)?;
        let command = serde_json::to_string(command)?;
        commands.write_all(format!("{command}\n").as_bytes()).await?;
        Ok(Self { commands, replies, _process: process })
    }

    /// Waits for its first reply: how connecting went.
    pub async fn connected(&mut self) -> Result<Connected, NotMeasured> {
        match self.reply().await? {
            Reply::Connected(connected) => Ok(connected),
            _ => Err(unexpected()),
        }
    }

    /// Lets it send requests: first to warm up the server, then to measure.
    pub async fn interval(&mut self) -> Result<Interval, NotMeasured> {
        self.commands.write_all(GO_ON.as_bytes()).await.map_err(unable)?;
        match self.reply().await? {
            Reply::Measured(interval) => Ok(interval),
            _ => Err(unexpected()),
        }
    }

    async fn reply(&mut self) -> Result<Reply, NotMeasured> {
        let line = self.replies.next_line().await.map_err(unable)?;
        let line = line.ok_or_else(|| unable(io::ErrorKind::UnexpectedEof.into()))?;
        match serde_json::from_str(&line) {
            Ok(Reply::Unable(why)) => Err(NotMeasured::Unable(why)),
            Ok(reply) => Ok(reply),
            Err(_) => Err(unexpected()),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "map_err passes a value")]
fn unable(error: io::Error) -> NotMeasured {
    NotMeasured::Unable(format!("the load generator: {error}"))
}

fn unexpected() -> NotMeasured {
    NotMeasured::Unable("the load generator sent an unexpected reply".to_owned())
}
