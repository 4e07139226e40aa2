//! Misconception: a client that has sent everything may continue later.
//! Adds: HALF_CLOSED
//!
//! Must fail:
//! - 09/out-of-descriptors: clients that have left still hold descriptors, so
//!   no new client is served
//! - 09/descriptors-return: the streams of clients that have left are kept

use tokio::sync::Mutex;

static HALF_CLOSED: Mutex<Vec<TcpStream>> = Mutex::const_new(Vec::new());

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
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
