//! The EC2 API of a running `imds serve`, as `imds env` says where it is.

use std::process::Command;

use serde_json::Value;
use testkit::http::{Response, exchange};
use testkit::{Context as _, Finished, Result, Server, ensure, imds};

/// An EC2 API, and the variables that lead to it.
pub(crate) struct Api {
    variables: serde_json::Map<String, Value>,
}

impl Api {
    pub(crate) fn of(server: &Server) -> Result<Self> {
        let mut command = imds();
        command.args(["env", "--json"]).env("XDG_STATE_HOME", server.state_home());
        let printed = Finished::success(&mut command)?.stdout;
        Ok(Self { variables: serde_json::from_str(&printed)? })
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Result<&str> {
        self.variables.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"))
    }

    /// Has a program use it.
    pub(crate) fn lead<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, value) in &self.variables {
            match value.as_str() {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Posts a form without a signature.
    pub(crate) fn post(&self, path: &str, form: &str) -> Result<Response> {
        let host = self.variable("AWS_ENDPOINT_URL_EC2")?.trim_start_matches("http://");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        Response::parse(&exchange(host.parse()?, request.as_bytes())?)
    }

    /// Asks one that runs with `--no-auth`; it must agree.
    pub(crate) fn ask(&self, form: &str) -> Result<String> {
        let answer = self.post("/", &format!("{form}&Version=2016-11-15"))?;
        ensure!(answer.status() == 200, "{form}: {answer:?}");
        answer.text()
    }
}
