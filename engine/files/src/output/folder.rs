//! A folder in the making, and one that only serves the making of something else.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::place::{self, Occupant, parent};
use super::settle::{aside, displaced, incomplete, narrow, rename_new, sync_names, sync_tree};
use super::step::step;
use super::working::{self, Working};
use super::{Access, Existing, Options, OutputError};

/// A folder that is being filled. It has its name once [`OutputFolder::keep`] has succeeded; dropped before, it is
/// removed with all that is in it.
#[derive(Debug)]
pub struct OutputFolder {
    target: PathBuf,
    making: Making,
    place: PathBuf,
    way: Way,
    access: Access,
    old: Option<Metadata>,
}

/// How the folder comes to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is renamed; nothing is there, or an empty folder that it replaces.
    Rename,
    /// What is in it is moved into the folder that is there and empty: one that can't be replaced, since another
    /// disk is mounted there or since it is the current folder.
    MoveInto,
    /// It changes places with the folder that is there, which is then removed.
    Exchange,
}

#[derive(Debug)]
struct Making {
    work: Working,
    kept: bool,
}

impl OutputFolder {
    /// Begins a folder at `target`. `ours` tells which names in a folder that is there are such as this output
    /// writes: with [`Existing::Replace`] a folder that holds nothing else is replaced. Folders that hold
    /// anything else never are.
    ///
    /// # Errors
    /// As [`OutputFile::create`](super::OutputFile::create).
    pub fn create(target: &Path, options: Options, ours: fn(&str) -> bool) -> Result<Self, OutputError> {
        let failed = |cause| OutputError::io(target, cause);
        let Admitted { place, way, old } = admit(target, options, ours)?;
        let at = if way == Way::MoveInto { place.join("folder") } else { place.clone() };
        let work = Working::folder(&at, options.access).map_err(failed)?;
        Ok(Self {
            target: target.to_owned(),
            making: Making { work, kept: false },
            place,
            way,
            access: options.access,
            old,
        })
    }

    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.making.work.path
    }

    /// Makes and opens a file in it.
    ///
    /// # Errors
    /// What the system says.
    pub fn file(&self, name: &str) -> io::Result<File> {
        step("make")?;
        let mut open = File::options();
        open.write(true).create_new(true);
        #[cfg(unix)]
        if self.access == Access::Private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        }
        open.open(self.path().join(name))
    }

    /// What was asked for.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Brings the folder to the disk and gives it its name; the target.
    ///
    /// # Errors
    /// As [`OutputFile::keep`](super::OutputFile::keep).
    pub fn keep(mut self) -> Result<PathBuf, OutputError> {
        let target = self.target.clone();
        let failed = |cause| OutputError::io(&target, cause);
        narrow(self.path(), self.old.as_ref()).and_then(|()| sync_tree(self.path())).map_err(failed)?;
        let placed = match self.way {
            Way::Rename => step("rename").and_then(|()| rename(self.path(), &self.place)),
            Way::MoveInto => self.move_into(),
            Way::Exchange => step("rename").and_then(|()| exchange(self.path(), &self.place)),
        };
        match placed {
            Ok(()) => {
                // What is left under the working name after an exchange is the old folder.
                self.making.kept = self.way == Way::Rename;
                sync_names(&self.place);
                Ok(target)
            }
            Err(cause) if self.way == Way::MoveInto => Err(failed(cause)),
            Err(cause) => {
                self.making.kept = true;
                Err(displaced(self.path(), &target, &self.place, true, cause))
            }
        }
    }

    /// Keeps what was written so far although it is not whole, beside the target, under a name that says so:
    /// "NAME (incomplete)". Where it is.
    ///
    /// # Errors
    /// Where it can't be renamed; it is then left under its working name.
    pub fn keep_incomplete(mut self) -> Result<PathBuf, OutputError> {
        self.making.kept = true;
        let work = self.path();
        if let Err(e) = sync_tree(work) {
            log::warn!("not all of it may be on the disk ({e}): {}", self.target.display());
        }
        let place = if self.way == Way::MoveInto { self.place.join("pictures") } else { self.place.clone() };
        aside(work, &place, true, &incomplete).map_err(|cause| OutputError::io(work, cause))
    }

    fn move_into(&self) -> io::Result<()> {
        let mut names: Vec<_> =
            fs::read_dir(self.path())?.map(|e| e.map(|e| e.file_name())).collect::<io::Result<_>>()?;
        names.sort();
        for (k, name) in names.iter().enumerate() {
            let moved =
                step("rename").and_then(|()| rename_new(&self.path().join(name), &self.place.join(name)));
            if let Err(e) = moved {
                // All or nothing: what was moved comes back, and goes with the rest.
                for name in names.iter().take(k) {
                    fs::rename(self.place.join(name), self.path().join(name))?;
                }
                return Err(e);
            }
        }
        Ok(())
    }
}

struct Admitted {
    place: PathBuf,
    way: Way,
    old: Option<Metadata>,
}

