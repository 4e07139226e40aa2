//! Misconception: the name is given back at once, and the place in the room in
//! a moment.
//!
//! Must fail:
//! - 07/name-freed: who comes back into the room is taken out of it by its own past

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get(&self.room_id) else {
            return;
        };
        // Who was cut off is gone, and the name may be another client's.
        if !room
            .get(&self.user_id)
            .is_some_and(|o| o.same_client(&self.outbox))
        {
            return;
        }
        state.names.remove(&self.user_id);
        let (rooms, room_id) = (Arc::clone(&self.rooms), self.room_id.clone());
        let user_id = self.user_id.clone();
        // Nobody has to wait for the others to be told.
        tokio::spawn(async move {
            sleep(Duration::from_millis(100)).await;
            let mut state = rooms.lock();
            if let Some(room) = state.rooms.get_mut(&room_id) {
                room.remove(&user_id);
            }
            state.announce(&room_id, &Event::Left { user_id });
        });
    }
}
