//! What the kernel shows of a program's process tree, read from `/proc` (proc(5)); its sockets are in [`tcp`].
//!
//! Everything here is a snapshot: a process, thread or descriptor that goes away while it is read is
//! left out. What may not be read at all is an error, which makes a check inconclusive, never failed.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use procfs::ProcError;
use procfs::process::{FDTarget, Process, Syscall, Task};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use crate::calls::{self, Call};
use crate::capture::{count, size};
use crate::supervise::descendants;
use crate::tcp::{self, TcpSocket, TcpState, Which};

/// Reads a tree of processes.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    root: i32,
    /// Whether the root is a part of it, or only its supervisor.
    with_root: bool,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what} of process {pid}: {source}")]
pub struct Unreadable {
    what: &'static str,
    pid: i32,
    source: ProcError,
}

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a CPU, or waiting for one.
    Running,
    /// Asleep in the kernel, in this call.
    Blocked(Call),
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub pid: i32,
    pub tid: i32,
    pub place: Place,
    /// Context switches since the thread began, asked for (it slept) and not (it was preempted).
    pub switches: u64,
}

/// CPU time of one thread since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTime {
    /// On a CPU.
    pub running: Duration,
    /// Able to run, but waiting for a CPU: the machine's business.
    pub waiting: Duration,
}

/// An open descriptor.
#[derive(Clone, Debug)]
pub struct Descriptor {
    pub pid: i32,
    pub number: i32,
    pub target: FDTarget,
}

/// A TCP socket that the program holds.
#[derive(Clone, Debug)]
pub struct Socket {
    pub pid: i32,
    pub descriptor: i32,
    /// Its state and queues; none once the connection is over (after a reset, say) and only the
    /// descriptor is left.
    pub entry: Option<TcpSocket>,
}

impl Socket {
    /// Whether it accepts connections.
    #[must_use]
    pub fn is_listener(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.state == TcpState::Listen)
    }
}

/// The limits of a walk through a hostile tree.
pub const MOST_PROCESSES: usize = 4096;

impl Probe {
    /// Watches what is below the process `root`, its supervisor.
    #[must_use]
    pub fn below(root: i32) -> Self {
        Self { root, with_root: false }
    }

    /// Watches the process `root` and what is below it.
    #[must_use]
    pub fn of(root: i32) -> Self {
        Self { root, with_root: true }
    }

    fn tree(self) -> Vec<i32> {
        let mut pids = if self.with_root { vec![self.root] } else { Vec::new() };
        pids.extend(descendants(self.root));
        pids
    }

    /// The processes of the tree, zombies left out.
    #[must_use]
    pub fn processes(self) -> Vec<i32> {
        let mut pids = self.tree();
        pids.truncate(MOST_PROCESSES);
        pids.retain(|&pid| !is_zombie(pid));
        pids
    }

    /// Processes that have ended and that their parent, a process of the tree, has not waited for.
    #[must_use]
    pub fn zombies(self) -> Vec<i32> {
        let ours = |pid| {
            let stat = Process::new(pid).ok()?.stat().ok()?;
            (is_zombie(pid) && stat.ppid != self.root).then_some(pid)
        };
        self.tree().into_iter().filter_map(ours).collect()
    }

    /// All threads, as far as they are there at this moment.
    fn tasks(self) -> impl Iterator<Item = Task> {
        let tasks = |pid| Process::new(pid).and_then(|process| process.tasks());
        self.processes().into_iter().flat_map(move |pid| tasks(pid).into_iter().flatten().flatten())
    }

    /// All threads and the call that each blocks in.
    ///
    /// # Errors
    ///
    /// `/proc/PID/task/TID/syscall` may not be read: ptrace is forbidden here (proc(5)).
    pub fn threads(self) -> Result<Vec<Thread>, Unreadable> {
        let mut threads = Vec::new();
        for task in self.tasks() {
            threads.extend(look_at(task.pid, &task)?);
        }
        Ok(threads)
    }

    /// All threads if all of them sleep; `None`, and at once, if one does not.
    ///
    /// # Errors
    ///
    /// As [`Self::threads`].
    pub fn sleeping_threads(self) -> Result<Option<Vec<Thread>>, Unreadable> {
        let mut threads = Vec::new();
        for pid in self.processes() {
            let Ok(tasks) = Process::new(pid).and_then(|process| process.tasks()) else {
                return Ok(None);
            };
            for task in tasks {
                let Ok(task) = task else { return Ok(None) };
                match look_at(pid, &task)? {
                    Some(thread) if thread.place != Place::Running => threads.push(thread),
                    _ => return Ok(None),
                }
            }
        }
        Ok(Some(threads))
    }

