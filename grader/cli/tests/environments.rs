//! A correct program gets its points wherever the grader runs. If the grader cannot work there, the program loses no
//! points, and the report says what to change.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{copied_checkout, copies_target, has, hostile, root, say_skipped};
use serde_json::Value;

/// The result of a run of the grader.
struct Run {
    status: Option<i32>,
    /// Its output, regardless of line breaks.
    words: String,
    stdout: String,
}

impl Run {
    fn of(command: &mut Command) -> Self {
        let output = command.env("NO_COLOR", "1").stdin(Stdio::null()).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let all = stdout.clone() + &String::from_utf8(output.stderr).unwrap();
        let words = all.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { status: output.status.code(), words, stdout }
    }

    #[track_caller]
    fn expect(&self, status: i32, texts: &[&str]) {
        assert_eq!(self.status, Some(status), "{}", self.words);
        for text in texts {
            assert!(self.words.contains(text), "{text:?} is not in\n{}", self.words);
        }
    }
}

fn grader() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("grader"))
}

/// A correct echo server that needs no build.
fn echo_server() -> String {
    format!("{} ignores-sigterm", hostile().display())
}

/// The command that runs the grader in new namespaces (`flags` are passed to unshare(1)) that `script` has set up.
/// `None`, with a message, if the kernel refuses.
fn unshared(flags: &str, script: &str) -> Option<Command> {
    let command = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args(flags.split(' ')).args(["sh", "-c"]);
        command.arg(format!("{script} exec \"$@\"")).arg("sh").arg(program);
        command
    };
    if !has("unshare") {
        return None;
    }
    let probe = command(Path::new("true")).output().unwrap();
    if !probe.status.success() {
        let reason = String::from_utf8_lossy(&probe.stderr);
        say_skipped(&format!("cannot create namespaces ({})", reason.trim()));
        return None;
    }
    Some(command(assert_cmd::cargo::cargo_bin!("grader")))
}

/// Makes `command` start with signals ignored and blocked, as some window managers and init systems start programs.
#[allow(unsafe_code)]
fn ignore_and_block_signals(command: &mut Command) {
    let prepare = || {
        // SAFETY: SIG_IGN is a valid disposition; sigfillset writes all of `every`, which sigprocmask only reads.
        unsafe {
            for signal in [libc::SIGCHLD, libc::SIGINT, libc::SIGTERM] {
                libc::signal(signal, libc::SIG_IGN);
            }
            let mut every = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigfillset(every.as_mut_ptr());
            libc::sigprocmask(libc::SIG_BLOCK, every.as_ptr(), std::ptr::null_mut());
        }
        Ok(())
    };
    // SAFETY: the closure calls functions that are async-signal-safe (signal-safety(7)).
    unsafe {
        command.pre_exec(prepare);
    }
}

#[test]
fn inherited_signals_reach_neither_the_build_nor_the_program() {
    let mut command = grader();
    ignore_and_block_signals(&mut command);
    let check = ["check", "5", "--solution", "--only", "second-signal"];
    Run::of(command.args(check)).expect(0, &["✓ second-signal"]);
}

#[test]
fn a_loopback_interface_that_is_down_is_named() {
    let Some(mut command) = unshared("-rn", "") else { return };
    let check = ["check", "3", "--program", &echo_server()];
    let run = Run::of(command.args(check));
    run.expect(
        2,
        &[
            "the loopback interface is down",
            "ip link set lo up",
            "`loopback` in cargo grader doctor",
        ],
    );
    assert!(!run.words.contains('✗'), "{}", run.words);
}

#[test]
fn the_doctor_says_what_is_wrong_with_the_machine() {
    let run = Run::of(grader().arg("doctor"));
    run.expect(0, &["✓ Rust", "✓ linker", "✓ kernel Linux", "✓ /proc", "✓ loopback up", " CPUs "]);
    // Tools that are missing are named with their package, but nothing is wrong.
    let run = Run::of(grader().arg("doctor").env("PATH", "/nowhere"));
    run.expect(
        1,
        &[
            "✗ Rust rustc is missing (see rustup.rs)",
            "✗ linker",
            "apt-get install gcc",
            "! nc missing",
        ],
    );
    let Some(mut command) = unshared("-rn", "") else { return };
    let run = Run::of(command.arg("doctor"));
    run.expect(
        1,
        &["✗ loopback down: bring it up with `ip link set lo up`", "Nothing can be graded"],
    );
}

#[test]
fn small_socket_buffers_are_enough() {
    if !has("ip") {
        return;
    }
    let small = "ip link set lo up && for way in rmem wmem; do \
                 echo 4096 16384 65536 >/proc/sys/net/ipv4/tcp_$way || exit; done;";
    let Some(mut command) = unshared("-rn", small) else { return };
    let check = ["check", "1", "--only", "reset-while-writing", "--program", &echo_server()];
    Run::of(command.args(check)).expect(0, &["✓ reset-while-writing"]);
}

