//! Lab 08, TLS: a byte echo that an attacker on the way can neither read nor fake, and a client for it.

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

/// The deadline of checks that move much data, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const CROWD_SIZE: usize = 200;

/// A handshake that will never be done is over soon: not each library notices that its client has gone.
const SHORT: Start = Start { flags: &["--handshake-timeout-ms", "4000"], ..Start::PLAIN };

const ECHO: &str = "tls-echo";
const CROWD: &str = "all-open-at-once";
const STALLED: &str = "stalled-handshakes";
const ACCEPTS: &str = "client-accepts";

static CHECKS: &[Check] = &of_lab(8, [
    check(ECHO)
        .task(1)
        .correctness(8)
        .rule("over TLS 1.2 and 1.3, whatever is sent comes back equal, at once")
        .run(|trial| Box::pin(acceptor::tls_echo(trial))),
    check("large-stream")
        .task(1)
        .correctness(6)
        .rule("32 MiB are echoed intact; for a client that stops reading, little is buffered")
        .requires(&[ECHO])
        .deadline(LONG)
        .run(|trial| Box::pin(acceptor::large_stream(trial))),
    check("close-notify")
        .task(1)
        .correctness(6)
        .rule("close_notify is answered after the remaining bytes; a bare FIN ends the client, too")
        .requires(&[ECHO])
        .run(|trial| Box::pin(acceptor::close_notify(trial))),
    check("plaintext-rejected")
        .task(1)
        .correctness(6)
        .rule("a client without TLS gets an alert or nothing, then the end; others are not harmed")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refusals::plaintext_rejected(trial))),
    check("old-protocols-refused")
        .task(1)
        .correctness(4)
        .rule("a client that knows TLS 1.1 at most gets an alert or the end, and no handshake")
        .requires(&[ECHO])
        .run(|trial| Box::pin(refusals::old_protocols_refused(trial))),
    check("bad-key-pair")
        .task(1)
        .correctness(4)
        .rule("a wrong key, a missing file or no PEM: `error: …` and status 1, without listening")
        .run(|trial| Box::pin(files::bad_key_pair(trial))),
    check(STALLED)
        .task(2)
        .concurrency(12)
        .rule("200 handshakes that do not go on delay nobody")
        .requires(&[ECHO])
        .run(|trial| Box::pin(handshakes::stalled_handshakes(trial))),
    check("handshake-timeout")
        .task(2)
        .concurrency(9)
        .rule("a handshake that is not done in time is closed; a client idle after it is not")
        .requires(&[STALLED])
        .run(|trial| Box::pin(handshakes::handshake_timeout(trial))),
    check(CROWD)
        .task(2)
        .concurrency(8)
        .rule("200 clients are all answered while all of them are open")
        .requires(&[ECHO])
        .run(|trial| Box::pin(crowd::all_open_at_once(trial, &GENEROUS, CROWD_SIZE))),
    check("descriptors-return")
        .task(2)
        .cleanup(8)
        .rule("after good and failed handshakes alike the descriptors are as before")
        .requires(&[CROWD])
        .deadline(LONG)
        .run(|trial| Box::pin(cleanup::descriptors_return(trial))),
    descriptors::row(2, 3)
        .requires(&[CROWD, "plaintext-rejected"])
        .run(|trial| Box::pin(out_of_descriptors(trial, &SHORT, AThird))),
    check(ACCEPTS)
        .task(3)
        .correctness(2)
        .rule("lines are sent and answers printed, until the server's close_notify")
        .run(|trial| Box::pin(client::client_accepts(trial))),
    check("client-reports-truncation")
        .task(3)
        .correctness(2)
        .rule("a FIN without close_notify: what came is printed, and the status is 1")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::reports_truncation(trial))),
    check("client-rejects-expired")
        .task(3)
        .correctness(3)
        .rule("a certificate out of its time: status 1, one line, nothing of the input sent")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::Expired, Fault::NotYetValid]))),
    check("client-rejects-self-signed")
        .task(3)
        .correctness(3)
        .rule("a certificate that vouches for itself: the same")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::SelfSigned]))),
    check("client-rejects-wrong-host")
        .task(3)
        .correctness(3)
        .rule("a certificate of somebody else: the same")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongHost]))),
    check("client-rejects-wrong-ca")
        .task(3)
        .correctness(3)
        .rule("a certificate of a CA that is not trusted, whatever its name: the same")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongCa]))),
    check("client-rejects-wrong-key")
        .task(3)
        .correctness(2)
        .rule("a right certificate whose key the server does not have: the same")
        .requires(&[ACCEPTS])
        .run(|trial| Box::pin(client::client_rejects(trial, &[Fault::WrongKey]))),
    check("mutual-tls")
        .task(4)
        .correctness(8)
        .rule("--client-ca: only clients of that CA are served; a file without a CA is an error")
        .requires(&[ECHO, ACCEPTS])
        .run(|trial| Box::pin(mutual::mutual_tls(trial))),
]);
