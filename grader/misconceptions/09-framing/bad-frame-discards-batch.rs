//! Misconception: frames that arrive together are all good or all bad.
//! Adds: next_frames
//!
//! Must fail:
//! - 09/oversize-refused: the frames before the refused one are not answered

use tokio_util::codec::Decoder;

/// All frames that have arrived; none at the end of the input.
async fn next_frames(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Vec<BytesMut>, Error> {
    let mut bodies = Vec::from_iter(next_frame(frames, limit).await?);
    let mut codec = *frames.codec();
    while let Some(body) = codec.decode(frames.read_buffer_mut())? {
        bodies.push(body);
    }
    Ok(bodies)
}

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frames(&mut frames, limits.frame).await {
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
            Ok(bodies) if !bodies.is_empty() => {
                for body in bodies {
                    frames.send(answer(&body).body()).await?;
                }
            }
            Ok(_) => return Ok(()),
            Err(error) => break error,
        }
    };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
