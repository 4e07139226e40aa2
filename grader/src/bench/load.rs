//! The load generator: a process of its own, so that what it costs is counted neither as the server's nor as the
//! grader's, and so that it can have CPUs of its own.
//!
//! It is the grader's own executable, started as `grader __load`. The two speak in lines: it reads an [`Order`], and
//! says [`Said::Connected`]; the next line it reads lets it warm up, the next one measure, and each time it says
//! [`Said::Measured`]. Between two of these nothing is under way: no request is unanswered, so that whoever reads the
//! server's CPU time in between counts whole round trips.
//!
//! All it does for a round trip is one `write`, one `read`, its part of an `epoll_wait`, and one look at the clock: it
//! has to be about as cheap as the best server, or the differences between servers would drown in it.

use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use hdrhistogram::Histogram;
use rustix::event::{Timespec, epoll};
use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use socket2::SockRef;

/// The first argument that makes the grader a load generator.
pub const ARGUMENT: &str = "__load";

/// What each request is long.
pub const BYTES: usize = 64;

/// How long an answer may take at most. Whoever is silent for longer is not measured.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Connects before the last of them is answered, which shows that all of them were accepted: a listener's queue holds
/// 128 in Rust's std.
const BATCH: usize = 64;

/// The same once a connect was dropped: Python's queue holds 5.
const SMALL_BATCH: usize = 4;

/// A connect over loopback that takes longer was dropped at first, and repeated after a second.
const DROPPED: Duration = Duration::from_millis(900);

/// Events that one `epoll_wait` gives at most.
const EVENTS: usize = 256;

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub address: SocketAddr,
    /// How many are connected.
    pub connections: usize,
    /// How many of them send.
    pub active: usize,
    pub pace: Pace,
    pub warm_up: Duration,
    pub measure: Duration,
    /// The CPUs to use, with a thread for each.
    pub cpus: Vec<usize>,
    /// Whether the server has other CPUs: nobody is kept from one, then, by a loop that looks at the clock.
    pub alone: bool,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Closed loop: each client sends as soon as it has its answer.
    PingPong,
    /// Open loop: so many a second over all clients, at times that are planned before and do not depend on answers.
    /// A request whose clients are all busy waits, and its latency counts from the planned time on.
    PerSecond(f64),
}

/// What a load generator says, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Connected(Connected),
    /// First the warm-up, in which all clients have asked as well, then what counts.
    Measured(Measured),
    /// It cannot do its work: the machine's trouble.
    Unable(String),
}

/// How connecting went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connected {
    /// Connections that the server holds, as far as that is known.
    pub open: usize,
    /// From the first connect until the server had accepted the last one.
    pub elapsed: Duration,
    /// Why there are not more, if so.
    pub trouble: Option<Refusal>,
}

/// Why a connection could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The server has closed it, or did not take it.
    Closed,
    /// It is there, but nothing is answered.
    Silent,
    /// What came back is something else.
    Wrong,
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub round_trips: u64,
    pub elapsed: Duration,
    /// CPU time of the load generator itself.
    pub cpu: Duration,
    /// How much of its time the busiest thread had something to do, or wanted to and did not get its CPU: 0 to 1.
    pub busy: f64,
    /// Of a closed loop, from the moment of sending; of an open one, from the planned moment.
    pub latency: Latency,
    /// Of an open loop: the same requests, counted from the moment of sending.
    pub from_sending: Option<Latency>,
    /// Of an open loop: by how much the load generator itself was late, in 99 of 100 requests at most.
    pub late: Option<Duration>,
    /// Connections that were closed or reset, idle ones among them.
    pub lost: usize,
    /// Connections on which something else came back, or more than was sent.
    pub wrong: usize,
    /// Requests without an answer in the end.
    pub unanswered: usize,
}

/// Round-trip times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub worst: Duration,
}

impl Latency {
    fn of(times: &Histogram<u64>) -> Self {
        let at = |quantile| Duration::from_nanos(times.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            worst: Duration::from_nanos(times.max()),
        }
    }
}

