//! Notices that files of a lab have changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::labs::LabInfo;
use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{Config, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// How often files are compared where the kernel reports no changes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Magic numbers (statfs(2)) of file systems where inotify(7) misses changes made on another machine or on a
/// container's host: 9p, FUSE, NFS, SMB, CIFS and VirtualBox's shared folders.
const SILENT: [u32; 7] =
    [0x0102_1997, 0x6573_5546, 0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x786f_4256];

/// Watches files until it is dropped.
pub(super) struct Watched {
    _watcher: Box<dyn Watcher>,
    /// Whether it compares the files instead of waiting for the kernel.
    pub(super) polls: bool,
}

/// Calls `changed` after each change of a source file or the manifest of `lab`. Compares the files regularly if `poll`,
/// or if the kernel would not report changes.
///
/// # Errors
///
/// The folder cannot be watched.
pub(super) fn watch(
    checkout: &Checkout,
    lab: &LabInfo,
    poll: bool,
    changed: impl Fn() + Clone + Send + 'static,
) -> Result<Watched> {
    let folder = checkout.lab(lab);
    // The parent stays when a student deletes the folder and restores it.
    let parent = folder.parent().unwrap_or(&folder).to_owned();
    if !poll && !is_silent(&parent) {
        let handler = handler(folder.clone(), changed.clone());
        let watcher =
            RecommendedWatcher::new(handler, Config::default()).and_then(|mut watcher| {
                watcher.watch(&parent, RecursiveMode::Recursive)?;
                Ok(watcher)
            });
        // It fails if a user has too many watchers (fs.inotify.max_user_watches).
        if let Ok(watcher) = watcher {
            return Ok(Watched { _watcher: Box::new(watcher), polls: false });
        }
    }
    let config = Config::default().with_poll_interval(POLL_INTERVAL).with_compare_contents(true);
    let mut watcher = PollWatcher::new(handler(folder, changed), config)
        .context("cannot watch files for changes")?;
    watcher
        .watch(&parent, RecursiveMode::Recursive)
        .with_context(|| format!("cannot watch {}", checkout.relative(&parent).display()))?;
    Ok(Watched { _watcher: Box::new(watcher), polls: true })
}

/// Whether the kernel does not report all changes in `folder`.
pub(crate) fn is_silent(folder: &Path) -> bool {
    let found = rustix::fs::statfs(folder);
    found.is_ok_and(|found| SILENT.contains(&(found.f_type as u32)))
}

fn handler(
    folder: PathBuf,
    changed: impl Fn() + Send + 'static,
) -> impl FnMut(notify::Result<notify::Event>) + Send + 'static {
    move |event: notify::Result<notify::Event>| {
        let is_change = match event {
            // The queue of events overflowed, or a new folder could not be watched: something may have changed.
            Err(_) => true,
            Ok(event) if event.need_rescan() => true,
            // Building the lab reads its files.
            Ok(event) if event.kind.is_access() => false,
            Ok(event) => event.paths.iter().any(|path| is_part(&folder, path, event.kind)),
        };
        if is_change {
            changed();
        }
    }
}

/// Whether `path` may be compiled with the lab in `folder`, or is a folder that appeared or disappeared.
fn is_part(folder: &Path, path: &Path, kind: EventKind) -> bool {
    let Ok(inside) = path.strip_prefix(folder) else { return false };
    let is_source = inside.starts_with("src") && path.extension().is_some_and(|it| it == "rs");
    // An editor's lock or backup: `.#lib.rs`, `#lib.rs#`.
    let is_temporary = path.file_name().is_some_and(|name| {
        name.as_encoded_bytes().first().is_some_and(|byte| b".#".contains(byte))
    });
    let is_folder = matches!(
        kind,
        EventKind::Create(CreateKind::Folder)
            | EventKind::Remove(RemoveKind::Folder)
            | EventKind::Modify(ModifyKind::Name(_))
    ) && (inside == Path::new("") || inside.starts_with("src"))
        && path.extension().is_none();
    is_source && !is_temporary || is_folder || inside == Path::new("Cargo.toml")
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, RenameMode};

    use super::*;

    #[test]
    fn only_what_is_compiled_counts() {
        let folder = Path::new("/labs/01");
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for (path, expected) in [
            ("/labs/01/src/lib.rs", true),
            ("/labs/01/src/deep/part.rs", true),
            ("/labs/01/Cargo.toml", true),
            ("/labs/01/README.md", false),
            // Written by a program under test, or by hand.
            ("/labs/01/log", false),
            ("/labs/01/src/in", false),
            ("/labs/01/src/.lib.rs.swp", false),
            ("/labs/01/src/.#lib.rs", false),
            ("/labs/01/src/lib.rs.before-reset-1", false),
            ("/labs/02/src/lib.rs", false),
        ] {
            assert_eq!(is_part(folder, Path::new(path), written), expected, "{path}");
        }
    }

    #[test]
    fn folders_may_disappear_and_return() {
        let folder = Path::new("/labs/01");
        let kinds = [
            EventKind::Remove(RemoveKind::Folder),
            EventKind::Create(CreateKind::Folder),
            EventKind::Modify(ModifyKind::Name(RenameMode::Any)),
        ];
        for kind in kinds {
            assert!(is_part(folder, Path::new("/labs/01"), kind));
            assert!(is_part(folder, Path::new("/labs/01/src"), kind));
            assert!(!is_part(folder, Path::new("/labs/01/other"), kind));
        }
    }
}
