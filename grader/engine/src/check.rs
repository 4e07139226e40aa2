//! A check, and its builder.
//!
//! ```
//! # use engine::drive::Start;
//! # use engine::lab::{Check, check, of_lab};
//! static CHECKS: &[Check] = &of_lab(42, [
//!     check("comes-up")
//!         .task(1)
//!         .correctness(10)
//!         .rule("the program says where it listens")
//!         .run(|trial| Box::pin(async { trial.start(&Start::PLAIN).await.map(drop) })),
//! ]);
//! assert_eq!(CHECKS[0].id(), "42/comes-up");
//! ```

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use course::labs::{Category, CheckInfo};

use crate::drive::Trial;
use crate::verdict::CheckError;

/// A check in progress.
pub type Run<'t> = Pin<Box<dyn Future<Output = Result<(), CheckError>> + 't>>;

/// One property of a program under test.
#[derive(Clone, Copy)]
pub struct Check {
    info: CheckInfo,
    run: for<'t> fn(&'t Trial) -> Run<'t>,
}

impl Check {
    /// Runs it in `trial`.
    pub(crate) fn run<'t>(&self, trial: &'t Trial) -> Run<'t> {
        (self.run)(trial)
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Gives direct access to a check's description.
impl std::ops::Deref for Check {
    type Target = CheckInfo;

    fn deref(&self) -> &CheckInfo {
        &self.info
    }
}

/// The checks of lab number `lab`.
#[must_use]
pub const fn of_lab<const COUNT: usize>(lab: u8, mut checks: [Check; COUNT]) -> [Check; COUNT] {
    let mut index = 0;
    while index < COUNT {
        checks[index].info.lab = lab;
        index += 1;
    }
    checks
}

/// Begins a check called `name`, for [`of_lab`]. Each step returns a type that has only the next one, so that none can be
/// forgotten.
#[must_use]
pub const fn check(name: &'static str) -> Named {
    Named(CheckInfo {
        lab: 0,
        name,
        task: 0,
        category: Category::Correctness,
        points: 0,
        rule: "",
        requires: &[],
        deadline: Duration::from_secs(30),
        quiet: false,
    })
}

/// A check that needs its task.
#[derive(Debug)]
pub struct Named(CheckInfo);

/// A check that needs its category and points.
#[derive(Debug)]
pub struct OfTask(CheckInfo);

/// A check that needs its rule.
#[derive(Debug)]
pub struct Scored(CheckInfo);

/// A check that lacks only the function that runs it.
#[derive(Debug)]
pub struct Described(CheckInfo);

impl Named {
    /// It checks the lab's task with this number.
    #[must_use]
    pub const fn task(mut self, number: u8) -> OfTask {
        self.0.task = number;
        OfTask(self.0)
    }
}

impl OfTask {
    #[must_use]
    pub const fn correctness(self, points: u32) -> Scored {
        self.scored(Category::Correctness, points)
    }

    /// With 0 points it is shown but not graded.
    #[must_use]
    pub const fn concurrency(self, points: u32) -> Scored {
        self.scored(Category::Concurrency, points)
    }

    #[must_use]
    pub const fn cleanup(self, points: u32) -> Scored {
        self.scored(Category::Cleanup, points)
    }

    const fn scored(mut self, category: Category, points: u32) -> Scored {
        (self.0.category, self.0.points) = (category, points);
        Scored(self.0)
    }
}

impl Scored {
    /// What a program must do, in one sentence.
    #[must_use]
    pub const fn rule(mut self, rule: &'static str) -> Described {
        self.0.rule = rule;
        Described(self.0)
    }
}

impl Described {
    /// It is only meaningful for a program that passes the checks with these names.
    #[must_use]
    pub const fn requires(mut self, names: &'static [&'static str]) -> Self {
        self.0.requires = names;
        self
    }

    /// The whole check may take this long; by default 30 seconds.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.0.deadline = deadline;
        self
    }

    /// It runs alone, because concurrent checks would change what it measures.
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.0.quiet = true;
        self
    }

    #[must_use]
    pub const fn run(self, run: for<'t> fn(&'t Trial) -> Run<'t>) -> Check {
        Check { info: self.0, run }
    }
}
