//! Task 1: however a client leaves, its name becomes free again and the others are notified once.

use std::time::Duration;

use engine::drive::{Start, Trial};
use engine::verdict::CheckError;

use super::causes;
use super::client::ChatClient;
use super::protocol::{joined, left, named};

/// How long a program that cannot be proven to sleep may take to handle a client's departure.
const IDLE_DEADLINE: Duration = Duration::from_millis(300);

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Departure {
    Close,
    HalfClose,
    Reset,
}

impl Departure {
    /// What the client does, worded for a step.
    fn text(self) -> &'static str {
        match self {
            Self::Close => "closes the connection (FIN)",
            Self::HalfClose => "half-closes (FIN)",
            Self::Reset => "resets the connection (RST)",
        }
    }

    /// Makes `client` leave. Returns a client that does not close its socket.
    fn apply(self, client: ChatClient) -> Option<ChatClient> {
        match self {
            Self::Close => drop(client),
            Self::Reset => client.reset(),
            Self::HalfClose => {
                client.half_close();
                return Some(client);
            }
        }
        None
    }
}

pub(super) async fn name_freed(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    for departure in [Departure::Close, Departure::Reset, Departure::HalfClose] {
        let (room, bob) = (named(trial, "room"), named(trial, "bob"));
        trial.step(format!("bob joins, {}, and joins again under the same name", departure.text()));
        let leaver = ChatClient::join(&server, &bob, &room, &[&bob]).await?;
        let half_closed = departure.apply(leaver);
        let successor = ChatClient::join_when_free(&server, &bob, &room).await?;
        // The last actions of the old connection's task must not affect the new connection.
        server.process.wait_until_idle(IDLE_DEADLINE).await;
        successor.expect_users(&[&bob], &causes::REMOVES_SUCCESSOR).await?;
        drop(half_closed);
    }
    Ok(())
}

pub(super) async fn leave_notice(trial: &Trial) -> Result<(), CheckError> {
    let server = trial.start(&Start::PLAIN).await?;
    let room = named(trial, "room");
    let [ana, bob] = ["ana", "bob"].map(|begin| named(trial, begin));
    trial.step("ana and bob join a room and stay");
    let first = ChatClient::join(&server, &ana, &room, &[&ana]).await?;
    let second = ChatClient::join(&server, &bob, &room, &[&ana, &bob]).await?;
    first.expect(&joined(&bob)).await?;
    let both = [&first, &second];
    let mut half_closed = Vec::new();
    for departure in [Departure::Close, Departure::HalfClose, Departure::Reset] {
        let cleo = named(trial, "cleo");
        trial.step(format!(
            "cleo joins and {}: ana and bob get `joined`, then `left`",
            departure.text()
        ));
        let leaver = ChatClient::join(&server, &cleo, &room, &[&ana, &bob, &cleo]).await?;
        for client in both {
            client.expect_because(&joined(&cleo), &causes::LEAVE_NOT_ANNOUNCED).await?;
        }
        half_closed.extend(departure.apply(leaver));
        for client in both {
            client.expect_because(&left(&cleo), &causes::LEAVE_NOT_ANNOUNCED).await?;
            client.expect_users(&[&ana, &bob], &causes::LEAVE_NOT_ANNOUNCED).await?;
        }
    }
    trial.step("once the program is idle, no client gets another event");
    server.process.wait_until_idle(IDLE_DEADLINE).await;
    for client in both {
        client.expect_users(&[&ana, &bob], &causes::OLD_TASK_ANNOUNCES_LEAVE).await?;
    }
    Ok(())
}
