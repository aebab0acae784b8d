//! One instance.

use hyper::StatusCode;
use maud::{Markup, html};

use super::frame::{
    Page, Section, heading, instance_state, page, place, progress, saved, switch, trail, version,
};
use super::request::{Answer, PageRequest};
use crate::console::Console;
use crate::instances::{InstanceFacts, find};
use crate::response;
use crate::texts as t;

pub(super) fn show(console: &Console, request: &PageRequest<'_>, id: &str) -> Answer {
    let l = |text| request.language.say(text);
    let instance = find(&console.control, &console.region(request.query)?, id)?;
    let is_pending = instance.metadata_options.is_pending() && instance.state == "running";
    let name = instance.name.as_ref().map_or(id.to_owned(), |name| format!("{id} ({name})"));
    let lives = instance.state != "terminated";
    let actions = html! {
        @if lives {
            a.button href=(place(console, &instance, "/metadata/latest")) { (l(t::BROWSE_METADATA)) }
            a.button href=(place(console, &instance, "/events")) { (l(t::EVENTS)) }
            a.button.primary href=(place(console, &instance, "/options")) { (l(t::MODIFY_OPTIONS)) }
        }
    };
    let content = html! {
        (trail(&[(l(t::INSTANCES).to_owned(), "/".to_owned())], id))
        (heading(&name, "", &actions))
        (saved(request, t::CHANGED))
        @if is_pending { div.notice role="status" { p { (l(t::PENDING_HELP)) } } }
        div.cards {
            (details(request, &instance))
            (options(request, &instance))
        }
    };
    // Until it is applied; then nothing changes any more.
    let refresh = is_pending.then_some("1");
    let about = Page { title: id, section: Section::Instances, refresh };
    Ok(response::page(StatusCode::OK, page(console, request, &about, &content)))
}

fn details(request: &PageRequest<'_>, instance: &InstanceFacts) -> Markup {
    let l = |text| request.language.say(text);
    let facts = [
        (t::INSTANCE_ID, Some(&instance.id)),
        (t::INSTANCE_TYPE, Some(&instance.instance_type)),
        (t::AVAILABILITY_ZONE, Some(&instance.availability_zone)),
        (t::AMI_ID, Some(&instance.image_id)),
        (t::PRIVATE_IPV4, instance.private_ip_address.as_ref()),
        (t::PUBLIC_IPV4, instance.public_ip_address.as_ref()),
        (t::IAM_PROFILE, instance.iam_instance_profile.as_ref()),
        (t::LAUNCH_TIME, instance.launch_time.as_ref()),
    ];
    html! {
        section.card aria-labelledby="details" {
            h2 #details { (l(t::DETAILS)) }
            dl {
                dt { (l(t::INSTANCE_STATE)) }
                dd { (instance_state(request.language, &instance.state)) }
                @for (name, value) in facts {
                    dt { (l(name)) }
                    dd { (value.map_or("–", String::as_str)) }
                }
            }
        }
    }
}

fn options(request: &PageRequest<'_>, instance: &InstanceFacts) -> Markup {
    let language = request.language;
    let l = |text| language.say(text);
    let options = &instance.metadata_options;
    html! {
        section.card aria-labelledby="options" {
            h2 #options { (l(t::METADATA_OPTIONS)) }
            dl {
                dt { (l(t::STATE)) } dd { (progress(language, options)) }
                dt { (l(t::IMDS_ENDPOINT)) } dd { (switch(language, &options.http_endpoint)) }
                dt { (l(t::IPV6_ENDPOINT)) } dd { (switch(language, &options.http_protocol_ipv6)) }
                dt { (l(t::METADATA_VERSION)) } dd { (version(language, &options.http_tokens)) }
                dt { (l(t::HOP_LIMIT)) } dd { (options.http_put_response_hop_limit) }
                dt { (l(t::TAGS_IN_METADATA)) }
                dd { (switch(language, &options.instance_metadata_tags)) }
            }
        }
    }
}
