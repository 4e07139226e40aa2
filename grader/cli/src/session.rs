//! A session: the launcher and the interrupt that a command owns while it builds and runs programs.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use course::checkout::Checkout;
use engine::interrupt::{Interrupt, InterruptSwitch};
use engine::lab::Lab;
use engine::subject::build::{BuildError, Builder, KeptPrograms, Profile, Variant};
use engine::subject::{Children, Confinement, Launcher};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::status::INTERRUPTED;

/// A command that builds and runs programs. It owns its launcher and its interrupt.
///
/// Its effects on the process outlive it: a thread that waits for signals, the subreaper flag, and the raised limit on
/// open descriptors. Two sessions in one process share the last two and the children; a signal reaches both.
pub struct Session {
    pub checkout: Checkout,
    pub launcher: Launcher,
    /// Raised by Ctrl-C: builds and checks end, and the results so far are printed.
    pub interrupt: Interrupt,
    /// The programs that it has built.
    kept: KeptPrograms,
    /// Progress bars, on a terminal: one for each task that is running.
    pub bars: MultiProgress,
}

impl Session {
    /// Begins a session: raises the limit on open descriptors and listens for signals. `children` are this process's.
    ///
    /// # Errors
    ///
    /// The kernel refuses one of these, or `/proc` belongs to another PID namespace.
    pub fn begin(checkout: Checkout, children: &Children) -> Result<Self> {
        Self::with_interrupt(checkout, children, listen_for_signals(true)?)
    }

    /// Begins a session that ends when `interrupt` is raised.
    ///
    /// # Errors
    ///
    /// As [`Self::begin`].
    pub fn with_interrupt(
        checkout: Checkout,
        children: &Children,
        interrupt: Interrupt,
    ) -> Result<Self> {
        expect_own_proc()?;
        raise_descriptor_limit()?;
        let launcher = Launcher::new(children, Confinement::None);
        let launcher = launcher.context("cannot become a subreaper")?;
        let (kept, bars) = (KeptPrograms::default(), MultiProgress::new());
        Ok(Self { checkout, launcher, interrupt, kept, bars })
    }

    /// The builder of programs in this session's checkout.
    #[must_use]
    pub fn builder(&self) -> Builder<'_> {
        let Self { checkout, launcher, interrupt, kept, .. } = self;
        Builder { checkout, children: launcher.children(), interrupt, kept }
    }

    /// Builds `variant` of `lab` if it is out of date, with a progress bar. Returns its command.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn build(
        &self,
        lab: &Lab,
        variant: &Variant,
        profile: Profile,
    ) -> Result<Vec<OsString>, BuildError> {
        let bar = self.build_bar();
        let built = self.builder().build(lab.info, variant, profile, &mut |crates, name| {
            bar.set_message(format!("{crates} crates, {name}"));
            bar.tick();
        });
        bar.finish_and_clear();
        built
    }

    /// The bar shown while dependencies are compiled, which happens once. A student's crate alone takes too little time
    /// for it to appear.
    #[must_use]
    pub(crate) fn build_bar(&self) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::no_length());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} building the lab: {msg} ({elapsed})")
        {
            bar.set_style(style);
        }
        bar
    }
}

/// Makes sure that `/proc` shows the programs that this process starts.
///
/// # Errors
///
/// It shows another PID namespace, or nothing. The message says what to do.
pub fn expect_own_proc() -> Result<()> {
    const MOUNT: &str =
        "mount your own with `mount -t proc proc /proc`, or create it with `unshare --mount-proc`";
    let is_own = observe::is_proc_own();
    let is_own = is_own.with_context(|| format!("cannot read /proc/self; {MOUNT}"))?;
    ensure!(is_own, "/proc belongs to another PID namespace; {MOUNT}");
    Ok(())
}

/// The grader holds the other end of every connection (rule R11).
fn raise_descriptor_limit() -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("cannot raise the limit on open descriptors")
}

/// Turns SIGINT, SIGTERM and SIGHUP into an interrupt: checks end, their processes are killed, and the results so far
/// are printed. A second signal ends the grader immediately; its supervisors then end the programs that they watch. If
/// `says_so`, the first signal is acknowledged on a terminal.
///
/// # Errors
///
/// The thread that waits for signals cannot be started.
pub(crate) fn listen_for_signals(says_so: bool) -> Result<Interrupt> {
    use tokio::signal::unix::{SignalKind, signal};
    let (switch, interrupt) = Interrupt::new();
    let (sender, ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let listen = async {
            let mut signals = Vec::new();
            for kind in kinds {
                signals.push(signal(kind)?);
            }
            std::io::Result::Ok(signals)
        };
        let listening = runtime.and_then(|runtime| {
            let signals = runtime.block_on(listen)?;
            Ok((runtime, signals))
        });
        match listening {
            Ok((runtime, signals)) => {
                let _ = sender.send(Ok(()));
                runtime.block_on(raise_on(signals, &switch, says_so));
            }
            Err(error) => drop(sender.send(Err(error))),
        }
    });
    ready
        .recv()
        .context("cannot start a thread for signals")?
        .context("cannot listen for signals")?;
    Ok(interrupt)
}

/// How long a build has to stop cargo: two polling intervals.
const BUILD_GRACE: Duration = Duration::from_millis(100);

/// Raises the interrupt at the first signal, and ends this process at the second.
async fn raise_on(
    mut signals: Vec<tokio::signal::unix::Signal>,
    switch: &InterruptSwitch,
    says_so: bool,
) {
    for is_second in [false, true] {
        let any = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(any).await;
        if is_second {
            // A build runs in its own process group, which Ctrl-C does not reach. It polls the interrupt every 50 ms
            // and then stops cargo; without this pause cargo might outlive the grader.
            tokio::time::sleep(BUILD_GRACE).await;
            std::process::exit(i32::from(INTERRUPTED));
        }
        if says_so && std::io::stderr().is_terminal() {
            anstream::eprintln!("\nstopping; press Ctrl-C again to stop immediately");
        }
        switch.raise();
    }
}
