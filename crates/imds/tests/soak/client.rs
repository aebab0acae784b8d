//! Clients of the metadata service: one that checks what it gets, and one that breaks off.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use testkit::http::{Response, connect_from, exchange_from};
use testkit::{Context as _, Result, bail, ensure};

use super::instance::{Instance, requires_tokens};

pub(super) struct Client {
    service: SocketAddr,
    state: u32,
}

const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";

/// What a client sends before it breaks off: a part, all, or nonsense.
const BROKEN_OFF: [&str; 5] =
    ["", "GET /latest/meta-d", "GET / HTTP/1.1\r\nHost: a\r\n", PUT, "\0\r\n\r\n"];

impl Client {
    pub(super) fn new(service: SocketAddr, seed: u32) -> Self {
        Self { service, state: seed.wrapping_mul(0x9E37_79B9) }
    }

    /// Numbers without an order, the same in each run.
    fn below(&mut self, count: usize) -> usize {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.state >> 16) as usize % count
    }

    fn one_of<'a>(&mut self, instances: &'a [Instance]) -> &'a Instance {
        &instances[self.below(instances.len())]
    }

    /// Asks as one of the instances, with a token and without; the number of answers, which are all right.
    pub(super) fn read(&mut self, instances: &[Instance]) -> Result<usize> {
        let instance = self.one_of(instances);
        let token = self.token(instance)?;
        let done = instance.done();
        let values = self.values(instance, &token)?;
        let [id, address, document, tag] = &values[..] else { bail!("{} values", values.len()) };
        ensure!(*id == instance.id, "{id} instead of {}", instance.id);
        ensure!(*address == instance.address.to_string(), "{address} instead of {}", instance.id);
        for expected in [id, address] {
            ensure!(document.contains(&format!("\"{expected}\"")), "{expected}: {document}");
        }
        let changes = instance.changes_since(done);
        ensure!(changes.contains(&tag.parse()?), "change {tag} instead of {changes:?}");
        self.ask_without_token(instance)?;
        Ok(values.len() + 2)
    }

    fn token(&self, instance: &Instance) -> Result<String> {
        let answer = exchange_from(instance.address, self.service, PUT.as_bytes())?;
        let answer = Response::parse(&answer)?;
        ensure!(answer.status() == 200 && answer.body.len() == 56, "{answer:?}");
        answer.text()
    }

    /// Some values, over one connection.
    fn values(&self, instance: &Instance, token: &str) -> Result<Vec<String>> {
        const PATHS: [&str; 4] = [
            "meta-data/instance-id",
            "meta-data/local-ipv4",
            "dynamic/instance-identity/document",
            "meta-data/tags/instance/Round",
        ];
        let requests = PATHS.iter().enumerate().map(|(i, path)| {
            let connection = if i + 1 < PATHS.len() { "keep-alive" } else { "close" };
            format!(
                "GET /latest/{path} HTTP/1.1\r\nX-aws-ec2-metadata-token: {token}\r\n\
                 Connection: {connection}\r\n\r\n"
            )
        });
        let requests = requests.collect::<String>();
        let bytes = exchange_from(instance.address, self.service, requests.as_bytes())?;
        let (answers, _) = Response::parse_all(&bytes)?;
        let values = answers.iter().map(|answer| {
            ensure!(answer.status() == 200, "{answer:?}");
            answer.text()
        });
        values.collect()
    }

    fn ask_without_token(&self, instance: &Instance) -> Result<()> {
        let done = instance.done();
        let request = b"GET /latest/meta-data/instance-id HTTP/1.1\r\n\r\n";
        let answer = Response::parse(&exchange_from(instance.address, self.service, request)?)?;
        let is_required = match answer.status() {
            401 => true,
            200 if answer.body == instance.id.as_bytes() => false,
            _ => bail!("{}: {answer:?}", instance.id),
        };
        let mut changes = instance.changes_since(done);
        let is_true = changes.any(|change| requires_tokens(change) == is_required);
        ensure!(is_true, "{} after change {done}: {answer:?}", instance.id);
        Ok(())
    }

    /// Sends something and is gone, by turns with a reset, with an end, and after a first byte of the answer; it
    /// has none.
    pub(super) fn break_off(&mut self, instances: &[Instance]) -> Result<usize> {
        let instance = self.one_of(instances);
        let bytes = BROKEN_OFF[self.below(BROKEN_OFF.len())];
        let mut stream = connect_from(instance.address, self.service)?;
        stream.write_all(bytes.as_bytes()).context("a new connection takes a few bytes")?;
        match self.below(3) {
            0 => SockRef::from(&stream).set_linger(Some(Duration::ZERO))?,
            1 if bytes == PUT => stream.read_exact(&mut [0])?,
            _ => {}
        }
        Ok(0)
    }
}
