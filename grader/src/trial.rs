//! One run of one check: what it starts, what it does, what it may draw lots for.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::rc::Rc;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use crate::client::Payload;
use crate::outcome::{Failure, Stop};
use crate::pki::Pki;
use crate::process::Process;
use crate::scenarios::Service;
use crate::server::{Server, Start};

/// Handed to a check. Clones share everything.
#[derive(Clone)]
pub struct Trial {
    inner: Rc<Inner>,
}

struct Inner {
    service: &'static Service,
    program: Vec<OsString>,
    rng: RefCell<Xoshiro256PlusPlus>,
    steps: RefCell<Vec<String>>,
    notes: RefCell<Vec<String>>,
    servers: RefCell<Vec<Rc<Server>>>,
    processes: RefCell<Vec<Rc<Process>>>,
    pki: OnceCell<Rc<Pki>>,
}

/// What a program gets of the grader's environment: enough to find an interpreter and its modules,
/// nothing that could make one run differ from another.
const KEPT_VARIABLES: [&str; 5] = ["PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"];

impl Trial {
    /// A trial of `program`, a server as `service` says, whose lots are determined by `seed` and the
    /// check's `id`.
    #[must_use]
    pub fn new(service: &'static Service, program: &[OsString], seed: u64, id: &str) -> Self {
        // FNV-1a: checks draw different lots from one seed, in whatever order they run.
        let mixed = id.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let inner = Inner {
            service,
            program: program.to_vec(),
            rng: RefCell::new(Xoshiro256PlusPlus::seed_from_u64(mixed)),
            steps: RefCell::default(),
            notes: RefCell::default(),
            servers: RefCell::default(),
            processes: RefCell::default(),
            pki: OnceCell::new(),
        };
        Self { inner: Rc::new(inner) }
    }

    /// Starts the program as a server; it runs until the end of the trial.
    ///
    /// # Errors
    ///
    /// It does not come up.
    pub async fn start(&self, start: &Start) -> Result<Rc<Server>, Stop> {
        let server = Server::start(self, start).await?;
        self.inner.servers.borrow_mut().push(Rc::clone(&server));
        Ok(server)
    }

    /// All servers that came up, in order.
    #[must_use]
    pub fn servers(&self) -> Vec<Rc<Server>> {
        self.inner.servers.borrow().clone()
    }

    /// Keeps `process` until the end of the trial.
    pub fn keep(&self, process: &Rc<Process>) {
        self.inner.processes.borrow_mut().push(Rc::clone(process));
    }

    /// The program that was started last.
    #[must_use]
    pub fn last_process(&self) -> Option<Rc<Process>> {
        self.inner.processes.borrow().last().cloned()
    }

    /// Ends all programs.
    pub fn end(&self) {
        self.inner.servers.borrow_mut().clear();
        for process in self.inner.processes.borrow_mut().drain(..) {
            process.end();
        }
    }

    /// How the lab's servers are started and spoken to.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        self.inner.service
    }

    /// Its certificates, made when they are first asked for.
    ///
    /// # Errors
    ///
    /// This machine cannot make or keep any.
    pub fn pki(&self) -> Result<Rc<Pki>, Stop> {
        if let Some(pki) = self.inner.pki.get() {
            return Ok(Rc::clone(pki));
        }
        let pki = Pki::new(&format!("{}.test", self.text(12)));
        let cannot = |error| Stop::Inconclusive(format!("cannot make certificates: {error}"));
        let pki = Rc::new(pki.map_err(cannot)?);
        Ok(Rc::clone(self.inner.pki.get_or_init(|| pki)))
    }

    /// Says what is done next; a failure lists what was said so far.
    pub fn step(&self, step: impl Into<String>) {
        self.inner.steps.borrow_mut().push(step.into());
    }

    /// Evidence without points, for the report of a check that passes.
    pub fn note(&self, note: impl Into<String>) {
        self.inner.notes.borrow_mut().push(note.into());
    }

    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.inner.notes.borrow().clone()
    }

    /// Completes `failure` with the steps, and with a doubt where the machine was busy.
    #[must_use]
    pub fn failed(&self, mut failure: Failure) -> Stop {
        failure.steps.clone_from(&self.inner.steps.borrow());
        if !failure.is_certain() {
            let processes = self.inner.processes.borrow();
            failure.doubt = processes.iter().find_map(|process| process.was_hindered());
        }
        Stop::Failed(Box::new(failure))
    }

    /// A random number from `range`.
    #[must_use]
    pub fn number(&self, range: RangeInclusive<usize>) -> usize {
        self.inner.rng.borrow_mut().random_range(range)
    }

    /// Random bytes, as many as a number drawn from `length`.
    #[must_use]
    pub fn bytes(&self, length: RangeInclusive<usize>) -> Payload {
        let mut bytes = vec![0; self.number(length)];
        self.inner.rng.borrow_mut().fill_bytes(&mut bytes);
        Payload::Bytes(bytes)
    }

    /// `length` random bytes, see [`Payload::random`].
    #[must_use]
    pub fn stream(&self, length: u64) -> Payload {
        Payload::random(self.inner.rng.borrow_mut().random(), length)
    }

    /// Some random letters.
    #[must_use]
    pub fn word(&self) -> Vec<u8> {
        self.letters(self.number(8..=40))
    }

    /// The same as text.
    #[must_use]
    pub fn word_text(&self) -> String {
        self.text(self.number(8..=40))
    }

    /// So many random letters as text.
    #[must_use]
    pub fn text(&self, length: usize) -> String {
        self.letters(length).into_iter().map(char::from).collect()
    }

    /// So many random letters.
    #[must_use]
    pub fn letters(&self, length: usize) -> Vec<u8> {
        (0..length).map(|_| b'a' + self.number(0..=25) as u8).collect()
    }

    /// A line of random letters.
    #[must_use]
    pub fn line(&self) -> Payload {
        let mut line = self.word();
        line.push(b'\n');
        Payload::Bytes(line)
    }

    /// Each of the 256 values of a byte once, in random order.
    #[must_use]
    pub fn all_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..=255).collect();
        for index in (1..bytes.len()).rev() {
            bytes.swap(index, self.number(0..=index));
        }
        bytes
    }

    #[must_use]
    pub fn program(&self) -> &[OsString] {
        &self.inner.program
    }
}

/// The whole environment of each program.
#[must_use]
pub fn environment() -> Vec<(OsString, OsString)> {
    let kept =
        KEPT_VARIABLES.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
    kept.chain([("LANG".into(), "C.UTF-8".into())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::LABS;

    #[test]
    fn a_seed_repeats_what_is_drawn_and_another_does_not() {
        let drawn = |seed, id| {
            let trial = Trial::new(LABS[0].service, &[], seed, id);
            format!("{:?} {:?} {:?}", trial.bytes(1..=64), trial.stream(9), trial.number(0..=1000))
        };
        assert_eq!(drawn(7, "01/a"), drawn(7, "01/a"));
        assert_ne!(drawn(7, "01/a"), drawn(8, "01/a"));
        assert_ne!(drawn(7, "01/a"), drawn(7, "01/b"));
    }

    #[test]
    fn all_bytes_are_all_bytes() {
        let mut bytes = Trial::new(LABS[0].service, &[], 1, "").all_bytes();
        assert!(!bytes.is_sorted());
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    }
}
