//! Misconception: a set can hold any descriptor.
//! Edits: src/select.rs
//!
//! Must fail:
//! - 02/many-descriptors: the first descriptor above 1,023 does not fit

impl Selector for Select {
    fn register(
        &mut self,
        socket: Rc<dyn AsFd>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let fd = socket.as_fd().as_raw_fd();
        self.sockets.insert(
            fd,
            Registration {
                socket,
                token,
                interest,
            },
        );
        Ok(())
    }
}
