//! Misconception: an empty frame means that the client has gone.
//!
//! Must fail:
//! - 09/zero-length: the connection ends

pub fn answer(body: &[u8]) -> Answer {
    let Some(Request { id, op, value }) = Request::parse(body) else {
        return Answer::error(Value::Null, BAD_JSON);
    };
    match compute(&op, value) {
        Ok(value) => Answer::ok(id, value),
        Err(reason) => Answer::error(id, reason),
    }
}

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            Ok(Some(body)) if body.is_empty() => return Ok(()),
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
            Ok(Some(body)) => frames.send(answer(&body).body()).await?,
            Ok(None) => return Ok(()),
            Err(error) => break error,
        }
    };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
