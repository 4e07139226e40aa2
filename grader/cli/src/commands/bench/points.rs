//! The numbers of connections at which programs are measured.

use anyhow::{Result, bail};
use rustix::process::{Resource, getrlimit};

use super::arguments::BenchArguments;
use crate::bench::{ACTIVE, FIXED_RATE_CLIENTS, Point, SPARE_DESCRIPTORS, Scenario, thousands};

const RAISE: &str = "To raise it: `ulimit -Hn 65536` as root before you start, `LimitNOFILE=` for a systemd service, \
                     `--ulimit nofile=65536` for a container, or /etc/security/limits.conf and a new session";

/// The points that `arguments` request, reduced to what the limit on descriptors allows, and a note on each
/// reduction.
///
/// # Errors
///
/// The limit is too low even for the clients that send.
pub(super) fn points(arguments: &BenchArguments) -> Result<(Vec<Point>, Vec<String>)> {
    let limit = getrlimit(Resource::Nofile).maximum.map_or(usize::MAX, |limit| limit as usize);
    let max = limit.saturating_sub(SPARE_DESCRIPTORS);
    if max <= ACTIVE {
        bail!(
            "a process may have only {limit} descriptors here (ulimit -Hn), too few for {ACTIVE} clients. {RAISE}"
        );
    }
    let mut points = Points { limit, max, points: Vec::new(), notes: Vec::new() };
    let numbers = |usual: &[usize], quick: &[usize]| -> Vec<usize> {
        match (&arguments.connections[..], arguments.quick) {
            ([], false) => usual.to_vec(),
            ([], true) => quick.to_vec(),
            (given, _) => given.iter().map(|&number| number as usize).collect(),
        }
    };
    let wants = |scenario| arguments.scenario.is_empty() || arguments.scenario.contains(&scenario);
    if wants(Scenario::PingPong) {
        points.add_ping_pong(&numbers(&[1, 100, 1000, 5000], &[1, 100, 1000]));
    }
    if wants(Scenario::Idle) {
        points.add_idle(&numbers(&[0, 1000, 5000], &[0, 1000]));
    }
    if wants(Scenario::FixedRate) {
        let clients = FIXED_RATE_CLIENTS.min(max);
        points.add(Scenario::FixedRate, clients, clients);
    }
    Ok((points.points, points.notes))
}

struct Points {
    /// How many descriptors a process may have here.
    limit: usize,
    /// How many connections that allows.
    max: usize,
    points: Vec<Point>,
    notes: Vec<String>,
}

impl Points {
    fn add(&mut self, scenario: Scenario, connections: usize, active: usize) {
        self.points.push(Point { scenario, connections, active });
    }

    fn add_ping_pong(&mut self, numbers: &[usize]) {
        for clients in self.fit(numbers, 0) {
            if clients > 0 {
                self.add(Scenario::PingPong, clients, clients);
            }
        }
    }

    fn add_idle(&mut self, numbers: &[usize]) {
        for idle in self.fit(numbers, ACTIVE) {
            self.add(Scenario::Idle, idle + ACTIVE, ACTIVE);
        }
    }

    /// Limits `numbers` of connections to what fits beside `others`, sorts them, and removes duplicates. Adds a note
    /// if something does not fit, unless a note already says so.
    fn fit(&mut self, numbers: &[usize], others: usize) -> Vec<usize> {
        let max = self.max - others;
        let largest = numbers.iter().copied().max().unwrap_or(0);
        if largest > max && self.notes.is_empty() {
            self.notes.push(format!(
                "{} connections do not fit: a process may have {} descriptors here (ulimit -Hn), so {} were opened. \
                 {RAISE}",
                thousands(largest),
                thousands(self.limit),
                thousands(max)
            ));
        }
        let mut fitting: Vec<usize> = numbers.iter().map(|&number| number.min(max)).collect();
        fitting.sort_unstable();
        fitting.dedup();
        fitting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_reduced_and_noted_once() {
        let (points, notes) = (Vec::new(), Vec::new());
        let mut points = Points { limit: 300, max: 236, points, notes };
        points.add_ping_pong(&[5000, 0, 1000, 1]);
        points.add_idle(&[1000]);
        let numbers: Vec<_> =
            points.points.iter().map(|point| (point.connections, point.active)).collect();
        assert_eq!(numbers, [(1, 1), (236, 236), (236, ACTIVE)]);
        let [note] = &points.notes[..] else { panic!("{:?}", points.notes) };
        assert!(note.starts_with("5,000 connections do not fit: a process may have 300"), "{note}");
    }
}
