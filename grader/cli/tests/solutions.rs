//! The solutions read their flags as the registry says.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use assert_cmd::Command;
use common::built;
use course::labs::LabInfo;
use course::test_each_lab;
use engine::drive::Program;

/// For a bad flag value, a server prints one line `error: …` and exits with status 1, before it binds anything.
fn solution_refuses_bad_flags(lab: &LabInfo) {
    let server = Server::of(lab);
    let bad_address: &[&str] = &["--addr", "nowhere"];
    for flags in lab.bad_flags.iter().chain([&bad_address]) {
        let mut run = server.run();
        run.args(*flags);
        if *flags != bad_address {
            run.args(["--addr", "127.0.0.1:0"]);
        }
        let run = run.assert().code(1);
        let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        assert!(said.starts_with("error: ") && said.lines().count() == 1, "{flags:?}: {said}");
        assert!(run.get_output().stdout.is_empty(), "{flags:?}: the server started to listen");
    }
}

/// The registry has a bad value for each flag that the server's `--help` lists.
fn bad_flags_name_each_flag(lab: &LabInfo) {
    let help = Server::of(lab).run().arg("--help").assert().success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    let listed = help.lines().filter_map(|line| line.split_whitespace().find(is_flag));
    let listed: BTreeSet<_> = listed.filter(|flag| !["--addr", "--help"].contains(flag)).collect();
    let named: BTreeSet<_> = lab.bad_flags.concat().into_iter().filter(is_flag).collect();
    assert_eq!(named, listed, "see LabInfo::bad_flags");
}

fn is_flag(word: &&str) -> bool {
    word.starts_with("--")
}

test_each_lab!(solution_refuses_bad_flags);
test_each_lab!(bad_flags_name_each_flag);

/// A lab's solution in the role of a server.
struct Server {
    path: std::path::PathBuf,
    command: &'static [&'static str],
}

impl Server {
    fn of(lab: &LabInfo) -> Self {
        let service = checks::find(&lab.folder()).unwrap().service;
        let command = service.program(Program::SERVER_ROLE).unwrap().command;
        Self { path: built(&lab.solution_package()), command }
    }

    fn run(&self) -> Command {
        let mut run = Command::new(&self.path);
        run.args(self.command);
        run
    }
}