    /// How many threads the tree has; cheaper than looking at each.
    #[must_use]
    pub fn thread_count(self) -> usize {
        let threads = |pid| Some(Process::new(pid).ok()?.stat().ok()?.num_threads);
        let counts = self.processes().into_iter().filter_map(threads);
        counts.map(|count| usize::try_from(count).unwrap_or(0)).sum()
    }

    /// CPU time by thread id.
    #[must_use]
    pub fn cpu_times(self) -> HashMap<i32, CpuTime> {
        let time = |task: Task| {
            let stat = task.schedstat().ok()?;
            let time = CpuTime {
                running: Duration::from_nanos(stat.sum_exec_runtime),
                waiting: Duration::from_nanos(stat.run_delay),
            };
            Some((task.tid, time))
        };
        self.tasks().filter_map(time).collect()
    }

    /// How often each thread went to sleep by its own will since it began (voluntary context switches),
    /// by thread id.
    #[must_use]
    pub fn sleeps(self) -> HashMap<i32, u64> {
        let sleeps =
            |task: Task| Some((task.tid, task.status().ok()?.voluntary_ctxt_switches.unwrap_or(0)));
        self.tasks().filter_map(sleeps).collect()
    }

    /// Context switches of all threads since each began: voluntary ones, and all.
    #[must_use]
    pub fn switches(self) -> (u64, u64) {
        let mut all = (0, 0);
        for status in self.tasks().filter_map(|task| task.status().ok()) {
            let voluntary = status.voluntary_ctxt_switches.unwrap_or(0);
            all.0 += voluntary;
            all.1 += voluntary + status.nonvoluntary_ctxt_switches.unwrap_or(0);
        }
        all
    }

