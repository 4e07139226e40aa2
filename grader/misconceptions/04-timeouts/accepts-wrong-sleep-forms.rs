//! Misconception: any two words after `SLEEP` are a valid request.
//!
//! Must fail:
//! - 04/error-lines: `SLEEP x y` is echoed instead of refused

pub async fn reply(line: &str) -> Result<String, Error> {
    if let Some(rest) = line.strip_prefix("WORK ")
        && let Some((time, text)) = parse_args(rest)
    {
        let work = spawn_blocking(move || compute(time)).await;
        work.map_err(io::Error::other)?;
        return Ok(echo(text));
    }
    Ok(match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            sleep(time).await;
            echo(text)
        }
        Request::BadSleep => echo(line),
    })
}
