//! Reports: for people in a terminal, and as JSON.

mod html;
mod json;
pub(crate) mod markdown;
mod model;
mod terminal;
mod transcript;

pub use html::page;
pub use json::{BuildFailure, Document};
pub(crate) use model::NextStep;
pub use model::{Report, Summary};
pub use terminal::Detail;
pub(crate) use terminal::wrap_options;
pub(crate) use transcript::write_transcript;

// BEGIN HIDDEN
#[cfg(feature = "maintain")]
pub use json::SCHEMA;
// END HIDDEN
