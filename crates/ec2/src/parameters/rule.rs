//! What a parameter can be.

/// The values that a parameter can have.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// These.
    OneOf(&'static [&'static str]),
    /// A number of dollars, such as `0.05`.
    Price,
}

impl Rule {
    /// What is expected, if a parameter cannot be `value`. Empty values are left out by what reads them: some SDKs
    /// send them for what is not set.
    pub(super) fn refusal(self, value: &str) -> Option<String> {
        match self {
            _ if value.is_empty() => None,
            Self::OneOf(values) if values.contains(&value) => None,
            Self::OneOf([one]) => Some(format!("Expecting {one}.")),
            Self::OneOf(values) => {
                let (last, others) = values.split_last()?;
                Some(format!("Expecting {} or {last}.", others.join(", ")))
            }
            Self::Price => {
                let is_plain = value.bytes().all(|it| it.is_ascii_digit() || it == b'.');
                let dollars = value.parse::<f64>().ok().filter(|dollars| *dollars > 0.0);
                (!is_plain || dollars.is_none()).then(|| "Expecting a price in dollars.".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_expected() {
        let tenancy = Rule::OneOf(&["default", "dedicated", "host"]);
        let price = Some("Expecting a price in dollars.");
        for (rule, value, expected) in [
            (tenancy, "host", None),
            (tenancy, "Host", Some("Expecting default, dedicated or host.")),
            (tenancy, "", None),
            (Rule::OneOf(&["v2.0"]), "v1.0", Some("Expecting v2.0.")),
            (Rule::Price, "0.05", None),
            (Rule::Price, "3", None),
            (Rule::Price, "abc", price),
            (Rule::Price, "0", price),
            (Rule::Price, "-1", price),
            (Rule::Price, "1e3", price),
            (Rule::Price, "", None),
        ] {
            assert_eq!(rule.refusal(value).as_deref(), expected, "{value}");
        }
    }
}
