//! Programs in other languages or with other designs: correct ones pass every check, wrong ones fail the named
//! checks. A test whose tool is missing is skipped; with `NETLAB_ALL_TOOLS=1` it fails.

#![allow(clippy::unwrap_used)]

mod common;

use common::{compiled, failed, has, source};

#[test]
fn python_with_a_thread_for_each_client_is_right() {
    if has("python3") {
        assert_eq!(failed("1", &format!("python3 {}", source("threads.py"))), [""; 0]);
    }
}

#[test]
fn python_with_a_process_for_each_client_is_right() {
    if has("python3") {
        assert_eq!(failed("1", &format!("python3 {}", source("processes.py"))), [""; 0]);
    }
}

#[test]
fn python_with_one_event_loop_is_right() {
    if has("python3") {
        assert_eq!(failed("1", &format!("python3 {}", source("events.py"))), [""; 0]);
    }
}

#[test]
fn c_with_a_thread_for_each_client_is_right() {
    if has("cc") {
        let folder = tempfile::tempdir().unwrap();
        let program = compiled("threads.c", &folder, &[]);
        assert_eq!(failed("1", &program), [""; 0]);
    }
}

#[test]
fn socat_is_right_but_for_the_limit_that_it_does_not_know() {
    if has("socat") {
        let program = format!("sh {}", source("socat.sh"));
        assert_eq!(failed("1", &program), ["01/connection-limit"]);
    }
}

#[test]
fn python_with_one_client_after_the_other_fails_where_clients_meet() {
    if has("python3") {
        let program = format!("python3 {}", source("sequential.py"));
        assert_eq!(failed("1", &program), ["01/all-open-at-once"]);
    }
}

#[test]
fn python_with_one_read_fails_at_the_second_message() {
    if has("python3") {
        assert_eq!(failed("1", &format!("python3 {}", source("one_shot.py"))), ["01/echo-bytes"]);
    }
}

#[test]
fn python_with_each_selector_is_right_but_starves_others_on_edge() {
    if has("python3") {
        let program = format!("python3 {}", source("selectors_echo.py"));
        // After an edge, it serves one client until no more data arrives.
        assert_eq!(failed("2", &program), ["02/greedy-clients"]);
    }
}

#[test]
fn c_with_each_selector_is_right_but_starves_others_on_edge() {
    if has("cc") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(failed("2", &compiled("selectors.c", &folder, &[])), ["02/greedy-clients"]);
    }
}

/// One thread and one event loop are correct in lab 01. In lab 02, the program fails only the checks of system calls,
/// of edges, and of more than the 1,024 simultaneous clients that it serves.
#[test]
fn python_with_its_own_loop_fails_where_a_backend_is_required() {
    if has("python3") {
        let program = format!("python3 {}", source("events.py"));
        let wrong = [
            "02/poll/blocks-in-its-call",
            "02/select/blocks-in-its-call",
            "02/idle-scaling",
            "02/edge-triggered",
        ];
        assert_eq!(failed("2", &program), wrong);
    }
}

#[test]
fn python_with_streams_is_a_right_async_echo() {
    if has("python3") {
        let program = format!("python3 {}", source("async_streams.py"));
        assert_eq!(failed("3", &program), [""; 0]);
    }
}

#[test]
fn python_with_callbacks_is_a_right_async_echo() {
    if has("python3") {
        let program = format!("python3 {}", source("async_protocol.py"));
        assert_eq!(failed("3", &program), [""; 0]);
    }
}

#[test]
fn c_with_epoll_is_a_right_async_echo() {
    if has("cc") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(failed("3", &compiled("async_epoll.c", &folder, &[])), [""; 0]);
    }
}

#[test]
fn python_with_a_limit_for_each_wait_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("timeouts.py"));
        assert_eq!(failed("4", &program), [""; 0]);
    }
}

#[test]
fn python_that_drains_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("shutdown.py"));
        assert_eq!(failed("5", &program), [""; 0]);
    }
}

#[test]
fn python_with_a_lock_around_its_numbers_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("metrics.py"));
        assert_eq!(failed("6", &program), [""; 0]);
    }
}

#[test]
fn python_with_a_chat_on_one_event_loop_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("chat.py"));
        assert_eq!(failed("7", &program), [""; 0]);
    }
}

#[test]
fn python_with_two_threads_for_each_chat_client_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("chat_threads.py"));
        assert_eq!(failed("7", &program), [""; 0]);
    }
}

#[test]
fn python_with_readexactly_is_a_right_server_of_frames() {
    if has("python3") {
        let program = format!("python3 {}", source("frames.py"));
        assert_eq!(failed("9", &program), [""; 0]);
    }
}

#[test]
fn python_with_a_buffer_and_a_thread_for_each_client_is_a_right_server_of_frames() {
    if has("python3") {
        let program = format!("python3 {}", source("frames_threads.py"));
        assert_eq!(failed("9", &program), [""; 0]);
    }
}

#[test]
fn python_with_openssl_and_threads_is_right() {
    if has("python3") {
        let program = format!("python3 {}", source("tls.py"));
        assert_eq!(failed("8", &program), [""; 0]);
    }
}

/// `accept` on a wrapped listening socket performs the handshake. The check of the handshake deadline does not run.
#[test]
fn python_as_in_its_documentation_fails_where_a_handshake_stalls() {
    if has("python3") {
        let program = format!("python3 -B {}", source("tls_docs.py"));
        assert_eq!(failed("8", &program), ["08/stalled-handshakes"]);
    }
}

/// `readline` refuses a long line only once more bytes than the limit have arrived, and the server sets no time limits.
#[test]
fn python_without_limits_fails_where_a_client_stalls() {
    if has("python3") {
        let program = format!("python3 {}", source("unlimited.py"));
        let wrong = ["04/long-line", "04/idle-closes", "04/slow-line", "04/stalled-reader"];
        assert_eq!(failed("4", &program), wrong);
    }
}

#[test]
fn python_as_in_a_tutorial_fails_at_the_second_read() {
    if has("python3") {
        let program = format!("python3 -B {}", source("async_tutorial.py"));
        assert_eq!(failed("3", &program), ["03/echo-bytes"]);
    }
}

#[test]
fn python_that_takes_a_read_for_a_frame_fails_where_bytes_are_cut_or_joined() {
    if has("python3") {
        let program = format!("python3 -B {}", source("frames_tutorial.py"));
        let wrong = ["09/split-anywhere", "09/coalesced", "09/frames-echo"];
        assert_eq!(failed("9", &program), wrong);
    }
}
