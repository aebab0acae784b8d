//! Which packages, in which versions, a manifest or lock file names.

use std::ops::Range;
use std::path::Path;

use super::floors::Registry;
use crate::data::{self, Data};

/// One package in one version.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) span: Range<usize>,
}

/// How one kind of file is read.
pub(super) struct Reader {
    pub(super) registry: Registry,
    pub(super) read: Read,
}

type Read = fn(&[u8]) -> Vec<Package>;

/// The reader for the file `path`.
pub(super) fn reader(path: &Path) -> Option<Reader> {
    let name = path.file_name()?.to_str()?;
    let is_requirements = (name.starts_with("requirements") || name.starts_with("constraints"))
        && Path::new(name).extension().is_some_and(|e| e == "txt");
    let (registry, read): (Registry, Read) = match name {
        _ if is_requirements => (Registry::Pypi, requirements),
        "Pipfile.lock" => (Registry::Pypi, pipfile_lock),
        "poetry.lock" | "uv.lock" | "pdm.lock" => (Registry::Pypi, toml_lock),
        "package.json" => (Registry::Npm, package_json),
        "package-lock.json" | "npm-shrinkwrap.json" => (Registry::Npm, package_lock),
        "yarn.lock" => (Registry::Npm, yarn_lock),
        "pnpm-lock.yaml" => (Registry::Npm, pnpm_lock),
        "go.mod" => (Registry::Go, go_mod),
        "Gemfile.lock" => (Registry::RubyGems, gemfile_lock),
        "composer.lock" => (Registry::Packagist, composer_lock),
        "pom.xml" => (Registry::Maven, pom),
        "build.gradle" | "build.gradle.kts" => (Registry::Maven, gradle),
        _ => return None,
    };
    Some(Reader { registry, read })
}

/// The lines of a text with their start.
fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let mut at = 0;
    bytes
        .split_inclusive(|b| *b == b'\n')
        .map(|line| {
            let start = at;
            at += line.len();
            (start, decoded(line).trim_end().to_owned())
        })
        .collect()
}

/// The same text, as long, with a `?` for each byte that is not UTF-8.
fn decoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// A package named on the line that starts at `start`.
fn on_line(start: usize, line: &str, name: &str, version: &str) -> Package {
    let indent = line.len() - line.trim_start().len();
    Package {
        name: name.trim().to_owned(),
        version: version.trim().to_owned(),
        span: start + indent..start + line.len(),
    }
}

/// `boto3==1.9.0`; anything but an exact version is left to the installer.
fn requirements(bytes: &[u8]) -> Vec<Package> {
    let lines = lines(bytes).into_iter();
    lines
        .filter_map(|(start, line)| {
            let code = line.split(['#', ';']).next()?;
            let (name, version) = code.split_once("==")?;
            let version = version.split_whitespace().next()?;
            let name = name.split('[').next()?;
            Some(on_line(start, code.trim_end(), name, version))
        })
        .collect()
}

/// `name = "boto3"` followed by `version = "1.9.0"`.
fn toml_lock(bytes: &[u8]) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut name = String::new();
    for (start, line) in lines(bytes) {
        match line.split_once('=').map(|(k, v)| (k.trim(), v.trim().trim_matches('"'))) {
            Some(("name", value)) => value.clone_into(&mut name),
            Some(("version", value)) => packages.push(on_line(start, &line, &name, value)),
            _ => {}
        }
    }
    packages
}

fn pipfile_lock(bytes: &[u8]) -> Vec<Package> {
    let sections = documents(bytes);
    let groups = sections.iter().flat_map(|d| ["default", "develop"].map(|key| d.get(key)));
    versions_of(groups.flatten(), bytes)
}

fn package_json(bytes: &[u8]) -> Vec<Package> {
    let documents = documents(bytes);
    let groups =
        documents.iter().flat_map(|d| ["dependencies", "devDependencies"].map(|k| d.get(k)));
    let pairs = groups.flatten().flat_map(Data::pairs);
    pairs
        .map(|pair| Package {
            name: pair.key.clone(),
            version: pair.value.word(bytes).to_owned(),
            span: pair.key_start..pair.value.span.end,
        })
        .collect()
}

/// Version 1 has `dependencies`, later ones `packages` under `node_modules/…`.
fn package_lock(bytes: &[u8]) -> Vec<Package> {
    let documents = documents(bytes);
    let groups = documents.iter().flat_map(|d| ["packages", "dependencies"].map(|k| d.get(k)));
    let mut packages = versions_of(groups.flatten(), bytes);
    for package in &mut packages {
        if let Some((_, name)) = package.name.rsplit_once("node_modules/") {
            package.name = name.to_owned();
        }
    }
    packages
}

