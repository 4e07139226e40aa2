//! Misconception: back-pressure: who sends waits until all have room.
//!
//! Must fail:
//! - 07/slow-consumer: who speaks waits for the one that does not read
//! - 07/join-storm: so messages cannot be sent under the lock of the notices,
//!   and two hear of both in different orders

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
        // One speaks at a time, so that the order is the same for all.
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
                // Beside the writer, or nobody would take one's own lines.
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
