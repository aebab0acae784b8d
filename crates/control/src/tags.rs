//! `CreateTags`, `DeleteTags` and `DescribeTags`.

use imds_account::in_parts::Launches;
use imds_account::records::Tags;
use imds_account::{Transaction, keys};
use imds_ec2::types::{
    CreateTagsRequest, DeleteTagsRequest, DescribeTagsRequest, DescribeTagsResult, TagDescription,
};
use imds_ec2::{Done, Fault};

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;
use super::tag_values::{check_key, is_reserved, limited, read};
use super::{
    images, instances, key_pairs, launch_templates, network, network_interfaces, security_groups,
    volumes,
};

/// What is tagged, by the beginning of its id. Source: EC2 User Guide, "Tagging support for Amazon
/// EC2 resources".
const KINDS: [(&str, &str); 11] = [
    ("ami-", "image"),
    ("eni-", "network-interface"),
    ("i-", "instance"),
    ("key-", "key-pair"),
    ("lt-", "launch-template"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("snap-", "snapshot"),
    ("subnet-", "subnet"),
    ("vol-", "volume"),
    ("vpc-", "vpc"),
];

fn kind(resource: &str) -> Option<&'static str> {
    KINDS.iter().find(|(prefix, _)| resource.starts_with(prefix)).map(|(_, kind)| *kind)
}

pub(super) fn create(call: &Call<'_>, request: &CreateTagsRequest) -> Result<Done, Refusal> {
    let added = read(&request.tags)?;
    let mut transaction = Transaction::new();
    for resource in &request.resources {
        let key = keys::tags(&call.region, resource);
        let before = call.read(&key)?;
        let mut tags = before.as_ref().map(|stored| stored.record.clone()).unwrap_or_default();
        tags.extend(added.clone());
        let tags = limited(tags)?;
        check_resource(call, resource, &tags)?;
        transaction = transaction.if_unchanged(&key, before.as_ref()).write(&key, &tags);
    }
    call.commit(transaction)?;
    Ok(Done)
}

/// Deletes tags by key, or by key and value; all of a resource's where none is named.
pub(super) fn delete(call: &Call<'_>, request: &DeleteTagsRequest) -> Result<Done, Refusal> {
    for key in request.tags.iter().filter_map(|tag| tag.key.as_deref()) {
        check_key(key)?;
    }
    let is_meant = |key: &String, value: &String| {
        request.tags.is_empty() && !is_reserved(key)
            || request.tags.iter().any(|tag| {
                tag.key.as_ref() == Some(key) && tag.value.as_ref().is_none_or(|it| it == value)
            })
    };
    let mut transaction = Transaction::new();
    for resource in &request.resources {
        let key = keys::tags(&call.region, resource);
        let before = call.read(&key)?;
        let mut tags = before.as_ref().map(|stored| stored.record.clone()).unwrap_or_default();
        tags.retain(|key, value| !is_meant(key, value));
        check_resource(call, resource, &tags)?;
        transaction = transaction.if_unchanged(&key, before.as_ref());
        transaction =
            if tags.is_empty() { transaction.remove(&key) } else { transaction.write(&key, &tags) };
    }
    call.commit(transaction)?;
    Ok(Done)
}

/// A fault unless the resource is there and can have these tags; what is written next relies on it.
fn check_resource(call: &Call<'_>, resource: &str, tags: &Tags) -> Result<(), Refusal> {
    let unknown = || {
        let message = format!("The ID '{resource}' is not valid");
        Refusal::from(Fault::client("InvalidID", message))
    };
    match kind(resource).ok_or_else(unknown)? {
        "instance" => {
            call.rely_on(&keys::instance(&call.region, resource))?;
            let instance = instances::find(call, resource)?;
            // A key that is no path cannot be served, so it is refused while tags are.
            instances::check(&instance.id, &instance.stored.record, tags)?;
        }
        "image" => images::exists(call, resource)?,
        "key-pair" => {
            let name = key_pairs::name(call, resource)?.ok_or_else(unknown)?;
            call.rely_on(&keys::key_pair(&call.region, &name))?;
        }
        "launch-template" => drop(launch_templates::find::find(call, Some(resource), None)?),
        "network-interface" => drop(network_interfaces::place::find(call, resource)?),
        "security-group" => drop(security_groups::find::by_id(call, resource)?),
        "security-group-rule" => security_groups::rules::exists(call, resource)?,
        "snapshot" => drop(images::snapshots::find(call, resource)?),
        "subnet" => drop(network::find_subnet(call, resource)?),
        "volume" => drop(volumes::find(call, resource)?),
        _ => network::check_vpc(call, resource)?,
    }
    Ok(())
}

/// Source: EC2 API `DescribeTags`.
const FILTERS: &[&str] = &["key", "resource-id", "resource-type", "value"];

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeTagsRequest,
) -> Result<DescribeTagsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let all = call.scan_page(&keys::all_tags(&call.region), "", usize::MAX)?;
    let launches = Launches::read(call.store, &call.region)?;
    let hidden = launches.hidden(all.revision);
    let mut shown = Vec::new();
    for (resource, stored) in all.records {
        if hidden.contains(resource.as_str()) {
            continue;
        }
        let kind = kind(&resource).unwrap_or_default();
        for (key, value) in stored.record {
            let of_this = [(key.clone(), value.clone())].into();
            let values = |name: &str| match name {
                "key" => vec![key.clone()],
                "value" => vec![value.clone()],
                "resource-id" => vec![resource.clone()],
                _ => vec![kind.to_owned()],
            };
            if filters.accept(&of_this, values) {
                let tag = TagDescription {
                    key: Some(key.clone()),
                    value: Some(value.clone()),
                    resource_id: Some(resource.clone()),
                    resource_type: Some(kind.to_owned()),
                };
                // No key has this character, so that the order is that of resources, then of keys.
                shown.push((format!("{resource}\0{key}"), tag));
            }
        }
    }
    let (shown, next_token) = page.paginate(shown, |(place, _)| place);
    Ok(DescribeTagsResult { tags: shown.into_iter().map(|(_, tag)| tag).collect(), next_token })
}
