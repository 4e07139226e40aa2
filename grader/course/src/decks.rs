//! How people name decks and slides: `3`, `03#half-close`, `async-echo`, `03-async-echo#goals`.

use anyhow::{Result, bail};

use crate::closest::did_you_mean;

/// The deck among `names` that `wanted` means, and the id of a slide if `wanted` names one.
///
/// # Errors
///
/// There is no such deck; the error names the closest, and all.
pub fn find_deck<'n, 'w>(wanted: &'w str, names: &[&'n str]) -> Result<(&'n str, Option<&'w str>)> {
    let (deck, slide) = match wanted.split_once('#') {
        Some((deck, slide)) => (deck, Some(slide)),
        None => (wanted, None),
    };
    let number = deck.parse::<usize>().map(|number| format!("{number:02}"));
    let is_it = |name: &&&str| {
        let (digits, topic) = name.split_once('-').unwrap_or((name, ""));
        number.as_deref() == Ok(digits) || topic == deck || **name == deck
    };
    match names.iter().find(is_it) {
        Some(name) => Ok((name, slide)),
        None => {
            let close = did_you_mean(deck, names);
            bail!("there is no deck {deck}{close}; the decks are {}", names.join(", "));
        }
    }
}

/// The error for a `slide` that the deck called `name`, with slides of these ids, does not have.
#[must_use]
pub fn no_such_slide(name: &str, slide: &str, ids: &[&str]) -> anyhow::Error {
    let close = did_you_mean(slide, ids);
    anyhow::anyhow!(
        "there is no slide #{slide} in {name}{close}; its slides are {}",
        ids.join(", ")
    )
}

/// A page that leads a browser to `url`. A desktop's opener drops what follows # in an address; a page that redirects
/// keeps it.
#[must_use]
pub fn redirect(url: &str) -> String {
    let url = url.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={url}\"><title>Netlab</title><a href=\"{url}\">the slides</a>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_is_found_by_number_topic_or_name() {
        let names = ["01-blocking-threads", "03-async-echo"];
        let found = |wanted| find_deck(wanted, &names).expect("a deck");
        assert_eq!(found("3"), ("03-async-echo", None));
        assert_eq!(found("01#goals"), ("01-blocking-threads", Some("goals")));
        assert_eq!(found("async-echo"), ("03-async-echo", None));
        assert_eq!(found("03-async-echo#a"), ("03-async-echo", Some("a")));
        let error = find_deck("async-ehco", &names).expect_err("no deck").to_string();
        let expected = "there is no deck async-ehco (did you mean 03-async-echo?); the decks are \
                        01-blocking-threads, 03-async-echo";
        assert_eq!(error, expected);
    }
}
