//! Ten thousand instances in one daemon: what they cost, and what they cost the others.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::load::Load;
use super::measure::{IMDS, ROUNDS, median};
use super::server::{Server, token};

const INSTANCES: u32 = 10_000;
const BATCH: u32 = 500;
const PAGE: u32 = 1000;
/// Each has a subnet for about four thousand addresses.
const ZONES: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];
const ONE: Addresses = Addresses { service: "127.0.0.1:13384", api: "127.0.0.1:13385" };
const MANY: Addresses = Addresses { service: "127.0.0.1:13386", api: "127.0.0.1:13387" };
const EQUIPPED: Addresses = Addresses { service: "127.0.0.1:13388", api: "127.0.0.1:13389" };
/// A volume beside the root volume, and a second network interface.
const MORE: &str = "&BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.VolumeSize=8\
    &NetworkInterface.1.DeviceIndex=0&NetworkInterface.2.DeviceIndex=1";
/// How many launches of one instance are measured.
const SAMPLES: usize = 40;
const DEFAULT: &str = "i-1234567890abcdef0";
/// How long a change may take to be applied.
const PATIENCE: Duration = Duration::from_secs(10);

struct Addresses {
    service: &'static str,
    api: &'static str,
}

/// How many instances there are: other than the figures are of where `BENCH_INSTANCES` says so, to try the part itself.
fn instances() -> Result<u32> {
    let stated = std::env::var("BENCH_INSTANCES").ok();
    stated.map_or(Ok(INSTANCES), |stated| stated.parse().context("BENCH_INSTANCES"))
}

pub(super) fn measure() -> Result<()> {
    let instances = instances()?;
    println!("{instances} instances in one daemon");
    let one = serve(&ONE, "one")?;
    let many = serve(&MANY, "many")?;
    let before = many.memory()?;
    let start = Instant::now();
    launch_all(MANY.api, instances, "")?;
    let rate = f64::from(instances) / start.elapsed().as_secs_f64();
    // Once the last is served, all are.
    wait_for_all(MANY.api)?;
    let each = (many.memory()? - before) / f64::from(instances) / 1024.0;
    println!("  launched            {rate:6.0} instances a second, {BATCH} a call");
    println!("  memory              {each:6.1} KiB each (goal: at most 8)");

    let pages = (0..ROUNDS).map(|_| time(|| page(MANY.api, instances))).collect::<Result<_>>()?;
    println!("  a page of {PAGE:<10}{:6.1} ms", median(pages));
    let (mut described, mut applied) = (Vec::new(), Vec::new());
    for round in 0..40 {
        described.push(time(|| describe(MANY.api).map(drop))?);
        modify(MANY.api, 1 + round % 64)?;
        applied.push(time(|| wait_until_applied(MANY.api))?);
    }
    let (described, applied) = (median(described), median(applied));
    println!("  DescribeInstances   {described:6.2} ms, of one of them");
    println!(
        "  a change            {applied:6.2} ms until it is applied, {:.2} of that (goal: at most 2)",
        applied / described
    );

    let (mut alone, mut among) = (Vec::new(), Vec::new());
    let (token_of_one, token_of_many) = (token(ONE.service)?, token(MANY.service)?);
    for _ in 0..ROUNDS {
        alone.push(one.load(ONE.service, &token_of_one, Load::KEPT_ALIVE)?);
        among.push(many.load(MANY.service, &token_of_many, Load::KEPT_ALIVE)?);
    }
    let (alone, among) = (median(alone), median(among));
    println!(
        "  tokened GET         {among:6.2} µs of processor time, {alone:.2} with one instance"
    );
    println!("    rate              {:6.2} of one instance's (goal: at least 0.95)", alone / among);
    equipped(&one, &many, instances)
}

