//! Why a program most likely fails a check of lab 01.

use engine::verdict::Explanation;

pub(super) const REFUSES_AT_LIMIT: Explanation = Explanation::new(
    "refuses-at-limit",
    "the program turns clients away at the limit; they are to wait: take a slot before accept, or \
     after it and before reading",
);
pub(super) const NO_LIMIT: Explanation = Explanation::new(
    "no-limit",
    "the number of clients is not limited to --max-connections: take a slot before a client is \
     served, and give it back when it has ended",
);
