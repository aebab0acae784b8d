//! Where an etcd cluster is, and how one gets in: from a URL.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Keys begin with this unless the URL says otherwise.
const PREFIX: &str = "imds";

/// What a URL looks like.
const FORM: &str = "etcd://[USER@]HOST:PORT[,HOST:PORT…][/PREFIX]?seal-key=FILE[&ca=FILE\
                    [&cert=FILE&key=FILE]][&password-file=FILE]";

/// An etcd cluster, and the part of its keys that is ours. Holds no secret, only the names of files
/// that do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EtcdLocation {
    /// `HOST:PORT` of each member that is to be asked, the first one first.
    pub(super) members: Vec<String>,
    prefix: String,
    /// Who is asking.
    pub(super) user: Option<String>,
    /// A file with the password of `user`.
    pub(super) password_file: Option<PathBuf>,
    /// A file with the certificates (PEM) by which a member's certificate is checked. With it, TLS is
    /// spoken.
    pub(super) ca: Option<PathBuf>,
    /// A file with our own certificate (PEM).
    pub(super) cert: Option<PathBuf>,
    /// A file with the key (PEM) of that certificate.
    pub(super) key: Option<PathBuf>,
    /// A file with the keys that values are sealed with.
    seal_key: Option<PathBuf>,
    /// This host's name.
    host: Option<String>,
    /// Whether other machines may be spoken with in plain text.
    is_plaintext_allowed: bool,
}

impl EtcdLocation {
    /// Reads what follows `etcd://`. An error says the rule, and never shows the URL.
    pub(crate) fn parse(rest: &str) -> Result<Self, String> {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, prefix) = place.split_once('/').unwrap_or((place, ""));
        let (user, members) = match authority.rsplit_once('@') {
            Some((user, members)) => (Some(user), members),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(
                "a password in it would show in lists of processes: put it into a file, and \
                        name that with password-file="
                    .to_owned(),
            );
        }
        let members: Vec<_> = members.split(',').map(str::to_owned).collect();
        if !members.iter().all(|member| is_member(member)) {
            return Err(format!("a member is not HOST:PORT; the form is {FORM}"));
        }
        let prefix = prefix.trim_matches('/');
        if prefix.contains('/') {
            return Err(
                "its prefix contains `/`: keys of a/b would be keys of a as well; write a-b"
                    .to_owned(),
            );
        }
        let prefix = if prefix.is_empty() { PREFIX } else { prefix }.to_owned();
        let user = user.map(str::to_owned);
        let mut names = BTreeSet::new();
        let mut location = Self { members, prefix, user, ..Self::default() };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            location.set(parameter)?;
            let name = parameter.split('=').next().unwrap_or_default();
            if !names.insert(name) {
                return Err(format!("{name}= is there twice"));
            }
        }
        location.check()?;
        Ok(location)
    }

    fn set(&mut self, parameter: &str) -> Result<(), String> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let file = match name {
            "host" => {
                self.host = Some(value.to_owned());
                return Ok(());
            }
            "plaintext" if value == "allow" => {
                self.is_plaintext_allowed = true;
                return Ok(());
            }
            "plaintext" => return Err("plaintext= can only be allow".to_owned()),
            "ca" => &mut self.ca,
            "cert" => &mut self.cert,
            "key" => &mut self.key,
            "password-file" => &mut self.password_file,
            "seal-key" => &mut self.seal_key,
            _ => return Err(unknown(parameter)),
        };
        if value.is_empty() {
            return Err(format!("{name}= names no file"));
        }
        *file = Some(value.into());
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.cert.is_some() != self.key.is_some() {
            return Err("cert= and key= belong together".to_owned());
        }
        if self.cert.is_some() && self.ca.is_none() {
            return Err("cert= needs ca=, the certificates by which members are checked".to_owned());
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("a user and password-file= belong together".to_owned());
        }
        let is_plaintext = self.ca.is_none() && !self.is_plaintext_allowed;
        match self.members.iter().find(|member| is_plaintext && !is_loopback(member)) {
            Some(member) => Err(format!(
                "{member} is another machine, and keys would cross the network in plain text: use \
                 TLS with ca=FILE, or plaintext=allow where the network is encrypted"
            )),
            None => Ok(()),
        }
    }

    /// What every key of ours begins with, without the `/` that follows it.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The whole URL. It has no secret.
    pub fn url(&self) -> String {
        let user = self.user.iter().map(|user| format!("{user}@")).collect::<String>();
        let files = [
            ("seal-key", &self.seal_key),
            ("ca", &self.ca),
            ("cert", &self.cert),
            ("key", &self.key),
            ("password-file", &self.password_file),
        ];
        let files = files.iter().filter_map(|(name, file)| {
            file.as_ref().map(|file| format!("{name}={}", file.display()))
        });
        let host = self.host.iter().map(|host| format!("host={host}"));
        let plaintext = self.is_plaintext_allowed.then(|| "plaintext=allow".to_owned());
        let parameters: Vec<_> = files.chain(host).chain(plaintext).collect();
        let (members, prefix) = (self.members.join(","), &self.prefix);
        format!("etcd://{user}{members}/{prefix}?{}", parameters.join("&"))
    }

    /// The name of this host among those that share the state, as the URL has it.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// A file with the keys that values are sealed with.
    pub(crate) fn seal_key(&self) -> Option<&Path> {
        self.seal_key.as_deref()
    }

    /// The scheme and authority by which a member is asked.
    pub(super) fn uri(&self, member: &str) -> String {
        format!("{}://{member}", if self.ca.is_some() { "https" } else { "http" })
    }
}