/// The same number of instances with two volumes and two network interfaces each, beside plain ones.
fn equipped(one: &Server, plain: &Server, instances: u32) -> Result<()> {
    let equipped = serve(&EQUIPPED, "equipped")?;
    let before = equipped.memory()?;
    launch_all(EQUIPPED.api, instances, MORE)?;
    wait_for_all(EQUIPPED.api)?;
    let each = (equipped.memory()? - before) / f64::from(instances) / 1024.0;
    println!("  with two volumes and two interfaces each");
    println!("    memory            {each:6.1} KiB each");
    let of_page = |server: &Server, api| spent(server, ROUNDS, || page(api, instances));
    let (page, plain_page) = (of_page(&equipped, EQUIPPED.api)?, of_page(plain, MANY.api)?);
    println!(
        "    a page of {PAGE:<8}{page:6.1} ms of processor time, {:.2} of one of plain instances",
        page / plain_page
    );
    let of_launch = |server: &Server, api| spent(server, SAMPLES, || launch(api, 1, 'f', MORE));
    let (among, alone) = (of_launch(&equipped, EQUIPPED.api)?, of_launch(one, ONE.api)?);
    println!(
        "    one more launch   {among:6.2} ms of processor time, {:.2} of one among few (goal: at most 1.5)",
        among / alone
    );
    Ok(())
}

/// The processor time of something that is done so often, each time in milliseconds.
fn spent(server: &Server, times: usize, run: impl Fn() -> Result<()>) -> Result<f64> {
    let before = server.processor_time()?;
    (0..times).try_for_each(|_| run())?;
    let spent = server.processor_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1000.0 / f64::from(u32::try_from(times)?))
}

fn serve(addresses: &Addresses, name: &str) -> Result<Server> {
    let state = Path::new("target/bench-control").join(name);
    if state.exists() {
        fs::remove_dir_all(&state)?;
    }
    let arguments = ["--control", addresses.api, "--no-auth", "--access-log", "off"];
    Server::imds(&IMDS, addresses.service, &state, &arguments)
}

fn launch_all(api: &str, instances: u32, more: &str) -> Result<()> {
    let batches = (0..instances).step_by(BATCH as usize).zip(ZONES.into_iter().cycle());
    for (launched, zone) in batches {
        launch(api, BATCH.min(instances - launched), zone, more)?;
    }
    Ok(())
}

fn launch(api: &str, count: u32, zone: char, more: &str) -> Result<()> {
    let images = call(api, "DescribeImages&Filter.1.Name=name&Filter.1.Value.1=al2023-*-x86_64")?;
    let image = element(&images, "imageId").context("there is an Amazon Linux image")?;
    let launch = format!(
        "RunInstances&ImageId={image}&InstanceType=t3.micro&MinCount={count}&MaxCount={count}\
         &Placement.AvailabilityZone=us-east-1{zone}{more}"
    );
    call(api, &launch).map(drop)
}

fn wait_for_all(api: &str) -> Result<()> {
    let pending = "DescribeInstances&Filter.1.Name=instance-state-name&Filter.1.Value.1=pending";
    let start = Instant::now();
    while element(&call(api, pending)?, "instanceId").is_some() {
        ensure!(start.elapsed() < PATIENCE, "some instances do not run");
    }
    Ok(())
}

/// A page of instances, which is full unless there are fewer.
fn page(api: &str, instances: u32) -> Result<()> {
    let page = call(api, &format!("DescribeInstances&MaxResults={PAGE}"))?;
    let count = page.matches("<instanceId>").count();
    ensure!(count >= instances.min(PAGE) as usize, "{count} instances on a page");
    Ok(())
}

fn describe(api: &str) -> Result<String> {
    call(api, &format!("DescribeInstances&InstanceId.1={DEFAULT}"))
}

fn modify(api: &str, hops: usize) -> Result<()> {
    let change = "ModifyInstanceMetadataOptions&HttpPutResponseHopLimit";
    call(api, &format!("{change}={hops}&InstanceId={DEFAULT}")).map(drop)
}

fn wait_until_applied(api: &str) -> Result<()> {
    let start = Instant::now();
    while !describe(api)?.contains("<state>applied</state>") {
        ensure!(start.elapsed() < PATIENCE, "the change is not applied");
    }
    Ok(())
}

/// How long something takes, in milliseconds.
fn time(run: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

/// The answer to an action and its parameters.
fn call(api: &str, action: &str) -> Result<String> {
    let mut stream = TcpStream::connect(api)?;
    let target = format!("/?Version=2016-11-15&Action={action}");
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{target}: {answer}");
    Ok(answer)
}

fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    document.split(&format!("<{name}>")).nth(1)?.split('<').next()
}
