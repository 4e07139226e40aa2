//! Misconception: an async function does not block.
//!
//! Must fail:
//! - 04/blocking-work: during the computation, no other client is served and no
//!   timer fires

pub async fn reply(line: &str) -> Result<String, Error> {
    if let Some(rest) = line.strip_prefix("WORK ")
        && let Some((time, text)) = parse_args(rest)
    {
        compute(time);
        return Ok(echo(text));
    }
    Ok(match Request::parse(line) {
        Request::Echo(text) => echo(text),
        Request::Sleep(time, text) => {
            sleep(time).await;
            echo(text)
        }
        Request::BadSleep => BAD_SLEEP.to_owned(),
    })
}
