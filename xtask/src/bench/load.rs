//! How a server is loaded: by `wrk`, with connections that stay or with one for each request.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// How long it lasts.
pub(super) const SECONDS: u32 = 2;
/// Two threads of the client keep one worker busy. From one it would have to wait, and be charged
/// for each time it falls asleep and wakes: the faster it is, the more.
const CLIENT_THREADS: &str = "2";

/// Where `wrk` finds what it is to send, in the folder that cargo builds to.
const SCRIPT: &str = "target/bench-requests.lua";

/// What is asked for again and again.
#[derive(Clone, Copy)]
pub(super) enum Requests {
    /// `GET` of a value, with a token.
    Get,
    /// `PUT` for a token.
    Put,
    /// Both in turn, as boto3 has it: a `PUT`, and two `GET`s.
    PutGetGet,
}

/// Clients of a server.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) requests: Requests,
    /// How many at a time.
    pub(super) connections: u16,
    /// Whether each request has a connection of its own.
    pub(super) is_fresh: bool,
}

impl Load {
    /// Connections that stay, as most of these figures have it.
    pub(super) const KEPT_ALIVE: Self =
        Self { requests: Requests::Get, connections: 32, is_fresh: false };

    /// The same with a connection for each request.
    pub(super) const FRESH: Self = Self { is_fresh: true, ..Self::KEPT_ALIVE };

    /// Loads the server at `address` for a while; returns how many requests it answered.
    pub(super) fn run(self, address: &str, token: &str) -> Result<f64> {
        fs::write(SCRIPT, self.script(token)).context(SCRIPT)?;
        let output = Command::new("wrk")
            .args([
                "-t",
                CLIENT_THREADS,
                "-c",
                &self.connections.to_string(),
                "-d",
                &SECONDS.to_string(),
            ])
            .args(["-s".as_ref(), Path::new(SCRIPT).as_os_str()])
            .arg(format!("http://{address}"))
            .output()
            .context("wrk")?;
        let report = String::from_utf8(output.stdout)?;
        ensure!(!report.contains("Non-2xx"), "not all requests were answered with 200:\n{report}");
        let count =
            report.split(" requests in ").next().and_then(|text| text.split_whitespace().last());
        count.and_then(|count| count.parse().ok()).with_context(|| format!("wrk said: {report}"))
    }

    /// The requests, as `wrk` is told of them: in Lua.
    fn script(self, token: &str) -> String {
        let connection = if self.is_fresh { "close" } else { "keep-alive" };
        let request = |method, path, field, value| {
            format!(
                "wrk.format(\"{method}\", \"/latest/{path}\", \
                 {{[\"Connection\"] = \"{connection}\", [\"X-aws-ec2-metadata-{field}\"] = \"{value}\"}})"
            )
        };
        let get = request("GET", "meta-data/instance-id", "token", token);
        let put = request("PUT", "api/token", "token-ttl-seconds", "21600");
        let requests = match self.requests {
            Requests::Get => get,
            Requests::Put => put,
            Requests::PutGetGet => format!("{put}, {get}, {get}"),
        };
        // `wrk` knows its address once `init` runs.
        format!(
            "local requests, number = {{}}, 0\n\
             function init() requests = {{{requests}}} end\n\
             function request()\n  \
             number = number % #requests + 1\n  return requests[number]\nend\n"
        )
    }
}
