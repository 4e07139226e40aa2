//! Misconception: a frame that has begun will be whole soon.
//!
//! Must fail:
//! - 09/slow-frame: a frame that never comes is waited for

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let _ = limit;
    frames.next().await.transpose()
}
