//! Misconception: a room exists forever once a client has created it.
//!
//! Must fail:
//! - 07/memory-flat: every room ever created is kept

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(room_id) else {
            return;
        };
        // A list, not recursion: each round ends before the next event
        // is announced.
        let mut pending = VecDeque::from([event.line()]);
        while let Some(line) = pending.pop_front() {
            room.retain(|user_id, outbox| {
                let sent = outbox.send(Arc::clone(&line));
                if !sent {
                    self.names.remove(user_id);
                    let user_id = user_id.clone();
                    pending.push_back(Event::Left { user_id }.line());
                }
                sent
            });
        }
    }
}
