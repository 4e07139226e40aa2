//! The static description of a lab.

/// The static description of a lab.
#[derive(Debug)]
pub struct LabInfo {
    pub number: u8,
    /// The folder is `NN-topic`.
    pub topic: &'static str,
    /// The topic in prose.
    pub name: &'static str,
    pub title: &'static str,
    /// What a student builds, for the table in `README.md`.
    pub builds: &'static str,
    /// Roughly how long it takes a student.
    pub minutes: u32,
    /// The crates that its code may use; each is a dependency in the workspace's manifest.
    pub dependencies: &'static [&'static str],
    /// Files copied from the solutions of earlier labs: the number of that lab and the path in its
    /// folder (`src/lines.rs`). Edit them there.
    pub borrows: &'static [(u8, &'static str)],
    /// Source files without a gap, besides `src/main.rs` and borrowed files.
    pub given: &'static [&'static str],
    /// Arguments that the server must refuse before it listens. Each flag except `--addr` occurs at least once.
    pub bad_flags: &'static [&'static [&'static str]],
    /// How the server is measured; empty if it is not.
    pub bench: &'static [BenchRow],
    pub tasks: &'static [TaskInfo],
}

/// One step of a lab.
#[derive(Debug)]
pub struct TaskInfo {
    pub number: u8,
    pub title: &'static str,
    /// Core tasks make the program work; the others make it robust.
    pub core: bool,
}

/// A row of a benchmark: one way to start a lab's server.
#[derive(Debug)]
pub struct BenchRow {
    pub name: &'static str,
    pub flags: &'static [&'static str],
}

impl TaskInfo {
    /// `core` or `robust`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.core { "core" } else { "robust" }
    }
}

impl LabInfo {
    /// `01`.
    #[must_use]
    pub fn digits(&self) -> String {
        format!("{:02}", self.number)
    }

    /// `lab01`, the name of the starter's package.
    #[must_use]
    pub fn package(&self) -> String {
        format!("lab{}", self.digits())
    }

    /// `solution01`, the name of the solution's package.
    #[must_use]
    pub fn solution_package(&self) -> String {
        format!("solution{}", self.digits())
    }

    /// `01-blocking-threads`, the folder's name.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{:02}-{}", self.number, self.topic)
    }
}
