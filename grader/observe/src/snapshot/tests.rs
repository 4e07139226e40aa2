use super::*;
use crate::probe::Resource;
use crate::socket_table::TcpSocket;
use crate::syscall::Syscall;

const PID: i32 = 4711;

fn thread(tid: i32, number: i64, descriptor: u64) -> Thread {
    let call = Syscall::new(number, [descriptor, 0, 0, 0, 0, 0]);
    Thread { pid: PID, tid, state: ThreadState::Blocked(call), switches: 3 }
}

fn socket(descriptor: i32, state: TcpState, rx_queue: u32, tx_queue: u32) -> Socket {
    let entry = TcpSocket {
        local_address: ([127, 0, 0, 1], 9777).into(),
        remote_address: ([127, 0, 0, 1], 50_000).into(),
        state,
        rx_queue,
        tx_queue,
        inode: 1000 + u64::from(descriptor.cast_unsigned()),
    };
    Socket { pid: PID, descriptor, entry: Some(entry) }
}

/// A listener, two clients, and the descriptor of a client that was reset.
fn sockets() -> Vec<Socket> {
    vec![
        socket(3, TcpState::Listen, 2, 0),
        socket(4, TcpState::Established, 10, 7),
        socket(5, TcpState::Established, 5, 0),
        Socket { pid: PID, descriptor: 6, entry: None },
    ]
}

fn denied(what: Resource) -> Unreadable {
    Unreadable { what, pid: PID, reason: "Permission Denied".to_owned() }
}

#[test]
fn threads_in_the_same_call_on_the_same_kind_of_object_are_a_group() {
    let mut threads = vec![
        thread(1, libc::SYS_accept4, 3),
        thread(2, libc::SYS_recvfrom, 4),
        thread(3, libc::SYS_recvfrom, 5),
        thread(4, libc::SYS_read, 9),
        thread(5, libc::SYS_futex, 0x7f00),
    ];
    threads.push(Thread { state: ThreadState::Running, ..threads[0].clone() });
    let snapshot = Snapshot::new(1, Ok(threads), Ok(sockets()), &[]);
    let blocked = |syscall: &str, on| ThreadActivity::Blocked { syscall: syscall.to_owned(), on };
    let expected = [
        (ThreadActivity::Running, 1),
        (blocked("accept4", Some(BlockedOn::Listener)), 1),
        (blocked("futex", None), 1),
        (blocked("read", Some(BlockedOn::Descriptor(9))), 1),
        (blocked("recv", Some(BlockedOn::Connection)), 2),
    ];
    assert_eq!(snapshot.threads, expected.map(|(activity, count)| ThreadGroup { activity, count }));
    // The same descriptor numbers in another process are different objects.
    let other = Thread { pid: PID + 1, ..thread(9, libc::SYS_accept4, 3) };
    let snapshot = Snapshot::new(2, Ok(vec![other]), Ok(sockets()), &[]);
    let activity = blocked("accept4", Some(BlockedOn::Descriptor(3)));
    assert_eq!(snapshot.threads, [ThreadGroup { activity, count: 1 }]);
}

#[test]
fn sockets_are_added_up_by_state_and_listeners_are_separate() {
    let snapshot = Snapshot::new(1, Ok(Vec::new()), Ok(sockets()), &[]);
    assert!(snapshot.serves);
    let address = ([127, 0, 0, 1], 9777).into();
    assert_eq!(snapshot.listeners, [ListenerView { address, not_accepted: 2 }]);
    let established = SocketState::Tcp(TcpState::Established);
    assert_eq!(
        snapshot.sockets,
        [
            SocketGroup { state: established, count: 2, unread: 15, unsent: 7 },
            SocketGroup { state: SocketState::OverNotClosed, count: 1, unread: 0, unsent: 0 },
        ]
    );
}

#[test]
fn an_epoll_set_is_grouped_by_events_and_role() {
    let (read, edge) = (EpollMask::new(0x1), EpollMask::new(0x8000_0001));
    let watched = vec![(4, edge), (3, read), (5, edge), (11, edge)];
    let set = EpollSet { pid: PID, descriptor: 8, watched };
    let snapshot = Snapshot::new(1, Ok(Vec::new()), Ok(sockets()), &[set]);
    let group = |events, role, count| WatchGroup { events, role, count };
    let groups = vec![
        group(read, DescriptorRole::Listener, 1),
        group(edge, DescriptorRole::Connection, 2),
        group(edge, DescriptorRole::Other, 1),
    ];
    assert_eq!(snapshot.epoll_sets, [EpollView { watched: 4, groups }]);
}

#[test]
fn unreadable_parts_are_named() {
    let calls = denied(Resource::SystemCalls);
    let snapshot = Snapshot::new(1, Err(calls.clone()), Ok(sockets()), &[]);
    assert_eq!((snapshot.unreadable, snapshot.sockets.len()), (vec![calls.clone()], 2));
    let descriptors = denied(Resource::Descriptors);
    let snapshot = Snapshot::new(1, Err(calls.clone()), Err(descriptors.clone()), &[]);
    assert_eq!(snapshot.unreadable, [calls, descriptors]);
    assert!(!snapshot.serves);
}

#[test]
fn each_list_is_bounded() {
    let number = MAX_ENTRIES as u64 + 7;
    let threads = (0..number).map(|n| thread(n as i32, libc::SYS_read, 100 + n)).collect();
    let sets: Vec<_> = (0..number as i32)
        .map(|descriptor| EpollSet { pid: PID, descriptor, watched: vec![(3, EpollMask::new(1))] })
        .collect();
    let snapshot = Snapshot::new(1, Ok(threads), Ok(sockets()), &sets);
    assert_eq!((snapshot.threads.len(), snapshot.epoll_sets.len()), (MAX_ENTRIES, MAX_ENTRIES));
    assert_eq!(snapshot.left_out, 14);
}

#[test]
fn a_snapshot_is_serialized_by_its_names() {
    let threads = vec![thread(1, libc::SYS_accept4, 3), thread(4, libc::SYS_read, 9)];
    let set = EpollSet { pid: PID, descriptor: 8, watched: vec![(3, EpollMask::new(1))] };
    let snapshot = Snapshot::new(1, Ok(threads), Ok(sockets()), &[set]);
    let expected = serde_json::json!({
        "processes": 1,
        "serves": true,
        "threads": [
            { "state": "blocked", "syscall": "accept4", "on": "listener", "count": 1 },
            { "state": "blocked", "syscall": "read", "on": { "descriptor": 9 }, "count": 1 },
        ],
        "listeners": [{ "address": "127.0.0.1:9777", "not_accepted": 2 }],
        "sockets": [
            { "state": { "tcp": "ESTABLISHED" }, "count": 2, "unread": 15, "unsent": 7 },
            { "state": "over_not_closed", "count": 1, "unread": 0, "unsent": 0 },
        ],
        "epoll_sets": [{
            "watched": 1,
            "groups": [{ "events": ["EPOLLIN"], "role": "listener", "count": 1 }],
        }],
        "unreadable": [],
        "left_out": 0,
    });
    assert_eq!(serde_json::to_value(&snapshot).expect("JSON"), expected);
}

#[test]
fn a_program_shows_its_listener() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("its address");
    let snapshot = Probe::of(std::process::id().cast_signed()).snapshot();
    assert!(snapshot.serves && snapshot.processes >= 1);
    assert!(snapshot.listeners.contains(&ListenerView { address, not_accepted: 0 }));
    assert!(!snapshot.threads.is_empty(), "{snapshot:#?}");
    assert_eq!(Probe::of(i32::MAX).snapshot(), Snapshot::default());
}