#[test]
fn a_proc_of_another_pid_namespace_is_refused() {
    let foreign = "/proc belongs to another PID namespace";
    let server = echo_server();
    for arguments in
        [["check", "1", "--program", &server], ["inspect", "--program", &server, "--watch"]]
    {
        let Some(mut command) = unshared("-rp --fork", "") else { return };
        Run::of(command.args(arguments)).expect(2, &[foreign, "mount -t proc proc /proc"]);
    }
}

#[test]
fn the_users_profile_does_not_change_what_a_panic_does() {
    let check = ["check", "6", "--solution", "--only", "panic-survives"];
    let run = Run::of(grader().args(check).env("CARGO_PROFILE_DEV_PANIC", "abort"));
    run.expect(0, &["✓ panic-survives"]);
}

#[test]
fn processes_that_are_ending_are_readable_to_an_ordinary_user() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
    for part in ["labs", "grader", "bin"] {
        fs::create_dir(place.join(part)).unwrap();
    }
    // Copied by another process: if another test forked while this process had the copy open for writing, the copy
    // could not be executed.
    let programs = [assert_cmd::cargo::cargo_bin!("grader").to_path_buf(), hostile()];
    assert!(Command::new("cp").args(programs).arg(place.join("bin")).status().unwrap().success());
    let grader = place.join("bin/grader");
    let mut command = if rustix::process::geteuid().is_root() {
        if !has("setpriv") {
            return;
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(grader);
        command
    } else {
        Command::new(grader)
    };
    let server = format!("{} starts-processes", place.join("bin/hostile").display());
    let check = ["check", "1", "--only", "reset-while-writing", "--program", &server];
    Run::of(command.args(check).current_dir(place)).expect(0, &["✓ reset-while-writing"]);
}

#[test]
fn a_read_only_checkout_gets_its_verdict() {
    let checkout = copied_checkout();
    let folder = checkout.path();
    let shown = folder.display();
    let read_only = format!(
        "mount --bind '{shown}' '{shown}' && mount -o remount,bind,ro '{shown}' && cd '{shown}' &&"
    );
    let Some(mut command) = unshared("-rm", &read_only) else { return };
    let check = ["check", "1", "--json"];
    let run = Run::of(command.args(check).env("CARGO_TARGET_DIR", copies_target()));
    run.expect(1, &[]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let remarks = document["reports"][0]["remarks"].to_string();
    assert!(remarks.contains("your progress was not saved"), "{remarks}");
}

/// Nothing is lost if a disk is full: the verdict holds, and the progress so far stays.
#[test]
fn a_full_disk_gets_its_verdict() {
    let checkout = copied_checkout();
    let shown = checkout.path().display();
    let progress = "{\"labs\": {\"2\": {\"best\": 7}}}";
    let full = format!(
        "mkdir -p '{shown}/disk' && mount -t tmpfs -o size=4m disk '{shown}/disk' && cd '{shown}/disk' && \
         cp -r ../labs ../grader ../Cargo.* . && printf '%s' '{progress}' > .netlab-progress.json && \
         {{ cat /dev/zero > fill 2>/dev/null || true; }} &&"
    );
    let Some(mut command) = unshared("-rm", &full) else { return };
    let run = Run::of(command.args(["check", "1"]).env("CARGO_TARGET_DIR", copies_target()));
    run.expect(1, &["Not written yet", "your progress was not saved", "No space left on device"]);
    let then_list = format!("{full} {} check 1 >/dev/null;", grader().get_program().display());
    let Some(mut command) = unshared("-rm", &then_list) else { return };
    let run = Run::of(command.arg("list").env("CARGO_TARGET_DIR", copies_target()));
    run.expect(0, &["02 selectors - 0/5 7 240"]);
}

#[test]
fn a_checkout_with_crlf_is_the_same() {
    fn convert(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                convert(&path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                fs::write(&path, text.replace('\n', "\r\n")).unwrap();
            }
        }
    }
    let checkout = copied_checkout();
    convert(checkout.path());
    let run = |arguments: &[&str]| {
        let mut command = grader();
        command.current_dir(checkout.path()).env("CARGO_TARGET_DIR", copies_target());
        Run::of(command.args(arguments))
    };
    run(&["sync", "--check"]).expect(0, &[]);
    let run = run(&["check", "1", "--only", "empty"]);
    run.expect(1, &["✗ empty-session", "Not written yet"]);
    assert!(!run.words.contains("is changed"), "{}", run.words);
}

#[test]
fn files_are_checked_out_as_they_are() {
    let attributes = fs::read_to_string(root().join(".gitattributes")).unwrap();
    assert!(attributes.lines().any(|line| line == "* text=auto eol=lf"), "{attributes}");
}

