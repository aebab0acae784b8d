//! The known clients, and what a lost token costs each of them. `docs/clients.md` is this table.
//!
//! Figures are seconds until a client's first result behind one router, with hop limit 1; where versions or
//! runs differ, the least and the most.

// long file: one table, which is read as one
use super::client::{Client, Mark};
use super::cost::Delay::{NoLimitSeen, Seconds};
use super::cost::Evidence::{self, Code, Measured, Reported};
use super::cost::WhereOptional::{UsesV1, UsesV1ForGood};
use super::cost::Without::{Fails, GoesOn, SignsNothing};
use super::cost::{Case, Loss};
use super::embedded::Embedded;

const ONCE: &str = "once";
const CALL: &str = "for each call";
const FETCH: &str = "for each fetch of credentials";
const REQUEST: &str = "for each request to AWS";
const RUN: &str = "in each run";
const START: &str = "at its start";

/// All known clients.
pub(super) fn clients() -> impl Iterator<Item = &'static Client> {
    [SDKS, PACKAGES, PROGRAMS].into_iter().flatten()
}

/// A client that has cost the same in all of its versions.
const fn row(name: &'static str, mark: Mark, evidence: Evidence, cases: &'static [Case]) -> Client {
    Client { name, mark, loss: Loss { since: "0", evidence, cases }, before: &[] }
}

/// Versions that do not know tokens.
const BEFORE_TOKENS: Loss = Loss { since: "0", evidence: Code, cases: &[Case::v1_only()] };

