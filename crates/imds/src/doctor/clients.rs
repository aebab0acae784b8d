//! What other clients do when the token does not come: measured against a service whose answers die
//! on the way, each once in its own process.

use std::path::Path;

/// A client, how to find it, and what it loses.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    /// Files, or names of programs on the path; `*` stands for a version in one directory's name.
    places: &'static [&'static str],
    /// What a lost token costs.
    pub(crate) loses: &'static str,
}

/// The table; delays as measured with the versions named.
pub(crate) const CLIENTS: [Client; 6] = [
    Client {
        name: "aws CLI and boto3 (botocore 1.43)",
        places: &[
            "aws",
            "/usr/lib/python3/dist-packages/botocore",
            "/usr/local/lib/python3*/site-packages/botocore",
        ],
        loses: "1 s for each fetch of credentials, then IMDSv1",
    },
    Client {
        name: "AWS SDK for Go v2 (Terraform, agents)",
        places: &["terraform", "amazon-cloudwatch-agent", "amazon-ecs-agent"],
        loses: "3.5 to 5 s at each start, then IMDSv1",
    },
    Client {
        name: "AWS SDK for Go v1 (SSM agent, Vault agent)",
        places: &["amazon-ssm-agent", "vault"],
        loses: "6 s for each fetch of credentials, then IMDSv1",
    },
    Client {
        name: "AWS SDK for JavaScript",
        places: &["node"],
        loses: "1 s for each fetch of credentials (v3); its metadata service client hangs",
    },
    Client {
        name: "AWS SDK for PHP",
        places: &["php", "php-fpm"],
        loses: "1 s in each worker and request, then IMDSv1",
    },
    Client {
        name: "ec2-metadata",
        places: &["ec2-metadata"],
        loses: "about two minutes: it has no time-out",
    },
];

/// Those that are installed here.
pub(super) fn found() -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    let is_there = |place: &&str| match place.strip_prefix('/') {
        Some(_) => exists(place),
        None => directories.iter().any(|directory| directory.join(place).is_file()),
    };
    let found = CLIENTS.iter().filter(|client| client.places.iter().any(|place| is_there(&place)));
    found.map(|client| client.name).collect()
}

/// Whether a file is there; one part of its path may end with `*`.
fn exists(place: &str) -> bool {
    let Some((before, after)) = place.split_once('*') else { return Path::new(place).exists() };
    let (directory, start) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(start))
        .any(|entry| entry.path().join(after.trim_start_matches('/')).exists())
}
