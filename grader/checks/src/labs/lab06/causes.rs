//! The likely causes of this lab's failures, each named after its mistake.

use engine::verdict::Explanation;

pub(super) const CLOSED_BEFORE_ANSWER: Explanation = Explanation::new(
    "closed-before-answer",
    "the server closed the connection before the answer was complete: did its handler panic?",
);
pub(super) const COUNTS_WITHOUT_CLIENTS: Explanation = Explanation::new(
    "counts-without-clients",
    "numbers change although no client does anything: does your server count the scrapes?",
);
pub(super) const COUNTS_OTHER_EVENTS: Explanation = Explanation::new(
    "counts-other-events",
    "count a connection when it is accepted, and a request when its line is answered with ECHO \
     or ERR bad sleep: each once, and nothing else",
);
pub(super) const COUNTS_LINES_NOT_BYTES: Explanation = Explanation::new(
    "counts-lines-not-bytes",
    "count the raw bytes that each read returned and each write accepted. A parsed line has lost \
     its line ending, and error answers count, too",
);
pub(super) const COUNTED_BEFORE_WRITTEN: Explanation = Explanation::new(
    "counted-before-written",
    "the answer to a client that had left was counted as sent, but no write accepted it: count \
     after each write, and only the bytes that it accepted",
);
pub(super) const KIND_MISSING_AT_START: Explanation = Explanation::new(
    "kind-missing-at-start",
    "a series that does not exist yet cannot be monitored: a rate needs a first value. \
     Write all five kinds on every page, even those that are 0",
);
pub(super) const ERROR_NOT_COUNTED_ONCE: Explanation = Explanation::new(
    "error-not-counted-once",
    "count each error once, by its kind. Count a broken connection once as `io`, however many calls \
     fail, unless a refused line or a panic ended it. A panic unwinds through `handle`; the code \
     that awaits the task gets it as an error",
);
pub(super) const LOST_UPDATES: Explanation = Explanation::new(
    "lost-updates",
    "two threads read the same number, and each wrote back that number plus one, so one update \
     was lost. Load, add and store are three steps; `fetch_add` is one",
);
pub(super) const NOT_COUNTED_ONCE: Explanation =
    Explanation::new("not-counted-once", "count each client once, and each line once");

pub(super) const GAUGE_MISSES_READ_ERRORS: Explanation = Explanation::new(
    "gauge-misses-read-errors",
    "these connections end with a read error: a gauge that is lowered only on success still counts \
     all of them. If it still counts a few, two threads read the same number, and each wrote back \
     its own result: load, subtract and store are three steps, `fetch_sub` is one",
);
pub(super) const GAUGE_OUT_OF_STEP: Explanation = Explanation::new(
    "gauge-out-of-step",
    "add one for each client that you accept, and subtract one for each that leaves",
);
pub(super) const GAUGE_LOWERED_ON_SOME_PATHS: Explanation = Explanation::new(
    "gauge-lowered-on-some-paths",
    "the gauge is lowered on some exits only: an error returned by `?`, a panic or an \
     aborted task skips the code at the end. However a task ends, it drops what it owns, \
     so lower the gauge in the `Drop` of a guard",
);
pub(super) const GAUGE_LOWERED_TWICE: Explanation = Explanation::new(
    "gauge-lowered-twice",
    "the gauge is lowered twice for one client, or too late",
);
pub(super) const ANSWERS_AFTER_PANIC: Explanation = Explanation::new(
    "answers-after-panic",
    "PANIC makes the handler panic, and a handler that panics sends no answer",
);

pub(super) const WRONG_BUCKET_BOUNDS: Explanation = Explanation::new(
    "wrong-bucket-bounds",
    "write one line per bucket, with its upper bound in seconds as the label `le`",
);
pub(super) const REQUEST_NOT_OBSERVED_ONCE: Explanation = Explanation::new(
    "request-not-observed-once",
    "count and observe each request once, when it is answered with ECHO or ERR bad sleep. \
     prometheus-client adds up the buckets itself: give it each bucket's own count",
);
pub(super) const BUCKETS_NOT_CUMULATIVE: Explanation = Explanation::new(
    "buckets-not-cumulative",
    "each bucket counts all requests up to its bound, including those in lower buckets. \
     prometheus-client adds up the buckets itself: give it each bucket's own count",
);
pub(super) const COUNTED_IN_TWO_PLACES: Explanation = Explanation::new(
    "counted-in-two-places",
    "requests and observations are counted in different places, so a request that does not \
     finish is counted in only one of them",
);
pub(super) const OBSERVED_BEFORE_ANSWER: Explanation = Explanation::new(
    "observed-before-answer",
    "observe each request once, after its answer has been sent. prometheus-client adds up the buckets \
     itself: give it each bucket's own count",
);
pub(super) const WRONG_BUCKET: Explanation = Explanation::new(
    "wrong-bucket",
    "measure the time in seconds from when a line is complete until its answer has been sent, and \
     count the request in the first bucket whose bound is at least that time",
);
pub(super) const SUM_OF_OTHER_TIMES: Explanation = Explanation::new(
    "sum-of-other-times",
    "the sum must be the total of the same durations that the buckets count, in the same unit",
);

pub(super) const UNKNOWN_CONTENT_TYPE: Explanation = Explanation::new(
    "unknown-content-type",
    "Prometheus chooses its parser by the content type: \
     `application/openmetrics-text; version=1.0.0` for OpenMetrics, \
     `text/plain; version=0.0.4` for the older Prometheus text",
);
pub(super) const MALFORMED_PAGE: Explanation = Explanation::new(
    "malformed-page",
    "a single line that cannot be parsed makes Prometheus discard the whole page",
);
pub(super) const METADATA_NAME_IN_OPENMETRICS: Explanation = Explanation::new(
    "metadata-name-in-openmetrics",
    "in OpenMetrics, TYPE and HELP use the name without `_total`, `_count` or `_bucket`",
);
pub(super) const METADATA_NAME_IN_PROMETHEUS: Explanation = Explanation::new(
    "metadata-name-in-prometheus",
    "in Prometheus text, TYPE and HELP use the full name of a counter, including `_total`, \
     and the name of a histogram without `_count`, `_sum` or `_bucket`",
);
pub(super) const SERVES_EVERY_PATH: Explanation =
    Explanation::new("serves-every-path", "serve the page at /metrics only");

pub(super) const LOCK_HELD_WHILE_PAGE_IS_WRITTEN: Explanation = Explanation::new(
    "lock-held-while-page-is-written",
    "clients wait for a scraper that does not read: a lock that requests need is \
     held while the page is written. Build the text first, then write it without \
     holding a lock",
);
pub(super) const SCRAPE_CHANGES_NUMBERS: Explanation = Explanation::new(
    "scrape-changes-numbers",
    "a scrape is neither a client nor a request: it must not change what it reads",
);
pub(super) const COUNTER_GOES_BACK: Explanation = Explanation::new(
    "counter-goes-back",
    "a number was read and written in two steps, or the page mixes numbers from \
     different moments: a counter may only grow",
);
pub(super) const SERIES_FOR_EACH_CLIENT: Explanation = Explanation::new(
    "series-for-each-client",
    "each label value creates a new series, which Prometheus keeps for weeks: never use a \
     client's address, port, user name or text as a label value",
);

/// The answer is not HTTP, is incomplete, or is larger than [`super::http`] reads.
pub(super) const NO_HTTP_ANSWER: Explanation = Explanation::new(
    "no-http-answer",
    "an answer must be a complete HTTP/1.1 response of at most 16 MiB: let a library send it",
);
