//! Misconception: answers have the order of their requests, whichever task
//! makes them.
//! Adds: LARGE
//!
//! Must fail:
//! - 09/pipelined-order: small frames overtake large ones
//! - 09/max-size: a small frame overtakes the large one before it

use tokio::sync::mpsc;

/// Frames above this size must not delay small ones.
const LARGE: usize = 6000;

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let mut frames = Framed::new(stream, FrameCodec::new(limits.body));
    // ANCHOR: bug
    let (done, mut answers) = mpsc::channel(16);
    let error = loop {
        tokio::select! {
            Some(answer) = answers.recv() => frames.send(answer).await?,
            frame = next_frame(&mut frames, limits.frame) => match frame {
                Ok(Some(body)) if body.len() > LARGE => {
                    let done = done.clone();
                    tokio::spawn(async move {
                        let _ = done.send(answer(&body).body()).await;
                    });
                }
                Ok(Some(body)) => frames.send(answer(&body).body()).await?,
                Ok(None) => break None,
                Err(error) => break Some(error),
            },
        }
    };
    // ANCHOR_END: bug
    drop(done);
    while let Some(answer) = answers.recv().await {
        frames.send(answer).await?;
    }
    let Some(error) = error else { return Ok(()) };
    if let Error::TooLarge | Error::Timeout = error {
        last_words(frames, &error.to_string()).await?;
    }
    Err(error)
}
