//! Misconception: one read and one write handle an event, whether edge- or
//! level-triggered.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/edge-triggered: bytes left after one read stay in the socket, and epoll
//!   does not report them again

impl Server {
    fn turn(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        // ANCHOR: bug
        let mut step: io::Result<Step> = Ok(Step::Progress);
        step = step.and_then(|_| client.step(&mut self.buffer));
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
        // ANCHOR_END: bug
        if let Err(error) = result {
            eprintln!("client: {error}");
            self.remove_client(token);
        }
    }
}
