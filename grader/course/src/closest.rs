//! Suggestions for a mistyped name.

/// Below this Jaro-Winkler similarity, two names are unrelated.
const MIN_SIMILARITY: f64 = 0.7;
/// More suggestions than this do not help.
const MAX_SUGGESTIONS: usize = 3;

/// The names in `known` that are most similar to `name`, at most three, best first.
///
/// A name like `03-async-echo` is also compared without the part before its first hyphen.
#[must_use]
pub fn closest<S: AsRef<str>>(name: &str, known: impl IntoIterator<Item = S>) -> Vec<S> {
    let mut scored: Vec<(f64, S)> =
        known.into_iter().map(|other| (similarity(name, other.as_ref()), other)).collect();
    scored.retain(|(score, _)| *score >= MIN_SIMILARITY);
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.into_iter().take(MAX_SUGGESTIONS).map(|(_, other)| other).collect()
}

/// Suggests the name most similar to `wanted` in parentheses, if any is: ` (did you mean 03-async-echo?)`.
#[must_use]
pub fn did_you_mean(wanted: &str, names: &[&str]) -> String {
    let closest = closest(wanted, names);
    closest.first().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

fn similarity(name: &str, candidate: &str) -> f64 {
    let whole = strsim::jaro_winkler(name, candidate);
    let topic = candidate.split_once('-').map(|(_, topic)| topic);
    topic.map_or(whole, |topic| whole.max(strsim::jaro_winkler(name, topic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn best_match_comes_first() {
        let known = ["half-open", "empty-session", "half-close"];
        assert_eq!(closest("half-clsoe", known)[0], "half-close");
    }

    #[test]
    fn topic_is_enough() {
        assert_eq!(closest("async-ehco", ["03-async-echo", "08-tls"]), ["03-async-echo"]);
    }

    #[test]
    fn unrelated_names_are_not_suggested() {
        assert!(closest("xyz", ["half-close", "03-async-echo"]).is_empty());
    }
}
