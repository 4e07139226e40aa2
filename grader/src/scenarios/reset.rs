//! Clients that go away in the middle.

use std::rc::Rc;
use std::time::Duration;

use super::MORE_THAN_FITS;
use super::crowd::arrive_and_resume;
use super::resources::{Calm, calm};
use crate::capture::count;
use crate::client::Window;
use crate::outcome::Stop;
use crate::server::{Client, Server, Start, ramped, together};
use crate::trial::Trial;

/// A client's RST ends that client only.
pub async fn mid_stream(trial: &Trial, start: &Start) -> Result<(), Stop> {
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
    server.go_on_to_serve("client B").await?.finish().await
}

/// A client that goes away while the program writes to it ends that client only.
pub async fn while_writing(trial: &Trial, start: &Start) -> Result<(), Stop> {
    let server = trial.start(start).await?;
    let flood = |length| trial.service().exchange.flood(trial, length);
    trial.step(
        "connect client A, send without reading until nothing moves for 300 ms, reset it (RST)",
    );
    let client = server.connect("client A").await?;
    client.send_until_stalled(&flood(MORE_THAN_FITS)).await?;
    client.reset();
    trial.step("connect client B, which must be served");
    server.go_on_to_serve("client B").await?.finish().await?;

    // After a close the first write succeeds and draws an RST; a program that writes all at once meets
    // no error then. After a FIN and an RST already the first write gives EPIPE.
    for leave in ["closes", "shuts down (FIN) and resets (RST)"] {
        trial.step("connect client C, exchange a few bytes, stop the program (SIGSTOP)");
        let client = server.serve_new_client("client C").await?;
        server.process.pause().await?;
        trial.step(format!(
            "client C sends 60,000 bytes and {leave}; the program goes on (SIGCONT)"
        ));
        let sent = client.send(&flood(60_000)).await;
        if leave == "closes" {
            drop(client);
        } else {
            client.connection.half_close();
            client.reset();
        }
        server.process.resume();
        sent?;
        trial.step("connect client D, which must be served, once client C's socket is closed");
        server.until_clients_are_gone().await?;
        server.go_on_to_serve("client D").await?.finish().await?;
    }
    Ok(())
}

/// 100 clients are reset at once, half of them with unread echo pending: nothing is left of them, not even
/// work.
pub async fn storm(trial: &Trial, start: &Start) -> Result<(), Stop> {
    const CLIENTS: usize = 100;
    let server = trial.start(start).await?;
    trial.step(format!(
        "connect {CLIENTS} clients; each is answered; half of them then send without reading until \
         nothing moves for 300 ms"
    ));
    let mut clients = server.crowd(CLIENTS / 2).await?;
    clients.extend(stalled_crowd(trial, &server, CLIENTS / 2).await?);
    trial.step("reset all of them (RST), and wait until their sockets are closed");
    clients.into_iter().for_each(Client::reset);
    let closed = server.until_clients_are_gone().await?;
    trial.step("watch how much CPU the program uses");
    let expected = "nothing is left of a client that was reset: no socket, and no work";
    match calm(&server).await {
        Calm::Yes if closed.is_none() => {
            let sockets = server.client_sockets()?;
            let observed = format!("{} of them still open", count(sockets, "socket"));
            let cause = "an error on a client's socket, from read or write, is the end of that client: \
                         deregister it, and drop it with everything that was kept for it";
            Err(server.process.fail(&[expected], vec![observed], cause).await)
        }
        Calm::Yes => {
            trial.step("connect a new client, which must be served");
            server.go_on_to_serve("the new client").await?.finish().await
        }
        Calm::Ended => {
            let observed = "that was after the resets".to_owned();
            Err(server.process.fail(&["the program goes on"], vec![observed], "").await)
        }
        Calm::No(ran) => {
            let mut observed = vec![ran];
            if closed.is_none() {
                let sockets = count(server.client_sockets()?, "socket");
                observed.push(format!("{sockets} of them still open"));
            }
            let cause = "the kernel says again and again that the socket of a client that has gone is \
                         ready (POLLERR, POLLHUP), and nothing is done about it. Where read or write \
                         fails with anything but EAGAIN, the client is over: deregister it and drop it";
            Err(server.process.fail(&[expected], observed, cause).await)
        }
    }
}

/// Clients come and go so that descriptors are used again, half of them with unread echo pending when they
/// are reset: what was for one never reaches another.
pub async fn no_crosstalk(trial: &Trial, start: &Start) -> Result<(), Stop> {
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
        let mut others = server.crowd(CLIENTS / 2).await?;
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                server.process.pause().await?;
                stalled.into_iter().for_each(Client::reset);
                drop(others);
                others = arrive_and_resume(&server, CLIENTS / 2).await?;
            } else {
                stalled.into_iter().for_each(Client::reset);
                together(others.iter().map(Client::finish)).await?;
                others = server.crowd(CLIENTS / 2).await?;
            }
            stalled = stalled_crowd(trial, &server, CLIENTS / 2).await?;
            together(others.iter().map(Client::ask)).await?;
        }
        // What nobody has sent would come before the end.
        together(others.iter().map(Client::finish)).await
    };
    rounds.await.map(drop).map_err(with_crosstalk)
}

/// Says why a client most likely got other bytes than it sent.
fn with_crosstalk(stop: Stop) -> Stop {
    stop.amend(|failure| {
        if failure.is_wrong_bytes() {
            failure.cause = "what was kept for one client has reached another: something is kept by \
                             the number of a descriptor, and the next client gets the number of one \
                             that has gone. Forget all of a client together, whichever way it goes, or \
                             give each a number of its own that never comes again"
                .to_owned();
        }
    })
}

/// `number` clients, each answered, that then send without reading until nothing moves: of each the
/// program has bytes that it cannot write. The kernel takes little of them, so that many cost little.
async fn stalled_crowd(
    trial: &Trial,
    server: &Rc<Server>,
    number: usize,
) -> Result<Vec<Client>, Stop> {
    const MORE_THAN_A_SMALL_WINDOW: u64 = 1024 * 1024;
    let arrivals = (0..number).map(|index| async move {
        let client = server.connect_with(&format!("client {}", index + 1), Window::Small).await?;
        client.ask().await?;
        let flood = trial.service().exchange.flood(trial, MORE_THAN_A_SMALL_WINDOW);
        client.send_until_stalled(&flood).await?;
        Ok(client)
    });
    let stalled = ramped(arrivals).await?;
    // All is sent, or nothing moves: what the program has of it, it will have tried to write.
    server.process.settle(Duration::from_millis(300)).await;
    Ok(stalled)
}
