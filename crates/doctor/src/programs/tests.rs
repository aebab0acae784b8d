//! Clients that are found on a machine, and the table of all in the documentation.

use std::fmt::Write as _;

use super::cost::Case;
use super::*;

fn put(root: &Path, file: &str, text: &str) {
    let file = root.join(file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn link(root: &Path, file: &str, target: &str) {
    std::os::unix::fs::symlink(root.join(target), root.join(file)).unwrap();
}

/// What is found below `root`: name, version, and the program that it is part of.
fn found(root: &Path) -> Vec<(&'static str, String, Option<String>)> {
    let path = OsStr::new("/home/venv/bin:/usr/bin:/home/venv/bin");
    let described = |client: InstalledClient| {
        let version = client.version.map(|version| version.to_string()).unwrap_or_default();
        (client.name, version, client.within)
    };
    find(root, path).into_iter().map(described).collect()
}

#[test]
fn packages_are_found_with_their_versions() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let python = "usr/lib/python3.11/site-packages";
    put(root, &format!("{python}/botocore-1.43.11.dist-info/METADATA"), "");
    put(root, &format!("{python}/boto3-1.43.11.dist-info/METADATA"), "");
    put(root, &format!("{python}/awscli-1.45.11.dist-info/METADATA"), "");
    put(root, &format!("{python}/sentry-sdk-2.75.0.egg-info/PKG-INFO"), "");
    put(root, "home/venv/lib/python3.12/site-packages/botocore-1.12.0.dist-info/METADATA", "");
    put(root, "srv/venv/lib/python3.12/site-packages/botocore-1.30.0.dist-info/METADATA", "");
    put(root, "proc/6/comm", "gunicorn\n");
    put(root, "proc/6/cmdline", "/srv/venv/bin/python\0/srv/venv/bin/gunicorn\0");
    put(root, "usr/lib/python3/dist-packages/awscli-2.9.19.egg-info", "");
    put(root, "usr/local/aws-cli/v2/2.31.2/dist/aws", "");
    put(root, "usr/local/aws-cli/v2/current/dist/aws", "");
    let node = "srv/app/node_modules/@smithy/credential-provider-imds/package.json";
    put(root, node, r#"{ "version": "4.5.2" }"#);
    put(root, "proc/8/comm", "node\n");
    link(root, "proc/8/cwd", "srv/app");
    put(root, "var/lib/gems/3.1.0/gems/aws-sdk-core-3.200.0/VERSION", "");
    let composer = "var/www/html/vendor/composer/installed.json";
    let packages = r#"[{ "name": "a/b", "version": "1.0" }, {"name": "aws/aws-sdk-php", "version": "v3.337.3"}]"#;
    put(root, composer, &format!(r#"{{ "packages": {packages} }}"#));
    // As Composer 1 writes it; a web server's program runs beside the packages.
    put(root, "srv/old/vendor/composer/installed.json", packages);
    std::fs::create_dir_all(root.join("srv/old/public")).unwrap();
    put(root, "proc/9/comm", "php\n");
    link(root, "proc/9/cwd", "srv/old/public");
    put(root, "usr/bin/ec2-metadata", "");
    let expected = [
        ("botocore (AWS CLI, boto3)", "1.12.0"),
        ("botocore (AWS CLI, boto3)", "1.30.0"),
        ("botocore (AWS CLI, boto3)", "1.43.11"),
        ("AWS CLI v2", "2.9.19"),
        ("AWS CLI v2", "2.31.2"),
        ("AWS SDK for JavaScript v3", "4.5.2"),
        ("AWS SDK for Ruby", "3.200.0"),
        ("AWS SDK for PHP", "3.337.3"),
        ("AWS SDK for PHP", "3.337.3"),
        ("sentry-sdk", "2.75.0"),
        ("ec2-metadata", ""),
    ];
    assert_eq!(found(root), expected.map(|(name, version)| (name, version.to_owned(), None)));
}

/// Go keeps the names of functions in programs without symbols, and versions only where modules were used.
#[test]
fn sdks_are_found_in_running_programs() {
    let go = "github.com/aws/aws-sdk-go/aws/ec2metadata.(*EC2Metadata)";
    let token = format!("{go}.GetMetadata\0{go}.getToken\0");
    let without_modules = format!("/build/src/vendor/{token}");
    let at_a_border = format!(
        "{}{token}dep\tgithub.com/aws/aws-sdk-go\tv1.26.1\th1:x\n",
        "x".repeat((1 << 20) - 20)
    );
    for (text, version, cost) in [
        (at_a_border.as_str(), "1.26.1", "waits 20 to 21 s"),
        (without_modules.as_str(), "", "waits 3 to 3.7 s once"),
        (&format!("{token}EC2MetadataEnableFallback"), "", "waits 6.3 s"),
        (
            &format!("{token}/go/pkg/mod/github.com/aws/aws-sdk-go@v1.55.7/aws"),
            "1.55.7",
            "waits 6.3 s",
        ),
        (&format!("{go}.GetMetadata"), "", "uses IMDSv1 at once"),
    ] {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "usr/bin/agent", text);
        put(root.path(), "proc/7/comm", "agent\n");
        link(root.path(), "proc/7/exe", "usr/bin/agent");
        let clients = find(root.path(), OsStr::new(""));
        let [client] = &clients[..] else { panic!("{clients:?}") };
        assert_eq!(client.name, "AWS SDK for Go v1");
        assert_eq!(client.within.as_deref(), Some("agent"));
        assert_eq!(client.version.as_ref().map(ToString::to_string).unwrap_or_default(), version);
        let says = client.cost(Tokens::Optional, &|_| false);
        assert!(says.starts_with(cost), "{says}");
    }
    // A module that was not linked is no client.
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "usr/bin/agent", "dep\tgithub.com/aws/aws-sdk-go\tv1.26.1\th1:x\n");
    put(root.path(), "proc/7/comm", "agent\n");
    link(root.path(), "proc/7/exe", "usr/bin/agent");
    assert_eq!(found(root.path()), []);
}

#[test]
fn sdks_are_found_in_loaded_libraries() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let venv = "srv/venv/lib/python3.12/site-packages";
    let rust = "/home/builder/.cargo/registry/src/index.crates.io-0123456789abcdef/object_store-0.13.2/src/aws";
    put(root, &format!("{venv}/deltalake/_internal.abi3.so"), rust);
    put(root, &format!("{venv}/deltalake-1.6.6.dist-info/METADATA"), "");
    put(root, &format!("{venv}/own_wheel/_own.abi3.so"), rust);
    put(root, "usr/lib/libgdal.so.32", "");
    put(root, "usr/lib/libc.so.6", "");
    // Two processes of the same program, each with libraries of its own.
    put(root, "usr/bin/python3", "");
    let maps = |files: &[&str]| -> String {
        files.iter().map(|file| format!("7f00-7f10 r-xp 00000000 fe:01 42    /{file}\n")).collect()
    };
    let loaded = [
        ("4", maps(&["usr/lib/libc.so.6", &format!("{venv}/deltalake/_internal.abi3.so")])),
        ("5", maps(&["usr/lib/libgdal.so.32", &format!("{venv}/own_wheel/_own.abi3.so")])),
    ];
    for (process, maps) in &loaded {
        put(root, &format!("proc/{process}/comm"), "python3\n");
        put(root, &format!("proc/{process}/maps"), maps);
        link(root, &format!("proc/{process}/exe"), "usr/bin/python3");
        link(root, &format!("proc/{process}/root"), "");
    }
    let within = |text: &str| Some(text.to_owned());
    let expected = [
        ("deltalake", "1.6.6".to_owned(), within("python3")),
        ("object_store", "0.13.2".to_owned(), within("python3 (_own.abi3.so)")),
        ("GDAL", String::new(), within("python3 (libgdal.so.32)")),
    ];
    let mut found = found(root);
    found.sort_by_key(|(name, ..)| expected.iter().position(|(known, ..)| known == name));
    assert_eq!(found, expected);
}

/// Its own row says more than those of its parts.
#[test]
fn a_known_program_stands_for_its_parts() {
    let root = tempfile::tempdir().unwrap();
    put(
        root.path(),
        "usr/bin/rclone",
        "github.com/aws/aws-sdk-go/aws/ec2metadata.(*EC2Metadata).getToken",
    );
    put(root.path(), "proc/7/comm", "rclone\n");
    link(root.path(), "proc/7/exe", "usr/bin/rclone");
    assert_eq!(found(root.path()), [("rclone", String::new(), Some("rclone".to_owned()))]);
}

#[test]
fn libraries_belong_to_python_packages() {
    for (file, package, expected) in [
        ("/v/site-packages/deltalake/_internal.abi3.so", "deltalake", true),
        ("/v/site-packages/_awscrt.abi3.so", "awscrt", true),
        ("/v/site-packages/_polars_runtime_32/_polars_runtime.abi3.so", "polars", true),
        ("/usr/lib/python3/dist-packages/rasterio.libs/libgdal-1.so", "rasterio", true),
        ("/v/site-packages/boto3/x.so", "boto", false),
        ("/v/site-packages/x/deltalake/x.so", "deltalake", false),
        ("/usr/lib/deltalake/x.so", "deltalake", false),
    ] {
        assert_eq!(packages::is_of_python_package(Path::new(file), package), expected, "{file}");
    }
}

#[test]
fn the_cost_depends_on_the_version_and_on_the_service() {
    let client = |name| clients().find(|client| client.name == name).unwrap();
    let cost = |name, version: &str, tokens| {
        client(name).of(Version::parse(version)).cost(tokens, &|_| false)
    };
    let botocore = "botocore (AWS CLI, boto3)";
    assert_eq!(
        cost(botocore, "1.12.253", Tokens::Required),
        "fails at once (from its source code)"
    );
    assert_eq!(
        cost(botocore, "1.43.11", Tokens::Optional),
        "waits 1 to 1.2 s for each fetch of credentials, then uses IMDSv1 (measured with 1.29.27, 1.43.11 \
         and 1.43.117)"
    );
    assert_eq!(
        cost(botocore, "", Tokens::Unknown),
        "waits 1 to 1.2 s for each fetch of credentials, then uses IMDSv1 where tokens are optional; waits 1 \
         to 1.2 s for each fetch of credentials, then fails where they are required (measured with 1.29.27, \
         1.43.11 and 1.43.117)"
    );
    assert!(
        cost("obstore", "0.12.1", Tokens::Unknown)
            .starts_with("waits 180.8 to 181.3 s for each request to AWS, then fails (")
    );
    // Not measured, and so not invented.
    assert!(cost("AWS SDK for PHP", "3.337.3", Tokens::Required).starts_with("not measured ("));
    let go = client("AWS SDK for Go v1").of(Version::parse("1.44.133"));
    let says = go.cost(Tokens::Optional, &|name| name == "AWS_CA_BUNDLE");
    assert!(says.starts_with("AWS_CA_BUNDLE is set: waits 121 to 127 s for"), "{says}");
    assert!(!says.contains("3.7"), "{says}");
}

/// The types forbid the values; this is about the texts.
#[test]
fn nothing_uses_imdsv1_where_tokens_are_required() {
    for client in clients() {
        for loss in client.before.iter().chain([&client.loss]) {
            let says = loss.says(Tokens::Required, &|_| false);
            assert!(!says.contains("IMDSv1"), "{}: {says}", client.name);
            assert!(Version::parse(loss.since).is_some(), "{}", client.name);
            for Case { optional, .. } in loss.cases {
                let text = optional.as_ref().map(ToString::to_string).unwrap_or_default();
                assert!(!text.contains("inf") && !text.contains("NaN"), "{text}");
            }
        }
        let since =
            client.before.iter().chain([&client.loss]).map(|loss| Version::parse(loss.since));
        assert!(since.is_sorted(), "{}: oldest first", client.name);
    }
}

/// `docs/clients.md` has a line for each case of each client. `IMDS_TEST_RECORD=1` writes them.
#[test]
fn the_documented_table_is_this_one() {
    const HEAD: &str =
        "| program | in | tokens optional | tokens required | from |\n|---|---|---|---|---|\n";
    let mut table = HEAD.to_owned();
    for client in clients() {
        for loss in client.before.iter().chain([&client.loss]) {
            for case in loss.cases {
                let since = if loss.since == "0" {
                    String::new()
                } else {
                    format!(" since {}", loss.since)
                };
                let when =
                    if case.when.is_empty() { String::new() } else { format!(", {}", case.when) };
                let cost = |cost: Option<String>| cost.unwrap_or_else(|| "not measured".into());
                let (optional, required) = (cost(case.optional()), cost(case.required()));
                writeln!(
                    table,
                    "| {}{since}{when} | {} | {optional} | {required} | {} |",
                    client.name,
                    client.mark.place(),
                    loss.evidence
                )
                .unwrap();
            }
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/clients.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once("| program |").unwrap();
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let expected = format!("{before}{table}\n{after}");
    if std::env::var_os("IMDS_TEST_RECORD").is_some() {
        std::fs::write(&file, expected).unwrap();
    } else {
        assert_eq!(page, expected, "IMDS_TEST_RECORD=1 writes the table anew");
    }
}
