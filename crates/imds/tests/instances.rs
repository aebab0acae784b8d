//! Several instances in one `imds serve`: whose metadata a request is for.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Stdio;

use socket2::{Domain, Socket, Type};
use testkit::{Finished, Need, Process, Result, Server, Trial, ensure, eventually, imds, tests};

use crate::api::{call, element};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Program("curl"), Need::Program("ip")];
        the_source_address_decides_and_the_default_gets_the_rest,
        a_bound_listener_serves_its_instance_alone,
        the_address_of_an_instance_that_does_not_run_is_nobodys,
        whatever_happens_an_address_is_answered_by_its_own_instance_alone,
        without_a_default_instance_an_unknown_address_is_nobodys,
        an_instance_is_served_once_its_launch_is_answered,
    ]
}

const DEFAULT: &str = "i-1234567890abcdef0";
/// The address of the second instance. No other test has it.
const ADDRESS: &str = "172.31.77.5";

/// Starts a second instance, which answers without tokens; its id.
pub(crate) fn run_another(server: &Server, address: &str) -> Result<String> {
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

/// Instances come, stop, start and go in no order, and the service is killed in between. After each step
/// every address is answered by the instance that runs there, by nobody if one ever did, else by the
/// default.
fn whatever_happens_an_address_is_answered_by_its_own_instance_alone() -> Result<()> {
    const STEPS: u32 = 60;
    // No other test has them.
    let addresses = ["127.0.78.1", "127.0.78.2", "127.0.78.3"];
    let mut server = Server::start(&["--no-auth", "--ami", "al2"])?;
    // Of each address: its instance and whether that runs, and whether it ever had one.
    let mut holders: [Option<(String, bool)>; 3] = Default::default();
    let mut was_given = [false; 3];
    // Numbers without an order, the same in each run.
    let mut state: u32 = 78;
    let mut below = |count: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % count
    };
    for step in 0..STEPS {
        let given_before = was_given;
        let place = usize::try_from(below(3))?;
        let instance = holders[place].as_ref().map(|(id, _)| id.clone());
        let change = |action: &str, id: &str| {
            call(server.control(), action, &format!("InstanceId.1={id}")).map(drop)
        };
        match (below(4), instance) {
            (0, None) => {
                holders[place] = Some((run_another(&server, addresses[place])?, true));
                was_given[place] = true;
            }
            (0, Some(id)) => {
                change("TerminateInstances", &id)?;
                holders[place] = None;
            }
            (1, Some(id)) => {
                change("StopInstances", &id)?;
                holders[place] = Some((id, false));
            }
            (2, Some(id)) => {
                change("StartInstances", &id)?;
                holders[place] = Some((id, true));
            }
            (3, _) => server.kill_and_restart()?,
            _ => {}
        }
        let id = format!("http://{}/latest/meta-data/instance-id", server.address());
        for (place, address) in addresses.iter().enumerate() {
            let expected = match &holders[place] {
                Some((id, true)) => format!("{id} 200"),
                _ if was_given[place] => " 000".to_owned(),
                _ => format!("{DEFAULT} 200"),
            };
            let what = format!("step {step}: {address} to be answered with {expected:?}");
            let answer = eventually(&what, || {
                let answer = curl(&["--interface", address, &id]).ok()?;
                let is_wrong = given_before[place] && answer.contains(DEFAULT);
                (is_wrong || answer == expected).then_some(answer)
            })?;
            ensure!(answer == expected, "step {step}: {address}: {answer}");
        }
    }
    ensure!(was_given == [true; 3], "the steps give each address to an instance");
    Ok(())
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

/// Guards against a moment in which the address of a new instance is answered as the default instance.
fn an_instance_is_served_once_its_launch_is_answered() -> Result<()> {
    let server = Server::start(&["--no-auth", "--ami", "al2"])?;
    for number in 1..=100_u8 {
        let address = Ipv4Addr::new(127, 0, 99, number);
        let id = run_another(&server, &address.to_string())?;
        let from = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        from.bind(&SocketAddr::from((address, 0)).into())?;
        from.connect(&server.address().into())?;
        let mut stream = TcpStream::from(from);
        stream.write_all(b"GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.ends_with(&id), "{address} is {id}, but: {answer}");
    }
    Ok(())
}
