//! Misconception: --queue counts messages, and notices need as much space
//! again.
//!
//! Must fail:
//! - 07/slow-consumer: twice as many events wait for a client that does not
//!   read

impl Rooms {
    pub fn new(queue: usize) -> Self {
        let state = Mutex::default();
        let queue = 2 * queue;
        Self { queue, state }
    }
}
