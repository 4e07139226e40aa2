//! Pages for tests.

/// As Python's prometheus-client writes Prometheus text.
pub(crate) const PYTHON: &str = r#"# HELP c_total a "counter" \\ \n x
# TYPE c_total counter
c_total{a="x\"y\\z\n"} 1.0
c_total{a="é"} 3.0
# HELP c_created a "counter" \\ \n x
# TYPE c_created gauge
c_created{a="x\"y\\z\n"} 1.795287429351746e+09
c_created{a="é"} 1.79528742935176e+09
# HELP g_seconds gauge
# TYPE g_seconds gauge
g_seconds NaN
# HELP h hist
# TYPE h histogram
h_bucket{le="0.1",m="a"} 0.0
h_bucket{le="1.0",m="a"} 1.0
h_bucket{le="+Inf",m="a"} 1.0
h_count{m="a"} 1.0
h_sum{m="a"} 0.5
h_bucket{le="0.1",m="b"} 0.0
h_bucket{le="1.0",m="b"} 0.0
h_bucket{le="+Inf",m="b"} 1.0
h_count{m="b"} 1.0
h_sum{m="b"} 50.0
# HELP h_created hist
# TYPE h_created gauge
h_created{m="a"} 1.7952874293518224e+09
h_created{m="b"} 1.7952874293518603e+09
# HELP s 
# TYPE s summary
s_count 1.0
s_sum 2.0
# HELP s_created 
# TYPE s_created gauge
s_created 1.795287429351881e+09
# HELP i_info info
# TYPE i_info gauge
i_info{v="1"} 1.0
# HELP en enum
# TYPE en gauge
en{en="a"} 1.0
en{en="b"} 0.0
# HELP gh gh
# TYPE gh histogram
gh_bucket{le="1.0"} 4.0
gh_bucket{le="+Inf"} 5.0
# HELP gh_gcount gh
# TYPE gh_gcount gauge
gh_gcount 5.0
# HELP gh_gsum gh
# TYPE gh_gsum gauge
gh_gsum 7.0
# HELP un un
# TYPE un untyped
un 1.0
# HELP sq sq
# TYPE sq summary
sq_count 3.0
sq_sum 4.0
sq{quantile="0.5"} 1.0
"#;

/// As Python's prometheus-client writes OpenMetrics.
pub(crate) const PYTHON_OPEN: &str = r#"# HELP c a \"counter\" \\ \n x
# TYPE c counter
c_total{a="x\"y\\z\n"} 1.0
c_created{a="x\"y\\z\n"} 1.795287429351746e+09
c_total{a="é"} 3.0 # {t="abc"} 3.0 1795287429.351765
c_created{a="é"} 1.79528742935176e+09
# HELP g_seconds gauge
# TYPE g_seconds gauge
# UNIT g_seconds seconds
g_seconds NaN
# HELP h hist
# TYPE h histogram
h_bucket{le="0.1",m="a"} 0.0
h_bucket{le="1.0",m="a"} 1.0 # {trace="q"} 0.5 1795287429.351851
h_bucket{le="+Inf",m="a"} 1.0
h_count{m="a"} 1.0
h_sum{m="a"} 0.5
h_created{m="a"} 1.7952874293518224e+09
h_bucket{le="0.1",m="b"} 0.0
h_bucket{le="1.0",m="b"} 0.0
h_bucket{le="+Inf",m="b"} 1.0
h_count{m="b"} 1.0
h_sum{m="b"} 50.0
h_created{m="b"} 1.7952874293518603e+09
# HELP s 
# TYPE s summary
s_count 1.0
s_sum 2.0
s_created 1.795287429351881e+09
# HELP i info
# TYPE i info
i_info{v="1"} 1.0
# HELP en enum
# TYPE en stateset
en{en="a"} 1.0
en{en="b"} 0.0
# HELP gh gh
# TYPE gh gaugehistogram
gh_bucket{le="1.0"} 4.0
gh_bucket{le="+Inf"} 5.0
gh_gcount 5.0
gh_gsum 7.0
# HELP un un
# TYPE un unknown
un 1.0
# HELP sq sq
# TYPE sq summary
sq_count 3.0
sq_sum 4.0
sq{quantile="0.5"} 1.0
# EOF
"#;

/// As Rust's prometheus-client writes OpenMetrics: sum and count before the buckets, help texts unescaped.
pub(crate) const RUST_OPEN: &str = r#"# HELP requests Requests "so far".
# TYPE requests counter
requests_total{method="GET",path=""} 17 # {trace="1"} 1 1700000000.5
requests_total{method="PUT",path="/a"} 0
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
latency_seconds_sum 1.5
latency_seconds_count 2
latency_seconds_bucket{le="0.5"} 1 # {a="b"} 0.25
latency_seconds_bucket{le="1.0"} 1
latency_seconds_bucket{le="+Inf"} 2
# HELP build Build.
# TYPE build info
build_info{os="GNU/linux"} 1
# HELP ratio Ratio.
# TYPE ratio gauge
ratio -0.25
# EOF
"#;

/// As Go's client writes Prometheus text.
pub(crate) const GO: &str = r#"# HELP go_gc_duration_seconds A summary of pauses.
# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 3.4025e-05
go_gc_duration_seconds{quantile="0.5"} NaN
go_gc_duration_seconds{quantile="1"} 0.000236
go_gc_duration_seconds_sum 0.000413
go_gc_duration_seconds_count 5
# HELP go_info Information about the Go environment.
# TYPE go_info gauge
go_info{version="go1.22"} 1
# HELP h H.
# TYPE h histogram
h_bucket{le="0.005"} 0
h_bucket{le="+Inf"} 1.2345678e+07
h_sum 3
h_count 1.2345678e+07
# HELP process_start_time_seconds Start time.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.70000000012e+09
"#;

/// The documented example of the format, which uses all the freedom that it allows.
pub(crate) const FREE: &str = "# HELP http_requests_total The total number of HTTP requests.\n\
    # TYPE http_requests_total counter\n\
    http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
    http_requests_total{method=\"post\",code=\"400\"}    3 1395066363000\n\
    \n\
    # Escaping in label values:\n\
    msdos_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"No:\\n\\\"A\\\"\"} 1.458e9\n\
    metric_without_timestamp_and_labels 12.47\n\
    something_weird{problem=\"division by zero\"} +Inf -3982045\n\
    \t #  HELP\ttabs  are blanks\n\
    # TYPE tabs gauge\n\
    \ttabs\t { a = \"b\" ,\tc=\"}\" , }\t1\t5\n\
    #EOF\n  \t\n# UNIT tabs b\n#\n";
