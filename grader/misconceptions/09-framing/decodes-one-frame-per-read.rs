//! Misconception: a read returns one frame, or part of one.
//!
//! Must fail:
//! - 09/coalesced: the second of two frames waits for more bytes
//! - 09/bad-json: a frame behind another waits for more bytes
//! - 09/zero-length: a frame behind another waits for more bytes
//! - 09/max-size: the last of three frames waits for more bytes

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};
use tokio_util::codec::Decoder;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    if frames.read_buffer().is_empty() {
        frames.get_ref().peek(&mut [0]).await?;
    }
    let end = Instant::now() + limit;
    let mut codec = *frames.codec();
    let mut piece = [0; 8192];
    loop {
        let read = timeout_at(end, frames.get_mut().read(&mut piece)).await;
        let count = read.map_err(|_| Error::Timeout)??;
        let buffer = frames.read_buffer_mut();
        if count == 0 {
            return codec.decode_eof(buffer);
        }
        buffer.extend_from_slice(&piece[..count]);
        if let Some(body) = codec.decode(buffer)? {
            return Ok(Some(body));
        }
    }
}
