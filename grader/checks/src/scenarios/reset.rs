//! Clients that go away in the middle.

use std::rc::Rc;
use std::time::Duration;

use course::text::count;
use engine::drive::{BufferSize, Client, Server, Start, Trial, try_join_all, try_join_bounded};
use engine::verdict::{CheckError, Failure, FailureKind};

use super::causes;
use super::crowd::arrive_and_resume;
use crate::expect;

/// A client's RST ends that client only.
pub(crate) async fn mid_stream(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial
        .step("10 times: connect a client, exchange a few bytes, send 20 KiB more, reset it (RST)");
    for _ in 0..10 {
        let client = server.serve_new_client("the client").await?;
        client.send(&flood(20 * 1024)).await?;
        client.reset();
    }
    trial.step("connect client B, which must be served");
    server.still_serves("client B").await?.finish().await
}

/// A client that goes away while the program writes to it ends that client only.
pub(crate) async fn while_writing(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial.step(
        "connect client A, send without reading until nothing moves for 300 ms, reset it (RST)",
    );
    let client = server.connect("client A").await?;
    client.send_until_stalled(&flood(expect::MORE_THAN_FITS)).await?;
    client.reset();
    trial.step("connect client B, which must be served");
    server.still_serves("client B").await?.finish().await?;

    // After a close the first write succeeds and draws an RST; a program that writes all at once meets no error then.
    // After a FIN and an RST even the first write gives EPIPE.
    for (leaves, by_reset) in [("closes", false), ("shuts down (FIN) and resets (RST)", true)] {
        trial.step("connect client C, exchange a few bytes, stop the program (SIGSTOP)");
        let client = server.serve_new_client("client C").await?;
        server.process.pause().await?;
        trial.step(format!(
            "client C sends up to 60,000 bytes and {leaves}; the program goes on (SIGCONT)"
        ));
        // A machine with small buffers takes less, and the stopped program reads none of it.
        let sent = client.send_until_stalled(&flood(60_000)).await;
        if by_reset {
            client.connection.half_close();
            client.reset();
        } else {
            drop(client);
        }
        server.process.resume();
        sent?;
        trial.step("connect client D, which must be served, once client C's socket is closed");
        server.until_clients_are_gone().await?;
        server.still_serves("client D").await?.finish().await?;
    }
    Ok(())
}

/// 100 clients are reset at once, half of them with unread echo pending: nothing is left of them, and they cause no
/// more work.
pub(crate) async fn storm(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const CLIENTS: usize = 100;
    let server = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered; half of them then send without reading until \
         nothing moves for 300 ms"
    ));
    let mut clients = server.connect_many(CLIENTS / 2).await?;
    clients.extend(stalled_crowd(trial, &server, CLIENTS / 2).await?);
    trial.step("reset all of them (RST), and wait until their sockets are closed");
    clients.into_iter().for_each(Client::reset);
    let are_gone = server.until_clients_are_gone().await?.is_some();
    trial.step("watch how much CPU the program uses");
    expect_nothing_left(&server, are_gone).await?;
    trial.step("connect a new client, which must be served");
    server.still_serves("the new client").await?.finish().await
}

/// Expects that clients that were reset cause no work, and that `are_gone`, their sockets.
async fn expect_nothing_left(server: &Server, are_gone: bool) -> Result<(), CheckError> {
    let expected = "nothing is left of a client that was reset: no socket, and no work";
    let still_open = || {
        let sockets = count(server.client_sockets()?, "socket");
        Ok::<_, CheckError>(format!("{sockets} of them still open"))
    };
    let failure = match expect::cpu_use(server).await {
        expect::CpuUse::Low if are_gone => return Ok(()),
        expect::CpuUse::Low => Failure::property(still_open()?)
            .expecting(expected)
            .because(causes::KEEPS_FAILED_CLIENTS),
        expect::CpuUse::Ended => {
            Failure::property("that was after the resets").expecting("the program goes on")
        }
        expect::CpuUse::High(busiest) => {
            let sockets = if are_gone { None } else { Some(still_open()?) };
            Failure::property_lines([busiest.to_string()].into_iter().chain(sockets))
                .expecting(expected)
                .because(causes::IGNORES_SOCKET_ERRORS)
        }
    };
    Err(server.fail(failure).await)
}

/// Clients come and go so that descriptors are used again, half of them with unread echo pending when they are reset:
/// no byte of one client reaches another.
pub(crate) async fn no_crosstalk(trial: &Trial, start: &Start) -> Result<(), CheckError> {
    const ROUNDS: usize = 6;
    const CLIENTS: usize = 20;
    let server = trial.start(start).await?;
    trial.step(format!(
        "{ROUNDS} times: connect {CLIENTS} clients, each sends random bytes and gets them back; half of \
         them then send without reading until nothing moves for 300 ms, and are reset (RST); the \
         others close"
    ));
    trial.step(
        "every second time the program is stopped (SIGSTOP) while they leave and new ones come",
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
        // Bytes that they have not sent would come before the end.
        try_join_all(others.iter().map(Client::finish)).await
    };
    rounds.await.map(drop).map_err(with_crosstalk)
}

/// Says why a client most likely got other bytes than it sent.
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

/// `number` clients, each answered, that then send without reading until nothing moves: for each the program has bytes
/// that it cannot write. The kernel buffers little for them, so that many cost little.
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
    // All is sent, or nothing moves: the program has by now tried to write what it has read.
    server.process.wait_until_idle(Duration::from_millis(300)).await;
    Ok(stalled)
}
