//! Misconception: a message is for everyone.
//!
//! Must fail:
//! - 07/rooms-isolated: members of other rooms get it, too

impl Member {
    pub fn say(&self, message: String) {
        let mut state = self.rooms.lock();
        if !self.outbox.disconnect.is_cancelled() {
            let user_id = self.user_id.clone();
            let event = Event::Message { user_id, message };
            let rooms: Vec<String> = state.rooms.keys().cloned().collect();
            for room_id in rooms {
                state.announce(&room_id, &event);
            }
        }
    }
}
