//! The dialog "Modify instance metadata options".

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{CHANGED, Page, SAME, Section, command, page, place, trail, with_query};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::instances::{InstanceFacts, MetadataOptionsFacts, OptionsChange, change_options, find};
use crate::language::{Language, Text};
use crate::query::Query;
use crate::response::{self, Response, see_other};
use crate::texts as t;

/// The fields of the form.
const FIELDS: [&str; 5] = [
    "http_endpoint",
    "http_protocol_ipv6",
    "http_tokens",
    "http_put_response_hop_limit",
    "instance_metadata_tags",
];

pub(super) fn show(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    let instance = find(&console.control, &console.region(request.query)?, id)?;
    let options = instance.metadata_options.clone();
    Ok(respond(console, request, &instance, &options, None))
}

/// Changes what the form has otherwise than the instance, and shows the instance.
pub(super) fn change(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    request.form.only(&FIELDS)?;
    let region = console.region(request.query)?;
    let instance = find(&console.control, &region, id)?;
    let wanted = wanted(&instance.metadata_options, request.form)?;
    let change = difference(&instance.metadata_options, &wanted);
    let back = |saved| see_other(&with_query(&place(console, &instance, ""), "saved", saved));
    if change == OptionsChange::default() {
        return Ok(back(SAME));
    }
    match change_options(&console.control, &region, id, &change) {
        Ok(_) => Ok(back(CHANGED)),
        Err(refused) => Ok(respond(console, request, &instance, &wanted, Some(&refused))),
    }
}

/// The options as the form has them; those that it lacks as they are.
fn wanted(now: &MetadataOptionsFacts, form: &Query) -> Result<MetadataOptionsFacts, Refused> {
    let value = |name, now: &String| form.get(name).map_or_else(|| now.clone(), str::to_owned);
    let hops = match form.get("http_put_response_hop_limit") {
        None => now.http_put_response_hop_limit,
        Some(text) => hop_limit(text.trim())?,
    };
    Ok(MetadataOptionsFacts {
        state: now.state.clone(),
        http_endpoint: value("http_endpoint", &now.http_endpoint),
        http_protocol_ipv6: value("http_protocol_ipv6", &now.http_protocol_ipv6),
        http_tokens: value("http_tokens", &now.http_tokens),
        http_put_response_hop_limit: hops,
        instance_metadata_tags: value("instance_metadata_tags", &now.instance_metadata_tags),
    })
}

/// The number in a form's field.
pub(super) fn hop_limit(text: &str) -> Result<i32, Refused> {
    text.parse().map_err(|_| {
        Refused::bad_request(format!("the hop limit is a number from 1 to 64, not {text:?}"))
    })
}

/// What to state. An account may refuse to have stated what need not change.
fn difference(now: &MetadataOptionsFacts, wanted: &MetadataOptionsFacts) -> OptionsChange {
    let changed = |now: &String, wanted: &String| (now != wanted).then(|| wanted.clone());
    let hops = wanted.http_put_response_hop_limit;
    OptionsChange {
        http_endpoint: changed(&now.http_endpoint, &wanted.http_endpoint),
        http_protocol_ipv6: changed(&now.http_protocol_ipv6, &wanted.http_protocol_ipv6),
        http_tokens: changed(&now.http_tokens, &wanted.http_tokens),
        http_put_response_hop_limit: (hops != now.http_put_response_hop_limit).then_some(hops),
        instance_metadata_tags: changed(
            &now.instance_metadata_tags,
            &wanted.instance_metadata_tags,
        ),
    }
}

fn respond(
    console: &Console,
    request: &PageRequest<'_>,
    instance: &InstanceFacts,
    options: &MetadataOptionsFacts,
    refused: Option<&Refused>,
) -> Response {
    let l = |text| request.language.say(text);
    let back = place(console, instance, "");
    let steps = [(l(t::INSTANCES).to_owned(), "/".to_owned()), (instance.id.clone(), back.clone())];
    let content = html! {
        (trail(&steps, l(t::MODIFY_OPTIONS)))
        section.dialog aria-labelledby="title" {
            h1 #title { (l(t::MODIFY_OPTIONS)) }
            p.lead { (l(t::OPTIONS_OF)) " " code { (instance.id) } }
            @if let Some(refused) = refused {
                div.alert role="alert" {
                    p { strong { (l(t::NOT_CHANGED)) } }
                    p { (refused.message) }
                }
            }
            form method="post" action=(place(console, instance, "/options")) {
                (fields(request.language, options))
                div.buttons {
                    a.button href=(back) { (l(t::CANCEL)) }
                    button.primary { (l(t::SAVE)) }
                }
            }
            details {
                summary { (l(t::SAME_BY_CLI)) }
                (command(request.language, "cli", "AWS CLI", &cli(instance, options)))
            }
        }
    };
    let status = refused.map_or(StatusCode::OK, |refused| {
        StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST)
    });
    let about = Page { title: l(t::MODIFY_OPTIONS), section: Section::Instances, refresh: None };
    response::page(status, page(console, request, &about, &content))
}

