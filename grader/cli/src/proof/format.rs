//! Tests whether a program is formatted as rustfmt would format it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use course::checkout::Checkout;
use engine::subject::Children;

/// The first line of `text` that rustfmt would change, with its number; `None` if it would change nothing.
///
/// # Errors
///
/// rustfmt cannot be run, or does not understand `text`.
#[allow(clippy::disallowed_methods, reason = "rustfmt is no program under test")]
pub(super) fn problem(
    checkout: &Checkout,
    children: &Children,
    text: &str,
) -> Result<Option<String>> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--emit", "stdout", "--config-path"]);
    rustfmt.arg(checkout.root().join("labs"));
    let output = children.run(&mut rustfmt, text.as_bytes());
    let output = output.context("cannot run rustfmt: rustup component add rustfmt")?;
    if !output.status.success() {
        bail!("rustfmt: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let formatted = String::from_utf8_lossy(&output.stdout);
    let changed =
        (1..).zip(text.lines().zip(formatted.lines())).find(|(_, (is, to_be))| is != to_be);
    Ok(match changed {
        Some((number, (is, to_be))) => Some(format!(
            "line {number} of the merged program is not formatted: rustfmt writes `{}` as `{}`",
            is.trim(),
            to_be.trim()
        )),
        None if text == formatted => None,
        None => Some("the merged program does not end as rustfmt would write it".to_owned()),
    })
}
