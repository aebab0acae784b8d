//! What the registry and its readers need to know of a published crate.

use super::workspace::{Package, Workspace};

/// crates.io's own limits.
const MOST_KEYWORDS: usize = 5;

/// What is missing from manifests of published crates, and requirements without a version.
pub(crate) fn incomplete(workspace: &Workspace) -> Vec<String> {
    let published = workspace.packages.iter().filter(|package| package.is_published());
    published
        .flat_map(|package| {
            let manifest = &package.manifest.path;
            let shown = manifest.strip_prefix(&workspace.root).unwrap_or(manifest).display();
            let name = &package.manifest.name;
            let of = move |fault| format!("{shown}: {name} is published, but {fault}");
            faults(workspace, package).into_iter().map(of).collect::<Vec<_>>()
        })
        .collect()
}

fn faults(workspace: &Workspace, package: &Package) -> Vec<String> {
    let manifest = &package.manifest;
    let mut faults = Vec::new();
    let mut require = |is_there: bool, key: &str| {
        if !is_there {
            faults.push(format!("has no `{key}`"));
        }
    };
    let is_text = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    require(is_text(&manifest.description), "description");
    require(is_text(&manifest.license), "license");
    require(is_text(&manifest.repository), "repository");
    require(is_text(&manifest.rust_version), "rust-version");
    require(!manifest.keywords.is_empty(), "keywords");
    require(!manifest.categories.is_empty(), "categories");
    require(manifest.readme.is_some(), "readme");
    if manifest.keywords.len() > MOST_KEYWORDS {
        faults.push(format!("has more than {MOST_KEYWORDS} keywords"));
    }
    if let Some(readme) = &manifest.readme
        && !package.directory().join(readme).is_file()
    {
        faults.push(format!("its readme {} does not exist", readme.display()));
    }
    let is_published = |name: &str| {
        let ours = workspace.packages.iter().find(|package| package.manifest.name == name);
        ours.is_some_and(Package::is_published)
    };
    for dependency in &manifest.dependencies {
        let name = &dependency.name;
        let is_dev = dependency.kind.as_deref() == Some("dev");
        if dependency.path.is_some() && dependency.req == "*" {
            // Cargo leaves such a dependency out of what it uploads where only tests need it.
            if !is_dev {
                faults.push(format!("its dependency {name} has a path and no version"));
            }
        } else if dependency.path.is_some() && !is_published(name) {
            faults.push(format!("its dependency {name} is not published"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::Fixture;

    const COMPLETE: &str = "description = \"d\"\nlicense = \"MIT\"\nrepository = \"https://r\"\n\
        rust-version = \"1.90\"\nkeywords = [\"k\"]\ncategories = [\"emulators\"]\n\
        readme = \"README.md\"\n";

    fn of(manifest: &str) -> Vec<String> {
        let mut fixture = Fixture::default();
        fixture.manifest("app", manifest, &[("lib.rs", "")]);
        fixture.file("app/README.md", "# app");
        fixture.package("lab", "", &[("lib.rs", "")]);
        fixture.manifest("core", COMPLETE, &[("lib.rs", "")]);
        fixture.file("core/README.md", "# core");
        incomplete(&fixture.read())
    }

    #[test]
    fn a_complete_manifest_passes() {
        assert_eq!(of(COMPLETE), Vec::<String>::new());
        let with = "[dependencies]\ncore = { path = \"../core\", version = \"0.1.0\" }\n\
                    [dev-dependencies]\nlab = { path = \"../lab\" }\n";
        assert_eq!(of(&format!("{COMPLETE}{with}")), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_published_needs_nothing() {
        assert_eq!(of("publish = false\n"), Vec::<String>::new());
    }

    #[test]
    fn each_missing_key_is_named() {
        for line in COMPLETE.lines() {
            let key = line.split(' ').next().unwrap();
            let without = COMPLETE.replace(line, "");
            // Without the key Cargo takes a README.md that is there.
            if key == "readme" {
                let broken = of(&format!("{without}readme = \"OTHER.md\"\n"));
                assert!(broken[0].contains("OTHER.md does not exist"), "{broken:?}");
                continue;
            }
            let broken = of(&without);
            assert_eq!(broken.len(), 1, "{key}: {broken:?}");
            assert!(broken[0].contains(&format!("has no `{key}`")), "{broken:?}");
        }
    }

    #[test]
    fn dependencies_must_be_on_the_registry_too() {
        for (dependency, fault) in [
            ("core = { path = \"../core\" }", "its dependency core has a path and no version"),
            ("lab = { path = \"../lab\", version = \"0.1.0\" }", "lab is not published"),
        ] {
            let broken = of(&format!("{COMPLETE}[dependencies]\n{dependency}\n"));
            assert_eq!(broken.len(), 1, "{broken:?}");
            assert!(broken[0].contains(fault), "{broken:?}");
        }
    }
}
