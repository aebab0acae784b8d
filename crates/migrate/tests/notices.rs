//! Files that name the service and were not understood are said to be so; nothing else is.

// Outside a `#[test]` function the lint does not know that this is a test.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use imds_migrate::{Remedy, Rule, ScanError, Scanner, scan};

const URL: &str = "http://169.254.169.254/latest/meta-data/instance-id";

/// The reasons of notices in a file.
fn notices(path: &str, bytes: &[u8]) -> Vec<String> {
    let findings = scan(Path::new(path), bytes).into_iter();
    findings
        .filter(|f| f.rule == Rule::NotUnderstood)
        .map(|f| match f.remedy {
            Remedy::Advice { reason, .. } => reason,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_language_that_is_not_read_is_said() {
    for name in
        ["Jenkinsfile", "a.kt", "a.scala", "a.rs", "a.c", "a.lua", "a.R", "a.nix", "a.pp", "x.tpl"]
    {
        let text = format!("something = get(\"{URL}\")\n");
        assert_eq!(notices(name, text.as_bytes()), ["its language is not read"], "{name}");
    }
}

/// A command that a program hands on is judged by what it sends itself, whatever else the program does.
#[test]
fn a_command_beside_a_token_is_found() {
    let token = "val token = put(\"api/token\", \"X-aws-ec2-metadata-token-ttl-seconds\")\n";
    for (name, line, expected) in [
        ("a.kt", format!("remote.execute(host, \"curl -s {URL}\")"), Some(Rule::TokenlessRequest)),
        ("a.rs", format!("ssh.exec(\"curl -s {URL}\");"), Some(Rule::TokenlessRequest)),
        ("a.kt", format!("run(\"curl -s $header {URL}\")"), Some(Rule::UnclearRequest)),
        ("a.kt", format!("run(\"curl -H 'X-aws-ec2-metadata-token: $token' {URL}\")"), None),
        ("a.lua", format!("run(\"curl {URL} \\\n -H X-aws-ec2-metadata-token:$TOKEN\")"), None),
        ("a.kt", format!("log.error(\"curl {URL} failed\")"), None),
    ] {
        let found = scan(Path::new(name), format!("{token}{line}\n").as_bytes());
        assert_eq!(found.first().map(|f| f.rule), expected, "{name}: {line}");
    }
}

/// What a program prints, or keeps under a name that says it is for people, is no request.
#[test]
fn what_is_shown_is_not_said() {
    for (name, text) in [
        ("a.py", format!("print(\"curl {URL}\")\n")),
        ("a.go", format!("package a\nvar c = T{{\n\tExample: \"curl {URL}\",\n}}\n")),
        ("a.js", format!("console.log('curl {URL}');\n")),
        ("a.kt", format!("println(\"curl {URL}\")\n")),
        ("a.kt", format!("val text = \"Use curl {URL} to look\"\n")),
    ] {
        let found = scan(Path::new(name), text.as_bytes());
        assert!(found.iter().all(|f| f.rule == Rule::NotUnderstood), "{name}: {found:?}");
        assert!(name == "a.kt" || found.is_empty(), "{name}: {found:?}");
    }
}

/// A word that rules of firewalls have is no all-clear where the line asks for something.
#[test]
fn a_request_is_said_whatever_words_are_around_it() {
    for text in [
        format!("let id = reqwest::blocking::get(\"{URL}\");\n"),
        format!("val deny = get(\"{URL}\")\n"),
        format!("get(\"{URL}\", no_proxy = true)\n"),
    ] {
        assert_eq!(notices("a.rs", text.as_bytes()), ["its language is not read"], "{text}");
    }
}

#[test]
fn what_is_a_comment_a_list_or_speaks_v2_is_not() {
    for (name, text) in [
        ("a.kt", format!("// see {URL}\n")),
        ("a.rs", format!("println!(\"{URL}\");\n")),
        ("a.scala", "val blocked = List(\"169.254.169.254\")\n".to_owned()),
        ("a.c", format!("get(\"{URL}\", \"X-aws-ec2-metadata-token\");\n")),
        ("proxy.env", format!("NO_PROXY=169.254.169.254,{URL}\n")),
        ("README.md", format!("get {URL}\n")),
        ("test_a.kt", format!("get(\"{URL}\")\n")),
        ("a.kt", "get(\"http://169.254.169.254/metadata/instance?api-version=1\")\n".to_owned()),
    ] {
        assert!(notices(name, text.as_bytes()).is_empty(), "{name}: {text}");
    }
}

#[test]
fn a_text_over_a_limit_is_said() {
    let deep = format!("curl {URL} {}\n", "(".repeat(300));
    assert_eq!(notices("a.sh", deep.as_bytes()), ["it is nested too deeply to be parsed"]);
    let marks = format!("cat {}\ncurl {URL}\n", "<<A ".repeat(20));
    // Its second line alone is understood.
    let found = scan(Path::new("a.sh"), marks.as_bytes());
    assert!(found.len() == 1 && found[0].rule == Rule::TokenlessRequest, "{found:?}");
    let long = format!("curl {URL} {}\n", "x".repeat(300 << 10));
    assert_eq!(notices("a.sh", long.as_bytes()), ["it is too long to be parsed"]);
}

#[test]
fn utf_16_is_said() {
    let text = format!("$id = Invoke-RestMethod {URL}\r\n");
    let bytes: Vec<u8> =
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(notices("a.ps1", &bytes), ["it is written in UTF-16"]);
    assert_eq!(notices("a.ps1", &bytes[2..]), ["it is written in UTF-16"], "without its mark");
}

#[test]
fn a_file_over_its_time_is_given_up_and_the_next_is_scanned() {
    let script = format!("curl -s {URL}\n");
    let mut scanner = Scanner::new(Duration::ZERO);
    let error = scanner.scan(Path::new("a.sh"), script.repeat(2_000).as_bytes()).unwrap_err();
    assert!(matches!(error, ScanError::TookTooLong { .. }), "{error}");
    let mut scanner = Scanner::new(Duration::from_secs(60));
    assert_eq!(scanner.scan(Path::new("a.sh"), script.as_bytes()).unwrap().len(), 1);
}

#[test]
fn a_process_that_the_kernel_stopped_took_too_long_and_another_end_is_its_death() {
    let ends_by = |signal: &'static str| {
        let mut scanner = Scanner::in_process(Duration::from_secs(1), move || {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("kill -{signal} $$")]);
            command
        });
        scanner.scan(Path::new("a.sh"), format!("curl -s {URL}\n").as_bytes()).unwrap_err()
    };
    let error = ends_by("XCPU");
    assert!(matches!(error, ScanError::TookTooLong { .. }), "{error}");
    let error = ends_by("ABRT");
    assert!(matches!(error, ScanError::Died), "{error}");
}

