//! What artifacts are made of.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::Compression;

use crate::tree::{Tree, gzip};

/// The processor of the machines that an artifact is for, by the names that the fields use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Architecture {
    /// `x86_64`
    X86,
    /// `aarch64`
    Arm,
}

impl Architecture {
    /// The one of this program.
    pub fn of_this_machine() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm } else { Self::X86 }
    }

    /// As in target triples and `uname -m`.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }

    /// As Debian and OCI say.
    pub(crate) fn debian(self) -> &'static str {
        match self {
            Self::X86 => "amd64",
            Self::Arm => "arm64",
        }
    }
}

/// A program with all that goes with it.
pub struct Release {
    /// `imds`, or `imds-minimal` for the one without `imds migrate`.
    pub name: &'static str,
    /// As in Cargo.toml.
    pub version: String,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// The time of the commit, in seconds since 1970: that of all files.
    pub time: u64,
    /// Where the program runs.
    pub architecture: Architecture,
    /// The program.
    pub program: Vec<u8>,
    /// The list of what is inside ([`components`](crate::components)).
    pub sbom: Vec<u8>,
    /// How hard archives are compressed.
    pub level: Compression,
    /// The repository, which has `packaging/` and the licences.
    pub source: std::path::PathBuf,
    /// Manual pages: `imds-serve.1`, …
    pub(crate) manuals: Vec<(String, Vec<u8>)>,
    pub(crate) completions: Vec<(&'static str, Vec<u8>)>,
}

/// Shells, and where Debian's packages have completions for them.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/imds"),
    ("zsh", "zsh/vendor-completions/_imds"),
    ("fish", "fish/vendor_completions.d/imds.fish"),
];

impl Release {
    /// A release of the program at `path`, which must run on this machine: it prints its version, manual
    /// pages and completions.
    pub fn of(path: &Path, source: &Path, sbom: Vec<u8>, time: u64) -> Result<Self> {
        let version = String::from_utf8(output(path, &["--version"])?)?;
        let fact = |name| {
            version.lines().find_map(|line| line.strip_prefix(name)).map(|it| it.trim().to_owned())
        };
        let number = version.split_whitespace().nth(1).context("imds --version has no version")?;
        let has_migrate = fact("features:").is_some_and(|features| features.contains("migrate"));
        let pages = tempfile::tempdir()?;
        let directory = pages.path().to_str().context("a directory with a name in UTF-8")?;
        output(path, &["man", "--directory", directory])?;
        let mut manuals = std::fs::read_dir(pages.path())?
            .map(|page| {
                let page = page?;
                let name = page.file_name().to_string_lossy().into_owned();
                Ok((name, std::fs::read(page.path())?))
            })
            .collect::<Result<Vec<_>>>()?;
        manuals.sort();
        let completions = SHELLS
            .iter()
            .map(|(shell, place)| Ok((*place, output(path, &["completions", shell])?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            name: if has_migrate { "imds" } else { "imds-minimal" },
            version: number.to_owned(),
            commit: fact("commit:").filter(|commit| commit != "unknown"),
            time,
            architecture: Architecture::of_this_machine(),
            program: std::fs::read(path)?,
            sbom,
            level: Compression::best(),
            source: source.to_owned(),
            manuals,
            completions,
        })
    }

    /// `imds-0.1.0-x86_64-linux.tar.gz`
    pub(crate) fn file_name(&self, ending: &str) -> String {
        format!("{}-{}-{}-linux.{ending}", self.name, self.version, self.architecture.name())
    }

    /// A file of the repository.
    pub(crate) fn source(&self, path: &str) -> Result<String> {
        let path = self.source.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The program, manual pages, completions and the list of what is inside, below `usr/`.
    pub(crate) fn installed(&self) -> Result<Tree> {
        let mut tree = Tree::default();
        tree.file("usr/bin/imds", 0o755, self.program.clone());
        tree.link("usr/bin/ec2-imds", "imds");
        for (name, page) in &self.manuals {
            let page = gzip(page, Compression::best())?;
            tree.file(&format!("usr/share/man/man1/{name}.gz"), 0o644, page);
        }
        tree.link("usr/share/man/man1/ec2-imds.1.gz", "imds.1.gz");
        for (place, script) in &self.completions {
            tree.file(&format!("usr/share/{place}"), 0o644, script.clone());
        }
        let sbom = gzip(&self.sbom, Compression::best())?;
        tree.file("usr/share/doc/imds/imds.cdx.json.gz", 0o644, sbom);
        Ok(tree)
    }

    /// What is unpacked below `/usr/local` or a home.
    pub(crate) fn archive(&self) -> Result<Vec<u8>> {
        let mut tree = Tree::default();
        tree.file("bin/imds", 0o755, self.program.clone());
        tree.link("bin/ec2-imds", "imds");
        for (name, page) in &self.manuals {
            tree.file(&format!("share/man/man1/{name}"), 0o644, page.clone());
        }
        for (place, script) in &self.completions {
            tree.file(&format!("share/{place}"), 0o644, script.clone());
        }
        for document in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"] {
            tree.file(&format!("share/doc/imds/{document}"), 0o644, self.source(document)?);
        }
        tree.file("share/doc/imds/imds.cdx.json", 0o644, self.sbom.clone());
        gzip(&tree.tar(&format!("{}-{}/", self.name, self.version), self.time)?, self.level)
    }
}

/// What the program prints. It finds no state and no settings.
fn output(program: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .env("HOME", "/nonexistent")
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(
        output.status.success(),
        "{} {}: {}",
        program.display(),
        arguments.join(" "),
        output.status
    );
    Ok(output.stdout)
}
