//! Measures what 1,000 users in 50 rooms and 100,000 deliveries cost lab 07's solution and two servers in Python:
//! `cargo bench --bench chat [-- ROUNDS]`. Nothing is graded, but lost messages are an error.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use checks::expect::growth;
use checks::labs::lab07::ChatRoom;
use course::checkout::Checkout;
use course::text::{size, time};
use engine::drive::{Start, Trial, run_while, try_join_all};
use engine::lab::Lab;
use engine::subject::build::{BuildError, Profile, Variant};
use engine::subject::{Children, DescriptorLimit, supervisor};
use engine::verdict::{CheckError, Explanation, Failure};
use grader::session::Session;
use grader::status::INTERRUPTED;

const ROOMS: usize = 50;
const USERS_OF_EACH: usize = 20;
/// Each is delivered to everyone in the room: 1,000 × 5 × 20 deliveries.
const MESSAGES_OF_EACH: usize = 5;
const USERS: usize = ROOMS * USERS_OF_EACH;
const DELIVERIES: usize = USERS * MESSAGES_OF_EACH * USERS_OF_EACH;

/// Descriptors for the server itself, beyond one for each client.
const SPARE_DESCRIPTORS: u64 = 64;

/// How often the server's memory is read.
const SAMPLE_PERIOD: Duration = Duration::from_millis(5);

/// In bytes: half the total size of full queues, each with 256 events of 250 bytes.
const MAX_GROWTH: u64 = USERS as u64 * 32 * 1024;
const GREW: Explanation = Explanation::new("unbounded-queues", "queues have no bound");

fn main() -> Result<ExitCode> {
    // This executable is also its own supervisor.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|first| first == supervisor::ARGUMENT) {
        return Ok(supervisor::main(words));
    }
    // Cargo adds `--bench`.
    let rounds = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(5);
    let session = Session::begin(Checkout::find()?, &Children::default())?;
    let lab = checks::find("7").map_err(|_| anyhow!("there is no lab 7"))?;
    let built = session.build(lab, &Variant::Solution, Profile::Dev);
    let programs = [
        ("solution", built.map_err(BuildError::into_error)?),
        ("asyncio", python("chat.py")),
        ("threads", python("chat_threads.py")),
    ];
    println!(
        "{USERS} users in {ROOMS} rooms, {DELIVERIES} deliveries, none lost, duplicated or out of order"
    );
    println!(
        "server       joined     talked     CPU per delivery     memory before   peak while talking"
    );
    for round in 0..rounds {
        for (name, words) in &programs {
            match row(&session, lab, words, round as u64).context(*name)? {
                Some(row) => println!("{name:<10}   {row}"),
                None => return Ok(ExitCode::from(INTERRUPTED)),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The command of a server in `grader/foreign`.
fn python(name: &str) -> Vec<OsString> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../foreign");
    vec!["python3".into(), folder.join(name).into()]
}

/// The row of a freshly started server; `None` after an interrupt.
fn row(
    session: &Session,
    lab: &'static Lab,
    words: &[OsString],
    seed: u64,
) -> Result<Option<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let trial = Trial::new(lab.service, words, &session.launcher, seed, "chat");
        tokio::select! {
            () = session.interrupt.raised() => Ok(None),
            row = measure(&trial) => match row {
                Ok(row) => Ok(Some(row)),
                Err(CheckError::Failed(failure)) => Err(anyhow!("{failure:#?}")),
                Err(CheckError::Inconclusive(reason)) => Err(anyhow!(reason)),
            },
        }
    })
}

/// All users join, then all send messages, each sending the next once its own has been delivered back.
async fn measure(trial: &Trial) -> Result<String, CheckError> {
    // All of a room's events fit into a client's queue, so a user that is not scheduled for a while stays connected.
    let start = Start {
        flags: &["--queue", "256"],
        descriptors: DescriptorLimit::fixed(USERS as u64 + SPARE_DESCRIPTORS),
        ..Start::PLAIN
    };
    let server = trial.start(&start).await?;
    let begun = Instant::now();
    let rooms = (0..ROOMS).map(|_| ChatRoom::with_clients(&server, USERS_OF_EACH));
    let rooms = try_join_all(rooms).await?;
    let joined = begun.elapsed();
    let before = server.probe().rss_anon();
    let cpu =
        || server.probe().cpu_times().into_values().map(|time| time.running).sum::<Duration>();
    let (begun, cpu_before, most) = (Instant::now(), cpu(), Cell::new(0));
    let watching = async {
        loop {
            let grown = growth(&before, &server.probe().rss_anon()).into_values().sum::<u64>();
            most.set(most.get().max(grown));
            tokio::time::sleep(SAMPLE_PERIOD).await;
        }
    };
    let talks = rooms.iter().map(|room| async move {
        let talk = room.talk(MESSAGES_OF_EACH).await;
        room.judge(talk, true).await
    });
    run_while(watching, try_join_all(talks)).await?;
    let (talked, cpu) = (begun.elapsed(), cpu().saturating_sub(cpu_before));
    if most.get() > MAX_GROWTH {
        let failure = Failure::property(format!("the memory grew by {}", size(most.get())))
            .expecting(format!("memory grows by at most {}", size(MAX_GROWTH)))
            .because(GREW);
        return Err(server.process.fail(failure).await);
    }
    Ok(format!(
        "{:>7}   {:>8}   {:>15.1} µs   {:>13}   {:>18}",
        time(joined),
        time(talked),
        cpu.as_secs_f64() * 1e6 / DELIVERIES as f64,
        size(before.values().sum()),
        format!("+ {}", size(most.get())),
    ))
}
