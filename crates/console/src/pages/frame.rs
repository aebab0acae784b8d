//! What all pages have around their content, and parts that several of them use.

use maud::{DOCTYPE, Markup, html};

use super::request::PageRequest;
use crate::console::Console;
use crate::instances::{InstanceFacts, MetadataOptionsFacts};
use crate::language::{Language, Text};
use crate::texts as t;

/// What the query's `saved` says: something was changed.
pub(super) const CHANGED: &str = "changed";

/// The same: all was as the form had it.
pub(super) const SAME: &str = "same";

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Section {
    Instances,
    Requests,
    Callers,
    History,
    LaunchTemplates,
    Defaults,
    Faults,
    None,
}

/// A page without its content.
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    pub(super) section: Section,
    /// When the browser loads it again, as `<meta http-equiv="refresh">` has it.
    pub(super) refresh: Option<&'a str>,
}

/// A page of the console.
pub(super) fn page(
    console: &Console,
    request: &PageRequest<'_>,
    page: &Page<'_>,
    content: &Markup,
) -> Markup {
    let language = request.language;
    let l = |text| language.say(text);
    let sections = [
        (Section::Instances, "/", t::INSTANCES),
        (Section::Requests, "/requests", t::REQUESTS),
        (Section::Callers, "/callers", t::CALLERS),
        (Section::History, "/history", t::HISTORY),
        (Section::LaunchTemplates, "/launch-templates", t::LAUNCH_TEMPLATES),
        (Section::Defaults, "/defaults", t::DEFAULTS),
        (Section::Faults, "/faults", t::FAULTS),
    ];
    let other = language.other();
    let in_other = format!("{}?{}", request.path, request.query.with("lang", other.code()));
    let body = html! {
        header.top {
            a.brand href="/" { img src="/assets/icon.svg" alt="" width="24" height="24"; (l(t::CONSOLE)) }
            nav aria-label=(l(t::SECTIONS)) {
                @for (section, place, name) in sections {
                    a href=(place) aria-current=[(section == page.section).then_some("page")] { (l(name)) }
                }
            }
            div.tools {
                a href=(in_other) lang=(other.code()) hreflang=(other.code()) { (l(t::OTHER_LANGUAGE)) }
                form method="post" action="/sign-out" { button.link { (l(t::SIGN_OUT)) } }
            }
        }
        main #content tabindex="-1" { (content) }
        footer { "imds " (console.version) }
        script src="/assets/console.js" {}
    };
    document(language, page.title, page.refresh, &body)
}

/// A page for somebody who is not signed in.
pub(super) fn plain_page(
    language: Language,
    title: &str,
    refresh: Option<&str>,
    content: &Markup,
) -> Markup {
    let body = html! {
        header.top { span.brand {
            img src="/assets/icon.svg" alt="" width="24" height="24"; (language.say(t::CONSOLE))
        } }
        main.narrow #content tabindex="-1" { h1 { (title) } (content) }
    };
    document(language, title, refresh, &body)
}

fn document(language: Language, title: &str, refresh: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(refresh) = refresh { meta http-equiv="refresh" content=(refresh); }
                title { (title) " · " (language.say(t::CONSOLE)) }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/console.css";
            }
            body {
                a.skip href="#content" { (language.say(t::SKIP)) }
                (body)
            }
        }
    }
}

/// The heading of a page, and what it is about.
pub(super) fn heading(title: &str, lead: &str, actions: &Markup) -> Markup {
    html! {
        div.heading {
            div {
                h1 { (title) }
                @if !lead.is_empty() { p.lead { (lead) } }
            }
            div.actions { (actions) }
        }
    }
}

/// The way to a page, as links; the last step is the page itself.
pub(super) fn trail(steps: &[(String, String)], last: &str) -> Markup {
    html! {
        nav.trail aria-label=(last) {
            ol {
                @for (name, place) in steps { li { a href=(place) { (name) } } }
                li aria-current="page" { (last) }
            }
        }
    }
}

