//! Pages of Prometheus text.

use super::case::{
    BLANKS, CLASH, Case, GROUPS, P, POINTS, TWICE, TYPES, UNSEEN, VALUES, bad, bytes, good,
};
use crate::pages::{FREE, GO, PYTHON};

pub(super) const CASES: &[Case] = &[
    good(P, ""),
    good(P, FREE),
    good(P, PYTHON),
    good(P, GO),
    good(P, "foo{a=\"b\"}1\nfoo{} 2\nbar:x_1 -infinity\nbaz nan\nqux .5\n_x 1.e+3\n"),
    good(P, "foo 1 \t\n").but(BLANKS),
    good(P, "foo 1 +5 \n").but(BLANKS),
    good(P, "# TYPE foo counter \nfoo 1\n").but(BLANKS),
    good(P, "# HELP foo \n# HELP foo twice, the first is none\nfoo 1\n"),
    good(P, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"Inf\"} 1\n"),
    good(P, "# TYPE h histogram\n"),
    good(P, "x_bucket 1\nx_sum 1\nx_count{le=\"1\"} 1\nx{quantile=\"7\"} 1\n"),
    good(P, "# TYPE foo counter\n# HELP foo \\\\ \\n \" fine\nfoo 1\n"),
    bad(P, "foo 1", "line 1: the text ends without a newline"),
    bad(P, "foo 1\r\nbar 2\r\n", "line 1: the line ends in `\\r\\n`"),
    bad(P, "# hi\r\nfoo 1\n", "line 1: the line ends in `\\r\\n`").but(UNSEEN),
    bytes(P, b"foo 1\nbar{a=\"\xff\"} 1\n", "line 2: byte 8 of the line, 0xff, is not UTF-8"),
    bytes(P, b"# HELP foo \xff\nfoo 1\n", "line 1: byte 12 of the line").but(UNSEEN),
    bad(P, "\u{feff}foo 1\n", "line 1: `\\u{feff}foo` as a metric name"),
    bad(P, "1foo 1\n", "line 1: `1foo` as a metric name: expected ASCII letters"),
    bad(P, "foo-bar 1\n", "line 1: `foo-bar` as a metric name"),
    bad(P, "größe 1\n", "line 1: `größe` as a metric name"),
    bad(P, "{a=\"b\"} 1\n", "line 1: `{a=\"b\"} 1` where a metric name should be"),
    bad(P, "{\"foo\",a=\"b\"} 1\n", "where a metric name should be"),
    bad(P, "foo{a:b=\"c\"} 1\n", "line 1: `a:b` as a label name"),
    bad(P, "foo{a-b=\"c\"} 1\n", "line 1: `a-b` as a label name"),
    bad(P, "foo{1=\"c\"} 1\n", "line 1: `1` as a label name"),
    bad(P, "foo{,} 1\n", "line 1: `,} 1` where a label name should be"),
    bad(P, "foo{a=\"b\",,} 1\n", "line 1: `,} 1` where a label name should be"),
    bad(P, "foo{a} 1\n", "line 1: `} 1` after the label name `a`: expected ="),
    bad(P, "foo{a=b} 1\n", "line 1: the value of label a begins with `b} 1`"),
    bad(P, "foo{a='b'} 1\n", "expected double quotes"),
    bad(P, "foo{a=\"b} 1\n", "line 1: the value of label a has no closing quote"),
    bad(P, "foo{a=\"b\n\"} 1\n", "line 1: the value of label a has no closing quote"),
    bad(P, "foo{a=\"b\\\"} 1\n", "line 1: the value of label a has no closing quote"),
    bad(P, "foo{a=\"b\" 1\n", "line 1: `1` after the value of label a: expected , or }"),
    bad(P, "foo{a=\"b\"\n", "line 1: the end of the line after the value of label a"),
    bad(P, "foo{a=\"b\",\n", "line 1: the line ends where a label name should be; is the `}`"),
    bad(P, "foo{\n", "is the `}` missing?"),
    bad(P, "foo{a=\"b\" c=\"d\"} 1\n", "line 1: `c=\"d\"} 1` after the value of label a"),
    bad(P, "foo{a=\"\\q\"} 1\n", "line 1: the value of label a has the escape `\\q`"),
    bad(P, "foo{a=\"C:\\temp\"} 1\n", "has the escape `\\t`: expected \\\\, \\\" or \\n"),
    bad(P, "# HELP foo a\\qb\nfoo 1\n", "line 1: the help text of foo has the escape `\\q`"),
    bad(P, "# HELP foo a\\\"b\nfoo 1\n", "the escape `\\\"`: expected \\\\ or \\n"),
    bad(P, "# HELP foo a\\\nfoo 1\n", "has the escape `\\`"),
    bad(P, "foo{a=\"1\",b=\"2\",a=\"3\"} 1\n", "line 1: the label a occurs twice"),
    bad(P, "foo{__name__=\"b\"} 1\n", "line 1: the label __name__ is reserved"),
    bad(P, "foo\n", "line 1: the value is missing"),
    bad(P, "foo{a=\"b\"} \n", "line 1: the value is missing"),
    bad(P, "foo one\n", "line 1: the value `one` is not a number"),
    bad(P, "foo 1,5\n", "line 1: the value `1,5` is not a number"),
    bad(P, "foo 1_000\n", "is not a number"),
    bad(P, "foo 0x10\n", "is not a number"),
    bad(P, "foo 1e999\n", "is not a number"),
    bad(P, "foo +nan\n", "is not a number"),
    bad(P, "foo Some(1)\n", "line 1: the value `Some(1)` is not a number"),
    bad(P, "foo 1 1.5\n", "line 1: the timestamp `1.5` is not a whole number of milliseconds"),
    bad(P, "foo 1 99999999999999999999\n", "is not a whole number"),
    bad(P, "foo 1 2 3\n", "line 1: `3` where the line should end"),
    bad(P, "foo_total 1 # {a=\"b\"} 1\n", "line 1: `#` after the value: Prometheus text has no"),
    bad(P, "# TYPE foo\nfoo 1\n", "line 1: no type in a TYPE line")
        .but("the specification requires two words after TYPE; promtool takes it for a comment"),
    bad(P, "# TYPE\n", "line 1: the line ends where the metric name of a TYPE line")
        .but("the specification requires two words after TYPE; promtool takes it for a comment"),
    bad(
        P,
        "# TYPE foo counters\n",
        "line 1: `counters` in a TYPE line: Prometheus text has counter",
    ),
    bad(P, "# TYPE foo unknown\n", "line 1: `unknown` in a TYPE line"),
    bad(P, "# TYPE foo gauge x\n", "line 1: `gauge x` in a TYPE line"),
    bad(P, "# TYPE foo COUNTER\n", "line 1: `COUNTER` in a TYPE line")
        .but("`check metrics` accepts any case; when it scrapes, Prometheus accepts only this one"),
    bad(P, "# TYPE foo gauge_histogram\n", "line 1: `gauge_histogram` in a TYPE line")
        .but("`check metrics` accepts the names of the protobuf format; Prometheus does not"),
    bad(P, "# TYPE foo{a=\"b\"} gauge\n", "line 1: labels in a TYPE line"),
    bad(P, "# HELP foo-bar text\n", "line 1: `foo-bar` as the metric name of a HELP line"),
    bad(P, "# TYPE a gauge\n#TYPE a gauge\n", "line 2: a second TYPE line of a"),
    bad(P, "# HELP a x\n# HELP a y\n", "line 2: a second HELP line of a"),
    bad(P, "a 1\n# TYPE a gauge\n", "line 2: the TYPE line of a comes after its samples (line 1)"),
    bad(P, "a 1\n# HELP a x\n", "line 2: the HELP line of a comes after its samples").but(GROUPS),
    bad(P, "a_count 1\n# TYPE a summary\n", "line 2: the TYPE line of the summary a comes after")
        .but(GROUPS),
    bad(P, "a{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\n", "line 3: a began on line 1 and continues")
        .but(GROUPS),
    bad(P, "# TYPE a gauge\nb 1\na 1\n", "line 3: a began on line 1 and continues").but(GROUPS),
    bad(P, "a 1\na 1\n", "line 2: `a` is already on line 1").but(TWICE),
    bad(
        P,
        "a{x=\"1\",y=\"2\"} 1 5\na{y=\"2\",x=\"1\"} 2 6\n",
        "line 2: `a{x=\"1\",y=\"2\"}` is already",
    )
    .but(TWICE),
    bad(P, "# TYPE a counter\na -1\n", "line 2: a is -1: a counter must be at least 0").but(VALUES),
    bad(P, "# TYPE a counter\na NaN\n", "line 2: a is NaN: a counter").but(VALUES),
    bad(P, "# TYPE a summary\na{quantile=\"50\"} 1\n", "line 2: a has quantile=`50`").but(VALUES),
    bad(P, "# TYPE a summary\na{quantile=\"x\"} 1\n", "line 2: a has quantile=`x`"),
    bad(P, "# TYPE a summary\na 1\n", "line 2: the sample a of a summary without the label")
        .but(POINTS),
    bad(
        P,
        "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} 1\n",
        "line 3: the quantiles of a: 0.5 comes after 0.9",
    )
    .but(GROUPS),
    bad(
        P,
        "# TYPE a histogram\na 1\n",
        "line 2: the sample a of the histogram a: expected a_bucket",
    )
    .but(TYPES),
    bad(P, "# TYPE a histogram\na_bucket{le=\"x\"} 1\n", "line 2: a_bucket has le=`x`"),
    bad(P, "# TYPE a histogram\na_bucket 1\n", "line 2: a_bucket without the label le").but(POINTS),
    bad(P, "# TYPE a histogram\na_bucket{le=\"1\"} -1\n", "a bucket must be at least 0")
        .but(VALUES),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
        "line 4: the histogram `a` has no bucket with le=\"+Inf\"",
    )
    .but(POINTS),
    bad(
        P,
        "# TYPE a histogram\na_sum 1\na_count 1\n\
         a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\" 1\n",
        "line 5: `1` after the value of label le",
    ),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n",
        "line 4: the histogram `a` has a _count of 2, but 1 in the bucket with le=\"+Inf\"",
    )
    .but(POINTS),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"1\"} 3\n\
         a_bucket{le=\"2\"} 2\na_bucket{le=\"+Inf\"} 3\n",
        "line 3: the histogram `a` has 2 up to 2 \
         and 3 up to 1: each bucket must include the smaller",
    )
    .but(POINTS),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"10\"} 1\n\
         a_bucket{le=\"5\"} 1\na_bucket{le=\"+Inf\"} 3\n",
        "line 3: the buckets of `a`: 5 comes after 10",
    )
    .but(GROUPS),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n\
         a_bucket{le=\"1.0\"} 1\na_bucket{le=\"+Inf\"} 3\n",
        "line 3: the buckets of `a`: 1 comes after 1",
    )
    .but(POINTS),
    bad(
        P,
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n# TYPE a_count gauge\na_count 1\n",
        "line 3: the gauge a_count has samples called a_count, as does a (line 1)",
    ),
    bad(
        P,
        "# TYPE a_count gauge\na_count 1\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\n",
        "line 3: the histogram a has samples called a_count, as does a_count (line 1)",
    )
    .but(CLASH),
];
