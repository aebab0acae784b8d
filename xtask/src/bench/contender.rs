//! Servers that answer the same requests, and what their clients need.

use std::path::Path;

use anyhow::Result;

use super::connection::{Connection, VALUE, request};
use super::load::Load;
use super::measure::IMDS;
use super::server::{Server, token};

/// What nginx answers a `PUT` with: as long as a token.
const TOKEN: &str = "AQAEAHq0bE2mpFxXyl3l3rTX7dRcKzUvWkVb6eH0OPJ2wF1sY9aDcw==";

/// A server, where it is, and a token for it.
pub(super) struct Contender {
    pub(super) address: &'static str,
    pub(super) token: String,
    pub(super) server: Server,
}

impl Contender {
    /// `serve`, with its state in a folder of this name.
    pub(super) fn imds(address: &'static str, name: &str, arguments: &[&str]) -> Result<Self> {
        let state = Path::new("target/bench-state").join(name);
        let server =
            Server::imds(&IMDS, address, &state, &[&["--control", "off"], arguments].concat())?;
        Ok(Self { address, token: token(address)?, server })
    }

    /// nginx with one worker, which serves a constant of the same size, with header fields of the same size.
    pub(super) fn nginx(address: &'static str, logs: bool) -> Result<Self> {
        let home = std::path::absolute("target/bench-nginx")?;
        let server = Server::nginx(address, &home, &nginx_config(address, &home, logs))?;
        Ok(Self { address, token: TOKEN.to_owned(), server })
    }

    /// A loop that parses nothing, and sends what this one sends.
    pub(super) fn bare_loop(&self, address: &'static str) -> Result<Self> {
        let mut connection = Connection::open(self.address)?;
        connection.send(&request(self.address, &self.token))?;
        let server = Server::bare_loop(address, &connection.receive()?)?;
        Ok(Self { address, token: TOKEN.to_owned(), server })
    }

    /// Loads it for a while; processor time per request in microseconds.
    pub(super) fn load(&self, load: Load) -> Result<f64> {
        self.server.load(self.address, &self.token, load)
    }
}

fn nginx_config(address: &str, home: &Path, logs: bool) -> String {
    let home = home.display();
    let log = if logs { format!("{home}/access.log") } else { "off".to_owned() };
    format!(
        "daemon off; worker_processes 1; pid {home}/nginx.pid; error_log stderr crit;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  access_log {log};\n  keepalive_requests 1000000000;\n  default_type text/plain;\n  \
         client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n  \
         fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n  \
         server {{ listen {address}; location / {{\n    add_header Accept-Ranges none;\n    \
         add_header Last-Modified \"Fri, 13 Jun 2025 03:10:56 GMT\";\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    \
         return 200 \"{VALUE}\"; }}\n  location = /latest/api/token {{\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    return 200 \"{TOKEN}\"; }} }}\n}}\n"
    )
}
