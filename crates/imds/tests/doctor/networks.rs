//! Networks that hide routers, or rewrite TTLs: what `imds doctor` and `imds get` say in each, with hop
//! limit 1, 2 and so on. A token that arrives is never called lost, and no limit is called needed that
//! is not.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use imds_linux::Namespace;
use testkit::{
    Context as _, Family, Finished, Need, Network, Process, Result, bail, ensure, eventually, imds,
    program,
};

/// How often the programs are asked where they do not know: a busy machine delays the evidence, of which a part is how soon
/// something happens.
const TRIES: usize = 20;

/// How long one connection may take through a network in user mode that may not be complete yet.
const CONNECT: Duration = Duration::from_millis(200);

/// A network, and which hop limits let the token arrive in it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) needs: &'static [Need],
    routers: u8,
    prepare: fn(&Network) -> Result<()>,
    /// The network in user mode that the programs are in, within the client's.
    user_mode: Option<UserMode>,
    /// What the check of the distance says.
    distance: &'static str,
    /// Hop limits to try, each with what is said of the token.
    told: &'static [(u8, Told)],
}

/// A program that passes on the connections of a network through sockets of its own.
#[derive(Clone, Copy, Debug)]
enum UserMode {
    Pasta,
    Slirp4netns,
}

#[derive(Clone, Copy, Debug)]
enum Told {
    Arrives,
    /// Lost; this limit is to be tried.
    Lost(u8),
    /// Probably lost beyond a relay; this limit is to be tried.
    BeyondRelay(u8),
    /// No response, as of a slow service; this limit is to be tried.
    Withheld(u8),
}
use Told::{Arrives, BeyondRelay, Lost, Withheld};

/// What the programs said.
#[derive(Debug)]
struct Said {
    token: String,
    doctor: Finished,
    get: Finished,
}

impl Told {
    /// How long the programs may try.
    fn time(self) -> &'static str {
        match self {
            Arrives => "20s",
            Lost(_) | BeyondRelay(_) | Withheld(_) => "2s",
        }
    }

    fn judge(self, said: &Said) -> Result<()> {
        let (code, words, tried) = match self {
            Arrives => (0, "arrives", None),
            Lost(tried) => (5, "the token is lost: the service", Some(tried)),
            BeyondRelay(tried) => (5, "the token is probably lost", Some(tried)),
            Withheld(tried) => (4, "withheld beyond a relay", Some(tried)),
        };
        ensure!(said.token.contains(words), "not told: {words}");
        ensure!(said.get.status.code() == Some(code), "get does not exit with {code}");
        let Some(tried) = tried else { return Ok(()) };
        let option = format!("--http-put-response-hop-limit {tried}\"");
        ensure!(said.doctor.stdout.contains(&option), "no {option}");
        ensure!(said.get.stderr.contains("--http-put-response-hop-limit"), "get gives no hint");
        Ok(())
    }
}

impl Said {
    /// Whether one of the programs says that it does not know, as it should where evidence came late.
    fn is_undecided(&self) -> bool {
        const WORDS: [&str; 4] =
            ["slow", "not investigated", "answers no request", "withheld beyond a relay"];
        self.get.status.code() == Some(4) || WORDS.iter().any(|words| self.token.contains(words))
    }
}

const IPTABLES: &[Need] = &[Need::Program("iptables")];

const USUAL: Row = Row {
    name: "",
    needs: IPTABLES,
    routers: 1,
    prepare: |_| Ok(()),
    user_mode: None,
    distance: ONE,
    told: &[(1, Lost(2)), (2, Arrives)],
};

const NONE: &str = "no router shows on the way";
const ONE: &str = "1 router on the way: hop limit 2 is enough if it is the only one";
const SHORT_BACK: &str =
    "1 router on the way there and 0 back: hop limit 2 is enough if it is the only one";

