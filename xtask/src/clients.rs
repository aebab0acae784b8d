//! Programs that ask with AWS's SDKs, for tests and figures: `xtask/clients`, built and installed
//! below `target/clients`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::install;

const HOME: &str = "target/clients";

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
