//! One run of one check, with its own processes (rule R8).

use std::cell::RefCell;
use std::ffi::OsString;
use std::ops::Deref;
use std::rc::Rc;

use super::context::Context;
use super::protocol::Service;
use super::server::Server;
use super::start::Start;
use crate::subject::{Launcher, Process};
use crate::verdict::CheckError;

/// What a check is given. It owns the servers that the check starts; when it is dropped, all programs end.
pub struct Trial {
    service: &'static Service,
    context: Rc<Context>,
    servers: RefCell<Vec<Rc<Server>>>,
}

/// A client in another task may hold the context longer, so this does not wait for its last owner.
impl Drop for Trial {
    fn drop(&mut self) {
        self.context.end();
    }
}

/// Lets a check draw random data and report its steps directly.
impl Deref for Trial {
    type Target = Rc<Context>;

    fn deref(&self) -> &Rc<Context> {
        &self.context
    }
}

impl Trial {
    /// A trial of `program`, driven as `service` says. `seed` and the check's `id` determine its random data.
    #[must_use]
    pub fn new(
        service: &'static Service,
        program: &[OsString],
        launcher: &Launcher,
        seed: u64,
        id: &str,
    ) -> Self {
        let context = Rc::new(Context::new(program, launcher, seed, id));
        Self { service, context, servers: RefCell::default() }
    }

    /// Starts the program as a server, in a fresh process (rule R8); it lives until the end of the trial.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn start(&self, start: &Start) -> Result<Rc<Server>, CheckError> {
        let server = Server::start(self.service, &self.context, start).await?;
        self.servers.borrow_mut().push(Rc::clone(&server));
        Ok(server)
    }

    /// Starts the program as `start` says, without waiting for it.
    ///
    /// # Errors
    ///
    /// The machine has no process, pipe or descriptor left, or cannot create certificates.
    pub fn launch(&self, start: &Start) -> Result<Rc<Process>, CheckError> {
        start.launch(self.service, &self.context)
    }

    /// How to start the lab's programs and talk to them.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        self.service
    }

    /// All servers that have started, in order.
    #[must_use]
    pub fn servers(&self) -> Vec<Rc<Server>> {
        self.servers.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{Exchange, Mismatch, Payload, Program, Request, Tcp};
    use crate::subject::{Children, Confinement};
    use crate::verdict::{Cause, Explanation};

    /// A protocol in which a letter is answered with the same letter.
    #[derive(Debug)]
    struct Letter;

    impl Exchange for Letter {
        fn request(&self, _: &Context) -> Request {
            let sends = Payload::Bytes(b"a".to_vec());
            Request { sends: sends.clone(), answer: Rc::new(sends) }
        }

        fn flood(&self, context: &Context, length: u64) -> Payload {
            context.stream(length)
        }

        fn explain(&self, _: &Mismatch) -> Cause {
            Explanation::new("another-letter", "another letter arrived").into()
        }
    }

    static SERVICE: Service =
        Service { programs: &[Program::SERVER], dial: &Tcp, exchange: &Letter };

    fn trial(seed: u64, id: &str) -> Trial {
        let launcher =
            Launcher::new(&Children::default(), Confinement::None).expect("Linux has subreapers");
        Trial::new(&SERVICE, &[], &launcher, seed, id)
    }

    #[test]
    fn a_seed_repeats_random_data_and_another_does_not() {
        let drawn = |seed, id| {
            let trial = trial(seed, id);
            format!("{:?} {:?} {:?}", trial.bytes(1..=64), trial.stream(9), trial.number(0..=1000))
        };
        assert_eq!(drawn(7, "a"), drawn(7, "a"));
        assert_ne!(drawn(7, "a"), drawn(8, "a"));
        assert_ne!(drawn(7, "a"), drawn(7, "b"));
    }

    #[test]
    fn all_bytes_are_all_bytes() {
        let mut bytes = trial(1, "").all_bytes();
        assert!(!bytes.is_sorted());
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
    }
}