const SDKS: &[Client] = &[
    Client {
        name: "botocore (AWS CLI, boto3)",
        mark: Mark::Python("botocore"),
        loss: Loss {
            since: "1.13",
            evidence: Measured("1.29.27, 1.43.11 and 1.43.117"),
            cases: &[Case::usual(
                Seconds(1.0, 1.2, FETCH).then(UsesV1),
                Seconds(1.0, 1.2, FETCH).then(Fails),
            )],
        },
        before: &[BEFORE_TOKENS],
    },
    row(
        "AWS CLI v2",
        Mark::AwsCli,
        Measured("2.9.19"),
        &[Case::usual(
            Seconds(1.0, 1.2, "for each fetch of credentials or the Region").then(UsesV1),
            Seconds(1.0, 1.2, "for each fetch of credentials or the Region").then(Fails),
        )],
    ),
    row(
        "AWS SDK for JavaScript v3",
        Mark::Node("@smithy/credential-provider-imds"),
        Measured("4.5.2 and credential-providers 3.1175.0"),
        &[
            Case::usual(
                Seconds(1.0, 1.1, FETCH).then(UsesV1),
                Seconds(1.0, 1.3, FETCH).then(Fails),
            ),
            Case {
                when: "without a configured Region, which it asks for with a token only",
                ..Case::token_only(1.0, 1.1, CALL, Fails)
            },
        ],
    ),
    row(
        "@aws-sdk/ec2-metadata-service",
        Mark::Node("@aws-sdk/ec2-metadata-service"),
        Measured("3.1164.0"),
        &[
            Case::usual(
                Seconds(11.3, 11.3, CALL).then(UsesV1),
                Seconds(48.7, 48.7, CALL).then(Fails),
            ),
            Case {
                when: "with `timeout: 1000`",
                ..Case::usual(
                    Seconds(1.1, 1.1, CALL).then(UsesV1),
                    Seconds(7.9, 7.9, CALL).then(Fails),
                )
            },
        ],
    ),
    row(
        "AWS SDK for JavaScript v2",
        Mark::Node("aws-sdk"),
        Measured("2.1693.0"),
        &[
            Case::usual(
                Seconds(4.3, 4.6, ONCE).then(UsesV1ForGood),
                Seconds(4.5, 4.7, FETCH).then(Fails),
            ),
            Case { when: "`AWS.MetadataService.request`", ..Case::v1_only() },
        ],
    ),
    row(
        "AWS SDK for Ruby",
        Mark::Gem("aws-sdk-core"),
        Measured("3.168.1 and the version of October 2024"),
        &[
            Case::usual(
                Seconds(1.7, 2.0, ONCE).then(UsesV1ForGood),
                Seconds(7.4, 7.4, FETCH).then(Fails),
            ),
            Case {
                when: "outside of the default chain",
                ..Case::usual(
                    Seconds(5.0, 5.0, ONCE).then(UsesV1ForGood),
                    Seconds(22.0, 22.0, FETCH).then(Fails),
                )
            },
        ],
    ),
    row(
        "AWS SDK for Go v2",
        Mark::Embedded(Embedded {
            code: &[("github.com/aws/aws-sdk-go-v2/feature/ec2/imds.(*Client)", "0")],
            version: &[
                "github.com/aws/aws-sdk-go-v2/feature/ec2/imds\tv",
                "github.com/aws/aws-sdk-go-v2/feature/ec2/imds@v",
            ],
        }),
        Measured("imds 1.18.28, and 1.17 in amazon-ecr-credential-helper"),
        &[Case::usual(
            Seconds(3.3, 3.5, ONCE).then(UsesV1ForGood),
            Seconds(5.0, 10.0, FETCH).then(Fails),
        )],
    ),
    Client {
        name: "AWS SDK for Go v1",
        mark: Mark::Embedded(Embedded {
            code: &[
                ("github.com/aws/aws-sdk-go/aws/ec2metadata.(*EC2Metadata)", "0"),
                // Since 1.25.38, whose code cannot be told from that of 1.27.
                ("github.com/aws/aws-sdk-go/aws/ec2metadata.(*EC2Metadata).getToken", "1.27"),
                ("EC2MetadataDisableFallback", "1.44.221"),
                ("EC2MetadataEnableFallback", "1.44.221"),
            ],
            version: &["github.com/aws/aws-sdk-go\tv", "github.com/aws/aws-sdk-go@v"],
        }),
        loss: Loss {
            since: "1.44.221",
            evidence: Measured("1.55; an HTTP client of its own with 1.44.133"),
            cases: &[
                Case::usual(
                    Seconds(6.3, 6.3, FETCH).then(UsesV1),
                    Seconds(3.1, 3.1, FETCH).then(Fails),
                ),
                GO_V1_OWN_HTTP_CLIENT,
            ],
        },
        before: &[
            BEFORE_TOKENS,
            Loss {
                since: "1.25.38",
                evidence: Reported("aws/aws-sdk-go#2972"),
                cases: &[Case::optional_only("", 20.0, 21.0, FETCH)],
            },
            Loss {
                since: "1.27",
                evidence: Measured("1.44.133"),
                cases: &[
                    Case::usual(
                        Seconds(3.0, 3.7, ONCE).then(UsesV1ForGood),
                        Seconds(3.0, 3.6, FETCH).then(Fails),
                    ),
                    GO_V1_OWN_HTTP_CLIENT,
                ],
            },
        ],
    },
    row(
        "minio-go",
        Mark::Embedded(Embedded {
            code: &[("github.com/minio/minio-go/v7/pkg/credentials.(*IAM)", "0")],
            version: &["github.com/minio/minio-go/v7\tv", "github.com/minio/minio-go/v7@v"],
        }),
        Measured("7.0.46, in restic"),
        &[Case::token_only(8.6, 9.0, FETCH, SignsNothing)],
    ),
    row(
        "AWS SDK for Rust (aws-config)",
        Mark::Embedded(Embedded { code: &[("/aws-config-", "0")], version: &["/aws-config-"] }),
        Measured("1.13.0"),
        &[
            Case::token_only(1.0, 1.1, CALL, Fails),
            Case { when: "`load_defaults`", ..Case::token_only(4.1, 4.1, CALL, Fails) },
        ],
    ),
    row(
        "object_store",
        Mark::Embedded(Embedded { code: &[("/object_store-", "0")], version: &["/object_store-"] }),
        Measured("0.13.2 and 0.14.2"),
        &[Case::token_only(180.7, 181.6, REQUEST, Fails)],
    ),
    row(
        "AWS SDK for C++",
        Mark::Embedded(Embedded { code: &[("aws-sdk-cpp/", "0")], version: &[] }),
        Measured("pyarrow 26.0.1 and tiledb 0.36.1"),
        &[Case::usual(
            Seconds(2.1, 21.0, START).then(UsesV1),
            Seconds(13.1, 82.4, START).then(Fails),
        )],
    ),
    row(
        "GDAL",
        Mark::Library("libgdal"),
        Measured("3.6.2 and 3.10.3"),
        &[Case::usual(Seconds(1.1, 1.2, FETCH).then(UsesV1), Seconds(4.0, 6.2, FETCH).then(Fails))],
    ),
    Client {
        name: "AWS SDK for PHP",
        mark: Mark::Composer("aws/aws-sdk-php"),
        loss: Loss {
            since: "3.147.7",
            evidence: Code,
            cases: &[Case::optional_only("", 1.0, 1.0, "in each request that PHP answers")],
        },
        before: &[BEFORE_TOKENS],
    },
];

