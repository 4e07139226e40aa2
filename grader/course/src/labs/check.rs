use std::time::Duration;

/// The description of a check; the function that runs it is elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// The number of its lab; 0 if it belongs to every lab.
    pub lab: u8,
    /// `name`, or `backend/name` for one of a family. It is unique within the lab.
    pub name: &'static str,
    /// The number of the task that it checks.
    pub task: u8,
    pub category: Category,
    /// 0 if it is shown but not graded.
    pub points: u32,
    /// What a program must do, in one sentence.
    pub rule: &'static str,
    /// Names of checks that must pass for this one to be meaningful.
    pub requires: &'static [&'static str],
    /// For the whole check; each of its waits has a shorter one.
    pub deadline: Duration,
    /// Whether it runs alone, because concurrent checks would change what it measures.
    pub quiet: bool,
}

impl CheckInfo {
    /// The lab's number and the name, as in `01/half-close`; the name alone if the check belongs to every lab.
    #[must_use]
    pub fn id(&self) -> String {
        match self.lab {
            0 => self.name.to_owned(),
            lab => format!("{lab:02}/{}", self.name),
        }
    }
}

/// What a check examines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Correctness,
    Concurrency,
    Cleanup,
}

impl Category {
    pub const ALL: [Self; 3] = [Self::Correctness, Self::Concurrency, Self::Cleanup];

    /// The name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Concurrency => "concurrency",
            Self::Cleanup => "cleanup",
        }
    }
}
