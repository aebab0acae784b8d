//! `user-data`: raw bytes, listed also where there are none.

use super::{ALWAYS, BINARY, Builder, Content};
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    let bytes = instance.user_data.clone();
    let content = bytes.map_or(Content::Absent, |bytes| Content::Value(bytes, BINARY));
    tree.insert("user-data", ALWAYS, content);
}
