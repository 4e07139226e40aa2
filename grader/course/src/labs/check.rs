use std::time::Duration;

/// The description of a check; the function that runs it is elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// `NN/name`, or `NN/backend/name` for one of a family.
    pub id: &'static str,
    /// The number of the task that it checks.
    pub task: u8,
    pub category: Category,
    /// 0 if it is shown but not graded.
    pub points: u32,
    /// What a program has to do, in a sentence.
    pub rule: &'static str,
    /// Ids of checks that must pass for this one to be meaningful.
    pub requires: &'static [&'static str],
    /// For the whole check; its single waits have shorter ones.
    pub deadline: Duration,
    /// Runs alone, because other checks running at the same time would change what it measures.
    pub quiet: bool,
}

impl CheckInfo {
    /// What most checks have in common, for `..CheckInfo::DEFAULT`.
    pub const DEFAULT: Self = Self {
        id: "",
        task: 0,
        category: Category::Correctness,
        points: 0,
        rule: "",
        requires: &[],
        deadline: Duration::from_secs(30),
        quiet: false,
    };

    /// The id without the lab's number.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(_, name)| name)
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