    /// How many descriptors the tree has open; cheaper than looking at each.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn descriptor_count(self) -> Result<usize, Unreadable> {
        let mut all = 0;
        for (_, count) in self.descriptor_counts()? {
            all += count;
        }
        Ok(all)
    }

    /// How many descriptors each process has open.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn descriptor_counts(self) -> Result<BTreeMap<i32, usize>, Unreadable> {
        let mut counts = BTreeMap::new();
        for pid in self.processes() {
            match Process::new(live_task(pid)).and_then(|process| process.fd_count()) {
                Ok(count) => drop(counts.insert(pid, count)),
                Err(source @ ProcError::PermissionDenied(_)) => {
                    return Err(Unreadable { what: "descriptors", pid, source });
                }
                Err(_) => {}
            }
        }
        Ok(counts)
    }

    /// All open descriptors.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn descriptors(self) -> Result<Vec<Descriptor>, Unreadable> {
        let mut all = Vec::new();
        for pid in self.processes() {
            let descriptors = match Process::new(live_task(pid)).and_then(|process| process.fd()) {
                Ok(descriptors) => descriptors,
                Err(source @ ProcError::PermissionDenied(_)) => {
                    return Err(Unreadable { what: "descriptors", pid, source });
                }
                Err(_) => continue,
            };
            let known = descriptors.flatten();
            all.extend(known.map(|info| Descriptor { pid, number: info.fd, target: info.target }));
        }
        Ok(all)
    }

    /// All TCP sockets, one for each descriptor that leads to one.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn sockets(self) -> Result<Vec<Socket>, Unreadable> {
        let descriptors = self.descriptors()?;
        // Read after the descriptors: a socket found among those is then either in here or over.
        let open = tcp::sockets(Which::Open).into_iter();
        let tcp: HashMap<u64, TcpSocket> = open.map(|socket| (socket.inode, socket)).collect();
        let others = LazyCell::new(other_sockets);
        let socket = |descriptor: Descriptor| {
            let FDTarget::Socket(inode) = descriptor.target else { return None };
            let entry = tcp.get(&inode).cloned();
            let is_tcp = entry.is_some() || !others.contains(&inode);
            let Descriptor { pid, number, .. } = descriptor;
            is_tcp.then_some(Socket { pid, descriptor: number, entry })
        };
        Ok(descriptors.into_iter().filter_map(socket).collect())
    }

    /// The inodes of all sockets, of whatever kind. Cheap: no table of the whole machine is read.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn socket_inodes(self) -> Result<HashSet<u64>, Unreadable> {
        let inode = |descriptor: Descriptor| match descriptor.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        };
        Ok(self.descriptors()?.into_iter().filter_map(inode).collect())
    }

    /// Memory in RAM that is no file's (RssAnon and RssShmem: heap, stacks, shared), in bytes, of each
    /// process. A sum would count what a child shares with its parent twice.
    #[must_use]
    pub fn memory(self) -> BTreeMap<i32, u64> {
        let anonymous = |pid| {
            let status = Process::new(live_task(pid)).ok()?.status().ok()?;
            Some((pid, (status.rssanon? + status.rssshmem.unwrap_or(0)) * 1024))
        };
        self.processes().into_iter().filter_map(anonymous).collect()
    }

    /// Memory in RAM that is no file's, of all processes together, in bytes: what several share counts once
    /// (Pss_Anon and Pss_Shmem of smaps_rollup, proc_pid_smaps(5)). Exact, and more work than [`Self::memory`].
    #[must_use]
    pub fn own_memory(self) -> u64 {
        let share = |pid| {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let shares = rollup.lines().filter_map(|line| {
                let (name, rest) = line.split_once(':')?;
                let kib = rest.trim().trim_end_matches(" kB").parse::<u64>().ok()?;
                matches!(name, "Pss_Anon" | "Pss_Shmem").then_some(kib * 1024)
            });
            Some(shares.sum::<u64>())
        };
        self.processes().into_iter().filter_map(share).sum()
    }

    /// CPU time of all processes and of the children that they have waited for, ended threads among them; in
    /// ticks, of 10 ms most often.
    #[must_use]
    pub fn cpu_ticks(self) -> Duration {
        let ticks = |pid| {
            let stat = Process::new(pid).ok()?.stat().ok()?;
            let waited = u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
            Some(stat.utime + stat.stime + waited)
        };
        let all: u64 = self.processes().into_iter().filter_map(ticks).sum();
        Duration::from_secs_f64(all as f64 / procfs::ticks_per_second() as f64)
    }

    /// Memory of its own that it may write to, whether it has or not (VmData), in bytes, of each process: what
    /// was asked for counts here, although the kernel gives no page of it before it is touched.
    #[must_use]
    pub fn data(self) -> BTreeMap<i32, u64> {
        let data = |pid| {
            let status = Process::new(live_task(pid)).ok()?.status().ok()?;
            Some((pid, status.vmdata? * 1024))
        };
        self.processes().into_iter().filter_map(data).collect()
    }

    /// How many bytes lie unread in the socket that is `descriptor` of `pid` (FIONREAD); `None` where that
    /// cannot be told. Much cheaper than the tables of the whole machine.
    #[must_use]
    pub fn unread(self, pid: i32, descriptor: i32) -> Option<u64> {
        let process = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        // The copy lives for a call only, as in `has_socket_timeout`.
        let copy = pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty()).ok()?;
        rustix::io::ioctl_fionread(&copy).ok()
    }

    /// Fixes the send buffer of the program's end of the connection that the grader knows by these ports, its own first, at
    /// `bytes` (SO_SNDBUF in socket(7)). Otherwise the kernel makes it larger when it likes, seconds later even (seen with
    /// BBR, at a window probe), and who sleeps in a write wakes up once more. Says whether it could.
    #[must_use]
    pub fn fix_send_buffer(self, (near, far): (u16, u16), bytes: usize) -> bool {
        let fix = |socket: &Socket| {
            let entry = socket.entry.as_ref()?;
            let ports = (entry.remote_address.port(), entry.local_address.port());
            let pid = Pid::from_raw(socket.pid).filter(|_| ports == (near, far))?;
            let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
            // The copy lives for a call only, as in `has_socket_timeout`.
            let copy = pidfd_getfd(&process, socket.descriptor, PidfdGetfdFlags::empty()).ok()?;
            rustix::net::sockopt::set_socket_send_buffer_size(&copy, bytes).ok()
        };
        self.sockets().is_ok_and(|sockets| sockets.iter().any(|socket| fix(socket).is_some()))
    }

    /// Whether a process of the tree is stopped (SIGSTOP): it sleeps, but not for good.
    #[must_use]
    pub fn is_stopped(self) -> bool {
        let state = |pid| Some(Process::new(pid).ok()?.stat().ok()?.state);
        self.processes().into_iter().any(|pid| matches!(state(pid), Some('T' | 't')))
    }

    /// Whether the program may have a timer by which a wait without a time-out ends all the same: a descriptor
    /// (timerfd_create(2)), one of timer_create(2), or one of setitimer(2) or alarm(2). The last two show only in
    /// that SIGALRM is caught, or blocked to be waited for. One that is neither ends its process and wakes a parent by
    /// that, which nothing shows: so of several processes nothing is proved.
    #[must_use]
    pub fn has_timer(self) -> bool {
        const SIGALRM: u64 = 1 << (libc::SIGALRM - 1);
        let pids = self.processes();
        let has_alarm = |&pid: &i32| {
            let status = Process::new(pid).and_then(|process| process.status());
            let timers = std::fs::read(format!("/proc/{pid}/timers"));
            status.map_or(true, |status| (status.sigcgt | status.sigblk) & SIGALRM != 0)
                || timers.is_ok_and(|timers| !timers.is_empty())
        };
        if pids.len() > 1 || pids.iter().any(has_alarm) {
            return true;
        }
        // Linux calls it `[timerfd]`; procfs hands out the name without brackets.
        let is_timer = |descriptor: &Descriptor| matches!(&descriptor.target, FDTarget::AnonInode(name) if name.contains("timerfd"));
        self.descriptors().map_or(true, |all| all.iter().any(is_timer))
    }

    /// Whether a blocking call on `thread`'s descriptor can end by itself, after a time-out set on the
    /// socket (SO_RCVTIMEO, SO_SNDTIMEO in socket(7)), which its arguments do not show.
    ///
    /// `None` where that cannot be told.
    #[must_use]
    pub fn has_socket_timeout(self, pid: i32, descriptor: i32) -> Option<bool> {
        use rustix::net::sockopt::{Timeout, socket_timeout};
        let pid = Pid::from_raw(pid)?;
        let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        // The copy lives for two calls only: while it does, the program's `close` would not close.
        let copy = pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty()).ok()?;
        if rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&copy).ok()?.st_mode)
            == rustix::fs::FileType::Fifo
        {
            return Some(false);
        }
        let times = [Timeout::Recv, Timeout::Send].map(|which| socket_timeout(&copy, which));
        let [receive, send] = times;
        Some(receive.ok()?.is_some() || send.ok()?.is_some())
    }

    /// All epoll sets, with what each watches.
    ///
    /// # Errors
    ///
    /// `/proc/PID/fd` may not be read.
    pub fn epoll_sets(self) -> Result<Vec<EpollSet>, Unreadable> {
        let mut sets: Vec<EpollSet> = Vec::new();
        for descriptor in self.descriptors()? {
            // Linux calls it `[eventpoll]`; procfs hands out the name without brackets.
            let is_set = matches!(&descriptor.target, FDTarget::AnonInode(name) if name.contains("eventpoll"));
            if !is_set {
                continue;
            }
            let Descriptor { pid, number, .. } = descriptor;
            let path = format!("/proc/{}/fdinfo/{number}", live_task(pid));
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let watched = parse_epoll(&text);
            // A duplicate of a descriptor (mio makes one) leads to the same set.
            if !sets.iter().any(|set| set.pid == pid && set.watched == watched) {
                sets.push(EpollSet { pid, descriptor: number, watched });
            }
        }
        Ok(sets)
    }

    /// What to show as evidence: each process with its threads by what they are doing, its sockets by
    /// state, and their queues. A line each.
    #[must_use]
    pub fn describe(self) -> Vec<String> {
        let processes = self.processes();
        let mut lines = Vec::new();
        if processes.is_empty() {
            lines.push("no process of the program is alive".to_owned());
            return lines;
        }
        if processes.len() > 1 {
            lines.push(count(processes.len(), "process"));
        }
        lines.extend(self.describe_inside());
        lines
    }

    /// What its threads are doing, and its sockets. A line each.
    #[must_use]
    pub fn describe_inside(self) -> Vec<String> {
        let mut lines = Vec::new();
        let sockets = self.sockets();
        match self.threads() {
            Ok(threads) => {
                let sockets = sockets.as_deref().unwrap_or_default();
                lines.extend(describe_threads(&threads, sockets));
            }
            Err(error) => lines.push(error.to_string()),
        }
        match sockets {
            Ok(sockets) => {
                lines.extend(describe_sockets(&sockets));
                lines.extend(describe_epoll(&self.epoll_sets().unwrap_or_default(), &sockets));
            }
            Err(error) => lines.push(error.to_string()),
        }
        lines
    }
}