/// Two graders build the same lab from different checkouts in the same folder, one after the other, and each judges
/// its own build.
#[test]
fn a_program_that_is_rebuilt_is_not_replaced_during_a_run() {
    let (written, unwritten) = (copied_checkout(), copied_checkout());
    let library = "01-blocking-threads/src/lib.rs";
    let solution = root().join("solutions").join(library);
    fs::copy(solution, written.path().join("labs").join(library)).unwrap();
    let check = |checkout: &Path, arguments: &[&str]| {
        let mut command = grader();
        command.current_dir(checkout).env("CARGO_TARGET_DIR", copies_target());
        command.args(["check", "1"]).args(arguments);
        command
    };
    let arguments = ["--task", "1", "--repeat", "4"];
    std::thread::scope(|scope| {
        let passes = scope.spawn(|| Run::of(&mut check(written.path(), &arguments)));
        while !passes.is_finished() {
            let fails = Run::of(&mut check(unwritten.path(), &["--only", "empty"]));
            fails.expect(1, &["Not written yet"]);
        }
        passes.join().unwrap().expect(0, &["4 runs: 4 passed"]);
    });
}

/// A checkout with the launcher, the configuration of cargo, and a grader that prints a text.
struct SmallCheckout {
    root: PathBuf,
}

impl SmallCheckout {
    fn create(root: PathBuf) -> Self {
        for part in ["launcher/src", ".cargo", "grader/src"] {
            fs::create_dir_all(root.join(part)).unwrap();
        }
        let files = [
            "Cargo.lock",
            "launcher/Cargo.toml",
            "launcher/src/main.rs",
            "launcher/slides-help.txt",
            ".cargo/config.toml",
        ];
        for file in files {
            fs::copy(common::root().join(file), root.join(file)).unwrap();
        }
        let launcher = fs::read_to_string(root.join("launcher/Cargo.toml")).unwrap();
        let launcher = launcher.split("[dev-dependencies]").next().unwrap();
        fs::write(root.join("launcher/Cargo.toml"), launcher).unwrap();
        let manifest = fs::read_to_string(common::root().join("Cargo.toml")).unwrap();
        let members = "members = [\"labs/*\", \"launcher\", \"solutions/*\"]";
        assert!(manifest.contains(members), "{manifest}");
        let manifest = manifest.replace(members, "members = [\"launcher\"]");
        fs::write(root.join("Cargo.toml"), manifest).unwrap();
        let package = "[workspace]\n[package]\nname = \"grader\"\nversion = \"0.0.0\"\n\
                       edition = \"2024\"\n[features]\ndefault = []\n";
        fs::write(root.join("grader/Cargo.toml"), package).unwrap();
        Self { root }
    }

    /// Makes the grader print `text`.
    fn write_grader(&self, text: &str) {
        let main = format!("fn main() {{ println!(\"{text}\"); }}\n");
        fs::write(self.root.join("grader/src/main.rs"), main).unwrap();
    }

    fn list(&self, prepare: fn(&mut Command)) -> Run {
        let mut cargo = Command::new(env!("CARGO"));
        prepare(&mut cargo);
        cargo.args(["grader", "list"]).current_dir(self.root.join("launcher"));
        cargo.env_remove("CARGO_TARGET_DIR").env("CARGO_NET_OFFLINE", "true");
        engine::subject::build::without_package(&mut cargo);
        Run::of(&mut cargo)
    }
}

/// The launcher builds and runs the grader of the checkout in which it is called, not of the one where it was compiled.
#[test]
fn a_copied_checkout_runs_its_own_grader() {
    let folder = tempfile::tempdir().unwrap();
    let original = SmallCheckout::create(folder.path().join("original"));
    original.write_grader("original");
    original.list(|_| {}).expect(0, &["original"]);
    let copy = SmallCheckout { root: folder.path().join("copy") };
    // With modification times, by which cargo decides what is up to date.
    let copied = Command::new("cp").arg("-a").args([&original.root, &copy.root]).status();
    assert!(copied.unwrap().success());
    copy.write_grader("copied");
    let run = copy.list(|_| {});
    run.expect(0, &["copied"]);
    assert!(!run.words.contains("original"), "{}", run.words);
    // The launcher can wait for its children whatever it inherits; cargo can do so only if nothing needs building.
    copy.write_grader("built again");
    copy.list(ignore_and_block_signals).expect(0, &["built again"]);
}

/// An editor's check holds cargo's lock on `target/debug` for as long as it runs, and the first one takes minutes.
#[test]
fn no_command_waits_for_the_check_of_an_editor() {
    let folder = tempfile::tempdir().unwrap();
    let checkout = SmallCheckout::create(folder.path().to_owned());
    let debug = folder.path().join("target/debug");
    fs::create_dir_all(&debug).unwrap();
    let lock = fs::File::create(debug.join(".cargo-lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    checkout.write_grader("built beside the editor");
    checkout.list(|_| {}).expect(0, &["built beside the editor"]);
    checkout.write_grader("and built again");
    checkout.list(|_| {}).expect(0, &["and built again"]);
}
