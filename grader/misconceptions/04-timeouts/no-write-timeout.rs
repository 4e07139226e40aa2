//! Misconception: every write ends sooner or later.
//!
//! Must fail:
//! - 04/stalled-reader: the server waits indefinitely for a client that does
//!   not read

pub async fn answer<W: AsyncWrite + Unpin>(
    output: &mut W,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    let mut remaining = text.as_bytes();
    while !remaining.is_empty() {
        match output.write(remaining).await? {
            0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            count => remaining = &remaining[count..],
        }
    }
    Ok(())
}
