//! What is lost, duplicated or out of order in a sequence of answers.

use std::collections::HashMap;

use course::text::count;
use engine::verdict::Explanation;
use serde_json::Value;

use super::call::Call;
use super::causes;
use super::object::shown;

/// Answers that do not arrive once each, in the order of their requests.
#[derive(Debug)]
pub(super) struct Disorder {
    /// For each answer, the index of the call that it belongs to, if any.
    places: Vec<Option<usize>>,
    /// The index of the first answer that is not the expected one.
    first: usize,
    /// How many answers are missing before one that arrived.
    lost: usize,
    doubled: usize,
    late: usize,
    /// How many answers belong to no call.
    unknown: usize,
}

impl Disorder {
    /// What is wrong with the order of `answers` to `calls`, if anything. Answers that have not arrived yet are not
    /// lost.
    pub(super) fn find(calls: &[Call], answers: &[Value]) -> Option<Self> {
        let by_id: HashMap<u64, usize> = calls
            .iter()
            .enumerate()
            .filter_map(|(place, call)| Some((call.request["id"].as_u64()?, place)))
            .collect();
        // An id may be returned as 3.0.
        let place = |answer: &Value| by_id.get(&(answer["id"].as_f64()? as u64)).copied();
        let places: Vec<Option<usize>> = answers.iter().map(place).collect();
        let first = places.iter().enumerate().position(|(at, place)| *place != Some(at))?;
        let mut found = Self { places, first, lost: 0, doubled: 0, late: 0, unknown: 0 };
        found.count(calls.len());
        Some(found)
    }

    /// Counts what is wrong among the answers to this many calls.
    fn count(&mut self, calls: usize) {
        let (mut seen, mut furthest) = (vec![0_usize; calls], 0);
        for place in &self.places {
            let Some(place) = *place else {
                self.unknown += 1;
                continue;
            };
            seen[place] += 1;
            if seen[place] > 1 {
                self.doubled += 1;
            } else if place < furthest {
                self.late += 1;
            }
            furthest = furthest.max(place);
        }
        self.lost = seen[..furthest].iter().filter(|&&times| times == 0).count();
    }

    /// What is wrong with `answers`, in the lines of a report.
    pub(super) fn lines(&self, answers: &[Value]) -> [String; 6] {
        let Self { places, first, lost, doubled, late, unknown } = self;
        let number = first + 1;
        let what = |at: usize| match (places.get(at), answers.get(at)) {
            (Some(Some(place)), _) => format!("the answer to frame {}", place + 1),
            (Some(None), Some(answer)) => format!("{}, which answers no frame", shown(answer)),
            _ => "nothing".to_owned(),
        };
        let came = match places.iter().position(|place| *place == Some(*first)) {
            Some(at) if at < *first => format!("was answer {}", at + 1),
            Some(at) => format!("arrived as answer {}", at + 1),
            None => "did not arrive".to_owned(),
        };
        [
            format!(
                "{lost} lost, {doubled} duplicated, {late} out of order, {unknown} for no frame, among {}",
                count(answers.len(), "answer")
            ),
            format!("the first: answer {number} is not the answer to frame {number}"),
            format!("  before it came {}", first.checked_sub(1).map_or("nothing".to_owned(), what)),
            format!("> then came {}", what(*first)),
            format!("  then came {}", what(first + 1)),
            format!("  the answer to frame {number} {came}"),
        ]
    }

    /// The likely cause.
    pub(super) fn cause(&self) -> Explanation {
        if self.unknown > 0 {
            causes::ANSWERS_WITHOUT_THEIR_ID
        } else if self.doubled > 0 {
            causes::ANSWERS_FRAMES_TWICE
        } else if self.lost > 0 {
            causes::LOSES_PIPELINED_FRAMES
        } else {
            causes::ANSWERS_OUT_OF_ORDER
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: u64) -> Call {
        Call::echo(id, &json!(id))
    }

    /// What is wrong with answers that have these ids, out of five that were requested.
    fn found(ids: &[u64]) -> Option<([String; 6], &'static str)> {
        let calls: Vec<_> = (1..=5).map(call).collect();
        let answers: Vec<_> = ids.iter().map(|id| call(*id).answer).collect();
        let found = Disorder::find(&calls, &answers)?;
        Some((found.lines(&answers), found.cause().key()))
    }

    #[test]
    fn answers_that_have_not_come_yet_are_not_lost() {
        assert_eq!(found(&[1, 2, 3, 4, 5]), None);
        assert_eq!(found(&[1, 2]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn lost_doubled_and_late_answers_are_counted() {
        let is = |ids: &[u64], counts: &str, cause: Explanation| {
            let (lines, key) = found(ids).expect("something is wrong");
            assert!(lines[0].starts_with(counts), "{lines:?}");
            assert_eq!(key, cause.key());
        };
        is(
            &[1, 3, 4],
            "1 lost, 0 duplicated, 0 out of order, 0 for no frame",
            causes::LOSES_PIPELINED_FRAMES,
        );
        is(&[1, 1, 2, 3, 4], "0 lost, 1 duplicated, 0 out of order", causes::ANSWERS_FRAMES_TWICE);
        is(&[1, 3, 2, 4, 5], "0 lost, 0 duplicated, 1 out of order", causes::ANSWERS_OUT_OF_ORDER);
        is(
            &[1, 9, 2],
            "0 lost, 0 duplicated, 0 out of order, 1 for no frame",
            causes::ANSWERS_WITHOUT_THEIR_ID,
        );
    }

    #[test]
    fn the_first_wrong_answer_is_shown() {
        let (lines, _) = found(&[1, 3, 2, 4, 5]).expect("3 overtook 2");
        assert_eq!(
            lines[1..],
            [
                "the first: answer 2 is not the answer to frame 2",
                "  before it came the answer to frame 1",
                "> then came the answer to frame 3",
                "  then came the answer to frame 2",
                "  the answer to frame 2 arrived as answer 3",
            ]
        );
    }
}
