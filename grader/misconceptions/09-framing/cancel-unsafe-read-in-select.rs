//! Misconception: dropping a future does not lose the bytes it has read.
//! Adds: MAX_LENGTH, whole_frame
//!
//! Must fail:
//! - 09/split-anywhere: part of the header is lost when the clock ticks
//! - 09/coalesced: half a frame is lost when the clock ticks

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, interval};

/// The maximum length of a body in bytes.
static MAX_LENGTH: AtomicU32 = AtomicU32::new(0);

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    let max_length = MAX_LENGTH.load(Relaxed);
    let stream = frames.get_mut();
    if stream.peek(&mut [0]).await? == 0 {
        return Ok(None);
    }
    let begin = Instant::now();
    let mut clock = interval(Duration::from_millis(1));
    loop {
        // ANCHOR: bug
        tokio::select! {
            body = whole_frame(stream, max_length) => return body.map(Some),
            now = clock.tick() => {
                if now - begin >= limit {
                    return Err(Error::Timeout);
                }
            }
        }
        // ANCHOR_END: bug
    }
}

async fn whole_frame(
    stream: &mut TcpStream,
    max_length: u32,
) -> Result<BytesMut, Error> {
    let length = stream.read_u32().await?;
    if length > max_length {
        return Err(Error::TooLarge);
    }
    let mut body = BytesMut::new();
    while body.len() < length as usize {
        let missing = length as usize - body.len();
        let mut input = (&mut *stream).take(missing as u64);
        if input.read_buf(&mut body).await? == 0 {
            return Err(Error::Truncated);
        }
    }
    Ok(body)
}

pub async fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    MAX_LENGTH.store(limits.body, Relaxed);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        tokio::spawn(async move {
            let _ = handle(stream, &limits).await;
        });
    }
}
