//! `imds doctor --expect`: walls that hold, and each hole in one.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use imds_linux::route::Destination;
use imds_linux::{Batch, Netlink};
use testkit::faulty::{Act, Faulty, answer};
use testkit::{
    Family, Finished, Need, Network, Result, Trial, binary, ensure, exec, imds, program, test,
};

/// What `none`, `token-only` and `v1` exit with.
type Codes = [i32; 3];
/// How long a response may take: for a busy machine. Only a lost token takes as long.
const PATIENCE: &str = "3s";
const EXPECTATIONS: [&str; 3] = ["none", "token-only", "v1"];

pub(super) fn tests() -> Vec<Trial> {
    let walls = WALLS.iter().map(|(name, options, codes)| {
        test(format!("doctor::expect::{name}"), &[], || wall(options, *codes))
    });
    let holes = [
        test("doctor::expect::ipv6_is_a_way", &[], ipv6),
        test("doctor::expect::a_proxy_is_a_way", &[], proxy),
        test("doctor::expect::a_tunnel_is_a_way", &[], tunnel),
        test("doctor::expect::what_cannot_be_tried_is_not_called_closed", &[], untried),
        test("doctor::expect::a_redirect_is_a_way", &[], redirect),
        test("doctor::expect::a_task_has_credentials", &[Need::Program("ip")], task),
        test("doctor::expect::a_pod_needs_its_token", &[], pod),
        test("doctor::expect::another_network_is_a_way", &[], network),
        test("doctor::expect::a_container_engine_is_a_way", &[], engine),
    ];
    walls.chain(holes).collect()
}

const WALLS: [(&str, &[&str], Codes); 6] = [
    ("on_an_instance_with_optional_tokens", &["--ami", "al2", "--role", "web"], [1, 1, 0]),
    ("on_an_instance_with_required_tokens", &["--ami", "al2023", "--role", "web"], [1, 0, 1]),
    // The hop limit holds tokens back, and nobody needs one.
    (
        "in_a_container_with_optional_tokens",
        &["--ami", "al2", "--role", "web", "--container"],
        [1, 1, 0],
    ),
    (
        "in_a_container_with_required_tokens",
        &["--ami", "al2", "--role", "web", "--container", "--http-tokens", "required"],
        [0, 0, 1],
    ),
    ("with_the_service_disabled", &["--role", "web", "--http-endpoint", "disabled"], [0, 0, 1]),
    // It may get one at any time.
    ("on_an_instance_without_a_role", &["--ami", "al2023"], [1, 0, 1]),
];

fn wall(options: &[&str], codes: Codes) -> Result<()> {
    for (expectation, code) in EXPECTATIONS.into_iter().zip(codes) {
        let binary = binary().to_string_lossy();
        let words = [&*binary, "doctor", "--timeout", PATIENCE, "--expect", expectation];
        let found = Finished::of(&mut exec(options, &words))?.expect_code(code)?;
        ensure!(!found.stdout.contains("ASIA"), "no key is printed: {found:#?}");
    }
    Ok(())
}

/// A client, and a root of the file system with what a test puts there, and nothing of this machine.
struct Hole {
    network: Network,
    root: tempfile::TempDir,
}

impl Hole {
    fn behind(routers: u8) -> Result<Self> {
        Ok(Self { network: Network::build(routers)?, root: tempfile::tempdir()? })
    }

    /// The expectations end with these codes; what is said of `none` has these words.
    fn shows(&self, variables: &[(&str, &str)], codes: Codes, words: &str) -> Result<()> {
        for (expectation, code) in EXPECTATIONS.into_iter().zip(codes) {
            let mut doctor = imds();
            doctor.args(["doctor", "--timeout", PATIENCE, "--expect", expectation, "--root"]);
            doctor.arg(self.root.path()).envs(variables.iter().copied());
            let found = self.network.client().run(|| Finished::of(&mut doctor))??;
            let found = found.expect_code(code)?;
            ensure!(expectation != "none" || found.stdout.contains(words), "{words}: {found:#?}");
        }
        Ok(())
    }

    fn root(&self) -> &Path {
        self.root.path()
    }

