//! Which of the requests are shown.

use crate::query::Query;
use crate::request_facts::RequestFacts;

/// What a request must be like; nothing that is not set matters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Filter {
    /// Part of the instance, the address, the path or the agent, in lower case.
    pub(crate) text: String,
    /// `v1` or `v2`.
    pub(crate) imds: Option<String>,
    /// The first digits of the status: `4` for all from 400 to 499.
    pub(crate) status: Option<String>,
    /// Whether only tokens are shown that were lost.
    pub(crate) only_lost: bool,
}

impl Filter {
    /// Reads `text`, `imds`, `status` and `lost` of a query.
    ///
    /// # Errors
    /// With what is wrong, for whoever asks.
    pub(crate) fn read(query: &Query) -> Result<Self, String> {
        let value = |name| query.get(name).filter(|value| !value.is_empty());
        let imds = value("imds");
        if let Some(other) = imds.filter(|imds| !["v1", "v2"].contains(imds)) {
            return Err(format!("imds is v1 or v2, not {other:?}"));
        }
        let status = value("status").map(|status| status.trim_end_matches('x'));
        let is_status = |text: &str| {
            (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(other) = status.filter(|status| !is_status(status)) {
            return Err(format!("status is a number such as 401, or 4xx, not {other:?}"));
        }
        Ok(Self {
            text: query.get("text").unwrap_or_default().trim().to_lowercase(),
            imds: imds.map(str::to_owned),
            status: status.map(str::to_owned),
            only_lost: value("lost").is_some(),
        })
    }

    pub(crate) fn accepts(&self, request: &RequestFacts) -> bool {
        let has_text = |part: &str| part.to_lowercase().contains(&self.text);
        let agent = request.agent.as_deref().unwrap_or_default();
        let parts = [request.instance.as_str(), &request.peer, &request.path, agent];
        (self.text.is_empty() || parts.into_iter().any(has_text))
            && self.imds.as_deref().is_none_or(|imds| imds == request.imds)
            && self.status.as_ref().is_none_or(|it| request.status.to_string().starts_with(it))
            && (!self.only_lost || request.is_lost_token())
    }
}

#[cfg(test)]
mod tests {
    use imds_core::response::{ImdsVersion, Status};

    use super::*;
    use crate::feed::tests::record;

    #[test]
    fn each_part_is_needed() {
        let request =
            RequestFacts::new(1, &record(ImdsVersion::V1, Status::Unauthorized, "Wget/1.21"));
        for (query, is_accepted) in [
            ("", true),
            ("text=+wGET+", true),
            ("text=10.0.0.9", true),
            ("text=instance-id&imds=v1&status=401", true),
            ("status=4xx", true),
            ("status=200", false),
            ("imds=v2", false),
            ("text=curl", false),
            ("lost=1", false),
        ] {
            let filter = Filter::read(&Query::parse(query)).unwrap();
            assert_eq!(filter.accepts(&request), is_accepted, "{query}");
        }
        for wrong in ["imds=v3", "status=40a", "status=4000"] {
            assert!(Filter::read(&Query::parse(wrong)).is_err(), "{wrong}");
        }
    }
}
