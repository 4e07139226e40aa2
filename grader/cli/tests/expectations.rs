//! Tests the expectations of checks with servers that meet them and servers that do not, including late servers, ended
//! servers, servers without descriptors, and a busy machine.

#![allow(clippy::unwrap_used)]

mod common;

use std::ffi::OsString;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use checks::expect::{self, CpuUse};
use checks::scenarios::byte_echo::ByteEcho;
use common::{grader, hostile};
use engine::drive::{Program, Server, Service, Start, Tcp, Trial};
use engine::subject::{Children, Confinement, DescriptorLimit, Launcher};
use engine::verdict::{CheckError, Explanation, Failure, FailureKind};

static SERVICE: Service = Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &ByteEcho };

const EARLY: Explanation = Explanation::new("early", "too early");
const LATE: Explanation = Explanation::new("late", "too late");

/// Starts `examples/subject.rs` in `mode`, and returns the result of `test`.
fn with_server<T, F: Future<Output = T>>(
    mode: &str,
    test: impl FnOnce(Rc<Trial>, Rc<Server>) -> F,
) -> T {
    with_descriptors(mode, Start::PLAIN.descriptors, test)
}

fn with_descriptors<T, F: Future<Output = T>>(
    mode: &str,
    descriptors: DescriptorLimit,
    test: impl FnOnce(Rc<Trial>, Rc<Server>) -> F,
) -> T {
    // Shared by all tests: otherwise each would mistake the others' children for strays.
    static CHILDREN: LazyLock<Children> = LazyLock::new(Children::default);
    let launcher = Launcher::new(&CHILDREN, Confinement::None).unwrap();
    // This process is not a grader and so cannot be its own supervisor.
    let launcher = launcher.with_supervisor(grader().get_program().to_owned().into());
    let program = [hostile().with_file_name("subject").into_os_string(), OsString::from(mode)];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let trial = Rc::new(Trial::new(&SERVICE, &program, &launcher, 1, mode));
        let start = Start { descriptors, ..Start::PLAIN };
        let server = trial.start(&start).await.unwrap();
        // When the trial is dropped, the program ends.
        test(Rc::clone(&trial), server).await
    })
}

/// The kind of the failure in `result`.
#[track_caller]
fn failed<T: std::fmt::Debug>(result: Result<T, CheckError>) -> FailureKind {
    match result.unwrap_err() {
        CheckError::Failed(failure) => failure.kind,
        CheckError::Inconclusive(reason) => panic!("inconclusive: {reason}"),
    }
}

fn wrong() -> Failure {
    Failure::property("it does not hold")
}

fn is_property(kind: &FailureKind) -> bool {
    matches!(kind, FailureKind::Property { .. })
}

/// Keeps the CPUs busy until it is dropped.
struct Spinners(Arc<AtomicBool>);

impl Spinners {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for _ in 0..4 {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {});
        }
        Self(over)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_condition_that_does_not_hold_is_a_failure_with_evidence() {
    with_server("", |_trial, server| async move {
        expect::that(&server, true, wrong).await.unwrap();
        expect::that_was(&server, true, wrong).unwrap();
        let error = expect::that(&server, false, wrong).await.unwrap_err();
        let failure = error.failure().unwrap();
        assert!(is_property(&failure.kind) && failure.evidence.snapshot.is_some());
        assert!(is_property(&failed(expect::that_was(&server, false, wrong))));
    });
}

#[test]
fn the_end_of_the_program_is_reported_before_an_unmet_condition() {
    with_server("exits-after-first", |_trial, server| async move {
        drop(server.serve_new_client("a client").await.unwrap());
        assert!(server.serve_new_client("another").await.is_err());
        let kind = failed(expect::that(&server, false, wrong).await);
        assert!(matches!(kind, FailureKind::ServerEnded { .. }), "{kind:?}");
        // `that_was` ignores that the program has ended.
        assert!(is_property(&failed(expect::that_was(&server, false, wrong))));
        assert!(matches!(expect::cpu_use(&server).await, CpuUse::Ended));
        assert!(expect::idle(&server, "after its end").await.is_err());
    });
}

#[test]
fn a_condition_may_hold_late() {
    let late = || {
        with_server("closes-late", |_trial, server| async move {
            server.serve_new_client("the client").await.unwrap().reset();
            let gone = || Ok(server.client_sockets()? == 0);
            expect::holds_within(&server, gone, wrong).await
        })
    };
    late().unwrap();
    let _busy = Spinners::start();
    late().unwrap();
}

#[test]
fn a_condition_that_never_holds_is_a_failure() {
    with_server("keeps-streams", |_trial, server| async move {
        server.serve_new_client("the client").await.unwrap().reset();
        let gone = || Ok(server.client_sockets()? == 0);
        assert!(is_property(&failed(expect::holds_within(&server, gone, wrong).await)));
    });
}