    /// Answers where the client is.
    fn local(
        &self,
        address: &str,
        script: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Result<Faulty> {
        let listener = self.network.client().run(|| TcpListener::bind(address))??;
        Ok(Faulty::start(listener, move |head, _| Act::Respond(script(head))))
    }
}

fn ipv6() -> Result<()> {
    let hole = Hole::behind(0)?;
    let _service = super::serve(&hole.network, &["--role", "web"])?;
    let mut rules = Batch::new();
    rules.blackhole(Destination::host(Family::Ipv4.service().ip()));
    hole.network.client().run(|| Netlink::open()?.commit(&rules))??;
    hole.shows(&[], [1, 0, 1], "[fd00:ec2::254]: gives the credentials of the role web")
}

fn proxy() -> Result<()> {
    let hole = Hole::behind(0)?;
    let _proxy = hole.local("127.0.0.1:3128", |head| {
        let asks = "GET http://169.254.169.254/latest/meta-data/iam/security-credentials/ ";
        if head.starts_with(asks) { answer(200, &[], "web") } else { answer(404, &[], "") }
    })?;
    let variables = [("http_proxy", "http://127.0.0.1:3128")];
    hole.shows(&variables, [1, 1, 0], "169.254.169.254 by the proxy 127.0.0.1:3128: gives the")
}

/// A proxy that refuses requests for the service, but not tunnels.
fn tunnel() -> Result<()> {
    let hole = Hole::behind(0)?;
    let _service = super::serve(&hole.network, &["--role", "web"])?;
    let listener = hole.network.client().run(|| TcpListener::bind("127.0.0.1:3128"))??;
    // A thread is where the one is that starts it.
    hole.network.client().run(|| {
        thread::spawn(move || {
            for client in listener.incoming().map_while(std::io::Result::ok) {
                thread::spawn(move || pass_tunnel(client));
            }
        });
    })?;
    let variables = [("https_proxy", "http://user:word@127.0.0.1:3128")];
    let words = "169.254.169.254 through a tunnel of the proxy 127.0.0.1:3128: gives the";
    hole.shows(&variables, [1, 0, 1], words)
}

fn pass_tunnel(mut client: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head)?;
    }
    let is_allowed = head.starts_with("CONNECT 169.254.169.254:80 ")
        && head.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n");
    if !is_allowed {
        return client.write_all(answer(403, &[], "").as_bytes());
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut service = TcpStream::connect(Family::Ipv4.service())?;
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        reader.read_line(&mut request)?;
    }
    service.write_all(request.as_bytes())?;
    std::io::copy(&mut service, &mut client)?;
    Ok(())
}

fn untried() -> Result<()> {
    let hole = Hole::behind(0)?;
    let socks = [("ALL_PROXY", "socks5h://127.0.0.1:1080")];
    hole.shows(&socks, [1, 1, 1], "127.0.0.1:1080: not tried: socks5h is not spoken here")?;
    let https = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://credentials.example/x")];
    hole.shows(&https, [1, 1, 1], "credentials.example, by AWS_CONTAINER_CREDENTIALS_FULL_URI of")
}

fn redirect() -> Result<()> {
    let hole = Hole::behind(0)?;
    let service = hole.network.service().run(|| TcpListener::bind(Family::Ipv4.service()))??;
    let _service = Faulty::start(service, |_, _| {
        Act::Respond(answer(302, &["Location: http://127.0.0.1:8080/roles"], ""))
    });
    let _target = hole.local("127.0.0.1:8080", |head| {
        if head.starts_with("GET /roles ") { answer(200, &[], "web") } else { answer(404, &[], "") }
    })?;
    hole.shows(&[], [1, 1, 0], "role web, redirected to 127.0.0.1:8080")
}

const KEYS: &str = r#"{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","Token":"t"}"#;

/// The path is in the environment of another process.
fn task() -> Result<()> {
    let hole = Hole::behind(0)?;
    let address = ["addr", "add", "169.254.170.2/32", "dev", "lo"];
    hole.network.client().run(|| Finished::success(program("ip").args(address)))??;
    let _agent = hole.local("169.254.170.2:80", |head| {
        let is_known = head.starts_with("GET /v2/credentials/abc ");
        if is_known { answer(200, &[], KEYS) } else { answer(400, &[], "") }
    })?;
    let unknown = "169.254.170.2, where a task's path is needed that is not known here: refused";
    hole.shows(&[], [0, 0, 1], unknown)?;
    fs::create_dir_all(hole.root().join("proc/17"))?;
    let environment = "PATH=/bin\0AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/abc\0";
    fs::write(hole.root().join("proc/17/environ"), environment)?;
    // The path is a secret.
    let words = "169.254.170.2, by AWS_CONTAINER_CREDENTIALS_RELATIVE_URI of process 17: gives";
    hole.shows(&[], [1, 1, 0], words)
}

fn pod() -> Result<()> {
    let hole = Hole::behind(0)?;
    fs::write(hole.root().join("token"), "secret\n")?;
    let _agent = hole.local("127.0.0.1:8081", |head| {
        let is_known = head.contains("Authorization: secret\r\n");
        if is_known { answer(200, &[], KEYS) } else { answer(401, &[], "") }
    })?;
    let url = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:8081/v1/credentials");
    let name = "127.0.0.1:8081, by AWS_CONTAINER_CREDENTIALS_FULL_URI of this process";
    hole.shows(&[url], [0, 0, 1], &format!("{name}: refused with 401"))?;
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    hole.shows(&[url, token], [1, 0, 1], &format!("{name}: gives credentials"))
}

/// The instance's, by a process that this one may see.
fn network() -> Result<()> {
    let hole = Hole::behind(1)?;
    let required = ["--role", "web", "--http-tokens", "required", "--hop-limit", "1"];
    let _service = super::serve(&hole.network, &required)?;
    hole.shows(&[], [0, 0, 1], "no way leads to credentials")?;
    let process = hole.root().join("proc/17");
    fs::create_dir_all(process.join("ns"))?;
    fs::write(process.join("comm"), "agent\n")?;
    let instance = hole.network.instance().as_raw_fd();
    symlink(format!("/proc/{}/fd/{instance}", std::process::id()), process.join("ns/net"))?;
    let words = "169.254.169.254 in the network of process 17 (agent): gives the credentials";
    hole.shows(&[], [1, 0, 1], words)
}

fn engine() -> Result<()> {
    let hole = Hole::behind(0)?;
    fs::create_dir(hole.root().join("run"))?;
    let _engine = UnixListener::bind(hole.root().join("run/docker.sock"))?;
    hole.shows(&[], [1, 1, 1], "run/docker.sock: starts containers in the host's network")
}
