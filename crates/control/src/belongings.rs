//! What comes and goes with instances, as its own `Describe…` call shows it.

use std::collections::BTreeSet;

use imds_account::records::Tags;
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

/// What has the wanted ids, each once, or all where none is named; the fault is that of the first unknown id.
pub(super) fn wanted<T>(
    ids: &[String],
    find: impl Fn(&str) -> Result<T, Refusal>,
    all: impl FnOnce() -> Result<Vec<T>, Refusal>,
) -> Result<Vec<T>, Refusal> {
    if ids.is_empty() {
        return all();
    }
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert(id.as_str())).map(|id| find(id)).collect()
}

/// The page of those that pass, in the order of their ids, with their tags, and the token of the next page.
pub(super) fn shown<T: Belonging>(
    call: &Call<'_>,
    mut all: Vec<T>,
    filters: &Filters<'_>,
    page: Page,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    all.sort_by(|one, other| one.id().cmp(other.id()));
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
