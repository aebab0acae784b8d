//! Names and values: a query, or the body of a form.

use crate::error::Refused;

/// Pairs of a name and a value, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `application/x-www-form-urlencoded`.
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Fails unless a form has some of these fields, each once, and no other: what nobody reads must not look
    /// as if it had been obeyed.
    pub(crate) fn only(&self, fields: &[&str]) -> Result<(), Refused> {
        let known = || fields.join(", ");
        if self.0.is_empty() {
            return Err(Refused::bad_request(format!(
                "the form is empty; its fields are {}",
                known()
            )));
        }
        for (at, (name, _)) in self.0.iter().enumerate() {
            if !fields.contains(&&**name) {
                let message = format!("the form has no field {name:?}; its fields are {}", known());
                return Err(Refused::bad_request(message));
            }
            if self.0.iter().take(at).any(|(earlier, _)| earlier == name) {
                return Err(Refused::bad_request(format!("the form has the field {name:?} twice")));
            }
        }
        Ok(())
    }

    /// The same as text, with one name's value replaced.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let others = self.0.iter().filter(|(key, _)| key != name);
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair(name, value)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_own_fields_each_once() {
        for (form, words) in [
            ("a=1", ""),
            ("a=1&b=", ""),
            ("", "is empty"),
            ("{\"a\":1}", "no field"),
            ("a=1&c=2", "no field \"c\"; its fields are a, b"),
            ("a=1&b=2&a=1", "\"a\" twice"),
        ] {
            let refused = Query::parse(form).only(&["a", "b"]).err();
            assert_eq!(refused.is_none(), words.is_empty(), "{form}");
            assert!(
                refused.is_none_or(|it| it.status == 400 && it.message.contains(words)),
                "{form}"
            );
        }
    }
}
