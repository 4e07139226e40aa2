//! A part of the known programs, so that several machines can share a proof.

use std::str::FromStr;

/// Part `index` (from 1) of `count` parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether the program at `position`, from 0, belongs to this part.
    #[must_use]
    pub fn has(self, position: usize) -> bool {
        position % self.count == self.index - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, count)| {
            let (index, count) = (index.parse().ok()?, count.parse().ok()?);
            (1..=count).contains(&index).then_some(Self { index, count })
        });
        parsed.ok_or_else(|| "write I/N for part I of N, such as 1/4 to 4/4".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_belongs_to_one_part() {
        let parts: Vec<Shard> = ["1/3", "2/3", "3/3"].map(|text| text.parse().expect(text)).into();
        for position in 0..10 {
            assert_eq!(parts.iter().filter(|part| part.has(position)).count(), 1);
        }
        let whole: Shard = "1/1".parse().expect("the whole");
        assert!((0..10).all(|position| whole.has(position)));
    }

    #[test]
    fn malformed_parts_are_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "a/3", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
