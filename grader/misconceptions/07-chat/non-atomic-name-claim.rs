//! Misconception: a name that was free a moment ago is still free.
//! Adds: Rooms::is_taken
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 07/duplicate-name: of several clients that ask at the same time, more than
//!   one is welcomed

use tokio::task::spawn_blocking;

impl Rooms {
    /// Whether the name is taken. There may be many names, so the lookup runs
    /// off the runtime.
    async fn is_taken(self: &Arc<Self>, user_id: &str) -> bool {
        let (rooms, user_id) = (Arc::clone(self), user_id.to_owned());
        let look = move || rooms.lock().names.contains(&user_id);
        spawn_blocking(look).await.unwrap_or(true)
    }

    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Member {
        let mut state = self.lock();
        state.names.insert(user_id.clone());
        let joined = Event::Joined {
            user_id: user_id.clone(),
        };
        state.announce(&room_id, &joined);
        let room = state.rooms.entry(room_id.clone()).or_default();
        room.insert(user_id.clone(), outbox.clone());
        let welcome = Event::Welcome {
            room_id: room_id.clone(),
            users: room.keys().cloned().collect(),
        };
        outbox.send(welcome.line());
        Member {
            rooms: Arc::clone(self),
            user_id,
            room_id,
            outbox: outbox.clone(),
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
            if rooms.is_taken(&user_id).await {
                return Err(Error::NameTaken);
            }
            *member = Some(rooms.join(user_id, room_id, outbox));
        }
        (Some(Command::Say { message }), Some(member)) => member.say(message),
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
                handle_command(&line, rooms, &outbox, &mut member).await
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
