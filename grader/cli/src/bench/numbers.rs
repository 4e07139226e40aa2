//! Formats numbers for readers.

/// A number with grouped thousands: `5,000`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time, given in seconds, with three significant digits: `412 µs`, `1.24 ms`.
pub(super) fn short_time(seconds: f64) -> String {
    let (number, unit) = match seconds {
        0.0 => return "0".to_owned(),
        ..1e-6 => (seconds * 1e9, "ns"),
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    match number {
        ..9.995 => format!("{number:.2} {unit}"),
        ..99.95 => format!("{number:.1} {unit}"),
        _ => format!("{number:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!(short_time(412e-6), "412 µs");
        assert_eq!(short_time(1.236e-3), "1.24 ms");
        assert_eq!(short_time(99.96e-6), "100 µs");
        assert_eq!(short_time(9.999e-3), "10.0 ms");
        assert_eq!(short_time(2.5), "2.50 s");
        assert_eq!(short_time(870e-9), "870 ns");
    }
}
