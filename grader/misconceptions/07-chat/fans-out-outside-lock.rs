//! Misconception: it is enough to copy the list of members under the lock.
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 07/fanout-exact: two messages reach two clients in different orders

impl Member {
    /// Task 2: sends a message to all members of the room, including this one.
    /// A disconnected client has left, and sends nothing more.
    // ANCHOR: bug
    pub fn say(&self, message: String) {
        let state = self.rooms.lock();
        if !self.outbox.disconnect.is_cancelled() {
            let user_id = self.user_id.clone();
            let line = Event::Message { user_id, message }.line();
            let room = state.rooms.get(&self.room_id);
            let outboxes: Vec<Outbox> =
                room.into_iter().flat_map(|r| r.values().cloned()).collect();
            // The other clients need not wait for this.
            drop(state);
            for outbox in outboxes {
                outbox.send(Arc::clone(&line));
            }
        }
    }
    // ANCHOR_END: bug
}
