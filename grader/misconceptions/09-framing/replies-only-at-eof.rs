//! Misconception: a client sends everything it has, and then reads.
//!
//! Must fail:
//! - 09/split-anywhere: no answer is sent while the client waits
//! - 09/coalesced: no answer is sent while the client waits
//! - 09/frames-echo: no answer is sent while the client waits

use tokio::io::AsyncReadExt;
use tokio_util::codec::Decoder;

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    if frames.read_buffer().is_empty() {
        frames.get_ref().peek(&mut [0]).await?;
        let mut input = Vec::new();
        let read = timeout(limit, frames.get_mut().read_to_end(&mut input));
        read.await.map_err(|_| Error::Timeout)??;
        frames.read_buffer_mut().extend_from_slice(&input);
    }
    let mut codec = *frames.codec();
    codec.decode_eof(frames.read_buffer_mut())
}
