//! What language a file is in: by its name, else by its first bytes.

use std::path::Path;

/// The languages that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Language {
    /// sh, bash, dash, ksh, BusyBox ash.
    Shell,
    /// csh, tcsh, fish: looked at, never edited.
    OtherShell,
    /// Python 2 and 3.
    Python,
    /// PowerShell.
    PowerShell,
    /// Windows user data: `<powershell>…</powershell>`, and `<script>` and `<persist>` around it.
    WindowsUserData,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Go.
    Go,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Perl.
    Perl,
    /// Java.
    Java,
    /// C#.
    CSharp,
    /// YAML of any kind: cloud-init, CloudFormation, CI, Ansible, Kubernetes.
    Yaml,
    /// JSON of any kind.
    Json,
    /// Terraform and Packer.
    Hcl,
    /// Dockerfiles.
    Dockerfile,
    /// systemd units.
    Systemd,
    /// Makefiles.
    Makefile,
    /// MIME multipart user data.
    Mime,
}

/// File name endings, after the last dot.
const ENDINGS: [(&[&str], Language); 15] = [
    (
        &["sh", "bash", "dash", "ksh", "zsh", "ash", "bats", "bashrc", "bash_profile", "zshrc"],
        Language::Shell,
    ),
    (&["csh", "tcsh", "fish"], Language::OtherShell),
    (&["py", "py3", "pyw"], Language::Python),
    (&["ps1", "psm1"], Language::PowerShell),
    (&["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"], Language::JavaScript),
    (&["go"], Language::Go),
    (&["rb", "rake"], Language::Ruby),
    (&["php"], Language::Php),
    (&["pl", "pm"], Language::Perl),
    (&["java"], Language::Java),
    (&["cs"], Language::CSharp),
    (&["yaml", "yml"], Language::Yaml),
    (&["json"], Language::Json),
    (&["tf", "hcl", "tfvars"], Language::Hcl),
    (&["service", "timer", "socket", "path", "mount"], Language::Systemd),
];

/// Endings of texts for people, and of what programs write: no code, whatever they begin with.
const PROSE: [&str; 13] = [
    "md", "markdown", "rst", "adoc", "org", "tex", "html", "htm", "css", "svg", "log", "csv", "po",
];

/// Endings of templates, whose own language is named before.
const TEMPLATES: [&str; 9] =
    ["tpl", "tftpl", "tmpl", "j2", "erb", "in", "template", "dist", "example"];

/// Interpreters, by the start of their name.
const INTERPRETERS: [(&str, Language); 15] = [
    ("python", Language::Python),
    ("pwsh", Language::PowerShell),
    ("node", Language::JavaScript),
    ("ruby", Language::Ruby),
    ("perl", Language::Perl),
    ("php", Language::Php),
    ("make", Language::Makefile),
    ("fish", Language::OtherShell),
    ("csh", Language::OtherShell),
    ("tcsh", Language::OtherShell),
    ("bash", Language::Shell),
    ("sh", Language::Shell),
    ("dash", Language::Shell),
    ("ksh", Language::Shell),
    ("zsh", Language::Shell),
];

/// How other kinds of text begin.
const BEGINNINGS: [(&str, Language); 13] = [
    ("#cloud-config", Language::Yaml),
    ("#cloud-boothook", Language::Shell),
    ("content-type: multipart", Language::Mime),
    ("mime-version:", Language::Mime),
    ("from:", Language::Mime),
    ("<powershell>", Language::WindowsUserData),
    ("<persist>", Language::WindowsUserData),
    ("<script>", Language::WindowsUserData),
    ("[unit]", Language::Systemd),
    ("[service]", Language::Systemd),
    ("awstemplateformatversion", Language::Yaml),
    ("---\n", Language::Yaml),
    ("{", Language::Json),
];

/// The language of the file `path` whose content is `bytes`.
pub(crate) fn detect(path: &Path, bytes: &[u8]) -> Option<Language> {
    if is_prose(path) || is_utf16(bytes) {
        return None;
    }
    match by_name(path) {
        None => by_content(bytes),
        // A template may be named for its language and begin as something else.
        Some(named @ (Language::PowerShell | Language::Shell)) => {
            match (named, by_content(bytes)) {
                (Language::PowerShell, Some(Language::WindowsUserData)) => {
                    Some(Language::WindowsUserData)
                }
                (Language::Shell, Some(other)) if other != Language::Json => Some(other),
                _ => Some(named),
            }
        }
        named => named,
    }
}

/// Whether the name of a file says that it is for people.
pub(crate) fn is_prose(path: &Path) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(|e| PROSE.contains(&e))
}

/// How the units of a UTF-16 text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Utf16 {
    LowFirst,
    HighFirst,
}

/// The order of a UTF-16 text, told by the mark at its beginning, or by two letters of ASCII where there is
/// none.
pub(crate) fn utf16(bytes: &[u8]) -> Option<Utf16> {
    let is_letter = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match *bytes {
        [0xff, 0xfe, ..] => Some(Utf16::LowFirst),
        [0xfe, 0xff, ..] => Some(Utf16::HighFirst),
        [a, 0, b, 0, ..] if is_letter(a) && is_letter(b) => Some(Utf16::LowFirst),
        [0, a, 0, b, ..] if is_letter(a) && is_letter(b) => Some(Utf16::HighFirst),
        _ => None,
    }
}

/// Whether a text is UTF-16.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    utf16(bytes).is_some()
}

