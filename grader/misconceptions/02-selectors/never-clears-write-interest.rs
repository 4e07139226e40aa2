//! Misconception: a client that had to wait once is to be watched for writing
//! from then on.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/idle-is-idle: after a stalled client has read on, its socket can
//!   be written all the time
//! - 02/select/idle-is-idle: after a stalled client has read on, its socket can
//!   be written all the time
//! - 02/epoll/idle-is-idle: after a stalled client has read on, its socket can
//!   be written all the time

impl Server {
    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        let is_edge = self.selector.trigger() == Trigger::Edge;
        let mut step = Ok(Step::Progress);
        for _ in 0..if is_edge { MAX_STEPS } else { 1 } {
            step = client.step(&mut self.buffer);
            if !matches!(step, Ok(Step::Progress)) {
                break;
            }
        }
        let result = match step {
            Ok(Step::Progress | Step::Blocked) => {
                let before = client.registered;
                client.registered = client.interest();
                client.registered.write |= before.write;
                // To modify is to ask anew: what is ready is told again.
                let rearm = is_edge && matches!(step, Ok(Step::Progress));
                if client.registered == before && !rearm {
                    return;
                }
                self.selector
                    .modify(&client.stream, token, client.registered)
            }
            Ok(Step::Finished) => return self.remove_client(token),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
    }
}
