//! Misconception: a client says all that it has to say, and then it listens.
//!
//! Must fail:
//! - 09/split-anywhere: nothing is answered while the client waits
//! - 09/coalesced: nothing is answered while the client waits
//! - 09/frames-echo: nothing is answered while the client waits

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
