//! Misconception: the wait for a frame begins when the previous one ends.
//!
//! Must fail:
//! - 09/slow-frame: a client that is silent between frames is disconnected

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}
