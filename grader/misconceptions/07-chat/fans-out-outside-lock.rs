//! Misconception: to copy the list of members under the lock is enough.
//!
//! Nondeterministic: two threads have to meet.
//!
//! Must fail:
//! - 07/fanout-exact: two messages come to two clients in different orders

impl Member {
    /// Task 2: a message to all of the room, oneself included. Who was cut off
    /// has left, and says nothing any more.
    // ANCHOR: bug
    pub fn say(&self, message: String) {
        let state = self.rooms.lock();
        if !self.outbox.disconnect.is_cancelled() {
            let user_id = self.user_id.clone();
            let line = Event::Message { user_id, message }.line();
            let room = state.rooms.get(&self.room_id);
            let outboxes: Vec<Outbox> =
                room.into_iter().flat_map(|r| r.values().cloned()).collect();
            // Others need not wait for this.
            drop(state);
            for outbox in outboxes {
                outbox.send(Arc::clone(&line));
            }
        }
    }
    // ANCHOR_END: bug
}
