//! Misconception: the client closes soon after the error, so the server may
//! wait for that.
//!
//! Must fail:
//! - 09/oversize-refused: a refused client that does not close keeps its socket
//!   open

pub async fn last_words(
    mut frames: Framed<TcpStream, FrameCodec>,
    reason: &str,
) -> Result<(), Error> {
    frames
        .send(Answer::error(Value::Null, reason).body())
        .await?;
    let mut stream = frames.into_inner();
    stream.shutdown().await?;
    // Closing the socket with unread input would send RST, which may
    // overtake the answer. So read the input until the client closes.
    let _ = copy(&mut stream, &mut sink()).await;
    Ok(())
}
