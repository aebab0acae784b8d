//! Launch templates: their versions, the metadata options of each, and what a launch would get.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{
    Page, Section, command, heading, in_region, listing, page, region_form, switch, trail, version,
    with_query,
};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::error::Refused;
use crate::language::{Language, Text};
use crate::launch_templates::{
    LaunchFacts, Layer, Resolved, StatedOptions, TemplateFacts, TemplatePage, VersionFacts,
    VersionPage, launch, list as find_all, versions as find,
};
use crate::response;
use crate::texts as t;

/// Columns of a version's metadata options.
const OPTIONS: [Text; 5] =
    [t::IMDS_ENDPOINT, t::IPV6_ENDPOINT, t::METADATA_VERSION, t::HOP_LIMIT, t::TAGS_IN_METADATA];

/// All templates of a Region.
pub(super) fn list(console: &Console, request: &PageRequest<'_>) -> Answer {
    let l = |text| request.language.say(text);
    let region = console.region(request.query)?;
    let listed = find_all(&console.control, &region, request.query.get("next"))?;
    let choice = region_form(request.language, "/launch-templates", &listed.region);
    let create = format!(
        "aws ec2 create-launch-template --region {region} --launch-template-name my-template \
         --launch-template-data '{{\"MetadataOptions\":{{\"HttpTokens\":\"required\"}}}}'"
    );
    let content = html! {
        (heading(l(t::LAUNCH_TEMPLATES), l(t::LAUNCH_TEMPLATES_LEAD), &choice))
        @if listed.launch_templates.is_empty() {
            p.empty { (l(t::NO_LAUNCH_TEMPLATES)) }
        } @else {
            (templates(console, request.language, &listed))
        }
        (next_page(request, "/launch-templates", listed.next.as_deref()))
        details {
            summary { (l(t::CREATE_BY_CLI)) }
            (command(request.language, "create", "AWS CLI", &create))
        }
    };
    let about =
        Page { title: l(t::LAUNCH_TEMPLATES), section: Section::LaunchTemplates, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn templates(console: &Console, language: Language, listed: &TemplatePage) -> Markup {
    let columns =
        [t::TEMPLATE_NAME, t::TEMPLATE_ID, t::DEFAULT_VERSION, t::LATEST_VERSION, t::CREATED];
    let rows = html! {
        @for template in &listed.launch_templates {
            tr {
                th scope="row" {
                    a href=(place(console, &listed.region, &template.id)) { (template.name) }
                }
                td { code { (template.id) } }
                td.number { (template.default_version) }
                td.number { (template.latest_version) }
                td { time { (template.created.as_deref().unwrap_or("–")) } }
            }
        }
    };
    listing(language, t::LAUNCH_TEMPLATES, &columns, &rows)
}

/// A template with its versions, and what a launch from one of them would get: the one that the query names,
/// or the default.
pub(super) fn show(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    let l = |text| request.language.say(text);
    let region = console.region(request.query)?;
    let found = find(&console.control, &region, id, request.query.get("next"))?;
    let template = &found.launch_template;
    let place = place(console, region.as_str(), id);
    let default = template.default_version.to_string();
    let chosen = request.query.get("version").filter(|it| !it.is_empty()).unwrap_or(&default);
    let image_id = request.query.get("image_id").unwrap_or_default().trim();
    let launched = launch(&console.control, &region, (id, chosen), Some(image_id));
    let launch = Launch { template, version: chosen, image_id, region: region.as_str(), launched };
    let steps = [(
        l(t::LAUNCH_TEMPLATES).to_owned(),
        in_region(console, region.as_str(), "/launch-templates"),
    )];
    let content = html! {
        (trail(&steps, &template.name))
        (heading(&template.name, &template.id, &html! {}))
        (versions(request.language, &found, &place, chosen))
        (next_page(request, &format!("/launch-templates/{id}"), found.next.as_deref()))
        (launch.shown(request.language))
    };
    let about = Page { title: &template.name, section: Section::LaunchTemplates, refresh: None };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn place(console: &Console, region: &str, id: &str) -> String {
    in_region(console, region, &format!("/launch-templates/{id}"))
}

fn next_page(request: &PageRequest<'_>, place: &str, next: Option<&str>) -> Markup {
    html! {
        @if let Some(next) = next {
            p { a.button href=(format!("{place}?{}", request.query.with("next", next))) {
                (request.language.say(t::NEXT_PAGE))
            } }
        }
    }
}

fn versions(language: Language, found: &VersionPage, place: &str, chosen: &str) -> Markup {
    let columns: Vec<_> = [t::VERSION, t::DESCRIPTION, t::AMI_ID, t::INSTANCE_TYPE]
        .into_iter()
        .chain(OPTIONS)
        .collect();
    let rows = html! {
        @for version in &found.versions {
            (row(language, version, place, version.version.to_string() == chosen))
        }
    };
    listing(language, t::VERSIONS, &columns, &rows)
}

fn row(language: Language, it: &VersionFacts, place: &str, is_chosen: bool) -> Markup {
    let l = |text| language.say(text);
    let or_not = |value: Option<&str>| {
        html! { @match value { Some(value) => (value), None => span.quiet { (l(t::NOT_STATED)) } } }
    };
    let StatedOptions {
        http_endpoint,
        http_protocol_ipv6,
        http_tokens,
        http_put_response_hop_limit,
        instance_metadata_tags,
    } = &it.metadata_options;
    let is_on = |value: &Option<String>| or_not(value.as_deref().map(|it| switch(language, it)));
    let number = it.version.to_string();
    html! {
        tr.chosen[is_chosen] {
            th.number scope="row" {
                a href={ (with_query(place, "version", &number)) "#launch" }
                    aria-current=[is_chosen.then_some("true")]
                    aria-label=(format!("{}: {number}", l(t::LAUNCH))) { (number) }
                @if it.is_default { " " span.badge.off { (l(t::DEFAULT)) } }
            }
            td.long {
                (it.description.as_deref().unwrap_or("–"))
                // The day is enough, and leaves room for the options.
                @if let Some(day) = it.created.as_deref().and_then(|it| it.get(..10)) { time.under { (day) } }
            }
            td { (or_not(it.image_id.as_deref())) }
            td { (or_not(it.instance_type.as_deref())) }
            td { (is_on(http_endpoint)) }
            td { (is_on(http_protocol_ipv6)) }
            td { (or_not(http_tokens.as_deref().map(|it| version(language, it)))) }
            td.number { (or_not(http_put_response_hop_limit.map(|it| it.to_string()).as_deref())) }
            td { (is_on(instance_metadata_tags)) }
        }
    }
}

/// What is launched in thought, and what comes of it.
struct Launch<'a> {
    template: &'a TemplateFacts,
    version: &'a str,
    /// Empty for the template's.
    image_id: &'a str,
    region: &'a str,
    launched: Result<LaunchFacts, Refused>,
}

impl Launch<'_> {
    fn shown(&self, language: Language) -> Markup {
        let l = |text| language.say(text);
        let Self { template, version, image_id, region, launched } = self;
        html! {
            section.card #launch aria-labelledby="launch-title" {
                h2 #launch-title { (l(t::LAUNCH)) }
                p.lead { (l(t::LAUNCH_LEAD)) " " (version) }
                @match launched {
                    Ok(facts) => { (resolved(language, facts)) }
                    Err(refused) => {
                        div.alert role="alert" {
                            p { strong { (l(t::LAUNCH_REFUSED)) } }
                            p { (refused.message) }
                        }
                    }
                }
                form.field method="get" action={ "/launch-templates/" (template.id) "#launch" } {
                    input type="hidden" name="region" value=(region);
                    input type="hidden" name="version" value=(version);
                    label for="image" { (l(t::OTHER_AMI)) }
                    p.help #image-help { (l(t::OTHER_AMI_HELP)) }
                    div.inline {
                        input #image name="image_id" value=(image_id) autocomplete="off" spellcheck="false"
                            placeholder="ami-…" aria-describedby="image-help";
                        button { (l(t::SHOW)) }
                    }
                }
                // What was refused may be anything, and is not to be copied into a shell.
                @if launched.is_ok() {
                    details {
                        summary { (l(t::LAUNCH_BY_CLI)) }
                        (command(language, "run", "AWS CLI", &self.cli()))
                    }
                }
            }
        }
    }

    fn cli(&self) -> String {
        let image = match self.image_id {
            "" => String::new(),
            id => format!(" --image-id {id}"),
        };
        format!(
            "aws ec2 run-instances --region {} --launch-template LaunchTemplateId={},Version='{}'{image}",
            self.region, self.template.id, self.version
        )
    }
}

