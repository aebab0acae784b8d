//! The filters of `Describe…` calls.
//!
//! All filters must match; a filter matches if any of its values does. In a value `*` stands for any
//! text and `?` for any character, unless `\` is before it. Source: EC2 User Guide, "Filter your
//! Amazon EC2 resources".

use std::array;
use std::collections::BTreeMap;

use imds_account::records::Tags;
use imds_ec2::Fault;
use imds_ec2::types;

/// How many values all filters of a call may have, and how many characters each. EC2 names both in its
/// messages.
const MAX_VALUES: usize = 200;
/// See [`MAX_VALUES`].
const MAX_LENGTH: usize = 255;

/// Filters whose names are known.
pub(super) struct Filters<'a>(Vec<Filter<'a>>);

struct Filter<'a> {
    name: &'a str,
    patterns: Vec<Pattern>,
}

impl<'a> Filters<'a> {
    /// The requested filters; each must be one of `known` or be about tags.
    pub(super) fn new(requested: &'a [types::Filter], known: &[&str]) -> Result<Self, Fault> {
        let unknown = |filter: &&types::Filter| {
            let name = filter.name.as_deref().unwrap_or("null");
            !known.contains(&name) && !is_about_tags(name)
        };
        if let Some(filter) = requested.iter().find(unknown) {
            let name = filter.name.as_deref().unwrap_or("null");
            return Err(Fault::invalid_parameter_value(format!("The filter '{name}' is invalid")));
        }
        check_limits(requested)?;
        let filters = requested.iter().map(|filter| Filter {
            name: filter.name.as_deref().unwrap_or_default(),
            patterns: filter.values.iter().map(|value| Pattern::new(value)).collect(),
        });
        Ok(Self(filters.collect()))
    }

    /// Whether one of them is about tags.
    pub(super) fn are_about_tags(&self) -> bool {
        self.0.iter().any(|filter| is_about_tags(filter.name))
    }

    /// Whether something with these tags passes, of which `values` says what it has by a name.
    pub(super) fn accept(&self, tags: &Tags, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|filter| {
            let has = of_tags(filter.name, tags).unwrap_or_else(|| values(filter.name));
            has.iter().any(|has| filter.patterns.iter().any(|pattern| pattern.matches(has)))
        })
    }
}

fn is_about_tags(name: &str) -> bool {
    name.starts_with("tag:") || matches!(name, "tag-key" | "tag-value")
}

fn of_tags(name: &str, tags: &Tags) -> Option<Vec<String>> {
    Some(match name {
        "tag-key" => tags.keys().cloned().collect(),
        "tag-value" => tags.values().cloned().collect(),
        _ => tags.get(name.strip_prefix("tag:")?).cloned().into_iter().collect(),
    })
}

fn check_limits(requested: &[types::Filter]) -> Result<(), Fault> {
    let exceeded = |message: String| Err(Fault::client("FilterLimitExceeded", message));
    let values = || requested.iter().flat_map(|filter| &filter.values);
    if values().count() > MAX_VALUES {
        return exceeded(format!(
            "The maximum number of filter values specified on a single call is {MAX_VALUES}"
        ));
    }
    if values().any(|value| value.chars().count() > MAX_LENGTH) {
        return exceeded(format!(
            "The maximum length for a filter value is {MAX_LENGTH} characters"
        ));
    }
    Ok(())
}

/// A set of numbers from 0 to 255, one for each place in a pattern: before its first sign, …, behind its
/// last.
type Places = [u64; 4];

/// A filter value, prepared. To match a text takes the same few operations for each of its characters,
/// whatever the pattern.
struct Pattern {
    /// The places before each sign that stands for this character alone.
    literals: BTreeMap<char, Places>,
    /// The places before each `?`.
    any: Places,
    /// The places at each `*`.
    stars: Places,
    /// The place behind the last sign.
    end: usize,
}

impl Pattern {
    /// `value` has at most [`MAX_LENGTH`] characters.
    fn new(value: &str) -> Self {
        let mut pattern = Self { literals: BTreeMap::new(), any: [0; 4], stars: [0; 4], end: 0 };
        let mut signs = value.chars();
        while let Some(sign) = signs.next() {
            let place = pattern.end;
            match sign {
                '*' => {
                    add(&mut pattern.stars, place);
                    continue;
                }
                '?' => add(&mut pattern.any, place),
                '\\' => {
                    let literal = signs.next().unwrap_or(sign);
                    add(pattern.literals.entry(literal).or_default(), place);
                }
                literal => add(pattern.literals.entry(literal).or_default(), place),
            }
            pattern.end += 1;
        }
        pattern
    }

