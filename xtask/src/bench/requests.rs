//! Processor time per request, beside nginx serving a constant of the same size.
//!
//! User and system time of the server, divided by the requests it answered: on a shared machine
//! rates swing with the load of others, processor time much less.

use std::path::Path;

use anyhow::Result;

use super::measure::{IMDS, ROUNDS, median};
use super::server::{Server, token};

const OURS: &str = "127.0.0.1:13382";
const NGINX: &str = "127.0.0.1:13383";

/// What is asked for; nginx serves the same body, and header fields of the same size.
const BODY: &str = "i-1234567890abcdef0";

pub(super) fn measure() -> Result<()> {
    println!("tokened GET, microseconds of processor time per request, one worker each,");
    println!("32 kept-alive connections");
    for logs in [false, true] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let log = if logs { "target/bench-imds.log" } else { "off" };
        let state = Path::new("target/bench-state");
        let imds =
            Server::imds(Path::new(IMDS), OURS, state, &["--control", "off", "--access-log", log])?;
        let home = std::path::absolute("target/bench-nginx")?;
        let nginx = Server::nginx(NGINX, &home, &nginx_config(&home, logs))?;
        let token = token(OURS)?;
        for _ in 0..ROUNDS {
            theirs.push(nginx.load(NGINX, &token)?);
            ours.push(imds.load(OURS, &token)?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let log = if logs { "access logs on" } else { "access logs off" };
        println!("  {log}:");
        println!("    nginx return 200    {theirs:6.2}");
        println!(
            "    imds serve          {ours:6.2}   {:.2} of nginx's (goal: at most 0.8)",
            ours / theirs
        );
    }
    Ok(())
}

fn nginx_config(home: &Path, logs: bool) -> String {
    let home = home.display();
    let log = if logs { format!("{home}/access.log") } else { "off".to_owned() };
    format!(
        "daemon off; worker_processes 1; pid {home}/nginx.pid; error_log stderr crit;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log {log};\n  keepalive_requests 1000000000;\n  default_type text/plain;\n  \
         client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n  \
         fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n  \
         server {{ listen {NGINX}; location / {{\n    add_header Accept-Ranges none;\n    \
         add_header Last-Modified \"Fri, 13 Jun 2025 03:10:56 GMT\";\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    \
         return 200 \"{BODY}\"; }} }}\n}}\n"
    )
}