/// Names that build on each other cost what they are long, not what they could stand for.
#[test]
fn names_that_build_on_each_other_come_to_an_end() {
    let appends = "doc=\"${doc}a: ${a}${b}${doc}\"\n".repeat(400);
    let script =
        format!("#!/bin/bash\na=$(curl -s {URL})\nb=$a$doc\n{appends}mongo --eval \"$doc\"\n");
    assert_eq!(scan(Path::new("a.sh"), script.as_bytes()).len(), 1);
    let appends = "doc = doc + a + \"{}{}\".format(b, doc)\n".repeat(400);
    let module =
        format!("import requests\na = requests.get(\"{URL}\").text\nb = a\n{appends}print(doc)\n");
    assert_eq!(scan(Path::new("a.py"), module.as_bytes()).len(), 1);
}

/// A text that is put together line by line costs what it is long: two thousand lines are no reason to give
/// up a file that gets as long as a user gives it by default.
#[test]
fn texts_that_are_put_together_line_by_line_are_read_to_their_end() {
    let lines = |line: &str| line.repeat(2_000);
    for (name, head, line) in [
        ("a.py", "import requests\n", "doc = doc + \"a\"\n"),
        ("b.py", "import requests\n", "def f(doc):\n    doc = doc + url\n    return f(doc)\n"),
        ("c.py", "import requests\n", "doc += \"a\" + doc\nurl = doc\n"),
        ("a.sh", "", "doc=\"$doc a\"\n"),
        ("b.sh", "", "doc=$doc$id; id=$doc\n"),
        ("c.sh", "", "f() { doc=\"$doc $1\"; }; f \"$doc\"\n"),
        ("a.ps1", "", "$doc = \"$doc a\"\n"),
        ("b.ps1", "", "$doc = $doc + $id; $id = $doc\n"),
        ("a.js", "const doc = ''; fetch(doc);\n", "doc = doc + 'a';\n"),
    ] {
        let request = match &name[2..] {
            "py" => format!("requests.get(\"{URL}\", data=doc)\n"),
            "ps1" => format!("Invoke-RestMethod {URL} -Body $doc\n"),
            "js" => format!("fetch(\"{URL}\", doc)\n"),
            _ => format!("curl -s {URL} -d \"$doc\"\n"),
        };
        let text = format!("{head}{}{request}", lines(line));
        let found = Scanner::new(Duration::from_secs(10)).scan(Path::new(name), text.as_bytes());
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
}
