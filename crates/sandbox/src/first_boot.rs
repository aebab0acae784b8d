//! Runs the scripts in user data as cloud-init does at an instance's first boot
//! (<https://cloudinit.readthedocs.io/en/latest/explanation/format.html>): each
//! script is a file below `/var/lib/cloud`; root runs one after the other, even if one fails.

mod compression;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use imds_linux::process::Environment;
use mailparse::{DispositionType, MailHeaderMap as _, ParsedMail};

use crate::error::SandboxError;
use compression::{Compression, Decompressor};

/// The scripts in user data, and its other parts. Has no `Debug`: scripts may hold secrets.
#[derive(Default)]
pub struct FirstBoot {
    /// Content by file name, in the order in which they run.
    scripts: BTreeMap<String, Vec<u8>>,
    /// Parts that only cloud-init or another program can process: file name and content type.
    pub left_out: Vec<(String, String)>,
    /// What is different on an instance with cloud-init.
    pub warnings: Vec<String>,
}

/// A script file in the program's machine.
pub struct Script {
    /// The absolute path.
    pub path: PathBuf,
    /// The content.
    pub content: Vec<u8>,
}

/// The directory where cloud-init stores scripts.
const DIRECTORY: &str = "/var/lib/cloud/instance/scripts";

/// The value of `PATH` at boot, as systemd sets it for root. `HOME` and other variables are not set.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs each argument; exits with the first exit code that is not 0.
const RUN_ALL: &str = r#"
cd /
first=0
for script; do
    "$script" </dev/null
    code=$?
    [ $code -eq 0 ] && continue
    echo "imds: user data: $script ended with $code" >&2
    [ $first -ne 0 ] || first=$code
done
exit $first
"#;

/// First bytes of content and the content type that they mean. A longer beginning comes before its own
/// prefixes.
const BEGINNINGS: [(&str, &str); 9] = [
    ("#!", SCRIPT),
    ("#include-once", "text/x-include-once-url"),
    ("#include", "text/x-include-url"),
    ("#cloud-config-archive", "text/cloud-config-archive"),
    ("#cloud-config-jsonp", "text/cloud-config-jsonp"),
    ("#cloud-config", "text/cloud-config"),
    ("#cloud-boothook", "text/cloud-boothook"),
    ("#part-handler", "text/part-handler"),
    ("## template: jinja", "text/jinja2"),
];
const SCRIPT: &str = "text/x-shellscript";
/// What cloud-init calls content of no known kind.
const UNKNOWN: &str = "text/x-not-multipart";
const BEGINNING: &str = "a script begins with its interpreter: #!/bin/sh";

/// Keys of JSON objects that are read by other programs than cloud-init, and what they mean.
const OBJECTS: [(&str, &str); 2] = [
    ("systemd.credentials", "credentials for systemd (systemd.credentials)"),
    ("ignition", "an Ignition configuration"),
];

/// What user data for Windows begins with, and what of it is named. Source: EC2 User Guide, "How Amazon EC2 handles
/// user data for Windows instances".
const WINDOWS_TAGS: [(&str, bool); 5] = [
    ("<powershell>", true),
    ("<script>", true),
    ("<persist>", true),
    ("<powershellarguments>", false),
    ("<runaslocalsystem>", false),
];
const FOR_WINDOWS: &str = "user data for EC2Launch on Windows";

impl FirstBoot {
    /// Finds the scripts in user data, which is a script or a MIME message with scripts. It and the parts
    /// of a message may be compressed with gzip or zstd.
    ///
    /// # Errors
    /// The user data has no script, is damaged, or larger than 17 MiB once decompressed.
    pub fn of(user_data: &[u8]) -> Result<Self, SandboxError> {
        let mut boot = Self::default();
        let mut decompressor = Decompressor::new();
        let user_data = boot.plain(&mut decompressor, "the user data", user_data.into())?;
        if user_data.trim_ascii().is_empty() {
            return Err(SandboxError::usage("the user data is empty").hint(BEGINNING));
        }
        if is_mime(&user_data) {
            let message = mailparse::parse_mail(&user_data).map_err(|error| {
                SandboxError::usage("the user data is a damaged MIME message").caused_by(error)
            })?;
            for (index, part) in message.parts().filter(|part| part.subparts.is_empty()).enumerate()
            {
                let name = format!("part {} of the user data", index + 1);
                let content = part.get_body_raw().map_err(|error| {
                    SandboxError::usage(format!("{name} is damaged")).caused_by(error)
                })?;
                let is_compressed = Compression::of(&content).is_some();
                let content = boot.plain(&mut decompressor, &name, content.into())?;
                let kind = if is_compressed { UNKNOWN } else { &part.ctype.mimetype };
                boot.add(index, file_name(part), kind, content.into_owned());
            }
        } else {
            boot.add(0, None, UNKNOWN, user_data.into_owned());
        }
        if boot.scripts.is_empty() { Err(boot.no_script()) } else { Ok(boot) }
    }

