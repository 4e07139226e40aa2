//! How a program is started: its command line, and the step that reports it.

use std::ffi::OsString;
use std::rc::Rc;

use super::context::Context;
use super::protocol::{Files, Program, Service};
use crate::subject::{DescriptorLimit, Process};
use crate::verdict::CheckError;

/// How to start a server.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The role of the program.
    pub role: &'static str,
    /// Flags of the lab, in addition to `--addr`.
    pub flags: &'static [&'static str],
    /// Files that replace those that the program gets in this role.
    pub files: Option<Files>,
    pub descriptors: DescriptorLimit,
    /// Where to listen; 0 for any free port, as always except after a restart (fact 2 of RULES.md).
    pub port: u16,
}

impl Start {
    /// A server without flags, with enough descriptors for all clients of a check.
    pub const PLAIN: Self = Self {
        role: Program::SERVER_ROLE,
        flags: &[],
        files: None,
        descriptors: DescriptorLimit::fixed(4096),
        port: 0,
    };

    /// Starts the program of `context` in this way.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor left, or cannot create certificates.
    pub(super) fn launch(
        &self,
        service: &Service,
        context: &Context,
    ) -> Result<Rc<Process>, CheckError> {
        let program = service.program(self.role)?;
        let address = ["--addr".to_owned(), format!("127.0.0.1:{}", self.port)];
        let mut words = words(context, program);
        words.extend(address.map(Into::into));
        let mut shown = program.command.to_vec();
        add_files(context, self.files.unwrap_or(program.files), &mut words, &mut shown)?;
        words.extend(self.flags.iter().map(Into::into));
        shown.extend(self.flags);
        let mut step = match context.starts() {
            0 => "start the program".to_owned(),
            1 => "start the program a second time".to_owned(),
            2 => "start the program a third time".to_owned(),
            _ => "start the program once more".to_owned(),
        };
        if !shown.is_empty() {
            step += &format!(" with {}", shown.join(" "));
        }
        if self.descriptors != Self::PLAIN.descriptors {
            let word = if shown.is_empty() { "with" } else { "and" };
            step += &format!(" {word} at most {} open descriptors", self.descriptors.soft);
        }
        context.step(step);
        context.launch(words, self.descriptors)
    }
}

/// The command line of `program`, up to its flags.
pub(super) fn words(context: &Context, program: &Program) -> Vec<OsString> {
    let mut words = context.program().to_vec();
    words.extend(program.command.iter().map(Into::into));
    words
}

/// Adds the flags that name `files` to a command line and to the part that a step shows.
pub(super) fn add_files(
    context: &Context,
    files: Files,
    words: &mut Vec<OsString>,
    shown: &mut Vec<&'static str>,
) -> Result<(), CheckError> {
    for &(flag, file) in files {
        words.extend([flag.into(), context.pki()?.path(file).into()]);
        shown.extend([flag, file]);
    }
    Ok(())
}
