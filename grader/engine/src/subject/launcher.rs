//! The one way to start a program under test.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::process::{getpid, set_child_subreaper};

use super::children::Children;
use super::launch::{Confinement, Launch};
use super::supervised::Supervised;

/// Starts programs with its confinement. All launchers of a process share its [`Children`]; so do clones.
#[derive(Clone, Debug)]
pub struct Launcher {
    children: Children,
    confinement: Confinement,
    /// The executable that becomes a supervisor when its first argument is [`super::supervisor::ARGUMENT`].
    supervisor: PathBuf,
}

impl Launcher {
    /// A launcher for this process, whose children are `children`. The process becomes the subreaper (prctl(2),
    /// PR_SET_CHILD_SUBREAPER) of processes whose supervisor was killed by its own program.
    ///
    /// # Errors
    ///
    /// The kernel does not support subreapers (it is older than Linux 3.4).
    pub fn new(children: &Children, confinement: Confinement) -> io::Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        let supervisor = "/proc/self/exe".into();
        Ok(Self { children: children.clone(), confinement, supervisor })
    }

    /// Uses another executable as supervisor: this process may not be the grader, as in a test.
    #[must_use]
    pub fn with_supervisor(self, supervisor: PathBuf) -> Self {
        Self { supervisor, ..self }
    }

    /// The children that this process has started.
    #[must_use]
    pub fn children(&self) -> &Children {
        &self.children
    }

    /// How programs are confined.
    #[must_use]
    pub fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Starts `launch` below a new supervisor; its standard input is `input`, or empty.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or socket left. The program's own faults are reported as events.
    pub fn start(&self, launch: &Launch, input: Option<OwnedFd>) -> io::Result<Supervised> {
        match self.confinement {
            Confinement::None => Supervised::start(&self.children, &self.supervisor, launch, input),
        }
    }
}
