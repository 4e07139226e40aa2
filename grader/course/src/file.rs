//! Files: replacing one, and the address of one.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Replaces the file at `path`, or creates it, in a single step (rename(2)): whenever the process ends, the file has
/// either its old or its new contents. Until then, the new contents are in `.NAME.new` beside it.
///
/// # Errors
///
/// The file cannot be written.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let new = path.with_file_name(format!(".{}.new", name.trim_start_matches('.')));
    let mut file = File::create(&new)?;
    file.write_all(contents)?;
    // After a power failure, the name must not refer to an empty file.
    file.sync_all()?;
    fs::rename(new, path)
}

/// The address of the file at `path`, which is absolute (RFC 8089).
#[must_use]
pub fn address(path: &Path) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let encode = |&byte: &u8| match keep(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let path: String = path.as_os_str().as_encoded_bytes().iter().map(encode).collect();
    format!("file://{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(".settings");
        for text in ["old", "new"] {
            replace(&path, text.as_bytes()).expect("a file");
            assert_eq!(fs::read_to_string(&path).expect("the file"), text);
        }
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1);
    }

    #[test]
    fn a_path_is_encoded_in_an_address() {
        let address = address(Path::new("/a b/Lab #1?/é.html"));
        assert_eq!(address, "file:///a%20b/Lab%20%231%3F/%C3%A9.html");
    }
}
