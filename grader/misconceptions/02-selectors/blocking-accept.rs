//! Misconception: readiness alone keeps `accept` from blocking.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/echo-bytes: the second `accept` of the loop blocks the only thread
//! - 02/select/echo-bytes: the second `accept` of the loop blocks the only
//!   thread
//! - 02/epoll/echo-bytes: the second `accept` of the loop blocks the only
//!   thread

pub fn serve(
    listener: TcpListener,
    mut selector: Box<dyn Selector>,
) -> io::Result<()> {
    let listener = Rc::new(listener);
    selector.register(listener.clone(), LISTENER, Interest::READ)?;
    let mut server = Server {
        listener,
        selector,
        clients: HashMap::new(),
        last_token: LISTENER,
        buffer: vec![0; BUFFER_SIZE],
        paused_until: None,
    };
    let mut events = Vec::new();
    loop {
        let timeout = server.time_until_resume();
        server.selector.wait(&mut events, timeout)?;
        server.resume()?;
        for &Event { token, .. } in &events {
            match token {
                LISTENER => server.accept()?,
                client => server.turn(client),
            }
        }
    }
}