/// Says what became of a form that was saved, which the query tells by `saved`.
pub(super) fn saved(request: &PageRequest<'_>, changed: Text) -> Markup {
    let text = match request.query.get("saved") {
        Some(CHANGED) => changed,
        Some(SAME) => t::NOTHING_CHANGED,
        _ => return html! {},
    };
    html! { div.notice role="status" { p { (request.language.say(text)) } } }
}

/// Chooses a Region by its name, for what may be in a Region without instances.
pub(super) fn region_form(language: Language, action: &str, region: &str) -> Markup {
    html! {
        form.inline method="get" action=(action) {
            label for="region" { (language.say(t::REGION)) }
            input #region name="region" value=(region) autocomplete="off" spellcheck="false";
            button { (language.say(t::SHOW)) }
        }
    }
}

/// A table that scrolls by itself where it is wider than the page; its name is for those who cannot see it.
pub(super) fn listing(language: Language, name: Text, columns: &[Text], rows: &Markup) -> Markup {
    let l = |text| language.say(text);
    html! {
        div.table tabindex="0" role="region" aria-label=(l(name)) {
            table {
                caption.unseen { (l(name)) }
                thead { tr { @for column in columns { th scope="col" { (l(*column)) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A place with one more pair in its query.
pub(super) fn with_query(place: &str, name: &str, value: &str) -> String {
    let separator = if place.contains('?') { '&' } else { '?' };
    format!("{place}{separator}{name}={value}")
}

/// A line to copy. Without a script it can be selected.
pub(super) fn command(language: Language, id: &str, name: &str, line: &str) -> Markup {
    html! {
        div.command {
            div.command-name {
                span { (name) }
                button.small type="button" hidden data-copy=(id) data-copied=(language.say(t::COPIED))
                    aria-label=(format!("{}: {name}", language.say(t::COPY))) { (language.say(t::COPY)) }
            }
            pre #(id) tabindex="0" aria-label=(name) { code { (line) } }
        }
    }
}

/// `enabled` or `disabled`, in words.
pub(super) fn switch(language: Language, value: &str) -> &'static str {
    language.say(if value == "enabled" { t::ENABLED } else { t::DISABLED })
}

/// The metadata version, in words.
pub(super) fn version(language: Language, tokens: &str) -> &'static str {
    language.say(if tokens == "required" { t::TOKEN_REQUIRED } else { t::TOKEN_OPTIONAL })
}

/// Whether the metadata service obeys the options.
pub(super) fn progress(language: Language, options: &MetadataOptionsFacts) -> Markup {
    let (class, text) =
        if options.is_pending() { ("wait", t::PENDING) } else { ("good", t::APPLIED) };
    html! { span.badge.(class) data-state=(options.state) { (language.say(text)) } }
}

/// The state of an instance.
pub(super) fn instance_state(language: Language, state: &str) -> Markup {
    let (class, text) = match state {
        "running" => ("good", Some(t::RUNNING)),
        "pending" => ("wait", Some(t::PENDING)),
        "stopping" => ("wait", Some(t::STOPPING)),
        "shutting-down" => ("wait", Some(t::SHUTTING_DOWN)),
        "stopped" => ("off", Some(t::STOPPED)),
        "terminated" => ("off", Some(t::TERMINATED)),
        _ => ("off", None),
    };
    html! { span.badge.(class) { (text.map_or(state, |text| language.say(text))) } }
}

/// Where a page of an instance is; `rest` begins with a slash or is empty.
pub(super) fn place(console: &Console, instance: &InstanceFacts, rest: &str) -> String {
    in_region(console, &instance.region, &format!("/instances/{}{rest}", instance.id))
}

/// A place that is about a Region, which it names unless it is the host's.
pub(super) fn in_region(console: &Console, region: &str, place: &str) -> String {
    if region == console.control.region.to_string() {
        place.to_owned()
    } else {
        with_query(place, "region", region)
    }
}
