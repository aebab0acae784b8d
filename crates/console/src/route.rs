//! A request becomes a response: whoever may not be here is refused first.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;
use tokio::time::timeout;

use crate::api::{self, ApiRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::guard::{self, SIGN_IN};
use crate::language::{Language, cookie, language, remember};
use crate::live;
use crate::pages::{self, PageRequest};
use crate::query::Query;
use crate::response::{self, Response, bytes, refuse, text};

/// The largest body: a form, or a change.
const MOST_BODY: usize = 64 << 10;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files of the pages: type and contents, by path.
const FILES: [(&str, &str, &str); 3] = [
    ("/assets/console.css", "text/css; charset=utf-8", include_str!("../assets/console.css")),
    ("/assets/console.js", "text/javascript; charset=utf-8", include_str!("../assets/console.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

/// Answers one request.
pub(crate) async fn route(console: Arc<Console>, request: Request<Incoming>) -> Response {
    let (mut head, body) = request.into_parts();
    if let Err(forgery) = guard::check(&head) {
        return refused(head.uri.path(), &Refused::new(403, "Forbidden", forgery.as_str()));
    }
    if head.method == Method::HEAD {
        // The body is left out where it is sent.
        head.method = Method::GET;
    }
    let path = head.uri.path();
    if let Some((_, kind, contents)) = FILES.iter().find(|(file, ..)| *file == path) {
        return bytes(StatusCode::OK, kind, *contents);
    }
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let language = language(&head, &query);
    if path == SIGN_IN && head.method == Method::GET {
        return sign_in(&console, &query, language);
    }
    let session = cookie(&head, &console.sign_in.cookie());
    let Some(session) = session.filter(|session| console.sign_in.has_session(session)) else {
        return without_session(path, language);
    };
    if path == api::LIVE && head.method == Method::GET {
        return watch(&console, &head);
    }
    let session = session.to_owned();
    let body = match collect(body).await {
        Ok(body) => body,
        Err(why) => return refused(path, &why),
    };
    let failed_path = path.to_owned();
    // What is read or changed may wait for the disk.
    let working = tokio::task::spawn_blocking(move || {
        answer(&console, &head, &query, &body, (language, &session))
    });
    working.await.unwrap_or_else(|error| {
        tracing::error!(%error, "the console could not answer");
        let message = "the console could not answer; see the log";
        refused(&failed_path, &Refused::new(500, "InternalError", message))
    })
}

async fn collect(body: Incoming) -> Result<Bytes, Refused> {
    match timeout(PATIENCE, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("the body is larger than {MOST_BODY} bytes");
            Err(Refused::new(413, "RequestEntityTooLarge", message))
        }
        Ok(Err(_)) => Err(Refused::bad_request("the body is not whole")),
        Err(_) => Err(Refused::new(408, "RequestTimeout", "the body did not come within 10 s")),
    }
}

fn answer(
    console: &Console,
    head: &Parts,
    query: &Query,
    body: &Bytes,
    (language, session): (Language, &str),
) -> Response {
    let path = head.uri.path();
    let is_api = api::has(path);
    let steps = path.strip_prefix(api::PREFIX).unwrap_or_else(|| path.trim_matches('/'));
    let steps: Vec<_> =
        steps.split('/').map(|step| percent_decode_str(step).decode_utf8_lossy()).collect();
    let steps: Vec<_> = steps.iter().map(AsRef::as_ref).collect();
    if is_api {
        if (&head.method, &*steps) == (&Method::DELETE, &["session"]) {
            console.sign_in.end_session(session);
            return response::json(StatusCode::OK, &json!({}));
        }
        let request = ApiRequest { method: &head.method, steps: &steps, query, body };
        return api::answer(console, &request);
    }
    let form = Query::parse(&String::from_utf8_lossy(body));
    let request =
        PageRequest { method: &head.method, steps: &steps, path, query, form: &form, language };
    if request.is_post(&["sign-out"]) {
        console.sign_in.end_session(session);
        return response::see_other("/");
    }
    let mut response = pages::answer(console, &request);
    if query.get("lang").is_some() {
        remember(language, &mut response);
    }
    response
}

fn watch(console: &Console, head: &Parts) -> Response {
    match Arc::clone(&console.viewers).try_acquire_owned() {
        Ok(place) => live::watch(&console.feed, head, place),
        Err(_) => refuse(&Refused::new(503, "TooManyViewers", "too many watch requests already")),
    }
}

/// Lets a browser in that has a code.
fn sign_in(console: &Console, query: &Query, language: Language) -> Response {
    let begun = query.get("code").map(|code| console.sign_in.begin_session(code));
    let Some(Ok(Some(session))) = begun else {
        return response::page(StatusCode::FORBIDDEN, pages::not_let_in(language));
    };
    // A redirect would not do: where another site led here, browsers send no strict cookie with it.
    let mut response = response::page(StatusCode::OK, pages::let_in(language));
    let name = console.sign_in.cookie();
    let cookie = format!("{name}={session}; Path=/; HttpOnly; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Refuses what no page and no operation has seen: programs read JSON, people a line.
fn refused(path: &str, why: &Refused) -> Response {
    if api::has(path) {
        return refuse(why);
    }
    text(StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST), &*why.message)
}

fn without_session(path: &str, language: Language) -> Response {
    if api::has(path) {
        let message = "sign in first: `imds console` prints a URL that sets the cookie";
        return refuse(&Refused::new(401, "NotSignedIn", message));
    }
    response::page(StatusCode::UNAUTHORIZED, pages::not_signed_in(language))
}
