//! Misconception: after an edge, the server serves the client until it makes no
//! more progress, however long that takes.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/greedy-clients: a client that sends and reads as fast as the server
//!   monopolises the event loop

impl Server {
    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        let is_edge = self.selector.trigger() == Trigger::Edge;
        let mut step = client.step(&mut self.buffer);
        while is_edge && matches!(step, Ok(Step::Progress)) {
            step = client.step(&mut self.buffer);
        }
        let result = match step {
            Ok(Step::Progress | Step::Blocked) => {
                let before = client.registered;
                client.registered = client.interest();
                if client.registered == before {
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
