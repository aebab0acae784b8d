//! Findings as text: for people, as a patch, and for tools. Pure functions; nothing is printed.

mod human;
mod json;
mod sarif;

use std::path::Path;

use similar::TextDiff;

pub use human::human;
pub use json::json;
pub use sarif::sarif;

/// A unified diff from `before` to `after`, empty when they are the same.
///
/// Bytes that are not UTF-8 are shown as they are decoded leniently; such a diff is for reading.
pub fn diff(path: &Path, before: &[u8], after: &[u8]) -> String {
    if before == after {
        return String::new();
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let name = path.display();
    TextDiff::from_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}
