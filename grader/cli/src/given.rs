//! Files that students are given and should not change.

use course::checkout::{Checkout, read_text};
use course::labs::LabInfo;

/// Remarks on given files of the starter that were changed.
pub(crate) fn changed_files(checkout: &Checkout, lab: &LabInfo) -> Vec<String> {
    let mut remarks = Vec::new();
    for file in ["Cargo.toml", "src/main.rs"] {
        let path = checkout.lab(lab).join(file);
        let original = read_text(&checkout.starter(lab).join(file)).ok();
        if original.is_some() && read_text(&path).ok() != original {
            let name = checkout.relative(&path).display();
            remarks.push(format!("{name} was changed; a class is graded with the original"));
        }
    }
    remarks
}
