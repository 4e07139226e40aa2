//! Misconception: a client can be welcomed first and added to the room later.
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 07/join-storm: two clients that join at the same time do not learn of each
//!   other

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
        let room = state.rooms.get(&room_id).into_iter().flatten();
        let mut users: Vec<_> = room.map(|(name, _)| name.clone()).collect();
        users.push(user_id.clone());
        users.sort();
        let welcome = Event::Welcome {
            room_id: room_id.clone(),
            users,
        };
        outbox.send(welcome.line());
        drop(state);
        std::thread::yield_now();
        let mut state = self.lock();
        let room = state.rooms.entry(room_id.clone()).or_default();
        room.insert(user_id.clone(), outbox.clone());
        Ok(Member {
            rooms: Arc::clone(self),
            user_id,
            room_id,
            outbox: outbox.clone(),
        })
    }
}