fn fields(language: Language, options: &MetadataOptionsFacts) -> Markup {
    let switch = [
        Choice { value: "enabled", name: t::ENABLED, help: None },
        Choice { value: "disabled", name: t::DISABLED, help: None },
    ];
    let versions = [
        Choice { value: "optional", name: t::TOKEN_OPTIONAL, help: Some(t::TOKEN_OPTIONAL_HELP) },
        Choice { value: "required", name: t::TOKEN_REQUIRED, help: Some(t::TOKEN_REQUIRED_HELP) },
    ];
    let of = |legend, help, name, value| Group { legend, help, name, value };
    let ipv6 = Some(t::IPV6_HELP);
    html! {
        (of(t::IMDS_ENDPOINT, None, "http_endpoint", &options.http_endpoint).of(language, &switch))
        (of(t::IPV6_ENDPOINT, ipv6, "http_protocol_ipv6", &options.http_protocol_ipv6)
            .of(language, &switch))
        (of(t::METADATA_VERSION, None, "http_tokens", &options.http_tokens).of(language, &versions))
        div.field {
            label for="hops" { (language.say(t::HOP_LIMIT)) }
            p.help #hops-help { (language.say(t::HOP_LIMIT_HELP)) }
            input #hops type="number" name="http_put_response_hop_limit" min="1" max="64" required
                value=(options.http_put_response_hop_limit) aria-describedby="hops-help";
        }
        (of(t::TAGS_IN_METADATA, None, "instance_metadata_tags", &options.instance_metadata_tags)
            .of(language, &switch))
    }
}

/// Choices of which one is taken.
struct Group<'a> {
    legend: Text,
    help: Option<Text>,
    name: &'static str,
    value: &'a str,
}

struct Choice {
    value: &'static str,
    name: Text,
    help: Option<Text>,
}

impl Group<'_> {
    fn of(&self, language: Language, choices: &[Choice]) -> Markup {
        let id = |choice: &Choice| format!("{}-{}", self.name, choice.value);
        html! {
            fieldset {
                legend { (language.say(self.legend)) }
                @if let Some(help) = self.help { p.help { (language.say(help)) } }
                @for choice in choices {
                    div.choice {
                        input type="radio" id=(id(choice)) name=(self.name) value=(choice.value)
                            checked[choice.value == self.value];
                        label for=(id(choice)) {
                            (language.say(choice.name))
                            @if let Some(help) = choice.help { span.help { (language.say(help)) } }
                        }
                    }
                }
            }
        }
    }
}

fn cli(instance: &InstanceFacts, options: &MetadataOptionsFacts) -> String {
    format!(
        "aws ec2 modify-instance-metadata-options --instance-id {} --http-endpoint {} \
         --http-protocol-ipv6 {} --http-tokens {} --http-put-response-hop-limit {} \
         --instance-metadata-tags {}",
        instance.id,
        options.http_endpoint,
        options.http_protocol_ipv6,
        options.http_tokens,
        options.http_put_response_hop_limit,
        options.instance_metadata_tags,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> MetadataOptionsFacts {
        MetadataOptionsFacts {
            state: "applied".to_owned(),
            http_endpoint: "enabled".to_owned(),
            http_protocol_ipv6: "disabled".to_owned(),
            http_tokens: "required".to_owned(),
            http_put_response_hop_limit: 2,
            instance_metadata_tags: "disabled".to_owned(),
        }
    }

    #[test]
    fn only_what_differs_is_stated() {
        let same = "http_endpoint=enabled&http_tokens=required&http_put_response_hop_limit=2";
        let same = wanted(&options(), &Query::parse(same)).unwrap();
        assert_eq!(difference(&options(), &same), OptionsChange::default());
        let form = Query::parse("http_tokens=optional&http_put_response_hop_limit=+3");
        let change = difference(&options(), &wanted(&options(), &form).unwrap());
        let expected = OptionsChange {
            http_tokens: Some("optional".to_owned()),
            http_put_response_hop_limit: Some(3),
            ..OptionsChange::default()
        };
        assert_eq!(change, expected);
        let wrong = wanted(&options(), &Query::parse("http_put_response_hop_limit=two"));
        assert_eq!(wrong.unwrap_err().status, 400);
    }
}
