//! Library versions that speak only IMDSv1, from lock and manifest files.

mod floors;
mod manifest;

use std::path::Path;

use self::floors::{FLOORS, Floor};
use self::manifest::{Package, reader};
use crate::finding::{Finding, Remedy};
use crate::job::Job;
use crate::rules::Rule;

/// Whether `path` names a file that lists library versions.
pub(crate) fn is_manifest(path: &Path) -> bool {
    reader(path).is_some()
}

/// Old libraries that the manifest `path` asks for.
pub(crate) fn scan(path: &Path, bytes: &[u8], job: &Job) -> Vec<Finding> {
    let Some(reader) = reader(path) else { return Vec::new() };
    let packages = (reader.read)(bytes, job);
    packages
        .into_iter()
        .filter_map(|package| {
            let floor = FLOORS.iter().find(|f| {
                f.registry == reader.registry && f.covers(&package.name, &package.version)
            })?;
            let is_old = version(&package.version)? < version(floor.first)?;
            (is_old || floor.is_replaced()).then(|| finding(&package, floor))
        })
        .collect()
}

fn finding(package: &Package, floor: &Floor) -> Finding {
    Finding::new(
        Rule::OldLibrary,
        package.span.clone(),
        format!("{} {} speaks IMDSv1 only", package.name, package.version.trim_start_matches('=')),
        Remedy::advice(
            floor.instead(&package.name),
            "a new version is tested before it is used, and a lock file is made by its own tool",
        ),
    )
}

/// The numbers of a version; `None` when it is a range or a name.
fn version(text: &str) -> Option<Vec<u64>> {
    let text = text.trim().trim_start_matches(['v', '=']);
    let numbers = text.split(['-', '+']).next()?.split('.').map(|n| n.parse().ok());
    numbers.collect::<Option<Vec<u64>>>().filter(|n| !n.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.9.220") < version("1.12.6"));
        assert!(version("v1.25.37") < version("1.25.38"));
        assert_eq!(version("^1.0"), None);
        assert_eq!(version("2.10.21-PREVIEW"), Some(vec![2, 10, 21]));
    }
}
