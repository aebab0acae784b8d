//! Answers in pages: `MaxResults` and `NextToken`.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use imds_ec2::Fault;

/// The requested page.
#[derive(Debug)]
pub(super) struct Page {
    /// The last key of the page before.
    after: Option<String>,
    limit: usize,
}

impl Page {
    /// The page that the parameters ask for; `allowed` is the range of `MaxResults`.
    pub(super) fn new(
        max_results: Option<i32>,
        next_token: Option<&str>,
        allowed: RangeInclusive<usize>,
    ) -> Result<Self, Fault> {
        let limit = match max_results {
            None => *allowed.end(),
            Some(requested) => {
                let limit = usize::try_from(requested).ok().filter(|limit| allowed.contains(limit));
                limit.ok_or_else(|| {
                    Fault::invalid_parameter_value(format!(
                        "Value ( {requested} ) for parameter maxResults is invalid. Expecting a value \
                         between {} and {}.",
                        allowed.start(),
                        allowed.end(),
                    ))
                })?
            }
        };
        let after = next_token.map(|token| {
            let key =
                URL_SAFE_NO_PAD.decode(token).ok().and_then(|key| String::from_utf8(key).ok());
            key.ok_or_else(|| {
                Fault::client("InvalidNextToken", "The specified NextToken is not valid.")
            })
        });
        Ok(Self { after: after.transpose()?, limit })
    }

    /// The key behind which the page begins.
    pub(super) fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    /// How many items it has at most.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The page of `items`, which come in the order of their keys, and the token of the next one.
    ///
    /// A token names a key, not a place: what comes or goes between two calls moves nothing else to
    /// another page.
    pub(super) fn paginate<T>(
        self,
        items: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> &str,
    ) -> (Vec<T>, Option<String>) {
        let mut later = items.into_iter().filter(|item| key(item) > self.after());
        let page: Vec<T> = later.by_ref().take(self.limit).collect();
        let has_more = later.next().is_some();
        let last = page.last().filter(|_| has_more);
        let token = last.map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        (page, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_every_item_once_and_the_last_has_no_token() {
        for count in 0..12 {
            let items: Vec<String> = (0..count).map(|item| format!("{item:02}")).collect();
            let (mut seen, mut token) = (Vec::new(), None);
            loop {
                let page = Page::new(Some(5), token.as_deref(), 5..=1000).unwrap();
                let (page, next) = page.paginate(items.clone(), |item| item);
                assert!(page.len() == 5 || next.is_none(), "{count}");
                seen.extend(page);
                token = next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(seen, items);
        }
    }

    #[test]
    fn limits_and_tokens_are_checked() {
        for (max_results, token) in
            [(Some(4), None), (Some(1001), None), (Some(-1), None), (None, Some("!"))]
        {
            assert!(Page::new(max_results, token, 5..=1000).is_err(), "{max_results:?} {token:?}");
        }
    }
}
