//! The last score of each lab, kept in `.netlab-scores`, which git ignores: one line such as `01 87` per lab.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use course::checkout::Checkout;
use course::labs::LabInfo;

/// Remembers scores between runs. A file that cannot be read is treated as empty.
#[derive(Debug)]
pub struct Scores {
    path: PathBuf,
    scores: BTreeMap<u8, u32>,
}

impl Scores {
    #[must_use]
    pub fn load(checkout: &Checkout) -> Self {
        let path = checkout.root().join(".netlab-scores");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let pair = |line: &str| {
            let (lab, score) = line.split_once(' ')?;
            Some((lab.parse().ok()?, score.trim().parse().ok()?))
        };
        Self { path, scores: text.lines().filter_map(pair).collect() }
    }

    #[must_use]
    pub fn of(&self, lab: &LabInfo) -> Option<u32> {
        self.scores.get(&lab.number).copied()
    }

    /// Remembers `score`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn store(&mut self, lab: &LabInfo, score: u32) -> std::io::Result<()> {
        self.scores.insert(lab.number, score);
        let lines = self.scores.iter().map(|(lab, score)| format!("{lab:02} {score}\n"));
        fs::write(&self.path, lines.collect::<String>())
    }
}
