//! Misconception: numbers have the same byte order in a stream as in memory.
//! Edits: src/codec.rs
//!
//! Must fail:
//! - 09/split-anywhere: a length of 30 is read as 503,316,480
//! - 09/coalesced: a length of 30 is read as 503,316,480
//! - 09/frames-echo: a length of 30 is read as 503,316,480

impl Decoder for FrameCodec {
    fn decode(
        &mut self,
        input: &mut BytesMut,
    ) -> Result<Option<BytesMut>, Error> {
        let Some(header) = input.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*header);
        // Check it before any use: it is only the client's claim.
        if length > self.max_length {
            return Err(Error::TooLarge);
        }
        let length = length as usize;
        // Not `reserve(length)`: the buffer grows as bytes arrive.
        if input.len() - HEADER_LEN < length {
            return Ok(None);
        }
        input.advance(HEADER_LEN);
        Ok(Some(input.split_to(length)))
    }
}

impl Encoder<Bytes> for FrameCodec {
    fn encode(
        &mut self,
        body: Bytes,
        output: &mut BytesMut,
    ) -> Result<(), Error> {
        // Not `as`: it would silently truncate a large number.
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        // Reserving is safe here: the bytes exist.
        output.reserve(HEADER_LEN + body.len());
        output.put_u32_le(length);
        output.put_slice(&body);
        Ok(())
    }
}
