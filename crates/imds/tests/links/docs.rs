//! Pages about links do what they say: their `sh` blocks are run in order on a host with
//! Podman. One marked `service` goes on while the others run.

use testkit::{Context as _, Finished, Need, Result, Trial, ensure, program, test};

use crate::readme::{Block, blocks_of};

const PAGES: [&str; 3] = ["docs/links.md", "docs/podman.md", "docs/pods.md"];

/// What stands before the output of each block.
const MARK: &str = "=== next block";

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
        Need::Program("curl"),
        Need::Program("ip"),
        Need::Program("jq"),
        Need::Program("/usr/lib/cni/bridge"),
    ];
    let tests = PAGES.map(|page| {
        test(format!("links::docs::{page}_does_what_it_says"), NEEDS, move || {
            does_what_it_says(page)
        })
    });
    tests.into()
}

fn does_what_it_says(page: &'static str) -> Result<()> {
    let blocks: Vec<_> =
        blocks_of(page).into_iter().filter(|block| block.info.starts_with("sh")).collect();
    ensure!(blocks.len() > 4, "the page has lost its blocks");
    let directory = tempfile::tempdir()?;
    let script = directory.path().join("script");
    std::fs::write(&script, blocks.iter().map(commands).collect::<String>())?;
    let mut command = program("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu"]);
    command.arg(format!("{}/tests/links/page.sh", env!("CARGO_MANIFEST_DIR"))).arg(&script);
    command.env("PATH", testkit::path_with_imds_and_python());
    let finished = Finished::success(&mut command)?;
    let mark = format!("{MARK}\n");
    let mut outputs = finished.stdout.split(&mark).skip(1);
    for block in &blocks {
        let printed = outputs.next().with_context(|| format!("it ended early: {finished:#?}"))?;
        block.check_printed(printed)?;
    }
    Ok(())
}

fn commands(block: &Block) -> String {
    let text = &block.text;
    if block.info.contains("service") {
        let line = text.trim_end();
        format!("echo '{MARK}'\n{line} > /mnt/banner 2> /mnt/messages &\nserved\n")
    } else {
        format!("echo '{MARK}'\n{{\n{text}}} 2>&1\n")
    }
}
