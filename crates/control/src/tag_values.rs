//! Tags as the EC2 API reads and writes them.

use imds_account::records::Tags;
use imds_core::tags::{MAX_TAGS, Tag};
use imds_ec2::Fault;
use imds_ec2::types::{self, TagSpecification};

/// The tags that `specifications` have for a kind of resource, such as `instance`.
pub(super) fn specified(
    specifications: &[TagSpecification],
    resource_type: &str,
) -> Result<Tags, Fault> {
    let meant = specifications
        .iter()
        .filter(|specification| specification.resource_type.as_deref() == Some(resource_type));
    read(meant.flat_map(|specification| &specification.tags))
}

/// Tags within EC2's limits.
pub(super) fn read<'a>(requested: impl IntoIterator<Item = &'a types::Tag>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in requested {
        let key = tag.key.as_deref().unwrap_or_default();
        let tag = Tag::new(key, tag.value.as_deref().unwrap_or_default())
            .map_err(|error| Fault::invalid_parameter_value(error.to_string()))?;
        check_key(&tag.key)?;
        if tags.insert(tag.key, tag.value).is_some() {
            return Err(Fault::invalid_parameter_value(format!(
                "Duplicate tag key '{key}' specified."
            )));
        }
    }
    limited(tags)
}

/// Whether only EC2 itself gives and takes tags with this key. Source: EC2 User Guide, "Tag
/// restrictions".
pub(super) fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

/// Refuses a key that users may not set.
pub(super) fn check_key(key: &str) -> Result<(), Fault> {
    if is_reserved(key) {
        return Err(Fault::invalid_parameter_value(format!(
            "Tag keys starting with 'aws:' are reserved for internal use: {key}"
        )));
    }
    Ok(())
}

/// Tags, unless they are more than a resource may have; EC2 counts only those of users.
pub(super) fn limited(tags: Tags) -> Result<Tags, Fault> {
    let count = tags.keys().filter(|key| !is_reserved(key)).count();
    if count > MAX_TAGS {
        let message = format!("The maximum number of tags per resource is {MAX_TAGS}.");
        return Err(Fault::client("TagLimitExceeded", message));
    }
    Ok(tags)
}

/// Tags as they are answered.
pub(super) fn shape(tags: &Tags) -> Vec<types::Tag> {
    let tag = |(key, value): (&String, &String)| types::Tag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    };
    tags.iter().map(tag).collect()
}