/// Such a client does not have the time-out of one second that the SDK sets for its own.
const GO_V1_OWN_HTTP_CLIENT: Case = Case {
    variable: Some("AWS_CA_BUNDLE"),
    when: "with an HTTP client of its own",
    ..Case::usual(
        Seconds(121.0, 127.0, FETCH).then(UsesV1),
        Seconds(126.0, 126.0, FETCH).then(Fails),
    )
};

const PACKAGES: &[Client] = &[
    row(
        "polars",
        Mark::Python("polars"),
        Measured("2.1.0"),
        &[
            Case::token_only(60.4, 60.8, REQUEST, Fails),
            Case::optional_only(
                "with boto3, unless `storage_options` has `aws_allow_http`",
                2.6,
                2.6,
                REQUEST,
            ),
        ],
    ),
    row(
        "deltalake",
        Mark::Python("deltalake"),
        Measured("1.6.6"),
        &[Case::token_only(181.0, 181.3, REQUEST, Fails)],
    ),
    row(
        "datafusion",
        Mark::Python("datafusion"),
        Measured("55.0.0"),
        &[Case::token_only(180.7, 181.6, REQUEST, Fails)],
    ),
    row(
        "obstore",
        Mark::Python("obstore"),
        Measured("0.12.1"),
        &[Case::token_only(180.8, 181.3, REQUEST, Fails)],
    ),
    row(
        "lancedb",
        Mark::Python("lancedb"),
        Measured("0.40.0"),
        &[Case::token_only(9.0, 9.6, CALL, Fails)],
    ),
    row(
        "daft",
        Mark::Python("daft"),
        Measured("0.7.26"),
        &[Case::token_only(1.0, 1.1, CALL, SignsNothing)],
    ),
    row(
        "opendal",
        Mark::Python("opendal"),
        Measured("0.47.12"),
        &[Case::token_only(30.5, 30.6, CALL, Fails)],
    ),
    row(
        "chdb",
        Mark::Python("chdb_core"),
        Measured("26.9.0"),
        &[Case::token_only(2.2, 3.0, CALL, SignsNothing)],
    ),
    row(
        "pyarrow",
        Mark::Python("pyarrow"),
        Measured("26.0.1"),
        &[Case::usual(
            Seconds(2.1, 3.3, START).then(UsesV1),
            Seconds(10.4, 13.2, START).then(Fails),
        )],
    ),
    row(
        "tiledb",
        Mark::Python("tiledb"),
        Measured("0.36.1"),
        &[Case::usual(
            Seconds(20.9, 21.0, START).then(UsesV1),
            Seconds(81.3, 82.4, START).then(Fails),
        )],
    ),
    row(
        "rasterio",
        Mark::Python("rasterio"),
        Measured("1.4.4"),
        &[Case::usual(Seconds(1.1, 1.1, FETCH).then(UsesV1), Seconds(4.0, 4.1, FETCH).then(Fails))],
    ),
    row(
        "s3torchconnectorclient",
        Mark::Python("s3torchconnectorclient"),
        Measured("1.5.0"),
        &[Case::usual(Seconds(2.2, 2.3, FETCH).then(UsesV1), Seconds(2.1, 2.6, FETCH).then(Fails))],
    ),
    row(
        "awscrt",
        Mark::Python("awscrt"),
        Measured("0.38.1"),
        &[Case::usual(Seconds(2.2, 2.3, FETCH).then(UsesV1), Seconds(2.2, 2.5, FETCH).then(Fails))],
    ),
    row("boto 2", Mark::Python("boto"), Measured("2.49.0"), &[Case::v1_only()]),
    row("minio (Python)", Mark::Python("minio"), Measured("7.2.20"), &[Case::endless()]),
    row(
        "ec2-metadata (Python)",
        Mark::Python("ec2_metadata"),
        Measured("3.0.0"),
        &[Case::token_only(20.0, 20.1, CALL, Fails)],
    ),
    row(
        "s3cmd",
        Mark::Python("s3cmd"),
        Measured("2.3.0"),
        &[Case::usual(Seconds(2.4, 2.4, RUN).then(UsesV1), Seconds(2.8, 2.8, RUN).then(Fails))],
    ),
    row(
        "duplicity",
        Mark::Python("duplicity"),
        Measured("0.8.22"),
        &[Case::usual(Seconds(1.0, 1.2, RUN).then(UsesV1), Seconds(123.0, 123.0, RUN).then(Fails))],
    ),
    row(
        "sentry-sdk",
        Mark::Python("sentry_sdk"),
        Measured("2.75.0"),
        &[Case::token_only(8.4, 8.6, START, GoesOn)],
    ),
    row(
        "opentelemetry-sdk-extension-aws",
        Mark::Python("opentelemetry_sdk_extension_aws"),
        Measured("2.1.0"),
        &[Case::token_only(1.0, 1.0, START, GoesOn)],
    ),
    row(
        "aws-embedded-metrics (Python)",
        Mark::Python("aws_embedded_metrics"),
        Measured("3.5.0"),
        &[Case::token_only(2.0, 2.0, START, GoesOn)],
    ),
    row(
        "aws-xray-sdk (Python)",
        Mark::Python("aws_xray_sdk"),
        Measured("2.15.0"),
        &[Case::usual(
            Seconds(1.1, 1.2, START).then(UsesV1),
            Seconds(1.1, 1.2, START).then(GoesOn),
        )],
    ),
    row(
        "elastic-apm (Python)",
        Mark::Python("elastic_apm"),
        Measured("6.26.2"),
        &[Case::usual(
            Seconds(1.0, 1.0, START).then(UsesV1),
            Seconds(1.0, 1.0, START).then(GoesOn),
        )],
    ),
    row(
        "minio (JavaScript)",
        Mark::Node("minio"),
        Measured("8.0.7"),
        &[Case::token_only(11.3, 11.3, FETCH, Fails)],
    ),
    row(
        "@opentelemetry/resource-detector-aws",
        Mark::Node("@opentelemetry/resource-detector-aws"),
        Measured("2.23.0"),
        &[Case::token_only(5.0, 5.0, START, GoesOn)],
    ),
    row(
        "aws-embedded-metrics (JavaScript)",
        Mark::Node("aws-embedded-metrics"),
        Measured("4.2.1"),
        &[Case::token_only(1.0, 1.1, START, GoesOn)],
    ),
    row(
        "aws-xray-sdk-core (JavaScript)",
        Mark::Node("aws-xray-sdk-core"),
        Measured("3.12.0"),
        &[Case::usual(
            Seconds(4.0, 4.0, START).then(UsesV1),
            Seconds(4.0, 4.0, START).then(GoesOn),
        )],
    ),
    row(
        "fog-aws",
        Mark::Gem("fog-aws"),
        Measured("3.15.0"),
        &[Case::usual(
            Seconds(11.0, 11.0, FETCH).then(UsesV1),
            Seconds(6.9, 6.9, FETCH).then(Fails),
        )],
    ),
];

