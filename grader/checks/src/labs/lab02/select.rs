//! More clients than fit into select's sets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use course::text::count;
use engine::drive::{
    Admission, Answer, Client, Context, Server, Trial, try_join_all, try_join_bounded,
};
use engine::verdict::{CheckError, Failure};

use super::backend::SELECT;
use super::causes;
use crate::expect;

const CLIENTS: usize = 1200;

/// What happened to [`CLIENTS`] clients that connected one after another.
struct Crowd {
    served: Vec<Client>,
    refused: usize,
    /// Clients that wait, and the answers that they wait for. Once one waits, no more connect: they would wait behind
    /// it.
    waiting: Vec<(Client, Rc<dyn Answer>)>,
}

/// With more clients than fit into its sets, the program serves those that fit; it refuses the others, or lets them
/// wait.
pub(super) async fn many_descriptors(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&SELECT.start).await?;
    server.expect_descriptors_for(CLIENTS)?;
    trial.step(format!(
        "connect up to {CLIENTS} clients, until one has to wait; each of the others gets an answer or is refused \
         (closed without a byte)"
    ));
    let crowd = connect_crowd(&server).await?;
    let found = crowd.summary();
    trial.step(format!("watch how much CPU time the program uses ({found})"));
    expect_enough_served(&server, &crowd, found).await?;
    trial.step("each of the served clients sends another request");
    try_join_all(crowd.served.iter().map(Client::ask)).await?;
    replace_some(trial, &server, crowd).await
}

async fn connect_crowd(server: &Rc<Server>) -> Result<Crowd, CheckError> {
    let (served, waiting) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let refused = Cell::new(0);
    let arrivals = (0..CLIENTS).map(|index| {
        let (served, waiting, refused) = (&served, &waiting, &refused);
        async move {
            if !waiting.borrow().is_empty() {
                return Ok(());
            }
            match server.ask_for_place(&format!("client {}", index + 1)).await? {
                Admission::Served(client) => served.borrow_mut().push(client),
                Admission::Refused => refused.set(refused.get() + 1),
                Admission::Waits(client, answer) => waiting.borrow_mut().push((client, answer)),
            }
            Ok(())
        }
    });
    try_join_bounded(arrivals).await?;
    let (served, waiting) = (served.into_inner(), waiting.into_inner());
    Ok(Crowd { served, refused: refused.get(), waiting })
}

impl Crowd {
    /// For reports: how many clients were served, and how many were not.
    fn summary(&self) -> String {
        format!(
            "{} were answered, {} refused{}",
            count(self.served.len(), "client"),
            self.refused,
            if self.waiting.is_empty() { "" } else { ", the next one waits" }
        )
    }
}

/// Expects that enough clients are served, and that the others cause no work. `found` is the summary of `crowd`.
async fn expect_enough_served(
    server: &Server,
    crowd: &Crowd,
    found: String,
) -> Result<(), CheckError> {
    /// Half of what fits into a set (FD_SETSIZE): a program may need two descriptors for each client.
    const MIN_SERVED: usize = 500;
    let expected = "the clients that fit are served; the others are refused or wait";
    let failure = match expect::cpu_use(server).await {
        expect::CpuUse::Low if crowd.served.len() >= MIN_SERVED => return Ok(()),
        expect::CpuUse::Low => Failure::property(found)
            .expecting(format!(
                "at least {MIN_SERVED} of {CLIENTS} clients are served at the same time"
            ))
            .because(causes::REFUSES_TOO_MANY),
        expect::CpuUse::Ended => Failure::property(found).expecting(expected),
        expect::CpuUse::High(busiest) => Failure::property(busiest.to_string())
            .observing(found)
            .expecting(expected)
            .because(causes::KEEPS_WHAT_DOES_NOT_FIT),
    };
    Err(server.fail(failure).await)
}

/// Some of the served clients leave; waiting and new clients are served in their place.
async fn replace_some(
    context: &Context,
    server: &Rc<Server>,
    mut crowd: Crowd,
) -> Result<(), CheckError> {
    const LEAVE: usize = 100;
    context.step(format!(
        "{LEAVE} of them reset their connections (RST); waiting and new clients must be served in their place"
    ));
    let before = server.client_sockets()?;
    crowd.served.drain(..LEAVE).for_each(Client::reset);
    let left = || {
        let gone = before.saturating_sub(server.client_sockets()?);
        // Waiting clients take some of the free places.
        let enough = gone + crowd.waiting.len() >= LEAVE;
        Ok((enough || server.process.has_ended()).then_some(()))
    };
    server.process.poll_until(left).await?;
    for (client, answer) in &crowd.waiting {
        client.answered(answer.as_ref()).await?;
    }
    let new = server.connect_many(LEAVE / 2).await?;
    try_join_all(crowd.served.iter().map(Client::ask)).await?;
    new.into_iter().chain(crowd.served).for_each(Client::reset);
    Ok(())
}
