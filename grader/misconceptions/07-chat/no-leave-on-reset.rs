//! Misconception: every client that leaves closes its connection cleanly.
//! Adds: Member::leave
//! Without: impl Drop for Member
//!
//! Must fail:
//! - 07/name-freed: after RST, the name stays taken
//! - 07/leave-notice: after RST, the room does not get `left`

impl Member {
    fn leave(self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get_mut(&self.room_id) else {
            return;
        };
        // A disconnected client has already left; its name may be reused.
        if !room
            .get(&self.user_id)
            .is_some_and(|o| o.same_client(&self.outbox))
        {
            return;
        }
        room.remove(&self.user_id);
        state.names.remove(&self.user_id);
        let left = Event::Left {
            user_id: self.user_id.clone(),
        };
        state.announce(&self.room_id, &left);
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
    if let Some(member) = member {
        member.leave();
    }
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
