//! Why an expectation that any server has to meet is not met.

use engine::verdict::Explanation;

pub(super) const CLIENTS_WAIT_FOR_EACH_OTHER: Explanation = Explanation::new(
    "clients-wait-for-each-other",
    "clients wait for one another: for a lock held over a read or a write, or for a turn in a loop \
     that visits all of them",
);

pub(super) const WAKES_PERIODICALLY: Explanation = Explanation::new(
    "wakes-periodically",
    "a thread wakes up though nothing has happened: it asks from time to time, after a short sleep \
     or time-out, instead of waiting until the kernel or a channel tells",
);

pub(super) const BUSY_LOOP: Explanation = Explanation::new(
    "busy-loop",
    "a thread asks again and again instead of waiting: a loop around a call that does not block, \
     or around yield_now; or it waits for what is always so, such as room to write: ask for that \
     only while bytes wait",
);
