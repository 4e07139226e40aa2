//! Misconception: a frame is read so quickly that others can wait.
//! Adds: READING
//!
//! Must fail:
//! - 09/slow-frame: a frame that never comes is waited for by all
//! - 09/bad-client-isolated: half of a frame stops all others

use tokio::sync::Mutex;

/// Held by whoever reads a frame: so no two are mixed up.
static READING: Mutex<()> = Mutex::const_new(());

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // It may be here already: it came together with the frame before.
    if frames.read_buffer().is_empty() {
        // Looks at it, and leaves it where it is. 0 bytes are the end.
        frames.get_ref().peek(&mut [0]).await?;
    }
    let _reading = READING.lock().await;
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}
