//! Misconception: messages and notices are two things, and each has its own
//! queue; who waits for a message should not wait for notices.
//! Nondeterministic: which of the two queues is written first depends on timing
//! Adds: Queues
//!
//! Must fail:
//! - 07/join-storm: one who has just come is heard before it is said that it
//!   came

/// Where the lines for one client come out.
pub struct Queues {
    notices: mpsc::Receiver<Arc<str>>,
    messages: mpsc::Receiver<Arc<str>>,
}

#[derive(Clone)]
pub struct Outbox {
    /// Each line is made once and shared by all queues that it stands in.
    lines: mpsc::Sender<Arc<str>>,
    messages: mpsc::Sender<Arc<str>>,
    /// Cancelled when the queue was full: this client has missed something.
    disconnect: CancellationToken,
}

impl Outbox {
    pub fn new(capacity: usize) -> (Self, Queues) {
        let (lines, notices) = mpsc::channel(capacity);
        let (messages, of_messages) = mpsc::channel(capacity);
        let disconnect = CancellationToken::new();
        (
            Self {
                lines,
                messages,
                disconnect,
            },
            Queues {
                notices,
                messages: of_messages,
            },
        )
    }

    pub fn send(&self, line: Arc<str>) -> bool {
        let queue = match line.contains("\"message\"") {
            true => &self.messages,
            false => &self.lines,
        };
        if !self.disconnect.is_cancelled() && queue.try_send(line).is_ok() {
            return true;
        }
        self.disconnect.cancel();
        false
    }
}

pub async fn write_events(
    mut queues: Queues,
    mut output: WriteHalf<'_>,
) -> io::Result<()> {
    loop {
        let line = tokio::select! {
            biased;
            Some(line) = queues.messages.recv() => line,
            Some(line) = queues.notices.recv() => line,
            else => break,
        };
        output.write_all(line.as_bytes()).await?;
    }
    output.shutdown().await
}

pub async fn handle(
    stream: &mut TcpStream,
    rooms: &Arc<Rooms>,
) -> Result<(), Error> {
    // Events are small, and someone waits for each.
    stream.set_nodelay(true)?;
    let (mut input, output) = stream.split();
    let mut lines = Lines::new(&mut input, MAX_LINE);
    let (outbox, queues) = Outbox::new(rooms.queue);
    let mut writer = pin!(write_events(queues, output));
    let mut member = None;
    let result = loop {
        let line = tokio::select! {
            // Written first, then read: many lines that come at once do not
            // fill the queue of a client that takes its answers.
            biased;
            () = outbox.disconnect.cancelled() => break Err(Error::TooSlow),
            // As long as there is an outbox it ends only by an error.
            Err(error) = &mut writer => return Err(error.into()),
            line = lines.next_line() => line,
        };
        let done = match line {
            Ok(Some(line)) => {
                handle_command(&line, rooms, &outbox, &mut member)
            }
            Ok(None) => break Ok(()),
            Err(LineError::NotUtf8) => {
                outbox.error(BAD_JSON);
                Ok(())
            }
            Err(LineError::TooLong) => Err(Error::LineTooLong),
            Err(LineError::Io(error)) => return Err(error.into()),
        };
        if done.is_err() {
            break done;
        }
    };
    // The others hear of it now, not when the last words are out.
    drop(member);
    let send_error = async {
        if let Err(error) = &result {
            let reason = error.to_string();
            // Here one may wait for room: nobody else does.
            let _ = outbox.lines.send(Event::Error { reason }.line()).await;
        }
        // The last sender: the writer comes to an end.
        drop(outbox);
    };
    let drain = async { tokio::join!(send_error, writer) };
    let _ = timeout(DRAIN_TIMEOUT, drain).await;
    // What still comes is read: a close with unread input would be a reset.
    let _ = timeout(LINGER, copy(&mut input, &mut sink())).await;
    result
}
