//! Faults on demand.

use hyper::StatusCode;
use imds_control::{FaultFacts, FaultProgress};
use maud::{Markup, html};

use super::frame::{Page, Section, heading, listing, page};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::language::Language;
use crate::response::{self, see_other};
use crate::texts as t;

/// What the form that removes says for all faults.
const ALL: &str = "all";

/// Faults to begin with.
const EXAMPLES: [&str; 4] = [
    "credentials,status=503,share=30%",
    "token,lost,count=3",
    "latency=normal:200ms:50ms,for=5m",
    "credentials=expired",
];

/// Shows all faults, and why the last could not be added.
pub(super) fn show(
    console: &Console,
    request: &PageRequest<'_>,
    refused: Option<&Refused>,
) -> Answer {
    let l = |text| request.language.say(text);
    let faults = console.faults()?;
    let remove_all = html! {
        @if !faults.is_empty() {
            form method="post" action="/faults/remove" {
                button name="id" value=(ALL) { (l(t::REMOVE_ALL)) }
            }
        }
    };
    let content = html! {
        (heading(l(t::FAULTS), l(t::FAULTS_LEAD), &remove_all))
        @if faults.is_empty() {
            p.empty { (l(t::NO_FAULTS)) }
        } @else {
            (table(request.language, &faults))
        }
        (form(request, refused))
    };
    let status = refused.map_or(StatusCode::OK, |refused| {
        StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST)
    });
    let about = Page { title: l(t::FAULTS), section: Section::Faults, refresh: None };
    Ok(response::page(status, page(console, request, &about, &content)))
}

pub(super) fn add(console: &Console, request: &PageRequest<'_>) -> Answer {
    request.form.only(&["fault"])?;
    let region = console.region(request.query)?;
    match console.add_fault(&region, request.form.get("fault").unwrap_or_default().trim()) {
        Ok(_) => Ok(see_other("/faults")),
        Err(refused) => show(console, request, Some(&refused)),
    }
}

/// Removes the fault that the form names, or all.
pub(super) fn remove(console: &Console, request: &PageRequest<'_>) -> Answer {
    request.form.only(&["id"])?;
    let id = match request.form.get("id").unwrap_or_default() {
        ALL => None,
        id => Some(id.parse().map_err(|_| {
            Refused::bad_request(format!("id is the number of a fault, or {ALL}, not {id:?}"))
        })?),
    };
    match console.remove_faults(id) {
        // It is gone, which is what was wanted.
        Err(refused) if refused.status != 404 => Err(refused),
        _ => Ok(see_other("/faults")),
    }
}

fn form(request: &PageRequest<'_>, refused: Option<&Refused>) -> Markup {
    let l = |text| request.language.say(text);
    let typed = request.form.get("fault").unwrap_or_default();
    html! {
        section.card aria-labelledby="add" {
            h2 #add { (l(t::ADD_FAULT)) }
            form method="post" action="/faults" {
                @if let Some(refused) = refused {
                    div.alert #refused role="alert" { p { (refused.message) } }
                }
                div.field {
                    label for="fault" { (l(t::FAULT)) }
                    p.help #fault-help { (l(t::FAULT_HELP)) }
                    input #fault.wide name="fault" required autocomplete="off" spellcheck="false"
                        value=(typed) list="examples" aria-describedby="fault-help"
                        aria-invalid=[refused.map(|_| "true")];
                    datalist #examples { @for example in EXAMPLES { option value=(example) {} } }
                }
                p.help { (l(t::FAULT_EXAMPLES)) " "
                    @for example in EXAMPLES { code { (example) } " " }
                }
                button.primary { (l(t::ADD)) }
            }
        }
    }
}

fn table(language: Language, faults: &[FaultFacts]) -> Markup {
    let l = |text| language.say(text);
    let columns = [t::FAULT, t::STATE, t::REQUESTS_SEEN, t::HITS, t::ACTIONS];
    let rows = html! {
        @for fault in faults {
            tr {
                th.long scope="row" { code { (fault.fault) } }
                td { (state(language, fault)) }
                td.number { (fault.requests) }
                td.number { (fault.hits) }
                td {
                    form method="post" action="/faults/remove" {
                        input type="hidden" name="id" value=(fault.id);
                        button.small aria-label=(format!("{}: {}", l(t::REMOVE), fault.fault))
                        { (l(t::REMOVE)) }
                    }
                }
            }
        }
    };
    listing(language, t::FAULTS, &columns, &rows)
}

fn state(language: Language, fault: &FaultFacts) -> Markup {
    let (class, text) = match fault.state {
        FaultProgress::Active => ("wait", t::ACTIVE),
        FaultProgress::TimeOver => ("off", t::TIME_OVER),
        FaultProgress::CountReached => ("off", t::COUNT_REACHED),
    };
    html! { span.badge.(class) { (language.say(text)) } }
}
