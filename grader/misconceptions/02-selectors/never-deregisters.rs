//! Misconception: dropping the stream closes the socket, so the selector
//! forgets it by itself.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/echo-bytes: the selector holds the stream, so no FIN is ever sent
//! - 02/select/echo-bytes: the same; only epoll forgets what is closed

impl Server {
    fn remove_client(&mut self, token: Token) {
        self.clients.remove(&token);
    }
}
