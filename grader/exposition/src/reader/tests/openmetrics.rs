//! Pages of OpenMetrics.

use super::case::{
    CLASH, Case, GROUPS, METADATA, O, POINTS, TWICE, TYPES, UNSEEN, VALUES, bad, bytes, good,
};
use crate::pages::{PYTHON_OPEN, RUST_OPEN};

pub(super) const CASES: &[Case] = &[
    good(O, "# EOF\n"),
    good(O, "# EOF"),
    good(O, PYTHON_OPEN),
    good(O, RUST_OPEN),
    good(
        O,
        "foo{} 1\nx_total 1\nbar{a=\"\",b=\"é\"} -INFINITY\n\
         baz nan\nq .5e-3\nr 0042.\n# EOF\n",
    ),
    good(O, "# HELP foo \n# UNIT foo \n# TYPE foo gauge\nfoo{a=\"C:\\dir\"} 1\n# EOF\n"),
    good(O, "foo 1 1700000000.123\nfoo 2 1700000001\n# EOF\n"),
    good(O, "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n# EOF\n"),
    good(
        O,
        "# TYPE a histogram\na_bucket{le=\"0\"} 8 # {} 0 1.7e9\n\
         a_bucket{le=\"+Inf\"} 8\n# EOF\n",
    ),
    good(O, "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} NaN\n# EOF\n"),
    good(O, "# TYPE a gauge\n# TYPE b counter\nb_total 0\n# EOF\n"),
    good(O, "# TYPE a info\na_info 1\n# TYPE b gaugehistogram\nb_bucket{le=\"+Inf\"} 1\n# EOF\n"),
    bad(O, "", "line 1: the last line is not `# EOF`"),
    bad(O, "foo 1\n", "line 1: the last line is not `# EOF`"),
    bad(O, "foo 1\n# EOF\n# EOF\n", "line 3: a second `# EOF`, after the one on line 2"),
    bad(O, "foo 1\n# EOF\nbar 1\n", "line 3: `bar 1` after the `# EOF` of line 2"),
    bad(O, "foo 1\n# EOF\n\n", "line 3: `` after the `# EOF` of line 2"),
    bad(O, "foo 1\n# EOF \n", "line 2: `# EOF `: OpenMetrics has no comments"),
    bad(O, "foo 1\n#EOF\n", "line 2: `#EOF`: OpenMetrics has no comments"),
    bad(O, "foo 1\r\n# EOF\r\n", "line 1: the line ends in `\\r\\n`"),
    bad(O, "# HELP foo x\r\nfoo 1\n# EOF\n", "line 1: the line ends in `\\r\\n`").but(UNSEEN),
    bytes(O, b"# HELP foo \xff\n# EOF\n", "line 1: byte 12 of the line"),
    bytes(O, b"foo{a=\"\xc3\"} 1\n# EOF\n", "line 1: byte 8 of the line"),
    bad(O, "foo 1\n\nbar 1\n# EOF\n", "line 2: an empty line"),
    bad(O, "# hi\nfoo 1\n# EOF\n", "line 1: `# hi`: OpenMetrics has no comments"),
    bad(O, "#TYPE foo gauge\n# EOF\n", "line 1: `#TYPE foo gauge`"),
    bad(O, "#  TYPE foo gauge\n# EOF\n", "line 1: `#  TYPE foo gauge`"),
    bad(O, "# TYPE  foo gauge\n# EOF\n", "line 1: `  ` before the metric name"),
    bad(O, "# TYPE foo\n# EOF\n", "line 1: nothing after the name: expected `# TYPE foo type`"),
    bad(O, "# HELP foo\n# EOF\n", "line 1: nothing after the name: expected `# HELP foo text`"),
    bad(O, "# UNIT foo\n# EOF\n", "line 1: nothing after the name: expected `# UNIT foo unit`"),
    bad(
        O,
        "# TYPE foo untyped\n# EOF\n",
        "line 1: `untyped` in a TYPE line: OpenMetrics has counter",
    ),
    bad(O, "# TYPE foo Gauge\n# EOF\n", "line 1: `Gauge` in a TYPE line"),
    bad(O, "# TYPE foo gauge \n# EOF\n", "line 1: `gauge ` in a TYPE line"),
    bad(
        O,
        "# UNIT foo s\nfoo 1\n# EOF\n",
        "line 1: the name foo does not end with `_` and the unit `s`",
    ),
    bad(O, "# UNIT foos s\nfoos 1\n# EOF\n", "expected a name such as foos_s"),
    bad(O, "# TYPE a_s info\n# UNIT a_s s\n# EOF\n", "line 2: a_s has the unit `s`: an info")
        .but(METADATA),
    bad(
        O,
        "foo  1\n# EOF\n",
        "line 1: `  ` before the value: OpenMetrics requires exactly one space",
    ),
    bad(O, "foo\t1\n# EOF\n", "line 1: `\\t` before the value"),
    bad(O, " foo 1\n# EOF\n", "line 1: ` foo 1` where a metric name should be"),
    bad(O, "foo 1 \n# EOF\n", "line 1: ` ` at the end of the line: expected nothing there"),
    bad(O, "foo 1 1700000000 \n# EOF\n", "line 1: ` ` at the end of the line"),
    bad(O, "foo{a=\"b\"}1\n# EOF\n", "line 1: `1` where a space and the value should be"),
    bad(O, "foo\n# EOF\n", "line 1: the line ends where a space and the value"),
    bad(O, "foo {a=\"b\"} 1\n# EOF\n", "line 1: a space before `{`"),
    bad(O, "foo{ a=\"b\"} 1\n# EOF\n", "line 1: ` a=\"b\"} 1` where a label name should be"),
    bad(O, "foo{a=\"b\", c=\"d\"} 1\n# EOF\n", "line 1: ` c=\"d\"} 1` where a label name"),
    bad(O, "foo{a=\"b\",} 1\n# EOF\n", "line 1: `,}`: OpenMetrics allows no comma"),
    bad(O, "foo{a=\"b\",a=\"c\"} 1\n# EOF\n", "line 1: the label a occurs twice"),
    bad(O, "foo{__name__=\"b\"} 1\n# EOF\n", "line 1: the label __name__ is reserved"),
    bad(O, "foo{a=\"b} 1\n# EOF\n", "line 1: the value of label a has no closing quote"),
    bad(O, "foo 1e999\n# EOF\n", "line 1: the value `1e999` is not a number"),
    bad(O, "foo 1 NaN\n# EOF\n", "line 1: the timestamp `NaN` is not a number of seconds"),
    bad(O, "foo 1 1700000000 5\n# EOF\n", "line 1: ` 5` where the line should end"),
    bad(O, "foo 1 1700000000 # {a=\"b\"} 1\n# EOF\n", "line 1: an exemplar for foo"),
    bad(
        O,
        "foo_total 1 # {a=\"b\"}\n# EOF\n",
        "in the exemplar: the line ends where a space and a value",
    ),
    bad(O, "foo_total 1 #{a=\"b\"} 1\n# EOF\n", "line 1: ` #{a=\"b\"} 1` as an exemplar"),
    bad(
        O,
        "foo_total 1 # {a=\"b\"} x\n# EOF\n",
        "line 1: the exemplar's value `x` is not a number",
    ),
    bad(O, "foo_total 1 # {a=\"b\"} 1 2 3\n# EOF\n", "line 1: ` 3` where the line should end"),
    bad(O, "foo_total 1 # {a=b} 1\n# EOF\n", "line 1: in the exemplar: the value of label a"),
    bad(
        O,
        concat!(
            "foo_total 1 # {",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\"",
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbé\"} 1\n# EOF\n"
        ),
        "line 1: the exemplar's labels have 129 characters: expected at most 128",
    )
    .but("promtool leaves checking the length to the exemplar storage"),
    bad(
        O,
        "# TYPE a histogram\na_bucket{le=\"1\"} 1 # {} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n",
        "line 2: the exemplar's value 2 is not in the bucket with le=\"1\"",
    )
    .but(VALUES),
    bad(O, "# TYPE a gauge\n# TYPE a gauge\n# EOF\n", "line 2: a second TYPE line of a")
        .but(METADATA),
    bad(O, "# UNIT a_b b\n# UNIT a_b b\n# EOF\n", "line 2: a second UNIT line of a_b")
        .but(METADATA),
    bad(O, "a 1\n# TYPE a gauge\n# EOF\n", "line 2: the TYPE line of a comes after").but(METADATA),
    bad(
        O,
        "a_total 1\n# TYPE a counter\n# EOF\n",
        "line 2: the TYPE line of the counter a comes after its sample a_total (line 1)",
    )
    .but(METADATA),
    bad(
        O,
        "# TYPE a gauge\na 1\nb 1\na{x=\"1\"} 1\n# EOF\n",
        "line 4: a began on line 1 and continues",
    )
    .but(GROUPS),
    bad(
        O,
        "# TYPE a counter\na_total{x=\"1\"} 1\n\
         a_total{x=\"2\"} 1\na_created{x=\"1\"} 1\n# EOF\n",
        "line 4: `a{x=\"1\"}` continues after samples with other labels",
    )
    .but(GROUPS),
    bad(O, "a 1\na 1\n# EOF\n", "line 2: `a` is already on line 1").but(TWICE),
    bad(O, "a 1 1700000000\na 1 1700000000\n# EOF\n", "line 2: `a` is already on line 1")
        .but(TWICE),
    bad(
        O,
        "# TYPE a_total counter\na_total 1\n# EOF\n",
        "; in OpenMetrics the TYPE line of a_total is `# TYPE a counter`",
    )
    .but(TYPES),
    bad(
        O,
        "# TYPE a counter\na 1\n# EOF\n",
        "line 2: the sample a of the counter a: expected a_total",
    )
    .but(TYPES),
    bad(O, "# TYPE a counter\na_created 1\n# EOF\n", "line 2: the counter `a` has no _total")
        .but(POINTS),
    bad(O, "# TYPE a counter\na_total -1\n# EOF\n", "line 2: a_total is -1").but(VALUES),
    bad(
        O,
        "# TYPE a counter\n# TYPE a_created gauge\n# EOF\n",
        "line 2: the gauge a_created has samples called a_created, as does a (line 1)",
    )
    .but(CLASH),
    bad(
        O,
        "# TYPE a info\na_info 2\n# EOF\n",
        "line 2: a_info is 2: the value of an info is always 1",
    )
    .but(VALUES),
    bad(O, "# TYPE a stateset\na{a=\"x\"} 2\n# EOF\n", "line 2: a is 2: the value of a state")
        .but(VALUES),
    bad(O, "# TYPE a stateset\na 1\n# EOF\n", "line 2: a without the label a").but(TYPES),
    bad(O, "# TYPE a summary\na{quantile=\"0.5\"} -1\n# EOF\n", "line 2: a quantile of a is -1")
        .but(VALUES),
    bad(O, "# TYPE a summary\na_sum -1\na_count 1\n# EOF\n", "line 2: a_sum is -1").but(VALUES),
    bad(
        O,
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1.5\n# EOF\n",
        "line 2: a_bucket is 1.5: OpenMetrics requires a bucket to be a whole number",
    )
    .but(VALUES),
    bad(
        O,
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n",
        "line 3: the histogram `a` has a _count but no _sum",
    )
    .but(POINTS),
    bad(
        O,
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gsum 1\n# EOF\n",
        "line 3: the histogram `a` has a _gsum but no _gcount",
    )
    .but(POINTS),
    bad(
        O,
        "# TYPE a histogram\na_bucket{le=\"-1\"} 1\n\
         a_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
        "line 5: the histogram `a` has a _sum and a bucket below 0",
    )
    .but(POINTS),
    bad(
        O,
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n",
        "line 2: the histogram `a` has no bucket with le",
    )
    .but(POINTS),
];
