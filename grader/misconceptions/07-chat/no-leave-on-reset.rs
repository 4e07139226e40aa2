//! Misconception: a client that leaves closes its connection.
//! Adds: Member::leave
//! Without: impl Drop for Member
//!
//! Must fail:
//! - 07/name-freed: after RST the name stays taken
//! - 07/leave-notice: after RST the room is not notified that the user has left

impl Member {
    fn leave(self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get_mut(&self.room_id) else {
            return;
        };
        // Who was cut off is gone, and the name may be another client's.
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
    // Events are small, and someone waits for each.
    stream.set_nodelay(true)?;
    let (mut input, output) = stream.split();
    let mut lines = Lines::new(&mut input, MAX_LINE);
    let (outbox, queue) = Outbox::new(rooms.queue);
    let mut writer = pin!(write_events(queue, output));
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
    if let Some(member) = member {
        member.leave();
    }
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
