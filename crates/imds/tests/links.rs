//! Links: workloads reach a running `imds serve` at the metadata address. Namespaces that the tests make
//! play the host, its containers and its guests.

mod cni;
mod docs;
mod engines;
mod hop_limit;
mod kinds;
mod life;

mod privileges;
mod tap;

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use imds_linux::Namespace;
use serde_json::Value;
use testkit::client::Oddities;
use testkit::http::{Response, exchange};
use testkit::{
    Client, Context as _, Family, Finished, Result, Server, Trial, ensure, eventually, imds,
};

pub(crate) fn tests() -> Vec<Trial> {
    [
        cni::tests(),
        docs::tests(),
        engines::tests(),
        hop_limit::tests(),
        kinds::tests(),
        life::tests(),
        privileges::tests(),
        tap::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const DEFAULT_INSTANCE: &str = "i-1234567890abcdef0";

/// `imds serve` on a host, with an EC2 API that takes unsigned calls.
struct Machine<'a> {
    host: &'a Namespace,
    server: Server,
}

impl<'a> Machine<'a> {
    fn start(host: &'a Namespace, arguments: &[&str]) -> Result<Self> {
        let arguments = [&["--no-auth"], arguments].concat();
        let listen = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let server = host.run(|| Server::start_on(&listen, &arguments))??;
        Ok(Self { host, server })
    }

    /// Kills the service as nothing else can, and starts it again.
    fn kill_and_restart(&mut self) -> Result<()> {
        self.host.run(|| self.server.kill_and_restart())?
    }

    /// Ends the service as an administrator does.
    fn stop(&mut self) -> Result<()> {
        self.server.process().signal("TERM")?;
        ensure!(self.server.process().ended()?.success(), "{}", self.server.messages());
        Ok(())
    }

    /// Runs `imds link`.
    fn link(&self, words: &[&str]) -> Result<Finished> {
        self.host.run(|| {
            let mut command = imds();
            command.arg("link").args(words).env("XDG_STATE_HOME", self.server.state_home());
            Finished::of(&mut command)
        })?
    }

    /// Adds a link that is attached at once; gives its number.
    fn add(&self, link: &str) -> Result<u64> {
        let added = self.link(&["add", link, "--json"])?.expect_code(0)?;
        let added: Value = serde_json::from_str(&added.stdout)?;
        ensure!(added[0]["state"] == "attached", "{added}");
        added[0]["number"].as_u64().context("no number")
    }

    /// What `imds link list --json` prints.
    fn list(&self) -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&self.link(&["list", "--json"])?.expect_code(0)?.stdout)?)
    }

    /// Waits until the link of a place is in a state; gives what is listed of it.
    fn until(&self, place: &str, state: &str) -> Result<Value> {
        eventually(&format!("{place} is {state}"), || {
            let mut links = self.list().ok()?.into_iter();
            links.find(|link| link["place"] == place && link["state"] == state)
        })
    }

    /// A call of the EC2 API.
    fn call(&self, action: &str, parameters: &str) -> Result<String> {
        let api = self.server.control();
        self.host.run(|| crate::api::call(api, action, parameters))?
    }

    /// Changes the hop limit of the default instance, and waits until that is in force.
    fn set_hop_limit(&self, limit: u8) -> Result<()> {
        self.set_hop_limit_of(DEFAULT_INSTANCE, limit)
    }

    fn set_hop_limit_of(&self, id: &str, limit: u8) -> Result<()> {
        let change = format!("InstanceId={id}&HttpPutResponseHopLimit={limit}");
        self.call("ModifyInstanceMetadataOptions", &change)?;
        self.host.run(|| crate::api::until_applied(self.server.control(), id))?
    }

    /// Launches another instance; gives its id.
    fn launch(&self) -> Result<String> {
        let api = self.server.control();
        let image = self.host.run(|| crate::api::image(api))??;
        let options = "MetadataOptions.HttpTokens=optional&MinCount=1&MaxCount=1";
        let launched = self.call("RunInstances", &format!("ImageId={image}&{options}"))?;
        Ok(crate::api::element(&launched, "instanceId")?.to_owned())
    }
}

/// The instance that answers a client in `namespace`, without a token.
fn instance_of(namespace: &Namespace) -> Result<String> {
    instance_over(namespace, Family::Ipv4)
}

fn instance_over(namespace: &Namespace, family: Family) -> Result<String> {
    let request = b"GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n";
    let answer = namespace.run(|| exchange(family.service(), request))??;
    Response::parse(&answer)?.text()
}

const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";

/// Asks for a token from inside `namespace`, which must get one.
fn get_token(namespace: &Namespace) -> Result<()> {
    let mut client = Client::connect(namespace, Family::Ipv4.service(), Oddities::default())?;
    client.send(PUT)?;
    let answers = client.wait_for_answers(1)?;
    ensure!(answers[0].body.len() == 56, "{answers:?}");
    Ok(())
}

/// Asks for a token from inside `namespace`, which must not arrive.
fn lose_token(machine: &Machine<'_>, namespace: &Namespace) -> Result<()> {
    let before = undeliverable(machine);
    let mut client = Client::connect(namespace, Family::Ipv4.service(), Oddities::default())?;
    client.send(PUT)?;
    // Once it was sent, and a router has lost it.
    eventually("a token that was sent", || (undeliverable(machine) > before).then_some(()))?;
    eventually("a request that was acknowledged", || {
        (client.unacknowledged().ok()? == 0).then_some(())
    })?;
    ensure!(client.received()?.is_empty(), "the token arrived");
    Ok(())
}

fn undeliverable(machine: &Machine<'_>) -> usize {
    machine.server.log().matches("token undeliverable").count()
}

/// A path for a namespace, which can be given to another one.
struct Mount {
    directory: tempfile::TempDir,
}

impl Mount {
    fn new(namespace: &Namespace) -> Result<Self> {
        let mount = Self { directory: tempfile::tempdir()? };
        mount.give_to(namespace)?;
        Ok(mount)
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("net")
    }

    fn place(&self) -> String {
        format!("netns={}", self.path().display())
    }

    fn give_to(&self, namespace: &Namespace) -> Result<()> {
        let _ = std::fs::remove_file(self.path());
        let target = format!("/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd());
        std::os::unix::fs::symlink(Path::new(&target), self.path())?;
        Ok(())
    }

    fn take_away(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.path())?)
    }
}
