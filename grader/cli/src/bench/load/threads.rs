//! The threads of the load generator.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::closed_loop::closed_loop;
use super::driver::Driver;
use super::open_loop::OpenLoop;
use super::protocol::{Command, Pace};
use super::schedule::Schedule;
use super::tally::Tally;

/// After this delay all threads are running.
const HEAD_START: Duration = Duration::from_millis(5);

/// Divides the `active` clients among one thread per CPU, or per client if there are fewer clients.
pub(super) fn drivers(command: &Command, active: Vec<TcpStream>) -> Result<Vec<Driver>> {
    let threads = command.cpus.len().clamp(1, active.len().max(1));
    let (each, rest) = (active.len() / threads, active.len() % threads);
    let mut active = active.into_iter();
    let share = |thread: usize| each + usize::from(thread < rest);
    (0..threads).map(|thread| Driver::new(thread, active.by_ref().take(share(thread)))).collect()
}

/// Lets all drivers send for `length`, and waits for their answers.
pub(super) fn drive(
    drivers: &mut [Driver],
    command: &Command,
    length: Duration,
) -> Result<Vec<Tally>> {
    let threads = drivers.len();
    let tallies: Vec<_> = drivers.iter().map(|_| Tally::new(length)).collect::<Result<_>>()?;
    let begin = Instant::now() + HEAD_START;
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for (thread, (driver, tally)) in drivers.iter_mut().zip(tallies).enumerate() {
            running.push(scope.spawn(move || match command.pace {
                Pace::PingPong => closed_loop(driver, tally, length),
                Pace::PerSecond(rate) => {
                    let schedule = Schedule::new(begin, rate, length, thread, threads);
                    OpenLoop::new(driver, schedule, tally, command.has_own_cpus).run(length)
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
