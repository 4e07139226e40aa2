//! Null programs: they do nothing that a lab asks for, and must get next to no points.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;

/// The grader itself.
pub const EXECUTABLE: &str = "/proc/self/exe";

/// The first argument that turns the grader into a null program.
pub const ARGUMENT: &str = "__null";

/// The names of all null programs.
pub const ALL: [&str; 3] = ["silent", "closing", "deaf"];

/// Runs the program named by the first of `arguments`. The second lists the lines in which it announces its address,
/// separated by commas. The others are a lab's flags and are ignored.
#[must_use]
pub fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let name = arguments.next().unwrap_or_default();
    let announced = arguments.next().unwrap_or_default();
    match run(&name.to_string_lossy(), &announced.to_string_lossy()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, announced: &str) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for line in announced.split(',') {
        println!("{line} on {}", listener.local_addr()?);
    }
    io::stdout().flush()?;
    let mut kept = Vec::new();
    loop {
        match name {
            // Accepts and never answers.
            "silent" => kept.extend(listener.accept()),
            // Accepts and closes.
            "closing" => drop(listener.accept()),
            // Never accepts; any signal kills it.
            _ => std::thread::park(),
        }
    }
}
