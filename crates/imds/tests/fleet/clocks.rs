//! Hosts whose clocks differ, by a library in front of the system's.

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{Finished, Need, Result, Server, Trial, ensure, eventually, imds, program, tests};

use super::{Fleet, ID, ask, launch, require_tokens, state};

pub(super) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Etcd, Need::Program("ip"), Need::Program("cc")];
        tokens_count_by_the_clock_of_the_host_that_is_asked,
    ]
}

/// What gives a program another time of day.
pub(super) struct Clocks(PathBuf);

impl Clocks {
    pub(super) fn compile(directory: &Path) -> Result<Self> {
        let (source, library) = (directory.join("clocks.c"), directory.join("clocks.so"));
        std::fs::write(&source, include_str!("clocks.c"))?;
        let mut cc = program("cc");
        Finished::success(
            cc.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl"),
        )?;
        Ok(Self(library))
    }

    /// `imds` with a clock that is ahead by some seconds.
    pub(super) fn ahead_by(&self, seconds: i32) -> Command {
        let mut command = imds();
        command.env("LD_PRELOAD", &self.0).env("IMDS_TEST_AHEAD", seconds.to_string());
        command
    }
}

const ADDRESS: &str = "172.31.78.12";

/// For how long a token can be asked for at the most, in seconds.
const LONGEST: u32 = 21_600;

fn token(host: &Server, seconds: u32) -> Result<String> {
    let put = format!(
        "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: {seconds}\r\n\r\n"
    );
    super::request(host.address(), ADDRESS, &put)?.text()
}

fn status(host: &Server, token: &str) -> Result<u16> {
    let header = format!("X-aws-ec2-metadata-token: {token}\r\n");
    Ok(ask(host, ADDRESS, ID, &header)?.status())
}

fn tokens_count_by_the_clock_of_the_host_that_is_asked() -> Result<()> {
    let fleet = Fleet::start()?;
    let clocks = Clocks::compile(fleet.files.path())?;
    let host = |name: &str, ahead: i32| {
        let url = fleet.url(name);
        let usual = ["--state", &url, "--no-auth", "--ami", "al2", "--when-cut-off", "refuse"];
        Server::start_by(clocks.ahead_by(ahead), &usual)
    };
    let (right, ahead, behind) = (host("right", 0)?, host("ahead", 30)?, host("behind", -30)?);
    let far_behind = host("far-behind", -120)?;
    let id = launch(&right, ADDRESS)?;
    require_tokens(&right, &id)?;
    eventually("all to serve it", || (state(&ahead, &id).ok()? == "applied").then_some(()))?;

    // One for as long as can be is good on each host whose clock is not more than a minute behind.
    for from in [&right, &ahead, &behind] {
        let token = token(from, LONGEST)?;
        for on in [&right, &ahead] {
            ensure!(status(on, &token)? == 200);
        }
    }
    let longest = token(&right, LONGEST)?;
    ensure!(status(&behind, &longest)? == 200, "half a minute");
    ensure!(status(&far_behind, &longest)? == 401, "two minutes");
    ensure!(status(&far_behind, &token(&right, LONGEST / 2)?)? == 200);
    // It ends earlier by as much where the clock is ahead, and later where it is behind.
    let short = token(&right, 20)?;
    ensure!(status(&ahead, &short)? == 401, "it ended ten seconds ago there");
    let shortest = token(&right, 1)?;
    eventually("it to end", || (status(&right, &shortest).ok()? == 401).then_some(()))?;
    ensure!(status(&behind, &shortest)? == 200, "half a minute is left there");
    Ok(())
}
