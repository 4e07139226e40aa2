//! Misconception: a length within the limit can be trusted.
//!
//! Must fail:
//! - 09/no-early-allocation: a body of zeros is allocated for each header

use tokio::io::AsyncReadExt;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limits: &Limits,
) -> Result<Option<BytesMut>, Error> {
    let stream = frames.get_mut();
    if stream.peek(&mut [0]).await? == 0 {
        return Ok(None);
    }
    let whole_frame = async {
        let length = stream.read_u32().await?;
        if length > limits.body {
            return Err(Error::TooLarge);
        }
        let mut body = vec![0; length as usize];
        stream.read_exact(&mut body).await?;
        Ok(Some(body[..].into()))
    };
    timeout(limits.frame, whole_frame)
        .await
        .map_err(|_| Error::Timeout)?
}

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits).await {
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
