//! Misconception: a write ends sooner or later.
//!
//! Must fail:
//! - 04/stalled-reader: a client that does not read is waited for without a
//!   limit

pub async fn answer<W: AsyncWrite + Unpin>(
    output: &mut W,
    text: &str,
    limits: &Limits,
) -> Result<(), Error> {
    let mut remaining = text.as_bytes();
    while !remaining.is_empty() {
        // Not around all of `write_all`: a large answer to a slow client may
        // take long, as long as it moves.
        match output.write(remaining).await? {
            0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            count => remaining = &remaining[count..],
        }
    }
    Ok(())
}
