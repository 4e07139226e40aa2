//! Misconception: back-pressure means that a sender waits until every queue has
//! space.
//!
//! Must fail:
//! - 07/slow-consumer: a sender waits for the client that does not read
//! - 07/join-storm: messages then cannot be sent under the lock for notices, so
//!   two clients get both in different orders

pub struct Rooms {
    /// How many lines may wait for one client.
    queue: usize,
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

impl Rooms {
    pub fn new(queue: usize) -> Self {
        let state = Mutex::default();
        let turn = tokio::sync::Mutex::default();
        Self { queue, state, turn }
    }
}

impl Member {
    pub async fn say(&self, message: String) {
        let user_id = self.user_id.clone();
        let line = Event::Message { user_id, message }.line();
        // One sender at a time, so that all members see the same order.
        let _turn = self.rooms.turn.lock().await;
        let outboxes: Vec<Outbox> = {
            let state = self.rooms.lock();
            let room = state.rooms.get(&self.room_id);
            room.into_iter().flat_map(|r| r.values().cloned()).collect()
        };
        for outbox in outboxes {
            let _ = outbox.lines.send(Arc::clone(&line)).await;
        }
    }
}

pub async fn handle_command(
    line: &str,
    rooms: &Arc<Rooms>,
    outbox: &Outbox,
    member: &mut Option<Member>,
) -> Result<(), Error> {
    match (Command::parse(line), &member) {
        (Some(Command::Join { user_id, room_id }), None) => {
            if !is_valid_name(&user_id) || !is_valid_name(&room_id) {
                return Err(Error::BadName);
            }
            *member = Some(rooms.join(user_id, room_id, outbox)?);
        }
        (Some(Command::Say { message }), Some(member)) => {
            member.say(message).await;
        }
        (Some(Command::Who { .. }), Some(member)) => member.who(),
        (Some(Command::Join { .. }), Some(_)) | (None, _) => {
            outbox.error(BAD_JSON);
        }
        (Some(_), None) => outbox.error(JOIN_FIRST),
    }
    Ok(())
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
                // Run the writer, too, or this client's own queue stays full.
                tokio::select! {
                    done = handle_command(
                        &line, rooms, &outbox, &mut member,
                    ) => done,
                    Err(error) = &mut writer => return Err(error.into()),
                }
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
