//! Everything that must pass.

use anyhow::Result;

use crate::install::Package;
use crate::{check, clients, codegen, command, counts, install};
use command::cargo;

/// What the tests run as real clients.
const PROGRAMS: [Package; 39] = [
    // Its version 2; the tests have version 1 from the Python environment.
    ("/usr/bin/aws", "awscli"),
    ("curl", "curl"),
    // Checks manual pages.
    ("groff", "groff-base"),
    ("ip", "iproute2"),
    ("setpriv", "util-linux"),
    ("unshare", "util-linux"),
    ("strace", "strace"),
    ("valgrind", "valgrind"),
    ("openssl", "openssl"),
    ("podman", "podman"),
    ("runc", "runc"),
    ("/usr/lib/cni/ptp", "containernetworking-plugins"),
    ("iptables", "iptables"),
    ("busybox", "busybox-static"),
    ("pasta", "passt"),
    ("slirp4netns", "slirp4netns"),
    ("python3", "python3"),
    ("nc", "netcat-openbsd"),
    ("wget", "wget"),
    ("jq", "jq"),
    ("dash", "dash"),
    ("shellcheck", "shellcheck"),
    ("make", "make"),
    ("go", "golang-go"),
    // What others verify EC2's identity documents with.
    (
        "/usr/share/gocode/src/github.com/fullsailor/pkcs7/verify.go",
        "golang-github-fullsailor-pkcs7-dev",
    ),
    (
        "/usr/share/gocode/src/github.com/aws/aws-sdk-go/aws/ec2metadata/service.go",
        "golang-github-aws-aws-sdk-go-dev",
    ),
    (
        "/usr/share/gocode/src/github.com/aws/aws-sdk-go-v2/config/config.go",
        "golang-github-aws-aws-sdk-go-v2-dev",
    ),
    // The engine that Helm renders charts with, and a reader of YAML.
    (
        "/usr/share/gocode/src/github.com/Masterminds/sprig/functions.go",
        "golang-github-masterminds-sprig-dev",
    ),
    ("/usr/share/gocode/src/gopkg.in/yaml.v3/yaml.go", "golang-gopkg-yaml.v3-dev"),
    // Splits debug symbols off.
    ("objcopy", "binutils"),
    ("lintian", "lintian"),
    ("skopeo", "skopeo"),
    ("ruby", "ruby"),
    ("/usr/share/doc/ruby-aws-sdk-core/copyright", "ruby-aws-sdk-core"),
    ("php", "php-cli"),
    ("/usr/share/php/AsyncAws/Core/autoload.php", "php-async-aws-core"),
    ("rclone", "rclone"),
    ("s3cmd", "s3cmd"),
    ("s3fs", "s3fs"),
];

/// The real AWS CLI and boto3, what people's scripts read metadata with, a reader of YAML, and a
/// validator of JSON schemas; validators of artifacts, what runs them, what tests the fixtures for Python, and Ansible.
pub(crate) const PYTHON: [&str; 14] = [
    "awscli==1.45.11",
    "boto3==1.43.11",
    "boto==2.49.0",
    "requests==2.34.2",
    "PyYAML==6.0.3",
    "podman-compose==1.6.0",
    "testcontainers==4.15.0",
    "jsonschema==4.26.0",
    "check-jsonschema==0.39.0",
    "cyclonedx-python-lib[json-validation]==11.12.0",
    "kubernetes-validate==1.37.0",
    "mypy==2.4.1",
    "pytest==9.2.0",
    // Its modules for AWS are in ANSIBLE.
    "ansible-core==2.19.14",
];

/// The package that has all of Ansible's collections.
const ANSIBLE: &str = "ansible==12.3.0";

/// What instances run at their start: Amazon's scripts, cloud-init, and what that imports, for the
/// Python of the same distribution.
pub(crate) const GUESTS: [&str; 20] = [
    "amazon-ec2-net-utils",
    "amazon-ec2-utils",
    "cloud-init",
    "python3-attr",
    "python3-certifi",
    "python3-chardet",
    "python3-configobj",
    "python3-idna",
    "python3-jinja2",
    "python3-json-pointer",
    "python3-jsonpatch",
    "python3-jsonschema",
    "python3-markupsafe",
    "python3-netifaces",
    "python3-oauthlib",
    "python3-pyrsistent",
    "python3-requests",
    "python3-six",
    "python3-urllib3",
    "python3-yaml",
];

pub(crate) fn run() -> Result<()> {
    install::debian(&PROGRAMS)?;
    let python = install::python(&PYTHON)?;
    let guests = install::unpacked("guests", &GUESTS)?;
    let prometheus = install::unpacked("prometheus", &["prometheus"])?;
    // Installed, they would run as services.
    let containerd = install::unpacked("containerd", &["containerd"])?;
    let docker = install::unpacked("docker", &["docker.io"])?;
    let etcd = install::etcd()?;
    let packer = install::unpacked("packer", &["packer"])?;
    let ansible = install::unpacked_wheel("ansible", ANSIBLE, "ansible_collections/amazon/aws/")?;
    let clients = clients::all()?;
    command::run(&mut cargo("fmt --all --check"))?;
    command::run(&mut cargo("clippy --workspace --all-targets --quiet -- -D warnings"))?;
    // What it is on systems without TCP_INFO, and without an SDK.
    command::run(&mut cargo(
        "clippy --package imds-client --lib --no-default-features --quiet -- -D warnings",
    ))?;
    let mut doc = cargo("doc --workspace --no-deps --document-private-items --quiet");
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    // To fuzz takes nightly and a C++ compiler; that the targets compile takes neither.
    command::run(
        cargo("check --quiet --manifest-path fuzz/Cargo.toml --target-dir target/fuzz")
            .env("CUSTOM_LIBFUZZER_PATH", "/dev/null"),
    )?;
    check::run()?;
    codegen::check()?;
    counts::run(false)?;
    command::run(
        cargo("test --workspace --features imds-client/aws-credential-types,imds/etcd")
            .env("IMDS_TEST_PYTHON", python)
            .env("IMDS_TEST_GUESTS", guests)
            .env("IMDS_TEST_PROMETHEUS", prometheus)
            .env("IMDS_TEST_CONTAINERD", containerd)
            .env("IMDS_TEST_DOCKER", docker)
            .env("IMDS_TEST_ETCD", etcd)
            .env("IMDS_TEST_PACKER", packer)
            .env("IMDS_TEST_ANSIBLE", ansible)
            .env("IMDS_TEST_CLIENTS", clients),
    )
}
