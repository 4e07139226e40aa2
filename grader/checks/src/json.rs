//! JSON from student programs.

use serde_json::{Result, Value};

/// The value in `bytes`.
///
/// # Errors
///
/// They are not JSON.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Value> {
    match str::from_utf8(bytes) {
        // `Value::from_str` is compiled in its own crate, which is optimised; `from_slice` would be compiled here, which is not.
        Ok(text) => text.parse(),
        Err(_) => serde_json::from_slice(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_bytes() {
        for bytes in
            [&b""[..], b"{\"a\":1", b"\xff", b"{\"a\":\"\xc3\"}", b"{} x", b"\"\xe2\x82\xac\" 1"]
        {
            let expected =
                serde_json::from_slice::<Value>(bytes).map_err(|error| error.to_string());
            assert_eq!(parse_json(bytes).map_err(|error| error.to_string()), expected, "{bytes:?}");
        }
    }
}