/// An epoll set: what the kernel tells a program of (epoll(7)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpollSet {
    pub pid: i32,
    pub descriptor: i32,
    /// Each watched descriptor with its mask of events.
    pub watched: Vec<(i32, u32)>,
}

/// The lines `tfd: 5 events: 80000019 …` of `/proc/PID/fdinfo/N` (proc(5)).
fn parse_epoll(text: &str) -> Vec<(i32, u32)> {
    let parse = |line: &str| {
        let mut words = line.strip_prefix("tfd:")?.split_whitespace();
        let descriptor = words.next()?.parse().ok()?;
        let mask = words.nth(1)?;
        Some((descriptor, u32::from_str_radix(mask, 16).ok()?))
    };
    text.lines().filter_map(parse).collect()
}

/// In an epoll mask: the kernel tells of each change once (EPOLLET).
pub const EDGE_TRIGGERED: u32 = libc::EPOLLET.cast_unsigned();

/// An epoll mask in words. EPOLLERR and EPOLLHUP are left out: the kernel always reports them.
#[must_use]
pub fn epoll_mask(mask: u32) -> String {
    const NAMES: [(i32, &str); 7] = [
        (libc::EPOLLIN, "EPOLLIN"),
        (libc::EPOLLPRI, "EPOLLPRI"),
        (libc::EPOLLOUT, "EPOLLOUT"),
        (libc::EPOLLRDHUP, "EPOLLRDHUP"),
        (libc::EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE"),
        (libc::EPOLLONESHOT, "EPOLLONESHOT"),
        (libc::EPOLLET, "EPOLLET"),
    ];
    let names: Vec<_> = NAMES
        .iter()
        .filter(|(bit, _)| mask & bit.cast_unsigned() != 0)
        .map(|(_, name)| *name)
        .collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" | ") }
}

