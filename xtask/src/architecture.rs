//! The architecture as tables: which crate may import which, what crates do without, and where
//! `unsafe` may be. `cargo xtask check` enforces them.

/// A crate of ours, and those of ours that it may import.
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    pub(crate) may_import: &'static [&'static str],
    /// What its code does without.
    pub(crate) without: &'static [Effect],
}

const fn row(
    name: &'static str,
    may_import: &'static [&'static str],
    without: &'static [Effect],
) -> Crate {
    Crate { name, may_import, without }
}

/// Something that code does beside computing, and the paths that do it.
pub(crate) struct Effect {
    pub(crate) name: &'static str,
    pub(crate) paths: &'static [&'static str],
}

const SOCKETS: Effect = Effect {
    name: "sockets",
    paths: &[
        "std::net::TcpStream",
        "std::net::TcpListener",
        "std::net::UdpSocket",
        "std::os::unix::net",
        "rustix::net",
        "socket2",
        "tokio::net",
        "hyper",
        "axum",
    ],
};
const FILES: Effect = Effect {
    name: "files and terminals",
    paths: &[
        "std::fs",
        "std::env",
        "std::io::stdin",
        "std::io::stdout",
        "std::io::stderr",
        "rustix::fs",
        "tempfile",
    ],
};
const CLOCK: Effect = Effect {
    name: "a clock",
    paths: &[
        "std::time::Instant::now",
        "std::time::SystemTime",
        "std::thread::sleep",
        "jiff::Timestamp::now",
        "jiff::Zoned::now",
        "rustix::time",
    ],
};
const RANDOMNESS: Effect = Effect { name: "randomness", paths: &["getrandom", "rand"] };
const RUNTIME: Effect =
    Effect { name: "threads and runtimes", paths: &["std::thread", "tokio", "libc"] };
const PROCESSES: Effect = Effect {
    name: "other programs",
    paths: &["std::process::Command", "rustix::process::kill_process"],
};

/// Only computes: a value goes in, a value comes out.
const PURE: &[Effect] = &[SOCKETS, FILES, CLOCK, RANDOMNESS, RUNTIME, PROCESSES];

/// What the binary and tools for developers may import.
const LIBRARIES: &[&str] = &[
    "imds-core",
    "imds-ec2",
    "imds-policy",
    "imds-kv",
    "imds-linux",
    "imds-client",
    "imds-cni",
    "imds-migrate",
    "imds-identity",
    "imds-account",
    "imds-dataplane",
    "imds-control",
    "imds-sandbox",
    "imds-links",
    "imds-metrics",
    "imds-console",
    "imds-doctor",
    "imds-host",
];

/// The crates of the workspace. A crate without a row is an error.
pub(crate) const CRATES: &[Crate] = &[
    row("imds-core", &[], PURE),
    row("imds-ec2", &[], PURE),
    row("imds-policy", &[], PURE),
    row("imds-kv", &[], &[PROCESSES]),
    row("imds-linux", &[], &[]),
    row("imds-client", &[], &[PROCESSES]),
    row("imds-cni", &["imds-core"], PURE),
    // It measures processor time, and parses in a process of its own.
    row("imds-migrate", &[], &[SOCKETS, RANDOMNESS]),
    row("imds-identity", &["imds-core"], &[SOCKETS, PROCESSES]),
    row("imds-account", &["imds-core", "imds-kv", "imds-identity"], &[SOCKETS, PROCESSES]),
    row(
        "imds-dataplane",
        &["imds-core", "imds-account", "imds-identity", "imds-kv", "imds-linux"],
        &[PROCESSES],
    ),
    row("imds-control", &["imds-core", "imds-ec2", "imds-policy", "imds-account"], &[PROCESSES]),
    row("imds-sandbox", &["imds-linux"], &[]),
    row("imds-links", &["imds-linux"], &[]),
    row("imds-metrics", &["imds-core", "imds-dataplane"], &[PROCESSES]),
    row(
        "imds-console",
        &["imds-core", "imds-ec2", "imds-account", "imds-dataplane", "imds-control"],
        &[PROCESSES],
    ),
    row("imds-doctor", &["imds-client", "imds-linux"], &[]),
    row(
        "imds-host",
        &[
            "imds-core",
            "imds-ec2",
            "imds-policy",
            "imds-kv",
            "imds-linux",
            "imds-identity",
            "imds-account",
            "imds-dataplane",
            "imds-control",
            "imds-links",
            "imds-metrics",
            "imds-console",
        ],
        &[],
    ),
    // What tests of others import.
    row(
        "imds-testing",
        &["imds-core", "imds-account", "imds-dataplane", "imds-host"],
        &[PROCESSES],
    ),
    row("imds", LIBRARIES, &[]),
    row("instruction-counts", LIBRARIES, &[]),
    row("testkit", LIBRARIES, &[]),
    row("packaging", &[], &[SOCKETS, RANDOMNESS]),
    row("xtask", &["imds-linux", "packaging"], &[]),
];

/// Crates that tests of every crate may import.
pub(crate) const FOR_TESTS: &[&str] = &["testkit", "imds-linux", "imds-kv"];

/// A module inside a crate whose place among the others is fixed. Modules are those of the root.
pub(crate) struct Layer {
    pub(crate) package: &'static str,
    pub(crate) module: &'static str,
    /// Modules that may import it; `None`: any. The root file is `main`.
    pub(crate) imported_by: Option<&'static [&'static str]>,
    /// Modules that it may import; `None`: any.
    pub(crate) may_import: Option<&'static [&'static str]>,
}

pub(crate) const LAYERS: &[Layer] = &[
    // What a subcommand does is nobody else's business.
    Layer { package: "imds", module: "commands", imported_by: Some(&["main"]), may_import: None },
    // The command line says what was typed: words and values, nothing that acts.
    Layer {
        package: "imds",
        module: "cli",
        imported_by: None,
        may_import: Some(&["error", "settings", "shell", "terminal"]),
    },
];

/// The only sources that may say `unsafe`: prefixes of paths from the workspace's root.
pub(crate) const UNSAFE_HOMES: &[&str] = &["crates/linux/", "crates/client/src/tcp_info.rs"];
