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

/// All labs, in the order of their numbers.
pub static LABS: &[&Lab] = &[
    &lab01::LAB,
    &lab02::LAB,
    &lab03::LAB,
    &lab04::LAB,
    &lab05::LAB,
    &lab06::LAB,
    &lab07::LAB,
    &lab08::LAB,
    &lab09::LAB,
];

/// The lab that `name` means: `3`, `03`, `async-echo` or `03-async-echo`.
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
