//! Misconception: a number is an integer.
//!
//! Must fail:
//! - 09/frames-echo: a fraction is refused as a bad value

pub fn compute(op: &str, value: Value) -> Result<Value, &'static str> {
    match op {
        "echo" => Ok(value),
        "sum" => {
            let mut sum = 0;
            for number in value.as_array().ok_or(BAD_VALUE)? {
                sum += number.as_i64().ok_or(BAD_VALUE)?;
            }
            Ok(sum.into())
        }
        "reverse" => {
            let text = value.as_str().ok_or(BAD_VALUE)?;
            Ok(text.chars().rev().collect::<String>().into())
        }
        _ => Err(UNKNOWN_OP),
    }
}