/// Runs a load generator, whose orders come over standard input.
#[must_use]
pub fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody listens any more there is nobody to tell.
            let _ = say(&Said::Unable(format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<()> {
    let mut input = io::stdin().lock();
    let mut line = String::new();
    input.read_line(&mut line)?;
    let order: Order = serde_json::from_str(&line).context("not an order")?;
    let mut go_on = || -> Result<bool> {
        line.clear();
        Ok(input.read_line(&mut line)? > 0)
    };
    // Whatever ends the grader: nobody is left who would wait for this. It is started by its first thread.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    use_cpus(&order.cpus)?;
    let (connections, connected) = connect(&order)?;
    let is_whole = connected.trouble.is_none();
    say(&Said::Connected(connected))?;
    if !is_whole {
        return Ok(());
    }
    let (active, silent) = choose(connections, order.active);
    let mut drivers = drivers(&order, active)?;
    for length in [order.warm_up, order.measure] {
        if !go_on()? {
            return Ok(());
        }
        let (begin, cpu) = (Instant::now(), cpu_time());
        let tallies = run(&mut drivers, &order, length)?;
        let (elapsed, cpu) = (begin.elapsed(), cpu_time().saturating_sub(cpu));
        let mut measured = measured(tallies, &order, length)?;
        (measured.elapsed, measured.cpu) = (elapsed, cpu);
        measured.lost += silent.iter().filter(|stream| !is_silent(stream)).count();
        say(&Said::Measured(measured))?;
    }
    // What the server has in memory is read with all connections open.
    go_on()?;
    Ok(())
}

/// Parts those that send from those that only are there, all over the line: they are not those of the lowest
/// descriptors.
fn choose(connections: Vec<TcpStream>, active: usize) -> (Vec<TcpStream>, Vec<TcpStream>) {
    let all = connections.len();
    let is_active = |index: usize| (index * active) % all < active;
    let numbered = connections.into_iter().enumerate();
    let (active, silent): (Vec<_>, Vec<_>) = numbered.partition(|&(index, _)| is_active(index));
    let streams =
        |numbered: Vec<(usize, TcpStream)>| numbered.into_iter().map(|(_, it)| it).collect();
    (streams(active), streams(silent))
}

/// Whether a connection that nobody has used is still there, and nothing has come over it.
fn is_silent(stream: &TcpStream) -> bool {
    // One that cannot be asked is not one that was closed.
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn say(what: &Said) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(what)?)?;
    out.flush()?;
    Ok(())
}

fn use_cpus(cpus: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|&cpu| set.set(cpu));
    sched_setaffinity(None, &set).context("cannot choose a CPU")
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Connects all, and sees that they are accepted: the queue of a listener is a queue, so who is answered was behind
/// all that came before. The others have then not sent a byte.
fn connect(order: &Order) -> Result<(Vec<TcpStream>, Connected)> {
    let begin = Instant::now();
    let mut open = Vec::with_capacity(order.connections);
    let mut batch = BATCH;
    let mut trouble = None;
    while open.len() < order.connections && trouble.is_none() {
        let sure = open.len();
        let until = order.connections.min(sure + batch);
        while open.len() < until {
            let begun = Instant::now();
            match TcpStream::connect_timeout(&order.address, PATIENCE) {
                Ok(stream) => open.push(prepared(stream)?),
                Err(error) if is_refusal(&error) => {
                    trouble = Some(Refusal::Closed);
                    break;
                }
                Err(error) => return Err(error).context("cannot connect"),
            }
            if begun.elapsed() > DROPPED && batch > SMALL_BATCH && open.len() < until {
                batch = SMALL_BATCH;
                break;
            }
        }
        let deadline = Instant::now() + PATIENCE;
        if let Some(Err(refusal)) = open.last().map(|last| ask(last, deadline)) {
            // Some before it may have been taken: those that answer now.
            trouble = Some(refusal);
            let mut index = 0;
            open.retain(|stream| {
                index += 1;
                index <= sure || refusal == Refusal::Closed && ask(stream, deadline).is_ok()
            });
        }
    }
    let connected = Connected { open: open.len(), elapsed: begin.elapsed(), trouble };
    Ok((open, connected))
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::TimedOut
    )
}

/// A stream that sends at once, and whose end uses up no port (rule R7).
fn prepared(stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    Ok(stream)
}

