use super::info::{BenchRow, LabInfo, TaskInfo};

/// All labs, in the order of their numbers.
pub static LABS: &[LabInfo] = &[
    LabInfo {
        number: 1,
        topic: "blocking-threads",
        name: "blocking threads",
        title: "One thread per client",
        builds: "an echo server with a thread for each client, a connection limit and error handling",
        minutes: 120,
        dependencies: &["clap"],
        borrows: &[],
        given: &[],
        bad_flags: &[&["--max-connections", "0"]],
        bench: &[
            // The limit is what the lab is about, and not what is measured here.
            BenchRow { name: "01 threads", flags: &["--max-connections", "100000"] },
        ],
        tasks: &[
            TaskInfo { number: 1, title: "echo one client to the end", core: true },
            TaskInfo { number: 2, title: "a thread for each client", core: true },
            TaskInfo { number: 3, title: "a limit: the next client waits", core: false },
            TaskInfo { number: 4, title: "survive what clients and the system do", core: false },
        ],
    },
    LabInfo {
        number: 2,
        topic: "selectors",
        name: "selectors",
        title: "One thread, many sockets",
        builds: "the same on one thread with select, poll and epoll: an event loop with a state \
                 machine for each client",
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
            TaskInfo { number: 5, title: "edge-triggered", core: false },
        ],
    },
    LabInfo {
        number: 3,
        topic: "async-echo",
        name: "async echo",
        title: "Tasks on one event loop",
        builds: "the same on tokio, with a thousand clients on one thread, and a client for it",
        minutes: 60,
        dependencies: &["clap", "tokio"],
        borrows: &[],
        given: &[],
        bad_flags: &[],
        bench: &[BenchRow { name: "03 tokio", flags: &[] }],
        tasks: &[
            TaskInfo { number: 1, title: "echo one client to the end", core: true },
            TaskInfo { number: 2, title: "a task for each client", core: true },
            TaskInfo { number: 3, title: "survive what clients and the system do", core: false },
            TaskInfo { number: 4, title: "the client", core: true },
        ],
    },
    LabInfo {
        number: 4,
        topic: "timeouts",
        name: "timeouts",
        title: "Nobody waits for ever",
        builds: "a line server with a timeout for idle clients, slow lines and clients that do \
                 not read",
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
            TaskInfo { number: 1, title: "a limit for silence", core: true },
            TaskInfo { number: 2, title: "a limit for a line", core: true },
            TaskInfo { number: 3, title: "a limit for a client that does not read", core: false },
            TaskInfo { number: 4, title: "work that blocks", core: false },
        ],
    },
    LabInfo {
        number: 5,
        topic: "shutdown",
        name: "shutdown",
        title: "Stop without breaking a promise",
        builds: "the same with graceful shutdown: no new clients, no lost answers, a deadline",
        minutes: 90,
        dependencies: &["clap", "thiserror", "tokio", "tokio-util"],
        borrows: &[(4, "src/lines.rs"), (4, "src/requests.rs")],
        given: &[],
        bad_flags: &[&["--grace-ms", "-1"]],
        bench: &[],
        tasks: &[
            TaskInfo { number: 1, title: "hear the signal", core: true },
            TaskInfo { number: 2, title: "stop accepting", core: true },
            TaskInfo { number: 3, title: "drain", core: true },
            TaskInfo { number: 4, title: "the deadline", core: false },
        ],
    },
    LabInfo {
        number: 6,
        topic: "metrics",
        name: "metrics",
        title: "Numbers one can trust",
        builds: "the same with metrics for Prometheus that are right under load and after a panic",
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
        builds: "a chat server whose rooms have one order of events, and where a slow reader \
                 delays no other client",
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
        title: "Messages out of a stream",
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

/// Hands the names of all labs' packages to the macro in brackets, after the arguments that follow it.
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

/// The names that [`for_each_lab`] hands on.
pub(super) const NAMES: &[&str] = for_each_lab!([names]);

const _: () = assert!(NAMES.len() == LABS.len(), "for_each_lab names other labs than LABS");
