//! Pages, and the forms on them. Each works without a script, but for the live view.

mod callers;
mod chart;
mod defaults;
mod events;
mod faults;
mod frame;
mod history;
mod instance;
mod instances;
mod launch_templates;
mod metadata;
mod options;
mod request;
mod requests;

use hyper::{Method, StatusCode};
use maud::{Markup, html};

use crate::console::Console;
use crate::error::Refused;
use crate::language::Language;
use crate::response::{self, Response};
use crate::texts as t;
use frame::{Page, Section, heading, page, plain_page};
use request::Answer;
pub(crate) use request::PageRequest;

/// Answers a browser that is signed in.
pub(crate) fn answer(console: &Console, request: &PageRequest<'_>) -> Response {
    carry_out(console, request).unwrap_or_else(|refused| {
        let status = StatusCode::from_u16(refused.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response::page(status, failure(console, request, &refused))
    })
}

fn carry_out(console: &Console, request: &PageRequest<'_>) -> Answer {
    match (request.method, request.steps) {
        (&Method::GET, [""]) => instances::show(console, request),
        (&Method::GET, ["instances", id]) => instance::show(console, request, id),
        (&Method::GET, ["instances", id, "options"]) => options::show(console, request, id),
        (&Method::POST, ["instances", id, "options"]) => options::change(console, request, id),
        (&Method::GET, ["instances", id, "metadata", path @ ..]) => {
            metadata::show(console, request, id, &path.join("/"))
        }
        (&Method::GET, ["instances", id, "events"]) => events::show(console, request, id, None),
        (&Method::POST, ["instances", id, "events"]) => events::change(console, request, id),
        (&Method::GET, ["requests"]) => requests::show(console, request),
        (&Method::GET, ["history"]) => history::show(console, request),
        (&Method::GET, ["launch-templates"]) => launch_templates::list(console, request),
        (&Method::GET, ["launch-templates", id]) => launch_templates::show(console, request, id),
        (&Method::GET, ["defaults"]) => defaults::show(console, request),
        (&Method::POST, ["defaults"]) => defaults::change(console, request),
        (&Method::GET, ["callers"]) => Ok(callers::show(console, request)),
        (&Method::GET, ["faults"]) => faults::show(console, request, None),
        (&Method::POST, ["faults"]) => faults::add(console, request),
        (&Method::POST, ["faults", "remove"]) => faults::remove(console, request),
        _ => Err(Refused::not_found(request.language.say(t::NOT_FOUND))),
    }
}

fn failure(console: &Console, request: &PageRequest<'_>, refused: &Refused) -> Markup {
    let l = |text| request.language.say(text);
    let content = html! {
        (heading(l(t::FAILED), "", &html! {}))
        div.alert role="alert" {
            p { (refused.message) }
            p.quiet { code { (refused.code) } }
        }
        p { a href="/" { (l(t::BACK)) } }
    };
    page(
        console,
        request,
        &Page { title: l(t::FAILED), section: Section::None, refresh: None },
        &content,
    )
}

/// What a browser sees that has just signed in: it goes on by itself.
pub(crate) fn let_in(language: Language) -> Markup {
    let content = html! {
        p { (language.say(t::SIGNED_IN)) }
        p { a.button.primary href="/" { (language.say(t::CONTINUE)) } }
    };
    plain_page(language, language.say(t::SIGN_IN), Some("0; url=/"), &content)
}

/// What a browser sees whose code is not in force.
pub(crate) fn not_let_in(language: Language) -> Markup {
    let content = html! {
        div.alert role="alert" { p { (language.say(t::CODE_REFUSED)) } }
        (how_to_sign_in(language))
    };
    plain_page(language, language.say(t::SIGN_IN), None, &content)
}

/// What a browser sees without a session.
pub(crate) fn not_signed_in(language: Language) -> Markup {
    plain_page(language, language.say(t::SIGN_IN), None, &how_to_sign_in(language))
}

fn how_to_sign_in(language: Language) -> Markup {
    html! {
        p { (language.say(t::SIGN_IN_LEAD)) }
        pre tabindex="0" { code { "imds console" } }
        p { (language.say(t::SIGN_IN_THEN)) }
    }
}
