//! All artifacts together, made once for all tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use packaging::{Build, Release};
use serde_json::Value;
use testkit::{Context as _, Finished, Need, Result, Trial, ensure};

/// A time in 2026, as of a commit.
const TIME: u64 = 1_790_000_000;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = testkit::tests![&[Need::Program("objcopy")];
        two_runs_make_the_same_bytes,
        checksums_are_those_that_sha256sum_reads,
        the_archive_has_program_pages_and_completions,
    ];
    tests.extend(testkit::tests![&[Need::Python];
        the_list_of_components_is_valid_cyclonedx,
    ]);
    tests.extend(testkit::tests![&[];
        components_are_those_that_are_linked,
    ]);
    tests
}

/// The directory with all artifacts.
pub(crate) fn made() -> Result<&'static Path> {
    static MADE: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let made = MADE.get_or_init(|| make(&home().join("one")).map_err(|error| format!("{error:?}")));
    made.as_deref().map_err(|error| testkit::anyhow!("{error}"))
}

/// One of them, by the end of its name.
pub(crate) fn artifact(ending: &str) -> Result<PathBuf> {
    let files = std::fs::read_dir(made()?)?.collect::<std::io::Result<Vec<_>>>()?;
    let file = files.iter().find(|file| file.file_name().to_string_lossy().ends_with(ending));
    Ok(file.with_context(|| format!("no artifact {ending}"))?.path())
}

fn home() -> PathBuf {
    std::env::temp_dir().join(format!("imds-packaging-{}", std::process::id()))
}

/// Removes them.
pub(crate) fn tidy() {
    // Tests that made none have left nothing.
    let _ = std::fs::remove_dir_all(home());
}

/// The repository.
pub(crate) fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn make(directory: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    let built = testkit::binary();
    ensure!(built.exists(), "{} is not built: run cargo build", built.display());
    // Its debug information is many times as large as the rest.
    let stripped = directory.join("stripped");
    Finished::success(Command::new("objcopy").arg("--strip-all").arg(built).arg(&stripped))?;
    let mut release = Release::of(&stripped, &source(), components(&[])?, TIME)?;
    release.level = flate2::Compression::fast();
    std::fs::remove_file(stripped)?;
    let files = packaging::write_all(&release, directory)?;
    packaging::write_checksums(directory, &files)?;
    Ok(directory.to_owned())
}

fn components(features: &[&str]) -> Result<Vec<u8>> {
    let cargo = |words: &str| -> Result<String> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(words.split_whitespace()).args(["--offline", "--locked", "--manifest-path"]);
        cargo.arg(source().join("crates/imds/Cargo.toml")).args(features);
        Ok(Finished::success(&mut cargo)?.stdout)
    };
    let target = "x86_64-unknown-linux-gnu";
    packaging::components(&Build {
        metadata: cargo(&format!("metadata --format-version 1 --filter-platform {target}"))?
            .as_bytes(),
        tree: &cargo(&format!(
            "tree --target {target} --prefix none --edges normal,no-proc-macro"
        ))?,
        lock: &std::fs::read_to_string(source().join("Cargo.lock"))?,
        time: TIME,
    })
}

fn two_runs_make_the_same_bytes() -> Result<()> {
    let (one, other) = (made()?, make(&home().join("two"))?);
    let mut compared = 0;
    for file in std::fs::read_dir(one)? {
        let (file, name) = (file.as_ref().unwrap().path(), file.as_ref().unwrap().file_name());
        ensure!(
            std::fs::read(&file)? == std::fs::read(other.join(&name))?,
            "{} differs",
            name.display()
        );
        compared += 1;
    }
    ensure!(compared == 5, "{compared} artifacts");
    Ok(())
}

fn checksums_are_those_that_sha256sum_reads() -> Result<()> {
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "SHA256SUMS"]).current_dir(made()?);
    let checked = Finished::success(&mut check)?.stdout;
    ensure!(
        checked.lines().count() == 4 && checked.lines().all(|line| line.ends_with(": OK")),
        "{checked}"
    );
    Ok(())
}

fn the_archive_has_program_pages_and_completions() -> Result<()> {
    let archive = artifact(".tar.gz")?;
    let place = home().join("unpacked");
    std::fs::create_dir_all(&place)?;
    let mut tar = Command::new("tar");
    tar.args(["--strip-components=1", "-xf"]).arg(&archive).arg("-C").arg(&place);
    Finished::success(&mut tar)?;
    for file in [
        "share/man/man1/imds-serve.1",
        "share/bash-completion/completions/imds",
        "share/zsh/vendor-completions/_imds",
        "share/fish/vendor_completions.d/imds.fish",
        "share/doc/imds/LICENSE-MIT",
        "share/doc/imds/imds.cdx.json",
    ] {
        ensure!(place.join(file).is_file(), "{file} is missing");
    }
    let version = Finished::success(Command::new(place.join("bin/ec2-imds")).arg("-V"))?.stdout;
    ensure!(version.starts_with(concat!("imds ", env!("CARGO_PKG_VERSION"))), "{version}");
    Ok(())
}

/// By the format's own schema, which its library for Python has.
fn the_list_of_components_is_valid_cyclonedx() -> Result<()> {
    const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)";
    let python =
        Path::new(&std::env::var_os("IMDS_TEST_PYTHON").context("no Python")?).join("python3");
    let list = artifact(".cdx.json")?;
    Finished::success(Command::new(&python).args(["-c", VALIDATE]).arg(&list))?;
    // The validator refuses what is not valid.
    let wrong = home().join("wrong.cdx.json");
    std::fs::write(&wrong, std::fs::read_to_string(list)?.replace("\"library\"", "\"book\""))?;
    Finished::of(Command::new(python).args(["-c", VALIDATE]).arg(wrong))?.expect_code(1)?;
    Ok(())
}

fn components_are_those_that_are_linked() -> Result<()> {
    let names = |features: &[&str]| -> Result<BTreeSet<String>> {
        let document: Value = serde_json::from_slice(&components(features)?)?;
        let all = document["components"].as_array().context("no components")?;
        all.iter().map(|it| Ok(it["name"].as_str().context("no name")?.to_owned())).collect()
    };
    let (all, minimal) = (names(&[])?, names(&["--no-default-features"])?);
    for name in ["imds-core", "libsqlite3-sys", "tokio"] {
        ensure!(all.contains(name) && minimal.contains(name), "{name} is missing");
    }
    // For tests, for the compiler, and for builds.
    for name in ["testkit", "proptest", "serde_derive", "syn", "cc"] {
        ensure!(!all.contains(name), "{name} is not inside");
    }
    let only_migrate = ["imds-migrate", "tree-sitter", "tree-sitter-bash"];
    ensure!(only_migrate.iter().all(|name| all.contains(*name) && !minimal.contains(*name)));
    let document: Value = serde_json::from_slice(&components(&[])?)?;
    let tokio = document["components"].as_array().unwrap().iter().find(|it| it["name"] == "tokio");
    let tokio = tokio.context("no tokio")?;
    ensure!(tokio["licenses"][0]["expression"] == "MIT", "{tokio}");
    ensure!(tokio["hashes"][0]["content"].as_str().is_some_and(|it| it.len() == 64), "{tokio}");
    Ok(())
}
