//! Requests as they come. Without a script: those until the page was loaded.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{Page, Section, heading, page};
use super::request::{Answer, PageRequest};
use crate::api;
use crate::console::Console;
use crate::error::Refused;
use crate::filter::Filter;
use crate::request_facts::RequestFacts;
use crate::response;
use crate::texts as t;

/// How many rows a page has.
const ROWS: usize = 200;

pub(super) fn show(console: &Console, request: &PageRequest<'_>) -> Answer {
    let l = |text| request.language.say(text);
    let filter = Filter::read(request.query).map_err(Refused::bad_request)?;
    let (requests, lost) = api::recent(console, request.query)?;
    let export = html! {
        a.button #export href=(format!("/api/v1/requests/export?{}", query(&filter))) download="imds-requests.jsonl"
        { (l(t::EXPORT)) }
        button #pause type="button" hidden data-resume=(l(t::RESUME)) data-pause=(l(t::PAUSE)) { (l(t::PAUSE)) }
    };
    let content = html! {
        (heading(l(t::REQUESTS), l(t::REQUESTS_LEAD), &export))
        (form(request, &filter))
        p.quiet #live role="status" data-url=(api::LIVE) data-live=(l(t::LIVE)) data-paused=(l(t::PAUSED))
            data-connecting=(l(t::CONNECTING)) data-lost=(l(t::NOT_SHOWN)) data-before=(lost)
            data-token-lost=(l(t::TOKEN_LOST))
        { (l(t::LIVE_NEEDS_SCRIPT)) }
        (table(request, &requests))
    };
    let about = Page { title: l(t::REQUESTS), section: Section::Requests, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn query(filter: &Filter) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("text", &filter.text);
    query.append_pair("imds", filter.imds.as_deref().unwrap_or_default());
    query.append_pair("status", filter.status.as_deref().unwrap_or_default());
    query.append_pair("lost", if filter.only_lost { "1" } else { "" });
    query.finish()
}

fn form(request: &PageRequest<'_>, filter: &Filter) -> Markup {
    let l = |text| request.language.say(text);
    let versions = [("", l(t::ANY)), ("v1", "IMDSv1"), ("v2", "IMDSv2")];
    let statuses =
        [("", l(t::ANY)), ("2", "2xx"), ("4", "4xx"), ("401", "401"), ("404", "404"), ("5", "5xx")];
    let selected =
        |value: &str, chosen: &Option<String>| value == chosen.as_deref().unwrap_or_default();
    html! {
        form.filter #filter method="get" action="/requests" role="search" aria-label=(l(t::FILTER)) {
            div {
                label for="text" { (l(t::FILTER_TEXT)) }
                input #text name="text" type="search" value=(filter.text);
            }
            div {
                label for="imds" { (l(t::VERSION)) }
                select #imds name="imds" { @for (value, name) in versions {
                    option value=(value) selected[selected(value, &filter.imds)] { (name) }
                } }
            }
            div {
                label for="status" { (l(t::STATUS)) }
                select #status name="status" { @for (value, name) in statuses {
                    option value=(value) selected[selected(value, &filter.status)] { (name) }
                } }
            }
            div.check {
                input #lost type="checkbox" name="lost" value="1" checked[filter.only_lost];
                label for="lost" { (l(t::ONLY_LOST)) }
            }
            button #apply { (l(t::APPLY)) }
        }
    }
}

fn table(request: &PageRequest<'_>, requests: &[RequestFacts]) -> Markup {
    let l = |text| request.language.say(text);
    html! {
        div.table tabindex="0" role="region" aria-label=(l(t::REQUESTS)) {
            table.requests {
                caption.unseen { (l(t::REQUESTS)) }
                thead { tr {
                    @for name in [t::TIME, t::VERSION, t::STATUS, t::REQUEST, t::CLIENT, t::AGENT, t::INSTANCE,
                        t::HOPS, t::NOTES]
                    { th scope="col" { (l(name)) } }
                } }
                tbody #requests data-last=(requests.first().map_or(0, |first| first.number)) {
                    @for one in requests.iter().take(ROWS) { (row(request, one)) }
                }
            }
        }
        @if requests.is_empty() { p.empty #none { (l(t::NO_REQUESTS)) } }
    }
}

/// `08:00:00.042` of `2026-11-29T08:00:00.042Z`.
fn time_of_day(time: &str) -> &str {
    time.split_once('T').map_or(time, |(_, time)| time.trim_end_matches('Z'))
}

/// `console.js` makes the same rows.
fn row(request: &PageRequest<'_>, one: &RequestFacts) -> Markup {
    let kind = match one.status {
        ..400 => "good",
        400..500 => "wait",
        _ => "bad",
    };
    let fault = one.fault.as_ref().map(|it| format!("fault {}: {}", it.id, it.kinds.join(", ")));
    let lost = one.is_lost_token().then(|| {
        let limit = one.hop_limit.unwrap_or_default();
        format!("{} {limit}", request.language.say(t::TOKEN_LOST))
    });
    let notes: Vec<_> =
        [lost, one.refused.map(str::to_owned), fault].into_iter().flatten().collect();
    html! {
        tr.lost[one.is_lost_token()] {
            td { time datetime=(one.time) { (time_of_day(&one.time)) } }
            td { span.version.(one.imds) { "IMDS" (one.imds) } }
            td { span.badge.(kind) { (one.status) } }
            td.long.wider { code { (one.method) " " (one.path) } }
            td { code { (one.peer) } }
            td.long { (one.agent.as_deref().unwrap_or("–")) }
            td { code { (one.instance) } }
            td.number { (one.hops_away.map_or_else(|| "?".to_owned(), |hops| hops.to_string())) }
            td.long { (notes.join("; ")) }
        }
    }
}
