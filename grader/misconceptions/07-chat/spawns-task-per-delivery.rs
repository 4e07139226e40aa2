//! Misconception: tasks run in the order in which they were spawned.
//!
//! Nondeterministic: two threads must race
//!
//! Must fail:
//! - 07/per-sender-order: messages overtake each other
//! - 07/fanout-exact: each client sees a different order

impl State {
    fn announce(&mut self, room_id: &str, event: &Event) {
        let Some(room) = self.rooms.get_mut(room_id) else {
            return;
        };
        if let Event::Message { .. } = event {
            let line = event.line();
            for outbox in room.values() {
                let (outbox, line) = (outbox.clone(), Arc::clone(&line));
                tokio::spawn(async move { outbox.send(line) });
            }
            return;
        }
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
        if room.is_empty() {
            self.rooms.remove(room_id);
        }
    }
}
