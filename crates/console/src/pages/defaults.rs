//! "IMDS defaults": an account's defaults for metadata options, one set for each Region.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{CHANGED, Page, SAME, Section, command, heading, page, region_form, saved};
use super::options::hop_limit;
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::defaults::{self, DefaultsChange, DefaultsFacts, NO_HOP_LIMIT, NO_PREFERENCE};
use crate::error::Refused;
use crate::language::{Language, Text};
use crate::query::Query;
use crate::response::{self, Response, see_other};
use crate::texts as t;

const SWITCH: [(&str, Text); 2] = [("enabled", t::ENABLED), ("disabled", t::DISABLED)];
const VERSIONS: [(&str, Text); 2] =
    [("optional", t::TOKEN_OPTIONAL), ("required", t::TOKEN_REQUIRED)];

/// The fields of the form.
const FIELDS: [&str; 5] = [
    "http_endpoint",
    "http_tokens",
    "http_tokens_enforced",
    "http_put_response_hop_limit",
    "instance_metadata_tags",
];

pub(super) fn show(console: &Console, request: &PageRequest<'_>) -> Answer {
    let facts = defaults::find(&console.control, &console.region(request.query)?)?;
    Ok(respond(console, request, &facts, None))
}

/// Changes what the form has otherwise than the account.
pub(super) fn change(console: &Console, request: &PageRequest<'_>) -> Answer {
    request.form.only(&FIELDS)?;
    let region = console.region(request.query)?;
    let now = defaults::find(&console.control, &region)?;
    let wanted = wanted(&now, request.form)?;
    let change = difference(&now, &wanted);
    let back = |saved| see_other(&format!("/defaults?region={region}&saved={saved}"));
    if change == DefaultsChange::default() {
        return Ok(back(SAME));
    }
    match defaults::change(&console.control, &region, &change) {
        Ok(_) => Ok(back(CHANGED)),
        Err(refused) => Ok(respond(console, request, &wanted, Some(&refused))),
    }
}

/// The defaults as the form has them; those that it lacks as they are.
fn wanted(now: &DefaultsFacts, form: &Query) -> Result<DefaultsFacts, Refused> {
    let value = |name, now: &Option<String>| match form.get(name) {
        None => now.clone(),
        Some(value) => Some(value).filter(|it| *it != NO_PREFERENCE).map(str::to_owned),
    };
    let hops = match form.get("http_put_response_hop_limit").map(str::trim) {
        None => now.http_put_response_hop_limit,
        Some("") => None,
        Some(text) => Some(hop_limit(text)?),
    };
    Ok(DefaultsFacts {
        region: now.region.clone(),
        http_endpoint: value("http_endpoint", &now.http_endpoint),
        http_tokens: value("http_tokens", &now.http_tokens),
        http_tokens_enforced: value("http_tokens_enforced", &now.http_tokens_enforced),
        http_put_response_hop_limit: hops,
        instance_metadata_tags: value("instance_metadata_tags", &now.instance_metadata_tags),
    })
}

fn difference(now: &DefaultsFacts, wanted: &DefaultsFacts) -> DefaultsChange {
    let changed = |now: &Option<String>, wanted: &Option<String>| {
        (now != wanted).then(|| wanted.clone().unwrap_or_else(|| NO_PREFERENCE.to_owned()))
    };
    let hops = wanted.http_put_response_hop_limit;
    DefaultsChange {
        http_endpoint: changed(&now.http_endpoint, &wanted.http_endpoint),
        http_tokens: changed(&now.http_tokens, &wanted.http_tokens),
        http_tokens_enforced: changed(&now.http_tokens_enforced, &wanted.http_tokens_enforced),
        http_put_response_hop_limit: (hops != now.http_put_response_hop_limit)
            .then(|| hops.unwrap_or(NO_HOP_LIMIT)),
        instance_metadata_tags: changed(
            &now.instance_metadata_tags,
            &wanted.instance_metadata_tags,
        ),
    }
}

