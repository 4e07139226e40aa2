//! The commands that the student edition does not have.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use course::checkout::{Checkout, Edition};

use crate::status::USAGE;

/// Each with what it needs.
const ABSENT: [(&str, &str); 3] = [
    ("release", "the solutions and the sources of the slides"),
    ("sync", "the solutions"),
    ("verify", "the solutions and the known-wrong programs"),
];

/// Says why the command line is wrong, and ends the process.
pub fn explain(error: &clap::Error) -> ! {
    let name = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) if error.kind() == ErrorKind::InvalidSubcommand => name,
        _ => error.exit(),
    };
    let absent = ABSENT.iter().find(|(absent, _)| absent == name);
    let edition = Checkout::find().map(|checkout| checkout.edition());
    let (Some((_, needs)), Ok(Edition::Student)) = (absent, edition) else { error.exit() };
    eprintln!("error: `cargo grader {name}` needs {needs}: run it in the instructors' repository");
    std::process::exit(USAGE.into());
}
