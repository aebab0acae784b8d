//! SDKs and programs on this machine that use the service, and what a lost token costs each of them.

mod search;
mod version;

use std::ffi::OsStr;
use std::path::Path;

pub use version::Version;

/// An SDK or program: how to find it, and what a lost token costs it.
struct Client {
    name: &'static str,
    mark: Mark,
    /// What a lost token costs, by the first version that it is true for, oldest first. Measured with the
    /// version that `docs/doctor.md` names; "about" means derived from the source.
    loses: &'static [(&'static str, &'static str)],
}

/// How to recognize a client.
enum Mark {
    /// A Python package's metadata: `site-packages/NAME-VERSION.dist-info`.
    Python(&'static str),
    /// Version 2 of the AWS CLI, which has its own botocore: a package of the system's Python, or
    /// AWS's bundle, `aws-cli/v2/VERSION`.
    AwsCli,
    /// A package of Node.js: `node_modules/NAME/package.json`.
    Node(&'static str),
    /// A Ruby gem: `gems/NAME-VERSION`.
    Gem(&'static str),
    /// A PHP package, among those in `vendor/composer/installed.json`.
    Composer(&'static str),
    /// A module that a Go or Rust program was built with. The text is followed by the version in
    /// the program itself.
    BuiltIn(&'static str),
    /// A running program's name.
    Running(&'static str),
}

/// The known clients.
const CLIENTS: [Client; 15] = [
    Client {
        name: "botocore (AWS CLI, boto3)",
        mark: Mark::Python("botocore"),
        loses: &[
            ("0", "fails where tokens are required: it knows IMDSv1 only"),
            ("1.13", "1 s for each fetch of credentials, then uses IMDSv1"),
        ],
    },
    Client {
        name: "AWS CLI v2",
        mark: Mark::AwsCli,
        loses: &[("2", "1 s for each fetch of credentials or the Region, then uses IMDSv1")],
    },
    Client {
        name: "AWS SDK for JavaScript v3",
        mark: Mark::Node("@smithy/credential-provider-imds"),
        loses: &[("0", "1 s for each fetch of credentials, then uses IMDSv1")],
    },
    Client {
        name: "@aws-sdk/ec2-metadata-service",
        mark: Mark::Node("@aws-sdk/ec2-metadata-service"),
        loses: &[("0", "hangs: it has no time-out")],
    },
    Client {
        name: "AWS SDK for JavaScript v2",
        mark: Mark::Node("aws-sdk"),
        loses: &[("0", "4.4 s once, then uses IMDSv1 for good")],
    },
    Client {
        name: "AWS SDK for Ruby",
        mark: Mark::Gem("aws-sdk-core"),
        loses: &[("0", "2 s, or 5 s outside of the default chain, then uses IMDSv1 for good")],
    },
    Client {
        name: "AWS SDK for Go v2",
        mark: Mark::BuiltIn("github.com/aws/aws-sdk-go-v2/feature/ec2/imds\tv"),
        loses: &[("0", "3.5 s once, then uses IMDSv1 for good; 5 s each time where it is refused")],
    },
    Client {
        name: "AWS SDK for Go v1",
        mark: Mark::BuiltIn("github.com/aws/aws-sdk-go\tv"),
        loses: &[
            ("0", "fails where tokens are required: it knows IMDSv1 only"),
            ("1.25.38", "about 20 s, then uses IMDSv1"),
            ("1.27", "6.3 s for each fetch of credentials, then uses IMDSv1"),
        ],
    },
    Client {
        name: "AWS SDK for Rust (aws-config)",
        mark: Mark::BuiltIn("/aws-config-"),
        loses: &[("0", "1 s for each call, then fails: it never uses IMDSv1")],
    },
    Client {
        name: "object_store",
        mark: Mark::BuiltIn("/object_store-"),
        loses: &[("0", "three minutes, then fails")],
    },
    Client {
        name: "AWS SDK for PHP",
        mark: Mark::Composer("aws/aws-sdk-php"),
        loses: &[
            ("0", "fails where tokens are required: it knows IMDSv1 only"),
            ("3.147.7", "about 1 s in each request, then uses IMDSv1"),
        ],
    },
    Client {
        name: "ec2-metadata",
        mark: Mark::Running("ec2-metadata"),
        loses: &[("0", "two minutes: it has no time-out")],
    },
    Client {
        name: "Fluent Bit",
        mark: Mark::Running("fluent-bit"),
        loses: &[("0", "about 1 s, then logs the hop limit")],
    },
    Client {
        name: "s3fs",
        mark: Mark::Running("s3fs"),
        loses: &[("0", "minutes, then goes on without a token")],
    },
    Client {
        name: "cloud-init",
        mark: Mark::Running("cloud-init"),
        loses: &[("0", "up to 4 minutes of a boot")],
    },
];

/// An SDK or program that was found on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstalledClient {
    /// Its name.
    pub name: &'static str,
    /// Its version, if the package says it.
    pub version: Option<Version>,
    /// The running program that it is part of.
    pub within: Option<String>,
    /// What a lost token costs it, as in "1 s for each fetch of credentials, then uses `IMDSv1`".
    pub loses: &'static str,
}

impl Client {
    fn installed(&self, version: Option<Version>, within: Option<String>) -> InstalledClient {
        let is_since = |since: &str| match (&version, Version::parse(since)) {
            (Some(version), Some(since)) => since <= *version,
            // An unknown version is taken for a new one.
            _ => true,
        };
        let loses = self.loses.iter().rev().find(|(since, _)| is_since(since));
        let loses = loses.or(self.loses.first()).map_or("", |(_, loses)| loses);
        InstalledClient { name: self.name, version, within, loses }
    }
}

/// Finds all clients that are installed below `root` or part of a running program. `path` is the value of
/// `PATH`. Reads the executables of running programs.
pub(super) fn find(root: &Path, path: &OsStr) -> Vec<InstalledClient> {
    let running = search::running(root);
    let pythons = search::pythons(root, path, &running);
    let installed = CLIENTS.iter().flat_map(|client| {
        let versions = match client.mark {
            Mark::Python(name) => search::python(&pythons, name),
            Mark::AwsCli => search::aws_cli(root, &pythons),
            Mark::Node(name) => search::node(root, &running, name),
            Mark::Gem(name) => search::gem(root, name),
            Mark::Composer(name) => search::composer(root, &running, name),
            Mark::BuiltIn(_) | Mark::Running(_) => Vec::new(),
        };
        versions.into_iter().map(|version| client.installed(version, None))
    });
    installed.chain(running.iter().flat_map(parts)).collect()
}

/// The clients that a running program was built with, and the program itself if it is a client.
fn parts(program: &search::Program) -> Vec<InstalledClient> {
    let within = || Some(program.name.clone());
    let built_in: Vec<_> = CLIENTS
        .iter()
        .filter_map(|client| match client.mark {
            Mark::BuiltIn(text) => Some((client, text)),
            _ => None,
        })
        .collect();
    let texts: Vec<_> = built_in.iter().map(|(_, text)| *text).collect();
    let modules = search::built_in(program, &texts);
    let modules = modules
        .into_iter()
        .map(|(index, version)| built_in[index].0.installed(Some(version), within()));
    let is_client =
        |client: &&Client| matches!(client.mark, Mark::Running(name) if name == program.name);
    let itself = CLIENTS.iter().filter(is_client).map(|client| client.installed(None, within()));
    modules.chain(itself).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    #[test]
    fn clients_are_found_with_their_versions() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let python = "usr/lib/python3.11/site-packages";
        put(root, &format!("{python}/botocore-1.43.11.dist-info/METADATA"), "");
        put(root, &format!("{python}/awscli-1.45.11.dist-info/METADATA"), "");
        put(root, "home/venv/lib/python3.12/site-packages/botocore-1.12.0.dist-info/METADATA", "");
        put(root, "srv/venv/lib/python3.12/site-packages/botocore-1.30.0.dist-info/METADATA", "");
        put(root, "proc/6/comm", "gunicorn\n");
        put(root, "proc/6/cmdline", "/srv/venv/bin/python\0/srv/venv/bin/gunicorn\0");
        put(root, "usr/lib/python3/dist-packages/awscli-2.9.19.egg-info", "");
        put(root, "usr/local/aws-cli/v2/2.31.2/dist/aws", "");
        put(root, "usr/local/aws-cli/v2/current/dist/aws", "");
        let node = "srv/app/node_modules/@smithy/credential-provider-imds/package.json";
        put(root, node, r#"{ "version": "4.5.2" }"#);
        put(root, "var/lib/gems/3.1.0/gems/aws-sdk-core-3.200.0/VERSION", "");
        let composer = "var/www/html/vendor/composer/installed.json";
        let packages = r#"[{ "name": "a/b", "version": "1.0" }, {"name": "aws/aws-sdk-php", "version": "v3.337.3"}]"#;
        put(root, composer, &format!(r#"{{ "packages": {packages} }}"#));
        // As Composer 1 writes it; a web server's program runs beside the packages.
        put(root, "srv/old/vendor/composer/installed.json", packages);
        std::fs::create_dir_all(root.join("srv/old/public")).unwrap();
        put(root, "proc/9/comm", "php\n");
        std::os::unix::fs::symlink(root.join("srv/old/public"), root.join("proc/9/cwd")).unwrap();
        let go = "\0dep\tgithub.com/aws/aws-sdk-go\tv1.26.1\th1:x\n\0";
        put(root, "usr/bin/agent", &format!("{}{go}", "x".repeat(2 << 20)));
        put(root, "proc/7/comm", "agent\n");
        std::os::unix::fs::symlink(root.join("usr/bin/agent"), root.join("proc/7/exe")).unwrap();
        put(root, "proc/8/comm", "node\n");
        std::os::unix::fs::symlink(root.join("srv/app"), root.join("proc/8/cwd")).unwrap();
        let path = OsStr::new("/home/venv/bin:/usr/bin:/home/venv/bin");
        let found: Vec<_> = find(root, path)
            .into_iter()
            .map(|it| (it.name, it.version.map(|it| it.to_string()).unwrap_or_default(), it.within))
            .collect();
        assert_eq!(
            found,
            [
                ("botocore (AWS CLI, boto3)", "1.12.0".to_owned(), None),
                ("botocore (AWS CLI, boto3)", "1.30.0".to_owned(), None),
                ("botocore (AWS CLI, boto3)", "1.43.11".to_owned(), None),
                ("AWS CLI v2", "2.9.19".to_owned(), None),
                ("AWS CLI v2", "2.31.2".to_owned(), None),
                ("AWS SDK for JavaScript v3", "4.5.2".to_owned(), None),
                ("AWS SDK for Ruby", "3.200.0".to_owned(), None),
                ("AWS SDK for PHP", "3.337.3".to_owned(), None),
                ("AWS SDK for PHP", "3.337.3".to_owned(), None),
                ("AWS SDK for Go v1", "1.26.1".to_owned(), Some("agent".to_owned())),
            ]
        );
        assert!(find(root, path)[9].loses.starts_with("about 20 s"));
    }

    #[test]
    fn what_is_lost_depends_on_the_version() {
        let botocore = &CLIENTS[0];
        let loses = |version: &str| botocore.installed(Version::parse(version), None).loses;
        assert!(loses("1.12.253").starts_with("fails"));
        assert!(loses("1.43.11").starts_with("1 s"));
        assert!(botocore.installed(None, None).loses.starts_with("1 s"));
        assert_eq!(Version::parse("2.0.0-rc1").unwrap().to_string(), "2.0.0");
        assert_eq!(Version::parse("x"), None);
    }
}
