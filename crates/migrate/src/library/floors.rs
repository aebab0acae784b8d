//! The first version of each library that speaks IMDSv2.
//!
//! Source: the EC2 User Guide's page "Use a supported AWS SDK"
//! (`use-a-supported-sdk-version-for-imdsv2`). Its number for .NET, 3.3.634.1, counts releases of
//! the whole SDK: in that release the package AWSSDK.Core is 3.3.103.66 (aws/aws-sdk-net,
//! `SDK.CHANGELOG.md`).

/// Where packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registry {
    Pypi,
    Npm,
    Go,
    RubyGems,
    Packagist,
    Maven,
    NuGet,
    PowerShellGallery,
}

/// From which version a library speaks IMDSv2.
pub(super) struct Floor {
    pub(super) registry: Registry,
    /// The package, or the start of its name when it ends with `*`.
    name: &'static str,
    /// The major version the floor is for; others have a floor of their own, or none.
    major: Option<&'static str>,
    pub(super) first: &'static str,
    /// The package that took its place, whose version `first` is: this one never spoke IMDSv2.
    successor: Option<&'static str>,
}

impl Floor {
    pub(super) fn covers(&self, name: &str, version: &str) -> bool {
        let named = match self.name.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name.eq_ignore_ascii_case(self.name),
        };
        let major = version.trim_start_matches(['v', '=']).split('.').next();
        named && self.major.is_none_or(|m| major == Some(m))
    }

    /// Whether every version is too old.
    pub(super) fn is_replaced(&self) -> bool {
        self.successor.is_some()
    }

    /// What to use instead of `name`.
    pub(super) fn instead(&self, name: &str) -> String {
        format!("{} {} or later", self.successor.unwrap_or(name), self.first)
    }
}

const fn floor(registry: Registry, name: &'static str, first: &'static str) -> Floor {
    Floor { registry, name, major: None, first, successor: None }
}

const fn replaced(
    registry: Registry,
    name: &'static str,
    successor: &'static str,
    first: &'static str,
) -> Floor {
    Floor { registry, name, major: None, first, successor: Some(successor) }
}

pub(super) static FLOORS: [Floor; 14] = [
    replaced(Registry::Pypi, "boto", "boto3", "1.12.6"),
    floor(Registry::Pypi, "boto3", "1.12.6"),
    floor(Registry::Pypi, "botocore", "1.13.25"),
    floor(Registry::Pypi, "awscli", "1.16.289"),
    floor(Registry::Npm, "aws-sdk", "2.722.0"),
    floor(Registry::Go, "github.com/aws/aws-sdk-go", "1.25.38"),
    floor(Registry::Go, "github.com/aws/aws-sdk-go-v2", "0.19.0"),
    Floor { major: Some("3"), ..floor(Registry::RubyGems, "aws-sdk-core", "3.79.0") },
    Floor { major: Some("3"), ..floor(Registry::Packagist, "aws/aws-sdk-php", "3.147.7") },
    floor(Registry::Maven, "com.amazonaws:aws-java-sdk*", "1.11.678"),
    floor(Registry::Maven, "software.amazon.awssdk:*", "2.10.21"),
    floor(Registry::NuGet, "AWSSDK.Core", "3.3.103.66"),
    replaced(Registry::NuGet, "AWSSDK", "AWSSDK.Core", "3.3.103.66"),
    floor(Registry::PowerShellGallery, "AWSPowerShell*", "4.0.1.0"),
];
