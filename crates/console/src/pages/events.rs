//! Simulated events of an instance.

use hyper::StatusCode;
use imds_account::events::Stage;
use maud::{Markup, html};

use super::frame::{Page, Section, heading, page, place, trail};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::events::{
    self, End, LIFECYCLE_STATE, ListedEvent, MAINTENANCE, REBALANCE, SPOT_INTERRUPTION, WantedEvent,
};
use crate::instances::{InstanceFacts, find};
use crate::language::{Language, Text};
use crate::response::{self, see_other};
use crate::texts as t;

/// What can happen: the kind, its name, and the words for what happens.
const CHOICES: [(&str, Text, &[&str]); 4] = [
    (SPOT_INTERRUPTION, t::SPOT_INTERRUPTION, &["terminate", "stop", "hibernate"]),
    (REBALANCE, t::REBALANCE, &[""]),
    (
        MAINTENANCE,
        t::MAINTENANCE,
        &[
            "system-reboot",
            "system-maintenance",
            "instance-reboot",
            "instance-stop",
            "instance-retirement",
        ],
    ),
    (
        LIFECYCLE_STATE,
        t::LIFECYCLE_STATE,
        &[
            "InService",
            "Terminated",
            "Standby",
            "Detached",
            "Warmed:Hibernated",
            "Warmed:Running",
            "Warmed:Stopped",
            "Warmed:Terminated",
        ],
    ),
];

/// Shows all events, and why the last could not be added.
pub(super) fn show(
    console: &Console,
    request: &PageRequest<'_>,
    id: &str,
    refused: Option<&Refused>,
) -> Answer {
    let l = |text| request.language.say(text);
    let region = console.region(request.query)?;
    let instance = find(&console.control, &region, id)?;
    let events = events::list(&console.control, &region, id)?;
    let steps = [
        (l(t::INSTANCES).to_owned(), "/".to_owned()),
        (id.to_owned(), place(console, &instance, "")),
    ];
    let content = html! {
        (trail(&steps, l(t::EVENTS)))
        (heading(l(t::EVENTS), l(t::EVENTS_LEAD), &html! {}))
        @if events.is_empty() {
            p.empty { (l(t::NO_EVENTS)) }
        } @else {
            (table(console, request.language, &instance, &events))
        }
        (form(console, request, &instance, refused))
    };
    let status = refused.map_or(StatusCode::OK, |refused| {
        StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST)
    });
    let about = Page { title: l(t::EVENTS), section: Section::Instances, refresh: None };
    Ok(response::page(status, page(console, request, &about, &content)))
}

/// Adds, ends or takes back an event, as the form says.
pub(super) fn change(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    let region = console.region(request.query)?;
    let instance = find(&console.control, &region, id)?;
    let (control, form) = (&console.control, request.form);
    let done = match (form.get("event"), form.get("outcome")) {
        (Some(event), Some(outcome)) if !outcome.is_empty() => {
            End::of(outcome).and_then(|end| events::end(control, &region, id, event, &end))
        }
        (Some(event), _) => events::take_back(control, &region, id, event),
        (None, _) => {
            wanted(request).and_then(|it| events::add(control, &region, id, &it)).map(drop)
        }
    };
    match done {
        Ok(()) => Ok(see_other(&place(console, &instance, "/events"))),
        Err(refused) => show(console, request, id, Some(&refused)),
    }
}

fn wanted(request: &PageRequest<'_>) -> Result<WantedEvent, Refused> {
    let chosen = request.form.get("kind").unwrap_or_default();
    let (kind, what) = chosen.split_once(':').unwrap_or((chosen, ""));
    let minutes = request.form.get("minutes").unwrap_or_default().trim();
    let seconds = |minutes: &str| minutes.parse::<u32>().ok()?.checked_mul(60);
    let in_seconds = match minutes {
        "" => None,
        text => Some(seconds(text).ok_or_else(|| {
            Refused::bad_request(format!("minutes are a whole number, not {text:?}"))
        })?),
    };
    Ok(WantedEvent {
        kind: kind.to_owned(),
        what: Some(what).filter(|what| !what.is_empty()).map(str::to_owned),
        in_seconds,
        description: None,
        lasts_seconds: None,
    })
}