fn respond(
    console: &Console,
    request: &PageRequest<'_>,
    facts: &DefaultsFacts,
    refused: Option<&Refused>,
) -> Response {
    let l = |text| request.language.say(text);
    let region = region_form(request.language, "/defaults", &facts.region);
    let content = html! {
        (heading(l(t::DEFAULTS), l(t::DEFAULTS_LEAD), &region))
        @if refused.is_none() { (saved(request, t::DEFAULTS_CHANGED)) }
        section.dialog aria-label=(l(t::DEFAULTS)) {
            @if let Some(refused) = refused {
                div.alert role="alert" {
                    p { strong { (l(t::DEFAULTS_NOT_CHANGED)) } }
                    p { (refused.message) }
                }
            }
            form method="post" action=(format!("/defaults?region={}", facts.region)) {
                (fields(request.language, facts))
                div.buttons { button.primary { (l(t::SAVE)) } }
            }
            details {
                summary { (l(t::SAME_BY_CLI)) }
                (command(request.language, "cli", "AWS CLI", &cli(facts)))
            }
        }
    };
    let status = refused.map_or(StatusCode::OK, |refused| {
        StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST)
    });
    let about = Page { title: l(t::DEFAULTS), section: Section::Defaults, refresh: None };
    response::page(status, page(console, request, &about, &content))
}

fn fields(language: Language, facts: &DefaultsFacts) -> Markup {
    html! {
        (choice(language, t::IMDS_ENDPOINT, None, "http_endpoint", facts.http_endpoint.as_deref(), SWITCH))
        (choice(language, t::METADATA_VERSION, None, "http_tokens", facts.http_tokens.as_deref(), VERSIONS))
        (choice(language, t::ENFORCED, Some(t::ENFORCED_HELP), "http_tokens_enforced",
            facts.http_tokens_enforced.as_deref(), SWITCH))
        div.field {
            label for="hops" { (language.say(t::HOP_LIMIT)) }
            p.help #hops-help { (language.say(t::HOP_LIMIT_DEFAULT_HELP)) }
            input #hops type="number" name="http_put_response_hop_limit" min="1" max="64"
                value=(facts.http_put_response_hop_limit.map(|hops| hops.to_string()).unwrap_or_default())
                aria-describedby="hops-help";
        }
        (choice(language, t::TAGS_IN_METADATA, None, "instance_metadata_tags",
            facts.instance_metadata_tags.as_deref(), SWITCH))
    }
}

/// One of two values, or none.
fn choice(
    language: Language,
    label: Text,
    help: Option<Text>,
    name: &str,
    value: Option<&str>,
    choices: [(&str, Text); 2],
) -> Markup {
    let choices = [(NO_PREFERENCE, t::NO_PREFERENCE)].into_iter().chain(choices);
    let chosen = value.unwrap_or(NO_PREFERENCE);
    let help_id = format!("{name}-help");
    html! {
        div.field {
            label for=(name) { (language.say(label)) }
            @if let Some(help) = help { p.help #(help_id) { (language.say(help)) } }
            select id=(name) name=(name) aria-describedby=[help.map(|_| &help_id)] {
                @for (value, text) in choices {
                    option value=(value) selected[value == chosen] { (language.say(text)) }
                }
            }
        }
    }
}

fn cli(facts: &DefaultsFacts) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| NO_PREFERENCE.to_owned());
    format!(
        "aws ec2 modify-instance-metadata-defaults --region {} --http-endpoint {} --http-tokens {} \
         --http-tokens-enforced {} --http-put-response-hop-limit {} --instance-metadata-tags {}",
        facts.region,
        value(&facts.http_endpoint),
        value(&facts.http_tokens),
        value(&facts.http_tokens_enforced),
        facts.http_put_response_hop_limit.unwrap_or(NO_HOP_LIMIT),
        value(&facts.instance_metadata_tags),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_stated() {
        let now = DefaultsFacts {
            http_tokens: Some("required".to_owned()),
            http_put_response_hop_limit: Some(2),
            ..DefaultsFacts::default()
        };
        let changed = |form: &str| {
            let wanted = wanted(&now, &Query::parse(form))?;
            Ok::<_, Refused>(difference(&now, &wanted))
        };
        let same = "http_tokens=required&http_put_response_hop_limit=2&http_endpoint=no-preference";
        assert_eq!(changed(same).unwrap(), DefaultsChange::default());
        let form = "http_tokens=no-preference&http_put_response_hop_limit=&http_endpoint=disabled";
        let expected = DefaultsChange {
            http_tokens: Some(NO_PREFERENCE.to_owned()),
            http_put_response_hop_limit: Some(NO_HOP_LIMIT),
            http_endpoint: Some("disabled".to_owned()),
            ..DefaultsChange::default()
        };
        assert_eq!(changed(form).unwrap(), expected);
        assert_eq!(changed("http_put_response_hop_limit=two").unwrap_err().status, 400);
    }
}
