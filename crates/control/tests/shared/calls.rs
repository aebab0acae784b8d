//! Calls of the EC2 API.

use hyper::Request as HttpRequest;
use imds_control::Control;

/// When they are made, in seconds since 1970.
pub(crate) const NOW: u64 = 1_800_000_000;

/// The document that answers a call with these parameters.
pub(crate) fn answer(control: &Control, parameters: &str) -> String {
    let request = HttpRequest::post("/").header("host", "localhost").body(()).unwrap();
    let body = format!("{parameters}&Version=2016-11-15");
    let reply = control.answer(&request.into_parts().0, body.as_bytes(), NOW);
    reply.text().into_owned()
}
