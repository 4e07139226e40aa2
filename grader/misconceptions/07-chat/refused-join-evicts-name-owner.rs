//! Misconception: a member is created first, and dropped if it is refused.
//!
//! Must fail:
//! - 07/duplicate-name: the drop removes the name's owner from its room and
//!   frees the name

impl Rooms {
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        let member = Member {
            rooms: Arc::clone(self),
            user_id: user_id.clone(),
            room_id: room_id.clone(),
            outbox: outbox.clone(),
        };
        let mut state = self.lock();
        if !state.names.insert(user_id.clone()) {
            drop(state);
            return Err(Error::NameTaken);
        }
        let joined = Event::Joined {
            user_id: user_id.clone(),
        };
        state.announce(&room_id, &joined);
        let room = state.rooms.entry(room_id.clone()).or_default();
        room.insert(user_id, outbox.clone());
        let welcome = Event::Welcome {
            room_id,
            users: room.keys().cloned().collect(),
        };
        outbox.send(welcome.line());
        Ok(member)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get_mut(&self.room_id) else {
            return;
        };
        // A disconnected client has already left.
        if room.remove(&self.user_id).is_none() {
            return;
        }
        state.names.remove(&self.user_id);
        let left = Event::Left {
            user_id: self.user_id.clone(),
        };
        state.announce(&self.room_id, &left);
    }
}
