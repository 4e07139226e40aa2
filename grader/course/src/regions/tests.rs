use super::*;

const SOLUTION: &str = "\
//! Doc.

use a;
// BEGIN HIDDEN
use b;
// END HIDDEN

// BEGIN HIDDEN
const C: u8 = 1;
// END HIDDEN

// ANCHOR: f
fn f() -> u8 {
    // BEGIN SOLUTION: task 1: say \"one\"
    // ANCHOR: answer
    C
    // ANCHOR_END: answer
    // END SOLUTION
}
// ANCHOR_END: f
";

fn parse(text: &str) -> Source<'_> {
    Source::parse(text).expect("sound markers")
}

fn error(text: &str) -> String {
    Source::parse(text).expect_err(text).to_string()
}

#[test]
fn starter_has_gaps_and_no_hidden_parts() {
    let expected =
        "//! Doc.\n\nuse a;\n\nfn f() -> u8 {\n    todo!(\"task 1: say \\\"one\\\"\")\n}\n";
    assert_eq!(parse(SOLUTION).starter(), Starter { text: expected.to_owned(), gaps: 1 });
}

#[test]
fn file_without_markers_is_its_own_starter() {
    let given = "fn main() {}\n";
    assert_eq!(parse(given).starter(), Starter { text: given.to_owned(), gaps: 0 });
}

#[test]
fn regions_have_code_without_markers() {
    let source = parse(SOLUTION);
    assert!(source.anchors().eq([(12, "f"), (15, "answer")]));
    let f = source.anchored("f").expect("the region f");
    let f: Vec<_> = f.iter().map(|line| (line.number, line.text, line.part)).collect();
    let expected = [
        (13, "fn f() -> u8 {", Part::Given),
        (16, "    C", Part::Solution),
        (19, "}", Part::Given),
    ];
    assert_eq!(f, expected);
    assert_eq!(source.anchored("answer").expect("the region answer").len(), 1);
}

#[test]
fn regions_may_overlap() {
    let source = parse("# ANCHOR: a\n1\n# ANCHOR: b\n2\n# ANCHOR_END: a\n3\n# ANCHOR_END: b\n");
    let texts = |name| {
        let lines = source.anchored(name).expect(name);
        lines.iter().map(|line| line.text).collect::<String>()
    };
    assert_eq!((texts("a"), texts("b")), ("12".to_owned(), "23".to_owned()));
}

#[test]
fn wrong_regions_are_refused_with_their_line() {
    let error = |text: &str| parse(text).anchored("a").expect_err(text).to_string();
    assert!(error("\n").contains("no region `a`"));
    assert!(error("\n// ANCHOR: a\n1\n").starts_with("line 2: the region `a` does not end"));
    assert!(error("// ANCHOR: a\n\n// ANCHOR_END: a\n").starts_with("line 1: the region `a` is e"));
    assert!(error("\n// ANCHOR_END: a\n").starts_with("line 2: the region `a` ends without"));
    let twice = "// ANCHOR: a\n1\n// ANCHOR_END: a\n".repeat(2);
    assert!(error(&twice).starts_with("line 4: a second region `a`, after the one on line 1"));
}

#[test]
fn wrong_parts_are_refused_with_their_line() {
    assert!(
        error("\n// BEGIN SOLUTION: x\n").starts_with("line 2: BEGIN SOLUTION without its END")
    );
    assert!(error("\n// END HIDDEN\n").starts_with("line 2: END HIDDEN without its BEGIN"));
    let nested = error("// BEGIN HIDDEN\n// BEGIN HIDDEN\n");
    assert!(nested.starts_with("line 2: HIDDEN begins inside the HIDDEN of line 1"), "{nested}");
    let crossed = error("// BEGIN SOLUTION: x\n// END HIDDEN\n");
    assert!(crossed.ends_with("write `// END SOLUTION`"), "{crossed}");
}

#[test]
fn malformed_markers_are_refused() {
    for line in ["// BEGIN SOLUTION", "// END", "// END OF FILE", "// ANCHOR a", "# ANCHOR_END:"] {
        assert!(error(line).starts_with("line 1: write `// "), "{line}");
    }
}

#[test]
fn other_comments_are_code() {
    for line in ["/// BEGIN x", "// ANCHORED at the end", "#[test]", "# HELP requests", "BEGIN"] {
        assert_eq!(parse(line).lines()[0].marker, None, "{line}");
    }
}
