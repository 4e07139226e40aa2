//! Masks everything that differs from run to run: numbers, the letters of clients, and random words.

/// `text` with `#` for each number (including a unit of bytes or time) and for the letter of each client: any of
/// several clients may be the first to fail.
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
        } else if last.as_deref() == Some("client") && is_letter
            || is_hex_byte(word, last.as_deref() == Some("#"))
        {
            words.push("#".to_owned());
        } else if last.as_deref() == Some("#") {
            // `1 thread` and `3 threads` must not differ.
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

/// Whether `word` is a byte in hexadecimal: two digits, not both letters unless it follows a number.
fn is_hex_byte(word: &str, after_a_number: bool) -> bool {
    let is_hex = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && (after_a_number || word.bytes().any(|byte| byte.is_ascii_digit()))
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

/// `text` with `#` for each number of bytes that depends on the kernel's buffers.
pub(super) fn masked_sizes(text: &str) -> String {
    let is_size = |unit: &str| unit.starts_with("KiB") || unit.starts_with("MiB");
    let words: Vec<&str> = text.split(' ').collect();
    let masked = words.iter().enumerate().map(|(index, word)| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        // A round number of measured bytes looks like a constant of the check; only the sentence tells them apart. No
        // verdict depends on this: if the sentence changes, a recorded text differs and the proof says so.
        let was_measured = word.contains('.') || text.starts_with("it has sent ") && index == 3;
        let is_number = word.parse::<f64>().is_ok() && was_measured;
        if is_number && is_size(next) { "#" } else { word }
    });
    masked.collect::<Vec<_>>().join(" ")
}

/// `text` with `~` for the check's random data. That is each word that is one of `drawn`, part of one, or contains one.
/// It is also each quotation that contains such a word, has bytes that are not text, or is cut (which depends on the
/// words' lengths). Strings in JSON keep their other words.
pub(super) fn without_drawn(text: &str, drawn: &[String]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, quoted)) = rest.split_once('"') {
        let Some(end) = end_of_quotation(quoted) else { break };
        let (inside, after) = (&quoted[..end], &quoted[end + 1..]);
        let masked = without_drawn_words(inside, drawn);
        let is_json = before.ends_with(['{', '[', ':', ',']);
        let cut = after.strip_prefix(" … (").and_then(|after| after.split_once(')'));
        let is_masked = inside.contains("\\x") || cut.is_some() || !is_json && masked != inside;
        out += &without_drawn_words(before, drawn);
        out += &format!("\"{}\"", if is_masked { "~" } else { &masked });
        rest = cut.map_or(after, |(_, after)| after);
    }
    out + &without_drawn_words(rest, drawn)
}

/// Where the quotation at the beginning of `text` ends: at the first quotation mark that is not escaped.
fn end_of_quotation(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.find(|c: char| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })
}

/// `text` with `~` for each random word.
fn without_drawn_words(text: &str, drawn: &[String]) -> String {
    /// A part with this many letters does not occur in a random word by chance.
    const MIN_PART: usize = 6;
    let is_drawn = |word: &str| {
        let is_related = |drawn: &String| match word.len() < drawn.len() {
            true => word.len() >= MIN_PART && drawn.contains(word),
            false => drawn.len() >= MIN_PART && word.contains(drawn.as_str()),
        };
        drawn.iter().any(|drawn| drawn == word || is_related(drawn))
    };
    let (mut out, mut rest) = (String::new(), text);
    while let Some(mut begin) = rest.find(|c: char| c.is_ascii_lowercase()) {
        // The letter of an escape such as `\n` is not part of the word.
        begin += usize::from(rest[..begin].ends_with('\\'));
        let word = &rest[begin..];
        let word = &word[..word.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(word.len())];
        // An answer may contain the word reversed.
        let reversed: String = word.chars().rev().collect();
        out += &rest[..begin];
        out += if is_drawn(word) || is_drawn(&reversed) { "~" } else { word };
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
        let masked = |text| without_drawn(text, &drawn);
        assert_eq!(masked("ana-ipact says kskgigz…"), "ana-~ says ~…");
        assert_eq!(masked("a pact, ksk"), "a pact, ksk");
        assert_eq!(masked("x\\nkskgigzj and xkskgigzjtamzx, zmatjzgigksk"), "x\\n~ and ~, ~");
    }

    #[test]
    fn quotations_are_masked_as_a_whole_if_a_word_decides_their_length() {
        let drawn = ["ipact".to_owned()];
        let masked = |text| without_drawn(text, &drawn);
        assert_eq!(masked("sends \"ECHO: ipact\\n\" and waits"), "sends \"~\" and waits");
        assert_eq!(masked("gets \"ECHO: ip\" … (40 bytes), late"), "gets \"~\", late");
        assert_eq!(masked("gets {\"user\":\"ana-ipact\"}"), "gets {\"user\":\"ana-~\"}");
        assert_eq!(masked("got \"a\\x00\\\"b\", wanted \"b\\n\""), "got \"~\", wanted \"b\\n\"");
        assert_eq!(masked("an open \" and \\x00"), "an open \" and \\x00");
    }

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        assert_eq!(masked("1 thread in recv, 127.0.0.1:4711."), "# threads in recv, #:#.");
        assert_eq!(masked("8.2 MiB of 1 client's, (0.4 ms)"), "# of # client's, (#)");
        assert_eq!(masked("client B gets 1 byte"), "client # gets #");
        assert_eq!(masked("00 0b be ff {} be"), "# # # # {} be");
        assert_eq!(
            masked_sizes("it has sent 8.2 MiB; send 32 MiB"),
            "it has sent # MiB; send 32 MiB"
        );
        assert_eq!(masked_sizes("it has sent 16 MiB; it"), "it has sent # MiB; it");
    }
}
