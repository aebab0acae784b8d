//! The filters of `Describe…` calls.
//!
//! All filters must match; a filter matches if any of its values does. In a value `*` stands for any
//! text and `?` for any character, unless `\` is before it. Source: EC2 User Guide, "Filter your
//! Amazon EC2 resources".

use imds_account::records::Tags;
use imds_ec2::Fault;
use imds_ec2::types;

/// Filters whose names are known.
pub(super) struct Filters<'a>(&'a [types::Filter]);

impl<'a> Filters<'a> {
    /// The requested filters; each must be one of `known` or be about tags.
    pub(super) fn new(requested: &'a [types::Filter], known: &[&str]) -> Result<Self, Fault> {
        let unknown = |filter: &&types::Filter| {
            let name = filter.name.as_deref().unwrap_or("null");
            !known.contains(&name) && !is_about_tags(name)
        };
        match requested.iter().find(unknown) {
            Some(filter) => {
                let name = filter.name.as_deref().unwrap_or("null");
                Err(Fault::invalid_parameter_value(format!("The filter '{name}' is invalid")))
            }
            None => Ok(Self(requested)),
        }
    }

    /// Whether something with these tags passes, of which `values` says what it has by a name.
    pub(super) fn accept(&self, tags: &Tags, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|filter| {
            let name = filter.name.as_deref().unwrap_or_default();
            let has = of_tags(name, tags).unwrap_or_else(|| values(name));
            has.iter().any(|has| filter.values.iter().any(|wanted| matches(wanted, has)))
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

/// Whether `text` is what `pattern` describes. Takes at most as many steps as the product of their
/// lengths.
fn matches(pattern: &str, text: &str) -> bool {
    // Which beginnings of `text`, by length, the pattern so far describes.
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    let mut pattern = pattern.chars();
    while let Some(sign) = pattern.next() {
        if sign == '*' {
            let first = reached.iter().position(|reached| *reached).unwrap_or(reached.len());
            reached[first..].fill(true);
            continue;
        }
        let literal = if sign == '\\' { pattern.next().unwrap_or(sign) } else { sign };
        let any = sign == '?';
        for end in (1..reached.len()).rev() {
            reached[end] = reached[end - 1] && (any || text[end - 1] == literal);
        }
        reached[0] = false;
    }
    reached[text.len()]
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
            assert_eq!(matches(pattern, text), matching, "{pattern} {text}");
        }
        let hostile = "*a".repeat(100) + "b";
        assert!(!matches(&hostile, &"a".repeat(1000)), "and that at once");
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
        }
    }

    #[test]
    fn an_unknown_filter_is_named() {
        let requested = [filter("colour", &["red"])];
        let fault = Filters::new(&requested, &["state"]).err().unwrap();
        assert_eq!(fault.message, "The filter 'colour' is invalid");
    }
}
