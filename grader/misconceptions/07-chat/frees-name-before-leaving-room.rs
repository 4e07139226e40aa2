//! Misconception: the name can be freed now, and the room left a moment later.
//!
//! Must fail:
//! - 07/name-freed: when the user rejoins, the delayed leave removes the new member

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get(&self.room_id) else {
            return;
        };
        // A disconnected client has already left; its name may be reused.
        if !room
            .get(&self.user_id)
            .is_some_and(|o| o.same_client(&self.outbox))
        {
            return;
        }
        state.names.remove(&self.user_id);
        let (rooms, room_id) = (Arc::clone(&self.rooms), self.room_id.clone());
        let user_id = self.user_id.clone();
        // No client must wait until the others are told.
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
