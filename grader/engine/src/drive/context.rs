//! What the parts of one run of a check share: its journal, random data, certificates and programs.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::rc::Rc;

use observe::Starvation;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

use super::payload::Payload;
use super::pki::Pki;
use crate::subject::{DescriptorLimit, Launch, Launcher, Process, StdPipes};
use crate::verdict::{CheckError, Journal};

/// Shared by everything that a check starts. It owns the programs; none of them owns it.
pub struct Context {
    program: Vec<OsString>,
    launcher: Launcher,
    journal: Journal,
    random: RefCell<Xoshiro256PlusPlus>,
    /// The beginnings of the random words drawn so far.
    drawn: RefCell<Vec<String>>,
    serial: Cell<u64>,
    // Declared before `pki`: fields are dropped in this order, so programs end before their files are deleted.
    processes: RefCell<Vec<Rc<Process>>>,
    pki: OnceCell<Rc<Pki>>,
}

impl Context {
    /// The context of a run of the check `id`, with random data that `seed` and `id` determine (rule R10).
    pub(super) fn new(program: &[OsString], launcher: &Launcher, seed: u64, id: &str) -> Self {
        // FNV-1a: from one seed, each check gets its own data, in whatever order the checks run.
        let mixed = id.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            program: program.to_vec(),
            launcher: launcher.clone(),
            journal: Journal::default(),
            random: RefCell::new(Xoshiro256PlusPlus::seed_from_u64(mixed)),
            drawn: RefCell::default(),
            serial: Cell::new(0),
            processes: RefCell::default(),
            pki: OnceCell::new(),
        }
    }

    /// The command of the program under test.
    #[must_use]
    pub fn program(&self) -> &[OsString] {
        &self.program
    }

    /// What has happened so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Records what the grader does next; a failure lists all steps so far.
    pub fn step(&self, step: impl Into<String>) {
        self.journal.action(step);
    }

    /// Adds evidence that costs no points, for the report of a check that passes.
    pub fn note(&self, note: impl Into<String>) {
        self.journal.note(note);
    }

    /// Starts a program as a server, which ends with the run at the latest.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor left.
    pub(super) fn launch(
        &self,
        words: Vec<OsString>,
        descriptors: DescriptorLimit,
    ) -> Result<Rc<Process>, CheckError> {
        let launch = Launch::new(words, descriptors);
        let process = Process::start(&self.launcher, &self.journal, &launch)?;
        self.processes.borrow_mut().push(Rc::clone(&process));
        Ok(process)
    }

    /// Starts a program whose standard input and output the caller feeds and reads.
    ///
    /// # Errors
    ///
    /// As [`Self::launch`].
    pub(super) fn launch_with_pipes(
        &self,
        words: Vec<OsString>,
        descriptors: DescriptorLimit,
    ) -> Result<(Rc<Process>, StdPipes), CheckError> {
        let launch = Launch::new(words, descriptors);
        let (process, pipes) = Process::start_with_pipes(&self.launcher, &self.journal, &launch)?;
        self.processes.borrow_mut().push(Rc::clone(&process));
        Ok((process, pipes))
    }

    /// How often the program has been started so far.
    pub(super) fn starts(&self) -> usize {
        self.processes.borrow().len()
    }

    /// The program that was started last.
    #[must_use]
    pub fn last_process(&self) -> Option<Rc<Process>> {
        self.processes.borrow().last().cloned()
    }

    /// Ends all programs and waits until none of their processes is left.
    pub(super) fn end(&self) {
        self.processes.borrow().iter().for_each(|process| process.end());
    }

    /// What, if anything, kept a program off the CPUs for long enough to explain a failure.
    #[must_use]
    pub fn was_hindered(&self) -> Option<Starvation> {
        self.processes.borrow().iter().find_map(|process| process.was_hindered())
    }

    /// The certificates of this run, created on first use.
    ///
    /// # Errors
    ///
    /// This machine cannot create or store them.
    pub fn pki(&self) -> Result<Rc<Pki>, CheckError> {
        if let Some(pki) = self.pki.get() {
            return Ok(Rc::clone(pki));
        }
        let pki = Pki::new(&format!("{}.test", self.text(12)));
        let cannot =
            |error| CheckError::Inconclusive(format!("cannot create certificates: {error}"));
        let pki = Rc::new(pki.map_err(cannot)?);
        Ok(Rc::clone(self.pki.get_or_init(|| pki)))
    }

    /// A number that was not returned before, from 0.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial.replace(self.serial.get() + 1)
    }

    /// A random number from `range`.
    #[must_use]
    pub fn number(&self, range: RangeInclusive<usize>) -> usize {
        self.random.borrow_mut().random_range(range)
    }

    /// Random bytes; their number is drawn from `length`.
    #[must_use]
    pub fn bytes(&self, length: RangeInclusive<usize>) -> Payload {
        let mut bytes = vec![0; self.number(length)];
        self.random.borrow_mut().fill_bytes(&mut bytes);
        Payload::Bytes(bytes)
    }

    /// `length` random bytes, see [`Payload::random`].
    #[must_use]
    pub fn stream(&self, length: u64) -> Payload {
        Payload::random(self.random.borrow_mut().random(), length)
    }

    /// From 8 to 40 random lowercase letters.
    #[must_use]
    pub fn word(&self) -> Vec<u8> {
        self.letters(self.number(8..=40))
    }

    /// The same, as text.
    #[must_use]
    pub fn word_text(&self) -> String {
        self.text(self.number(8..=40))
    }

    /// `length` random lowercase letters as text.
    #[must_use]
    pub fn text(&self, length: usize) -> String {
        self.letters(length).into_iter().map(char::from).collect()
    }

    /// `length` random lowercase letters.
    #[must_use]
    pub fn letters(&self, length: usize) -> Vec<u8> {
        /// Reports quote no more of a word.
        const QUOTED: usize = 256;
        let letters: Vec<u8> = (0..length).map(|_| b'a' + self.number(0..=25) as u8).collect();
        let quoted = &letters[..length.min(QUOTED)];
        self.drawn.borrow_mut().push(quoted.iter().copied().map(char::from).collect());
        letters
    }

    /// The beginnings of all random words drawn so far.
    pub(crate) fn drawn(&self) -> Vec<String> {
        self.drawn.borrow().clone()
    }

    /// A line of random letters.
    #[must_use]
    pub fn line(&self) -> Payload {
        let mut line = self.word();
        line.push(b'\n');
        Payload::Bytes(line)
    }

    /// Each of the 256 byte values once, in random order.
    #[must_use]
    pub fn all_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..=255).collect();
        for index in (1..bytes.len()).rev() {
            bytes.swap(index, self.number(0..=index));
        }
        bytes
    }
}
