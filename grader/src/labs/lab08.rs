//! Lab 08, TLS: a byte echo that nobody can read or fake on the way, and a client for it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Category, Check, Lab, Task};
use crate::capture::{quoted, size, time};
use crate::client::{Connection, Payload, STALL, Trouble, Window};
use crate::outcome::Stop;
use crate::pki::{ANOTHER_KEY, CLIENT_CA, Fault, Identity, MISSING, NOT_PEM, SERVER, SERVER_KEY};
use crate::probe::Wires;
use crate::process::{Gone, Process};
use crate::scenarios::tls::{
    self, BOTH, Mutual, ONLY_12, ONLY_13, Tls, Versions, are_alerts, hello, legacy_hello, secure,
};
use crate::scenarios::{
    ByteEcho, Files, MORE_THAN_FITS, Service, clock, crowd, echo, resources, visit,
};
use crate::server::{Client, Server, Start, ramped, together};
use crate::supervise::End;
use crate::trial::Trial;
use crate::visitor::{Room, Visitor};

pub static LAB: Lab = Lab {
    number: 8,
    topic: "tls",
    title: "Encrypt it",
    minutes: 90,
    dependencies: &["clap", "rustls", "thiserror", "tokio", "tokio-rustls"],
    borrows: &[],
    service: &Service {
        command: &["serve"],
        files: &[("--cert", SERVER), ("--key", SERVER_KEY)],
        second: None,
        dial: &Tls,
        exchange: &ByteEcho,
    },
    tasks: &[
        Task { number: 1, title: "the acceptor", core: true },
        Task { number: 2, title: "the handshake off the accept loop, with a deadline", core: true },
        Task { number: 3, title: "the client", core: true },
        Task { number: 4, title: "mutual TLS", core: false },
    ],
    checks: CHECKS,
    prose: include_str!("../../labs/08-tls.md"),
};

/// For checks that move much, or have many clients.
const LONG: Duration = Duration::from_secs(60);

const CROWD_SIZE: usize = 200;

const ECHO: &str = "08/tls-echo";
const CROWD: &str = "08/all-open-at-once";
const STALLED: &str = "08/stalled-handshakes";
const ACCEPTS: &str = "08/client-accepts";

