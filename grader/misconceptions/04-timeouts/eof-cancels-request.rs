//! Misconception: a client whose input has ended is gone and needs no more
//! answers.
//!
//! Must fail:
//! - 04/echo-lines: a client that sends its last request and shuts down its
//!   sending side gets no answer

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
                let gone = async {
                    while lines.wait_for_first_byte().await.unwrap_or(false) {
                        std::future::pending::<()>().await;
                    }
                };
                let text = tokio::select! {
                    biased;
                    text = reply(&line) => text?,
                    () = gone => return Ok(()),
                };
                answer(&mut output, &text, limits).await?;
                continue;
            }
            Err(error) => error,
        };
        if !matches!(error, Error::Io(_) | Error::Line(LineError::Io(_))) {
            answer(&mut output, &format!("{error}\n"), limits).await?;
        }
        return Err(error);
    }
}
