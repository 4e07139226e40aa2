//! Misconception: a client is in the room until its task ends.
//!
//! Must fail:
//! - 07/slow-consumer: a disconnected client leaves again when its task ends

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        if let Some(room) = state.rooms.get_mut(&self.room_id) {
            room.remove(&self.user_id);
        }
        state.names.remove(&self.user_id);
        let left = Event::Left {
            user_id: self.user_id.clone(),
        };
        state.announce(&self.room_id, &left);
    }
}
