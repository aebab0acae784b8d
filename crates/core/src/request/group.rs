//! What a request asks for, as coarse as counts of requests need it.

/// A part of the metadata tree. There are few, so that counts by part stay small.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PathGroup {
    /// `api/token`: where session tokens are minted.
    Token,
    /// `meta-data/iam` and `meta-data/identity-credentials`: roles and their credentials.
    Credentials,
    /// The rest of `meta-data`.
    MetaData,
    /// `user-data`
    UserData,
    /// `dynamic`: the identity document and its signatures.
    Dynamic,
    /// All else: the list of versions, paths that do not exist, and what is no request.
    Other,
}

impl PathGroup {
    /// All groups, in the order of their declaration.
    pub const ALL: [Self; 6] = [
        Self::Token,
        Self::Credentials,
        Self::MetaData,
        Self::UserData,
        Self::Dynamic,
        Self::Other,
    ];

    /// The group of a plain path ([`Path::as_str`](super::Path::as_str)) below any version.
    pub fn of(path: &str) -> Self {
        let Some((_version, path)) = path.split_once('/') else { return Self::Other };
        let (directory, rest) = path.split_once('/').unwrap_or((path, ""));
        match directory {
            "meta-data" => match rest.split('/').next() {
                Some("iam" | "identity-credentials") => Self::Credentials,
                _ => Self::MetaData,
            },
            "api" if rest == "token" => Self::Token,
            "user-data" => Self::UserData,
            "dynamic" => Self::Dynamic,
            _ => Self::Other,
        }
    }

    /// The name: as in a path, and `token`, `credentials`, `other`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Credentials => "credentials",
            Self::MetaData => "meta-data",
            Self::UserData => "user-data",
            Self::Dynamic => "dynamic",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_groups() {
        for (path, group) in [
            ("latest/api/token", "token"),
            ("latest/api", "other"),
            ("latest/api/token/x", "other"),
            ("latest/meta-data", "meta-data"),
            ("2021-03-23/meta-data/iamb", "meta-data"),
            ("latest/meta-data/iam", "credentials"),
            ("1.0/meta-data/iam/security-credentials/my-role", "credentials"),
            ("latest/meta-data/identity-credentials/ec2/info", "credentials"),
            ("latest/user-data", "user-data"),
            ("latest/dynamic/instance-identity/document", "dynamic"),
            ("latest", "other"),
            ("meta-data", "other"),
            ("", "other"),
        ] {
            assert_eq!(PathGroup::of(path).as_str(), group, "{path}");
        }
    }

    #[test]
    fn all_are_listed_in_order() {
        for (index, group) in PathGroup::ALL.into_iter().enumerate() {
            assert_eq!(group as usize, index);
        }
    }
}
