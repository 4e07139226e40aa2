//! Misconception: a loop must check for work from time to time.
//! Edits: src/server.rs
//!
//! Must fail:
//! - 02/poll/idle-is-idle: it wakes up 1,000 times a second without work
//! - 02/select/idle-is-idle: it wakes up 1,000 times a second without work
//! - 02/epoll/idle-is-idle: it wakes up 1,000 times a second without work

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
        let look_around = Duration::from_millis(1);
        let timeout = server.time_until_resume().or(Some(look_around));
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
