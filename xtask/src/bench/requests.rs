//! Processor time per request, beside nginx serving a constant of the same size.
//!
//! User and system time of the server, divided by the requests it answered: on a shared machine
//! rates swing with the load of others, processor time much less.

use std::path::Path;

use anyhow::Result;

use super::load::{Load, Requests};
use super::measure::{IMDS, ROUNDS, median};
use super::server::{Server, token};

const OURS: &str = "127.0.0.1:13382";
const NGINX: &str = "127.0.0.1:13383";

/// What is asked for; nginx serves the same body, and header fields of the same size.
const BODY: &str = "i-1234567890abcdef0";

/// What nginx answers a `PUT` with: as long as a token.
const TOKEN: &str = "AQAEAHq0bE2mpFxXyl3l3rTX7dRcKzUvWkVb6eH0OPJ2wF1sY9aDcw==";

/// A row: what is asked for, how, whether both sides log it, and what part of nginx's time it may take.
struct Row {
    name: &'static str,
    load: Load,
    logs: bool,
    goal: f64,
}

const fn row(name: &'static str, requests: Requests, is_fresh: bool, goal: f64) -> Row {
    Row { name, load: Load { requests, connections: 32, is_fresh }, logs: false, goal }
}

const ROWS: [Row; 7] = [
    row("GET, kept alive", Requests::Get, false, 0.6),
    Row { logs: true, ..row("GET, kept alive, access logs on", Requests::Get, false, 0.8) },
    Row {
        load: Load { connections: 1000, ..Load::KEPT_ALIVE },
        ..row("GET, kept alive, 1,000 connections", Requests::Get, false, 0.6)
    },
    row("GET, a connection each", Requests::Get, true, 0.85),
    row("PUT, kept alive", Requests::Put, false, 0.8),
    row("PUT, a connection each", Requests::Put, true, 0.85),
    row("PUT, GET, GET, a connection each (boto3)", Requests::PutGetGet, true, 0.85),
];

pub(super) fn measure() -> Result<()> {
    println!("microseconds of processor time per request, one worker each, GET with a token,");
    println!("32 connections at a time where nothing else is said");
    println!("  {:42} {:>6} {:>6}  ratio  goal", "", "nginx", "imds");
    for logs in [false, true] {
        let log = if logs { "target/bench-imds.log" } else { "off" };
        let state = Path::new("target/bench-state");
        let imds = Server::imds(&IMDS, OURS, state, &["--control", "off", "--access-log", log])?;
        let home = std::path::absolute("target/bench-nginx")?;
        let nginx = Server::nginx(NGINX, &home, &nginx_config(&home, logs))?;
        let token = token(OURS)?;
        for Row { name, load, goal, .. } in ROWS.iter().filter(|row| row.logs == logs) {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                theirs.push(nginx.load(NGINX, &token, *load)?);
                ours.push(imds.load(OURS, &token, *load)?);
            }
            let (ours, theirs) = (median(ours), median(theirs));
            println!("  {name:42} {theirs:6.2} {ours:6.2}   {:.2}  {goal:5}", ours / theirs);
        }
    }
    println!();
    Ok(())
}

fn nginx_config(home: &Path, logs: bool) -> String {
    let home = home.display();
    let log = if logs { format!("{home}/access.log") } else { "off".to_owned() };
    format!(
        "daemon off; worker_processes 1; pid {home}/nginx.pid; error_log stderr crit;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  access_log {log};\n  keepalive_requests 1000000000;\n  default_type text/plain;\n  \
         client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n  \
         fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n  \
         server {{ listen {NGINX}; location / {{\n    add_header Accept-Ranges none;\n    \
         add_header Last-Modified \"Fri, 13 Jun 2025 03:10:56 GMT\";\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    \
         return 200 \"{BODY}\"; }}\n  location = /latest/api/token {{\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    return 200 \"{TOKEN}\"; }} }}\n}}\n"
    )
}
