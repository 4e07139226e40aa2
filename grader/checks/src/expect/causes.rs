//! Why a server most likely fails an expectation that holds for any server.

use engine::verdict::Explanation;

pub(super) const CLIENTS_WAIT_FOR_EACH_OTHER: Explanation = Explanation::new(
    "clients-wait-for-each-other",
    "clients wait for one another: for a lock that is held across a read or write, or for their turn in a loop that \
     visits all of them",
);

pub(super) const WAKES_PERIODICALLY: Explanation = Explanation::new(
    "wakes-periodically",
    "a thread wakes up although nothing has happened: it polls after a short sleep or timeout, instead of waiting \
     for the kernel or a channel to wake it",
);

pub(super) const BUSY_LOOP: Explanation = Explanation::new(
    "busy-loop",
    "a thread spins instead of waiting: it loops around a call that does not block, or around yield_now. Or it \
     waits for a condition that is always true, such as writability: ask for writability only while bytes are pending",
);
