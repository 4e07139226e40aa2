//! Misconception: both the reader that sees EOF and the code that frees the
//! name tell the others.
//! Adds: Member::say_left
//!
//! Must fail:
//! - 07/leave-notice: `left` arrives twice

impl Member {
    /// Tells the others that this member leaves.
    fn say_left(&self) {
        let state = self.rooms.lock();
        let user_id = self.user_id.clone();
        let line = Event::Left { user_id }.line();
        for (user_id, outbox) in
            state.rooms.get(&self.room_id).into_iter().flatten()
        {
            if *user_id != self.user_id {
                outbox.send(Arc::clone(&line));
            }
        }
    }
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
            Ok(None) => {
                if let Some(member) = &member {
                    member.say_left();
                }
                break Ok(());
            }
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