pub(super) const ROWS: [Row; 19] = [
    Row { name: "direct", needs: &[], routers: 0, distance: NONE, told: &[(1, Arrives)], ..USUAL },
    Row { name: "a_bridge", needs: &[], ..USUAL },
    Row {
        name: "nested_bridges",
        needs: &[],
        routers: 2,
        distance: "2 routers on the way: hop limit 3 is enough if these are all",
        told: &[(1, Lost(3)), (2, Lost(3)), (3, Arrives)],
        ..USUAL
    },
    Row {
        name: "sixteen_routers",
        needs: &[],
        routers: 16,
        distance: "16 routers on the way: hop limit 17 is enough if these are all",
        told: &[(16, Lost(17)), (17, Arrives)],
        ..USUAL
    },
    Row {
        name: "seventeen_routers",
        needs: &[],
        routers: 17,
        distance: "17 routers on the way: hop limit 18 is enough if these are all",
        told: &[(17, Lost(18)), (18, Arrives)],
        ..USUAL
    },
    Row {
        name: "a_sidecar_passes_bytes_on",
        routers: 2,
        prepare: |network| redirect_to_relay(&network.routers()[1], pass_bytes),
        distance: NONE,
        told: &[(1, BeyondRelay(2)), (2, Arrives)],
        ..USUAL
    },
    Row {
        name: "a_sidecar_speaks_http",
        routers: 2,
        prepare: |network| redirect_to_relay(&network.routers()[1], pass_requests),
        distance: NONE,
        told: &[(1, Withheld(2)), (2, Arrives)],
        ..USUAL
    },
    Row {
        name: "a_proxy_on_the_host_behind_a_bridge",
        routers: 2,
        prepare: |network| redirect_to_relay(&network.routers()[0], pass_bytes),
        told: &[(1, Arrives)],
        ..USUAL
    },
    Row {
        name: "a_sidecar_behind_a_bridge",
        routers: 3,
        prepare: |network| redirect_to_relay(&network.routers()[1], pass_bytes),
        told: &[(1, BeyondRelay(2)), (2, Arrives)],
        ..USUAL
    },
    // Rootless podman and buildah, on the instance and in a container or pod on it.
    Row { routers: 0, ..in_user_mode("pasta_on_the_instance", UserMode::Pasta, &[(1, Arrives)]) },
    Row {
        routers: 0,
        ..in_user_mode("slirp4netns_on_the_instance", UserMode::Slirp4netns, &[(1, Arrives)])
    },
    in_user_mode("pasta_in_a_container", UserMode::Pasta, &[(1, BeyondRelay(2)), (2, Arrives)]),
    in_user_mode(
        "slirp4netns_in_a_container",
        UserMode::Slirp4netns,
        &[(1, BeyondRelay(2)), (2, Arrives)],
    ),
    Row {
        name: "ttl_raised_before_routing",
        prepare: |network| mangle(network.instance(), "PREROUTING", &["up"], "--ttl-inc=1"),
        distance: SHORT_BACK,
        told: &[(1, Arrives)],
        ..USUAL
    },
    Row {
        name: "ttl_raised_after_routing",
        prepare: |network| mangle(network.instance(), "FORWARD", &["up"], "--ttl-inc=1"),
        distance: SHORT_BACK,
        ..USUAL
    },
    Row {
        name: "ttl_set_on_the_way_there",
        prepare: |network| mangle(network.instance(), "PREROUTING", &["down"], "--ttl-set=64"),
        distance: "0 routers on the way there and 1 back: hop limit 2 is enough if it is the only \
                   one",
        ..USUAL
    },
    Row {
        name: "ttl_raised_both_ways",
        prepare: |network| mangle(network.instance(), "PREROUTING", &["up", "down"], "--ttl-inc=1"),
        distance: NONE,
        told: &[(1, Arrives)],
        ..USUAL
    },
    Row {
        name: "a_longer_way_back",
        prepare: |network| mangle(network.instance(), "PREROUTING", &["up"], "--ttl-dec=1"),
        distance: "1 router on the way there and 2 back: hop limit 3 is enough if these are all",
        told: &[(1, Lost(3)), (2, Lost(3)), (3, Arrives)],
        ..USUAL
    },
    Row {
        name: "routers_that_report_nothing",
        prepare: |network| {
            iptables(
                network.instance(),
                &["-A", "OUTPUT", "-p", "icmp", "--icmp-type", "time-exceeded", "-j", "DROP"],
            )
        },
        ..USUAL
    },
];

const fn in_user_mode(name: &'static str, user_mode: UserMode, told: &'static [(u8, Told)]) -> Row {
    let needs: &[Need] = match user_mode {
        UserMode::Pasta => &[Need::Tap, Need::Program("pasta")],
        UserMode::Slirp4netns => &[Need::Tap, Need::Program("slirp4netns")],
    };
    Row { name, needs, user_mode: Some(user_mode), distance: NONE, told, ..USUAL }
}

impl UserMode {
    /// Makes a network within the client's, once a connection to the service comes through it.
    fn start(self, network: &Network) -> Result<(Process, Namespace)> {
        /// As standard input, because neither program can look into this process.
        const PATH: &str = "/proc/self/fd/0";
        let within = Namespace::create()?;
        let handle = File::open(format!("/proc/self/fd/{}", within.as_raw_fd()))?;
        let arguments = match self {
            Self::Pasta => {
                let fixed =
                    ["--quiet", "--foreground", "--config-net", "--runas", "0", "--netns-only"];
                let addresses = ["-4", "-i", "up", "-a", "10.0.2.15", "-n", "24", "-g", "10.0.2.2"];
                [&["pasta"], &fixed[..], &addresses, &["-I", "tap0", "--netns", PATH]].concat()
            }
            Self::Slirp4netns => {
                vec!["slirp4netns", "--configure", "--netns-type", "path", PATH, "tap0"]
            }
        };
        let mut command = program(arguments[0]);
        command.args(&arguments[1..]).stdin(handle).stdout(Stdio::null());
        let process = network.client().run(|| Process::start(&mut command))??;
        eventually("a connection through it", || {
            let connect = || TcpStream::connect_timeout(&Family::Ipv4.service(), CONNECT);
            within.run(connect).ok()?.ok()
        })?;
        Ok((process, within))
    }
}

