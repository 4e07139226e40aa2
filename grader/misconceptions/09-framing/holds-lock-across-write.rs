//! Misconception: an answer is written so quickly that the others can wait.
//! Adds: WRITING
//!
//! Must fail:
//! - 09/bad-client-isolated: a client that does not read blocks all answers

use tokio::sync::Mutex;

/// Held while writing an answer, so that answers do not mix.
static WRITING: Mutex<()> = Mutex::const_new(());

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            // Write before reading more: the server then stops reading from
            // a slow reader, and no answers pile up.
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