/// One round trip on a stream that blocks, done by `deadline`.
fn ask(mut stream: &TcpStream, deadline: Instant) -> Result<(), Refusal> {
    let (request, mut answer) = ([b'?'; BYTES], [0; BYTES]);
    stream.write_all(&request).map_err(|_| Refusal::Closed)?;
    let mut received = 0;
    while received < BYTES {
        let left = deadline.saturating_duration_since(Instant::now());
        // A time-out of zero is none.
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return Err(Refusal::Silent);
        }
        match stream.read(&mut answer[received..]) {
            Ok(0) => return Err(Refusal::Closed),
            Ok(count) => received += count,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(Refusal::Silent),
                ErrorKind::Interrupted => {}
                _ => return Err(Refusal::Closed),
            },
        }
    }
    if answer == request { Ok(()) } else { Err(Refusal::Wrong) }
}

/// A part of the clients, which one thread drives.
struct Driver {
    epoll: OwnedFd,
    clients: Vec<Client>,
    /// Where all times count from.
    clock: Instant,
    requests: u64,
}

struct Client {
    /// None once it is lost.
    stream: Option<TcpStream>,
    request: [u8; BYTES],
    /// With room for a byte too many.
    answer: [u8; BYTES + 1],
    /// How much of the answer has come.
    received: usize,
    /// Whether an answer is awaited.
    is_waiting: bool,
    /// When the request was sent, and was to be sent, in nanoseconds of the driver's clock.
    sent: u64,
    planned: u64,
    /// When the last answer was whole.
    freed: u64,
}

/// What a driver has counted.
struct Tally {
    round_trips: u64,
    latency: Histogram<u64>,
    from_sending: Histogram<u64>,
    late: Histogram<u64>,
    lost: usize,
    wrong: usize,
    unanswered: usize,
    /// As [`Measured::busy`].
    busy: f64,
}

impl Tally {
    /// For requests over `length`.
    fn new(length: Duration) -> Result<Self> {
        // A histogram of fixed size: to grow while it is written to would take time.
        let most = (length + 2 * PATIENCE).as_nanos() as u64;
        let new =
            || Histogram::new_with_max(most, 3).map_err(|error| anyhow!("no histogram: {error}"));
        Ok(Self {
            round_trips: 0,
            latency: new()?,
            from_sending: new()?,
            late: new()?,
            lost: 0,
            wrong: 0,
            unanswered: 0,
            busy: 0.0,
        })
    }
}

/// A thread for each CPU, if there are as many clients.
fn drivers(order: &Order, active: Vec<TcpStream>) -> Result<Vec<Driver>> {
    let threads = order.cpus.len().clamp(1, active.len().max(1));
    let mut drivers = Vec::new();
    let (each, rest) = (active.len() / threads, active.len() % threads);
    let mut active = active.into_iter();
    for thread in 0..threads {
        let share = each + usize::from(thread < rest);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut clients = Vec::with_capacity(share);
        for stream in active.by_ref().take(share) {
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(clients.len() as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            // Bytes that another client would not send.
            let mut request = [0; BYTES];
            for (place, byte) in request.iter_mut().enumerate() {
                *byte = (place * 31 + clients.len() * 17 + thread * 101) as u8;
            }
            clients.push(Client {
                stream: Some(stream),
                request,
                answer: [0; BYTES + 1],
                received: 0,
                is_waiting: false,
                sent: 0,
                planned: 0,
                freed: 0,
            });
        }
        drivers.push(Driver { epoll, clients, clock: Instant::now(), requests: 0 });
    }
    Ok(drivers)
}

/// Lets all drivers run for `length`, until all is answered.
fn run(drivers: &mut [Driver], order: &Order, length: Duration) -> Result<Vec<Tally>> {
    /// All threads are there by then.
    const SOON: Duration = Duration::from_millis(5);
    let threads = drivers.len() as u64;
    let tallies: Vec<_> = drivers.iter().map(|_| Tally::new(length)).collect::<Result<_>>()?;
    let begin = Instant::now() + SOON;
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for (place, (driver, tally)) in drivers.iter_mut().zip(tallies).enumerate() {
            let schedule = move |rate| {
                let all = ((length.as_secs_f64() * rate) as u64).max(1);
                Schedule { begin, rate, all, first: place as u64, step: threads }
            };
            running.push(scope.spawn(move || match order.pace {
                Pace::PingPong => driver.ping_pong(tally, length),
                Pace::PerSecond(rate) => {
                    driver.open_loop(tally, &schedule(rate), length, order.alone)
                }
            }));
        }
        let tallies = running.into_iter().map(|thread| match thread.join() {
            Ok(tally) => tally,
            Err(_) => bail!("a thread of the load generator panicked"),
        });
        tallies.collect()
    })
}