    /// The content, decompressed where it is compressed.
    fn plain<'a>(
        &mut self,
        decompressor: &mut Decompressor,
        name: &str,
        content: Cow<'a, [u8]>,
    ) -> Result<Cow<'a, [u8]>, SandboxError> {
        let Some(compression) = Compression::of(&content) else { return Ok(content) };
        if compression == Compression::Zstd {
            let warning = format!("{name} is compressed with zstd; cloud-init reads gzip only");
            self.warnings.push(warning);
        }
        decompressor.decompress(compression, &content, name).map(Cow::Owned)
    }

    fn add(&mut self, index: usize, name: Option<String>, content_type: &str, content: Vec<u8>) {
        let name = name.unwrap_or_else(|| format!("part-{:03}", index + 1));
        // These types are often declared wrongly.
        let is_doubtful = ["text/plain", UNKNOWN, SCRIPT].contains(&content_type);
        match beginning(&content).filter(|_| is_doubtful).unwrap_or(content_type) {
            SCRIPT => {
                self.scripts.insert(name, with_unix_lines(content));
            }
            kind if is_doubtful => {
                let kind = if kind == UNKNOWN { "text that does not begin with #!" } else { kind };
                let known = windows(&content).or_else(|| object(&content).map(str::to_owned));
                self.left_out.push((name, known.unwrap_or_else(|| kind.to_owned())));
            }
            kind => self.left_out.push((name, kind.to_owned())),
        }
    }

    fn no_script(&self) -> SandboxError {
        let found: Vec<_> = self.left_out.iter().map(|(_, kind)| kind.as_str()).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        let refused = SandboxError::usage(format!("the user data has no script, only {found}"));
        if found.starts_with(FOR_WINDOWS) {
            return refused
                .hint("imds exec is a Linux machine; --user-data FILE serves it to any program");
        }
        refused.hint(BEGINNING).hint(
            "imds exec --user-data FILE -- cloud-init … makes cloud-init process the other parts",
        )
    }

    /// The program that runs the scripts, with its arguments, once [`scripts`](Self::into_scripts) are in place.
    pub fn program(&self) -> Vec<OsString> {
        let words = ["/bin/sh", "-c", RUN_ALL, "first-boot"].map(OsString::from);
        let scripts = self.scripts.keys().map(|name| path(name).into_os_string());
        words.into_iter().chain(scripts).collect()
    }

    /// The script files.
    pub fn into_scripts(self) -> Vec<Script> {
        let script = |(name, content): (String, _)| Script { path: path(&name), content };
        self.scripts.into_iter().map(script).collect()
    }

    /// What is set when a machine boots, and nothing of ours.
    pub fn environment() -> Environment {
        Environment { is_inherited: false, variables: vec![("PATH", Some(PATH.to_owned()))] }
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Whether a `MIME-Version` header is near the beginning.
fn is_mime(user_data: &[u8]) -> bool {
    let head = &user_data[..user_data.len().min(4096)];
    head.to_ascii_lowercase().windows(13).any(|window| window == b"mime-version:")
}

/// What a JSON object is for, if it is known.
fn object(content: &[u8]) -> Option<&'static str> {
    let object: serde_json::Map<_, _> = serde_json::from_slice(content).ok()?;
    OBJECTS.iter().find(|(key, _)| object.contains_key(*key)).map(|(_, meaning)| *meaning)
}

/// Names user data for Windows by its tags, whatever their case.
fn windows(content: &[u8]) -> Option<String> {
    let text = content.trim_ascii_start().to_ascii_lowercase();
    WINDOWS_TAGS.iter().find(|(tag, _)| text.starts_with(tag.as_bytes()))?;
    let has = |tag: &str| text.windows(tag.len()).any(|window| window == tag.as_bytes());
    let tags = WINDOWS_TAGS.iter().filter(|(tag, is_named)| *is_named && has(tag));
    let tags: Vec<_> = tags.map(|(tag, _)| *tag).collect();
    Some(format!("{FOR_WINDOWS} ({})", tags.join(", ")))
}

fn beginning(content: &[u8]) -> Option<&'static str> {
    let matches = |(start, _): &&(&str, _)| content.starts_with(start.as_bytes());
    BEGINNINGS.iter().find(matches).map(|(_, kind)| *kind)
}