fn form(
    console: &Console,
    request: &PageRequest<'_>,
    instance: &InstanceFacts,
    refused: Option<&Refused>,
) -> Markup {
    let l = |text| request.language.say(text);
    let chosen = request.form.get("kind").unwrap_or_default();
    html! {
        section.card aria-labelledby="add" {
            h2 #add { (l(t::ADD_EVENT)) }
            form method="post" action=(place(console, instance, "/events")) {
                @if let Some(refused) = refused {
                    div.alert role="alert" { p { (refused.message) } }
                }
                div.field {
                    label for="kind" { (l(t::EVENT)) }
                    select #kind name="kind" { @for (kind, name, words) in CHOICES {
                        optgroup label=(l(name)) { @for word in words {
                            (choice(kind, word, l(name), chosen))
                        } }
                    } }
                }
                div.field {
                    label for="minutes" { (l(t::IN_MINUTES)) }
                    p.help #minutes-help { (l(t::IN_MINUTES_HELP)) }
                    input #minutes type="number" name="minutes" min="0" aria-describedby="minutes-help"
                        value=(request.form.get("minutes").unwrap_or_default());
                }
                button.primary { (l(t::ADD)) }
            }
        }
    }
}

fn choice(kind: &str, word: &str, name: &str, chosen: &str) -> Markup {
    let (value, text) =
        if word.is_empty() { (kind.to_owned(), name) } else { (format!("{kind}:{word}"), word) };
    html! { option value=(value) selected[value == chosen] { (text) } }
}

fn table(
    console: &Console,
    language: Language,
    instance: &InstanceFacts,
    events: &[ListedEvent],
) -> Markup {
    let l = |text| language.say(text);
    let action = place(console, instance, "/events");
    html! {
        div.table tabindex="0" role="region" aria-label=(l(t::EVENTS)) {
            table {
                caption.unseen { (l(t::EVENTS)) }
                thead { tr {
                    @for name in [t::EVENT, t::WHAT, t::STATE, t::EVENT_TIME, t::SHOWN_FROM, t::ACTIONS]
                    { th scope="col" { (l(name)) } }
                } }
                tbody { @for event in events {
                    tr {
                        th scope="row" { (kind(language, event)) code.under { (event.id) } }
                        td { code { (event.what) } }
                        td { (stage(language, event.stage)) }
                        td { time { (event.time) } }
                        td { time { (event.shown_from) } }
                        td { div.actions {
                            @if event.kind == MAINTENANCE && matches!(event.stage, Stage::Pending | Stage::Active) {
                                (button(language, &action, event, t::COMPLETE, "completed"))
                                (button(language, &action, event, t::CALL_OFF, "canceled"))
                            }
                            (button(language, &action, event, t::REMOVE, ""))
                        } }
                    }
                } }
            }
        }
    }
}

fn button(
    language: Language,
    action: &str,
    event: &ListedEvent,
    name: Text,
    outcome: &str,
) -> Markup {
    let name = language.say(name);
    html! {
        form method="post" action=(action) {
            input type="hidden" name="event" value=(event.id);
            input type="hidden" name="outcome" value=(outcome);
            button.small aria-label=(format!("{name}: {}", event.id)) { (name) }
        }
    }
}

fn kind(language: Language, event: &ListedEvent) -> String {
    let known = CHOICES.iter().find(|(kind, ..)| *kind == event.kind);
    known.map_or(event.kind.clone(), |(_, name, _)| language.say(*name).to_owned())
}

fn stage(language: Language, stage: Stage) -> Markup {
    let (class, text) = match stage {
        Stage::Pending => ("wait", t::PENDING),
        Stage::Active => ("good", t::ACTIVE),
        Stage::Completed => ("off", t::COMPLETED),
        Stage::Canceled => ("off", t::CANCELED),
    };
    html! { span.badge.(class) { (language.say(text)) } }
}
