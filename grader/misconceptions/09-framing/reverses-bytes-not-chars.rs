//! Misconception: a character is a byte.
//!
//! Must fail:
//! - 09/frames-echo: the two bytes of an é are reversed

pub fn compute(op: &str, value: Value) -> Result<Value, &'static str> {
    match op {
        "echo" => Ok(value),
        "sum" => {
            let mut sum = 0.0;
            for number in value.as_array().ok_or(BAD_VALUE)? {
                sum += number.as_f64().ok_or(BAD_VALUE)?;
            }
            // JSON has no infinity.
            Number::from_f64(sum).map(Value::Number).ok_or(BAD_VALUE)
        }
        "reverse" => {
            let text = value.as_str().ok_or(BAD_VALUE)?;
            let bytes: Vec<u8> = text.bytes().rev().collect();
            Ok(String::from_utf8_lossy(&bytes).into())
        }
        _ => Err(UNKNOWN_OP),
    }
}
