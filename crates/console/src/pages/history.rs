//! Requests over time: who should move to `IMDSv2` is on the page of callers, whether it gets better is here.

use hyper::StatusCode;
use imds_control::history::Traffic;
use imds_core::time::iso8601;
use maud::{Markup, html};

use super::chart::{Bar, bars};
use super::frame::{Page, Section, heading, listing, page};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::history::{self, Parts};
use crate::language::{Language, Text};
use crate::response;
use crate::texts as t;

/// How far back the page can go, in hours.
const RANGES: [(u32, Text); 4] =
    [(1, t::ONE_HOUR), (3, t::THREE_HOURS), (24, t::ONE_DAY), (360, t::FIFTEEN_DAYS)];

/// How many callers are shown.
const CALLERS: usize = 10;

pub(super) fn show(console: &Console, request: &PageRequest<'_>) -> Answer {
    let l = |text| request.language.say(text);
    let hours = history::hours(request.query)?;
    let parts = history::parts(&console.control, hours);
    let mut all = Traffic::default();
    parts.counted.iter().for_each(|part| all += *part);
    let content = html! {
        (heading(l(t::HISTORY), l(t::HISTORY_LEAD), &ranges(request.language, hours)))
        dl.figures {
            (figure("v1", l(t::V1_REQUESTS), l(t::V1_REQUESTS_HELP), all.v1))
            (figure("v2", l(t::V2_REQUESTS), l(t::V2_REQUESTS_HELP), all.v2))
            (figure("lost", l(t::TOKENS_LOST), l(t::TOKENS_LOST_HELP), all.tokens_lost))
        }
        (versions(request.language, &parts))
        (lost(request.language, &parts))
        (callers(console, request.language))
        (table(request.language, &parts))
    };
    let about = Page { title: l(t::HISTORY), section: Section::History, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn ranges(language: Language, chosen: u32) -> Markup {
    html! {
        nav.ranges aria-label=(language.say(t::RANGE)) {
            @for (hours, name) in RANGES {
                a.button href=(format!("/history?hours={hours}"))
                    aria-current=[(hours == chosen).then_some("page")] { (language.say(name)) }
            }
        }
    }
}

/// A number, with the colour that it has in the charts.
fn figure(class: &str, name: &str, help: &str, value: u64) -> Markup {
    html! {
        div {
            dt { span.key.(class) aria-hidden="true" {} (name) span.help { (help) } }
            dd { (value) }
        }
    }
}

fn versions(language: Language, parts: &Parts) -> Markup {
    let (v1, v2) = (language.say(t::V1_REQUESTS), language.say(t::V2_REQUESTS));
    let title = |time: &str, it: &Traffic| format!("{time}: {v1} {}, {v2} {}", it.v1, it.v2);
    chart(language, parts, t::VERSIONS_CHART, title, |it| vec![("v2", it.v2), ("v1", it.v1)])
}

fn lost(language: Language, parts: &Parts) -> Markup {
    let name = language.say(t::TOKENS_LOST);
    let title = |time: &str, it: &Traffic| format!("{time}: {name} {}", it.tokens_lost);
    chart(language, parts, t::LOST_CHART, title, |it| vec![("lost", it.tokens_lost)])
}

fn chart(
    language: Language,
    parts: &Parts,
    name: Text,
    title: impl Fn(&str, &Traffic) -> String,
    values: impl Fn(&Traffic) -> Vec<(&'static str, u64)>,
) -> Markup {
    let bar =
        |(at, counted)| Bar { parts: values(counted), title: title(&begin(parts, at), counted) };
    let all: Vec<_> = parts.counted.iter().enumerate().map(bar).collect();
    let name = language.say(name);
    html! {
        section.card {
            h2 { (name) }
            (bars(name, &all, &begin(parts, 0), language.say(t::NOW)))
        }
    }
}

/// Who used `IMDSv1` most since the service started.
fn callers(console: &Console, language: Language) -> Markup {
    let l = |text| language.say(text);
    let mut callers: Vec<_> = console.callers().callers;
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.all()));
    let most = callers.first().map_or(1, |caller| caller.all().max(1));
    html! {
        section.card {
            h2 { (l(t::MOST_V1)) }
            @if callers.is_empty() { p.quiet { (l(t::NO_CALLERS)) } }
            ol.ranking {
                @for caller in callers.iter().take(CALLERS) {
                    li {
                        span { code { (caller.address) } " " (caller.agent.as_deref().unwrap_or("–")) }
                        span.number { (caller.all()) }
                        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                            rect.v1 x="0" y="0" height="10" width=((caller.all() * 1000 / most).max(2)) {}
                        }
                    }
                }
            }
            p { a href="/callers" { (l(t::ALL_CALLERS)) } }
        }
    }
}

/// The same as the charts show, in numbers; parts without a request are left out.
fn table(language: Language, parts: &Parts) -> Markup {
    let l = |text| language.say(text);
    let rows = parts.counted.iter().enumerate().rev();
    let rows: Vec<_> = rows.filter(|(_, counted)| **counted != Traffic::default()).collect();
    html! {
        details.card {
            summary { (l(t::AS_TABLE)) }
            @if rows.is_empty() { p.quiet { (l(t::NO_REQUESTS)) } }
            @else {
                (listing(language, t::HISTORY, &[t::TIME, t::V1_REQUESTS, t::REJECTED, t::V2_REQUESTS, t::TOKENS_LOST], &html! {
                    @for (at, counted) in rows {
                        tr {
                            th scope="row" { time { (begin(parts, at)) } }
                            td.number { (counted.v1) }
                            td.number { (counted.v1_rejected) }
                            td.number { (counted.v2) }
                            td.number { (counted.tokens_lost) }
                        }
                    }
                }))
            }
        }
    }
}

/// When a part begins: `2026-11-29 08:00`.
fn begin(parts: &Parts, at: usize) -> String {
    let minute = u64::from(parts.start) + at as u64 * u64::from(parts.minutes);
    iso8601(minute * 60).get(..16).unwrap_or_default().replace('T', " ")
}
