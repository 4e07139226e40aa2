//! Misconception: a sender knows its own message.
//!
//! Must fail:
//! - 07/message-broadcast: the sender does not get its own message

impl Member {
    pub fn say(&self, message: String) {
        let mut state = self.rooms.lock();
        if !self.outbox.disconnect.is_cancelled() {
            let user_id = self.user_id.clone();
            let event = Event::Message { user_id, message };
            // All members except the sender.
            let room = state.rooms.get_mut(&self.room_id);
            let own = room.and_then(|room| room.remove(&self.user_id));
            state.announce(&self.room_id, &event);
            if let Some(own) = own {
                let room = state.rooms.entry(self.room_id.clone());
                room.or_default().insert(self.user_id.clone(), own);
            }
        }
    }
}
