//! Misconception: a queue that grows is never full, so no client is lost.
//!
//! Must fail:
//! - 07/slow-consumer: a client that does not read is never disconnected, and
//!   memory grows

#[derive(Clone)]
pub struct Outbox {
    /// Each line is made once and shared by all queues that hold it.
    lines: mpsc::UnboundedSender<Arc<str>>,
    disconnect: CancellationToken,
}

impl Outbox {
    pub fn new(_: usize) -> (Self, mpsc::UnboundedReceiver<Arc<str>>) {
        let (lines, queue) = mpsc::unbounded_channel();
        let disconnect = CancellationToken::new();
        (Self { lines, disconnect }, queue)
    }

    pub fn send(&self, line: Arc<str>) -> bool {
        if !self.disconnect.is_cancelled() && self.lines.send(line).is_ok() {
            return true;
        }
        self.disconnect.cancel();
        false
    }
}

pub async fn write_events(
    mut queue: mpsc::UnboundedReceiver<Arc<str>>,
    mut output: WriteHalf<'_>,
) -> io::Result<()> {
    while let Some(line) = queue.recv().await {
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
    let (outbox, queue) = Outbox::new(rooms.queue);
    let mut writer = pin!(write_events(queue, output));
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
            let _ = outbox.lines.send(Event::Error { reason }.line());
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