/// The file name that a part declares, without characters that cloud-init drops.
fn file_name(part: &ParsedMail) -> Option<String> {
    let disposition = part.headers.get_first_value("Content-Disposition")?;
    let disposition = mailparse::parse_content_disposition(&disposition);
    if disposition.disposition == DispositionType::FormData {
        return None;
    }
    let name = disposition.params.get("filename")?.replace('/', "_");
    let is_allowed = |sign: &char| sign.is_ascii_alphanumeric() || "_-.()".contains(*sign);
    let name: String = name.chars().filter(is_allowed).collect();
    (!name.trim_matches('.').is_empty()).then_some(name)
}

/// Removes carriage returns at line ends if the first line has one.
fn with_unix_lines(content: Vec<u8>) -> Vec<u8> {
    let first_end = content.iter().position(|&byte| byte == b'\n');
    if !first_end.is_some_and(|end| content[..end].ends_with(b"\r")) {
        return content;
    }
    let is_kept = |at: &usize| content[*at] != b'\r' || content.get(at + 1) != Some(&b'\n');
    (0..content.len()).filter(is_kept).map(|at| content[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Content-Type: multipart/mixed; boundary=\"==\"\nMIME-Version: 1.0\n\n\
        --==\nContent-Type: text/cloud-config\n\n#cloud-config\n\
        --==\nContent-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n\
        IyEvYmluL3NoCmVjaG8gMgo=\n\
        --==\nContent-Type: text/plain\n\
        Content-Disposition: attachment; filename=\"../a b.sh\"\n\n#!/bin/sh\n\
        --==\nContent-Type: text/x-shellscript\n\n#cloud-boothook\n\
        --==--\n";

    fn left_out(name: &str, kind: &str) -> (String, String) {
        (name.to_owned(), kind.to_owned())
    }

    #[test]
    fn user_data_is_a_script_if_it_begins_like_one() {
        let boot = FirstBoot::of(b"#!/usr/bin/python3\nprint()\n").unwrap();
        assert_eq!(boot.scripts["part-001"], b"#!/usr/bin/python3\nprint()\n");
        assert_eq!(boot.program()[4], "/var/lib/cloud/instance/scripts/part-001");
    }

    #[test]
    fn a_message_has_scripts_and_more() {
        let boot = FirstBoot::of(MESSAGE.as_bytes()).unwrap();
        let names: Vec<_> = boot.scripts.keys().map(String::as_str).collect();
        assert_eq!(names, [".._ab.sh", "part-002"], "in the order in which they run");
        assert_eq!(boot.scripts["part-002"], b"#!/bin/sh\necho 2\n");
        let others = [
            left_out("part-001", "text/cloud-config"),
            left_out("part-004", "text/cloud-boothook"),
        ];
        assert_eq!(boot.left_out, others);
    }

    #[test]
    fn user_data_without_a_script_is_refused_with_its_content_type() {
        for (user_data, kind) in [
            (&b"#cloud-config\nruncmd: [ls]\n"[..], "text/cloud-config"),
            (b"#include-once\nhttp://example.com\n", "text/x-include-once-url"),
            (b" {\"systemd.credentials\": []}\n", "credentials for systemd (systemd.credentials)"),
            (b"{\"ignition\": {\"version\": \"3.4.0\"}}", "an Ignition configuration"),
            (b"{\"systemd\": {}}", "text that does not begin with #!"),
            (
                b"<powershell>\r\nGet-Date\r\n</powershell>\r\n<persist>true</persist>",
                "only user data for EC2Launch on Windows (<powershell>, <persist>)",
            ),
            (b"\n<Script>ver</Script>", "only user data for EC2Launch on Windows (<script>)"),
            (b"<html><script>", "text that does not begin with #!"),
            (b"echo hello", "text that does not begin with #!"),
        ] {
            let error = FirstBoot::of(user_data).err().unwrap().to_string();
            assert!(error.contains("no script") && error.contains(kind), "{error}");
        }
        for nothing in [&b""[..], b"\n \n"] {
            let error = FirstBoot::of(nothing).err().unwrap().to_string();
            assert_eq!(error, "the user data is empty");
        }
    }

    #[test]
    fn carriage_returns_are_removed_if_the_first_line_has_one() {
        for (content, expected) in [
            ("#!/bin/sh\r\necho \r1\r\n", "#!/bin/sh\necho \r1\n"),
            ("#!/bin/sh\necho 1\r\n", "#!/bin/sh\necho 1\r\n"),
            ("#!/bin/sh", "#!/bin/sh"),
        ] {
            assert_eq!(with_unix_lines(content.into()), expected.as_bytes());
        }
    }
}
