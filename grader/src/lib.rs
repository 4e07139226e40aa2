//! Grades network servers from the outside: starts them, talks to them over loopback and watches them
//! through `/proc`.
//!
//! The way of a verdict: a [`variant`] is built; for each of its checks ([`labs`], made of [`scenarios`]) a
//! [`trial`] starts a fresh [`process`] tree below a supervisor ([`supervise`]), as a [`server`] that is
//! driven with [`client`]s (over [`tls`], with certificates of a [`pki`]; or asked over [`http`] for its
//! [`exposition`]) or as a [`visitor`] that the grader serves; watches it with the [`probe`] (its
//! sockets: [`tcp`]) and the [`watchdog`], and comes to an [`outcome`]; what many have heard is
//! a [`history`]; [`run`] schedules the checks, [`report`] and [`json`] say what came out; [`verify`] proves
//! all that on programs whose verdict is known. [`mod@bench`] measures instead of judging.

pub mod bench;
pub mod calls;
pub mod capture;
pub mod client;
pub mod commands;
pub mod exposition;
pub mod history;
pub mod http;
pub mod json;
pub mod labs;
pub mod null;
pub mod outcome;
pub mod pki;
pub mod probe;
pub mod process;
pub mod prose;
pub mod repo;
pub mod report;
pub mod run;
pub mod scenarios;
pub mod scores;
pub mod server;
pub mod supervise;
pub mod sync;
pub mod tcp;
pub mod tls;
pub mod trial;
pub mod variant;
pub mod verify;
pub mod visitor;
pub mod watchdog;
