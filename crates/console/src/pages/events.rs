//! Simulated events of an instance.

use hyper::StatusCode;
use imds_account::events::Stage;
use imds_core::events::{MaintenanceCode, SpotAction, TargetState};
use maud::{Markup, html};

use super::frame::{Page, Section, heading, listing, page, place, trail};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::events::{
    self, LIFECYCLE_STATE, ListedEvent, MAINTENANCE, REBALANCE, SPOT_INTERRUPTION, WantedEvent,
};
use crate::instances::{InstanceFacts, find};
use crate::language::{Language, Text};
use crate::query::Query;
use crate::response::{self, see_other};
use crate::texts as t;

/// What happens unless somebody chooses, as on EC2.
const USUAL: [&str; 2] = ["terminate", "system-reboot"];

/// Shows all events, and why the last change could not be made.
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
        @if let Some(refused) = refused {
            div.alert role="alert" {
                p { strong { (l(t::FAILED)) } }
                p { (refused.message) }
            }
        }
        @if events.is_empty() {
            p.empty { (l(t::NO_EVENTS)) }
        } @else {
            (table(console, request.language, &instance, &events))
        }
        (form(console, request, &instance))
    };
    let status = refused.map_or(StatusCode::OK, |refused| {
        StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST)
    });
    let about = Page { title: l(t::EVENTS), section: Section::Instances, refresh: None };
    Ok(response::page(status, page(console, request, &about, &content)))
}

/// Adds an event, or ends or removes the one that the form names.
pub(super) fn change(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    let region = console.region(request.query)?;
    let instance = find(&console.control, &region, id)?;
    let (control, form) = (&console.control, request.form);
    let done = match form.get("event") {
        None => wanted(form).and_then(|it| events::add(control, &region, id, &it)).map(drop),
        Some(event) => form.only(&["event", "outcome"]).and_then(|()| match form.get("outcome") {
            None => events::remove(control, &region, id, event),
            Some(word) => events::end(control, &region, id, event, events::outcome(word)?),
        }),
    };
    match done {
        Ok(()) => Ok(see_other(&place(console, &instance, "/events"))),
        Err(refused) => show(console, request, id, Some(&refused)),
    }
}

fn wanted(form: &Query) -> Result<WantedEvent, Refused> {
    form.only(&["kind", "minutes"])?;
    let chosen = form.get("kind").unwrap_or_default();
    let (kind, what) = chosen.split_once(' ').unwrap_or((chosen, ""));
    let in_seconds = match form.get("minutes").unwrap_or_default().trim() {
        "" => None,
        text => {
            Some(text.parse::<u32>().ok().and_then(|it| it.checked_mul(60)).ok_or_else(|| {
                Refused::bad_request(format!("minutes are a whole number from 0 on, not {text:?}"))
            })?)
        }
    };
    Ok(WantedEvent {
        kind: kind.to_owned(),
        what: Some(what).filter(|what| !what.is_empty()).map(str::to_owned),
        in_seconds,
        description: None,
        lasts_seconds: None,
    })
}

fn form(console: &Console, request: &PageRequest<'_>, instance: &InstanceFacts) -> Markup {
    let language = request.language;
    let l = |text| language.say(text);
    let chosen = request.form.get("kind").unwrap_or_default();
    let group = |kind, name, words: &[&str]| group(language, chosen, kind, name, words);
    let actions: Vec<_> = SpotAction::ALL.iter().map(|it| it.as_str()).collect();
    let codes: Vec<_> = MaintenanceCode::ALL.iter().map(|it| it.as_str()).collect();
    let states: Vec<_> = TargetState::ALL.iter().map(|it| it.as_str()).collect();
    html! {
        section.card aria-labelledby="add" {
            h2 #add { (l(t::ADD_EVENT)) }
            form method="post" action=(place(console, instance, "/events")) {
                div.field {
                    label for="kind" { (l(t::EVENT)) }
                    select #kind name="kind" {
                        (group(SPOT_INTERRUPTION, t::SPOT_INTERRUPTION, &actions))
                        (group(REBALANCE, t::REBALANCE, &[""]))
                        (group(MAINTENANCE, t::MAINTENANCE, &codes))
                        (group(LIFECYCLE_STATE, t::LIFECYCLE_STATE, &states))
                    }
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

/// The events of a kind, the usual one first.
fn group(language: Language, chosen: &str, kind: &str, name: Text, words: &[&str]) -> Markup {
    let name = language.say(name);
    let mut words = words.to_vec();
    words.sort_by_key(|word| !USUAL.contains(word));
    html! {
        optgroup label=(name) { @for word in words {
            @let value = format!("{kind} {word}");
            option value=(value) selected[value == chosen] {
                (name) @if !word.is_empty() { ": " (word) }
            }
        } }
    }
}

fn table(
    console: &Console,
    language: Language,
    instance: &InstanceFacts,
    events: &[ListedEvent],
) -> Markup {
    let action = place(console, instance, "/events");
    let button = |event, name, outcome| button(language, &action, event, name, outcome);
    let columns = [t::EVENT, t::WHAT, t::STATE, t::EVENT_TIME, t::SHOWN_FROM, t::ACTIONS];
    let rows = html! {
        @for event in events {
            tr {
                th scope="row" { (kind(language, &event.kind)) code.under { (event.id) } }
                td { code { (event.what) } }
                td { (stage(language, event.stage)) }
                td { time { (event.time) } }
                td { time { (event.shown_from) } }
                td { div.actions {
                    @if event.kind == MAINTENANCE && matches!(event.stage, Stage::Pending | Stage::Active) {
                        (button(event, t::COMPLETE, Some("completed")))
                        (button(event, t::CALL_OFF, Some("canceled")))
                    }
                    (button(event, t::REMOVE, None))
                } }
            }
        }
    };
    listing(language, t::EVENTS, &columns, &rows)
}

fn button(
    language: Language,
    action: &str,
    event: &ListedEvent,
    name: Text,
    outcome: Option<&str>,
) -> Markup {
    let name = language.say(name);
    html! {
        form method="post" action=(action) {
            input type="hidden" name="event" value=(event.id);
            @if let Some(outcome) = outcome { input type="hidden" name="outcome" value=(outcome); }
            button.small aria-label=(format!("{name}: {}", event.id)) { (name) }
        }
    }
}

fn kind(language: Language, kind: &str) -> &str {
    match kind {
        SPOT_INTERRUPTION => language.say(t::SPOT_INTERRUPTION),
        REBALANCE => language.say(t::REBALANCE),
        MAINTENANCE => language.say(t::MAINTENANCE),
        LIFECYCLE_STATE => language.say(t::LIFECYCLE_STATE),
        other => other,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_an_event() {
        let read = |form| wanted(&Query::parse(form));
        let event = read("kind=maintenance+instance-stop&minutes=+90").unwrap();
        assert_eq!((&*event.kind, event.what.as_deref()), ("maintenance", Some("instance-stop")));
        assert_eq!(event.in_seconds, Some(5400));
        let event = read("kind=rebalance+&minutes=").unwrap();
        assert_eq!((event.what, event.in_seconds), (None, None));
        for form in [
            "",
            "kind=rebalance&minutes=x",
            "kind=rebalance&minutes=-1",
            "kind=rebalance&minutes=4294967295",
            "kinds=rebalance",
        ] {
            assert_eq!(read(form).unwrap_err().status, 400, "{form}");
        }
    }
}
