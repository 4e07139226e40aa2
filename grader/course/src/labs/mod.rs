//! The registry of labs, and the description of a check.

mod check;
mod info;
mod registry;

pub use check::{Category, CheckInfo};
pub use info::{BenchRow, LabInfo, TaskInfo};
pub use registry::LABS;

use crate::closest::closest;

/// Generates a test for each lab, `TEST::labNN`, which calls the function `TEST` with the lab's [`LabInfo`].
#[macro_export]
macro_rules! test_each_lab {
    ($test:ident) => {
        mod $test {
            $crate::for_each_lab!([$crate::tests_of_labs] $test);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_labs {
    ($test:ident $($lab:ident)*) => { $(
        #[test]
        fn $lab() {
            super::$test($crate::labs::find(stringify!($lab)).expect("a lab"));
        }
    )* };
}

/// The lab with the given number. In a constant or a static, a wrong number is a compile error.
///
/// # Panics
///
/// No lab has that number.
#[must_use]
pub const fn lab(number: u8) -> &'static LabInfo {
    let mut index = 0;
    while index < LABS.len() {
        if LABS[index].number == number {
            return &LABS[index];
        }
        index += 1;
    }
    panic!("no lab has this number")
}

/// The lab that `name` denotes: `3`, `03`, `lab03`, `async-echo` or `03-async-echo`.
///
/// # Errors
///
/// There is no such lab; returns the folders with the most similar names.
pub fn find(name: &str) -> Result<&'static LabInfo, Vec<String>> {
    let number = name.parse::<u8>().ok();
    let is_it = |lab: &&LabInfo| {
        number == Some(lab.number)
            || lab.topic == name
            || lab.folder() == name
            || lab.package() == name
    };
    let found = LABS.iter().find(is_it);
    found.ok_or_else(|| closest(name, LABS.iter().map(LabInfo::folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labs_are_found_by_number_and_topic() {
        for name in ["1", "01", "lab01", "blocking-threads", "01-blocking-threads"] {
            assert_eq!(find(name).expect(name).number, 1);
        }
        assert_eq!(find("blocking-thread").expect_err("no such lab"), ["01-blocking-threads"]);
    }

    #[test]
    fn constants_refer_to_labs_by_number() {
        const TLS: &LabInfo = lab(8);
        static FRAMING: &LabInfo = lab(9);
        assert_eq!((TLS.topic, FRAMING.topic), ("tls", "framing"));
    }

    #[test]
    fn labs_are_numbered_from_one() {
        for (number, info) in (1..).zip(LABS) {
            assert_eq!(info.number, number);
            assert_eq!(lab(number).topic, info.topic);
        }
        assert!(LABS.iter().map(LabInfo::package).eq(registry::NAMES.iter().copied()));
    }

    fn tasks_are_numbered_from_one(info: &LabInfo) {
        assert!(info.tasks.iter().map(|task| task.number).eq(1..=info.tasks.len() as u8));
    }

    fn files_are_borrowed_from_earlier_labs(info: &LabInfo) {
        assert!(info.borrows.iter().all(|(owner, _)| (1..info.number).contains(owner)));
    }

    test_each_lab!(tasks_are_numbered_from_one);
    test_each_lab!(files_are_borrowed_from_earlier_labs);
}
