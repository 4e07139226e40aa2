//! Misconception: a client that sends a byte is not slow.
//!
//! Must fail:
//! - 09/slow-frame: each byte restarts the clock

use tokio::io::AsyncReadExt;
use tokio_util::codec::Decoder;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let mut codec = *frames.codec();
    let mut piece = [0; 8192];
    loop {
        if let Some(body) = codec.decode(frames.read_buffer_mut())? {
            return Ok(Some(body));
        }
        let started = !frames.read_buffer().is_empty();
        let read = frames.get_mut().read(&mut piece);
        let count = match started {
            true => {
                timeout(limit, read).await.map_err(|_| Error::Timeout)??
            }
            false => read.await?,
        };
        if count == 0 {
            return codec.decode_eof(frames.read_buffer_mut());
        }
        frames.read_buffer_mut().extend_from_slice(&piece[..count]);
    }
}