const PROGRAMS: &[Client] = &[
    row(
        "rclone",
        Mark::Running("rclone"),
        Measured("1.60.1"),
        &[Case::usual(
            Seconds(127.0, 127.0, FETCH).then(UsesV1),
            Seconds(126.0, 126.0, FETCH).then(Fails),
        )],
    ),
    row(
        "prometheus (ec2_sd)",
        Mark::Running("prometheus"),
        Measured("2.42.0"),
        &[Case::usual(Seconds(121.0, 127.0, FETCH).then(UsesV1), NoLimitSeen.then(Fails))],
    ),
    row(
        "vmagent (ec2_sd)",
        Mark::Running("vmagent"),
        Measured("1.79.5"),
        &[Case::token_only(123.0, 123.0, FETCH, Fails)],
    ),
    row(
        "s3fs",
        Mark::Running("s3fs"),
        Measured("1.90; with tokens required it fails on the instance too"),
        &[Case::v1_only()],
    ),
    row(
        "s3backer",
        Mark::Running("s3backer"),
        Measured("1.5.4; with tokens required it fails on the instance too"),
        &[Case::v1_only()],
    ),
    row(
        "pgbackrest",
        Mark::Running("pgbackrest"),
        Measured("2.45 with io-timeout=10"),
        &[Case::token_only(20.0, 20.0, RUN, Fails)],
    ),
    row(
        "facter",
        Mark::Running("facter"),
        Measured("4.3.0"),
        &[
            Case::usual(
                Seconds(11.6, 11.6, "for one fact").then(UsesV1),
                Seconds(11.6, 11.6, "for one fact").then(GoesOn),
            ),
            Case {
                when: "all facts",
                ..Case::usual(
                    Seconds(22.0, 22.0, RUN).then(UsesV1),
                    Seconds(22.0, 22.0, RUN).then(GoesOn),
                )
            },
        ],
    ),
    row(
        "ohai",
        Mark::Running("ohai"),
        Measured("16.13.0"),
        &[Case::token_only(22.0, 22.0, RUN, GoesOn)],
    ),
    row("ignition", Mark::Running("ignition"), Measured("2.14.0"), &[Case::endless()]),
    row("afterburn", Mark::Running("afterburn"), Measured("5.11.0"), &[Case::endless()]),
    row(
        "Fluent Bit",
        Mark::Running("fluent-bit"),
        Code,
        &[Case::token_only(1.0, 2.0, "and logs the hop limit", Fails)],
    ),
    row(
        "cloud-init",
        Mark::Running("cloud-init"),
        Code,
        &[Case::token_only(240.0, 240.0, "of a boot", GoesOn)],
    ),
    row(
        "ec2-metadata",
        Mark::File("usr/bin/ec2-metadata"),
        Measured("amazon-ec2-utils 2.0.1"),
        &[Case::token_only(122.0, 122.0, RUN, Fails)],
    ),
    row(
        "ec2metadata",
        Mark::File("usr/bin/ec2metadata"),
        Measured("cloud-guest-utils 0.33"),
        &[Case::endless()],
    ),
    row(
        "amazon-ec2-net-utils",
        Mark::File("usr/share/amazon-ec2-net-utils/lib.sh"),
        Measured("2.3.0"),
        &[Case::token_only(10.2, 10.2, CALL, GoesOn)],
    ),
    row(
        "apt-transport-s3",
        Mark::File("usr/lib/apt/methods/s3"),
        Measured("2.1.0"),
        &[Case::token_only(107.0, 107.0, RUN, Fails)],
    ),
    row(
        "resource-agents (awsvip, awseip, aws-vpc-move-ip)",
        Mark::File("usr/lib/ocf/resource.d/heartbeat/awsvip"),
        Measured("4.12"),
        &[Case::usual(
            Seconds(124.0, 130.0, RUN).then(UsesV1),
            Seconds(124.0, 126.0, RUN).then(GoesOn),
        )],
    ),
];