    /// Whether the pattern describes all of `text`.
    fn matches(&self, text: &str) -> bool {
        // The places that the text so far can lead to.
        let mut reached: Places = [1, 0, 0, 0];
        for character in text.chars() {
            let literals = self.literals.get(&character).copied().unwrap_or_default();
            let mut carry = 0;
            reached = array::from_fn(|word| {
                let stay = reached[word] & self.stars[word];
                let go_on = reached[word] & (literals[word] | self.any[word]);
                let next = stay | (go_on << 1) | carry;
                carry = go_on >> 63;
                next
            });
            if reached == [0; 4] {
                return false;
            }
        }
        (reached[self.end / 64] >> (self.end % 64)) & 1 == 1
    }
}

fn add(places: &mut Places, place: usize) {
    places[place / 64] |= 1 << (place % 64);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(name: &str, values: &[&str]) -> types::Filter {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        types::Filter { name: Some(name.to_owned()), values }
    }

    #[test]
    fn signs_stand_for_what_the_user_guide_says() {
        for (pattern, text, matching) in [
            ("optional", "optional", true),
            ("optional", "Optional", false),
            ("opt", "optional", false),
            ("*", "", true),
            ("?", "", false),
            ("i-*0", "i-10", true),
            ("i-*0", "i-01", false),
            ("?-??", "i-01", true),
            (r"\*amazon\?\\", r"*amazon?\", true),
            (r"\*", "x", false),
            ("a*b*c", "a--b--b--c", true),
            ("a*b*c", "a--c--b", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), matching, "{pattern} {text}");
        }
        let long = "x".repeat(MAX_LENGTH);
        assert!(Pattern::new(&long).matches(&long), "every place counts");
        assert!(!Pattern::new(&long).matches(&long[1..]));
        assert!(Pattern::new(&"?".repeat(MAX_LENGTH)).matches(&long));
        let many = "*?x".repeat(MAX_LENGTH / 3);
        assert!(Pattern::new(&many).matches(&"x".repeat(1000)));
        assert!(!Pattern::new(&many).matches(&"a".repeat(1000)));
    }

    #[test]
    fn limits_are_those_of_ec2() {
        let of = |count: usize, length: usize| {
            let value = "*".repeat(length);
            let requested = [filter("tag-value", &vec![&*value; count])];
            Filters::new(&requested, &[]).err().map(|fault| fault.to_string())
        };
        assert_eq!(of(MAX_VALUES, MAX_LENGTH), None);
        assert_eq!(
            of(MAX_VALUES + 1, 1).unwrap(),
            "FilterLimitExceeded: The maximum number of filter values specified on a single call is 200"
        );
        assert_eq!(
            of(1, MAX_LENGTH + 1).unwrap(),
            "FilterLimitExceeded: The maximum length for a filter value is 255 characters"
        );
    }

    #[test]
    fn all_filters_must_match_and_one_value_of_each() {
        let tags: Tags = [("Name".to_owned(), "web-1".to_owned())].into();
        let values = |name: &str| vec![format!("{name}-value")];
        for (requested, accepted) in [
            (vec![], true),
            (vec![filter("state", &["other", "state-value"])], true),
            (vec![filter("state", &["state-value"]), filter("zone", &["other"])], false),
            (vec![filter("tag:Name", &["web-*"])], true),
            (vec![filter("tag:name", &["web-*"])], false),
            (vec![filter("tag-key", &["Name"]), filter("tag-value", &["web-1"])], true),
            (vec![filter("state", &[])], false),
        ] {
            let filters = Filters::new(&requested, &["state", "zone"]).ok().unwrap();
            assert_eq!(filters.accept(&tags, values), accepted, "{requested:?}");
            let of_tags = requested.iter().any(|it| it.name.as_ref().unwrap().starts_with("tag"));
            assert_eq!(filters.are_about_tags(), of_tags, "{requested:?}");
        }
    }

    #[test]
    fn an_unknown_filter_is_named() {
        let requested = [filter("colour", &["red"])];
        let fault = Filters::new(&requested, &["state"]).err().unwrap();
        assert_eq!(fault.message, "The filter 'colour' is invalid");
    }
}
