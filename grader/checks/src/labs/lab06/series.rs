//! Task 4: the number of series does not grow with the number of clients.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::rc::Rc;

use course::text::{count, printable};
use engine::drive::{Server, Start, Trial, try_join_bounded};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::numbers::REQUESTS;
use super::page::{expect_numbers, get_idle_page};

/// How many clients connect between two pages.
const CLIENTS: usize = 1000;

/// 1,000 more clients add no series.
pub(super) async fn no_label_growth(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    trial.step(
        "two clients get an answer and leave, one of them by RST; get the page and count its series",
    );
    server.serve_new_client("the first client").await?.finish().await?;
    server.serve_new_client("the second client").await?.reset();
    server.until_clients_are_gone().await?;
    // By then all of their events are counted, so the series for them exist.
    expect_numbers(&server, "after two clients", &[(REQUESTS, 2)], None).await?;
    let mut requests = 2;
    let mut before = get_idle_page(&server).await?.series();
    // Twice, if need be: a runtime's own metrics may appear late, but only once.
    for is_last in [false, true] {
        let after = series_after_clients(trial, &server, &mut requests).await?;
        if after.len() <= before.len() {
            break;
        }
        if is_last {
            return Err(server.fail(new_series(&before, &after)).await);
        }
        before = after;
    }
    Ok(())
}

/// The series after [`CLIENTS`] more clients, each with its own address. `requests` is the number of requests so far,
/// and is updated.
async fn series_after_clients(
    trial: &Trial,
    server: &Rc<Server>,
    requests: &mut u64,
) -> Result<BTreeSet<String>, CheckError> {
    let first = *requests;
    let source = |index: u64| {
        let [high, low] = ((first + index) as u16).to_be_bytes();
        Ipv4Addr::new(127, 0, high + 1, low)
    };
    trial.step(format!(
        "{CLIENTS} clients, each with its own address (from {} on), get an answer and leave; get the page again",
        source(0)
    ));
    let visits = (0..CLIENTS).map(|index| {
        let source = source(index as u64);
        async move {
            server.serve_new_client_from(source, "a client").await?.reset();
            Ok(())
        }
    });
    try_join_bounded(visits).await?;
    *requests += CLIENTS as u64;
    expect_numbers(server, "after these clients", &[(REQUESTS, *requests)], None).await?;
    Ok(get_idle_page(server).await?.series())
}

/// The failure of a page that has more series after [`CLIENTS`] more clients.
fn new_series(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Failure {
    let clients = count(CLIENTS, "more client");
    let mut observed = vec![format!("{} series after {clients}", after.len())];
    let new = after.difference(before).next();
    observed.extend(new.map(|series| printable(&format!("a new one: {series}"), 200)));
    Failure::property_lines(observed)
        .expecting(format!("{} series, as before", before.len()))
        .because(causes::SERIES_FOR_EACH_CLIENT)
}
