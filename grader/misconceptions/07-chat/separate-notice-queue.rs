//! Misconception: messages and notices are different, so each needs its own
//! queue; a message should not wait behind notices.
//! Nondeterministic: which of the two queues is written first depends on timing
//! Adds: Queues
//!
//! Must fail:
//! - 07/join-storm: a new member's message arrives before the notice that it
//!   joined

/// The receivers for one client's lines.
pub struct Queues {
    notices: mpsc::Receiver<Arc<str>>,
    messages: mpsc::Receiver<Arc<str>>,
}

#[derive(Clone)]
pub struct Outbox {
    /// Each line is made once and shared by all queues that hold it.
    lines: mpsc::Sender<Arc<str>>,
    messages: mpsc::Sender<Arc<str>>,
    /// Cancelled when the queue was full: this client has missed an event.
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
    // Events are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let (mut input, output) = stream.split();
    let mut lines = Lines::new(&mut input, MAX_LINE);
    let (outbox, queues) = Outbox::new(rooms.queue);
    let mut writer = pin!(write_events(queues, output));
    let mut member = None;
    let result = loop {
        let line = tokio::select! {
            // Write before reading: a burst of lines then does not fill the
            // queue of a client that reads its answers.
            biased;
            () = outbox.disconnect.cancelled() => break Err(Error::TooSlow),
            // While an outbox exists, the writer ends only with an error.
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
    // Tell the others now, not after the last events are written.
    drop(member);
    let send_error = async {
        if let Err(error) = &result {
            let reason = error.to_string();
            // Waiting for space is fine here: it delays no other client.
            let _ = outbox.lines.send(Event::Error { reason }.line()).await;
        }
        // This was the last sender, so the writer ends.
        drop(outbox);
    };
    let drain = async { tokio::join!(send_error, writer) };
    let _ = timeout(DRAIN_TIMEOUT, drain).await;
    // Read what still arrives: closing with unread input would send RST.
    let _ = timeout(LINGER, copy(&mut input, &mut sink())).await;
    result
}
