//! The README and the pages beside it do what they say: their blocks are run word for word, and print
//! what the page shows.
//!
//! A block marked `sh` is run by a user without privileges; one that talks to `imds serve`, by its
//! default address or by `imds env`, finds it there. One with the AWS CLI is run by the tests' own
//! user, who has one. The `text` block that follows is what it prints, where `…` stands
//! for anything. The `toml` block is a settings file. Other blocks are not run.

use std::thread;
use std::time::Duration;

use regex_lite::Regex;
use testkit::{Context as _, Finished, Need, Result, Server, Trial, anyhow, ensure, imds, test};

use crate::api::{call, element, elements, image};

/// The pages whose blocks are run.
const PAGES: [&str; 11] = [
    "README.md",
    "docs/serve.md",
    "docs/settings.md",
    "docs/exec.md",
    "docs/faults.md",
    "docs/introduction.md",
    "docs/tutorials/imdsv2-in-ci.md",
    "docs/tutorials/pod-without-credentials.md",
    "docs/tutorials/al2-to-al2023.md",
    "docs/tutorials/prove-a-sandbox.md",
    "docs/explanation/tokens.md",
];

/// Where `imds serve` listens by default; the tests' network is their own.
const SERVE: &str = "127.0.0.1:1338";

/// How a block is marked that waits as long as a real client does.
const TWO_MINUTES: &str = "two-minutes";

pub(crate) struct Block {
    page: &'static str,
    line: usize,
    /// What stands behind the fence.
    pub(crate) info: String,
    pub(crate) text: String,
    /// The `text` block that follows.
    output: Option<String>,
}

pub(crate) fn tests() -> Vec<Trial> {
    const CURL: &[Need] = &[Need::Program("curl")];
    const AWS: &[Need] = &[Need::Program("curl"), Need::Python];
    const AWS_AND_PATIENCE: &[Need] = &[Need::Patience, Need::Program("curl"), Need::Python];
    let scripts = blocks().into_iter().filter(|block| block.info.starts_with("sh"));
    let (serve, alone): (Vec<_>, Vec<_>) = scripts.partition(Block::needs_server);
    let (long, short): (Vec<_>, Vec<_>) =
        alone.into_iter().partition(|block| block.info.contains(TWO_MINUTES));
    let openssl = &[Need::Program("openssl"), Need::Python];
    let mut tests = vec![
        test("readme::blocks_for_serve", openssl, || run_with_server(serve)),
        test("readme::settings_file", &[], settings_file),
    ];
    for block in short {
        let needs = if block.needs_aws() { AWS } else { CURL };
        tests.push(test(block.name(), needs, move || block.run().map(drop)));
    }
    for block in &long {
        let stalled = block.with_stall();
        tests.push(test(format!("{}_with_stall", block.name()), AWS, move || {
            let took = stalled.run()?;
            ensure!(took < Duration::from_secs(60), "it took {took:?}");
            Ok(())
        }));
    }
    // First, so that the others run beside them.
    tests
        .insert(0, test("readme::blocks_of_two_minutes", AWS_AND_PATIENCE, move || in_full(&long)));
    tests
}

/// Runs blocks that wait for two minutes and do nothing, all at the same time: each would take a thread from other
/// tests.
fn in_full(blocks: &[Block]) -> Result<()> {
    thread::scope(|scope| {
        let running: Vec<_> = blocks.iter().map(|block| scope.spawn(|| block.run())).collect();
        for block in running {
            let took = block.join().map_err(|_| anyhow!("a block panicked"))??;
            // No longest time: on a busy machine the rest of a block takes as long as it takes.
            ensure!(took.as_secs() >= 100, "it took {took:?}");
        }
        Ok(())
    })
}

fn run_with_server(blocks: Vec<Block>) -> Result<()> {
    let server = Server::start_on(&[SERVE.parse()?], &[])?;
    let directory = tempfile::tempdir()?;
    for block in blocks {
        let mut shell = testkit::program("sh");
        shell.args(["-c", &block.script()]).current_dir(directory.path());
        shell
            .env("PATH", testkit::path_with_imds_and_python())
            .env("XDG_STATE_HOME", server.state_home());
        block.check(&Finished::of(&mut shell)?)?;
    }
    Ok(())
}

impl Block {
    fn name(&self) -> String {
        format!("readme::{}_line_{}", self.page, self.line)
    }

    fn needs_aws(&self) -> bool {
        self.text.contains("aws ec2")
    }

    fn needs_server(&self) -> bool {
        [SERVE, "imds env", "imds event", "imds fault"]
            .iter()
            .any(|words| self.text.contains(words))
    }

    /// The script, with all output in the order in which it comes.
    fn script(&self) -> String {
        format!("exec 2>&1\n{}", self.text)
    }

    fn with_stall(&self) -> Self {
        let text = self.text.replace("imds exec", "imds exec --stall 2s");
        Self {
            page: self.page,
            line: self.line,
            info: self.info.clone(),
            text,
            output: self.output.clone(),
        }
    }

    fn run(&self) -> Result<Duration> {
        let mut shell = if self.needs_aws() {
            let mut shell = testkit::program("sh");
            shell
                .args(["-c", &self.script()])
                .env("PATH", testkit::path_with_imds_and_python())
                .current_dir("/");
            shell
        } else {
            testkit::shell_of_nobody(&self.script())
        };
        let finished = Finished::of(&mut shell)?;
        self.check(&finished)?;
        Ok(finished.took)
    }

    fn check(&self, finished: &Finished) -> Result<()> {
        self.check_printed(&without_progress(&finished.stdout)?)
    }

