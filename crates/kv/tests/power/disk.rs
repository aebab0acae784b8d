//! What a disk may hold after power was lost.
//!
//! A change is sure to be there if a flush of its file began after it and was over before power was
//! lost; for a name, if a flush of its directory did. Any other change may be there or not, each by
//! itself, whatever their order. Of a write any sectors may be there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::trace::{Call, Moment, What};

/// The unit that a disk writes whole, in bytes.
const SECTOR: usize = 512;

/// Names and contents.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All that was asked of a disk.
pub(crate) struct Disk {
    /// In the order in which they began.
    changes: Vec<Change>,
}

/// A file, whatever its name is, or the names in a directory: what can be flushed.
#[derive(Eq, PartialEq)]
enum Object {
    File(usize),
    Directory(PathBuf),
}

struct Change {
    start: Moment,
    end: Moment,
    object: Object,
    /// When the first flush is over that began after the change was made.
    sure_from: Moment,
    effect: Effect,
}

enum Effect {
    MakeDirectory(PathBuf),
    Name(PathBuf, usize),
    Rename(PathBuf, PathBuf, usize),
    Remove(PathBuf),
    Write(usize, usize, Vec<u8>),
    Truncate(usize, usize),
}

impl Disk {
    pub(crate) fn new(calls: Vec<Call>) -> Self {
        let mut changes: Vec<Change> = Vec::new();
        let mut names: BTreeMap<PathBuf, usize> = BTreeMap::new();
        let mut files = 0;
        for Call { start, end, what } in calls {
            let mut change = |object, effect| {
                changes.push(Change { start, end, object, sure_from: Moment::MAX, effect });
            };
            match what {
                What::MakeDirectory(path) => change(parent(&path), Effect::MakeDirectory(path)),
                What::Create(path, empties) => {
                    let file = *names.entry(path.clone()).or_insert_with(|| {
                        files += 1;
                        change(parent(&path), Effect::Name(path, files));
                        files
                    });
                    if empties {
                        change(Object::File(file), Effect::Truncate(file, 0));
                    }
                }
                What::Rename(from, to) => {
                    if let Some(file) = names.remove(&from) {
                        names.insert(to.clone(), file);
                        change(parent(&to), Effect::Rename(from, to, file));
                    }
                }
                What::Remove(path) => {
                    names.remove(&path);
                    change(parent(&path), Effect::Remove(path));
                }
                What::Write(path, offset, bytes) => {
                    let file = names[&path];
                    change(Object::File(file), Effect::Write(file, offset, bytes));
                }
                What::Truncate(path, length) => {
                    let file = names[&path];
                    change(Object::File(file), Effect::Truncate(file, length));
                }
                What::Flush(path) => {
                    let object = names
                        .get(&path)
                        .map_or(Object::Directory(path), |file| Object::File(*file));
                    for change in changes.iter_mut().filter(|change| change.object == object) {
                        if change.end < start {
                            change.sure_from = change.sure_from.min(end);
                        }
                    }
                }
                What::Tell(_) => {}
            }
        }
        Self { changes }
    }

    /// The same, if no flush had ever done anything.
    pub(crate) fn without_flushes(mut self) -> Self {
        self.changes.iter_mut().for_each(|change| change.sure_from = Moment::MAX);
        self
    }

    /// What is there after power was lost at `moment`, if `keeps` says for each sector, and for each
    /// other change, that is not sure to be there whether it is.
    pub(crate) fn after_loss_at(&self, moment: Moment, mut keeps: impl FnMut() -> bool) -> Files {
        let mut names = BTreeMap::new();
        let mut lost = BTreeSet::new();
        let mut contents: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for change in self.changes.iter().take_while(|change| change.start < moment) {
            let is_sure = change.sure_from < moment;
            match &change.effect {
                Effect::Write(file, offset, bytes) => {
                    let content = contents.entry(*file).or_default();
                    let unit = if is_sure { usize::MAX } else { SECTOR };
                    for (place, part) in parts(*offset, bytes, unit) {
                        if is_sure || keeps() {
                            content.resize(content.len().max(place + part.len()), 0);
                            content[place..place + part.len()].copy_from_slice(part);
                        }
                    }
                }
                _ if !is_sure && !keeps() => {
                    if let Effect::MakeDirectory(path) = &change.effect {
                        lost.insert(path);
                    }
                }
                Effect::MakeDirectory(_) => {}
                Effect::Name(path, file) => drop(names.insert(path.clone(), *file)),
                Effect::Rename(from, to, file) => {
                    names.remove(from);
                    names.insert(to.clone(), *file);
                }
                Effect::Remove(path) => drop(names.remove(path)),
                Effect::Truncate(file, length) => {
                    contents.entry(*file).or_default().resize(*length, 0);
                }
            }
        }
        names
            .into_iter()
            .filter(|(path, _)| !lost.iter().any(|directory| path.starts_with(directory)))
            .map(|(path, file)| (path, contents.remove(&file).unwrap_or_default()))
            .collect()
    }
}

/// The names of the directory that `path` is in.
fn parent(path: &Path) -> Object {
    Object::Directory(path.parent().unwrap_or(path).to_owned())
}

/// The parts of a write that are in different units, with their places.
fn parts(offset: usize, bytes: &[u8], unit: usize) -> impl Iterator<Item = (usize, &[u8])> {
    let (first, rest) = bytes.split_at((unit - offset % unit).min(bytes.len()));
    let rest = rest.chunks(unit).scan(offset + first.len(), |place, part| {
        let start = *place;
        *place += part.len();
        Some((start, part))
    });
    std::iter::once((offset, first)).chain(rest)
}
