//! Misconception: a client that had to wait once must be watched for writing
//! from then on.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/idle-is-idle: once a stalled client reads again, its socket is
//!   always writable
//! - 02/select/idle-is-idle: once a stalled client reads again, its socket is
//!   always writable
//! - 02/epoll/idle-is-idle: once a stalled client reads again, its socket is
//!   always writable

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
                // `modify` re-arms: a ready socket is reported again.
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
