//! `imds doctor`, one session for each thing that can be wrong. What it says to people and to
//! programs is recorded in `doctor/`; `IMDS_TEST_RECORD=1` writes it anew.

mod expect;
mod networks;
mod sessions;

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use testkit::{Family, Faulty, Finished, Network, Result, Server, Trial, ensure, imds, test};

use sessions::{SESSIONS, Service, Session};

/// How many requests one session may take: less than EC2 lets an interface make in a second, however
/// fast it is.
const REQUESTS: usize = 25;

pub(crate) fn tests() -> Vec<Trial> {
    let sessions = SESSIONS.iter().map(|session| {
        test(format!("doctor::{}", session.name), session.needs, || session.is_as_recorded())
    });
    let distances = (0..=4).map(|routers| {
        let name = format!("doctor::distance_is_right_behind_{routers}_routers");
        test(name, &[], move || distance_is_right(routers))
    });
    let networks = networks::ROWS
        .iter()
        .map(|row| test(format!("doctor::network::{}", row.name), row.needs, || row.is_told()));
    sessions.chain(distances).chain(networks).chain(expect::tests()).collect()
}

impl Session {
    fn is_as_recorded(&self) -> Result<()> {
        let network = Network::build(self.routers)?;
        let mut running = Running::start(&network, &self.service)?;
        let root = tempfile::tempdir()?;
        for (file, text) in self.files {
            let file = root.path().join(file);
            fs::create_dir_all(file.parent().unwrap_or(root.path()))?;
            fs::write(file, text)?;
        }
        network.client().run(|| (self.prepare)())??;
        for (form, extension) in [(&[][..], "txt"), (&["--json"], "json")] {
            let said = network.client().run(|| self.run(root.path(), form))??;
            let said = said.expect_code(self.code)?.stdout;
            compare(&format!("{}.{extension}", self.name), &timeless(&said)?)?;
            let requests = running.requests();
            ensure!(requests <= REQUESTS, "{requests} requests");
        }
        Ok(())
    }

    /// Runs it where nothing of this machine shows: no variable, no program, no file.
    fn run(&self, root: &Path, form: &[&str]) -> Result<Finished> {
        let mut doctor = imds();
        doctor.env_clear().env("PATH", self.path);
        doctor.env("AWS_CONFIG_FILE", root.join("config")).envs(self.variables.iter().copied());
        doctor.arg("doctor").arg("--root").arg(root).args(self.arguments).args(form);
        Finished::of(&mut doctor)
    }
}

/// A service, and how many requests it has had.
enum Running {
    Nobody,
    Real(Box<Server>, usize),
    Scripted(Faulty, usize),
}

impl Running {
    fn start(network: &Network, service: &Service) -> Result<Self> {
        Ok(match service {
            Service::Nobody => Self::Nobody,
            Service::Real(arguments) => Self::Real(Box::new(serve(network, arguments)?), 0),
            Service::Scripted(script) => {
                let listener = network
                    .service()
                    .run(|| std::net::TcpListener::bind(Family::Ipv4.service()))??;
                Self::Scripted(Faulty::start(listener, *script), 0)
            }
        })
    }

    /// How many there were since this was last asked.
    fn requests(&mut self) -> usize {
        let (before, now) = match self {
            Self::Nobody => return 0,
            Self::Real(server, before) => (before, server.log().lines().count()),
            Self::Scripted(faulty, before) => (before, faulty.requests().len()),
        };
        now - std::mem::replace(before, now)
    }
}

fn serve(network: &Network, arguments: &[&str]) -> Result<Server> {
    let nitro = ["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled"];
    let arguments = [&nitro, arguments].concat();
    network.service().run(|| Server::start_on(&Family::ALL.map(Family::service), &arguments))?
}

/// Leaves out what no two sessions share.
fn timeless(said: &str) -> Result<String> {
    let times = r"\d+(?:\.\d+)? ms|\d+\.\d+ s\b|\d+( s ahead| s behind| more minutes)";
    Ok(Regex::new(times)?.replace_all(said, "…$1").into_owned())
}

fn compare(name: &str, said: &str) -> Result<()> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/doctor").join(name);
    if std::env::var_os("IMDS_TEST_RECORD").is_some() {
        return Ok(fs::write(file, said)?);
    }
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    ensure!(recorded == said, "{} has\n{recorded}\nbut it said\n{said}", file.display());
    Ok(())
}

fn distance_is_right(routers: u8) -> Result<()> {
    let network = Network::build(routers)?;
    let _server = serve(&network, &["--role", "web", "--hop-limit", "5"])?;
    for family in [&[][..], &["--ipv6"]] {
        let mut doctor = imds();
        doctor.args(["doctor", "--json", "--root", "/nonexistent"]).args(family);
        let said = network.client().run(|| Finished::of(&mut doctor))??.expect_code(0)?.stdout;
        let report: serde_json::Value = serde_json::from_str(&said)?;
        let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
        let distance = findings.iter().find(|finding| finding["check"] == "distance");
        let says = distance.and_then(|it| it["says"].as_str()).unwrap_or_default();
        let expected = match routers {
            0 => "no router shows on the way".to_owned(),
            1 => "1 router on the way: hop limit 2 is enough if it is the only one".to_owned(),
            _ => {
                let needed = routers + 1;
                format!(
                    "{routers} routers on the way: hop limit {needed} is enough if these are all"
                )
            }
        };
        ensure!(says == expected, "{family:?}: {said}");
    }
    Ok(())
}
