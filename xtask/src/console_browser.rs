//! The web console in a real browser: `cargo xtask console-browser`. It installs Chromium, which takes too long
//! for every run of the tests.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::install;

const HOME: &str = "target/console-browser";

/// Clicks through the console of an instance that requires tokens, in a network with nothing but loopback.
pub(crate) fn run_all() -> Result<()> {
    install::debian(&[
        ("chromium", "chromium"),
        ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
        ("ip", "iproute2"),
        ("node", "nodejs"),
        ("npm", "npm"),
        ("unshare", "util-linux"),
    ])?;
    let home = std::path::absolute(HOME)?;
    let screenshots = home.join("screenshots");
    fs::create_dir_all(&screenshots)?;
    for file in ["package.json", "package-lock.json", "click.js"] {
        fs::copy(format!("xtask/console-browser/{file}"), home.join(file))?;
    }
    run(Command::new("npm").args(["ci", "--silent", "--ignore-scripts"]).current_dir(&home))?;
    run(&mut cargo("build --package imds"))?;
    run(Command::new("unshare")
        .args(["--net", "--map-root-user", "sh", "-c"])
        .arg("ip link set lo up && exec node click.js \"$0\" \"$1\"")
        .arg(std::path::absolute("target/debug/imds")?)
        .arg(&screenshots)
        .current_dir(&home))?;
    println!("The console works in Chromium; screenshots are in {}", screenshots.display());
    Ok(())
}
