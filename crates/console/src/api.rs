//! The HTTP API: `/api/v1/…`, in JSON. `openapi.json` describes it.

use hyper::header::{ALLOW, CONTENT_DISPOSITION, HeaderValue};
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::console::Console;
use crate::defaults;
use crate::error::Refused;
use crate::events;
use crate::filter::Filter;
use crate::history;
use crate::instances;
use crate::launch_templates;
use crate::metadata;
use crate::query::Query;
use crate::request_facts::RequestFacts;
use crate::response::{self, Response, bytes};

/// What precedes every path of the API.
pub(crate) const PREFIX: &str = "/api/v1/";

/// Whether a path is the API's, be there such an operation or not.
pub(crate) fn has(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Where requests are watched as they come; `route` answers it.
pub(crate) const LIVE: &str = "/api/v1/requests/live";

const DOCUMENT: &str = include_str!("../openapi.json");

/// A request to the API.
pub(crate) struct ApiRequest<'a> {
    pub(crate) method: &'a Method,
    /// The path behind [`PREFIX`], its percent encoding undone, in steps.
    pub(crate) steps: &'a [&'a str],
    pub(crate) query: &'a Query,
    pub(crate) body: &'a [u8],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    fault: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventEnd {
    outcome: String,
}

type Answer = Result<Response, Refused>;

/// Answers a request, whoever sends it.
pub(crate) fn answer(console: &Console, request: &ApiRequest<'_>) -> Response {
    carry_out(console, request).unwrap_or_else(|refused| {
        let mut response = response::refuse(&refused);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = HeaderValue::from_static(allowed(request.steps));
            response.headers_mut().insert(ALLOW, allowed);
        }
        response
    })
}

fn carry_out(console: &Console, request: &ApiRequest<'_>) -> Answer {
    let ApiRequest { method, steps, query, body } = *request;
    Ok(match (method, steps) {
        (&Method::GET, ["openapi.json"]) => bytes(StatusCode::OK, "application/json", DOCUMENT),
        (&Method::GET, ["regions"]) => ok(&instances::regions(&console.control)?),
        (&Method::GET, ["instances"]) => {
            let region = console.region(query)?;
            ok(&instances::list(&console.control, &region, query.get("next"))?)
        }
        (&Method::GET, ["instances", id]) => {
            ok(&instances::find(&console.control, &console.region(query)?, id)?)
        }
        (&Method::PATCH, ["instances", id, "metadata-options"]) => {
            let (region, change) = (console.region(query)?, read(body)?);
            ok(&instances::change_options(&console.control, &region, id, &change)?)
        }
        (&Method::GET, ["instances", id, "metadata"]) => {
            let path = query.get("path").unwrap_or_default();
            ok(&metadata::find(&console.table.load(), id, path)?)
        }
        (method, ["instances", id, "events", rest @ ..]) if !allowed(steps).is_empty() => {
            of_events(console, method, id, rest, request)?
        }
        (&Method::GET, ["defaults"]) => {
            ok(&defaults::find(&console.control, &console.region(query)?)?)
        }
        (&Method::PATCH, ["defaults"]) => {
            let (region, change) = (console.region(query)?, read(body)?);
            ok(&defaults::change(&console.control, &region, &change)?)
        }
        (&Method::GET, ["launch-templates", rest @ ..]) if !allowed(steps).is_empty() => {
            of_templates(console, rest, query)?
        }
        (&Method::GET, ["history"]) => ok(&history::read(&console.control, history::hours(query)?)),
        (&Method::GET, ["callers"]) => ok(&console.callers()),
        (&Method::GET, ["faults"]) => ok(&json!({ "faults": console.faults()? })),
        (&Method::POST, ["faults"]) => {
            let NewFault { fault } = read(body)?;
            let region = console.region(query)?;
            response::json(StatusCode::CREATED, &console.add_fault(&region, &fault)?)
        }
        (&Method::DELETE, ["faults"]) => ok(&json!({ "faults": console.remove_faults(None)? })),
        (&Method::DELETE, ["faults", id]) => {
            let unknown = || Refused::not_found(format!("there is no fault {id:?}"));
            let id = id.parse().map_err(|_| unknown())?;
            ok(&json!({ "faults": console.remove_faults(Some(id))? }))
        }
        (&Method::GET, ["requests"]) => {
            let (requests, lost) = recent(console, query)?;
            ok(&json!({ "requests": requests, "lost": lost }))
        }
        (&Method::GET, ["requests", "export"]) => export(console, query)?,
        (_, steps) if !allowed(steps).is_empty() => {
            return Err(not_allowed(steps));
        }
        _ => return Err(Refused::not_found(format!("the API has no /{}", steps.join("/")))),
    })
}

