//! The keys that sign identity documents, where hosts share a state.

use std::sync::Arc;

use imds_identity::KeyText;

use crate::keys;
use crate::store::{Store, StoreError};

/// Keeps the keys in the store.
pub fn text(store: Store) -> KeyText {
    Arc::new(move |region, made| {
        let key = keys::identity_keys(region);
        let kept = match made {
            Some(made) => Some(store.read_or_make(&key, || Ok::<_, StoreError>(made.to_owned()))?),
            None => store.read(&key)?.map(|kept| kept.record),
        };
        Ok(kept)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keys_stay() {
        let text = text(Store::in_memory());
        let region = "us-east-1".parse().unwrap();
        let kept = |made| text(&region, made).unwrap();
        assert_eq!(kept(None), None);
        assert_eq!(kept(Some("first")).as_deref(), Some("first"));
        assert_eq!(kept(Some("second")).as_deref(), Some("first"));
        assert_eq!(kept(None).as_deref(), Some("first"));
    }
}