/// Each option, and what decides it.
fn resolved(language: Language, facts: &LaunchFacts) -> Markup {
    let l = |text| language.say(text);
    let options = &facts.metadata_options;
    let is_on = |it: &Resolved<String>| (switch(language, &it.value).to_owned(), it.stated_by);
    let tokens = &options.http_tokens;
    let hops = &options.http_put_response_hop_limit;
    let values = [
        is_on(&options.http_endpoint),
        is_on(&options.http_protocol_ipv6),
        (version(language, &tokens.value).to_owned(), tokens.stated_by),
        (hops.value.to_string(), hops.stated_by),
        is_on(&options.instance_metadata_tags),
    ];
    html! {
        p { code { (facts.image_id) } " · " code { (facts.instance_type) } }
        (listing(language, t::METADATA_OPTIONS, &[t::OPTION, t::VALUE, t::STATED_BY], &html! {
            @for (name, (value, layer)) in OPTIONS.into_iter().zip(values) {
                tr {
                    th.long scope="row" { (l(name)) }
                    td { (value) }
                    td { (by(language, layer)) }
                }
            }
        }))
    }
}

fn by(language: Language, layer: Layer) -> Markup {
    let (class, text) = match layer {
        Layer::LaunchTemplate => ("good", t::BY_TEMPLATE),
        Layer::Account => ("wait", t::BY_ACCOUNT),
        Layer::Image => ("off", t::BY_IMAGE),
        Layer::Ec2 => ("off", t::BY_EC2),
    };
    html! { span.badge.(class) { (language.say(text)) } }
}