/// Answers a request about the events of an instance.
fn of_events(
    console: &Console,
    method: &Method,
    id: &str,
    rest: &[&str],
    request: &ApiRequest<'_>,
) -> Answer {
    let (control, region) = (&console.control, console.region(request.query)?);
    Ok(match (method, rest) {
        (&Method::GET, []) => ok(&json!({ "events": events::list(control, &region, id)? })),
        (&Method::POST, []) => {
            let added = events::add(control, &region, id, &read(request.body)?)?;
            response::json(StatusCode::CREATED, &added)
        }
        (&Method::DELETE, [event]) => {
            events::remove(control, &region, id, event)?;
            ok(&json!({}))
        }
        (&Method::POST, [event, "end"]) => {
            let EventEnd { outcome } = read(request.body)?;
            events::end(control, &region, id, event, events::outcome(&outcome)?)?;
            ok(&json!({}))
        }
        _ => return Err(not_allowed(request.steps)),
    })
}

/// Answers a question about launch templates.
fn of_templates(console: &Console, rest: &[&str], query: &Query) -> Answer {
    let (control, region) = (&console.control, console.region(query)?);
    let next = query.get("next");
    Ok(match rest {
        [id, "versions"] => ok(&launch_templates::versions(control, &region, id, next)?),
        [id, "versions", version, "launch"] => {
            let image_id = query.get("image_id");
            ok(&launch_templates::launch(control, &region, (id, version), image_id)?)
        }
        _ => ok(&launch_templates::list(control, &region, next)?),
    })
}

fn not_allowed(steps: &[&str]) -> Refused {
    Refused::new(405, "MethodNotAllowed", format!("this path takes {}", allowed(steps)))
}

/// The methods of a path; none if there is no such path.
fn allowed(steps: &[&str]) -> &'static str {
    match steps {
        [
            "openapi.json" | "regions" | "instances" | "launch-templates" | "callers" | "history"
            | "requests",
        ]
        | ["instances", _]
        | ["instances", _, "metadata"]
        | ["launch-templates", _, "versions"]
        | ["launch-templates", _, "versions", _, "launch"]
        | ["requests", "export" | "live"] => "GET",
        ["instances", _, "metadata-options"] => "PATCH",
        ["instances", _, "events"] => "GET, POST",
        ["instances", _, "events", _, "end"] => "POST",
        ["defaults"] => "GET, PATCH",
        ["faults"] => "GET, POST, DELETE",
        ["instances", _, "events", _] | ["faults", _] | ["session"] => "DELETE",
        _ => "",
    }
}

/// The remembered requests that a query's filter accepts, the newest first, and how many were lost.
pub(crate) fn recent(
    console: &Console,
    query: &Query,
) -> Result<(Vec<RequestFacts>, u64), Refused> {
    let filter = Filter::read(query).map_err(Refused::bad_request)?;
    let (mut requests, lost) = console.feed.recent();
    requests.retain(|request| filter.accepts(request));
    Ok((requests, lost))
}

/// One object a line, the oldest first.
fn export(console: &Console, query: &Query) -> Answer {
    let (requests, _) = recent(console, query)?;
    let line = |request| serde_json::to_string(request).unwrap_or_default() + "\n";
    let lines: String = requests.iter().rev().map(line).collect();
    let mut response = bytes(StatusCode::OK, "application/jsonl", lines);
    let name = HeaderValue::from_static("attachment; filename=\"imds-requests.jsonl\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

fn ok(value: &impl Serialize) -> Response {
    response::json(StatusCode::OK, value)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refused> {
    // A list would be read as well, as the members of an object in their order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refused::bad_request("the body must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| Refused::bad_request(error.to_string()))
}