/// The moments at which a thread sends: of all requests, which are evenly spread, every so many.
struct Schedule {
    begin: Instant,
    /// Of all threads, a second.
    rate: f64,
    all: u64,
    first: u64,
    step: u64,
}

impl Schedule {
    fn count(&self) -> u64 {
        self.all.saturating_sub(self.first).div_ceil(self.step)
    }

    /// When the request of that number is due, in nanoseconds from the beginning.
    fn moment(&self, request: u64) -> u64 {
        ((request * self.step + self.first) as f64 * 1e9 / self.rate) as u64
    }
}

fn measured(tallies: Vec<Tally>, order: &Order, length: Duration) -> Result<Measured> {
    let mut sum = Tally::new(length)?;
    for tally in tallies {
        sum.round_trips += tally.round_trips;
        sum.lost += tally.lost;
        sum.wrong += tally.wrong;
        sum.unanswered += tally.unanswered;
        sum.busy = sum.busy.max(tally.busy);
        for (sum, one) in [
            (&mut sum.latency, &tally.latency),
            (&mut sum.from_sending, &tally.from_sending),
            (&mut sum.late, &tally.late),
        ] {
            sum.add(one).map_err(|error| anyhow!("histograms do not add up: {error}"))?;
        }
    }
    let is_open = matches!(order.pace, Pace::PerSecond(_));
    Ok(Measured {
        round_trips: sum.round_trips,
        elapsed: Duration::ZERO,
        cpu: Duration::ZERO,
        busy: sum.busy,
        latency: Latency::of(&sum.latency),
        from_sending: is_open.then(|| Latency::of(&sum.from_sending)),
        late: is_open.then(|| Duration::from_nanos(sum.late.value_at_quantile(0.99))),
        lost: sum.lost,
        wrong: sum.wrong,
        unanswered: sum.unanswered,
    })
}

/// CPU time of this thread, and the time that it has waited for a CPU (proc(5)).
fn wanted() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let numbers = text.split_ascii_whitespace().take(2).filter_map(|it| it.parse::<u64>().ok());
    Duration::from_nanos(numbers.sum())
}

impl Driver {
    fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// Closed loop: all clients send, and each again when it has its answer, until `length` is over.
    fn ping_pong(&mut self, mut tally: Tally, length: Duration) -> Result<Tally> {
        let (begin, before) = (self.now(), wanted());
        let end = begin + length.as_nanos() as u64;
        let mut under_way = 0;
        for index in 0..self.clients.len() {
            let now = self.now();
            under_way += usize::from(self.send(index, now, &mut tally));
        }
        let mut events = Events::new();
        let mut moved = self.now();
        while under_way > 0 {
            let found = events.wait(&self.epoll, PATIENCE)?;
            for index in found.iter().map(|event| event.data.u64() as usize) {
                if !self.receive(index, &mut under_way, &mut tally) {
                    continue;
                }
                // One look at the clock: the end of one round trip and the beginning of the next.
                let now = self.now();
                moved = now;
                tally.latency.saturating_record(now - self.clients[index].sent);
                if now < end {
                    under_way += usize::from(self.send(index, now, &mut tally));
                }
            }
            // Bytes alone are no answers.
            if self.now() - moved >= PATIENCE.as_nanos() as u64 {
                break;
            }
        }
        tally.unanswered = under_way;
        let elapsed = Duration::from_nanos(self.now() - begin);
        tally.busy = wanted().saturating_sub(before).as_secs_f64() / elapsed.as_secs_f64();
        Ok(tally)
    }