/// Each epoll set on one line, and below it what is watched with which mask.
fn describe_epoll(sets: &[EpollSet], sockets: &[Socket]) -> Vec<String> {
    let connection = if sockets.iter().any(Socket::is_listener) { "client" } else { "connection" };
    let mut lines = Vec::new();
    for set in sets {
        lines.push(format!("an epoll set watches {}", count(set.watched.len(), "descriptor")));
        let mut groups: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for &(descriptor, mask) in &set.watched {
            let is_it = |socket: &&Socket| socket.pid == set.pid && socket.descriptor == descriptor;
            let what = match sockets.iter().find(is_it) {
                Some(socket) if socket.is_listener() => "listener",
                Some(_) => connection,
                None => "other descriptor",
            };
            *groups.entry((epoll_mask(mask), what)).or_default() += 1;
        }
        for ((mask, what), number) in groups {
            lines.push(format!("  {} for {mask}", count(number, what)));
        }
    }
    lines
}

/// Where one thread is; `None` if it is gone.
fn look_at(pid: i32, task: &Task) -> Result<Option<Thread>, Unreadable> {
    let place = match task.syscall() {
        Ok(Syscall::Blocked { syscall_number, argument_registers, .. }) => {
            Place::Blocked(Call::new(syscall_number, argument_registers))
        }
        Ok(_) => Place::Running,
        Err(source @ ProcError::PermissionDenied(_)) => {
            return Err(Unreadable { what: "system calls", pid, source });
        }
        Err(_) => return Ok(None),
    };
    let Ok(status) = task.status() else { return Ok(None) };
    let switches = status.voluntary_ctxt_switches.unwrap_or(0)
        + status.nonvoluntary_ctxt_switches.unwrap_or(0);
    Ok(Some(Thread { pid, tid: task.tid, place, switches }))
}

/// A process has ended when its last thread has; the first one may have gone before (pthread_exit(3)).
fn is_zombie(pid: i32) -> bool {
    match Process::new(pid).and_then(|process| process.stat()) {
        Ok(stat) => matches!(stat.state, 'Z' | 'X') && stat.num_threads <= 1,
        Err(_) => true,
    }
}

