//! Misconception: an event says that some client is ready; reading shows which
//! one.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/idle-scaling: each wakeup tries to read from all 2,000 clients

pub fn serve(
    listener: TcpListener,
    mut selector: Box<dyn Selector>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
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
        if events.iter().any(|event| event.token == LISTENER) {
            server.accept()?;
        }
        let all: Vec<Token> = server.clients.keys().copied().collect();
        for client in all {
            server.turn(client);
        }
    }
}
