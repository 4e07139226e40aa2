use super::*;

const SOLUTION: &str = "\
//! A server.

use std::io;
// BEGIN HIDDEN
use std::thread;
// END HIDDEN

/// A client.
// ANCHOR: client
pub struct Client {
    count: u64,
}
// ANCHOR_END: client

impl Client {
    /// Does a step.
    pub fn step(&mut self) -> io::Result<()> {
        // BEGIN SOLUTION: task 1: count
        self.count += 1;
        Ok(())
        // END SOLUTION
    }

    fn done(&self) -> bool {
        self.count > 3
    }
}

impl Drop for Client {
    fn drop(&mut self) {}
}

/// Serves.
pub fn serve() {
    thread::yield_now();
}
";

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn merged(answer: &str, adds: &[&str], without: &[&str]) -> Result<String> {
    let departures = Departures { adds: names(adds), without: names(without) };
    merge(SOLUTION, answer, &departures)
}

#[test]
fn nothing_changes_but_the_anchors() {
    let program = merged("//! Misconception: none\n", &[], &[]).expect("an empty answer");
    let expected =
        SOLUTION.replace("// ANCHOR: client\n", "").replace("// ANCHOR_END: client\n", "");
    assert_eq!(program, expected);
}

#[test]
fn a_method_replaces_its_namesake_and_keeps_the_documentation() {
    let answer = "//! x\n\nimpl Client {\n    // Why?\n    pub fn step(&mut self) -> io::Result<()> {\n        \
                  Ok(())\n    }\n}\n";
    let program = merged(answer, &[], &[]).expect("a sound answer");
    let step = "    /// Does a step.\n    // Why?\n    pub fn step(&mut self) -> io::Result<()> {\n        \
                Ok(())\n    }\n\n    fn done";
    assert!(program.contains(step), "{program}");
    assert!(!program.contains("task 1"), "{program}");
}

#[test]
fn a_type_may_become_another_kind_of_type() {
    let program = merged("type Client = u64;\n", &[], &[]).expect("a sound answer");
    assert!(program.contains("/// A client.\ntype Client = u64;\n\nimpl Client"), "{program}");
}

#[test]
fn new_items_come_last_and_imports_after_the_others() {
    let answer = "use std::fs;\nuse std::net::Ipv4Addr;\n\nfn helper() {}\n\nimpl Client {\n    fn more(&self) {}\n}\n\n\
                  impl Clone for Client {\n    fn clone(&self) -> Self {\n        todo!()\n    }\n}\n";
    let adds = ["helper", "Client::more", "impl Clone for Client"];
    let program = merged(answer, &adds, &[]).expect("a sound answer");
    let parts = [
        "use std::thread;\n\nuse std::fs;\nuse std::net::Ipv4Addr;\n// END HIDDEN\n",
        "        self.count > 3\n    }\n\n    fn more(&self) {}\n}\n",
        "    thread::yield_now();\n}\n\nfn helper() {}\n\nimpl Clone for Client {\n",
    ];
    for part in parts {
        assert!(program.contains(part), "{part}\n---\n{program}");
    }
}

#[test]
fn items_listed_under_without_are_removed() {
    let program =
        merged("", &[], &["impl Drop for Client", "Client::done"]).expect("a sound answer");
    assert!(!program.contains("Drop") && !program.contains("done"), "{program}");
    assert!(program.contains("    }\n}\n\n/// Serves.\npub fn serve"), "{program}");
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let error = |answer: &str, adds: &[&str], without: &[&str]| {
        format!("{:#}", merged(answer, adds, without).expect_err(answer))
    };
    let unknown = error("impl Client {\n    fn stop(&self) {}\n}\n", &[], &[]);
    assert!(unknown.contains("`Client::stop` replaces nothing"), "{unknown}");
    assert!(unknown.contains("Client, impl Client, Client::step, Client::done"), "{unknown}");
    assert!(error("fn serve() {}\nfn serve() {}\n", &[], &[]).contains("`serve` twice"));
    assert!(error("", &["helper"], &[]).contains("adds `helper`, which is not in the file"));
    assert!(error("fn serve() {}\n", &["serve"], &[]).contains("but the solution has it"));
    assert!(error("", &[], &["gone"]).contains("which does not exist. The solution's file has"));
    assert!(error("\nfn {\n", &[], &[]).contains("line 2"));
    let both = error("fn serve() {}\n", &[], &["serve"]);
    assert!(both.contains("removes `serve`, but the file has it"), "{both}");
    let nested = error("", &[], &["impl Client", "Client::done"]);
    assert!(nested.contains("the block that it is in"), "{nested}");
    let other = error("#[allow(unused)]\nimpl Client {\n    fn done(&self) {}\n}\n", &[], &[]);
    assert!(other.contains("differs from the solution's block"), "{other}");
}
