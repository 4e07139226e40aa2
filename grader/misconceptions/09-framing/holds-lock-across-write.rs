//! Misconception: an answer is written so quickly that others can wait.
//! Adds: WRITING
//!
//! Must fail:
//! - 09/bad-client-isolated: a client that does not read stops all answers

use tokio::sync::Mutex;

/// Held by whoever writes an answer: so no two are mixed up.
static WRITING: Mutex<()> = Mutex::const_new(());

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            // Written before more is read: so a client that does not take its
            // answers is not heard, and nothing piles up.
            Ok(Some(body)) => {
                let _writing = WRITING.lock().await;
                frames.send(answer(&body).body()).await?;
            }
            Ok(None) => return Ok(()),
            Err(error) => break error,
        }
    };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
