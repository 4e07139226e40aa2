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
        match output.write(remaining).await? {
            0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
            count => remaining = &remaining[count..],
        }
    }
    Ok(())
}
