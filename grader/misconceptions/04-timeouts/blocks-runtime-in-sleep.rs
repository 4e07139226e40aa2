//! Misconception: an async function may sleep like any other.
//!
//! Must fail:
//! - 04/sleeps-overlap: std::thread::sleep blocks the runtime's thread, and so
//!   every other client

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
            std::thread::sleep(time);
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    })
}