/// A thread of `pid` through which its descriptors and memory can be read: the first, as long as it
/// lives.
fn live_task(pid: i32) -> i32 {
    let is_gone = |tid| {
        let stat = Process::new(tid).and_then(|task| task.stat());
        stat.map_or(true, |stat| matches!(stat.state, 'Z' | 'X'))
    };
    if !is_gone(pid) {
        return pid;
    }
    let tasks = Process::new(pid).and_then(|process| process.tasks());
    let mut others = tasks.into_iter().flatten().flatten().map(|task| task.tid);
    others.find(|&tid| !is_gone(tid)).unwrap_or(pid)
}

/// Whether sockets of other processes can be asked for their time-outs here, without which no hang is
/// proved ([`Probe::sleeps_for_good`]).
#[must_use]
pub fn can_ask_sockets() -> bool {
    let this = rustix::process::getpid();
    let Ok(process) = pidfd_open(this, PidfdFlags::empty()) else { return false };
    let standard_input = pidfd_getfd(&process, 0, PidfdGetfdFlags::empty());
    // It may be closed; whether it may be asked for is the question.
    !matches!(standard_input, Err(rustix::io::Errno::PERM | rustix::io::Errno::NOSYS))
}

/// How many connects found the listener's queue full since the machine started (ListenOverflows in
/// `/proc/net/netstat`); 0 where that cannot be read.
#[must_use]
pub fn listen_overflows() -> u64 {
    let text = std::fs::read_to_string("/proc/net/netstat").unwrap_or_default();
    parse_listen_overflows(&text).unwrap_or(0)
}

/// The file has pairs of lines: names, then values, both after the same first word.
fn parse_listen_overflows(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let mut pairs = names.split(' ').zip(values.split(' '));
    pairs.find(|(name, _)| *name == "ListenOverflows")?.1.parse().ok()
}

