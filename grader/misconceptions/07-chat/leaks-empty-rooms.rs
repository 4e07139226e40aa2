//! Misconception: a room is there once somebody has made it.
//!
//! Must fail:
//! - 07/memory-flat: each room that ever was is kept

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(room_id) else {
            return;
        };
        // A list and not a recursion: the room changes between two rounds,
        // and never within one.
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
