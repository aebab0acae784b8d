//! Several instances in one `imds serve`: whose metadata a request is for.

use std::process::Stdio;

use testkit::{Finished, Need, Process, Result, Server, Trial, ensure, eventually, imds, tests};

use crate::api::{call, element};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Program("curl"), Need::Program("ip")];
        the_source_address_decides_and_the_default_gets_the_rest,
        a_bound_listener_serves_its_instance_alone,
        the_address_of_an_instance_that_does_not_run_is_nobodys,
        without_a_default_instance_an_unknown_address_is_nobodys,
    ]
}

const DEFAULT: &str = "i-1234567890abcdef0";
/// The address of the second instance. No other test has it.
const ADDRESS: &str = "172.31.77.5";

/// Starts a second instance, which answers without tokens; its id.
fn run_another(server: &Server, address: &str) -> Result<String> {
    let parameters = format!(
        "ImageId=ami-025c74f0395f660ea&MinCount=1&MaxCount=1&PrivateIpAddress={address}&\
         Placement.AvailabilityZone=us-east-1b&MetadataOptions.HttpTokens=optional"
    );
    let answer = call(server.control(), "RunInstances", &parameters)?;
    Ok(element(&answer, "instanceId")?.to_owned())
}

fn curl(arguments: &[&str]) -> Result<String> {
    let mut curl = testkit::program("curl");
    curl.args(["-sS", "-m", "10", "-w", " %{http_code}"]).args(arguments);
    Ok(Finished::of(&mut curl)?.stdout)
}

fn the_source_address_decides_and_the_default_gets_the_rest() -> Result<()> {
    Finished::success(testkit::program("ip").args(["address", "add", ADDRESS, "dev", "lo"]))?;
    let server = Server::start(&["--no-auth", "--ami", "al2"])?;
    let other = run_another(&server, ADDRESS)?;
    let url = format!("http://{}/latest", server.address());
    let id = format!("{url}/meta-data/instance-id");
    let answer = eventually("the second instance to be served", || {
        curl(&["--interface", ADDRESS, &id]).ok().filter(|answer| !answer.contains(DEFAULT))
    })?;
    ensure!(answer == format!("{other} 200"), "{answer}");
    ensure!(curl(&[&id])? == format!("{DEFAULT} 200"));

    // A token of one instance is nothing to another.
    let token = server.token(60)?;
    let header = format!("X-aws-ec2-metadata-token: {token}");
    ensure!(curl(&["-H", &header, &id])?.ends_with(" 200"));
    let answer = curl(&["-H", &header, "--interface", ADDRESS, &id])?;
    ensure!(answer.ends_with(" 401"), "{answer}");
    Ok(())
}

fn a_bound_listener_serves_its_instance_alone() -> Result<()> {
    // No other test listens on this address.
    const SHARED: &str = "127.0.0.88:1338";
    const BOUND: &str = "127.0.0.88:1340";
    const NOBODYS: &str = "127.0.0.88:1341";
    let mut server = Server::start(&["--no-auth", "--ami", "al2"])?;
    let other = run_another(&server, "172.31.77.6")?;
    server.process().signal("TERM")?;
    server.process().ended()?;

    let mut serve = imds();
    serve.args(["serve", "--ami", "al2", "--control", "off", "--access-log", "off"]);
    serve.args(["--listen", SHARED, "--listen", &format!("{BOUND}={other}")]);
    serve.args(["--listen", &format!("{NOBODYS}=i-0123456789abcdef0")]);
    serve.env("XDG_STATE_HOME", server.state_home()).stdout(Stdio::null()).stderr(Stdio::null());
    let _process = Process::start(&mut serve)?;
    let id = |at: &str| curl(&[&format!("http://{at}/latest/meta-data/instance-id")]);
    let answer =
        eventually("an answer", || id(SHARED).ok().filter(|answer| answer.ends_with(" 200")))?;
    ensure!(answer == format!("{DEFAULT} 200"), "{answer}");
    let answer = id(BOUND)?;
    ensure!(answer == format!("{other} 200"), "{answer}");
    // There is no such instance: nothing is given away, least of all the default's.
    let answer = id(NOBODYS)?;
    ensure!(answer == " 000", "{answer}");
    Ok(())
}

fn the_address_of_an_instance_that_does_not_run_is_nobodys() -> Result<()> {
    // No other test has it. All of 127.0.0.0/8 is this machine's.
    const LOOPBACK: &str = "127.0.0.7";
    let mut server = Server::start(&["--no-auth", "--ami", "al2"])?;
    let api = server.control();
    let id = format!("http://{}/latest/meta-data/instance-id", server.address());
    let ask = || curl(&["--interface", LOOPBACK, &id]);
    let becomes = |expected: &str| {
        eventually(expected, || {
            let answer = ask().ok()?;
            (answer == expected).then_some(())
        })
    };
    ensure!(ask()? == format!("{DEFAULT} 200"), "it is nobody's yet");
    let other = run_another(&server, LOOPBACK)?;
    let running = format!("{other} 200");
    becomes(&running)?;

    let instance = format!("InstanceId.1={other}");
    call(api, "StopInstances", &instance)?;
    becomes(" 000")?;
    call(api, "StartInstances", &instance)?;
    becomes(&running)?;
    call(api, "TerminateInstances", &instance)?;
    becomes(" 000")?;
    for _ in 0..2 {
        ensure!(ask()? == " 000", "terminated");
        ensure!(curl(&[&id])? == format!("{DEFAULT} 200"), "the default has the others");
        server.kill_and_restart()?;
    }
    let next = run_another(&server, LOOPBACK)?;
    becomes(&format!("{next} 200"))
}

fn without_a_default_instance_an_unknown_address_is_nobodys() -> Result<()> {
    // No other test asks from this address.
    const ADDRESS: &str = "127.0.77.9";
    let server = Server::start(&["--no-auth", "--ami", "al2", "--no-default-instance"])?;
    let instance = run_another(&server, ADDRESS)?;
    let id = format!("http://{}/latest/meta-data/instance-id", server.address());
    let own = format!("{instance} 200");
    eventually("the instance to be served", || {
        curl(&["--interface", ADDRESS, &id]).ok().filter(|answer| *answer == own)
    })?;
    ensure!(curl(&[&id]).is_ok_and(|answer| answer == " 000"), "the default instance answers");
    Ok(())
}