/// `aws-sdk@^2.1:` followed by `version "2.400.0"`.
fn yarn_lock(bytes: &[u8]) -> Vec<Package> {
    let mut packages = Vec::new();
    let mut name = String::new();
    for (start, line) in lines(bytes) {
        if !line.starts_with([' ', '#']) {
            let first = line.trim_start_matches('"');
            let at = first.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
            at.map_or("", |at| &first[..at]).clone_into(&mut name);
        } else if let Some(version) = line.trim().strip_prefix("version") {
            let version = version.trim_matches([' ', ':', '"']);
            packages.push(on_line(start, &line, &name, version));
        }
    }
    packages
}

/// `/aws-sdk/2.400.0:`, `/aws-sdk@2.400.0:` or `aws-sdk@2.400.0:`.
fn pnpm_lock(bytes: &[u8]) -> Vec<Package> {
    let lines = lines(bytes).into_iter();
    lines
        .filter_map(|(start, line)| {
            let key = line.trim().strip_suffix(':')?.trim_matches('\'').trim_start_matches('/');
            let (name, version) = key.rsplit_once(['@', '/'])?;
            let version = version.split('(').next()?;
            version
                .starts_with(|c: char| c.is_ascii_digit())
                .then(|| on_line(start, &line, name, version))
        })
        .collect()
}

/// `github.com/aws/aws-sdk-go v1.25.0`, in a block or alone.
fn go_mod(bytes: &[u8]) -> Vec<Package> {
    let lines = lines(bytes).into_iter();
    lines
        .filter_map(|(start, line)| {
            let code = line.split("//").next()?.trim_end();
            let mut words = code.split_whitespace().filter(|w| *w != "require");
            let (name, version) = (words.next()?, words.next()?);
            (version.starts_with('v') && words.next().is_none())
                .then(|| on_line(start, code, name, version))
        })
        .collect()
}

/// `    aws-sdk-core (3.70.0)`; deeper lines are requirements, not versions.
fn gemfile_lock(bytes: &[u8]) -> Vec<Package> {
    let lines = lines(bytes).into_iter();
    lines
        .filter_map(|(start, line)| {
            let entry = line.strip_prefix("    ").filter(|l| !l.starts_with(' '))?;
            let (name, version) = entry.split_once(" (")?;
            Some(on_line(start, &line, name, version.strip_suffix(')')?))
        })
        .collect()
}

fn composer_lock(bytes: &[u8]) -> Vec<Package> {
    let documents = documents(bytes);
    let lists = documents.iter().flat_map(|d| ["packages", "packages-dev"].map(|k| d.get(k)));
    let items = lists.flatten().flat_map(Data::items);
    items
        .filter_map(|item| {
            let (name, version) = (item.get("name")?, item.get("version")?);
            Some(Package {
                name: name.word(bytes).to_owned(),
                version: version.word(bytes).to_owned(),
                span: version.span.clone(),
            })
        })
        .collect()
}

/// `<dependency>` elements; `${name}` is looked up among the elements of that name.
fn pom(bytes: &[u8]) -> Vec<Package> {
    let text = decoded(bytes);
    let mut packages = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("<dependency>").map(|p| at + p) {
        let Some(length) = text[start..].find("</dependency>") else { break };
        let body = &text[start..start + length];
        at = start + length;
        let (Some(group), Some(artifact), Some(version)) =
            (element(body, "groupId"), element(body, "artifactId"), element(body, "version"))
        else {
            continue;
        };
        let property = version.1.strip_prefix("${").and_then(|v| v.strip_suffix('}'));
        let known = property.and_then(|name| element(&text, name)).map_or(version.1, |(_, v)| v);
        packages.push(Package {
            name: format!("{}:{}", group.1, artifact.1),
            version: known.to_owned(),
            span: start + version.0..start + version.0 + version.1.len(),
        });
    }
    packages
}

/// Start and text of the first element `name`.
fn element<'t>(xml: &'t str, name: &str) -> Option<(usize, &'t str)> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let length = xml[start..].find("</")?;
    Some((start, xml[start..start + length].trim()))
}

/// `'com.amazonaws:aws-java-sdk-s3:1.11.500'` in either quotes.
fn gradle(bytes: &[u8]) -> Vec<Package> {
    let mut packages = Vec::new();
    for (start, line) in lines(bytes) {
        for quoted in line.split(['"', '\'']).skip(1).step_by(2) {
            if let [group, artifact, version] = quoted.split(':').collect::<Vec<_>>()[..] {
                packages.push(on_line(start, &line, &format!("{group}:{artifact}"), version));
            }
        }
    }
    packages
}

fn documents(bytes: &[u8]) -> Vec<Data> {
    data::json(bytes)
}

/// The `version` of each entry of the maps `groups`.
fn versions_of<'d>(groups: impl Iterator<Item = &'d Data>, bytes: &[u8]) -> Vec<Package> {
    groups
        .flat_map(Data::pairs)
        .filter_map(|pair| {
            let version = pair.value.get("version")?;
            Some(Package {
                name: pair.key.clone(),
                version: version.word(bytes).to_owned(),
                span: version.span.clone(),
            })
        })
        .collect()
}
