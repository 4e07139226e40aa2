//! Misconception: dropping the stream closes the socket, so the selector
//! forgets it automatically.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/echo-bytes: the selector still holds the stream, so no FIN is sent
//! - 02/select/echo-bytes: the same; only epoll forgets closed sockets

impl Server {
    fn remove_client(&mut self, token: Token) {
        self.clients.remove(&token);
    }
}