impl Row {
    pub(super) fn is_told(&self) -> Result<()> {
        for (limit, told) in self.told {
            let network = Network::build(self.routers)?;
            (self.prepare)(&network)?;
            let limit = limit.to_string();
            let arguments = ["--role", "web", "--hop-limit", &limit];
            let _server = super::serve(&network, &arguments)?;
            let within = self.user_mode.map(|it| it.start(&network)).transpose()?;
            let place = within.as_ref().map_or(network.client(), |(_, place)| place);
            let run = |arguments: &[&str]| {
                let mut command = imds();
                command.args(arguments);
                place.run(|| Finished::of(&mut command))?
            };
            let time = told.time();
            let arguments = ["doctor", "--json", "--root", "/nonexistent", "--timeout", time];
            for tries in 1.. {
                let doctor = run(&arguments)?;
                let get = run(&["get", "instance-id", "--timeout", time])?;
                let distance = doctor_says(&doctor.stdout, "distance")?;
                let said = Said { token: doctor_says(&doctor.stdout, "token")?, doctor, get };
                eprintln!("{}, hop limit {limit}: {distance}; {}", self.name, said.token);
                ensure!(distance == self.distance, "hop limit {limit}: {distance}");
                match told.judge(&said) {
                    Ok(()) => break,
                    Err(_) if tries < TRIES && said.is_undecided() => {}
                    Err(error) => bail!("hop limit {limit}: {error}: {said:#?}"),
                }
            }
        }
        Ok(())
    }
}

fn doctor_says(report: &str, check: &str) -> Result<String> {
    let report: serde_json::Value = serde_json::from_str(report)?;
    let findings = report["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    Ok(finding.and_then(|it| it["says"].as_str()).context("the finding")?.to_owned())
}

fn iptables(place: &Namespace, arguments: &[&str]) -> Result<()> {
    place.run(|| Finished::success(program("iptables").args(arguments)))??;
    Ok(())
}

/// Rewrites the TTL of the packets that come from these links (`up` is towards the service).
fn mangle(place: &Namespace, chain: &str, links: &[&str], rewrite: &str) -> Result<()> {
    for link in links {
        let arguments = ["-t", "mangle", "-A", chain, "-i", link, "-j", "TTL", rewrite];
        iptables(place, &arguments)?;
    }
    Ok(())
}

/// Takes every connection to port 80 that comes from the client's side, as a sidecar's proxy does, and
/// hands it to `relay` with a connection to the service.
fn redirect_to_relay(place: &Namespace, relay: fn(TcpStream, TcpStream)) -> Result<()> {
    let listener = place.run(|| TcpListener::bind("0.0.0.0:0"))??;
    let port = listener.local_addr()?.port().to_string();
    let rule = ["-p", "tcp", "--dport", "80", "-j", "REDIRECT", "--to-ports", &port];
    iptables(place, &[&["-t", "nat", "-A", "PREROUTING", "-i", "down"], &rule[..]].concat())?;
    // A thread is where the one is that starts it.
    place.run(|| {
        thread::spawn(move || {
            for client in listener.incoming().map_while(std::io::Result::ok) {
                if let Ok(service) = TcpStream::connect(Family::Ipv4.service()) {
                    thread::spawn(move || relay(client, service));
                }
            }
        });
    })?;
    Ok(())
}

/// Passes bytes on in both directions; where one connection ends or breaks, the other one ends.
fn pass_bytes(client: TcpStream, service: TcpStream) {
    let (Ok(from_client), Ok(from_service)) = (client.try_clone(), service.try_clone()) else {
        return;
    };
    let pass = |mut from: TcpStream, mut to: TcpStream| {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    };
    let forth = thread::spawn(move || pass(from_client, service));
    pass(from_service, client);
    // It ends with the other one.
    let _ = forth.join();
}

/// Reads a request, passes it on, and waits for the response; more bytes from the client stay unread.
fn pass_requests(mut client: TcpStream, mut service: TcpStream) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if !matches!(client.read(&mut byte), Ok(1)) {
            return;
        }
        head.push(byte[0]);
    }
    if service.write_all(&head).is_ok() {
        let _ = std::io::copy(&mut service, &mut client);
    }
}
