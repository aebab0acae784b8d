//! Small workspaces for the tests of the rules.

use std::fmt::Write as _;
use std::fs;

use super::workspace::Workspace;
use crate::architecture::Crate;

/// A workspace below a temporary directory.
pub(crate) struct Fixture {
    directory: tempfile::TempDir,
    members: Vec<String>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), members: Vec::new() }
    }
}

impl Fixture {
    /// Adds a package; `more` goes to the end of its manifest, `sources` below its `src`.
    pub(crate) fn package(&mut self, name: &str, more: &str, sources: &[(&str, &str)]) {
        self.manifest(name, &format!("publish = false\n{more}"), sources);
    }

    /// Adds a package whose manifest says `more` after its name.
    pub(crate) fn manifest(&mut self, name: &str, more: &str, sources: &[(&str, &str)]) {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}"
        );
        self.file(&format!("{name}/Cargo.toml"), &manifest);
        for (path, text) in sources {
            self.file(&format!("{name}/src/{path}"), text);
        }
        self.members.push(format!("{name:?}"));
    }

    /// Writes a file.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the checker makes of it.
    pub(crate) fn read(&self) -> Workspace {
        let mut manifest = String::new();
        let _ = writeln!(manifest, "[workspace]\nresolver = \"3\"");
        let _ = writeln!(manifest, "members = [{}]", self.members.join(", "));
        self.file("Cargo.toml", &manifest);
        Workspace::read(self.directory.path()).unwrap()
    }

    /// A workspace of one library with these sources.
    pub(crate) fn library(sources: &[(&str, &str)]) -> Workspace {
        let mut fixture = Self::default();
        fixture.package("app", "", sources);
        fixture.read()
    }
}

/// A row of a table for a test.
pub(crate) const fn row(name: &'static str, may_import: &'static [&'static str]) -> Crate {
    Crate { name, may_import, without: &[] }
}
