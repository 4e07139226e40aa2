use super::info::{BenchRow, LabInfo, TaskInfo};

/// All labs, in the order of their numbers.
pub static LABS: &[LabInfo] = &[
    LabInfo {
        number: 1,
        topic: "blocking-threads",
        name: "blocking threads",
        title: "One thread per client",
        builds: "a thread-per-client echo server with a connection limit and error handling",
        minutes: 120,
        dependencies: &["clap"],
        borrows: &[],
        given: &[],
        bad_flags: &[&["--max-connections", "0"]],
        bench: &[
            // The limit is the subject of the lab, but must not affect this measurement.
            BenchRow { name: "01 threads", flags: &["--max-connections", "100000"] },
        ],
        tasks: &[
            TaskInfo { number: 1, title: "echo one client to the end", core: true },
            TaskInfo { number: 2, title: "a thread for each client", core: true },
            TaskInfo { number: 3, title: "a limit: the next client waits", core: false },
            TaskInfo { number: 4, title: "survive client and system errors", core: false },
        ],
    },
    LabInfo {
        number: 2,
        topic: "selectors",
        name: "selectors",
        title: "One thread, many sockets",
        builds: "the same server on one thread with select, poll and epoll: an event loop with \
                 a state machine for each client",
        minutes: 240,
        dependencies: &["clap", "polling", "rustix"],
        borrows: &[],
        given: &["src/lib.rs", "src/portable.rs", "src/selector.rs", "src/sys.rs"],
        bad_flags: &[
            &["--backend", "kqueue"],
            &["--trigger", "never"],
            &["--trigger", "edge", "--backend", "poll"],
        ],
        bench: &[
            BenchRow { name: "02 select", flags: &["--backend", "select"] },
            BenchRow { name: "02 poll", flags: &["--backend", "poll"] },
            BenchRow { name: "02 epoll", flags: &["--backend", "epoll"] },
        ],
        tasks: &[
            TaskInfo { number: 1, title: "poll", core: true },
            TaskInfo { number: 2, title: "the event loop", core: true },
            TaskInfo { number: 3, title: "select", core: true },
            TaskInfo { number: 4, title: "epoll", core: true },
            TaskInfo { number: 5, title: "edge-triggered epoll", core: false },
        ],
    },
    LabInfo {
        number: 3,
        topic: "async-echo",
        name: "async echo",
        title: "Tasks on one event loop",
        builds: "the same server on tokio, with a thousand clients on one thread, and a client for it",
        minutes: 60,
        dependencies: &["clap", "tokio"],
        borrows: &[],
        given: &[],
        bad_flags: &[],
        bench: &[BenchRow { name: "03 tokio", flags: &[] }],
        tasks: &[
            TaskInfo { number: 1, title: "echo one client to the end", core: true },
            TaskInfo { number: 2, title: "a task for each client", core: true },
            TaskInfo { number: 3, title: "survive client and system errors", core: false },
            TaskInfo { number: 4, title: "the client", core: true },
        ],
    },
    LabInfo {
        number: 4,
        topic: "timeouts",
        name: "timeouts",
        title: "No wait lasts forever",
        builds: "a line server with timeouts for idle clients, slow lines and slow readers",
        minutes: 60,
        dependencies: &["clap", "thiserror", "tokio"],
        borrows: &[],
        given: &["src/lines.rs", "src/requests.rs"],
        bad_flags: &[
            &["--idle-timeout-ms", "soon"],
            &["--line-timeout-ms", "soon"],
            &["--write-timeout-ms", "soon"],
        ],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "an idle timeout", core: true },
            TaskInfo { number: 2, title: "a line timeout", core: true },
            TaskInfo { number: 3, title: "a write timeout for slow readers", core: false },
            TaskInfo { number: 4, title: "blocking work", core: false },
        ],
    },
    LabInfo {
        number: 5,
        topic: "shutdown",
        name: "shutdown",
        title: "Stop without breaking a promise",
        builds: "the same server with graceful shutdown: no new clients, no lost answers, and a deadline",
        minutes: 90,
        dependencies: &["clap", "thiserror", "tokio", "tokio-util"],
        borrows: &[(4, "src/lines.rs"), (4, "src/requests.rs")],
        given: &[],
        bad_flags: &[&["--grace-ms", "-1"]],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "catch the signal", core: true },
            TaskInfo { number: 2, title: "stop accepting", core: true },
            TaskInfo { number: 3, title: "drain", core: true },
            TaskInfo { number: 4, title: "the deadline", core: false },
        ],
    },
    LabInfo {
        number: 6,
        topic: "metrics",
        name: "metrics",
        title: "Numbers you can trust",
        builds: "the same server with Prometheus metrics that stay right under load and after a panic",
        minutes: 60,
        dependencies: &["axum", "clap", "prometheus-client", "thiserror", "tokio", "tokio-util"],
        borrows: &[(4, "src/lines.rs"), (4, "src/requests.rs")],
        given: &["src/exposition.rs"],
        bad_flags: &[&["--metrics-addr", "nowhere"]],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "counters", core: true },
            TaskInfo { number: 2, title: "a gauge that cannot leak", core: true },
            TaskInfo { number: 3, title: "a histogram", core: true },
            TaskInfo { number: 4, title: "the page", core: false },
        ],
    },
    LabInfo {
        number: 7,
        topic: "chat",
        name: "chat",
        title: "Shared state without a traffic jam",
        builds: "a chat server in which all members of a room see its events in the same order and a \
                 slow reader delays no other client",
        minutes: 120,
        dependencies: &["clap", "serde", "serde_json", "thiserror", "tokio", "tokio-util"],
        borrows: &[(4, "src/lines.rs")],
        given: &["src/client.rs", "src/protocol.rs"],
        bad_flags: &[&["--queue", "0"]],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "join and leave", core: true },
            TaskInfo { number: 2, title: "broadcast", core: true },
            TaskInfo { number: 3, title: "rooms", core: true },
            TaskInfo { number: 4, title: "a bounded queue for each client", core: false },
        ],
    },
    LabInfo {
        number: 8,
        topic: "tls",
        name: "TLS",
        title: "Encrypt it",
        builds: "an encrypted echo server in which no handshake delays other clients, and a client \
                 that verifies the server",
        minutes: 90,
        dependencies: &["clap", "rustls", "thiserror", "tokio", "tokio-rustls"],
        borrows: &[],
        given: &["src/lib.rs", "src/pem.rs"],
        bad_flags: &[
            &["--cert", "none.pem", "--key", "none.pem", "--client-ca", "none.pem"],
            &["--handshake-timeout-ms", "soon"],
        ],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "the acceptor", core: true },
            TaskInfo {
                number: 2,
                title: "the handshake off the accept loop, with a deadline",
                core: true,
            },
            TaskInfo { number: 3, title: "the client", core: true },
            TaskInfo { number: 4, title: "mutual TLS", core: false },
        ],
    },
    LabInfo {
        number: 9,
        topic: "framing",
        name: "framing",
        title: "From a stream to messages",
        builds: "a server for length-prefixed JSON requests, safe from clients that lie about lengths",
        minutes: 90,
        dependencies: &[
            "bytes",
            "clap",
            "futures-util",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tokio-util",
        ],
        borrows: &[],
        given: &[],
        bad_flags: &[&["--max-frame", "-1"], &["--frame-timeout-ms", "soon"]],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "decode", core: true },
            TaskInfo { number: 2, title: "encode and serve", core: true },
            TaskInfo { number: 3, title: "hostile lengths", core: false },
            TaskInfo { number: 4, title: "deadlines", core: false },
        ],
    },
];

/// Calls the macro in brackets with the arguments after the brackets and the package names of all labs.
#[macro_export]
macro_rules! for_each_lab {
    ([$($macro:tt)+] $($argument:tt)*) => {
        $($macro)+! {
            $($argument)*
            lab01 lab02 lab03 lab04 lab05 lab06 lab07 lab08 lab09
        }
    };
}

macro_rules! names {
    ($($lab:ident)*) => { &[$(stringify!($lab)),*] };
}

/// The package names that [`for_each_lab`] passes on.
pub(super) const NAMES: &[&str] = for_each_lab!([names]);

const _: () = assert!(NAMES.len() == LABS.len(), "for_each_lab and LABS have different labs");