/// The inodes of this machine's sockets that are known not to be TCP.
#[must_use]
pub fn other_sockets() -> HashSet<u64> {
    let mut all = HashSet::new();
    all.extend(procfs::net::unix().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all.extend(procfs::net::udp().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all.extend(procfs::net::udp6().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all
}

/// Threads in the same call on the same kind of object, on one line.
fn describe_threads(threads: &[Thread], sockets: &[Socket]) -> Vec<String> {
    let serves = sockets.iter().any(Socket::is_listener);
    let mut kinds: HashMap<(i32, i32), &'static str> = HashMap::new();
    for socket in sockets {
        let kind = match socket.is_listener() {
            true => "the listener",
            false if serves => "a client's socket",
            false => "the connection",
        };
        kinds.insert((socket.pid, socket.descriptor), kind);
    }
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for thread in threads {
        let doing = match thread.place {
            Place::Running => "running".to_owned(),
            Place::Blocked(call) => {
                let on = call.descriptor().map(|number| {
                    let kind = kinds.get(&(thread.pid, number));
                    kind.map_or_else(|| format!("descriptor {number}"), |kind| (*kind).to_owned())
                });
                let on = on.map(|on| format!(" on {on}")).unwrap_or_default();
                format!("in {call}{on}")
            }
        };
        *groups.entry(doing).or_default() += 1;
    }
    let line = |(doing, number): (&String, &usize)| format!("{} {doing}", count(*number, "thread"));
    groups.iter().map(line).collect()
}

/// Sockets in the same state, on one line, with what is in their queues.
fn describe_sockets(sockets: &[Socket]) -> Vec<String> {
    let peer = if sockets.iter().any(Socket::is_listener) { "client" } else { "other side" };
    let mut groups: BTreeMap<String, (usize, u64, u64)> = BTreeMap::new();
    let mut lines = Vec::new();
    for socket in sockets {
        let state = match &socket.entry {
            Some(entry) if entry.state == TcpState::Listen => {
                let waiting = entry.rx_queue as usize;
                let line = format!("listening on {}", entry.local_address);
                lines.push(match waiting {
                    0 => line,
                    _ => format!("{line}, {} not accepted yet", count(waiting, "client")),
                });
                continue;
            }
            Some(entry) if entry.state == TcpState::CloseWait => {
                format!("in CLOSE_WAIT (the {peer} has closed, the program has not)")
            }
            Some(entry) => state_name(&entry.state).to_owned(),
            None => "over, but not closed by the program".to_owned(),
        };
        let (number, unread, unsent) = groups.entry(state).or_default();
        *number += 1;
        if let Some(entry) = &socket.entry {
            *unread += u64::from(entry.rx_queue);
            *unsent += u64::from(entry.tx_queue);
        }
    }
    for (state, (number, unread, unsent)) in groups {
        let mut line = format!("{} {state}", count(number, "socket"));
        if unread > 0 {
            line += &format!(", {} not yet read by the program", size(unread));
        }
        if unsent > 0 {
            line += &format!(", {} not yet taken by the {peer}", size(unsent));
        }
        lines.push(line);
    }
    lines
}

/// The name of a TCP state as tcp(7) and ss(8) write it.
fn state_name(state: &TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTABLISHED",
        TcpState::SynSent => "SYN_SENT",
        TcpState::SynRecv | TcpState::NewSynRecv => "SYN_RECV",
        TcpState::FinWait1 => "FIN_WAIT1",
        TcpState::FinWait2 => "FIN_WAIT2",
        TcpState::TimeWait => "TIME_WAIT",
        TcpState::Close => "CLOSE",
        TcpState::CloseWait => "CLOSE_WAIT",
        TcpState::LastAck => "LAST_ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
    }
}

/// The connections of one listener, both ends of each.
#[derive(Debug)]
pub struct Wires {
    /// By local and remote port. All are on loopback, so ports tell them apart.
    entries: HashMap<(u16, u16), TcpSocket>,
    listener: Option<TcpSocket>,
}

impl Wires {
    /// Looks at all connections of the listener at `server` that are not over.
    #[must_use]
    pub fn of(server: SocketAddr) -> Self {
        Self::among(tcp::sockets(Which::Open), server)
    }

    fn among(all: Vec<TcpSocket>, server: SocketAddr) -> Self {
        let mut wires = Self { entries: HashMap::new(), listener: None };
        for entry in all {
            let (local, remote) = (entry.local_address.port(), entry.remote_address.port());
            if entry.state == TcpState::Listen && local == server.port() {
                wires.listener = Some(entry);
            } else if local == server.port() || remote == server.port() {
                wires.entries.insert((local, remote), entry);
            }
        }
        wires
    }

    /// The other end of the connection that the grader knows by these ports, its own first; the inode is
    /// 0 as long as that end was not accepted.
    #[must_use]
    pub fn far_end(&self, (near, far): (u16, u16)) -> Option<&TcpSocket> {
        self.entries.get(&(far, near))
    }

    /// Whether all that the grader has sent on the connection that it knows by these ports was read by the other side.
    /// (Where the end of the stream came by itself it counts as a byte until it is read.)
    #[must_use]
    pub fn is_taken(&self, (near, far): (u16, u16)) -> bool {
        let is_read = self.far_end((near, far)).is_none_or(|end| end.rx_queue == 0);
        let is_sent = self.far_end((far, near)).is_none_or(|end| end.tx_queue == 0);
        is_read && is_sent
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether anybody uses the listener's port, other than for connections that are over (TIME_WAIT).
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.listener.is_some() || !self.entries.is_empty()
    }

    /// Connections that wait in the listener's queue.
    #[must_use]
    pub fn not_accepted(&self) -> usize {
        self.listener.as_ref().map_or(0, |listener| listener.rx_queue as usize)
    }

    /// Whether something is under way that may still wake a sleeping program: bytes sent that have not
    /// arrived, or a connect that is not answered although the listener has room.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        let is_connecting = |entry: &TcpSocket| entry.state == TcpState::SynSent;
        !self.undelivered().is_empty()
            || self.entries.values().any(is_connecting) && self.not_accepted() == 0
    }

    /// Connections, by local and remote port, whose kernel has bytes to send while the other side's queue is empty, and
    /// how many. What the receiver has in its queue it may read or not: that wakes nobody again.
    #[must_use]
    pub fn undelivered(&self) -> HashMap<(u16, u16), u32> {
        let is_waiting = |(&(local, remote), entry): (&(u16, u16), &TcpSocket)| {
            let arrived = self.entries.get(&(remote, local)).map_or(0, |peer| peer.rx_queue);
            let is_open = entry.state != TcpState::SynSent;
            let waits = is_open && entry.tx_queue > 0 && arrived == 0;
            waits.then_some(((local, remote), entry.tx_queue))
        };
        self.entries.iter().filter_map(is_waiting).collect()
    }
}

impl Probe {
    /// Whether `thread` sleeps in a call that only an event from outside the tree can end.
    #[must_use]
    pub fn sleeps_for_good(self, thread: &Thread) -> bool {
        let Place::Blocked(call) = thread.place else { return false };
        match call.endless() {
            calls::Endless::Yes => true,
            calls::Endless::No => false,
            calls::Endless::UnlessSocketTimeout(descriptor) => {
                self.has_socket_timeout(thread.pid, descriptor) == Some(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from `/proc/net/tcp`: a server on port 9777, client E368 idle, client E378 not accepted
    /// with one byte unread.
    const IDLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2631 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 1271029 2 000000009c956394 100 0 0 10 0
   2: 0100007F:E368 0100007F:2631 01 00000000:00000000 00:00000000 00000000     0        0 1272158 2 000000003f703928 20 4 30 11 -1
   3: 0100007F:E378 0100007F:2631 01 00000000:00000000 00:00000000 00000000     0        0 1272159 2 000000000de28b00 20 0 0 11 -1
   5: 0100007F:2631 0100007F:E378 01 00000000:00000001 00:00000000 00000000     0        0 0 1 000000000a412bf8 21 4 30 10 -1
   6: 0100007F:2631 0100007F:E368 01 00000000:00000000 00:00000000 00000000     0        0 1271030 1 0000000067f0dd6f 20 4 31 11 -1
";

    fn wires(recorded: &str) -> Wires {
        let sockets = tcp::parse(recorded, Which::Open);
        Wires::among(sockets, SocketAddr::from(([127, 0, 0, 1], 9777)))
    }

    #[test]
    fn both_ends_of_a_connection_are_found() {
        let wires = wires(IDLE);
        assert_eq!(wires.not_accepted(), 1);
        let far_end = |near, far| wires.far_end((near, far));
        assert_eq!(far_end(9777, 0xe368).map(|entry| entry.inode), Some(1_272_158));
        let not_accepted = far_end(0xe378, 9777).map(|entry| (entry.inode, entry.rx_queue));
        assert_eq!(not_accepted, Some((0, 1)));
        assert!(far_end(1, 9777).is_none());
    }

    #[test]
    fn what_was_sent_and_has_not_arrived_is_in_flight() {
        assert!(!wires(IDLE).in_flight());
        // The idle client has sent a byte that the server's queue does not show.
        let sent = IDLE.replace("E368 0100007F:2631 01 00000000", "E368 0100007F:2631 01 00000001");
        assert!(wires(&sent).in_flight());
        // The same of the client whose bytes lie unread: that wakes nobody.
        let unread =
            IDLE.replace("E378 0100007F:2631 01 00000000", "E378 0100007F:2631 01 00000001");
        assert!(!wires(&unread).in_flight());
    }

    #[test]
    fn a_connect_is_in_flight_unless_nobody_accepts() {
        let connecting = IDLE.replace("E368 0100007F:2631 01", "E368 0100007F:2631 02");
        assert!(!wires(&connecting).in_flight(), "one waits in the queue already");
        let room = connecting.replacen("00000000:00000001", "00000000:00000000", 1);
        assert!(wires(&room).in_flight());
    }

    #[test]
    fn an_epoll_set_is_read_with_its_masks() {
        let recorded = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\n\
                        tfd:        4 events: 80002001 data:                1  pos:0 ino:1 sdev:8\n\
                        tfd:       12 events:       1d data: ffff  pos:0 ino:2 sdev:8\n";
        let watched = parse_epoll(recorded);
        assert_eq!(watched, [(4, 0x8000_2001), (12, 0x1d)]);
        assert_eq!(epoll_mask(watched[0].1), "EPOLLIN | EPOLLRDHUP | EPOLLET");
        assert_eq!(epoll_mask(watched[1].1), "EPOLLIN | EPOLLOUT");
        assert_eq!(epoll_mask(0x18), "nothing");
    }

    #[test]
    fn overflows_are_read_by_name() {
        let recorded = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 17 19\n\
                        IpExt: InNoRoutes\nIpExt: 3\n";
        assert_eq!(parse_listen_overflows(recorded), Some(17));
        assert_eq!(parse_listen_overflows("TcpExt: A\nTcpExt: 1\n"), None);
    }
}