/// Where a folder may go, and how it comes there.
fn admit(target: &Path, options: Options, ours: fn(&str) -> bool) -> Result<Admitted, OutputError> {
    if !place::named_as_folder(target) {
        place::check_name(target)?;
    }
    let (path, failed) = (|| target.to_owned(), |cause| OutputError::io(target, cause));
    let found = place::find(target)?;
    let place = found.path;
    let (way, old) = match found.node {
        Occupant::Nothing => (Way::Rename, None),
        Occupant::File(_) => return Err(OutputError::FileInTheWay { path: path() }),
        Occupant::Stream | Occupant::Open(_) => {
            return Err(OutputError::Stream { path: path(), what: "a folder" });
        }
        Occupant::Folder(old) => {
            let way = match holds(&place, ours).map_err(failed)? {
                Holds::Nothing if fixed(&place, &old) => Way::MoveInto,
                Holds::Nothing => Way::Rename,
                Holds::Ours(_) if options.existing == Existing::Replace && !fixed(&place, &old) => {
                    Way::Exchange
                }
                Holds::Ours(holds) if options.existing == Existing::Refuse => {
                    return Err(OutputError::FolderThere { path: path(), holds });
                }
                Holds::Ours(holds) | Holds::Others(holds) => {
                    return Err(OutputError::NotEmpty { path: path(), holds });
                }
            };
            (way, Some(old))
        }
    };
    if let Some(process) = working::writer(&place) {
        return Err(OutputError::Busy { path: path(), process });
    }
    Ok(Admitted { place, way, old })
}

/// Whether a folder may be written at `target`, before anything is done for it.
///
/// # Errors
/// As [`OutputFolder::create`], as far as can be told without trying.
pub fn check_folder(target: &Path, options: Options, ours: fn(&str) -> bool) -> Result<(), OutputError> {
    admit(target, options, ours).map(drop)
}

impl Drop for Making {
    fn drop(&mut self) {
        if !self.kept
            && let Err(e) = step("remove").and_then(|()| fs::remove_dir_all(&self.work.path))
        {
            log::warn!("what was written so far could not be removed ({e}): {}", self.work.path.display());
        }
    }
}

enum Holds {
    Nothing,
    /// Only what such a folder holds; one of the names.
    Ours(String),
    /// Also something else; its name.
    Others(String),
}

fn holds(folder: &Path, ours: fn(&str) -> bool) -> io::Result<Holds> {
    let mut first = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() || !ours(&name) {
            return Ok(Holds::Others(name));
        }
        first.get_or_insert(name);
    }
    Ok(first.map_or(Holds::Nothing, Holds::Ours))
}

/// Whether a folder must stay the one that it is: another disk is mounted there, its parent can't be written, or
/// it is the current one.
fn fixed(folder: &Path, data: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let Ok(above) = fs::metadata(folder.join("..")) else { return true };
        let here = fs::metadata(".").ok();
        above.dev() != data.dev()
            || here.is_some_and(|here| (here.dev(), here.ino()) == (data.dev(), data.ino()))
            || folder.file_name().is_none()
            || !writable(parent(folder))
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, data);
        true
    }
}

/// Whether something can be made in a folder. A full disk is for whoever writes to tell.
#[cfg(unix)]
fn writable(folder: &Path) -> bool {
    match Working::file(&folder.join("try"), Access::Private) {
        Ok(work) => fs::remove_file(work.path).is_ok(),
        Err(e) => matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded),
    }
}

/// Renames a folder, over nothing or an empty folder.
fn rename(work: &Path, to: &Path) -> io::Result<()> {
    // Systems whose rename does not replace an empty folder.
    if cfg!(windows) && to.is_dir() {
        fs::remove_dir(to)?;
    }
    match fs::symlink_metadata(to) {
        Ok(there) if !there.is_dir() => Err(io::ErrorKind::AlreadyExists.into()),
        _ => fs::rename(work, to),
    }
}

/// Lets two folders change places.
fn exchange(work: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, work, CWD, to, RenameFlags::EXCHANGE) {
            // Disks and kernels that can't.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
    }
    // Killed between these, the old folder is a left-over of its own, and the new one too.
    let Working { path: old, .. } = Working::folder(to, Access::Umask)?;
    fs::remove_dir(&old)?;
    fs::rename(to, &old)?;
    if let Err(e) = fs::rename(work, to) {
        fs::rename(&old, to)?;
        return Err(e);
    }
    fs::rename(&old, work)
}

/// A folder for things in the making. It goes when dropped; one that a killed process left is among
/// [`left_overs`](super::left_overs).
#[derive(Debug)]
pub struct Scratch(Making);

impl Scratch {
    /// Makes one in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// A place that can't be written.
    pub fn create(folder: &Path) -> Result<Self, OutputError> {
        let made =
            fs::create_dir_all(folder).and_then(|()| Working::folder(&folder.join("scratch"), Access::Umask));
        let work = made.map_err(|cause| OutputError::io(folder, cause))?;
        Ok(Self(Making { work, kept: false }))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.work.path
    }
}
