//! Misconception: the wait for a frame begins after the one before.
//!
//! Must fail:
//! - 09/slow-frame: a client that is silent between frames is closed

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}
