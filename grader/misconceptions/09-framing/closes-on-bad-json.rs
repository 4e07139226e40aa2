//! Misconception: a client that sends something other than JSON will never send
//! JSON.
//!
//! Must fail:
//! - 09/bad-json: the connection ends

/// Why the server stops serving a client. The client is told the first three.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("frame too large")]
    TooLarge,
    #[error("frame timeout")]
    Timeout,
    #[error("bad json")]
    BadJson,
    /// The client is not told: half a frame is not a request.
    #[error("the input ended within a frame")]
    Truncated,
    #[error(transparent)]
    Io(#[from] io::Error),
}

pub fn answer(body: &[u8]) -> Result<Answer, Error> {
    if body.is_empty() {
        return Ok(Answer::error(Value::Null, EMPTY_FRAME));
    }
    let Some(Request { id, op, value }) = Request::parse(body) else {
        return Err(Error::BadJson);
    };
    Ok(match compute(&op, value) {
        Ok(value) => Answer::ok(id, value),
        Err(reason) => Answer::error(id, reason),
    })
}

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
            Ok(Some(body)) => match answer(&body) {
                Ok(answer) => frames.send(answer.body()).await?,
                Err(error) => break error,
            },
            Ok(None) => return Ok(()),
            Err(error) => break error,
        }
    };
    if let Error::TooLarge | Error::Timeout | Error::BadJson = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
