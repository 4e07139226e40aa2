use std::time::Duration;

/// The description of a check; the function that runs it is elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// The number of its lab; 0 if it belongs to every lab.
    pub lab: u8,
    /// `name`, or `backend/name` for one of a family. No other check of the lab has it.
    pub name: &'static str,
    /// The number of the task that it checks.
    pub task: u8,
    pub category: Category,
    /// 0 if it is shown but not graded.
    pub points: u32,
    /// What a program has to do, in a sentence.
    pub rule: &'static str,
    /// Names of checks that must pass for this one to be meaningful.
    pub requires: &'static [&'static str],
    /// For the whole check; its single waits have shorter ones.
    pub deadline: Duration,
    /// Runs alone, because other checks running at the same time would change what it measures.
    pub quiet: bool,
}

impl CheckInfo {
    /// The name after the lab's number, as in `01/half-close`; the name alone if the check belongs to every lab.
    #[must_use]
    pub fn id(&self) -> String {
        match self.lab {
            0 => self.name.to_owned(),
            lab => format!("{lab:02}/{}", self.name),
        }
    }
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Correctness,
    Concurrency,
    Cleanup,
}

impl Category {
    pub const ALL: [Self; 3] = [Self::Correctness, Self::Concurrency, Self::Cleanup];

    /// In lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Concurrency => "concurrency",
            Self::Cleanup => "cleanup",
        }
    }
}
