//! The programs that can be graded, and how they are built.
//!
//! Variants of labs are built in the grader's own workspace, `target/variants`. Its tree is that of the checkout, so
//! that the compiler's messages name the student's files. All manifests in it are generated, without build scripts and
//! with one set of features: dependencies are compiled only once, and a variant cannot run code during its build. The
//! target directory is separate, too: cargo locks a target directory during a build, and an editor keeps building in
//! the checkout's (rust-lang/rustlings#2071). Several graders may share it, even those of several checkouts: one at a
//! time writes the sources, builds, and copies the result.

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
