//! Misconception: a codec is needed only for one frame.
//!
//! Must fail:
//! - 09/coalesced: bytes that arrived with a frame are dropped with its buffer
//! - 09/frames-echo: two of three frames that arrived together are lost

pub async fn next_frame(
    frames: &mut Framed<&mut TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // The first byte may have arrived with the previous frame.
    if frames.read_buffer().is_empty() {
        // Waits for a byte or EOF, and consumes nothing.
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
    // Closing the socket with unread input would send RST, which may
    // overtake the answer. So read the input, but not forever.
    let _ = timeout(LINGER, copy(stream, &mut sink())).await;
    Ok(())
}

pub async fn handle(
    mut stream: TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
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
