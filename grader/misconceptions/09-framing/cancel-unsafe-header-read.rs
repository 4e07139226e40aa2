//! Misconception: a read that timed out can be repeated.
//! Adds: MAX_LENGTH
//!
//! Must fail:
//! - 09/split-anywhere: `read_exact` under a timeout drops the part of the
//!   header that it has read

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

/// The maximum length of a body in bytes.
static MAX_LENGTH: AtomicU32 = AtomicU32::new(0);

pub async fn next_frame(
    frames: &mut Framed<TcpStream, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    const TICK: Duration = Duration::from_millis(100);
    let stream = frames.get_mut();
    if stream.peek(&mut [0]).await? == 0 {
        return Ok(None);
    }
    let begin = Instant::now();
    let mut header = [0; 4];
    loop {
        match timeout(TICK, stream.read_exact(&mut header)).await {
            Ok(read) => {
                read?;
                break;
            }
            Err(_) if begin.elapsed() >= limit => return Err(Error::Timeout),
            Err(_) => {}
        }
    }
    let length = u32::from_be_bytes(header);
    if length > MAX_LENGTH.load(Relaxed) {
        return Err(Error::TooLarge);
    }
    let body = async {
        let mut body = BytesMut::new();
        while body.len() < length as usize {
            let missing = length as usize - body.len();
            let mut input = (&mut *stream).take(missing as u64);
            if input.read_buf(&mut body).await? == 0 {
                return Err(Error::Truncated);
            }
        }
        Ok(body)
    };
    let body = tokio::time::timeout_at(begin + limit, body).await;
    body.map_err(|_| Error::Timeout)?.map(Some)
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