#[test]
fn a_lack_of_descriptors_does_not_change_how_a_condition_is_judged() {
    with_descriptors("keeps-streams", DescriptorLimit::fixed(16), |_trial, server| async move {
        let clients = server.connect_many(4).await.unwrap();
        clients.into_iter().for_each(engine::drive::Client::reset);
        let full = || Ok(server.probe().descriptor_count()? >= 16);
        let some_more = async {
            let mut open = Vec::new();
            for _ in 0..8 {
                open.push(server.dial().await);
            }
            expect::holds_within(&server, full, wrong).await
        };
        some_more.await.unwrap();
        let gone = || Ok(server.client_sockets()? == 0);
        assert!(is_property(&failed(expect::holds_within(&server, gone, wrong).await)));
    });
}

#[test]
fn a_time_may_be_neither_early_nor_always_late() {
    with_server("", |_trial, server| async move {
        let limit = Duration::from_millis(500);
        let on_time = async |millis: &[u64]| {
            let samples: Vec<_> = millis.iter().copied().map(Duration::from_millis).collect();
            expect::on_time(&server, "it comes", limit, &samples, [EARLY, LATE]).await
        };
        on_time(&[500, 520]).await.unwrap();
        on_time(&[499, 501]).await.unwrap();
        // All but one may be late.
        on_time(&[2000, 510, 3000]).await.unwrap();
        assert!(is_property(&failed(on_time(&[510, 400]).await)));
        assert!(is_property(&failed(on_time(&[1500, 2000]).await)));
    });
}

#[test]
fn memory_may_grow_by_less_than_a_limit() {
    const MAX: u64 = 4 << 20;
    let grown = |mode: &str| {
        with_server(mode, |_trial, server| async move {
            let _first = server.serve_new_client("the first client").await.unwrap();
            let before = server.probe().rss_anon();
            let _second = server.serve_new_client("the second client").await.unwrap();
            let grown = expect::growth(&before, &server.probe().rss_anon());
            let piled_up = |grown: &str| Failure::property(format!("it grew by {grown}"));
            expect::memory_growth_below(&server, grown, MAX, piled_up).await
        })
    };
    grown("").unwrap();
    assert!(is_property(&failed(grown("grows"))));
}

#[test]
fn a_program_with_nothing_to_do_sleeps() {
    let idle = |mode: &str| {
        with_server(mode, |_trial, server| async move {
            let _client = server.serve_new_client("the client").await.unwrap();
            let uses_much = matches!(expect::cpu_use(&server).await, CpuUse::High(_));
            (uses_much, expect::idle(&server, "with a client that is silent").await)
        })
    };
    let (uses_much, sleeps) = idle("");
    assert!(!uses_much);
    sleeps.unwrap();
    let (uses_much, sleeps) = idle("spins-after-first");
    assert!(uses_much);
    assert!(is_property(&failed(sleeps)));
    // The server uses next to no CPU time, but does not sleep either.
    let (uses_much, sleeps) = idle("wakes-after-first");
    assert!(!uses_much);
    assert!(is_property(&failed(sleeps)));
}

#[test]
fn a_sleeping_program_is_idle_even_beside_spinning_processes() {
    let _busy = Spinners::start();
    with_server("", |_trial, server| async move {
        let _client = server.serve_new_client("the client").await.unwrap();
        expect::idle(&server, "with a client that is silent").await.unwrap();
    });
}

#[test]
fn new_clients_are_not_delayed_by_one_that_is_silent() {
    let delayed = |mode: &str| {
        with_server(mode, |trial, server| async move {
            let attack = async { server.connect("a silent client").await };
            let (what, who) = ("the client silent", "a silent client");
            expect::unaffected_by(&trial, &server, what, who, attack).await.map(drop)
        })
    };
    delayed("").unwrap();
    let kind = failed(delayed("serves-one-at-a-time"));
    assert!(kind.is_unanswered() || is_property(&kind), "{kind:?}");
}

#[test]
fn a_number_returns_to_its_old_value() {
    let grown = |mode: &str| {
        with_server(mode, |trial, server| async move {
            let open = || Ok(server.probe().descriptor_count()?);
            let churn = async || {
                let clients = server.connect_many(20).await?;
                clients.into_iter().for_each(engine::drive::Client::reset);
                Ok(())
            };
            expect::returns_to_baseline(&server, &trial, "descriptors", open, churn).await.unwrap()
        })
    };
    assert_eq!(grown(""), None);
    assert_eq!(grown("closes-late"), None);
    let (before, after) = grown("keeps-streams").unwrap();
    assert!(after >= before + 40, "{before} before, {after} after");
}
