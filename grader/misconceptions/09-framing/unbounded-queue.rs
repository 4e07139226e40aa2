//! Misconception: a client that sends requests reads its answers.
//!
//! Must fail:
//! - 09/bad-client-isolated: answers pile up for a client that does not read

use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;
use tokio_util::codec::{FramedRead, FramedWrite};

pub async fn next_frame(
    frames: &mut FramedRead<OwnedReadHalf, FrameCodec>,
    limit: Duration,
) -> Result<Option<BytesMut>, Error> {
    // The first byte may have arrived with the previous frame.
    if frames.read_buffer().is_empty() {
        // Waits for a byte or EOF, and consumes nothing.
        frames.get_mut().peek(&mut [0]).await?;
    }
    match timeout(limit, frames.next()).await {
        Ok(frame) => frame.transpose(),
        Err(_) => Err(Error::Timeout),
    }
}

pub async fn handle(stream: TcpStream, limits: &Limits) -> Result<(), Error> {
    // Answers are small, and a client waits for each.
    stream.set_nodelay(true)?;
    let codec = FrameCodec::new(limits.body);
    let (input, output) = stream.into_split();
    let mut frames = FramedRead::new(input, codec);
    let mut output = FramedWrite::new(output, codec);
    // So that reading never waits for writing.
    let (done, mut answers) = mpsc::unbounded_channel();
    let writer = tokio::spawn(async move {
        while let Some(answer) = answers.recv().await {
            output.send(answer).await?;
        }
        output.get_mut().shutdown().await?;
        Ok::<_, Error>(())
    });
    let error = loop {
        match next_frame(&mut frames, limits.frame).await {
            Ok(Some(body)) => {
                let _ = done.send(answer(&body).body());
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    if let Some(error @ (Error::TooLarge | Error::Timeout)) = &error {
        let _ =
            done.send(Answer::error(Value::Null, &error.to_string()).body());
    }
    drop(done);
    let _ = writer.await;
    let Some(error) = error else { return Ok(()) };
    let _ = timeout(LINGER, copy(frames.get_mut(), &mut sink())).await;
    Err(error)
}
