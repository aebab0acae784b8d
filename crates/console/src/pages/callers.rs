//! Who still uses `IMDSv1`.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{Page, Section, heading, listing, page};
use super::request::PageRequest;
use crate::callers::CallerFacts;
use crate::console::{CallerReport, Console};
use crate::response::{self, Response};
use crate::texts as t;

pub(super) fn show(console: &Console, request: &PageRequest<'_>) -> Response {
    let l = |text| request.language.say(text);
    let report = console.callers();
    let content = html! {
        (heading(l(t::CALLERS), l(t::CALLERS_LEAD), &html! {}))
        (totals(request, &report))
        @if report.callers.is_empty() {
            p.empty { (l(t::NO_CALLERS)) }
        } @else {
            (table(request, &report.callers))
        }
        @if report.forgotten > 0 { p.quiet { (l(t::FORGOTTEN_CALLERS)) " " (report.forgotten) } }
        @if report.lost > 0 { p.quiet { (l(t::LOST_RECORDS)) " " (report.lost) } }
    };
    let about = Page { title: l(t::CALLERS), section: Section::Callers, refresh: None };
    response::page(StatusCode::OK, page(console, request, &about, &content))
}

/// The two metrics of `CloudWatch`, as numbers.
fn totals(request: &PageRequest<'_>, report: &CallerReport) -> Markup {
    let l = |text| request.language.say(text);
    html! {
        dl.figures {
            div {
                dt { (l(t::NO_TOKEN_ANSWERED)) span.help { (l(t::NO_TOKEN_ANSWERED_HELP)) } }
                dd { (report.answered) }
            }
            div {
                dt { (l(t::NO_TOKEN_REJECTED)) span.help { (l(t::NO_TOKEN_REJECTED_HELP)) } }
                dd { (report.rejected) }
            }
        }
    }
}

fn table(request: &PageRequest<'_>, callers: &[CallerFacts]) -> Markup {
    let l = |text| request.language.say(text);
    // The longest bar is whoever asked most.
    let most = callers.iter().map(CallerFacts::all).max().unwrap_or(1).max(1);
    let columns = [
        t::SOURCE_ADDRESS,
        t::AGENT,
        t::INSTANCE,
        t::REQUESTS,
        t::ANSWERED,
        t::REJECTED,
        t::OTHER_STATUS,
        t::FIRST_SEEN,
        t::LAST_SEEN,
    ];
    let rows = html! {
        @for caller in callers {
            tr {
                th scope="row" { code { (caller.address) } }
                td.long { (caller.agent.as_deref().unwrap_or("–")) }
                td { a href=(format!("/instances/{}", caller.instance)) { code { (caller.instance) } } }
                td.number {
                    (caller.all()) " "
                    meter min="0" max=(most) value=(caller.all()) aria-label=(l(t::REQUESTS)) {}
                }
                td.number { (caller.answered) }
                td.number { (caller.rejected) }
                td.number { (caller.other) }
                td { time { (caller.first_seen) } }
                td.long {
                    time { (caller.last_seen) }
                    code.under { (caller.last_path) }
                }
            }
        }
    };
    listing(request.language, t::CALLERS, &columns, &rows)
}
