//! The command of a program that the grader does not build.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Splits `--program`'s value into words and looks for the executable.
///
/// # Errors
///
/// A quote is not closed, or the executable does not exist or may not be executed.
pub fn parse_program(command: &str) -> Result<Vec<OsString>> {
    use std::os::unix::fs::PermissionsExt;
    let words = shlex::split(command).with_context(|| format!("unclosed quote in: {command}"))?;
    let Some(first) = words.first() else { bail!("--program is empty") };
    let is_executable = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if first.contains('/') {
        let path = Path::new(first);
        if !path.exists() {
            bail!("there is no program {first}");
        }
        if !is_executable(path) {
            bail!("{first} is not executable: name its interpreter, or use chmod +x");
        }
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|folder| is_executable(&folder.join(first)));
        if !found {
            let advice = if Path::new(first).exists() {
                format!("; did you mean ./{first}?")
            } else {
                String::new()
            };
            bail!("there is no program {first} in PATH{advice}");
        }
    }
    Ok(words.into_iter().map(OsString::from).collect())
}
