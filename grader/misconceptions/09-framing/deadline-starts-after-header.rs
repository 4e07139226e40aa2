//! Misconception: waiting for a frame means waiting for its body.
//!
//! Must fail:
//! - 09/slow-frame: the server waits for an incomplete header without a limit

use codec::HEADER_LEN;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout_at};
use tokio_util::codec::Decoder;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let mut end = None;
    let mut codec = *frames.codec();
    let mut piece = [0; 8192];
    loop {
        if let Some(body) = codec.decode(frames.read_buffer_mut())? {
            return Ok(Some(body));
        }
        let started = frames.read_buffer().len() >= HEADER_LEN;
        let read = frames.get_mut().read(&mut piece);
        let count = if started {
            let end = *end.get_or_insert_with(|| Instant::now() + limit);
            timeout_at(end, read).await.map_err(|_| Error::Timeout)??
        } else {
            read.await?
        };
        if count == 0 {
            return codec.decode_eof(frames.read_buffer_mut());
        }
        frames.read_buffer_mut().extend_from_slice(&piece[..count]);
    }
}
