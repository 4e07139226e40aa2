//! The likely causes of this lab's failures, each named for the mistake.

use engine::verdict::Explanation;

pub(super) const CLOSED_BEFORE_ANSWER: Explanation = Explanation::new(
    "closed-before-answer",
    "the connection was closed before the answer was whole: did what answers panic?",
);
pub(super) const COUNTS_WITHOUT_CLIENTS: Explanation = Explanation::new(
    "counts-without-clients",
    "something is counted that no client does: is it the scrapes?",
);
pub(super) const COUNTS_OTHER_EVENTS: Explanation = Explanation::new(
    "counts-other-events",
    "a connection is counted when it was accepted, a request when its line was answered, with \
     ECHO or ERR bad sleep: each once, and nothing else",
);
pub(super) const COUNTS_LINES_NOT_BYTES: Explanation = Explanation::new(
    "counts-lines-not-bytes",
    "count what each read returned and what each write took: raw bytes, whatever they mean; the \
     line alone has lost its ending, and is not all that comes or goes",
);
pub(super) const COUNTED_BEFORE_WRITTEN: Explanation = Explanation::new(
    "counted-before-written",
    "the answer to a client that was gone was counted as sent, though no write took it: count \
     what a write has taken, after it",
);
pub(super) const KIND_MISSING_AT_START: Explanation = Explanation::new(
    "kind-missing-at-start",
    "a kind that is not there yet is none that can be watched: a rate needs a first value. \
     Write all five kinds each time, also those with 0",
);
pub(super) const ERROR_NOT_COUNTED_ONCE: Explanation = Explanation::new(
    "error-not-counted-once",
    "each error is counted once, by its kind. A connection that breaks counts once as `io`, however \
     many calls fail; not one that has ended by a refused line or a panic. A panic unwinds \
     through `handle`: who waits for the task hears of it",
);
pub(super) const LOST_UPDATES: Explanation = Explanation::new(
    "lost-updates",
    "two threads have read the same number, and each has written its own successor: one is \
     lost. Load, add and store are three steps; fetch_add is one",
);
pub(super) const NOT_COUNTED_ONCE: Explanation =
    Explanation::new("not-counted-once", "each client is counted once, and each line");

pub(super) const GAUGE_MISSES_READ_ERRORS: Explanation = Explanation::new(
    "gauge-misses-read-errors",
    "these clients end by an error of read: a gauge that is lowered on the good path only keeps all \
     of them. Where it keeps a few, two threads have read the same number, and each has written its \
     own: load, subtract and store are three steps, fetch_sub is one",
);
pub(super) const GAUGE_OUT_OF_STEP: Explanation = Explanation::new(
    "gauge-out-of-step",
    "one more for each client that is accepted, one less for each that goes",
);
pub(super) const GAUGE_LOWERED_ON_SOME_PATHS: Explanation = Explanation::new(
    "gauge-lowered-on-some-paths",
    "the gauge is lowered on some ways out only: an error returned by `?`, a panic or an \
     aborted task pass by what stands at the end. What a task owns is dropped whichever \
     way it ends: lower the gauge in the Drop of a guard",
);
pub(super) const GAUGE_LOWERED_TWICE: Explanation =
    Explanation::new("gauge-lowered-twice", "a client that has gone is counted twice, or late");
pub(super) const ANSWERS_AFTER_PANIC: Explanation = Explanation::new(
    "answers-after-panic",
    "PANIC makes the handler panic, and what panics answers nothing",
);

pub(super) const WRONG_BUCKET_BOUNDS: Explanation = Explanation::new(
    "wrong-bucket-bounds",
    "each bucket is a line of its own, with its upper bound in seconds as the label `le`",
);
pub(super) const REQUEST_NOT_OBSERVED_ONCE: Explanation = Explanation::new(
    "request-not-observed-once",
    "a request is counted once and observed once: an answer with ECHO or ERR bad sleep. \
     prometheus-client adds the buckets up itself: it is to be given what is in each bucket alone",
);
pub(super) const BUCKETS_NOT_CUMULATIVE: Explanation = Explanation::new(
    "buckets-not-cumulative",
    "each bucket counts what is up to its bound, and so holds those below as well. \
     prometheus-client adds them up itself: it is to be given what is in each bucket alone",
);
pub(super) const COUNTED_IN_TWO_PLACES: Explanation = Explanation::new(
    "counted-in-two-places",
    "the two are counted at different places: a request that does not come to its end is counted \
     in one of them only",
);
pub(super) const OBSERVED_BEFORE_ANSWER: Explanation = Explanation::new(
    "observed-before-answer",
    "each request is observed once, when its answer is out; prometheus-client adds the buckets up itself: \
     it is to be given what is in each bucket alone",
);
pub(super) const WRONG_BUCKET: Explanation = Explanation::new(
    "wrong-bucket",
    "an observation is in seconds, from the whole line until its answer is out, and belongs into \
     the first bucket whose bound is not below it",
);
pub(super) const SUM_OF_OTHER_TIMES: Explanation = Explanation::new(
    "sum-of-other-times",
    "the sum is of the same times as the buckets, in the same unit",
);

pub(super) const UNKNOWN_CONTENT_TYPE: Explanation = Explanation::new(
    "unknown-content-type",
    "Prometheus chooses its parser by the content type: \
     `application/openmetrics-text; version=1.0.0` for OpenMetrics, \
     `text/plain; version=0.0.4` for its own older text",
);
pub(super) const MALFORMED_PAGE: Explanation = Explanation::new(
    "malformed-page",
    "one line that cannot be read makes the whole page worthless: Prometheus drops it",
);
pub(super) const METADATA_NAME_IN_OPENMETRICS: Explanation = Explanation::new(
    "metadata-name-in-openmetrics",
    "in OpenMetrics TYPE and HELP have the name without `_total`, `_count` and `_bucket`",
);
pub(super) const METADATA_NAME_IN_PROMETHEUS: Explanation = Explanation::new(
    "metadata-name-in-prometheus",
    "in Prometheus text TYPE and HELP have the whole name of a counter, `_total` included, \
     and that of a histogram without `_count`, `_sum` and `_bucket`",
);
pub(super) const SERVES_EVERY_PATH: Explanation =
    Explanation::new("serves-every-path", "only /metrics is there");

pub(super) const LOCK_HELD_WHILE_PAGE_IS_WRITTEN: Explanation = Explanation::new(
    "lock-held-while-page-is-written",
    "clients wait for a scraper that does not read: something that a request needs \
     is locked while the page is written to it. Make the text first, then write \
     it with nothing locked",
);
pub(super) const SCRAPE_CHANGES_NUMBERS: Explanation = Explanation::new(
    "scrape-changes-numbers",
    "a scrape is no client and no request: what it reads it must not change",
);
pub(super) const COUNTER_GOES_BACK: Explanation = Explanation::new(
    "counter-goes-back",
    "a number was read and written in two steps, or the page is made of numbers of \
     different moments: a counter only ever grows",
);
pub(super) const SERIES_FOR_EACH_CLIENT: Explanation = Explanation::new(
    "series-for-each-client",
    "each value of a label is a series of its own, which Prometheus keeps for weeks: a \
     client's address, a port, a user or a text has no place in a label",
);

/// What is answered is not HTTP, is cut short, or is larger than [`super::http`] reads.
pub(super) const NO_HTTP_ANSWER: Explanation = Explanation::new(
    "no-http-answer",
    "what is answered is HTTP/1.1, whole, and of at most 16 MiB: leave that to a library",
);
