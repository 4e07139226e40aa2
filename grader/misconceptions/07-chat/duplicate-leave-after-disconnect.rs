//! Misconception: whose task ends is in the room until then.
//!
//! Must fail:
//! - 07/slow-consumer: who was cut off leaves once more when its task ends

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
