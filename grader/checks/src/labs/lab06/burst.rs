//! Many clients that send many lines at the same time, so that updates that can be lost are.

use std::rc::Rc;

use engine::drive::{Client, Payload, Server, Trial, try_join_all};
use engine::verdict::CheckError;

/// How many clients there are, how many lines each sends in a round, and how many rounds there are. In one round of two
/// or three no update is lost, so there are several (rule R15).
pub(super) const CLIENTS: usize = 64;
const LINES: usize = 200;
pub(super) const ROUNDS: usize = 5;

/// How many requests that is.
pub(super) const REQUESTS: usize = CLIENTS * LINES * ROUNDS;

/// Has each of `clients` send many lines and read the answers, [`ROUNDS`] times. All lines of a round are there before
/// the program may run, and while it runs it has the CPUs for itself: so its threads count at the same time.
pub(super) async fn run(
    trial: &Trial,
    server: &Rc<Server>,
    clients: &[Client],
    word: &str,
) -> Result<(), CheckError> {
    trial.step(format!(
        "{ROUNDS} times: stop the program (SIGSTOP); {} clients send {LINES} lines each; let it go on \
         (SIGCONT), and read the answers",
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
        // Where less than all comes, reading says what.
        server.process.poll_until(|| Ok(clients.iter().all(is_answered).then_some(()))).await?;
        let all = 0..answers.len();
        try_join_all(clients.iter().map(|client| client.expect_part(&answers, all.clone())))
            .await?;
    }
    Ok(())
}
