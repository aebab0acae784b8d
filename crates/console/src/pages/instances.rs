//! All instances of a Region.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{
    Page, Section, heading, instance_state, listing, page, place, progress, switch, version,
};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::instances::{InstanceFacts, InstancePage, Regions, list, regions};
use crate::response;
use crate::texts as t;

pub(super) fn show(console: &Console, request: &PageRequest<'_>) -> Answer {
    let l = |text| request.language.say(text);
    let region = console.region(request.query)?;
    let regions = regions(&console.control)?;
    let listed = list(&console.control, &region, request.query.get("next"))?;
    let content = html! {
        (heading(l(t::INSTANCES), "", &choice(request, &regions, &listed.region)))
        @if listed.instances.is_empty() {
            p.empty { (l(t::NO_INSTANCES)) }
        } @else {
            (table(console, request, &listed))
        }
        @if let Some(next) = &listed.next {
            p { a.button href=(format!("/?{}", request.query.with("next", next))) { (l(t::NEXT_PAGE)) } }
        }
    };
    let about = Page { title: l(t::INSTANCES), section: Section::Instances, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

/// Chooses a Region, where there is a choice.
fn choice(request: &PageRequest<'_>, regions: &Regions, shown: &str) -> Markup {
    let l = |text| request.language.say(text);
    let names = || regions.regions.iter();
    html! {
        @if names().any(|name| name != shown) {
            form.inline method="get" action="/" {
                label for="region" { (l(t::REGION)) }
                select #region name="region" {
                    @if !names().any(|name| name == shown) { option selected { (shown) } }
                    @for name in names() { option selected[name == shown] { (name) } }
                }
                button { (l(t::SHOW)) }
            }
        } @else {
            span.quiet { (l(t::REGION)) ": " (shown) }
        }
    }
}

fn table(console: &Console, request: &PageRequest<'_>, listed: &InstancePage) -> Markup {
    let columns = [
        t::NAME,
        t::INSTANCE_ID,
        t::INSTANCE_STATE,
        t::INSTANCE_TYPE,
        t::IMDS_ENDPOINT,
        t::METADATA_VERSION,
        t::HOP_LIMIT,
        t::METADATA_OPTIONS,
        t::ACTIONS,
    ];
    let rows = html! {
        @for instance in &listed.instances { (row(console, request, instance)) }
    };
    listing(request.language, t::INSTANCES, &columns, &rows)
}

fn row(console: &Console, request: &PageRequest<'_>, instance: &InstanceFacts) -> Markup {
    let language = request.language;
    let options = &instance.metadata_options;
    html! {
        tr {
            td { (instance.name.as_deref().unwrap_or("–")) }
            th scope="row" { a href=(place(console, instance, "")) { code { (instance.id) } } }
            td { (instance_state(language, &instance.state)) }
            td { (instance.instance_type) }
            td { (switch(language, &options.http_endpoint)) }
            td { (version(language, &options.http_tokens)) }
            td.number { (options.http_put_response_hop_limit) }
            td { (progress(language, options)) }
            td.long {
                @if instance.state != "terminated" {
                    a href=(place(console, instance, "/options"))
                        aria-label=(format!("{}: {}", language.say(t::MODIFY_OPTIONS), instance.id))
                    { (language.say(t::MODIFY_OPTIONS)) }
                }
            }
        }
    }
}
