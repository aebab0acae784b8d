//! `user-data`: raw bytes, listed also where there are none.

use super::{BINARY, Builder, Content};
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    if let Some(bytes) = &instance.user_data {
        tree.insert("user-data", "1.0", Content::Value(bytes.clone(), BINARY));
    } else {
        tree.directory("", "1.0").names.push(("1.0", "user-data".into()));
    }
}
