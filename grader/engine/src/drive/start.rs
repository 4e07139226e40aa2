//! How a program is started: its command line, and what a report says of that.

use std::ffi::OsString;
use std::rc::Rc;

use super::context::Context;
use super::protocol::{Files, Program, Service};
use crate::subject::{DescriptorLimit, Process};
use crate::verdict::CheckError;

/// How to start a server.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// In which role.
    pub role: &'static str,
    /// Flags of the lab, beside `--addr`.
    pub flags: &'static [&'static str],
    /// Other files than those that the program needs in this role.
    pub files: Option<Files>,
    pub descriptors: DescriptorLimit,
    /// Where to listen; 0 for any free port, as always but after a restart (fact 2 of RULES.md).
    pub port: u16,
}

impl Start {
    /// A server without flags, which may have enough descriptors for all clients of a check.
    pub const PLAIN: Self = Self {
        role: Program::SERVER_ROLE,
        flags: &[],
        files: None,
        descriptors: DescriptorLimit::fixed(4096),
        port: 0,
    };

    /// Starts the program of `context` like that.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor to give, or no certificates.
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
            step += &format!(" with at most {} open descriptors", self.descriptors.soft);
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

/// Adds the flags that name `files` to a command line, and to what a step shows of it.
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
