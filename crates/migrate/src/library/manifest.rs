//! Which packages, in which versions, a manifest or lock file names.

use std::ops::Range;
use std::path::Path;

use super::floors::Registry;
use crate::data::{self, Data};
use crate::job::Job;

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

type Read = fn(&[u8], &Job) -> Vec<Package>;

/// The reader for the file `path`.
pub(super) fn reader(path: &Path) -> Option<Reader> {
    let name = path.file_name()?.to_str()?;
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    let is_listed = || {
        ["requirements", "constraints"].iter().any(|word| name.contains(word))
            || path.parent().is_some_and(|folder| folder.ends_with("requirements"))
    };
    let (registry, read): (Registry, Read) = match name {
        _ if matches!(ending, "txt" | "in") && is_listed() => (Registry::Pypi, requirements),
        "Pipfile.lock" => (Registry::Pypi, pipfile_lock),
        "pyproject.toml" => (Registry::Pypi, pyproject),
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
        "packages.config" | "Directory.Packages.props" | "Directory.Build.props" => {
            (Registry::NuGet, nuget)
        }
        "packages.lock.json" => (Registry::NuGet, nuget_lock),
        _ if name.ends_with(".versions.toml") => (Registry::Maven, version_catalog),
        _ if matches!(ending, "csproj" | "fsproj" | "vbproj") => (Registry::NuGet, nuget),
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
fn requirements(bytes: &[u8], _: &Job) -> Vec<Package> {
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
fn toml_lock(bytes: &[u8], _: &Job) -> Vec<Package> {
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

fn pipfile_lock(bytes: &[u8], job: &Job) -> Vec<Package> {
    let sections = documents(bytes, job);
    let groups = sections.iter().flat_map(|d| ["default", "develop"].map(|key| d.get(key)));
    versions_of(groups.flatten(), bytes)
}

fn package_json(bytes: &[u8], job: &Job) -> Vec<Package> {
    let documents = documents(bytes, job);
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
fn package_lock(bytes: &[u8], job: &Job) -> Vec<Package> {
    let documents = documents(bytes, job);
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
fn yarn_lock(bytes: &[u8], _: &Job) -> Vec<Package> {
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
fn pnpm_lock(bytes: &[u8], _: &Job) -> Vec<Package> {
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
fn go_mod(bytes: &[u8], _: &Job) -> Vec<Package> {
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
fn gemfile_lock(bytes: &[u8], _: &Job) -> Vec<Package> {
    let lines = lines(bytes).into_iter();
    lines
        .filter_map(|(start, line)| {
            let entry = line.strip_prefix("    ").filter(|l| !l.starts_with(' '))?;
            let (name, version) = entry.split_once(" (")?;
            Some(on_line(start, &line, name, version.strip_suffix(')')?))
        })
        .collect()
}

fn composer_lock(bytes: &[u8], job: &Job) -> Vec<Package> {
    let documents = documents(bytes, job);
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
fn pom(bytes: &[u8], job: &Job) -> Vec<Package> {
    let text = decoded(bytes);
    let mut packages = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find("<dependency>").map(|p| at + p) {
        let Some(length) = text[start..].find("</dependency>").filter(|_| job.budget.look()) else {
            break;
        };
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

/// `'com.amazonaws:aws-java-sdk-s3:1.11.500'` in either quotes, or `group: '…', name: '…', version:
/// '…'`; `$version` is looked up among the assignments.
fn gradle(bytes: &[u8], _: &Job) -> Vec<Package> {
    let mut packages = Vec::new();
    let lines = lines(bytes);
    for (start, line) in &lines {
        let quoted: Vec<&str> = quoted(line).collect();
        let mut add = |group: &str, artifact: &str, version: &str| {
            let name =
                version.trim_start_matches("${").trim_start_matches('$').trim_end_matches('}');
            let known = if name == version { version } else { &*assigned(&lines, name) };
            packages.push(on_line(*start, line, &format!("{group}:{artifact}"), known));
        };
        if let ([group, artifact, version], true) = (&quoted[..], line.contains("group")) {
            add(group, artifact, version);
        }
        for word in quoted {
            if let [group, artifact, version] = word.split(':').collect::<Vec<_>>()[..] {
                add(group, artifact, version);
            }
        }
    }
    packages
}

/// The texts in quotes on a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split(['"', '\'']).skip(1).step_by(2)
}

/// What is assigned to `name`: `awsVersion = "1.11.1"`, also with `val` or `ext.` before it.
fn assigned(lines: &[(usize, String)], name: &str) -> String {
    let value = lines.iter().find_map(|(_, line)| {
        let (left, _) = line.split_once('=')?;
        let is_named = left.trim_end().rsplit([' ', '.']).next() == Some(name);
        quoted(line).next().filter(|_| is_named)
    });
    value.unwrap_or_default().to_owned()
}

/// Gradle's catalogues: `aws = { module = "group:artifact", version.ref = "aws" }`.
fn version_catalog(bytes: &[u8], job: &Job) -> Vec<Package> {
    let lines = lines(bytes);
    let after = |line: &str, key: &str| {
        let (_, rest) = line.split_once(key)?;
        quoted(rest.trim_start().strip_prefix('=')?).next().map(str::to_owned)
    };
    let mut packages = gradle(bytes, job);
    packages.extend(lines.iter().filter_map(|(start, line)| {
        let module = after(line, "module")
            .or_else(|| Some(format!("{}:{}", after(line, "group")?, after(line, "name")?)))?;
        let version = after(line, "version")
            .or_else(|| Some(assigned(&lines, &after(line, "version.ref")?)))?;
        Some(on_line(*start, line, &module, &version))
    }));
    packages
}

/// `"boto3==1.9.0"`, or `boto3 = "1.9.0"` as Poetry has it.
fn pyproject(bytes: &[u8], _: &Job) -> Vec<Package> {
    let mut packages = Vec::new();
    for (start, line) in lines(bytes) {
        let pins = quoted(&line).filter_map(|text| text.split_once("=="));
        packages.extend(pins.map(|(name, version)| {
            let name = name.split('[').next().unwrap_or(name);
            on_line(start, &line, name, version.split(';').next().unwrap_or(version))
        }));
        if let (Some((name, _)), Some(version)) = (line.split_once('='), quoted(&line).next()) {
            packages.push(on_line(start, &line, name, version));
        }
    }
    packages
}

/// `<PackageReference Include="AWSSDK.Core" Version="3.3.0" />` and the like.
fn nuget(bytes: &[u8], job: &Job) -> Vec<Package> {
    let text = decoded(bytes);
    let mut packages = Vec::new();
    for (start, _) in text.match_indices('<').take_while(|_| job.budget.step()) {
        let tag = &text[start..text[start..].find('>').map_or(text.len(), |end| start + end)];
        let attribute = |names: [&str; 2]| {
            names.iter().find_map(|name| quoted(tag.split_once(&format!(" {name}="))?.1).next())
        };
        let is_package = ["<PackageReference ", "<PackageVersion ", "<package "]
            .iter()
            .any(|word| tag.starts_with(word));
        let version = attribute(["Version", "version"]).or_else(|| {
            let body =
                &text[start..text[start..].find("</PackageReference>").map(|e| start + e)?];
            element(body, "Version").map(|(_, version)| version)
        });
        if let (true, Some(name), Some(version)) =
            (is_package, attribute(["Include", "id"]), version)
        {
            packages.push(Package {
                name: name.to_owned(),
                version: version.trim_matches(['[', ']']).to_owned(),
                span: start..start + tag.len(),
            });
        }
    }
    packages
}

fn nuget_lock(bytes: &[u8], job: &Job) -> Vec<Package> {
    let documents = documents(bytes, job);
    let frameworks = documents.iter().filter_map(|d| d.get("dependencies")).flat_map(Data::pairs);
    let pairs = frameworks.flat_map(|framework| framework.value.pairs());
    pairs
        .filter_map(|pair| {
            let version = pair.value.get("resolved")?;
            Some(Package {
                name: pair.key.clone(),
                version: version.word(bytes).to_owned(),
                span: version.span.clone(),
            })
        })
        .collect()
}

fn documents(bytes: &[u8], job: &Job) -> Vec<Data> {
    data::json(bytes, job)
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
