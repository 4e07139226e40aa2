//! Masks what differs from run to run: numbers, the letters of clients, and random words.

/// `text` with `#` for each number (with its unit, if that is one of bytes or time) and for the letter of
/// each client: of several, any may be the first in trouble.
pub(super) fn masked(text: &str) -> String {
    let units = ["KiB", "MiB", "bytes", "byte", "ms", "s"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let last = words.last().map(|last| last.trim_start_matches('(').to_owned());
        let is_letter = word.len() == 1 && word.starts_with(|c: char| c.is_ascii_uppercase());
        if last.as_deref() == Some("#") && units.contains(&word.trim_end_matches([',', ')', ':'])) {
            let end = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            if let Some(last) = words.last_mut() {
                *last += end;
            }
        } else if last.as_deref() == Some("client") && is_letter {
            words.push("#".to_owned());
        } else if last.as_deref() == Some("#") {
            // `1 thread` and `3 threads` are one.
            let nouns = ["client", "thread", "socket", "process", "descriptor", "CPU"];
            let plural = if word == "process" { "es" } else { "s" };
            let plural = if nouns.contains(&word) { plural } else { "" };
            words.push(masked_digits(word) + plural);
        } else {
            words.push(masked_digits(word));
        }
    }
    words.join(" ")
}

/// `word` with `#` for each number in it.
fn masked_digits(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[begin..];
        let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        let end = number.find(|c| !is_part(c)).unwrap_or(number.len());
        let end = number[..end].trim_end_matches(['.', ',']).len();
        out += &rest[..begin];
        out.push('#');
        rest = &number[end..];
    }
    out + rest
}

/// `text` with `#` for each number of bytes that depends on how much the kernel holds.
pub(super) fn masked_sizes(text: &str) -> String {
    let is_size = |unit: &str| unit.starts_with("KiB") || unit.starts_with("MiB");
    let words: Vec<&str> = text.split(' ').collect();
    let masked = words.iter().enumerate().map(|(index, word)| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        // This masks and decides nothing: a round number of measured bytes looks like a constant of the check, and only
        // the sentence tells the two apart. If the sentence changes, a kept text differs and the proof says so.
        let was_measured = word.contains('.') || text.starts_with("it has sent ") && index == 3;
        let is_number = word.parse::<f64>().is_ok() && was_measured;
        if is_number && is_size(next) { "#" } else { word }
    });
    masked.collect::<Vec<_>>().join(" ")
}

/// `text` with `~` for each word that is one of `drawn`, or a part of one: what is quoted may be cut.
pub(super) fn without_drawn(text: &str, drawn: &[String]) -> String {
    /// So many letters are not found in a random word by chance.
    const MIN_PART: usize = 6;
    let is_drawn = |word: &str| {
        drawn.iter().any(|drawn| drawn == word || word.len() >= MIN_PART && drawn.contains(word))
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| c.is_ascii_lowercase()) {
        let word = &rest[begin..];
        let word = &word[..word.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(word.len())];
        out += &rest[..begin];
        out += if is_drawn(word) { "~" } else { word };
        rest = &rest[begin + word.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_words_are_masked_whole_or_cut() {
        let drawn = ["ipact".to_owned(), "kskgigzjtamz".to_owned()];
        assert_eq!(without_drawn("ana-ipact says \"kskgigz…\"", &drawn), "ana-~ says \"~…\"");
        assert_eq!(without_drawn("a pact, ksk", &drawn), "a pact, ksk");
    }

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        assert_eq!(masked("1 thread in recv, 127.0.0.1:4711."), "# threads in recv, #:#.");
        assert_eq!(masked("8.2 MiB of 1 client's, (0.4 ms)"), "# of # client's, (#)");
        assert_eq!(masked("client B gets 1 byte"), "client # gets #");
        assert_eq!(
            masked_sizes("it has sent 8.2 MiB; send 32 MiB"),
            "it has sent # MiB; send 32 MiB"
        );
        assert_eq!(masked_sizes("it has sent 16 MiB; it"), "it has sent # MiB; it");
    }
}
