//! Misconception: a frame is read so quickly that the others can wait.
//! Adds: READING
//!
//! Must fail:
//! - 09/slow-frame: all clients wait for a frame that never arrives
//! - 09/bad-client-isolated: half a frame blocks all others

use tokio::sync::Mutex;

/// Held while reading a frame, so that frames do not mix.
static READING: Mutex<()> = Mutex::const_new(());

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // The first byte may have arrived with the previous frame.
    if frames.read_buffer().is_empty() {
        // Waits for a byte or EOF, and consumes nothing.
        frames.get_ref().peek(&mut [0]).await?;
    }
    let _reading = READING.lock().await;
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}
