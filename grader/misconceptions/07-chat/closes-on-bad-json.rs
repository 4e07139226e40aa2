//! Misconception: a client that does not send JSON is not worth talking to.
//!
//! Must fail:
//! - 07/bad-json: the connection ends

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("bad name")]
    BadName,
    #[error("user id already taken")]
    NameTaken,
    #[error("line too long")]
    LineTooLong,
    #[error("{BAD_JSON}")]
    BadJson,
    #[error("too slow")]
    TooSlow,
    #[error(transparent)]
    Io(#[from] io::Error),
}

pub fn handle_command(
    line: &str,
    rooms: &Arc<Rooms>,
    outbox: &Outbox,
    member: &mut Option<Member>,
) -> Result<(), Error> {
    match (Command::parse(line), &member) {
        (Some(Command::Join { user_id, room_id }), None) => {
            if !is_valid_name(&user_id) || !is_valid_name(&room_id) {
                return Err(Error::BadName);
            }
            *member = Some(rooms.join(user_id, room_id, outbox)?);
        }
        (Some(Command::Say { message }), Some(member)) => member.say(message),
        (Some(Command::Who { .. }), Some(member)) => member.who(),
        (Some(Command::Join { .. }), Some(_)) | (None, _) => {
            return Err(Error::BadJson);
        }
        (Some(_), None) => outbox.error(JOIN_FIRST),
    }
    Ok(())
}

pub async fn handle(
    stream: &mut TcpStream,
    rooms: &Arc<Rooms>,
) -> Result<(), Error> {
    // Events are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let (mut input, output) = stream.split();
    let mut lines = Lines::new(&mut input, MAX_LINE);
    let (outbox, queue) = Outbox::new(rooms.queue);
    let mut writer = pin!(write_events(queue, output));
    let mut member = None;
    let result = loop {
        let line = tokio::select! {
            // Write before reading: a burst of lines then does not fill the
            // queue of a client that reads its answers.
            biased;
            () = outbox.disconnect.cancelled() => break Err(Error::TooSlow),
            // While an outbox exists, the writer ends only with an error.
            Err(error) = &mut writer => return Err(error.into()),
            line = lines.next_line() => line,
        };
        let done = match line {
            Ok(Some(line)) => {
                handle_command(&line, rooms, &outbox, &mut member)
            }
            Ok(None) => break Ok(()),
            Err(LineError::NotUtf8) => Err(Error::BadJson),
            Err(LineError::TooLong) => Err(Error::LineTooLong),
            Err(LineError::Io(error)) => return Err(error.into()),
        };
        if done.is_err() {
            break done;
        }
    };
    // Tell the others now, not after the last events are written.
    drop(member);
    let send_error = async {
        if let Err(error) = &result {
            let reason = error.to_string();
            // Waiting for space is fine here: it delays no other client.
            let _ = outbox.lines.send(Event::Error { reason }.line()).await;
        }
        // This was the last sender, so the writer ends.
        drop(outbox);
    };
    let drain = async { tokio::join!(send_error, writer) };
    let _ = timeout(DRAIN_TIMEOUT, drain).await;
    // Read what still arrives: closing with unread input would send RST.
    let _ = timeout(LINGER, copy(&mut input, &mut sink())).await;
    result
}
