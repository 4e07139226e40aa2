//! What is known of a lab without running anything.

/// What is known of a lab without running anything.
#[derive(Debug)]
pub struct LabInfo {
    pub number: u8,
    /// The folder is `NN-topic`.
    pub topic: &'static str,
    pub title: &'static str,
    /// How long it takes a student, about.
    pub minutes: u32,
    /// The crates that its code may use, each with a line in the workspace's manifest.
    pub dependencies: &'static [&'static str],
    /// Files copied from the solutions of earlier labs: the number of that lab, and the path in its
    /// folder (`src/lines.rs`). They are edited there.
    pub borrows: &'static [(u8, &'static str)],
    pub tasks: &'static [TaskInfo],
}

/// One step of a lab.
#[derive(Debug)]
pub struct TaskInfo {
    pub number: u8,
    pub title: &'static str,
    /// Core tasks make the program work, the others make it robust.
    pub core: bool,
}

impl LabInfo {
    /// `01`.
    #[must_use]
    pub fn digits(&self) -> String {
        format!("{:02}", self.number)
    }

    /// `01-blocking-threads`, the folder's name.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{:02}-{}", self.number, self.topic)
    }
}
