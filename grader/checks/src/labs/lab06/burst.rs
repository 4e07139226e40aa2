//! Many clients that send many lines at the same time, so that updates that can be lost do get lost.

use std::rc::Rc;

use engine::drive::{Client, Payload, Server, Trial, try_join_all};
use engine::verdict::CheckError;

/// The number of clients, of lines that each sends per round, and of rounds. One round in two or three loses no update,
/// so there are several rounds (rule R15).
pub(super) const CLIENTS: usize = 64;
const LINES: usize = 200;
pub(super) const ROUNDS: usize = 5;

/// The number of requests in all rounds.
pub(super) const REQUESTS: usize = CLIENTS * LINES * ROUNDS;

/// Makes each of `clients` send many lines and read the answers, [`ROUNDS`] times. All lines of a round arrive while
/// the program is stopped. When it continues, it has the CPUs to itself, so its threads count at the same time.
pub(super) async fn run(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
    word: &str,
) -> Result<(), CheckError> {
    trial.step(format!(
        "{ROUNDS} times: stop the program (SIGSTOP); {} clients send {LINES} lines each; continue \
         the program (SIGCONT), and read the answers",
        clients.len()
    ));
    let lines = Payload::from(format!("{word}\n").repeat(LINES).into_bytes());
    let answers = Payload::from(format!("ECHO: {word}\n").repeat(LINES).into_bytes());
    let is_answered = |client: &Client| client.connection.unread() >= answers.len();
    for _ in 0..ROUNDS {
        server.process.pause().await?;
        let sent = try_join_all(clients.iter().map(|client| client.send(&lines))).await;
        server.process.resume();
        sent?;
        // If answers are missing, the reads below say which.
        server.process.poll_until(|| Ok(clients.iter().all(is_answered).then_some(()))).await?;
        let all = 0..answers.len();
        try_join_all(clients.iter().map(|client| client.expect_part(&answers, all.clone())))
            .await?;
    }
    Ok(())
}
