//! A link as it is typed.

use std::fmt;
use std::str::FromStr;

use imds_core::{InstanceId, Invalid};
use imds_links::{InvalidPlace, Place};

/// Where a link reaches its workload, and which instance its requests are for. As text:
/// `PLACE[,instance=ID]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LinkSpec {
    /// Where.
    pub place: Place,
    /// The instance; `None`: as the source addresses of requests say.
    pub instance: Option<InstanceId>,
}

/// Why a text is not a [`LinkSpec`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidLink {
    /// Its place is none.
    #[error(transparent)]
    Place(#[from] InvalidPlace),
    /// What follows `instance=` is not an instance id.
    #[error(transparent)]
    Instance(#[from] Invalid),
}

impl FromStr for LinkSpec {
    type Err = InvalidLink;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A path may have a comma.
        let (place, instance) = match text.rsplit_once(",instance=") {
            Some((place, instance)) => (place, Some(instance.parse()?)),
            None => (text, None),
        };
        Ok(Self { place: place.parse()?, instance })
    }
}

impl fmt::Display for LinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        self.instance.as_ref().map_or(Ok(()), |id| write!(f, ",instance={id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_one_text() {
        for (text, place, instance) in [
            ("host", Place::Host, None),
            (
                "container=web,instance=i-11111111",
                Place::Container("web".into()),
                Some("i-11111111"),
            ),
            ("netns=/a,b", Place::Netns("/a,b".into()), None),
            ("netns=/a,b,instance=i-11111111", Place::Netns("/a,b".into()), Some("i-11111111")),
        ] {
            let instance = instance.map(|id| id.parse().unwrap());
            let spec = LinkSpec { place, instance };
            assert_eq!(text.parse(), Ok(spec.clone()));
            assert_eq!(spec.to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("host,instance=web", "\"web\""),
            ("host,web", "use host, netns=PATH"),
            ("i-11111111", "use host, netns=PATH"),
            ("container=web,i-11111111", "letters, digits"),
        ] {
            let message = text.parse::<LinkSpec>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
