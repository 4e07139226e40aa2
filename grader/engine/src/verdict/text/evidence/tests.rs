use observe::{EpollMask, Resource, ThreadGroup, Unreadable, WatchGroup};

use super::*;

fn blocked(syscall: &str, on: Option<BlockedOn>, count: usize) -> ThreadGroup {
    let syscall = syscall.to_owned();
    ThreadGroup { activity: ThreadActivity::Blocked { syscall, on }, count }
}

fn sockets(state: SocketState, count: usize, unread: u64, unsent: u64) -> SocketGroup {
    SocketGroup { state, count, unread, unsent }
}

/// A thread-per-client server.
fn server() -> Snapshot {
    let tcp = SocketState::Tcp;
    Snapshot {
        processes: 1,
        serves: true,
        threads: vec![
            ThreadGroup { activity: ThreadActivity::Running, count: 1 },
            blocked("accept4", Some(BlockedOn::Listener), 1),
            blocked("futex", None, 2),
            blocked("read", Some(BlockedOn::Descriptor(9)), 1),
            blocked("recv", Some(BlockedOn::Connection), 3),
            blocked("send", Some(BlockedOn::Connection), 1),
        ],
        listeners: vec![
            ListenerView { address: ([127, 0, 0, 1], 4242).into(), not_accepted: 1 },
            ListenerView { address: ([127, 0, 0, 1], 4243).into(), not_accepted: 0 },
        ],
        sockets: vec![
            sockets(tcp(TcpState::Established), 2, 2048, 1),
            sockets(tcp(TcpState::CloseWait), 1, 0, 0),
            sockets(tcp(TcpState::FinWait1), 1, 0, 0),
            sockets(SocketState::OverNotClosed, 1, 0, 0),
        ],
        ..Snapshot::default()
    }
}

#[test]
fn a_server_is_described() {
    assert_eq!(
        snapshot_lines(&server()),
        [
            "1 thread in accept4 on the listener",
            "2 threads in futex",
            "1 thread in read on descriptor 9",
            "3 threads in recv on a client's socket",
            "1 thread in send on a client's socket",
            "1 thread running",
            "listening on 127.0.0.1:4242, 1 client not accepted yet",
            "listening on 127.0.0.1:4243",
            "2 sockets ESTABLISHED, 2 KiB not yet read by the program, 1 byte not yet acknowledged by the client",
            "1 socket FIN_WAIT1",
            "1 socket disconnected, but not closed by the program",
            "1 socket in CLOSE_WAIT (the client has closed, the program has not)",
        ]
    );
}

#[test]
fn the_program_may_be_the_client() {
    let snapshot = Snapshot {
        processes: 2,
        threads: vec![
            blocked("no system call", None, 1),
            blocked("recv", Some(BlockedOn::Connection), 1),
            blocked("system call 999", None, 1),
        ],
        sockets: vec![sockets(SocketState::Tcp(TcpState::CloseWait), 2, 10, 2048)],
        epoll_sets: vec![EpollView {
            watched: 1,
            groups: vec![WatchGroup {
                events: EpollMask::new(5),
                role: DescriptorRole::Connection,
                count: 1,
            }],
        }],
        ..Snapshot::default()
    };
    let after = [
        "1 thread in no system call",
        "1 thread in recv on the connection",
        "1 thread in system call 999",
        "2 sockets in CLOSE_WAIT (the other side has closed, the program has not), \
         10 bytes not yet read by the program, 2 KiB not yet acknowledged by the other side",
        "an epoll set watches 1 descriptor",
        "  1 connection for EPOLLIN | EPOLLOUT",
    ];
    assert_eq!(inside_lines(&snapshot), after);
    assert_eq!(snapshot_lines(&snapshot)[0], "2 processes");
    assert_eq!(snapshot_lines(&snapshot)[1..], after);
}

#[test]
fn an_epoll_set_is_described_in_the_order_of_its_events() {
    let group = |bits, role, count| WatchGroup { events: EpollMask::new(bits), role, count };
    let (listener, connection, other) =
        (DescriptorRole::Listener, DescriptorRole::Connection, DescriptorRole::Other);
    let groups = vec![
        group(0, connection, 1),
        group(1, listener, 1),
        group(1, connection, 4),
        group(5, connection, 2),
        group(0x8000_0001, other, 2),
    ];
    let snapshot = Snapshot { epoll_sets: vec![EpollView { watched: 10, groups }], ..server() };
    assert_eq!(
        inside_lines(&snapshot)[12..],
        [
            "an epoll set watches 10 descriptors",
            "  4 clients for EPOLLIN",
            "  1 listener for EPOLLIN",
            "  2 other descriptors for EPOLLIN | EPOLLET",
            "  2 clients for EPOLLIN | EPOLLOUT",
            "  1 client for nothing",
        ]
    );
}

#[test]
fn unreadable_parts_are_reported_in_their_place() {
    let denied = |what| Unreadable { what, pid: 7, reason: "Permission Denied".to_owned() };
    let calls = "cannot read system calls of process 7: Permission Denied";
    let descriptors = "cannot read descriptors of process 7: Permission Denied";
    let mut snapshot = server();
    snapshot.threads.clear();
    snapshot.unreadable = vec![denied(Resource::SystemCalls)];
    assert_eq!(snapshot_lines(&snapshot)[0], calls);
    assert!(snapshot_lines(&snapshot)[1].starts_with("listening on"));
    let snapshot = Snapshot {
        processes: 1,
        threads: vec![blocked("futex", None, 1)],
        unreadable: vec![denied(Resource::Descriptors)],
        ..Snapshot::default()
    };
    assert_eq!(snapshot_lines(&snapshot), ["1 thread in futex", descriptors]);
}

#[test]
fn an_ended_program_has_one_line() {
    assert_eq!(snapshot_lines(&Snapshot::default()), ["no process of the program is alive"]);
    assert!(inside_lines(&Snapshot::default()).is_empty());
}

#[test]
fn lines_beyond_the_limit_are_counted() {
    let snapshot = Snapshot { left_out: 12, ..server() };
    assert_eq!(
        snapshot_lines(&snapshot).last().map(String::as_str),
        Some("12 more lines left out")
    );
}
