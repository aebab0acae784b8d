//! The first version of each library that speaks IMDSv2.
//!
//! Source: the EC2 User Guide's page "Use a supported AWS SDK"
//! (`use-a-supported-sdk-version-for-imdsv2`). Its number for .NET, 3.3.634.1, counts releases of
//! the whole SDK and not of its packages, so that packages are not judged by it.

/// Where packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registry {
    Pypi,
    Npm,
    Go,
    RubyGems,
    Packagist,
    Maven,
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
}

const fn floor(registry: Registry, name: &'static str, first: &'static str) -> Floor {
    Floor { registry, name, major: None, first }
}

pub(super) static FLOORS: [Floor; 11] = [
    floor(Registry::Pypi, "boto3", "1.12.6"),
    floor(Registry::Pypi, "botocore", "1.13.25"),
    floor(Registry::Pypi, "awscli", "1.16.289"),
    floor(Registry::Npm, "aws-sdk", "2.722.0"),
    floor(Registry::Go, "github.com/aws/aws-sdk-go", "1.25.38"),
    floor(Registry::Go, "github.com/aws/aws-sdk-go-v2", "0.19.0"),
    Floor { registry: Registry::RubyGems, name: "aws-sdk-core", major: Some("3"), first: "3.79.0" },
    Floor {
        registry: Registry::Packagist,
        name: "aws/aws-sdk-php",
        major: Some("3"),
        first: "3.147.7",
    },
    floor(Registry::Maven, "com.amazonaws:aws-java-sdk*", "1.11.678"),
    floor(Registry::Maven, "software.amazon.awssdk:*", "2.10.21"),
    floor(Registry::PowerShellGallery, "AWSPowerShell*", "4.0.1.0"),
];
