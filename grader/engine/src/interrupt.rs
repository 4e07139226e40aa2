//! Ends a run early.

use tokio::sync::watch;

/// Tells a run to end early. Clones receive the same interrupt.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

/// Raises an [`Interrupt`].
#[derive(Clone, Debug)]
pub struct InterruptSwitch(watch::Sender<bool>);

impl InterruptSwitch {
    /// Interrupts every run that has a clone of the interrupt.
    pub fn raise(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
    /// An interrupt and the switch that raises it.
    #[must_use]
    pub fn new() -> (InterruptSwitch, Self) {
        let (sender, receiver) = watch::channel(false);
        (InterruptSwitch(sender), Self(receiver))
    }

    #[must_use]
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is raised; forever, if the switch is gone.
    pub async fn raised(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
