//! Whoever fetches a role's credentials: AWS's SDKs, and programs with ways of their own. Which
//! requests each of them sends, in order, where tokens are required and where they are optional.

use std::ffi::OsString;
use std::path::PathBuf;

use testkit::{Context as _, Finished, Need, Result, Trial, ensure, exec, test};

use super::Log;
use crate::go;

/// A client: how it is run, what it says, and what it asks for.
struct Provider {
    name: &'static str,
    needs: &'static [Need],
    client: Client,
    /// Where tokens are required (Amazon Linux 2023) and where they are not (Amazon Linux 2).
    expected: [Expected; 2],
}

#[derive(Clone, Copy)]
enum Client {
    /// A program in Go beside this file.
    Go(&'static str),
    /// A script beside this file, and the words before its path.
    Script(&'static [&'static str], &'static str),
    /// What `cargo xtask test` has installed, below `IMDS_TEST_CLIENTS`.
    Installed(&'static [&'static str], &'static str),
    Program(&'static [&'static str]),
}

#[derive(Clone, Copy)]
struct Expected {
    /// Part of what it prints.
    says: &'static str,
    requests: &'static [&'static str],
}

/// They end there: in the sandbox there is no S3.
const NO_S3: &str = "s3.";

const PUT: &str = "v2 PUT /latest/api/token 200";
const LIST: &str = "v2 GET /latest/meta-data/iam/security-credentials 200";
const ROLE: &str = "v2 GET /latest/meta-data/iam/security-credentials/app-role 200";
const DOCUMENT: &str = "v2 GET /latest/dynamic/instance-identity/document 200";
const LIST_V1: &str = "v1 GET /latest/meta-data/iam/security-credentials 200";
const ROLE_V1: &str = "v1 GET /latest/meta-data/iam/security-credentials/app-role 200";
const REFUSED_V1: &str = "v1 GET /latest/meta-data/iam/security-credentials 401";

const GO_V1: &str = "/usr/share/gocode/src/github.com/aws/aws-sdk-go/aws/ec2metadata/service.go";
const GO_V2: &str = "/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/config/config.go";
const RUBY: &str = "/usr/share/doc/ruby-aws-sdk-core/copyright";
const PHP: &str = "/usr/share/php/AsyncAws/Core/autoload.php";

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "aws_sdk_for_go_1",
        needs: &[Need::Program("go"), Need::Program(GO_V1)],
        client: Client::Go("go_v1.go"),
        expected: both("EC2RoleProvider ASIA", &[PUT, LIST, ROLE, PUT, DOCUMENT]),
    },
    Provider {
        name: "aws_sdk_for_go_2",
        needs: &[Need::Program("go"), Need::Program(GO_V2)],
        client: Client::Go("go_v2.go"),
        // Each of its three clients has a token of its own.
        expected: both("EC2RoleProvider ASIA", &[PUT, DOCUMENT, PUT, LIST, ROLE, PUT, DOCUMENT]),
    },
    Provider {
        name: "aws_sdk_for_javascript_3",
        needs: &[Need::Clients],
        client: Client::Installed(&["node"], "node/credentials.js"),
        expected: both("credentials ASIA", &[PUT, LIST, ROLE]),
    },
    Provider {
        name: "aws_sdk_for_ruby",
        needs: &[Need::Program("ruby"), Need::Program(RUBY)],
        client: Client::Script(&["ruby"], "ruby.rb"),
        expected: both("ASIA", &[PUT, LIST, ROLE]),
    },
    Provider {
        name: "aws_sdk_for_rust",
        needs: &[Need::Clients],
        client: Client::Installed(&[], "rust/debug/aws-config-client"),
        expected: both("credentials ASIA", &[PUT, LIST, ROLE]),
    },
    Provider {
        name: "rclone",
        needs: &[Need::Program("rclone")],
        client: Client::Program(&[
            "rclone",
            "lsd",
            "--retries=1",
            "--low-level-retries=1",
            "--s3-provider=AWS",
            "--s3-env-auth",
            "--s3-region=us-east-1",
            ":s3:",
        ]),
        expected: both(NO_S3, &[PUT, LIST, ROLE]),
    },
    Provider {
        name: "s3cmd",
        needs: &[Need::Program("s3cmd")],
        client: Client::Program(&["s3cmd", "ls", "--no-ssl", "--region=us-east-1"]),
        expected: both("Error resolving a server hostname", &[PUT, LIST, ROLE]),
    },
    // It knows IMDSv1 only.
    Provider {
        name: "async_aws",
        needs: &[Need::Program("php"), Need::Program(PHP)],
        client: Client::Script(&["php"], "async_aws.php"),
        expected: [
            Expected { says: "none", requests: &[REFUSED_V1] },
            Expected { says: "ASIA", requests: &[LIST_V1, ROLE_V1] },
        ],
    },
    // Before it has a token, it asks without. Its `PUT` expects to be told to go on, so EC2 gives it
    // none.
    Provider {
        name: "s3fs",
        needs: &[Need::Program("s3fs"), Need::Fuse],
        client: Client::Program(&[
            "s3fs",
            "bucket",
            ".",
            "-f",
            "-ononempty",
            "-oiam_role=auto",
            "-ourl=http://s3.amazonaws.com",
            "-oretries=1",
        ]),
        expected: [
            Expected { says: "could not load IAM role name", requests: &[REFUSED_V1] },
            Expected { says: NO_S3, requests: &[LIST_V1, "v2 PUT /latest/api/token 417", ROLE_V1] },
        ],
    },
];

const fn both(says: &'static str, requests: &'static [&'static str]) -> [Expected; 2] {
    [Expected { says, requests }; 2]
}

pub(super) fn tests() -> Vec<Trial> {
    let of = |provider: &'static Provider| {
        let name = format!("clients::providers::{}", provider.name);
        test(name, provider.needs, || provider.asks_as_expected())
    };
    PROVIDERS.iter().map(of).collect()
}

impl Provider {
    fn asks_as_expected(&self) -> Result<()> {
        let words = self.client.words()?;
        for (image, expected) in ["al2023", "al2"].into_iter().zip(self.expected) {
            let directory = tempfile::tempdir()?;
            let log = directory.path().join("access.log");
            let path = log.to_str().context("a path in UTF-8")?;
            let options = ["--ami", image, "--role", "app-role", "--access-log", path];
            let mut command = exec(&options, &[]);
            command.args(&words).env("HOME", directory.path()).current_dir(directory.path());
            let finished = Finished::of(&mut command)?;
            let said = format!("{}{}", finished.stdout, finished.stderr);
            ensure!(said.contains(expected.says), "{image}: {finished:#?}");
            let requests = Log::read(&log)?.requests();
            ensure!(requests == expected.requests, "{image}: {requests:#?}");
        }
        Ok(())
    }
}

impl Client {
    fn words(self) -> Result<Vec<OsString>> {
        let beside = |file| {
            let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/providers");
            PathBuf::from(directory).join(file)
        };
        let (before, file) = match self {
            Self::Program(words) => (words, None),
            Self::Go(file) => (&[][..], Some(go::built(&beside(file))?)),
            Self::Script(before, file) => (before, Some(beside(file))),
            Self::Installed(before, file) => {
                let home = std::env::var_os("IMDS_TEST_CLIENTS").context("the test needs it")?;
                (before, Some(PathBuf::from(home).join(file)))
            }
        };
        let before = before.iter().map(OsString::from);
        Ok(before.chain(file.map(PathBuf::into_os_string)).collect())
    }
}
