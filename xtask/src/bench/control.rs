//! Many instances in one daemon: what they cost, and what they cost the others.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::instances::{Api, BATCH, MORE, MORE_SUBNETS, PAGE, places, settings};
use super::load::Load;
use super::measure::{IMDS, ROUNDS, median, medians};
use super::server::{Server, token};
use super::start;

/// How many instances, in which subnets beside the zones', and what they may cost.
struct Scale {
    instances: u32,
    more_subnets: Range<u8>,
    goals: Goals,
}

struct Goals {
    /// KiB of each at most.
    memory: f64,
    /// Responses at least, as a part of what a daemon with one instance gives.
    rate: f64,
    /// The time until a change is applied, at most, in times of one `DescribeInstances`.
    change: f64,
}

const TEN_THOUSAND: Scale = Scale {
    instances: 10_000,
    more_subnets: 0..0,
    goals: Goals { memory: 8.0, rate: 0.95, change: 2.0 },
};
/// Nearly as many as the network has addresses for, which all Regions share.
const FULL_NETWORK: Scale = Scale {
    instances: 64_000,
    more_subnets: MORE_SUBNETS,
    goals: Goals { memory: 4.0, rate: 0.97, change: 1.3 },
};

const ONE: Daemon = daemon("one", "127.0.0.1:13384", "127.0.0.1:13385");
const MANY: Daemon = daemon("many", "127.0.0.1:13386", "127.0.0.1:13387");
const EQUIPPED: Daemon = daemon("equipped", "127.0.0.1:13388", "127.0.0.1:13389");
/// With more subnets than the zones'.
const SETTINGS: &str = "target/bench-control.toml";
/// How many changes, and launches of one instance, are measured.
const SAMPLES: usize = 40;

struct Daemon {
    name: &'static str,
    service: &'static str,
    api: Api,
}

const fn daemon(name: &'static str, service: &'static str, api: &'static str) -> Daemon {
    Daemon { name, service, api: Api { address: api } }
}

impl Daemon {
    fn state(&self) -> PathBuf {
        Path::new("target/bench-control").join(self.name)
    }

    /// With new state.
    fn serve(&self) -> Result<Server> {
        let state = self.state();
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        fs::write(SETTINGS, settings())?;
        let arguments = ["--control", self.api.address, "--no-auth", "--access-log", "off"];
        let arguments = [&arguments[..], &["--config", SETTINGS]].concat();
        Server::imds(&IMDS, self.service, &state, &arguments)
    }
}

pub(super) fn measure() -> Result<()> {
    let instances = TEN_THOUSAND.instances()?;
    let (one, many) = (ONE.serve()?, MANY.serve()?);
    TEN_THOUSAND.measure(&one, &many)?;
    equipped(&one, &many, instances)?;
    println!();
    Ok(())
}

/// As many as there may be, and a start with them.
pub(super) fn measure_many() -> Result<()> {
    let (one, many) = (ONE.serve()?, MANY.serve()?);
    FULL_NETWORK.measure(&one, &many)?;
    drop((one, many));
    let [alone, all] = medians([&ONE, &MANY], |daemon| {
        start::once(&IMDS, &daemon.state(), &["--config", SETTINGS])
    })?;
    println!(
        "  start with them     {all:6.1} ms to the first answered byte, {alone:.1} with one instance\n"
    );
    Ok(())
}

impl Scale {
    /// Other than the figures are of where `BENCH_INSTANCES` says so, to try the part itself.
    fn instances(&self) -> Result<u32> {
        let stated = std::env::var("BENCH_INSTANCES").ok();
        stated.map_or(Ok(self.instances), |stated| stated.parse().context("BENCH_INSTANCES"))
    }

    fn measure(&self, one: &Server, many: &Server) -> Result<()> {
        let instances = self.instances()?;
        println!("{instances} instances in one daemon");
        let before = many.memory()?;
        let start = Instant::now();
        MANY.api.launch_all(instances, &places(self.more_subnets.clone()), "")?;
        let rate = f64::from(instances) / start.elapsed().as_secs_f64();
        let each = (many.memory()? - before) / f64::from(instances) / 1024.0;
        let Goals { memory, .. } = self.goals;
        println!("  launched            {rate:6.0} instances a second, {BATCH} a call");
        println!("  memory              {each:6.1} KiB each (goal: at most {memory})");
        self.compare_change(instances)?;
        self.compare_load(one, many)
    }

    /// The time until a change is applied, beside that of the call that tells of it.
    fn compare_change(&self, instances: u32) -> Result<()> {
        let page = || MANY.api.page(instances);
        let pages = (0..ROUNDS).map(|_| time(page)).collect::<Result<_>>()?;
        println!("  a page of {PAGE:<10}{:6.1} ms", median(pages));
        let (mut described, mut applied) = (Vec::new(), Vec::new());
        for round in 0..SAMPLES {
            described.push(time(|| MANY.api.describe().map(drop))?);
            MANY.api.modify(1 + round % 64)?;
            applied.push(time(|| MANY.api.wait_until_applied())?);
        }
        let (described, applied) = (median(described), median(applied));
        let (ratio, goal) = (applied / described, self.goals.change);
        println!("  DescribeInstances   {described:6.2} ms, of one of them");
        println!(
            "  a change            {applied:6.2} ms until it is applied, {ratio:.2} of that (goal: at most {goal})"
        );
        Ok(())
    }

    fn compare_load(&self, one: &Server, many: &Server) -> Result<()> {
        let one = (one, ONE.service, token(ONE.service)?);
        let many = (many, MANY.service, token(MANY.service)?);
        let [alone, among] = medians([&one, &many], |(server, address, token)| {
            server.load(address, token, Load::KEPT_ALIVE)
        })?;
        let (ratio, goal) = (alone / among, self.goals.rate);
        println!(
            "  tokened GET         {among:6.2} µs of processor time, {alone:.2} with one instance"
        );
        println!("    rate              {ratio:6.2} of one instance's (goal: at least {goal})");
        Ok(())
    }
}

/// The same number of instances with two volumes and two network interfaces each, beside plain ones.
fn equipped(one: &Server, plain: &Server, instances: u32) -> Result<()> {
    let equipped = EQUIPPED.serve()?;
    let before = equipped.memory()?;
    EQUIPPED.api.launch_all(instances, &places(TEN_THOUSAND.more_subnets), MORE)?;
    let each = (equipped.memory()? - before) / f64::from(instances) / 1024.0;
    println!("  with two volumes and two interfaces each");
    println!("    memory            {each:6.1} KiB each");
    let of_page = |server: &Server, api: Api| server.spent(ROUNDS, || api.page(instances));
    let (page, plain_page) = (of_page(&equipped, EQUIPPED.api)?, of_page(plain, MANY.api)?);
    println!(
        "    a page of {PAGE:<8}{page:6.1} ms of processor time, {:.2} of one of plain instances",
        page / plain_page
    );
    let one_more = format!("&Placement.AvailabilityZone=us-east-1f{MORE}");
    let of_launch = |server: &Server, api: Api| server.spent(SAMPLES, || api.launch(1, &one_more));
    let (among, alone) = (of_launch(&equipped, EQUIPPED.api)?, of_launch(one, ONE.api)?);
    println!(
        "    one more launch   {among:6.2} ms of processor time, {:.2} of one among few (goal: at most 1.5)",
        among / alone
    );
    Ok(())
}

/// How long something takes, in milliseconds.
fn time(run: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}
