//! The labs: a module for each, its checks readable as a specification.

mod lab01;
mod lab02;
mod lab03;
mod lab04;
mod lab05;
pub mod lab06;
pub mod lab07;
mod lab08;
mod lab09;

use engine::lab::Lab;

macro_rules! labs {
    ($($lab:ident)*) => {
        /// All labs, in the order of their numbers.
        pub static LABS: &[&Lab] = &[$(&$lab::LAB),*];
    };
}
course::for_each_lab!([labs]);

/// The lab that `name` means: `3`, `03`, `lab03`, `async-echo` or `03-async-echo`.
///
/// # Errors
///
/// There is no such lab; the folders of the labs with the most similar names.
pub fn find(name: &str) -> Result<&'static Lab, Vec<String>> {
    let info = course::labs::find(name)?;
    let lab = LABS.iter().find(|lab| lab.info.number == info.number);
    lab.copied().ok_or_else(|| vec![info.folder()])
}

#[cfg(test)]
mod tests;
