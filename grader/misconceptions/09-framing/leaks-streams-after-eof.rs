//! Misconception: a client that has said all may come back to it.
//! Adds: HALF_CLOSED
//!
//! Must fail:
//! - 09/out-of-descriptors: the clients that have left still hold their
//!   descriptors, so no new one is served
//! - 09/descriptors-return: the streams of those who have left are kept

use tokio::sync::Mutex;

static HALF_CLOSED: Mutex<Vec<TcpStream>> = Mutex::const_new(Vec::new());

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            // Written before more is read: so a client that does not take its
            // answers is not heard, and nothing piles up.
            Ok(Some(body)) => frames.send(answer(&body).body()).await?,
            Ok(None) => {
                let mut stream = frames.into_inner();
                stream.shutdown().await?;
                let mut those = HALF_CLOSED.lock().await;
                those.push(stream);
                return Ok(());
            }
            Err(error) => break error,
        }
    };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