pub(crate) fn by_name(path: &Path) -> Option<Language> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("dockerfile") || lower.starts_with("containerfile") {
        return Some(Language::Dockerfile);
    }
    if matches!(lower.as_str(), "makefile" | "gnumakefile") {
        return Some(Language::Makefile);
    }
    if matches!(lower.as_str(), "rakefile" | "gemfile" | "vagrantfile") {
        return Some(Language::Ruby);
    }
    let (stem, ending) = lower.rsplit_once('.')?;
    let folder = || path.parent().and_then(Path::file_name).and_then(|f| f.to_str());
    match ending {
        // Elastic Beanstalk's.
        "config" if folder() == Some(".ebextensions") => return Some(Language::Yaml),
        "dockerfile" | "containerfile" => return Some(Language::Dockerfile),
        "mk" | "mak" => return Some(Language::Makefile),
        _ => {}
    }
    if TEMPLATES.contains(&ending) {
        return by_name(Path::new(stem));
    }
    ENDINGS.iter().find(|(endings, _)| endings.contains(&ending)).map(|(_, language)| *language)
}

pub(crate) fn by_content(bytes: &[u8]) -> Option<Language> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).to_ascii_lowercase();
    if let Some(line) = head.strip_prefix("#!").and_then(|h| h.lines().next()) {
        return interpreter(line);
    }
    let begins = |text: &str| {
        BEGINNINGS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, language)| *language)
    };
    if let Some(language) = begins(&head) {
        return Some(language);
    }
    // Snippets without a first line of their own say what checks and edits them.
    if ["# shellcheck shell=", "-*- mode: sh", "-*- sh -*-"].iter().any(|mark| head.contains(mark))
    {
        return Some(Language::Shell);
    }
    begins(&String::from_utf8_lossy(after_comments(bytes)).to_ascii_lowercase())
}

/// The first bytes behind the `#` comments that a text begins with, a licence as a rule.
fn after_comments(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while rest.first() == Some(&b'#') {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        rest = rest[end..].trim_ascii_start();
    }
    let is_behind = rest.len() < bytes.len();
    if is_behind { &rest[..rest.len().min(256)] } else { &[] }
}

/// The language of a `#!` line.
fn interpreter(line: &str) -> Option<Language> {
    let mut words = line.split_whitespace().map(|w| w.rsplit('/').next().unwrap_or(w));
    let first = words.next()?;
    let program = match first {
        "env" => words.find(|w| !w.starts_with('-') && !w.contains('='))?,
        "busybox" => words.next().unwrap_or("sh"),
        other => other,
    };
    of_program(program)
}

/// What the program of this name, or at this path, reads.
pub(crate) fn of_program(program: &str) -> Option<Language> {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    let program = match name.trim_end_matches(".exe") {
        "ash" | "busybox" => "sh",
        "powershell" => "pwsh",
        other => other,
    };
    INTERPRETERS.iter().find(|(name, _)| program.starts_with(name)).map(|(_, language)| *language)
}

impl Language {
    /// The grammar that must still accept a file after it was edited.
    pub(crate) fn grammar(self) -> Option<tree_sitter::Language> {
        Some(match self {
            Self::Shell | Self::OtherShell => tree_sitter_bash::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::PowerShell => tree_sitter_powershell::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Ruby => tree_sitter_ruby::LANGUAGE.into(),
            Self::Php => tree_sitter_php::LANGUAGE_PHP.into(),
            Self::Perl => ts_parser_perl::LANGUAGE.into(),
            Self::Java => tree_sitter_java::LANGUAGE.into(),
            Self::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
            Self::Yaml => tree_sitter_yaml::LANGUAGE.into(),
            Self::Json => tree_sitter_json::LANGUAGE.into(),
            Self::Hcl => tree_sitter_hcl::LANGUAGE.into(),
            Self::Dockerfile
            | Self::Systemd
            | Self::Makefile
            | Self::Mime
            | Self::WindowsUserData => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_bytes_tell_the_language() {
        let of = |name: &str, text: &str| detect(Path::new(name), text.as_bytes());
        assert_eq!(of("a.sh", ""), Some(Language::Shell));
        assert_eq!(of("a.sh", "#!/usr/bin/env python3\n"), Some(Language::Python));
        assert_eq!(of("user-data", "#!/bin/busybox ash\n"), Some(Language::Shell));
        assert_eq!(of("user-data", "#!/usr/bin/env -S bash -e\n"), Some(Language::Shell));
        assert_eq!(of("userdata.sh.tpl", "x"), Some(Language::Shell));
        assert_eq!(of("x.tpl", "#cloud-config\n"), Some(Language::Yaml));
        assert_eq!(of("x.txt", "MIME-Version: 1.0\n"), Some(Language::Mime));
        assert_eq!(of("part", "# x\n# shellcheck shell=bash\nx"), Some(Language::Shell));
        let licensed = "# Copyright\n#\n\n---\nAWSTemplateFormatVersion: 2010-09-09\n";
        assert_eq!(of("x.template", licensed), Some(Language::Yaml));
        assert_eq!(of("x.template", "# Copyright\nx"), None);
        assert_eq!(of("default.bashrc.j2", "x"), Some(Language::Shell));
        assert_eq!(of("Dockerfile.dev", ""), Some(Language::Dockerfile));
        assert_eq!(of("README.md", "# curl"), None);
        assert_eq!(of("README.md", "{% include head %}"), None);
        assert_eq!(of("a", "#!/bin/tcsh\n"), Some(Language::OtherShell));
    }
}
