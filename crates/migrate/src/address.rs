//! Which addresses are the instance metadata service, and which only look like it.
//!
//! `169.254.169.254` serves other clouds too. What tells them apart is the path: EC2's begins with
//! a version (`latest`, `1.0`, `2021-03-23`), Azure's with `metadata/`, Google's with
//! `computeMetadata/`, OpenStack's with `openstack/`. `169.254.170.2`, where ECS keeps credentials,
//! needs no token and is not ours.

/// Stands in an evaluated text for what cannot be known from the file.
pub(crate) const HOLE: char = '\u{fffc}';

/// Stands in a script for each byte that the file around it puts there: a word to every grammar.
pub(crate) const BLOT: u8 = b'_';

/// Names under which EC2 serves instance metadata.
const HOSTS: [&str; 4] =
    ["169.254.169.254", "[fd00:ec2::254]", "instance-data.ec2.internal", "instance-data"];

/// First path segments of EC2's tree.
const TREES: [&str; 3] = ["meta-data", "user-data", "dynamic"];

/// Marks of another cloud's metadata service, in headers or queries, in lower case.
const FOREIGN: [&str; 6] = [
    "metadata-flavor",
    "metadata:true",
    "metadata: true",
    "api-version=",
    "computemetadata",
    "bearer oracle",
];

/// The address for which a token is asked when a text does not say another.
pub(crate) const DEFAULT_ENDPOINT: &str = "http://169.254.169.254";

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// EC2 instance metadata.
    Metadata {
        /// Scheme and host, as one would write them before `/latest/…`; `None` when unknown.
        endpoint: Option<String>,
        /// Path without leading slashes.
        path: String,
    },
    /// Somewhere else.
    Elsewhere,
    /// The text does not say.
    Unknown,
}

/// Reads `url`, which may contain `HOLE`s.
pub(crate) fn target(url: &str) -> Target {
    let url = url.trim().trim_matches(['"', '\'']);
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (true, rest),
        Some(_) => return Target::Elsewhere,
        None => (false, url),
    };
    let known = rest.trim_start_matches([HOLE, char::from(BLOT)]);
    if known.len() < rest.len() {
        // A host that is not known: the path may tell, if nothing else is in between.
        let path = known.trim_start_matches('/');
        return if path.len() < known.len() && is_in_tree(path) {
            Target::Metadata { endpoint: None, path: path.to_owned() }
        } else if url.starts_with(HOLE) {
            Target::Unknown
        } else {
            Target::Elsewhere
        };
    }
    let Some((host, rest)) = split_host(rest) else { return Target::Elsewhere };
    let rest = rest.strip_prefix(":80").unwrap_or(rest);
    if !(rest.is_empty() || rest.starts_with(['/', '?', HOLE])) {
        return Target::Elsewhere;
    }
    let path = rest.trim_start_matches('/');
    // The bare word `instance-data` is only an address when something says so.
    if !scheme && host.starts_with("instance-data") && path.is_empty() {
        return Target::Elsewhere;
    }
    if !is_ec2_path(path) {
        return Target::Elsewhere;
    }
    Target::Metadata { endpoint: Some(format!("http://{host}")), path: path.to_owned() }
}

/// The path that a request for `url` asks for, with `*` for what is not known or stands for several
/// things, as curl's `{a,b}` and `[1-3]` do; `None` when it leads elsewhere.
pub(crate) fn path(url: &str) -> Option<String> {
    let Target::Metadata { path, .. } = target(url) else { return None };
    let mut out = String::from("/");
    let mut is_in_glob = false;
    for c in path.chars().take_while(|c| !matches!(c, '?' | '#')) {
        match c {
            '{' | '[' => is_in_glob = true,
            '}' | ']' => is_in_glob = false,
            _ if is_in_glob => continue,
            HOLE => {}
            c => {
                out.push(c);
                continue;
            }
        }
        if !out.ends_with('*') {
            out.push('*');
        }
    }
    Some(out)
}

