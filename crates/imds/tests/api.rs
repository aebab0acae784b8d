//! The EC2 API of a running `imds serve`: what leads SDKs to it, and calls without an SDK between.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use testkit::http::{Response, exchange};
use testkit::{Context as _, Finished, Result, Server, ensure, eventually, imds};

/// The variables that `imds env` prints.
pub(crate) struct Variables(serde_json::Map<String, Value>);

impl Variables {
    pub(crate) fn of(server: &Server) -> Result<Self> {
        let mut command = imds();
        command.args(["env", "--json"]).env("XDG_STATE_HOME", server.state_home());
        let printed = Finished::success(&mut command)?.stdout;
        Ok(Self(serde_json::from_str(&printed)?))
    }

    pub(crate) fn get(&self, name: &str) -> Result<&str> {
        self.0.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"))
    }

    /// Has a program use the API.
    pub(crate) fn lead<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, value) in &self.0 {
            match value.as_str() {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// Calls an action of a service with `--no-auth`; gives the answer's document.
pub(crate) fn call(api: SocketAddr, action: &str, parameters: &str) -> Result<String> {
    let answer = ask(api, action, parameters)?;
    let document = answer.text()?;
    ensure!(answer.status() == 200, "{action} {parameters}: {document}");
    Ok(document)
}

/// The same, whatever the answer is.
pub(crate) fn ask(api: SocketAddr, action: &str, parameters: &str) -> Result<Response> {
    post(api, "/", &format!("Action={action}&Version=2016-11-15&{parameters}"))
}

/// Posts a form without a signature.
pub(crate) fn post(api: SocketAddr, path: &str, form: &str) -> Result<Response> {
    let length = form.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {length}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}"
    );
    Response::parse(&exchange(api, request.as_bytes())?)
}

/// The state of the metadata options of an instance: `pending` or `applied`.
pub(crate) fn options_state(api: SocketAddr, id: &str) -> Result<String> {
    let document = call(api, "DescribeInstances", &format!("InstanceId.1={id}"))?;
    Ok(element(element(&document, "metadataOptions")?, "state")?.to_owned())
}

/// Waits until the metadata options of an instance are in force.
pub(crate) fn until_applied(api: SocketAddr, id: &str) -> Result<()> {
    let is_applied = || (options_state(api, id).ok()? == "applied").then_some(());
    eventually("the options to be applied", is_applied)
}

/// The Region's image of Amazon Linux 2023.
pub(crate) fn image(api: SocketAddr) -> Result<String> {
    let document =
        call(api, "DescribeImages", "Filter.1.Name=name&Filter.1.Value.1=al2023-*-x86_64")?;
    Ok(element(&document, "imageId")?.to_owned())
}

/// The texts of all elements of a name.
pub(crate) fn elements<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let behind = document.split(open.as_str()).skip(1);
    behind.filter_map(|text| text.split(close.as_str()).next()).collect()
}

/// The text of the only element of a name.
pub(crate) fn element<'a>(document: &'a str, name: &str) -> Result<&'a str> {
    elements(document, name).first().copied().with_context(|| format!("no {name} in {document}"))
}
