//! Misconception: a room found in the map is still the same room on entry.
//!
//! Must fail:
//! - 07/join-storm: the last member has left and the room is no longer in the
//!   map, so a client that enters it is alone

#[derive(Default)]
struct State {
    /// Users in any room. Changes in one step with `rooms`.
    names: HashSet<String>,
    /// By name. No room is empty.
    rooms: HashMap<String, Arc<Mutex<Room>>>,
}

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(shared) = self.rooms.get(room_id).cloned() else {
            return;
        };
        let mut room = shared.lock().unwrap();
        // A list, not recursion: each round ends before the next event
        // is announced.
        let mut pending = VecDeque::from([event.line()]);
        while let Some(line) = pending.pop_front() {
            room.retain(|user_id, outbox| {
                let sent = outbox.send(Arc::clone(&line));
                if !sent {
                    self.names.remove(user_id);
                    let user_id = user_id.clone();
                    pending.push_back(Event::Left { user_id }.line());
                }
                sent
            });
        }
        if room.is_empty() {
            self.rooms.remove(room_id);
        }
    }
}

impl Rooms {
    pub async fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        let shared = {
            let mut state = self.lock();
            if !state.names.insert(user_id.clone()) {
                return Err(Error::NameTaken);
            }
            Arc::clone(state.rooms.entry(room_id.clone()).or_default())
        };
        // Stands for asking another service whether this user may enter.
        sleep(Duration::from_millis(2)).await;
        let joined = Event::Joined {
            user_id: user_id.clone(),
        };
        let mut state = self.lock();
        let mut room = shared.lock().unwrap();
        room.retain(|user_id, outbox| {
            let sent = outbox.send(joined.line());
            if !sent {
                state.names.remove(user_id);
            }
            sent
        });
        room.insert(user_id.clone(), outbox.clone());
        let welcome = Event::Welcome {
            room_id: room_id.clone(),
            users: room.keys().cloned().collect(),
        };
        outbox.send(welcome.line());
        Ok(Member {
            rooms: Arc::clone(self),
            user_id,
            room_id,
            outbox: outbox.clone(),
        })
    }
}

impl Member {
    pub fn who(&self) {
        let state = self.rooms.lock();
        if let Some(room) = state.rooms.get(&self.room_id) {
            let users = room.lock().unwrap().keys().cloned().collect();
            self.outbox.send(Event::Users { users }.line());
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        let Some(shared) = state.rooms.get(&self.room_id).cloned() else {
            state.names.remove(&self.user_id);
            return;
        };
        let mut room = shared.lock().unwrap();
        // A disconnected client has already left; its name may be reused.
        if !room
            .get(&self.user_id)
            .is_some_and(|o| o.same_client(&self.outbox))
        {
            return;
        }
        room.remove(&self.user_id);
        drop(room);
        state.names.remove(&self.user_id);
        let left = Event::Left {
            user_id: self.user_id.clone(),
        };
        state.announce(&self.room_id, &left);
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
            *member = Some(rooms.join(user_id, room_id, outbox).await?);
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