/// As messages name it.
impl fmt::Display for EtcdLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "etcd://{}/{}", self.members.join(","), self.prefix)
    }
}

/// A value is not shown, or what is not written as parameters are: it may be part of a password.
fn unknown(parameter: &str) -> String {
    let known = "known are ca, cert, host, key, password-file, plaintext and seal-key";
    let is_word =
        |name: &str| name.bytes().all(|it| it.is_ascii_alphabetic() || b"-_".contains(&it));
    match parameter.split_once('=') {
        Some((name, _)) if is_word(name) => format!("it has an unknown parameter {name}=: {known}"),
        _ => format!("it has an unknown parameter: {known}"),
    }
}

fn host(member: &str) -> Option<&str> {
    let (host, port) = member.rsplit_once(':')?;
    port.parse::<u16>().ok().filter(|port| *port != 0)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn is_member(member: &str) -> bool {
    let is_in_brackets = member.starts_with('[');
    host(member).is_some_and(|host| {
        let is_ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        let is_name =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if is_in_brackets { is_ipv6 } else { is_name }
    })
}

fn is_loopback(member: &str) -> bool {
    host(member).is_some_and(|host| {
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_members_a_prefix_and_files() {
        let location = EtcdLocation::parse(
            "imds@a.example:2379,10.0.0.2:2379,[fd00::3]:2379/fleet-one/?ca=/etc/ca.pem\
             &cert=/etc/c.pem&key=/etc/k.pem&password-file=/etc/p&seal-key=/etc/s&host=one",
        );
        let expected = EtcdLocation {
            members: ["a.example:2379", "10.0.0.2:2379", "[fd00::3]:2379"]
                .map(str::to_owned)
                .into(),
            prefix: "fleet-one".to_owned(),
            user: Some("imds".to_owned()),
            password_file: Some("/etc/p".into()),
            ca: Some("/etc/ca.pem".into()),
            cert: Some("/etc/c.pem".into()),
            key: Some("/etc/k.pem".into()),
            seal_key: Some("/etc/s".into()),
            host: Some("one".to_owned()),
            is_plaintext_allowed: false,
        };
        assert_eq!(location.as_ref(), Ok(&expected));
        assert_eq!(expected.uri("a.example:2379"), "https://a.example:2379");
        let text = "etcd://a.example:2379,10.0.0.2:2379,[fd00::3]:2379/fleet-one";
        assert_eq!(expected.to_string(), text);
        let again = EtcdLocation::parse(expected.url().strip_prefix("etcd://").unwrap());
        assert_eq!(again, Ok(expected));

        let local = EtcdLocation::parse("localhost:2379").unwrap();
        assert_eq!(local.to_string(), "etcd://localhost:2379/imds");
        assert_eq!(local.uri("localhost:2379"), "http://localhost:2379");
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for (url, words) in [
            ("root:secret@127.0.0.1:1/", "password-file="),
            ("127.0.0.1", "HOST:PORT"),
            ("127.0.0.1:0", "HOST:PORT"),
            ("127.0.0.1:99999", "HOST:PORT"),
            (":2379", "HOST:PORT"),
            ("::1:2379", "HOST:PORT"),
            ("[a]:2379", "HOST:PORT"),
            ("127.0.0.1:1,", "HOST:PORT"),
            ("127.0.0.1:1/secret/inner", "its prefix contains `/`"),
            ("127.0.0.1:1?seal-keys=secret", "unknown parameter seal-keys=: known are ca"),
            ("127.0.0.1:1?secret", "unknown parameter: known are ca"),
            ("127.0.0.1:1?s3cret:secret=", "unknown parameter: known are ca"),
            ("127.0.0.1:1?seal-key=a&seal-key=secret", "seal-key= is there twice"),
            ("127.0.0.1:1?ca=a&ca=a", "ca= is there twice"),
            ("127.0.0.1:1?host=a&host=b", "host= is there twice"),
            ("127.0.0.1:1?plaintext=allow&plaintext=allow", "plaintext= is there twice"),
            ("127.0.0.1:1?ca=", "ca= names no file"),
            ("127.0.0.1:1?plaintext=secret", "can only be allow"),
            ("127.0.0.1:1?cert=a&ca=b", "belong together"),
            ("127.0.0.1:1?cert=a&key=b", "needs ca="),
            ("root@127.0.0.1:1", "belong together"),
            ("127.0.0.1:1?password-file=a", "belong together"),
            ("127.0.0.1:1,10.0.0.1:2", "10.0.0.1:2 is another machine"),
            ("localhost.example:1", "localhost.example:1 is another machine"),
        ] {
            let problem = EtcdLocation::parse(url).unwrap_err();
            assert!(problem.contains(words), "{url}: {problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
        for allowed in ["10.0.0.1:2?plaintext=allow", "[::1]:1", "127.9.9.9:1", "a:1?ca=b"] {
            assert!(EtcdLocation::parse(allowed).is_ok(), "{allowed}");
        }
    }
}
