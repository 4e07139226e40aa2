//! Task 4: work that blocks its thread delays no other client.

use std::rc::Rc;
use std::time::{Duration, Instant};

use course::text::time;
use engine::drive::{Client, Server, Start, Trial};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::limits::{IDLE_ERROR, expect_limit, limits};
use crate::expect;

/// When a silent client was disconnected.
struct Closed {
    /// The time since it connected.
    after: Duration,
    /// Whether the work was done by then.
    is_late: bool,
}

pub(super) async fn blocking_work(trial: &Trial) -> Result<(), CheckError> {
    const LIMIT: Duration = Duration::from_millis(300);
    const START: Start = limits!(idle "300", line "20000", write "20000");
    let server = trial.start(&START).await?;
    let word = trial.word_text();
    expect_forms(trial, &server, &word).await?;
    let attackers = async {
        trial.step("connect client A, which sends WORK 1000, and client B, which is silent");
        let worker = Rc::new(server.connect("client A").await?);
        let begun = Instant::now();
        let silent = server.connect("client B").await?;
        worker.send(&format!("WORK 1000 {word}\n").into_bytes().into()).await?;
        // In its own task, so that it notices immediately when the client is disconnected.
        let closing = tokio::task::spawn_local(hear_end(silent, Rc::clone(&worker), begun));
        Ok((worker, closing, begun))
    };
    let what = "a client whose WORK is running";
    let (worker, closing, begun) =
        expect::unaffected_by(trial, &server, "the work in progress", what, attackers).await?;
    trial.step(format!(
        "client B must be disconnected after {}, while client A's work is still running",
        time(LIMIT)
    ));
    let closed = closing.await;
    let closed = closed
        .map_err(|_| CheckError::Inconclusive("a task of the grader was lost".to_owned()))??;
    if closed.is_late {
        expect::not_starved(&server.process)?;
        let after = time(closed.after);
        let failure = Failure::property(format!(
            "client B was disconnected only after {after}, once the work was done"
        ))
        .expecting("the idle timeout disconnects client B while client A's work is still running")
        .because(causes::WORK_BLOCKS_RUNTIME);
        return Err(server.fail(failure).await);
    }
    worker.hear(&format!("ECHO: {word}\n")).await?;
    if expect::is_early(begun.elapsed(), Duration::from_secs(1)) {
        let failure =
            Failure::property(format!("the answer arrived after {}", time(begun.elapsed())))
                .expecting("WORK 1000 is answered after a second of work");
        return Err(server.fail(failure).await);
    }
    worker.finish().await
}

/// A valid `WORK` is carried out; a line of any other form is echoed.
async fn expect_forms(trial: &Trial, server: &Rc<Server>, word: &str) -> Result<(), CheckError> {
    trial.step("client A sends lines that only begin like a WORK, which must be echoed, then a valid WORK of 1 ms");
    let client = server.connect("client A").await?;
    client.say("WORK x y\nWORKING\n", "ECHO: WORK x y\nECHO: WORKING\n").await?;
    client.say(&format!("WORK 1 {word}\n"), &format!("ECHO: {word}\n")).await?;
    client.finish().await
}

/// Waits until `silent`, which connected after `begun`, is disconnected by its idle timeout while the work of `worker`
/// is running.
async fn hear_end(
    silent: Client,
    worker: Rc<Client>,
    begun: Instant,
) -> Result<Closed, CheckError> {
    let heard = expect_limit(&silent, IDLE_ERROR).await;
    let is_late = worker.connection.unread() > 0;
    let after = begun.elapsed();
    heard?;
    silent.expect_close().await?;
    Ok(Closed { after, is_late })
}
