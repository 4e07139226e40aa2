//! Misconception: after shutdown, the server must wait for the other side.
//!
//! Must fail:
//! - 04/descriptors-return: a refused client that does not close keeps its
//!   socket open

pub async fn handle(
    stream: &mut TcpStream,
    limits: &Limits,
) -> Result<(), Error> {
    let (input, mut output) = stream.split();
    let mut lines = Lines::new(input, MAX_LINE);
    loop {
        let error = match next_line(&mut lines, limits).await {
            Ok(None) => return Ok(()),
            Ok(Some(line)) => {
                let text = reply(&line).await?;
                answer(&mut output, &text, limits).await?;
                continue;
            }
            Err(error) => error,
        };
        if !matches!(error, Error::Io(_) | Error::Line(LineError::Io(_))) {
            answer(&mut output, &format!("{error}\n"), limits).await?;
            output.shutdown().await?;
            while lines.next_line().await.is_ok_and(|line| line.is_some()) {}
        }
        return Err(error);
    }
}
