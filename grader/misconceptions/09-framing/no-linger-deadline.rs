//! Misconception: the client closes soon after the last words, so the server
//! may wait for that.
//!
//! Must fail:
//! - 09/oversize-refused: a client that is refused and does not close keeps its
//!   socket

pub async fn last_words(
    mut frames: Framed<TcpStream, FrameCodec>,
    reason: &str,
) -> Result<(), Error> {
    frames
        .send(Answer::error(Value::Null, reason).body())
        .await?;
    let mut stream = frames.into_inner();
    stream.shutdown().await?;
    // Closed with input unread, the socket would send a reset, and that may
    // overtake the answer. What comes is read until the client closes.
    let _ = copy(&mut stream, &mut sink()).await;
    Ok(())
}
