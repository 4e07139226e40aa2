//! Misconception: one read returns what one write sent.
//!
//! Must fail:
//! - 09/split-anywhere: half a frame is taken for a whole one
//! - 09/coalesced: only one of many frames in a read is answered
//! - 09/frames-echo: three frames together are taken for one malformed frame

use tokio::io::AsyncReadExt;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let stream = frames.get_mut();
    stream.readable().await?;
    let mut buffer = vec![0; 64 * 1024];
    let read = timeout(limit, stream.read(&mut buffer)).await;
    match read.map_err(|_| Error::Timeout)?? {
        0 => Ok(None),
        count => Ok(Some(buffer[..count].iter().skip(4).copied().collect())),
    }
}
