//! The metadata of an instance, by path.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{Page, Section, command, heading, page, place, trail};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::instances;
use crate::language::Language;
use crate::metadata::{Content, MetadataEntry, Name, encoded, find};
use crate::response;
use crate::texts as t;

pub(super) fn show(console: &Console, request: &PageRequest<'_>, id: &str, path: &str) -> Answer {
    let language = request.language;
    let instance = instances::find(&console.control, &console.region(request.query)?, id)?;
    let entry = find(&console.table.load(), id, path)?;
    let leads_to = |path: &str| place(console, &instance, &format!("/metadata/{}", encoded(path)));
    let mut steps = vec![
        (language.say(t::INSTANCES).to_owned(), "/".to_owned()),
        (id.to_owned(), place(console, &instance, "")),
        (language.say(t::METADATA).to_owned(), leads_to("")),
    ];
    let last = entry.path.rsplit('/').next().unwrap_or_default();
    for (end, _) in entry.path.match_indices('/') {
        let before = &entry.path[..end];
        let name = before.rsplit('/').next().unwrap_or_default();
        steps.push((name.to_owned(), leads_to(before)));
    }
    let title = format!("/{}", entry.path);
    let content = html! {
        (trail(&steps, if last.is_empty() { "/" } else { last }))
        (heading(&title, id, &html! {}))
        div.cards.wide {
            section.card aria-labelledby="entry" { (body(language, &entry, &leads_to)) }
            (commands(language, &entry))
        }
    };
    let about = Page { title: &title, section: Section::Instances, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn body(language: Language, entry: &MetadataEntry, leads_to: &dyn Fn(&str) -> String) -> Markup {
    let l = |text| language.say(text);
    let title =
        if matches!(entry.content, Content::Listing { .. }) { t::LISTING } else { t::VALUE };
    html! {
        h2 #entry { (l(title)) }
        @match &entry.content {
            Content::Listing { names } if names.is_empty() => p.empty { (l(t::EMPTY_LISTING)) },
            Content::Listing { names } => ul.listing {
                @for Name { name, path } in names { li { a href=(leads_to(path)) { code { (name) } } } }
            },
            Content::Value { value, .. } => pre tabindex="0" aria-label=(l(t::VALUE)) { code { (value) } },
            Content::Binary { bytes, .. } => p { (l(t::BINARY_VALUE)) " " (bytes) },
            Content::Hidden => p { (l(t::HIDDEN_VALUE)) },
            Content::Pending => p { (l(t::PENDING_VALUE)) },
        }
    }
}

fn commands(language: Language, entry: &MetadataEntry) -> Markup {
    let commands = &entry.commands;
    html! {
        section.card aria-labelledby="commands" {
            h2 #commands { (language.say(t::COMMANDS)) }
            (command(language, "imds-get", "imds get", &commands.imds_get))
            (command(language, "curl", "curl (IMDSv2)", &commands.curl))
            @if let Some(aws) = &commands.aws { (command(language, "aws", "AWS CLI", aws)) }
        }
    }
}
