//! The gaps of a starter, each a `todo!` whose text begins with its tasks.

/// The tasks to which the gap with this text belongs: `task 1: …`, `tasks 1 and 4: …`, `tasks 1 to 4: …`. Empty if the
/// text names none.
#[must_use]
pub fn tasks(text: &str) -> Vec<u8> {
    let Some((before, _)) = text.split_once(": ") else { return Vec::new() };
    let words: Vec<_> = before.split(' ').collect();
    let number = |word: &str| word.parse::<u8>().ok();
    let found = match words[..] {
        ["task", one] => number(one).map(|one| vec![one]),
        ["tasks", first, "and", second] => {
            number(first).zip(number(second)).map(|(first, second)| vec![first, second])
        }
        ["tasks", first, "to", last] => {
            number(first).zip(number(last)).map(|(first, last)| (first..=last).collect())
        }
        _ => None,
    };
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_names_its_tasks() {
        assert_eq!(tasks("task 3: count"), [3]);
        assert_eq!(tasks("tasks 1 and 4: send"), [1, 4]);
        assert_eq!(tasks("tasks 2 to 4: send: all"), [2, 3, 4]);
        for other in ["", "task", "task x: y", "tasks 1, 2: z", "write this: task 1"] {
            assert_eq!(tasks(other), [0; 0], "{other}");
        }
    }
}
