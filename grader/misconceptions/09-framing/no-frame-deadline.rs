//! Misconception: a frame that has begun will soon be complete.
//!
//! Must fail:
//! - 09/slow-frame: the server waits for a frame that never arrives

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let _ = limit;
    frames.next().await.transpose()
}
