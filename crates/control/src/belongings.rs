//! What comes and goes with instances, as its own `Describe…` call shows it.

use imds_account::records::Tags;
use imds_ec2::Fault;
use imds_ec2::types::Tag;

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;
use super::tag_values;

/// A volume or a network interface.
pub(super) trait Belonging {
    fn id(&self) -> &str;

    /// What it has by the name of a filter.
    fn values(&self, filter: &str) -> Vec<String>;

    fn set_tags(&mut self, tags: Vec<Tag>);
}

/// Those of `all` with the wanted ids, or all where none is named, in the order of their ids; the fault is
/// that of the first unknown id.
pub(super) fn named<T: Belonging>(
    mut all: Vec<T>,
    wanted: &[String],
    unknown: impl Fn(&str) -> Fault,
) -> Result<Vec<T>, Fault> {
    all.sort_by(|one, other| one.id().cmp(other.id()));
    let is_there = |id: &&String| all.binary_search_by(|one| one.id().cmp(id.as_str())).is_ok();
    if let Some(missing) = wanted.iter().find(|id| !is_there(id)) {
        return Err(unknown(missing));
    }
    all.retain(|one| wanted.is_empty() || wanted.iter().any(|id| id == one.id()));
    Ok(all)
}

/// The page of those that pass, with their tags, and the token of the next page.
pub(super) fn shown<T: Belonging>(
    call: &Call<'_>,
    all: Vec<T>,
    filters: &Filters<'_>,
    page: Page,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let mut passed = Vec::new();
    for one in all {
        // Each is a record to read, so only those that a filter asks for.
        let tags = if filters.are_about_tags() { call.tags(one.id())? } else { Tags::new() };
        if filters.accept(&tags, |name| one.values(name)) {
            passed.push(one);
        }
    }
    let (mut shown, next_token) = page.paginate(passed, T::id);
    for one in &mut shown {
        one.set_tags(tag_values::shape(&call.tags(one.id())?));
    }
    Ok((shown, next_token))
}
