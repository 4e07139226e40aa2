//! The programs that can be graded, and how they are built.
//!
//! Variants of labs are built in a workspace of the grader's own, `target/variants`, whose tree is that of the checkout,
//! so that the compiler's messages name the student's files. All manifests in it are made here, without build scripts and
//! with one set of features for all: dependencies are compiled once, and a variant cannot run code while it is built. The
//! target directory is its own, too: cargo locks one for as long as it builds, and an editor builds in the other all the
//! time (rust-lang/rustlings#2071). Several graders may share it, even those of several checkouts: one at a time writes the
//! sources, builds, and copies what it has built.

mod builder;
mod cargo;
mod error;
mod files;
mod kept;
mod program;
mod workspace;

pub use builder::{Builder, LintedProgram, Replacement, Variant};
pub use cargo::{Profile, Progress, without_package};
pub use error::BuildError;
pub use files::rust_files;
pub use kept::KeptPrograms;
pub use program::parse_program;
