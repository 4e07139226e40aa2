//! Misconception: after a removal, the next member has the next index.
//!
//! Must fail:
//! - 07/slow-consumer: the member after the disconnected one misses a message

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(room_id) else {
            return;
        };
        let mut pending = VecDeque::from([event.line()]);
        while let Some(line) = pending.pop_front() {
            let mut users: Vec<String> = room.keys().cloned().collect();
            let mut index = 0;
            while index < users.len() {
                if !room[&users[index]].send(Arc::clone(&line)) {
                    let user_id = users.remove(index);
                    room.remove(&user_id);
                    self.names.remove(&user_id);
                    pending.push_back(Event::Left { user_id }.line());
                }
                index += 1;
            }
        }
        if room.is_empty() {
            self.rooms.remove(room_id);
        }
    }
}