/// Whether `text` names the address of the metadata service at all.
pub(crate) fn mentioned(text: &str) -> bool {
    HOSTS[..3].iter().any(|host| text.contains(host))
        || text.contains("//instance-data")
        || text.contains("fd00:ec2::254")
}

/// Where `text` names it, as far as it does.
pub(crate) fn place(text: &str) -> usize {
    HOSTS.iter().filter_map(|host| text.find(host)).min().unwrap_or(0)
}

/// Whether a request's words carry the mark of another cloud.
pub(crate) fn is_foreign(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    FOREIGN.iter().any(|mark| words.contains(mark))
}

fn split_host(text: &str) -> Option<(&'static str, &str)> {
    // `get` keeps the cut on a character boundary.
    HOSTS.iter().find_map(|host| {
        let head = text.get(..host.len())?;
        head.eq_ignore_ascii_case(host).then(|| (*host, &text[host.len()..]))
    })
}

fn is_ec2_path(path: &str) -> bool {
    let first = path.split(['/', '?']).next().unwrap_or_default();
    first.is_empty() || first.contains(HOLE) || is_version(first)
}

/// Whether the path alone says that it is EC2's.
fn is_in_tree(path: &str) -> bool {
    let mut parts = path.split(['/', '?']);
    parts.next().is_some_and(is_version) && parts.next().is_some_and(|tree| TREES.contains(&tree))
}

fn is_version(segment: &str) -> bool {
    matches!(segment, "latest" | "1.0")
        || (segment.len() == 10
            && segment.starts_with("20")
            && segment.as_bytes().get(4) == Some(&b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_metadata(url: &str) -> bool {
        matches!(target(url), Target::Metadata { .. })
    }

    #[test]
    fn ec2_paths_are_metadata() {
        for url in [
            "http://169.254.169.254",
            "http://169.254.169.254/",
            "169.254.169.254/latest/meta-data/",
            "HTTP://169.254.169.254:80/1.0/meta-data",
            "http://169.254.169.254/2021-03-23/dynamic/",
            "http://[fd00:ec2::254]/latest/user-data",
            "http://instance-data/latest/meta-data/hostname",
            "http://instance-data.ec2.internal/latest/",
            "http://169.254.169.254//latest/meta-data/",
            "http://169.254.169.254/\u{fffc}",
            "\u{fffc}/latest/meta-data/ami-id",
            "________/latest/meta-data/ami-id",
            "http://\u{fffc}/2009-04-04/meta-data/ami-id",
        ] {
            assert!(is_metadata(url), "{url}");
        }
    }

    #[test]
    fn paths_say_what_is_not_known() {
        for (url, expected) in [
            ("http://169.254.169.254", "/"),
            ("http://169.254.169.254//latest/meta-data/ami-id?x=1", "/latest/meta-data/ami-id"),
            ("http://169.254.169.254/latest/\u{fffc}/x\u{fffc}\u{fffc}", "/latest/*/x*"),
            ("http://169.254.169.254/latest/meta-data/{ami-id,mac}", "/latest/meta-data/*"),
            ("\u{fffc}/latest/user-data", "/latest/user-data"),
        ] {
            assert_eq!(path(url).as_deref(), Some(expected));
        }
        assert_eq!(path("http://169.254.170.2/latest/"), None);
    }

    #[test]
    fn other_clouds_and_other_addresses_are_not() {
        for url in [
            "http://169.254.169.254/metadata/instance?api-version=2021-02-01",
            "http://169.254.169.254/computeMetadata/v1/instance/id",
            "http://169.254.169.254/openstack/latest/meta_data.json",
            "http://169.254.169.254/opc/v1/instance/",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.169.2540/latest/",
            "http://169.254.169.254:8080/latest/",
            "https://example.com/169.254.169.254/latest/",
            "instance-data",
            "\u{fffc}",
            "http://\u{fffc}/latest/news",
            "________",
        ] {
            assert!(!is_metadata(url), "{url}");
        }
    }
}
