//! Clients that send and read as fast as they can, beside one that sends single requests.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use course::text::size;
use engine::drive::{Client, Server, Trial, run_while};
use engine::verdict::{CheckError, Failure};

use super::causes;
use super::edge::EDGE;
use crate::expect;

/// Enough clients to keep the program busy even when other programs get most of the CPU time.
const GREEDY: usize = 8;

/// The most that each of them sends, so that even a check that hangs ends.
const MAX_SENT: u64 = 8 << 30;

/// Clients that send and read without a pause, each with two threads of its own, so that they keep up with the program.
/// Dropping this value ends them.
struct GreedyClients {
    streams: Vec<TcpStream>,
    threads: Vec<JoinHandle<()>>,
    traffic: Arc<Traffic>,
}

/// How many bytes the greedy clients have sent and received.
#[derive(Default)]
struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

impl GreedyClients {
    #[allow(
        clippy::disallowed_methods,
        reason = "its threads block, and a transcript of it would be endless"
    )]
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let (mut streams, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..GREEDY {
            let stream = TcpStream::connect(address)?;
            let (reader, writer) = (stream.try_clone()?, stream.try_clone()?);
            let (sent, received) = (Arc::clone(&traffic), Arc::clone(&traffic));
            threads.push(std::thread::spawn(move || send_all(writer, &sent.sent)));
            threads.push(std::thread::spawn(move || receive_all(reader, &received.received)));
            streams.push(stream);
        }
        Ok(Self { streams, threads, traffic })
    }

    fn received(&self) -> u64 {
        self.traffic.received.load(Ordering::Relaxed)
    }

    /// Waits until nothing moves any more. The program must be stopped.
    async fn until_stalled(&self) {
        const STALL: Duration = Duration::from_millis(15);
        let all = || self.received() + self.traffic.sent.load(Ordering::Relaxed);
        let (mut last, mut since) = (all(), Instant::now());
        while since.elapsed() < STALL {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if all() != last {
                (last, since) = (all(), Instant::now());
            }
        }
    }
}

impl Drop for GreedyClients {
    fn drop(&mut self) {
        for stream in &self.streams {
            // Wakes both threads.
            let _ = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn send_all(mut stream: TcpStream, sent: &AtomicU64) {
    let block = vec![b'g'; 256 * 1024];
    let mut most = MAX_SENT;
    while most > 0 {
        let Ok(count) = stream.write(&block) else { return };
        sent.fetch_add(count as u64, Ordering::Relaxed);
        most = most.saturating_sub(count as u64);
    }
}

fn receive_all(mut stream: TcpStream, received: &AtomicU64) {
    let mut block = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut block) {
        received.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// Greedy clients do not starve the others. The check does not measure time, but how much of the greedy clients' data
/// the program echoes before it answers another client. An event loop that serves one client for as long as that client
/// has data echoes at least what all of the greedy sockets hold.
pub(super) async fn greedy_clients(trial: &Trial) -> Result<(), CheckError> {
    /// Which client is next when the program continues is nondeterministic.
    const REQUESTS: usize = 15;
    /// How much of each greedy client's data may be echoed before the other client is answered. A greedy client's
    /// sockets hold several times as much.
    const MAX_TURN: u64 = 2 << 20;
    const MAX: u64 = MAX_TURN * GREEDY as u64;
    let server = trial.start(&EDGE).await?;
    trial.step("connect client A, which gets an answer and stays connected");
    let client = server.serve_new_client("client A").await?;
    trial.step(format!("connect {GREEDY} clients that send and read as fast as they can"));
    let greedy = GreedyClients::connect(server.address());
    let greedy = greedy.map_err(|error| {
        CheckError::Inconclusive(format!("the greedy clients could not connect: {error}"))
    })?;
    wait_until_busy(&server, &greedy).await?;
    trial.step(format!(
        "{REQUESTS} times: stop the program (SIGSTOP) until nothing moves; client A sends a request; continue the \
         program (SIGCONT): how much is echoed to the others before client A gets its answer?"
    ));
    let mut too_much = Vec::new();
    for _ in 0..REQUESTS {
        let echoed = echoed_before_answer(&server, &client, &greedy).await?;
        too_much.extend((echoed > MAX).then(|| size(echoed)));
        // A single excess may be due to the grader's own delay.
        if let [first, second] = too_much.as_slice() {
            let failure = Failure::property(format!("{first} was echoed in one try, {second} in another"))
                .expecting(format!(
                    "before client A gets its answer, at most {} is echoed to the {GREEDY} others in all ({} for each)",
                    size(MAX),
                    size(MAX_TURN)
                ))
                .because(causes::UNBOUNDED_TURN);
            return Err(server.fail(failure).await);
        }
    }
    Ok(())
}

/// How much is echoed to `greedy` while `client` waits for an answer. When that wait starts, the program has work for
/// all of them.
async fn echoed_before_answer(
    server: &Server,
    client: &Client,
    greedy: &GreedyClients,
) -> Result<u64, CheckError> {
    server.process.pause().await?;
    greedy.until_stalled().await;
    let before = greedy.received();
    let resume = async {
        // The request is in the socket, or is about to be; the others' data already is.
        tokio::task::yield_now().await;
        server.process.resume();
    };
    let answered = run_while(resume, client.ask()).await;
    answered.map_err(|error| error.if_unanswered(causes::UNBOUNDED_TURN))?;
    Ok(greedy.received() - before)
}

/// Waits until some of the greedy clients' data has been echoed.
async fn wait_until_busy(server: &Rc<Server>, greedy: &GreedyClients) -> Result<(), CheckError> {
    const ENOUGH: u64 = 64 << 20;
    const MAX_WAIT: Duration = Duration::from_secs(8);
    let begin = Instant::now();
    while greedy.received() < ENOUGH {
        if begin.elapsed() > MAX_WAIT {
            expect::not_starved(&server.process)?;
            let observed = format!("{} was echoed", size(greedy.received()));
            let failure = Failure::property(observed)
                .expecting(format!("the data of the {GREEDY} clients is echoed"))
                .because(causes::STOPS_BEFORE_EAGAIN);
            return Err(server.fail(failure).await);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
