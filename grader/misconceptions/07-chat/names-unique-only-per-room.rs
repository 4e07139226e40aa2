//! Misconception: two users in different rooms may have the same name.
//!
//! Must fail:
//! - 07/duplicate-name: a client gets the name of a user in another room

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(room_id) else {
            return;
        };
        // A list, not recursion: each round ends before the next event
        // is announced.
        let mut pending = VecDeque::from([event.line()]);
        while let Some(line) = pending.pop_front() {
            room.retain(|user_id, outbox| {
                let sent = outbox.send(Arc::clone(&line));
                if !sent {
                    self.names.remove(&format!("{room_id}/{user_id}"));
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
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        let mut state = self.lock();
        if !state.names.insert(format!("{room_id}/{user_id}")) {
            return Err(Error::NameTaken);
        }
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
        Ok(Member {
            rooms: Arc::clone(self),
            user_id,
            room_id,
            outbox: outbox.clone(),
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
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
        let name = format!("{}/{}", self.room_id, self.user_id);
        state.names.remove(&name);
        let left = Event::Left {
            user_id: self.user_id.clone(),
        };
        state.announce(&self.room_id, &left);
    }
}
