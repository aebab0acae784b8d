//! A tree of files as an archive. The same tree gives the same bytes.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

/// Files, links and directories by their path from the root, without a slash in front.
#[derive(Clone, Default)]
pub(crate) struct Tree(BTreeMap<String, Entry>);

#[derive(Clone)]
struct Entry {
    mode: u32,
    /// Of user and group.
    owner: u64,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Directory,
    File(Vec<u8>),
    Link(String),
}

impl Tree {
    /// Adds a file of root, and the directories above it.
    pub(crate) fn file(&mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) {
        self.add(path, Entry { mode, owner: 0, content: Content::File(bytes.into()) });
    }

    /// Adds a symbolic link, and the directories above it.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.add(path, Entry { mode: 0o777, owner: 0, content: Content::Link(target.to_owned()) });
    }

    /// Adds a directory that a user owns, and those above it.
    pub(crate) fn directory(&mut self, path: &str, mode: u32, owner: u64) {
        self.add(path, Entry { mode, owner, content: Content::Directory });
    }

    fn add(&mut self, path: &str, entry: Entry) {
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        for directory in above {
            let root = Entry { mode: 0o755, owner: 0, content: Content::Directory };
            self.0.entry(directory.to_owned()).or_insert(root);
        }
        self.0.insert(path.to_owned(), entry);
    }

    /// The files with their paths and bytes.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(|(path, entry)| match &entry.content {
            Content::File(bytes) => Some((path.as_str(), bytes.as_slice())),
            Content::Directory | Content::Link(_) => None,
        })
    }

    /// What it takes on a disk, in KiB: each file in blocks of 1 KiB, and one for each other entry.
    pub(crate) fn kibibytes(&self) -> usize {
        let size = |entry: &Entry| match &entry.content {
            Content::File(bytes) => bytes.len().div_ceil(1024),
            Content::Directory | Content::Link(_) => 1,
        };
        self.0.values().map(size).sum()
    }

    /// A tar archive whose paths begin with `prefix`, last modified at `time`, in seconds since 1970. With the
    /// prefix `./` the root has an entry of its own, as dpkg has it.
    pub(crate) fn tar(&self, prefix: &str, time: u64) -> Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        if prefix == "./" {
            let root = Entry { mode: 0o755, owner: 0, content: Content::Directory };
            append(&mut archive, prefix, &root, time)?;
        }
        for (path, entry) in &self.0 {
            let slash = if matches!(entry.content, Content::Directory) { "/" } else { "" };
            append(&mut archive, &format!("{prefix}{path}{slash}"), entry, time)?;
        }
        Ok(archive.into_inner()?)
    }
}

fn append(archive: &mut tar::Builder<Vec<u8>>, path: &str, entry: &Entry, time: u64) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode);
    header.set_uid(entry.owner);
    header.set_gid(entry.owner);
    header.set_mtime(time);
    if entry.owner == 0 {
        header.set_username("root")?;
        header.set_groupname("root")?;
    }
    let (kind, bytes) = match &entry.content {
        Content::Directory => (EntryType::Directory, &[][..]),
        Content::File(bytes) => (EntryType::Regular, &bytes[..]),
        Content::Link(target) => {
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            return Ok(archive.append_link(&mut header, path, target)?);
        }
    };
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    // `append_data` would take the `./` away.
    let name = &mut header.as_gnu_mut().expect("it was made as one").name;
    anyhow::ensure!(path.len() < name.len(), "the path is too long for an archive: {path}");
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    Ok(archive.append(&header, bytes)?)
}

/// Compressed with gzip, without a name or a time.
pub(crate) fn gzip(bytes: &[u8], level: Compression) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
