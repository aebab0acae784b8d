//! A service with a console, and what a browser sends to it.

use std::net::SocketAddr;

use serde_json::Value;
use testkit::http::{Response, exchange};
use testkit::{Context as _, Finished, Result, Server, ensure, imds};

pub(super) const ID: &str = "i-1234567890abcdef0";

/// A service with a console, and a browser that is signed in.
pub(super) struct Console {
    pub(super) server: Server,
    pub(super) address: SocketAddr,
    pub(super) cookie: String,
}

impl Console {
    pub(super) fn start(arguments: &[&str]) -> Result<Self> {
        let server = Server::start(&[arguments, &["--console", "127.0.0.1:0"]].concat())?;
        let address = server.console()?;
        let mut console = Self { server, address, cookie: String::new() };
        let answer = console.get(&console.sign_in_path()?)?;
        ensure!(answer.status() == 200, "{answer:?}");
        let cookie = answer.header("set-cookie").context("no cookie")?;
        ensure!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
        cookie.split(';').next().unwrap_or_default().clone_into(&mut console.cookie);
        Ok(console)
    }

    /// What `imds console` prints, without scheme and host.
    pub(super) fn sign_in_path(&self) -> Result<String> {
        let mut command = imds();
        command.arg("console").env("XDG_STATE_HOME", self.server.state_home());
        let url = Finished::success(&mut command)?.stdout;
        let start = format!("http://{}", self.address);
        Ok(url.trim_end().strip_prefix(&start).with_context(|| url.clone())?.to_owned())
    }

    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Result<Response> {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let host = if headers.contains("Host: ") { String::new() } else { self.host() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{host}Cookie: {}\r\nConnection: close\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            self.cookie,
            body.len()
        );
        Response::parse(&exchange(self.address, request.as_bytes())?)
    }

    pub(super) fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    pub(super) fn get(&self, path: &str) -> Result<Response> {
        self.send("GET", path, &[], "")
    }

    pub(super) fn page(&self, path: &str) -> Result<String> {
        let answer = self.get(path)?;
        ensure!(answer.status() == 200, "{path}: {answer:?}");
        answer.text()
    }

    /// Sends a form as a browser does.
    pub(super) fn submit(&self, path: &str, form: &str) -> Result<Response> {
        let origin = format!("Origin: http://{}", self.address);
        let headers = [&*origin, "Sec-Fetch-Site: same-origin"];
        self.send("POST", path, &headers, form)
    }

    pub(super) fn json(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.page(path)?)?)
    }

    pub(super) fn tokens(&self) -> Result<Value> {
        let instance = self.json(&format!("/api/v1/instances/{ID}"))?;
        Ok(instance["metadata_options"]["http_tokens"].clone())
    }

    /// Asks for metadata as `IMDSv1` does.
    pub(super) fn v1(&self) -> Result<u16> {
        let agent = "User-Agent: old-script/1.0 <b>";
        Ok(self.server.request("GET", "/latest/meta-data/mac", &[agent])?.status())
    }
}
