//! What holds for every input, not only for the cases.

// Outside a `#[test]` function the lint does not know that this is a test.
#![allow(clippy::unwrap_used)]

mod any_bytes;

use std::fs;
use std::path::Path;

use any_bytes::{NAMES, scan_and_apply};
use imds_migrate::{Finding, apply, scan};
use proptest::prelude::*;

/// Pieces that make the scanner look closer than random bytes would.
const PIECES: [&str; 55] = [
    "\\curl ",
    "${X:=http://169.254.169.254/latest}",
    "$X/$1/$2 ",
    "\"{}/{0}/{x}\".format(X, x=",
    "alias x='",
    "import * as ec2 from 'aws-cdk-lib/aws-ec2';\nnew ec2.Instance(this, 'a', { ",
    "import software.amazon.awscdk.services.ec2.*;\nInstance.Builder.create(this, \"a\").",
    "Amazon.CDK.AWS.EC2; new InstanceProps { ",
    "kind: ClusterConfig\nnodeGroups:\n  - disablePodIMDS: true\n",
    "Resources:\n  A:\n    Type: AWS::EKS::Nodegroup\n    Properties:\n      AmiType: x\n",
    "<PackageReference Include=\"AWSSDK\" Version=\"",
    "curl ",
    "wget -qO- ",
    "http://169.254.169.254/latest/meta-data/instance-id",
    "\n",
    " ",
    "\t",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "\\",
    "if ",
    "then ",
    "fi\n",
    "while ",
    "do ",
    "done\n",
    "{ ",
    "}",
    "f() {",
    "<<EOF\n",
    "EOF\n",
    "<<'EOF'\n",
    "&& ",
    "|| ",
    "; ",
    "| ",
    "X=",
    "$X",
    "${X:-y}",
    "-H \"X-aws-ec2-metadata-token: $T\" ",
    "#!/bin/bash\n",
    "#cloud-config\nruncmd:\n  - ",
    "import requests\nrequests.get(",
    "urllib.request.urlopen(",
    "RUN ",
    "ExecStart=/bin/sh -c ",
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n--X\n\n",
    "\r\n",
    "\u{e9}",
    "resource \"aws_instance\" \"a\" {\n",
    "<powershell>\nirm ",
    "[\"",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        9 => prop::sample::select(&PIECES[..]).prop_map(|p| p.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Rewrites only add: everything that was there is still there, in its order. The tools that are
/// replaced whole are the exception, and none of the pieces makes one.
fn check(name: &str, bytes: &[u8]) {
    let edited = scan_and_apply(name, bytes);
    let mut rest = edited.iter();
    assert!(bytes.iter().all(|b| rest.any(|e| e == b)), "{name}: a byte was lost");
    let again = scan(Path::new(name), &edited);
    assert!(again.iter().all(|f| f.rewrite().is_empty()), "{name}: {again:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_scanned(
        name in prop::sample::select(&NAMES[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let mut bytes = bytes;
        bytes.extend_from_slice(b" http://169.254.169.254/latest/meta-data/");
        check(name, &bytes);
    }

    #[test]
    fn code_in_pieces_is_scanned(name in prop::sample::select(&NAMES[..]), bytes in pieces()) {
        check(name, &bytes);
    }
}

#[test]
fn the_corpus_is_scanned() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/migrate");
    let mut count = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        any_bytes::check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= NAMES.len(), "only {count} files in the corpus");
}

#[test]
fn an_unclosed_here_document_in_perl_comes_to_an_end() {
    let text = "get(\"http://169.254.169.254/latest/meta-data/\"); { '<<EOF\n- [\"RUN bm\u{fffd}\\";
    scan(Path::new("a.pl"), text.as_bytes());
}

#[test]
fn absurd_nesting_is_left_alone() {
    for (open, close) in [("$(", ")"), ("(", ")"), ("{ ", "; }"), ("\"$(", ")\""), ("[", "]")] {
        let text = format!(
            "curl http://169.254.169.254/latest/{}x{}",
            open.repeat(5_000),
            close.repeat(5_000)
        );
        for name in NAMES {
            scan(Path::new(name), text.as_bytes());
        }
    }
}

#[test]
fn a_script_of_five_thousand_lines() {
    let mut script = String::from("#!/bin/bash\nset -euo pipefail\n");
    for i in 0..5_000 {
        let line = match i % 500 {
            0 => format!("id{i}=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)\n"),
            _ => format!("echo \"line {i}\" >> /var/log/setup.log\n"),
        };
        script.push_str(&line);
    }
    let findings = scan(Path::new("setup.sh"), script.as_bytes());
    assert_eq!(findings.len(), 10);
    let edited = apply(script.as_bytes(), findings.iter().flat_map(Finding::rewrite)).unwrap();
    let edited = String::from_utf8(edited).unwrap();
    assert_eq!(edited.matches("latest/api/token").count(), 1, "one token for the whole script");
    assert_eq!(edited.lines().count(), script.lines().count() + 1);
}