static CHECKS: &[Check] = &[
    Check {
        id: ECHO,
        task: 1,
        category: Category::Correctness,
        points: 8,
        rule: "over TLS 1.2 and 1.3, whatever is sent comes back equal, at once",
        run: |trial| Box::pin(tls_echo(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/large-stream",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "32 MiB come back; of a client that does not read little is buffered and nothing lost",
        requires: &[ECHO],
        deadline: LONG,
        run: |trial| Box::pin(large_stream(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/close-notify",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "close_notify is answered with close_notify, after what is left; a FIN alone is the end",
        requires: &[ECHO],
        run: |trial| Box::pin(close_notify(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/plaintext-rejected",
        task: 1,
        category: Category::Correctness,
        points: 6,
        rule: "a client without TLS gets an alert or nothing, then the end; others are not harmed",
        requires: &[ECHO],
        run: |trial| Box::pin(plaintext_rejected(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/old-protocols-refused",
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "a client that knows TLS 1.1 at most gets an alert or the end, and no handshake",
        requires: &[ECHO],
        run: |trial| Box::pin(old_protocols_refused(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/bad-key-pair",
        task: 1,
        category: Category::Correctness,
        points: 4,
        rule: "a key of another certificate, a missing file, no PEM: `error: …`, status 1, no listening",
        run: |trial| Box::pin(bad_key_pair(trial)),
        ..Check::USUAL
    },
    Check {
        id: STALLED,
        task: 2,
        category: Category::Concurrency,
        points: 14,
        rule: "200 handshakes that do not go on delay nobody",
        requires: &[ECHO],
        run: |trial| Box::pin(stalled_handshakes(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/handshake-timeout",
        task: 2,
        category: Category::Concurrency,
        points: 10,
        rule: "a handshake that is not done in time is ended, not before; a client that is idle after it stays",
        requires: &[STALLED],
        run: |trial| Box::pin(handshake_timeout(trial)),
        ..Check::USUAL
    },
    Check {
        id: CROWD,
        task: 2,
        category: Category::Concurrency,
        points: 8,
        rule: "200 clients are all answered while all of them are open",
        requires: &[ECHO],
        run: |trial| Box::pin(crowd::all_open_at_once(trial, &CALM, CROWD_SIZE)),
        ..Check::USUAL
    },
    Check {
        id: "08/descriptors-return",
        task: 2,
        category: Category::Cleanup,
        points: 10,
        rule: "after good and failed handshakes alike the descriptors are as before",
        requires: &[CROWD],
        deadline: LONG,
        run: |trial| Box::pin(descriptors_return(trial)),
        ..Check::USUAL
    },
    Check {
        id: ACCEPTS,
        task: 3,
        category: Category::Correctness,
        points: 4,
        rule: "answers are printed though close_notify comes late; an end without it is an error",
        run: |trial| Box::pin(client_accepts(trial)),
        ..Check::USUAL
    },
    Check {
        id: "08/client-rejects-expired",
        task: 3,
        category: Category::Correctness,
        points: 3,
        rule: "a certificate out of its time: status 1, one line, nothing of the input sent",
        requires: &[ACCEPTS],
        run: |trial| Box::pin(client_rejects(trial, &[Fault::Expired, Fault::NotYetValid])),
        ..Check::USUAL
    },
    Check {
        id: "08/client-rejects-self-signed",
        task: 3,
        category: Category::Correctness,
        points: 3,
        rule: "a certificate that vouches for itself: the same",
        requires: &[ACCEPTS],
        run: |trial| Box::pin(client_rejects(trial, &[Fault::SelfSigned])),
        ..Check::USUAL
    },
    Check {
        id: "08/client-rejects-wrong-host",
        task: 3,
        category: Category::Correctness,
        points: 3,
        rule: "a certificate of somebody else: the same",
        requires: &[ACCEPTS],
        run: |trial| Box::pin(client_rejects(trial, &[Fault::WrongHost])),
        ..Check::USUAL
    },
    Check {
        id: "08/client-rejects-wrong-ca",
        task: 3,
        category: Category::Correctness,
        points: 3,
        rule: "a certificate of a CA that is not trusted, whatever its name: the same",
        requires: &[ACCEPTS],
        run: |trial| Box::pin(client_rejects(trial, &[Fault::WrongCa])),
        ..Check::USUAL
    },
    Check {
        id: "08/mutual-tls",
        task: 4,
        category: Category::Correctness,
        points: 8,
        rule: "with --client-ca only clients with a valid certificate of that CA are served; connect has one",
        requires: &[ECHO, ACCEPTS],
        run: |trial| Box::pin(mutual_tls(trial)),
        ..Check::USUAL
    },
];

/// With a limit that no handshake meets, on no machine.
const CALM: Start = Start { flags: &["--handshake-timeout-ms", "60000"], ..Start::PLAIN };

/// How reports call what is offered.
fn spoken(versions: Versions) -> &'static str {
    match versions {
        [one] if *one == ONLY_12[0] => "TLS 1.2",
        [_] => "TLS 1.3",
        _ => "TLS 1.2 or 1.3",
    }
}

/// A client that knows these versions, and is `identity`.
async fn connect(
    server: &Rc<Server>,
    name: &str,
    versions: Versions,
    identity: Identity,
) -> Result<Client, Stop> {
    let pki = server.trial().pki()?;
    let secured = async {
        let connection = Connection::open(server.address, Window::Usual).await?;
        secure(&pki, connection, versions, identity).await
    };
    let expected = format!("{name} and the program shake hands, over {}", spoken(versions));
    let connection = server.wait(None, &expected, secured).await?;
    Ok(server.client(name, connection))
}

/// A client that has connected and not said a word of TLS.
async fn connect_plain(server: &Rc<Server>, name: &str) -> Result<Client, Stop> {
    server.connect_plain(name, Window::Usual).await
}

async fn tls_echo(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&CALM).await?;
    for (name, versions) in [("client A", ONLY_13), ("client B", ONLY_12)] {
        trial.step(format!(
            "connect {name}, which offers {} only; it sends each of the 256 values of a byte once, 8 \
             pieces of random sizes up to 64 KiB, and 16 single bytes, each after the echo of the one \
             before",
            spoken(versions)
        ));
        let client = connect(&server, name, versions, Identity::Nobody).await?;
        client.exchange(&trial.all_bytes().into()).await?;
        for _ in 0..8 {
            client.exchange(&trial.bytes(1..=64 * 1024)).await?;
        }
        for _ in 0..16 {
            client.exchange(&trial.bytes(1..=1)).await?;
        }
        // How it ends is for another check.
        client.reset();
    }
    trial.step("connect client C, which offers both, and exchange some bytes");
    connect(&server, "client C", BOTH, Identity::Nobody).await?.ask().await
}

async fn large_stream(trial: &Trial) -> Result<(), Stop> {
    echo::large_stream(trial, &CALM).await?;
    last_piece(trial).await
}

/// Whatever a client has sent comes back, also where the program has written its end when the socket was
/// full: the layer of TLS has a buffer of its own, which somebody has to flush.
async fn last_piece(trial: &Trial) -> Result<(), Stop> {
    /// How many clients, and by how much the next one sends less.
    const CLIENTS: u64 = 12;
    const STEP: u64 = 12 * 1024;
    let server = trial.start(&CALM).await?;
    trial.step("connect client A, which sends without reading until nothing moves for 300 ms");
    let first = server.connect_with("client A", Window::Small).await?;
    let taken = first.send_until_stalled(&trial.stream(MORE_THAN_FITS)).await?;
    // What the program has not taken lies in the two sockets.
    let wires = Wires::of(server.address);
    let (near, far) = first.connection.ports;
    let unread = wires.far_end((near, far)).map_or(0, |entry| u64::from(entry.rx_queue));
    let unsent = wires.far_end((far, near)).map_or(0, |entry| u64::from(entry.tx_queue));
    let most = taken.saturating_sub(unread + unsent);
    trial.step(format!(
        "{CLIENTS} clients send {} to {} without reading, until nothing moves for 300 ms; then each reads \
         all that it has sent",
        size(most.saturating_sub((CLIENTS - 1) * STEP)),
        size(most)
    ));
    let talks = (0..CLIENTS).map(|index| {
        let server = &server;
        async move {
            let name = format!("client {}", index + 1);
            let client = server.connect_with(&name, Window::Small).await?;
            let payload = trial.stream(most.saturating_sub(index * STEP).max(1));
            let taken = client.send_until_stalled(&payload).await?;
            server.process.settle(STALL).await;
            client.expect_echo(&payload, taken).await.map_err(|stop| {
                stop.amend(|failure| {
                    if failure.is_no_answer() {
                        failure.cause = UNFLUSHED.to_owned();
                    }
                })
            })
        }
    });
    together(talks).await.map(drop)
}

const UNFLUSHED: &str = "the last piece was written when the socket was full, and is still in the buffer of the \
                         TLS stream: `write_all` is done when all is in there. `flush` waits until it is sent";

/// Expects the end of the stream as TLS says it.
async fn expect_notify(server: &Server, client: &Client) -> Result<(), Stop> {
    let expected = "after the client's close_notify the program sends its own";
    server.wait(Some(&client.connection), expected, client.connection.expect_end()).await?;
    if client.connection.was_truncated() {
        let observed = "its side of the connection ended (FIN) without close_notify".to_owned();
        let cause = "the stream was dropped, and with it the socket. What TLS has to say at the end is \
                     written by `shutdown` of the TLS stream; without it nobody can tell this end from \
                     one that somebody else has made (RFC 8446, section 6.1)";
        return Err(server.process.fail(&[expected], vec![observed], cause).await);
    }
    Ok(())
}

async fn close_notify(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&CALM).await?;
    for versions in [ONLY_13, ONLY_12] {
        trial.step(format!(
            "connect a client over {}, exchange some bytes; it sends close_notify, without FIN",
            spoken(versions)
        ));
        let client = connect(&server, "the client", versions, Identity::Nobody).await?;
        client.ask().await?;
        client.connection.notify();
        expect_notify(&server, &client).await?;
    }
    trial.step("connect a client, which sends 5,000 bytes, close_notify and FIN before it reads");
    // TLS 1.3 ends one direction at a time; before, what was left had to be dropped (RFC 8446, section 6.1).
    let client = server.connect("the client").await?;
    let payload = trial.bytes(5000..=5000);
    client.send(&payload).await?;
    client.connection.half_close();
    client.expect_echo(&payload, payload.len()).await?;
    expect_notify(&server, &client).await?;
    trial.step("connect a client, which sends close_notify right after the handshake");
    let client = server.connect("the client").await?;
    client.connection.half_close();
    expect_notify(&server, &client).await?;
    trial.step("connect a client, exchange some bytes; it sends a FIN without close_notify");
    let client = server.serve_new_client("the client").await?;
    client.connection.cut();
    // By an alert, close_notify, FIN or RST.
    client.ending().await?;
    trial.step("connect a new client, which must be served");
    server.go_on_to_serve("the new client").await.map(drop)
}

/// Reads what the program says to somebody with whom it cannot shake hands: an alert or nothing, then the
/// end.
async fn expect_refusal(server: &Server, client: &Client, cause: &str) -> Result<(), Stop> {
    let expected = "an alert (a record that begins with 15 03) or nothing, then the end";
    let said = async {
        let (mut words, mut buffer) = (Vec::new(), [0; 64]);
        // What is no alert is enough; so is a reset, or an end in order.
        while are_alerts(&words) {
            match client.connection.read(&mut buffer).await {
                Ok(count @ 1..) => words.extend_from_slice(&buffer[..count]),
                _ => return Ok(None),
            }
        }
        Ok(Some(words))
    };
    let Some(words) = server.wait(Some(&client.connection), expected, said).await? else {
        return Ok(());
    };
    let observed = format!("it got {}", quoted(&words[..words.len().min(40)]));
    Err(server.process.fail(&[expected], vec![observed], cause).await)
}

async fn plaintext_rejected(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&CALM).await?;
    trial.step("connect client A over TLS, exchange some bytes; it stays");
    let other = server.serve_new_client("client A").await?;
    let request = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", trial.word_text());
    for (what, text) in [
        ("a line of text", trial.line()),
        ("a request of HTTP", request.into_bytes().into()),
        (
            "100 random bytes",
            Payload::Bytes((0..100).map(|_| trial.number(32..=126) as u8).collect()),
        ),
    ] {
        trial.step(format!("connect client B without TLS, and send {what}"));
        let client = connect_plain(&server, "client B").await?;
        client.send(&text).await?;
        let cause = "what is no TLS was answered without TLS. Whoever may choose to speak in the clear \
                     can be made to: a client that does not shake hands is not served";
        expect_refusal(&server, &client, cause).await?;
    }
    trial.step("a new client must be served; client A exchanges some more");
    server.go_on_to_serve("the new client").await?;
    other.ask().await
}

async fn old_protocols_refused(trial: &Trial) -> Result<(), Stop> {
    let server = trial.start(&CALM).await?;
    for (name, minor) in [("TLS 1.1", 2), ("TLS 1.0", 1)] {
        trial.step(format!("connect a client and send the ClientHello of {name}"));
        let client = connect_plain(&server, "the client").await?;
        client.send(&legacy_hello(trial, minor).into()).await?;
        let cause = "TLS 1.0 and 1.1 are not to be used any more (RFC 8996): a client that knows nothing \
                     newer is not served, with or without encryption";
        expect_refusal(&server, &client, cause).await?;
    }
    trial.step("connect a client over TLS 1.3, which must be served");
    server.go_on_to_serve("the client").await.map(drop)
}

/// What came first of a program that should not get as far as to listen.
enum First {
    Listening(String),
    Ended(Option<Gone>),
}

async fn bad_key_pair(trial: &Trial) -> Result<(), Stop> {
    const PAIRS: [Files; 6] = [
        &[("--cert", SERVER), ("--key", ANOTHER_KEY)],
        &[("--cert", MISSING), ("--key", SERVER_KEY)],
        &[("--cert", SERVER), ("--key", MISSING)],
        &[("--cert", NOT_PEM), ("--key", SERVER_KEY)],
        &[("--cert", SERVER), ("--key", NOT_PEM)],
        &[("--cert", SERVER_KEY), ("--key", SERVER_KEY)],
    ];
    for files in PAIRS {
        let process = Start { files: Some(files), ..Start::PLAIN }.launch(trial)?;
        expect_no_start(&process).await?;
    }
    Ok(())
}

/// Expects that the program ends with status 1 and one line `error: …`, and does not say that it listens.
async fn expect_no_start(process: &Process) -> Result<(), Stop> {
    let expected = "the program ends with status 1 and one line `error: …`, before it listens";
    let outcome = async {
        loop {
            if process.is_over() {
                return First::Ended(process.ending().await);
            }
            if let Some(line) = process.stdout().find_line("listening") {
                return First::Listening(line);
            }
            // Output wakes nobody here: the pipe is drained elsewhere.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let late = "what is wrong with certificate and key would show when the first client comes. What can be \
                known at the start is to be said at the start";
    let gone = match process.attempt(&(), outcome).await {
        Ok(First::Ended(gone)) => gone,
        Ok(First::Listening(line)) => {
            let observed = format!("it says `{}`", line.trim_end());
            return Err(process.failed(expected, vec![observed], late));
        }
        Err(vain) => {
            let observed = vain.observed()?;
            return Err(process.failed(expected, vec![observed], late));
        }
    };
    let end = match gone {
        Some(Gone::Ended(end)) => end,
        Some(Gone::Refused(reason) | Gone::Unable(reason)) => {
            return Err(Stop::Inconclusive(reason));
        }
        None => return Err(Stop::Inconclusive("the program's supervisor is gone".to_owned())),
    };
    if let Some(line) = process.stdout().find_line("listening") {
        let observed = format!("it said `{}`, and then ended", line.trim_end());
        return Err(process.failed(expected, vec![observed], late));
    }
    let lines = process.stderr().lines_with("error: ");
    if end == End::Status(1) && lines == 1 {
        return Ok(());
    }
    let mut observed = vec![format!("the program {end}")];
    if lines != 1 {
        observed.push(format!("{lines} lines on standard error begin with `error: `"));
    }
    let cause =
        "an error is returned to the given `main`, which prints it: no `unwrap`, no `expect`";
    Err(process.failed(expected, observed, cause))
}

/// How far a client goes in its handshake.
const STAGES: [&str; 3] = ["nothing", "half a ClientHello", "a whole ClientHello"];

/// A client that goes as far as stage `index % 3`.
async fn stall(server: &Rc<Server>, index: usize) -> Result<Client, Stop> {
    let client = connect_plain(server, &format!("client {}", index + 1)).await?;
    let hello = hello(server.trial())?;
    let length = [0, hello.len() / 2, hello.len()][index % STAGES.len()];
    client.send(&hello[..length].to_vec().into()).await?;
    Ok(client)
}

async fn stalled_handshakes(trial: &Trial) -> Result<(), Stop> {
    let [first, second, third] = STAGES;
    let what = format!("clients without TLS, which send {first}, {second} or {third}, and no more");
    let attackers = "handshakes that do not go on";
    let connect = async |server: &Rc<Server>, index| stall(server, index).await;
    let judged = crowd::stuck_clients(trial, &CALM, &what, attackers, connect).await;
    judged.map_err(|stop| {
        stop.amend(|failure| {
            if failure.is_no_answer() {
                failure.cause = "a new client waits for handshakes that do not go on: they are awaited in \
                                 the accept loop, or hold one of few places. Accept waits for nobody, \
                                 and each handshake is a task of its own"
                    .to_owned();
            }
        })
    })
}

async fn handshake_timeout(trial: &Trial) -> Result<(), Stop> {
    const LIMIT: Duration = Duration::from_millis(600);
    const ROUNDS: usize = 3;
    const START: Start = Start { flags: &["--handshake-timeout-ms", "600"], ..Start::PLAIN };
    /// Where no flag says otherwise.
    const USUAL: Duration = Duration::from_secs(2);
    let usual = trial.start(&Start::PLAIN).await?;
    let server = trial.start(&START).await?;
    // The first may take a program that is compiled as it runs longer than the limit.
    let _ = server.dial().await;
    let [first, second, third] = STAGES;
    trial.step(format!(
        "{ROUNDS} times: connect five clients: three send {first}, {second} or {third}, and no more; of the \
         fourth one's ClientHello a byte comes every {}; the fifth one's comes whole after {}, and no more",
        time(LIMIT * 3 / 10),
        time(LIMIT * LAST_MOMENT / 20)
    ));
    trial.step(format!(
        "meanwhile a client shakes hands, is idle for {}, and must be served then",
        time(3 * LIMIT)
    ));
    let stuck = async {
        let mut samples = Vec::new();
        for _ in 0..ROUNDS {
            let kinds = (0..STAGES.len() + 2).map(|kind| how_long(&server, kind, LIMIT));
            samples.extend(together(kinds).await?);
        }
        Ok(samples)
    };
    trial.step(format!(
        "meanwhile three clients of the first server, whose limit is {}, send nothing",
        time(USUAL)
    ));
    let silent = together((0..ROUNDS).map(|_| how_long(&usual, 0, USUAL)));
    let (samples, silent, ()) = tokio::try_join!(stuck, silent, idle(&server, LIMIT))?;
    let silent: Vec<_> = silent.into_iter().map(|(_, elapsed)| elapsed).collect();
    let kinds = STAGES.iter().map(|stage| format!("a client that sends {stage}"));
    let others = ["comes byte by byte", "comes in the last moment"];
    let kinds = kinds.chain(others.map(|how| format!("a client whose ClientHello {how}")));
    let causes = [
        "the clock begins when the connection is accepted, and is for the whole handshake",
        "the clock began too late (with the first byte?), or anew with each byte or each step: one time-out \
         around the whole handshake, from accept on",
    ];
    for (kind, who) in kinds.enumerate() {
        let samples = samples.iter().filter(|(of, _)| *of == kind);
        let samples: Vec<_> = samples.map(|&(_, elapsed)| elapsed).collect();
        clock::expect_time(&server, &format!("{who} is closed"), LIMIT, &samples, causes).await?;
    }
    let who = "without the flag, a client that sends nothing is closed";
    clock::expect_time(&usual, who, USUAL, &silent, causes).await
}

/// When the ClientHello comes that comes late, in twentieths of the limit.
const LAST_MOMENT: u32 = 17;

/// How long a client is kept that goes as far as stage `kind`; the two beyond the last stage send all of a
/// ClientHello, byte by byte or late.
async fn how_long(
    server: &Rc<Server>,
    kind: usize,
    limit: Duration,
) -> Result<(usize, Duration), Stop> {
    // Before the connect (rule R2): the program's clock begins later.
    let begin = Instant::now();
    if kind < STAGES.len() {
        let client = stall(server, kind).await?;
        client.ending().await.map_err(unlimited)?;
    } else {
        let client = connect_plain(server, "the slow client").await?;
        if kind == STAGES.len() {
            trickle(server, &client, limit).await?;
        } else {
            // Not a wait for something: the pause is what is tried.
            tokio::time::sleep(limit * LAST_MOMENT / 20).await;
            // Where its time is over already, that is seen now.
            let _ = client.connection.send(&hello(server.trial())?.into()).await;
            client.ending().await.map_err(unlimited)?;
        }
    }
    Ok((kind, begin.elapsed()))
}

/// A client that is idle after its handshake stays.
async fn idle(server: &Rc<Server>, limit: Duration) -> Result<(), Stop> {
    const TRIES: u32 = 5;
    let mut tries = 1;
    let client = loop {
        let begin = Instant::now();
        match server.serve_new_client("the idle client").await {
            Ok(client) => break client,
            // It was not the client's handshake alone that took so long.
            Err(_) if !clock::is_early(begin.elapsed(), limit) && tries < TRIES => tries += 1,
            Err(stop) => return Err(stop),
        }
    };
    // Not a wait for something: the silence is what is tried.
    tokio::time::sleep(3 * limit).await;
    client.ask().await.map_err(|stop| {
        let stop = stop.amend(|failure| {
            failure.cause =
                "the deadline is for the handshake, and goes on after it: put the time-out \
                             around the handshake alone, and then serve without it"
                    .to_owned();
        });
        clock::unless_late(server, stop, Duration::ZERO, limit)
    })
}

/// A handshake that is not ended has no limit.
fn unlimited(stop: Stop) -> Stop {
    stop.amend(|failure| {
        if failure.is_no_answer() {
            failure.cause =
                "no limit has ended this handshake: the peer may be silent for ever, and \
                             holds a socket and a task. Put a time-out around the accept of TLS"
                    .to_owned();
        }
    })
}

/// Sends a ClientHello byte by byte, so slowly that it is never whole, until the connection ends.
async fn trickle(server: &Rc<Server>, client: &Client, limit: Duration) -> Result<(), Stop> {
    /// More than four times the limit.
    const BYTES: usize = 15;
    let hello = hello(server.trial())?;
    let bytes = async {
        for &byte in &hello[..BYTES] {
            // A byte that is under way when the program closes may turn its end into a reset.
            if client.connection.send(&vec![byte].into()).await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(limit * 3 / 10).await;
        }
    };
    let begin = Instant::now();
    tokio::select! {
        ending = client.ending() => ending.map(drop).map_err(unlimited),
        () = bytes => {
            let expected = format!("the connection is closed {} after accept", time(limit));
            let observed = format!(
                "it is open after {}, in which a byte came every {}",
                time(begin.elapsed()),
                time(limit * 3 / 10)
            );
            let cause = "there is no limit, or it begins anew with each byte: it is to be around the whole \
                         handshake, not around each read";
            let stop = server.process.fail(&[&expected], vec![observed], cause).await;
            Err(clock::unless_late(server, stop, Duration::ZERO, limit))
        }
    }
}

async fn descriptors_return(trial: &Trial) -> Result<(), Stop> {
    const CLIENTS: usize = 400;
    let server = trial.start(&Start::PLAIN).await?;
    let visits = async || {
        trial.step(format!(
            "{CLIENTS} clients come and go: after some bytes over TLS; in the middle of the handshake; \
             without TLS; with an old version"
        ));
        ramped((0..CLIENTS).map(|index| visit_and_go(trial, &server, index))).await.map(drop)
    };
    resources::expect_descriptors(&server, trial, "400 clients", visits).await?;
    trial.step("a new client must be served");
    server.go_on_to_serve("the new client").await.map(drop)
}

/// A visit that ends well or badly, which is for `index` to say.
async fn visit_and_go(trial: &Trial, server: &Rc<Server>, index: usize) -> Result<(), Stop> {
    const KINDS: usize = 6;
    let client = match index % KINDS {
        0 => {
            let client = server.serve_new_client("a client").await?;
            client.connection.half_close();
            // How it ends is for other checks.
            client.ending().await?;
            return Ok(());
        }
        1 => server.serve_new_client("a client").await?,
        2 => {
            let client = connect_plain(server, "a client without TLS").await?;
            client.send(&trial.line()).await?;
            client
        }
        3 => {
            let client = connect_plain(server, "a client of TLS 1.1").await?;
            client.send(&legacy_hello(trial, 2).into()).await?;
            client
        }
        other => stall(server, other).await?,
    };
    if index.is_multiple_of(5) {
        drop(client);
    } else {
        client.reset(); // R7: no TIME_WAIT
    }
    Ok(())
}

async fn client_accepts(trial: &Trial) -> Result<(), Stop> {
    visit::roundtrip(trial).await?;
    let first = visit::visitor(trial, Room::Usual).await?;
    trial.step("give a line, which the server answers; then it closes, with the input still open");
    visit::converse(&first, &trial.line(), &trial.line()).await?;
    first.close();
    first.expect_exit(0).await?;
    let cut = visit::visitor(trial, Room::Usual).await?;
    trial.step(
        "give a line, which the server answers; then it sends one more and ends with a FIN, without \
         close_notify: both are to be printed, and the end is an error",
    );
    visit::converse(&cut, &trial.line(), &trial.line()).await?;
    let last = trial.line();
    cut.answer(&last).await?;
    cut.cut();
    cut.expect_printed(&last).await?;
    cut.expect_exit(1).await.map_err(|stop| {
        stop.amend(|failure| {
            if failure.observed.iter().any(|line| line.contains("status 0")) {
                failure.cause = "a FIN without close_notify was taken for the end of the stream: \
                                 somebody on the way may have cut it off. Read gives an error \
                                 (UnexpectedEof), and `connect` has to return it"
                    .to_owned();
            }
        })
    })
}

async fn client_rejects(trial: &Trial, faults: &[Fault]) -> Result<(), Stop> {
    for &fault in faults {
        let what = match fault {
            Fault::Expired => "has expired",
            Fault::NotYetValid => "is not valid yet",
            Fault::SelfSigned => "is signed by its own key",
            Fault::WrongHost => "is for another name",
            Fault::WrongCa => "is signed by another CA, which has the same name",
        };
        let host = tls::host(trial, Room::Usual, Some(fault), Mutual::No)?;
        let visitor = Visitor::start(trial, host)?;
        trial.step(format!("give it a line; the server shows a certificate that {what}"));
        visitor.refuses(&trial.line()).await?;
    }
    Ok(())
}

/// Expects that somebody who is `identity` is not served: in TLS 1.3 the client has done its part of the
/// handshake before the server has seen the certificate.
async fn expect_not_served(
    trial: &Trial,
    server: &Rc<Server>,
    versions: Versions,
    identity: Identity,
) -> Result<(), Stop> {
    let pki = trial.pki()?;
    let request = trial.bytes(20..=60);
    let attempt = async {
        let connection = Connection::open(server.address, Window::Usual).await?;
        let connection = match secure(&pki, connection, versions, identity).await {
            Ok(connection) => connection,
            Err(Trouble::Machine(reason)) => return Err(Trouble::Machine(reason)),
            Err(_) => return Ok(None),
        };
        // Where sending fails, reading says why.
        let _ = connection.send(&request).await;
        Ok(connection.first_words().await)
    };
    let expected = "a client that has not shown a valid certificate of the given CA is not served: its \
                    connection ends, and nothing comes back";
    let Some(words) = server.wait(None, expected, attempt).await.map_err(|stop| {
        stop.amend(|failure| {
            if failure.is_no_answer() {
                failure.cause =
                    "it got no answer, and no end either: a connection whose handshake has failed \
                                 is to be dropped"
                        .to_owned();
            }
        })
    })?
    else {
        return Ok(());
    };
    let observed = format!("it got its echo: {}", quoted(&words[..words.len().min(20)]));
    Err(server.process.fail(&[expected], vec![observed], ASKED_ONLY).await)
}

const ASKED_ONLY: &str = "the certificate is asked for, and not required, or not verified: who has none, or \
                          a bad one, is served all the same";

async fn mutual_tls(trial: &Trial) -> Result<(), Stop> {
    const MISSING_CA: Files =
        &[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", MISSING)];
    const NO_CA: Files = &[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", NOT_PEM)];
    const START: Start = Start {
        files: Some(&[("--cert", SERVER), ("--key", SERVER_KEY), ("--client-ca", CLIENT_CA)]),
        ..CALM
    };
    let server = trial.start(&START).await?;
    for versions in [ONLY_13, ONLY_12] {
        let spoken = spoken(versions);
        for (identity, who) in [
            (Identity::Nobody, "no certificate"),
            (Identity::OfAnotherCa, "one of another CA of the same name"),
            (Identity::Expired, "one that has expired"),
        ] {
            trial.step(format!("connect a client over {spoken} with {who}, and send some bytes"));
            expect_not_served(trial, &server, versions, identity).await?;
        }
        trial.step(format!("connect one over {spoken} with a right one, and exchange some bytes"));
        connect(&server, "the client", versions, Identity::Known).await?.ask().await?;
    }

    for ca in [MISSING_CA, NO_CA] {
        let process = Start { files: Some(ca), ..Start::PLAIN }.launch(trial)?;
        expect_no_start(&process).await?;
    }

    let known = tls::host(trial, Room::Usual, None, Mutual::Given)?;
    let known = Visitor::start(trial, known)?;
    trial.step("the server asks for a certificate, and answers a line");
    known.arrive().await?;
    visit::converse(&known, &trial.line(), &trial.line()).await?;
    known.end_input();
    known.expect_half_close().await?;
    known.close();
    known.expect_exit(0).await?;

    let unknown = tls::host(trial, Room::Usual, None, Mutual::Asked)?;
    let unknown = Visitor::start(trial, unknown)?;
    trial.step("the server asks for a certificate, and the program has none");
    unknown.is_refused(&trial.line()).await
}