    /// Open loop: each request of the `schedule` has its moment, whether the last ones are answered or not.
    fn open_loop(
        &mut self,
        mut tally: Tally,
        schedule: &Schedule,
        length: Duration,
        alone: bool,
    ) -> Result<Tally> {
        /// A look that takes longer than this was a sleep.
        const LOOK: u64 = 20_000;
        let begin = schedule.begin.saturating_duration_since(self.clock).as_nanos() as u64;
        let (all, moment) = (schedule.count(), |request| begin + schedule.moment(request));
        let last = begin + (length + PATIENCE).as_nanos() as u64;
        let is_open = |index: &usize| self.clients[*index].stream.is_some();
        let mut free: VecDeque<usize> = (0..self.clients.len()).filter(is_open).collect();
        let (mut under_way, mut next, mut idle) = (0, 0, 0);
        let mut events = Events::new();
        while next < all || under_way > 0 {
            let now = self.now();
            if now > last || (free.is_empty() && under_way == 0) {
                break;
            }
            while next < all && moment(next) <= now {
                let Some(index) = free.pop_front() else { break };
                let (planned, sent) = (moment(next), self.now());
                if self.clients[index].freed <= planned {
                    tally.late.saturating_record(sent - planned);
                }
                self.clients[index].planned = planned;
                if self.send(index, sent, &mut tally) {
                    (under_way, next) = (under_way + 1, next + 1);
                }
            }
            // To the next moment, unless there is nobody to send: a sleep ends late, a look at the clock does not.
            let pause = match next < all && !free.is_empty() {
                true if alone => Duration::ZERO,
                true => Duration::from_nanos(moment(next).saturating_sub(self.now())),
                false => Duration::from_millis(100),
            };
            let before = self.now();
            let found = events.wait(&self.epoll, pause)?;
            let waited = self.now() - before;
            if before >= begin && (found.is_empty() || waited > LOOK) {
                idle += waited;
            }
            for index in found.iter().map(|event| event.data.u64() as usize) {
                if !self.receive(index, &mut under_way, &mut tally) {
                    continue;
                }
                let now = self.now();
                let client = &mut self.clients[index];
                client.freed = now;
                tally.latency.saturating_record(now - client.planned);
                tally.from_sending.saturating_record(now - client.sent);
                free.push_back(index);
            }
        }
        tally.unanswered = under_way + (all - next) as usize;
        // Who has nothing to do is not busy.
        let elapsed = self.now().saturating_sub(begin).max(1);
        tally.busy = if all == 0 { 0.0 } else { (1.0 - idle as f64 / elapsed as f64).max(0.0) };
        Ok(tally)
    }

    /// Sends the next request of a client; says whether it is under way.
    fn send(&mut self, index: usize, now: u64, tally: &mut Tally) -> bool {
        self.requests += 1;
        let client = &mut self.clients[index];
        let Some(mut stream) = client.stream.as_ref() else { return false };
        // No two requests are equal.
        client.request[..8].copy_from_slice(&self.requests.to_le_bytes());
        client.received = 0;
        client.sent = now;
        // The last answer has come, so there is room for the next request.
        client.is_waiting = matches!(stream.write(&client.request), Ok(BYTES));
        if !client.is_waiting {
            client.stream = None;
            tally.lost += 1;
        }
        client.is_waiting
    }

    /// Reads what has come for a client; says whether its answer is whole now. A client of which something else, or
    /// the end, has come is closed and counted. Whoever was waiting and is no longer is not `under_way` any more.
    fn receive(&mut self, index: usize, under_way: &mut usize, tally: &mut Tally) -> bool {
        let client = &mut self.clients[index];
        let Some(mut stream) = client.stream.as_ref() else { return false };
        // After the answer nothing is to come.
        let from = if client.is_waiting { client.received } else { BYTES };
        match stream.read(&mut client.answer[from..]) {
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return false;
            }
            Ok(0) | Err(_) => tally.lost += 1,
            Ok(count) => {
                client.received = from + count;
                if client.received < BYTES {
                    return false;
                }
                if client.received == BYTES && client.answer[..BYTES] == client.request {
                    client.is_waiting = false;
                    *under_way -= 1;
                    tally.round_trips += 1;
                    return true;
                }
                tally.wrong += 1;
            }
        }
        client.stream = None;
        *under_way -= usize::from(client.is_waiting);
        client.is_waiting = false;
        false
    }
}

/// Room for what `epoll_wait` finds.
struct Events(Box<[MaybeUninit<epoll::Event>; EVENTS]>);

impl Events {
    fn new() -> Self {
        Self(Box::new([MaybeUninit::uninit(); EVENTS]))
    }

    fn wait(&mut self, set: &OwnedFd, timeout: Duration) -> Result<&[epoll::Event]> {
        let timeout = Timespec::try_from(timeout)?;
        match epoll::wait(set, self.0.as_mut_slice(), Some(&timeout)) {
            Ok((found, _)) => Ok(found),
            Err(rustix::io::Errno::INTR) => Ok(&[]),
            Err(error) => Err(error).context("epoll_wait"),
        }
    }
}
