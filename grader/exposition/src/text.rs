//! Text helpers: blanks, numbers, and how a fault quotes what it found.

/// Returns an error with this text.
macro_rules! bail {
    ($($text:tt)*) => {
        return Err(format!($($text)*))
    };
}

pub(crate) use bail;

/// The characters that separate words in Prometheus text; OpenMetrics has only single spaces.
pub(crate) const BLANKS: [char; 2] = [' ', '\t'];

/// Whether the text is empty or consists of blanks.
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim_matches(BLANKS).is_empty()
}

/// Quotes a piece of the page for a report, in backticks, because quotes and backslashes are
/// frequent in these formats. Escapes invisible characters and cuts off a long text.
pub(crate) fn shown(text: &str) -> String {
    const WIDTH: usize = 60;
    let mut out: String = text.chars().take(WIDTH).map(visible).collect();
    if text.chars().nth(WIDTH).is_some() {
        out.push('…');
    }
    format!("`{out}`")
}

/// The character, or its escape if it is invisible.
fn visible(c: char) -> String {
    let hides = c.is_control() || c == '\u{feff}';
    if hides { c.escape_default().to_string() } else { c.to_string() }
}

/// Parses a number as Go does, as both formats intend. Like Prometheus, it refuses a number that is
/// too large for 64 bits.
pub(crate) fn number(word: &str) -> Option<f64> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => word.parse().ok(),
        "nan" if unsigned == word => Some(f64::NAN),
        digits if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            word.parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

/// Like [`number`]; the error says that `what` is missing or is not a number.
pub(crate) fn want_number(what: &str, word: &str) -> Result<f64, String> {
    match number(word) {
        Some(value) => Ok(value),
        None if word.is_empty() => {
            Err(format!("{what} is missing: expected a number after one space"))
        }
        None => Err(format!(
            "{what} {} is not a number: expected one such as 3, 0.25, 1e-3, NaN, +Inf or -Inf",
            shown(word)
        )),
    }
}
