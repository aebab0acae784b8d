//! Programs that ask with AWS's SDKs, for tests and figures: `xtask/clients`, built and installed
//! below `target/clients`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::install;

const HOME: &str = "target/clients";

/// A file of AWS's SDK for Go, version 2, and its Debian package.
const GO_SDK: install::Package = (
    "/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/config/config.go",
    "golang-github-aws-aws-sdk-go-v2-dev",
);

/// Both of them, as the tests want them; gives back where they are.
pub(crate) fn all() -> Result<PathBuf> {
    rust("dev")?;
    node()?;
    Ok(std::path::absolute(HOME)?)
}

/// The one in Rust, built with a profile; gives back where its binary is.
pub(crate) fn rust(profile: &str) -> Result<PathBuf> {
    let target = Path::new(HOME).join("rust");
    run(&mut cargo(&format!(
        "build --profile {profile} --quiet --locked \
         --manifest-path xtask/clients/rust/Cargo.toml --target-dir {}",
        target.display()
    )))?;
    let directory = if profile == "dev" { "debug" } else { profile };
    Ok(std::path::absolute(target)?.join(directory).join("aws-config-client"))
}

/// The one in Go, built with Debian's libraries; gives back where its binary is.
pub(crate) fn go() -> Result<PathBuf> {
    install::debian(&[("go", "golang-go"), GO_SDK])?;
    let home = std::path::absolute(HOME)?.join("go");
    let program = home.join("credentials");
    go_build(Path::new("xtask/clients/go/credentials.go"), &program, &home.join("cache"))?;
    Ok(program)
}

/// Builds a program in Go with Debian's libraries, and nothing from elsewhere.
pub(crate) fn go_build(source: &Path, program: &Path, cache: &Path) -> Result<()> {
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(program).arg(source);
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
    run(go.env("GOCACHE", cache))
}

/// The one in JavaScript; gives back where its script is.
pub(crate) fn node() -> Result<PathBuf> {
    install::debian(&[("node", "nodejs"), ("npm", "npm")])?;
    let home = std::path::absolute(HOME)?.join("node");
    std::fs::create_dir_all(&home)?;
    for file in ["package.json", "package-lock.json", "credentials.js"] {
        std::fs::copy(format!("xtask/clients/node/{file}"), home.join(file))?;
    }
    run(Command::new("npm").args(["ci", "--silent", "--ignore-scripts"]).current_dir(&home))?;
    Ok(home.join("credentials.js"))
}
