//! Misconception: a client that asks to join has joined.
//!
//! Must fail:
//! - 07/duplicate-name: the room is told that a refused client joined

impl Rooms {
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        let mut state = self.lock();
        let joined = Event::Joined {
            user_id: user_id.clone(),
        };
        state.announce(&room_id, &joined);
        if !state.names.insert(user_id.clone()) {
            return Err(Error::NameTaken);
        }
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
