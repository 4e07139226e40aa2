//! Programs on other runtimes: Node, Go, the JVM, Python's event loops, libevent and nginx. Correct ones pass every
//! check, wrong ones fail the named checks. A test whose tool is missing is skipped; with `NETLAB_ALL_TOOLS=1`, it
//! fails. Go and Java are too large to be required: if they are missing, their tests are always skipped.

#![allow(clippy::unwrap_used)]

mod common;

use std::process::Command;

use common::{compiled, failed, has, has_file, has_header, has_large, python_with, source};

/// Builds the Go program `name` into `folder`.
fn built_by_go(name: &str, folder: &tempfile::TempDir) -> String {
    let program = folder.path().join("program").display().to_string();
    let build = Command::new("go").args(["build", "-o", &program, &source(name)]).status();
    assert!(build.unwrap().success());
    program
}

/// Compiles the Java program `class` into `folder`.
fn compiled_by_javac(class: &str, folder: &tempfile::TempDir) -> String {
    let folder = folder.path().display().to_string();
    let source = source(&format!("{class}.java"));
    let compiler = Command::new("javac").args(["-d", &folder, &source]).status();
    assert!(compiler.unwrap().success());
    format!("java -cp {folder} {class}")
}

#[test]
fn node_with_pipe_is_a_right_async_echo() {
    if has("node") {
        assert_eq!(failed("3", &format!("node {}", source("pipe.mjs"))), [""; 0]);
    }
}

#[test]
fn node_that_writes_in_the_data_event_fails_where_a_client_does_not_read() {
    if has("node") {
        let program = format!("node {}", source("data_events.mjs"));
        assert_eq!(failed("3", &program), ["03/large-stream"]);
    }
}

#[test]
fn node_with_a_buffer_for_each_client_is_a_right_server_of_frames() {
    if has("node") {
        assert_eq!(failed("9", &format!("node {}", source("frames.mjs"))), [""; 0]);
    }
}

#[test]
fn node_with_numbers_on_one_thread_is_right() {
    if has("node") {
        assert_eq!(failed("6", &format!("node {}", source("metrics.mjs"))), [""; 0]);
    }
}

/// The client cannot notice that the server's `close_notify` is missing: Node reports a bare FIN with the same event.
#[test]
fn node_with_tls_fails_only_where_its_client_has_to_notice_a_truncation() {
    if has("node") {
        let program = format!("node {}", source("tls.mjs"));
        assert_eq!(failed("8", &program), ["08/client-reports-truncation"]);
    }
}

#[test]
fn go_with_a_goroutine_for_each_client_is_right() {
    if has_large("go") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(failed("1", &built_by_go("goroutines.go", &folder)), [""; 0]);
    }
}

#[test]
fn go_that_ends_when_accept_fails_is_wrong_there_and_has_no_limit() {
    if has_large("go") {
        let folder = tempfile::tempdir().unwrap();
        let wrong = ["01/connection-limit", "01/out-of-descriptors"];
        assert_eq!(failed("1", &built_by_go("accept_fatal.go", &folder)), wrong);
    }
}

#[test]
fn java_with_a_thread_for_each_client_is_right() {
    if has_large("javac") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(failed("1", &compiled_by_javac("EchoThreads", &folder)), [""; 0]);
    }
}

#[test]
fn java_with_a_selector_is_a_right_async_echo() {
    if has_large("javac") {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(failed("3", &compiled_by_javac("EchoSelector", &folder)), [""; 0]);
    }
}

#[test]
fn gevent_with_a_pool_is_right() {
    if let Some(python) = python_with("gevent") {
        assert_eq!(failed("1", &format!("{python} {}", source("gevent_pool.py"))), [""; 0]);
    }
}

#[test]
fn trio_is_a_right_async_echo() {
    if let Some(python) = python_with("trio") {
        assert_eq!(failed("3", &format!("{python} {}", source("trio_echo.py"))), [""; 0]);
    }
}

#[test]
fn uvloop_is_a_right_async_echo() {
    if let Some(python) = python_with("uvloop") {
        let program = format!("{python} -B {}", source("uvloop_echo.py"));
        assert_eq!(failed("3", &program), [""; 0]);
    }
}

#[test]
fn twisted_is_a_right_async_echo() {
    if let Some(python) = python_with("twisted") {
        assert_eq!(failed("3", &format!("{python} -B {}", source("twisted_echo.py"))), [""; 0]);
    }
}

/// When `accept` fails, socketserver calls it again immediately.
#[test]
fn socketserver_spins_without_descriptors_and_has_no_limit() {
    if let Some(python) = python_with("socketserver") {
        let program = format!("{python} {}", source("socketserver_echo.py"));
        assert_eq!(failed("1", &program), ["01/connection-limit", "01/out-of-descriptors"]);
    }
}

/// Bufferevents are level-triggered, even with `--trigger edge`.
#[test]
fn libevent_with_each_backend_is_right_but_for_the_edge() {
    if has_header("event2/event.h") {
        let folder = tempfile::tempdir().unwrap();
        let program = compiled("libevent.c", &folder, &["-levent_core"]);
        assert_eq!(failed("2", &program), ["02/edge-triggered"]);
    }
}

/// nginx does not send `close_notify` after it has received one (RFC 8446, section 6.1).
#[test]
fn nginx_in_front_of_an_echo_server_does_not_answer_close_notify() {
    if has_file("/usr/lib/nginx/modules/ngx_stream_module.so") {
        let python = python_with("ssl").unwrap();
        let program = format!("{python} -B {}", source("nginx_tls.py"));
        assert_eq!(failed("8", &program), ["08/close-notify"]);
    }
}
