//! Library versions that speak only IMDSv1, from lock and manifest files.

use std::path::Path;

use crate::finding::Finding;

/// Whether `path` names a file that lists library versions.
pub(crate) fn is_manifest(_path: &Path) -> bool {
    false
}

/// Old libraries that the manifest `path` asks for.
pub(crate) fn scan(_path: &Path, _bytes: &[u8]) -> Vec<Finding> {
    Vec::new()
}
