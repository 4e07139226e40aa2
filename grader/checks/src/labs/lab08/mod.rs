//! Lab 08, TLS: a byte echo that an attacker on the path can neither read nor forge, and a client for it.

mod acceptor;
mod causes;
mod cleanup;
mod client;
mod clients;
mod files;
mod handshakes;
mod mutual;
mod protocol;
mod records;
mod refusals;

use std::time::Duration;

use course::labs::lab;
use engine::drive::pki::{Fault, SERVER, SERVER_KEY};
use engine::drive::{Program, Service, Start};
use engine::lab::{Check, Lab, check, of_lab};

use self::clients::GENEROUS;
use self::protocol::Tls;
use crate::scenarios::byte_echo::ByteEcho;
use crate::scenarios::crowd;
use crate::scenarios::descriptors::{self, Recovery::AThird, out_of_descriptors};

pub(super) static LAB: Lab = Lab {
    info: lab(8),
    service: &Service {
        programs: &[
            Program {
                command: &["serve"],
                files: &[("--cert", SERVER), ("--key", SERVER_KEY)],
                ..Program::SERVER
            },
            Program { command: &["connect"], ..Program::CLIENT },
        ],
        dial: &Tls,
        exchange: &ByteEcho,
    },
    checks: CHECKS,
    explanations: include_str!("../../../../explanations/08-tls.md"),
    residue_check: Some("descriptors-return"),
};

/// The deadline of checks that move a lot of data or have many clients.
const LONG: Duration = Duration::from_secs(60);

const CROWD_SIZE: usize = 200;

/// Abandoned handshakes end soon: not every library notices that its client has left.
const SHORT: Start = Start { flags: &["--handshake-timeout-ms", "4000"], ..Start::PLAIN };

const ECHO: &str = "tls-echo";
const CROWD: &str = "all-open-at-once";
const STALLED: &str = "stalled-handshakes";
const ACCEPTS: &str = "client-accepts";

static CHECKS: &[Check] = &of_lab(8, [
    check(ECHO)
        .task(1)
        .correctness(8)
        .rule("over TLS 1.2 and 1.3, all bytes are echoed unchanged and immediately")
        .run(|trial| Box::pin(acceptor::tls_echo(trial))),
    check("large-stream")
        .task(1)
        .correctness(6)
        .rule("a 32 MiB stream is echoed intact; little is buffered for a client that does not read")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(acceptor::large_stream(trial))),
    check("close-notify")
        .task(1)
        .correctness(6)
        .rule("close_notify is answered once all bytes are echoed; a FIN alone also ends a session")
        .requires(&[ECHO])
        .run(|trial| Box::pin(acceptor::close_notify(trial))),
    check("plaintext-rejected")
        .task(1)
        .correctness(6)
        .rule("a non-TLS client is disconnected (an alert is optional); other clients are served")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refusals::plaintext_rejected(trial))),
    check("old-protocols-refused")
        .task(1)
        .correctness(4)
        .rule("a client that offers at most TLS 1.1 is disconnected before the handshake completes")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refusals::old_protocols_refused(trial))),
    check("bad-key-pair")
        .task(1)
        .correctness(4)
        .rule("on a wrong key, missing file or bad PEM, serve prints `error: …` and exits with 1")
        .run(|trial| Box::pin(files::bad_key_pair(trial))),
    check(STALLED)
        .task(2)
        .concurrency(12)
        .rule("200 clients stalled in their handshakes delay no other client")
        .requires(&[ECHO])
        .run(|trial| Box::pin(handshakes::stalled_handshakes(trial))),
    check("handshake-timeout")
        .task(2)
        .concurrency(9)
        .rule("the handshake timeout ends slow handshakes; clients that idle later stay connected")
        .requires(&[STALLED])
        .run(|trial| Box::pin(handshakes::handshake_timeout(trial))),
    check(CROWD)
        .task(2)
        .concurrency(8)
        .rule("200 simultaneous clients are all answered")
        .requires(&[ECHO])
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &GENEROUS, CROWD_SIZE))),
    check("descriptors-return")
        .task(2)
        .cleanup(8)
        .rule("no descriptor has leaked once all clients have left, even after failed handshakes")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(cleanup::descriptors_return(trial))),
    descriptors::row(2, 3)
        .requires(&[CROWD, "plaintext-rejected"])
        .run(|trial| Box::pin(out_of_descriptors(trial, &SHORT, AThird))),
    check(ACCEPTS)
        .task(3)
        .correctness(2)
        .rule("the client sends lines and prints answers until the server sends close_notify")
        .run(|trial| Box::pin(client::client_accepts(trial))),
    check("client-reports-truncation")
        .task(3)
        .correctness(2)
        .rule("after a FIN without close_notify, the client prints what arrived and exits with 1")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::reports_truncation(trial))),
    check("client-rejects-expired")
        .task(3)
        .correctness(3)
        .rule("the client rejects an expired or not-yet-valid certificate: status 1, no input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::Expired, Fault::NotYetValid]))),
    check("client-rejects-self-signed")
        .task(3)
        .correctness(3)
        .rule("the client rejects a self-signed certificate: status 1, no input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::SelfSigned]))),
    check("client-rejects-wrong-host")
        .task(3)
        .correctness(3)
        .rule("the client rejects a certificate for the wrong name: status 1, no input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongHost]))),
    check("client-rejects-wrong-ca")
        .task(3)
        .correctness(3)
        .rule("the client rejects a certificate issued by an untrusted CA: status 1, no input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongCa]))),
    check("client-rejects-wrong-key")
        .task(3)
        .correctness(2)
        .rule("the client rejects a server that lacks the private key: status 1, no input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongKey]))),
    check("mutual-tls")
        .task(4)
        .correctness(8)
        .rule("--client-ca admits only clients certified by its CA; a file without one is an error")
        .requires(&[ECHO, ACCEPTS])
        .run(|trial| Box::pin(mutual::mutual_tls(trial))),
]);
