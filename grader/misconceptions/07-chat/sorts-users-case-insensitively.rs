//! Misconception: `ana` comes before `Zoe`.
//! Adds: sorted
//!
//! Must fail:
//! - 07/join-welcome: the users in `welcome` are not sorted by bytes

/// The users in `room`, in the order of a telephone book.
fn sorted(room: &Room) -> Vec<String> {
    let mut users: Vec<String> = room.keys().cloned().collect();
    users.sort_by_key(|user_id| user_id.to_lowercase());
    users
}

impl Rooms {
    pub fn join(
        self: &Arc<Self>,
        user_id: String,
        room_id: String,
        outbox: &Outbox,
    ) -> Result<Member, Error> {
        let mut state = self.lock();
        if !state.names.insert(user_id.clone()) {
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
            users: sorted(room),
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
            let users = sorted(room);
            self.outbox.send(Event::Users { users }.line());
        }
    }
}