    /// Fails unless the block printed what the page shows.
    pub(crate) fn check_printed(&self, printed: &str) -> Result<()> {
        let expected = self.output.as_deref().unwrap_or_default().trim_end();
        ensure!(
            pattern(expected)?.is_match(printed.trim_end()),
            "line {} of {} shows\n{expected}\nbut it printed\n{printed}",
            self.line,
            self.page
        );
        Ok(())
    }
}

/// Leaves out curl's progress meter, which it shows where its output is no terminal.
fn without_progress(output: &str) -> Result<String> {
    let meter = Regex::new(r"  % Total .*|^ +Dload .*|\r?[ 0-9kMG.]*(?:[-0-9: ]{8} ){3}.{5}")?;
    let lines = output.lines().filter_map(|line| {
        let rest = meter.replace_all(line, "");
        let is_meter = rest.trim().is_empty() && !line.is_empty();
        (!is_meter).then(|| rest.into_owned() + "\n")
    });
    Ok(lines.collect())
}

fn pattern(expected: &str) -> Result<Regex> {
    let lines = expected.lines().map(|line| match line {
        "…" => "(?s:.*)".to_owned(),
        _ => line.split('…').map(regex_lite::escape).collect::<Vec<_>>().join(".*"),
    });
    Ok(Regex::new(&format!("^{}$", lines.collect::<Vec<_>>().join("\n")))?)
}

/// The settings file is complete, and `imds serve` takes it.
fn settings_file() -> Result<()> {
    let mut blocks = blocks().into_iter();
    let example = blocks.find(|block| block.info == "toml").context("no toml block")?.text;
    let help = Finished::success(imds().args(["serve", "--help"]))?.stdout;
    // Further to the right are help texts.
    let flags = help.lines().filter_map(|line| line.strip_prefix("      --"));
    for flag in flags.filter_map(|line| line.split(' ').next()) {
        let only_said_by_flag =
            ["aemm-config", "config", "no-auth", "ready-file", "takeover"].contains(&flag);
        let key = if flag == "tag" { "tags" } else { flag };
        ensure!(
            only_said_by_flag || example.contains(key),
            "the example of a settings file lacks {key}"
        );
    }

    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    std::fs::write(&file, &example)?;
    std::fs::write(directory.path().join("boot.sh"), "#!/bin/sh\n")?;
    std::fs::write(directory.path().join("secret.txt"), "0123456789abcdef\n")?;
    std::fs::write(directory.path().join("policy.json"), "{\"Statement\": []}\n")?;
    std::fs::write(directory.path().join("key.pub"), "ssh-ed25519 AAAA my-key\n")?;
    std::fs::create_dir_all(directory.path().join("overlay/meta-data"))?;
    std::fs::write(directory.path().join("overlay/meta-data/platform"), "mine")?;
    let file = file.to_str().context("a path in UTF-8")?;
    let server = Server::start(&["--config", file, "--http-tokens", "optional"])?;
    for (path, value) in [
        ("latest/user-data", "#!/bin/sh\n"),
        ("latest/meta-data/tags/instance/Name", "web-1"),
        ("latest/meta-data/iam/security-credentials/", "my-role"),
        ("latest/meta-data/product-codes", "1abc2defghijklm3nopqrs4tu"),
        ("latest/meta-data/kernel-id", "aki-5c21674b"),
        ("latest/meta-data/placement/partition-number", "2"),
        ("latest/meta-data/block-device-mapping/ebs1", "/dev/sdf"),
        ("latest/meta-data/public-ipv4", "198.51.100.7"),
        ("latest/meta-data/network/interfaces/macs/06:00:00:00:00:01/network-card", "1"),
        ("latest/meta-data/platform", "mine"),
        ("latest/meta-data/rack/row", "7"),
    ] {
        let answer = server.request("GET", &format!("/{path}"), &[])?;
        ensure!(answer.text()? == value, "{path}: {answer:?}");
    }
    // Both have the same port of metrics.
    drop(server);
    // Its API gives instances addresses of its subnet.
    let open = Server::start(&["--config", file, "--no-auth"])?;
    let parameters = format!(
        "ImageId={}&InstanceType=t3.micro&MinCount=1&MaxCount=1\
         &SubnetId=subnet-0123456789abcdef0&Ipv6AddressCount=1",
        image(open.control())?
    );
    let launched = call(open.control(), "RunInstances", &parameters)?;
    ensure!(element(&launched, "privateIpAddress")? == "172.31.128.4", "{launched}");
    ensure!(element(&launched, "ipv6Address")?.starts_with("2001:db8:1:2:"), "{launched}");
    let described = call(open.control(), "DescribeSubnets", "")?;
    ensure!(elements(&described, "ipv6CidrBlock") == ["2001:db8:1:2::/64"], "{described}");
    Ok(())
}

/// All fenced blocks of the pages.
fn blocks() -> Vec<Block> {
    PAGES.into_iter().flat_map(blocks_of).collect()
}

/// Reads a page by path: a package cannot include what is outside it.
pub(crate) fn read_page(page: &str) -> String {
    let path = format!("{}/../../{page}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

/// The blocks of a page, in order.
pub(crate) fn blocks_of(page: &'static str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let content = read_page(page);
    let mut lines = content.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let text: String = text.flat_map(|line| [line, "\n"]).collect();
        match blocks.last_mut() {
            Some(block) if info == "text" && block.output.is_none() => block.output = Some(text),
            _ => blocks.push(Block {
                page,
                line: index + 1,
                info: info.to_owned(),
                text,
                output: None,
            }),
        }
    }
    blocks
}
