//! Misconception: a codec is needed for as long as a frame takes.
//!
//! Must fail:
//! - 09/coalesced: what came together with a frame goes with its buffer
//! - 09/frames-echo: two of three frames that came together are lost

pub async fn next_frame(
    frames: &mut Framed<&mut TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // It may be here already: it came together with the frame before.
    if frames.read_buffer().is_empty() {
        // Looks at it, and leaves it where it is. 0 bytes are the end.
        frames.get_ref().peek(&mut [0]).await?;
    }
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}

pub async fn last_words(
    mut frames: Framed<&mut TcpStream, FrameCodec>,
    reason: &str,
) -> Result<(), Error> {
    frames
        .send(Answer::error(Value::Null, reason).body())
        .await?;
    let stream = frames.into_inner();
    stream.shutdown().await?;
    // Closed with input unread, the socket would send a reset, and that may
    // overtake the answer. What comes is read, but not for ever.
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
    Ok(())
}

pub async fn handle(
    mut stream: TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    // Answers are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    loop {
        let codec = FrameCodec::new(limits.body);
        let mut frames = Framed::new(&mut stream, codec);
        let error = match next_frame(&mut frames, limits.frame).await {
            Ok(Some(body)) => {
                frames.send(answer(&body).body()).await?;
                continue;
            }
            Ok(None) => return Ok(()),
            Err(error) => error,
        };
        if let Error::TooLarge | Error::Timeout = error {
            last_words(frames, &error.to_string()).await?;
        }
        return Err(error);
    }
}
