//! Clients that disconnect in the middle of an exchange.

use std::rc::Rc;
use std::time::Duration;

use course::text::count;
use engine::drive::{BufferSize, Client, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure, FailureKind};

use super::causes;
use super::crowd::arrive_and_resume;
use crate::expect;

/// A client's RST ends only its own connection.
pub(crate) async fn mid_stream(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial
        .step("10 times: connect a client; it exchanges a few bytes, sends 20 KiB more and resets its connection (RST)");
    for _ in 0..10 {
        let client = server.serve_new_client("the client").await?;
        client.send(&flood(20 * 1024)).await?;
        client.reset();
    }
    trial.step("connect client B, which must be served");
    server.still_serves("client B").await?.finish().await
}

/// A client that disconnects while the program writes to it ends only its own connection.
pub(crate) async fn while_writing(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial.step(
        "connect client A; it sends without reading until its writes have stalled for 300 ms, then resets its connection \
         (RST)",
    );
    let client = server.connect("client A").await?;
    client.send_until_stalled(&flood(expect::MORE_THAN_FITS)).await?;
    client.reset();
    trial.step("connect client B, which must be served");
    server.still_serves("client B").await?.finish().await?;

    // After a close, the first write succeeds and provokes an RST, so a program that writes everything in one call
    // sees no error. After a FIN and an RST, even the first write fails with EPIPE.
    for (leaves, by_reset) in [
        ("closes its connection", false),
        ("half-closes (FIN), then resets the connection (RST)", true),
    ] {
        trial.step("connect client C; it exchanges a few bytes with the program; then stop the program (SIGSTOP)");
        let client = server.serve_new_client("client C").await?;
        server.process.pause().await?;
        trial.step(format!(
            "client C sends up to 60,000 bytes and {leaves}; continue the program (SIGCONT)"
        ));
        // A machine with small buffers takes fewer bytes, and the stopped program reads none.
        let sent = client.send_until_stalled(&flood(60_000)).await;
        if by_reset {
            client.connection.half_close();
            client.reset();
        } else {
            drop(client);
        }
        server.process.resume();
        sent?;
        trial.step("once client C's socket is closed, connect client D, which must be served");
        server.until_clients_are_gone().await?;
        server.still_serves("client D").await?.finish().await?;
    }
    Ok(())
}

/// 100 clients reset their connections at the same time, half of them with unread echo pending: they leave nothing
/// behind, and cause no more work.
pub(crate) async fn storm(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 100;
    let server = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each gets an answer; half of them then send without reading until their writes \
         have stalled for 300 ms"
    ));
    let mut clients = server.connect_many(CLIENTS / 2).await?;
    clients.extend(stalled_crowd(trial, &server, CLIENTS / 2).await?);
    trial.step("all of them reset their connections (RST); wait until the program has closed their sockets");
    clients.into_iter().for_each(Client::reset);
    let are_gone = server.until_clients_are_gone().await?.is_some();
    trial.step("watch how much CPU time the program uses");
    expect_nothing_left(&server, are_gone).await?;
    trial.step("connect a new client, which must be served");
    server.still_serves("the new client").await?.finish().await
}

/// Expects that the clients cause no more work, and that their sockets `are_gone`.
async fn expect_nothing_left(server: &Server, are_gone: bool) -> Result<(), CheckError> {
    let expected =
        "a client that has reset its connection leaves no socket behind and causes no work";
    let still_open = || {
        let sockets = count(server.client_sockets()?, "socket");
        Ok::<_, CheckError>(format!("{sockets} still open after the resets"))
    };
    let failure = match expect::cpu_use(server).await {
        expect::CpuUse::Low if are_gone => return Ok(()),
        expect::CpuUse::Low => Failure::property(still_open()?)
            .expecting(expected)
            .because(causes::KEEPS_FAILED_CLIENTS),
        expect::CpuUse::Ended => Failure::property("the program ended after the resets")
            .expecting("the program keeps running"),
        expect::CpuUse::High(busiest) => {
            let sockets = if are_gone { None } else { Some(still_open()?) };
            Failure::property_lines([busiest.to_string()].into_iter().chain(sockets))
                .expecting(expected)
                .because(causes::IGNORES_SOCKET_ERRORS)
        }
    };
    Err(server.fail(failure).await)
}

/// Clients connect and leave so that descriptor numbers are reused. Half of them reset their connections with unread
/// echo pending. No byte of one client reaches another.
pub(crate) async fn no_crosstalk(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const ROUNDS: usize = 6;
    const CLIENTS: usize = 20;
    let server = trial.start(start).await?;
    trial.step(format!(
        "{ROUNDS} times: {CLIENTS} clients send random bytes and get them back; then half of them send without reading \
         until their writes have stalled for 300 ms, and reset their connections (RST); the others close theirs"
    ));
    trial.step(
        "every second time, the program is stopped (SIGSTOP) while these clients leave and new ones connect",
    );
    let rounds = async {
        let mut stalled = stalled_crowd(trial, &server, CLIENTS / 2).await?;
        let mut others = server.connect_many(CLIENTS / 2).await?;
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                server.process.pause().await?;
                stalled.into_iter().for_each(Client::reset);
                drop(others);
                others = arrive_and_resume(&server, CLIENTS / 2).await?;
            } else {
                stalled.into_iter().for_each(Client::reset);
                try_join_all(others.iter().map(Client::finish)).await?;
                others = server.connect_many(CLIENTS / 2).await?;
            }
            stalled = stalled_crowd(trial, &server, CLIENTS / 2).await?;
            try_join_all(others.iter().map(Client::ask)).await?;
        }
        // Bytes that they did not send would arrive before EOF.
        try_join_all(others.iter().map(Client::finish)).await
    };
    rounds.await.map(drop).map_err(with_crosstalk)
}

/// Says why a client most likely got bytes that it did not send.
fn with_crosstalk(error: CheckError) -> CheckError {
    error.amend(|failure| {
        let are_wrong_bytes = matches!(
            failure.kind,
            FailureKind::WrongBytes { .. } | FailureKind::UnexpectedBytes { .. }
        );
        if are_wrong_bytes {
            failure.cause = Some(causes::STATE_KEPT_BY_DESCRIPTOR.into());
        }
    })
}

/// `number` clients that get an answer, then send without reading until nothing moves: the program has bytes for each
/// that it cannot write. The kernel buffers little for them, so many clients cost little.
async fn stalled_crowd(
    trial: &Trial,
    server: &Rc<Server>,
    number: usize,
) -> Result<Vec<Client>, CheckError> {
    const MORE_THAN_A_SMALL_WINDOW: u64 = 1024 * 1024;
    let arrivals = (0..number).map(|index| async move {
        let client =
            server.connect_with(&format!("client {}", index + 1), BufferSize::Small).await?;
        client.ask().await?;
        let flood = trial.service().exchange.flood(trial, MORE_THAN_A_SMALL_WINDOW);
        client.send_until_stalled(&flood).await?;
        Ok(client)
    });
    let stalled = try_join_bounded(arrivals).await?;
    // Everything has been sent, or nothing moves: the program has by now tried to write what it has read.
    server.process.wait_until_idle(Duration::from_millis(300)).await;
    Ok(stalled)
}
