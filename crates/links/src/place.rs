//! Where a link reaches its workload.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Linux allows 15 bytes in the name of a device.
const MAX_DEVICE_LEN: usize = 15;

/// Where a link reaches its workload. As text, and in JSON: `host`, `netns=/run/netns/a`, `pid=4711`,
/// `container=web`, `device=tap0`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// The network namespace that the service was started in: all programs of the machine, and its
    /// containers behind it.
    Host,
    /// The network namespace that an absolute path names, such as `/run/netns/a` or `/proc/1/ns/net`.
    Netns(PathBuf),
    /// The network namespace of a process.
    Pid(u32),
    /// The network namespace of a running container, by its name or id; Podman is asked, then Docker.
    Container(String),
    /// The other side of a device in the service's own network namespace: a TAP device, a bridge, or
    /// the host's end of a veth pair.
    Device(String),
}

/// A text that is not a [`Place`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPlace {
    /// It has none of the known forms.
    #[error(
        "{text:?} is not a place: use host, netns=PATH, pid=NUMBER, container=NAME or device=NAME"
    )]
    Unknown {
        /// The text.
        text: String,
    },
    /// The value after `=` breaks the rule of its kind.
    #[error("{text:?} is not a place: {rule}")]
    Value {
        /// The text.
        text: String,
        /// The rule.
        rule: &'static str,
    },
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |rule| InvalidPlace::Value { text: text.into(), rule };
        match text.split_once('=') {
            None if text == "host" => Ok(Self::Host),
            Some(("netns", path)) if is_path(path) => Ok(Self::Netns(path.into())),
            Some(("netns", _)) => {
                Err(invalid("netns= takes an absolute path without control characters"))
            }
            Some(("pid", number)) => match number.parse() {
                Ok(pid) if (1..=i32::MAX.cast_unsigned()).contains(&pid) => Ok(Self::Pid(pid)),
                _ => Err(invalid("pid= takes the number of a process")),
            },
            Some(("container", name)) if is_container(name) => Ok(Self::Container(name.into())),
            Some(("container", _)) => Err(invalid(
                "container= takes a name or id: letters, digits, '_', '.' and '-', a letter or digit first",
            )),
            Some(("device", name)) if is_device(name) => Ok(Self::Device(name.into())),
            Some(("device", _)) => Err(invalid(
                "device= takes the name of a network device other than lo: 1 to 15 bytes, no space, '/' or ':'",
            )),
            _ => Err(InvalidPlace::Unknown { text: text.into() }),
        }
    }
}

/// As logs and terminals can show it.
fn is_path(path: &str) -> bool {
    Path::new(path).is_absolute() && !path.contains(char::is_control)
}

/// The names that Docker and Podman allow; so none is taken for an option of their command.
fn is_container(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// As the kernel's `dev_valid_name`, and fit for logs. Behind `lo` is nobody but this machine: that is `host`.
fn is_device(name: &str) -> bool {
    (1..=MAX_DEVICE_LEN).contains(&name.len())
        && name != "."
        && name != ".."
        && name != "lo"
        && !name.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || "/:".contains(letter)
        })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Netns(path) => write!(f, "netns={}", path.display()),
            Self::Pid(pid) => write!(f, "pid={pid}"),
            Self::Container(name) => write!(f, "container={name}"),
            Self::Device(name) => write!(f, "device={name}"),
        }
    }
}

impl TryFrom<String> for Place {
    type Error = InvalidPlace;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_has_one_text() {
        for (text, place) in [
            ("host", Place::Host),
            ("netns=/run/netns/a", Place::Netns("/run/netns/a".into())),
            ("pid=4711", Place::Pid(4711)),
            ("container=web-1.a_b", Place::Container("web-1.a_b".into())),
            ("device=tap0", Place::Device("tap0".into())),
        ] {
            assert_eq!(text.parse(), Ok(place.clone()));
            assert_eq!(place.to_string(), text);
            assert_eq!(serde_json::to_string(&place).unwrap(), format!("{text:?}"));
        }
    }

    #[test]
    fn an_invalid_place_is_refused_with_the_rule() {
        for (text, part) in [
            ("", "use host, netns=PATH"),
            ("hosts", "use host, netns=PATH"),
            ("host=", "use host, netns=PATH"),
            ("netns=run/netns/a", "absolute path"),
            ("pid=0", "number of a process"),
            ("pid=-1", "number of a process"),
            ("pid=4294967295", "number of a process"),
            ("container=", "name or id"),
            ("container=--help", "name or id"),
            ("container=a b", "name or id"),
            ("device=", "1 to 15 bytes"),
            ("device=0123456789abcdef", "1 to 15 bytes"),
            ("device=a/b", "1 to 15 bytes"),
        ] {
            let message = text.parse::<Place>().unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(text), "{text}: {message}");
        }
    }

    #[test]
    fn what_would_break_a_line_of_a_log_is_refused() {
        for text in ["netns=/a\nb", "netns=/a\u{1b}[31m", "device=a\u{7}", "device=lo"] {
            let message = text.parse::<Place>().unwrap_err().to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back(text in "(netns=/|pid=|container=|device=)?[ -~]{0,18}") {
            if let Ok(place) = text.parse::<Place>() {
                prop_assert_eq!(place.to_string().parse::<Place>(), Ok(place));
            }
        }
    }
}
