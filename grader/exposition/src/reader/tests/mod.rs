mod case;
mod openmetrics;
mod prometheus;
mod promtool;

use case::{Case, O, P};

use crate::Exposition;
use crate::pages::{FREE, PYTHON, PYTHON_OPEN, RUST_OPEN};

#[test]
fn each_page_has_the_expected_first_fault() {
    for Case { format, text, fault, .. } in prometheus::CASES.iter().chain(openmetrics::CASES) {
        let faults = Exposition::read(text, *format).faults;
        let first = faults.first().map(ToString::to_string);
        let agrees = match (&first, fault) {
            (None, None) => true,
            (Some(first), Some(part)) => first.contains(part),
            _ => false,
        };
        let text = String::from_utf8_lossy(text);
        assert!(agrees, "{format:?}\n{text}\nwant {fault:?}\ngot  {first:?}");
    }
}

#[test]
fn no_input_makes_it_panic() {
    for (format, text) in [(P, FREE), (P, PYTHON), (O, RUST_OPEN), (O, PYTHON_OPEN)] {
        let text = text.as_bytes();
        for end in 0..text.len() {
            let cut = Exposition::read(&text[..end], format);
            let is_whole =
                text[..end].ends_with(b"# EOF") || (format == P && text[..end].ends_with(b"\n"));
            assert!(is_whole || end == 0 || !cut.faults.is_empty(), "cut at {end}");
        }
        let mut changed = text.to_vec();
        for at in 0..text.len() {
            for byte in *b"\0\n\r\t \"#+,-.0\\={}_a\xc3\xff" {
                changed[at] = byte;
                let _ = Exposition::read(&changed, format);
            }
            changed[at] = text[at];
        }
    }
}

#[test]
fn lines_after_a_bad_one_are_read() {
    let read = Exposition::read(b"a 1\nb{ 2\nc 3\nd x\ne 5\n", P);
    assert_eq!(read.value("a", &[]), Some(1.0));
    assert_eq!(read.value("c", &[]), Some(3.0));
    assert_eq!(read.value("e", &[]), Some(5.0));
    let lines: Vec<_> = read.faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [2, 4]);
}
