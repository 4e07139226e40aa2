//! Edge-triggered epoll (EPOLLET).

use course::text::{count, size};
use engine::drive::{Client, Context, Server, Start, Trial, try_join_all};
use engine::verdict::{CheckError, Failure};
use observe::{EpollMask, Socket};

use super::causes;
use crate::scenarios::echo;

pub(super) static EDGE: Start =
    Start { flags: &["--backend", "epoll", "--trigger", "edge"], ..Start::PLAIN };

/// Although the kernel reports an edge only once, the program reads and writes everything.
pub(super) async fn edge_triggered(trial: &Trial) -> Result<(), CheckError> {
    const CLIENTS: usize = 10;
    let server = trial.start(&EDGE).await?;
    trial.step(format!("connect {CLIENTS} clients; each gets an answer and stays connected"));
    let clients = server.connect_many(CLIENTS).await?;
    trial.step("check for which events the epoll set watches their sockets");
    expect_edges(&server).await?;
    let exchanged = exchange_blocks(trial, &server, &clients).await;
    exchanged.map_err(|error| error.if_unanswered(causes::STOPS_BEFORE_EAGAIN))
}

/// All clients send a lot of data in one burst, then one stalls and later reads everything; nothing is lost.
async fn exchange_blocks(
    context: &Context,
    server: &Server,
    clients: &[Client],
) -> Result<(), CheckError> {
    const BLOCK: u64 = 1024 * 1024;
    context.step(format!(
        "stop the program (SIGSTOP); each client sends {} and then nothing; continue the program (SIGCONT); everything \
         must be echoed",
        size(BLOCK)
    ));
    server.process.pause().await?;
    let sending = clients.iter().map(|client| async move {
        let payload = context.stream(BLOCK);
        let taken = client.send_until_stalled(&payload).await?;
        Ok((client, payload, taken))
    });
    let sent = try_join_all(sending).await;
    server.process.resume();
    for (client, payload, taken) in sent? {
        client.expect_echo(&payload, taken).await?;
    }
    context.step(
        "one client sends without reading until its writes have stalled for 300 ms, then reads everything",
    );
    let stalled = &clients[0];
    let (payload, taken) = echo::stall_one(context, server, stalled).await?;
    stalled.expect_echo(&payload, taken).await?;
    context.step("check again for which events the sockets are watched");
    expect_edges(server).await?;
    try_join_all(clients.iter().map(Client::finish)).await?;
    Ok(())
}

/// Expects that all clients' sockets are watched with EPOLLET; the listener need not be.
async fn expect_edges(server: &Server) -> Result<(), CheckError> {
    let masks = client_masks(server)?;
    let level: Vec<_> = masks.iter().filter(|mask| !mask.is_edge_triggered()).collect();
    let observed = match level.first() {
        None if !masks.is_empty() => return Ok(()),
        None => "no epoll set watches a client's socket".to_owned(),
        Some(mask) => {
            let clients = count(masks.len(), "client");
            format!("{} of {clients} are watched without EPOLLET: {mask}", level.len())
        }
    };
    let failure = Failure::property(observed)
        .expecting("the sockets of all clients are watched with EPOLLET")
        .because(causes::LEVEL_TRIGGERED);
    Err(server.fail(failure).await)
}

/// The events for which the clients' sockets are watched.
fn client_masks(server: &Server) -> Result<Vec<EpollMask>, CheckError> {
    let sockets = server.probe().sockets()?;
    let sets = server.probe().epoll_sets()?;
    let is_client = |pid: i32, descriptor: i32| {
        let of = |socket: &&Socket| {
            socket.pid == pid && socket.descriptor == descriptor && !socket.is_listener()
        };
        sockets.iter().any(|socket| of(&socket) && socket.entry.is_some())
    };
    let watched = sets
        .iter()
        .flat_map(|set| set.watched.iter().map(|&(descriptor, mask)| (set.pid, descriptor, mask)));
    Ok(watched
        .filter(|&(pid, descriptor, _)| is_client(pid, descriptor))
        .map(|(_, _, mask)| mask)
        .collect())
}
