//! A place where a script from somebody's machine runs: on an instance, in a folder of its own,
//! with stand-ins for the programs that would change a real machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use testkit::{Context as _, Finished, Result, ensure};

use super::cases::Case;
use crate::exec::sandbox::{As, everyone, exec};

/// System directories that scripts write to; they are folders of the stage.
const DIRECTORIES: [&str; 8] = [
    "/etc/cron.daily/",
    "/etc/cron.d/",
    "/etc/systemd/system/",
    "/etc/",
    "/opt/",
    "/run/",
    "/var/log/",
    "/usr/local/bin/",
];

/// Programs that are not what they are called. `sleep` returns at once, and ends its caller the
/// third time: some scripts wait for ever.
const STAND_INS: [(&str, &str); 15] = [
    ("sleep", r#"echo x >> "$STAGE/slept"; [ "$(wc -l < "$STAGE/slept")" -lt 3 ] || kill $PPID"#),
    ("sudo", r#"[ "$1" = -u ] && shift 2; exec "$@""#),
    ("su", r#"while [ "$1" != -c ]; do shift; done; exec sh -c "$2""#),
    ("ssh", r#"shift; exec sh -c "$*""#),
    ("aws", r#"echo "aws $*""#),
    ("hostnamectl", r#"echo "hostnamectl $*""#),
    ("hostname", r#"echo "hostname $*""#),
    ("app", r#"echo "app $*""#),
    ("node", r#"echo "node $*, HOST=$HOST""#),
    ("cloud-init-per", r#"shift 2; exec "$@""#),
    ("carry", r#"exec python "$STAGE/carry.py" "$@""#),
    ("apt-get", ":"),
    ("yum", ":"),
    ("systemctl", ":"),
    // As Ubuntu's cloud-utils had it: one request for each name, without a token.
    (
        "ec2metadata",
        r#"for name; do
case $name in --availability-zone) name=--placement/availability-zone ;; esac
curl -s "http://169.254.169.254/latest/meta-data/${name#--}"; echo
done"#,
    ),
];

/// What `python` starts with: its sleep is the stand-in, too.
const SITE: &str = r#"
import time
naps = []
def sleep(seconds):
    naps.append(seconds)
    if len(naps) >= 3:
        raise SystemExit("slept often enough")
time.sleep = sleep
"#;

/// What runs the scripts that other files carry.
const CARRY: &str = include_str!("carry.py");

/// How long a script may run.
const LIMIT: &str = "60";

/// An instance to run on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Machine {
    pub(crate) image: &'static str,
    pub(crate) instance_type: &'static str,
}

/// Paths, and the status each was answered with.
type Answers = Vec<(String, u64)>;

/// What running a script came to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    /// The files it left, and what is in them.
    pub(crate) files: BTreeMap<String, String>,
    /// What the service answered to requests for metadata: path and status, sorted.
    pub(crate) answers: Answers,
    /// The paths among them that were asked for without a token.
    pub(crate) tokenless: Vec<String>,
}

impl Outcome {
    /// What its user sees of it.
    pub(crate) fn visible(&self) -> impl Eq + std::fmt::Debug + '_ {
        (self.status, &self.stdout, &self.files)
    }
}

/// Runs `text` in place of the case's file, by `command`.
pub(crate) fn run(case: &Case, text: &[u8], command: &str, machine: Machine) -> Result<Outcome> {
    let stage = TempDir::new()?;
    let home = stage.path().join("home");
    set(stage.path(), &home)?;
    let script = home.join(&case.file);
    fs::write(&script, on_stage(text, &home))?;
    // Some commands add to it what shows what it did.
    fs::set_permissions(&script, fs::Permissions::from_mode(0o666))?;

    // The tests' Python may be where nobody else may go.
    let is_python = case.before.windows(6).any(|word| word == b"python")
        || command.starts_with("carry ")
        || case.name.starts_with("python/");
    let who = everyone().pop().filter(|_| !is_python).unwrap_or(As::Tester);
    let log = stage.path().join("access.log");
    let user_data = stage.path().join("user-data");
    let options = [
        "--ami",
        machine.image,
        "--instance-type",
        machine.instance_type,
        "--instance-id",
        "i-0a1b2c3d4e5f60718",
        "--role",
        "web",
        "--tag",
        "Name=web-1",
        "--tag",
        "Team=blue",
        "--instance-metadata-tags",
        "enabled",
        "--user-data",
        user_data.to_str().context("a path that is no text")?,
        "--access-log",
        log.to_str().context("a path that is no text")?,
        "--log-format",
        "json",
    ];
    let ipv6: &[&str] = match machine.instance_type {
        "t3.micro" => &["--http-protocol-ipv6", "enabled"],
        _ => &[],
    };
    let options = [&options[..], ipv6].concat();
    let program = ["timeout", "--kill-after=1", LIMIT, "sh", "-c", command];
    let finished = Finished::of(
        exec(who, &options, &program)
            .current_dir(&home)
            .env_clear()
            .env("HOME", &home)
            .env("STAGE", stage.path())
            .env("PATH", path(stage.path()))
            .env("PYTHONPATH", stage.path().join("site"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )?;
    ensure!(finished.status.code() != Some(125), "{}: {}", case.name, finished.stderr);
    ensure!(finished.status.code() != Some(124), "{}: over {LIMIT} s", case.name);

    fs::remove_file(&script)?;
    let mut files = BTreeMap::new();
    collect(&home, &home, &mut files)?;
    let (answers, tokenless) = requests(&fs::read_to_string(&log).unwrap_or_default())?;
    let stdout = off_stage(&finished.stdout, &home);
    Ok(Outcome { status: finished.status.code(), stdout, files, answers, tokenless })
}

/// Whether the tests' Python has this module.
pub(crate) fn python_has(module: &str) -> bool {
    let python = std::env::var("IMDS_TEST_PYTHON").unwrap_or_default();
    let mut command = Command::new(Path::new(&python).join("python"));
    command.args(["-c", &format!("import {module}")]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where programs are looked for: stand-ins, the tests' Python, the system.
fn path(stage: &Path) -> String {
    let python = std::env::var("IMDS_TEST_PYTHON").unwrap_or_default();
    format!("{}:{python}:/usr/local/bin:/usr/bin:/bin", stage.join("bin").display())
}

fn set(stage: &Path, home: &Path) -> Result<()> {
    let (bin, site) = (stage.join("bin"), stage.join("site"));
    let mut folders = vec![bin.clone(), site.clone(), home.to_owned(), home.join("tmp")];
    folders.extend(DIRECTORIES.iter().map(|directory| within(home, directory)));
    for folder in folders {
        fs::create_dir_all(folder)?;
    }
    for (name, script) in STAND_INS {
        let file = bin.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    }
    fs::write(site.join("sitecustomize.py"), SITE)?;
    fs::write(stage.join("carry.py"), CARRY)?;
    fs::write(stage.join("user-data"), "#!/bin/sh\necho hello\n")?;
    for_everyone(stage)
}

/// Folders that any user may write to: the script is run as nobody.
fn for_everyone(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            for_everyone(&entry.path())?;
        }
    }
    Ok(())
}

fn within(home: &Path, directory: &str) -> PathBuf {
    home.join(directory.trim_start_matches('/'))
}

/// The script, with its system directories below `home`.
fn on_stage(text: &[u8], home: &Path) -> Vec<u8> {
    // Byte by byte a character: the text need not be UTF-8.
    let mut text: String = text.iter().map(|byte| char::from(*byte)).collect();
    // In two steps, because `home` may be below one of them.
    for directory in ["/etc/", "/opt/", "/run/", "/var/log/", "/usr/local/bin/", "/tmp"] {
        text = text.replace(directory, &format!("\0{directory}"));
    }
    let text = text.replace('\0', &home.display().to_string());
    text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn off_stage(text: &str, home: &Path) -> String {
    text.replace(&home.display().to_string(), "")
}

fn collect(home: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(home, &path, files)?;
        } else {
            let name = path.strip_prefix(home)?.display().to_string();
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            files.insert(name, off_stage(&text, home));
        }
    }
    Ok(())
}

/// The requests for metadata in an access log. What only another cloud would answer is none, nor
/// is the request for a token.
fn requests(log: &str) -> Result<(Answers, Vec<String>)> {
    let (mut answers, mut tokenless) = (Vec::new(), Vec::new());
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let path = line["path"].as_str().context("no path in the log")?.to_owned();
        let is_metadata = path.starts_with("/latest") || path.starts_with("/20");
        if line["method"] != "GET" || !is_metadata {
            continue;
        }
        if line["imds"] == "v1" {
            tokenless.push(path.clone());
        }
        answers.push((path, line["status"].as_u64().context("no status in the log")?));
    }
    answers.sort();
    Ok((answers, tokenless))
}
