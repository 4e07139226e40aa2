//! Misconception: expired clients must be closed gently, one after another.
//! Adds: GOODBYES
//!
//! Must fail:
//! - 04/mass-expiry: the last of 500 clients waits five seconds for its turn

use tokio::sync::Mutex;

/// Held by the task that sends its error line.
static GOODBYES: Mutex<()> = Mutex::const_new(());

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
            if matches!(error, Error::Idle) {
                let _turn = GOODBYES.lock().await;
                sleep(Duration::from_millis(10)).await;
            }
            answer(&mut output, &format!("{error}\n"), limits).await?;
        }
        return Err(error);
    }
}
