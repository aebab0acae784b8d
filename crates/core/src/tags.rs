//! Instance tags, and which of them may appear in the metadata.

use std::str::FromStr;

use crate::ids::Invalid;

/// A tag on an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// 0 to 256 characters.
    pub value: String,
}

/// The tags of an instance: at most 50, each key once, in the order of the launch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tags(Vec<Tag>);

/// The most tags a resource may have.
pub const MAX_TAGS: usize = 50;

impl Tag {
    /// A tag within EC2's limits.
    pub fn new(key: &str, value: &str) -> Result<Self, Invalid> {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(Invalid::new("tag key", key, "it has 1 to 128 characters"));
        }
        if value.chars().count() > 256 {
            return Err(Invalid::new("tag value", value, "it has at most 256 characters"));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }

    /// Whether the key may be a path of the metadata.
    pub fn is_servable(&self) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
        self.key.chars().all(allowed) && !matches!(&*self.key, "." | ".." | "_index")
    }
}

impl FromStr for Tag {
    type Err = Invalid;

    /// Parses `Key=Value`; the value may be empty and may hold a `=`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| Invalid::new("tag", text, "it is written Key=Value"))?;
        Self::new(key, value)
    }
}

impl Tags {
    /// A set of tags.
    pub fn new(tags: Vec<Tag>) -> Result<Self, Invalid> {
        // EC2 does not count those that it gives itself.
        let mut counted = tags.iter().filter(|tag| !tag.key.starts_with("aws:"));
        if let Some(excess) = counted.nth(MAX_TAGS) {
            return Err(Invalid::new("tag", &excess.key, "an instance has at most 50 tags"));
        }
        for (index, tag) in tags.iter().enumerate() {
            if tags[..index].iter().any(|other| other.key == tag.key) {
                return Err(Invalid::new("tag key", &tag.key, "each key may be given once"));
            }
        }
        Ok(Self(tags))
    }

    /// The tags, in the order of the launch.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// The first key that keeps `InstanceMetadataTags` from being enabled.
    pub fn first_unservable(&self) -> Option<&str> {
        self.0.iter().find(|tag| !tag.is_servable()).map(|tag| &*tag.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_keep_ec2s_limits() {
        assert_eq!("Name=a=b".parse::<Tag>().unwrap(), Tag::new("Name", "a=b").unwrap());
        assert_eq!("Name=".parse::<Tag>().unwrap().value, "");
        for bad in ["Name", "=x"] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
        assert!(Tag::new(&"k".repeat(129), "").is_err());
        assert!(Tag::new("k", &"v".repeat(257)).is_err());
        let tag = |key: usize| Tag::new(&key.to_string(), "").unwrap();
        assert!(Tags::new((0..50).map(tag).collect()).is_ok());
        assert!(Tags::new((0..51).map(tag).collect()).is_err());
        assert!(Tags::new(vec![tag(1), tag(1)]).is_err());
    }

    #[test]
    fn keys_that_are_no_path_are_found() {
        let unservable = |key: &str| {
            let tags = Tags::new(vec![Tag::new(key, "").unwrap()]).unwrap();
            tags.first_unservable().is_some()
        };
        for bad in ["Patch Group", "a/b", ".", "..", "_index", "é"] {
            assert!(unservable(bad), "{bad}");
        }
        for good in ["Name", "aws:autoscaling:groupName", "a+b-c=d,e_f@g", "..."] {
            assert!(!unservable(good), "{good}");
        }
    }
}
