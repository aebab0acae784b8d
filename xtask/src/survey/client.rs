//! The clients that are measured, and how each of them gets here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::command::run;
use crate::{clients, install};

const HOME: &str = "target/survey";

/// Debian's package manager runs once at a time.
static DEBIAN: Mutex<()> = Mutex::new(());

/// A Python without packages.
static PYTHON: OnceLock<PathBuf> = OnceLock::new();

/// A client, as `survey.toml` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    pub(super) name: String,
    /// Packages of `PyPI`, each with its version; the first one is the client.
    #[serde(default)]
    python: Vec<String>,
    /// The same of npm.
    #[serde(default)]
    node: Vec<String>,
    /// A program of a Debian package, and that package.
    debian: Option<[String; 2]>,
    /// A program in Go that is built with Debian's libraries.
    go: Option<PathBuf>,
    /// What uses it: Python, JavaScript or a shell's script, by where the packages are from.
    script: String,
    /// What it prints if it got what it asked for. Without, it prints the role's key, or signs with it.
    #[serde(default = "key")]
    pub(super) says: String,
}

/// A client that can be run.
pub(super) struct Installed {
    pub(super) version: String,
    pub(super) words: Vec<String>,
    pub(super) variables: Vec<(&'static str, String)>,
}

fn key() -> String {
    "ASIA".to_owned()
}

pub(super) fn read(file: &Path) -> Result<Vec<Client>> {
    #[derive(Deserialize)]
    struct Survey {
        client: Vec<Client>,
    }
    let text = std::fs::read_to_string(file)?;
    let survey: Survey = toml::from_str(&text).with_context(|| file.display().to_string())?;
    Ok(survey.client)
}

/// The Python of all clients.
pub(super) fn python() -> Result<PathBuf> {
    if let Some(python) = PYTHON.get() {
        return Ok(python.clone());
    }
    let home = std::path::absolute(HOME)?.join("python");
    if !home.join("bin/pip").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    }
    Ok(PYTHON.get_or_init(|| home.join("bin/python3")).clone())
}

impl Client {
    /// Whether a line of the table is about this client.
    pub(super) fn is_of(&self, line: &str) -> bool {
        line.starts_with(&format!("| {} | ", self.name))
    }

    pub(super) fn install(&self) -> Result<Installed> {
        let script = self.script.clone();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        if let [first, ..] = &self.python[..] {
            let home = self.home(&self.python, |home| {
                let mut pip = Command::new(python()?);
                pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
                pip.args(["--root-user-action=ignore", "--target"]).arg(home);
                run(pip.args(&self.python))
            })?;
            return Ok(Installed {
                version: version_of(first, "=="),
                words: words(&[&python()?.display().to_string(), "-c", &script]),
                variables: vec![("PYTHONPATH", home.display().to_string())],
            });
        }
        if let [first, ..] = &self.node[..] {
            let home = self.home(&self.node, |home| {
                std::fs::create_dir_all(home)?;
                std::fs::write(home.join("package.json"), "{\"private\": true}")?;
                let mut npm = Command::new("npm");
                npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
                run(npm.args(&self.node).current_dir(home))
            })?;
            let file = home.join("probe.mjs");
            std::fs::write(&file, &script)?;
            return Ok(Installed {
                version: version_of(first, "@"),
                words: words(&["node", &file.display().to_string()]),
                variables: Vec::new(),
            });
        }
        let Some([program, package]) = &self.debian else {
            return Ok(Installed {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                words: words(&["sh", "-c", &script]),
                variables: Vec::new(),
            });
        };
        let (program, name): (&'static str, &'static str) =
            (program.clone().leak(), package.clone().leak());
        {
            let _alone = DEBIAN.lock();
            install::debian(&[(program, name)])?;
        }
        let words = match &self.go {
            Some(source) => vec![self.built(source)?.display().to_string()],
            None => words(&["sh", "-c", &script]),
        };
        Ok(Installed { version: debian_version(package)?, words, variables: Vec::new() })
    }

    /// A folder of its own, which `install` fills if it is not there.
    fn home(
        &self,
        packages: &[String],
        install: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let name: String =
            self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let home = std::path::absolute(HOME)?.join(name);
        let stamp = home.join("installed");
        let wanted = packages.join("\n");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(home);
        }
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        install(&home)?;
        std::fs::write(stamp, wanted)?;
        Ok(home)
    }

    fn built(&self, source: &Path) -> Result<PathBuf> {
        self.home(&[source.display().to_string()], |home| {
            std::fs::create_dir_all(home)?;
            let cache = std::path::absolute(HOME)?.join("go-cache");
            clients::go_build(source, &home.join("program"), &cache)
        })
        .map(|home| home.join("program"))
    }
}

fn version_of(package: &str, sign: &str) -> String {
    package.rsplit_once(sign).map_or(package, |(_, version)| version).to_owned()
}

fn debian_version(package: &str) -> Result<String> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${source:Upstream-Version}", package])
        .output()?;
    if !output.status.success() {
        bail!("dpkg-query: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let version = String::from_utf8(output.stdout)?;
    // What follows is how Debian packed it, such as "+dfsg".
    Ok(version.split('+').next().unwrap_or_default().to_owned())
}
