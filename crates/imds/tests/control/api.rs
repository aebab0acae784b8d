//! The EC2 API without an SDK between: many calls in little time, and what they were answered.

use std::net::SocketAddr;

use testkit::http::{Response, exchange};
use testkit::{Context as _, Result, ensure};

/// Calls an action of a service with `--no-auth`; gives the answer's document.
pub(super) fn call(api: SocketAddr, action: &str, parameters: &str) -> Result<String> {
    let answer = ask(api, action, parameters)?;
    let document = answer.text()?;
    ensure!(answer.status() == 200, "{action} {parameters}: {document}");
    Ok(document)
}

/// The same, whatever the answer is.
pub(super) fn ask(api: SocketAddr, action: &str, parameters: &str) -> Result<Response> {
    let body = format!("Action={action}&Version=2016-11-15&{parameters}");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        body.len()
    );
    Response::parse(&exchange(api, (head + &body).as_bytes())?)
}

/// The texts of all elements of a name.
pub(super) fn elements<'a>(document: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let behind = document.split(open.as_str()).skip(1);
    behind.filter_map(|text| text.split(close.as_str()).next()).collect()
}

/// The text of the only element of a name.
pub(super) fn element<'a>(document: &'a str, name: &str) -> Result<&'a str> {
    elements(document, name).first().copied().with_context(|| format!("no {name} in {document}"))
}
