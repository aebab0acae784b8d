//! What `imds` says of itself: version, completions, manual pages, the schema of its settings file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use regex_lite::Regex;
use testkit::{Context as _, Finished, Need, Result, Trial, ensure, imds, program, test, tests};

use crate::readme;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests!(&[];
        the_version_names_the_build,
        log_levels_come_from_flag_and_environment,
        there_is_a_manual_page_for_each_command,
        each_shell_has_completions,
        the_second_name_is_the_same_program,
    );
    let relro = the_loader_leaves_nothing_writable_that_it_filled_in;
    tests.push(test("about::relro", &[Need::Program("readelf")], relro));
    tests.push(test("about::bash_completes", &[Need::Program("bash")], bash_completes));
    tests.push(test("about::pages_have_no_mistakes", &[Need::Program("groff")], groff_is_content));
    tests.push(test("about::the_schema_knows_the_example", &[Need::Python], schema));
    tests
}

/// As checkers of hardening look for it: full RELRO, and a position-independent executable.
fn the_loader_leaves_nothing_writable_that_it_filled_in() -> Result<()> {
    let mut readelf = program("readelf");
    readelf.args(["--wide", "--program-headers", "--dynamic"]).arg(testkit::binary());
    let headers = Finished::success(&mut readelf)?.stdout;
    for sign in ["GNU_RELRO", "BIND_NOW", "Flags: NOW PIE"] {
        ensure!(headers.contains(sign), "no {sign} in {headers}");
    }
    Ok(())
}

fn stdout(arguments: &[&str]) -> Result<String> {
    Ok(Finished::success(imds().args(arguments))?.stdout)
}

fn the_version_names_the_build() -> Result<()> {
    let number = env!("CARGO_PKG_VERSION").replace('.', r"\.");
    let line = format!(r"imds(-serve)? {number}( \([0-9a-f]{{7,9}}( \d{{4}}-\d\d-\d\d)?\))?");
    let short = Regex::new(&format!("^{line}\n$"))?;
    let long = format!(
        "^{line}\ncommit: ([0-9a-f]{{9,}}|unknown)\nrustc: 1\\..*\ntarget: .*-.*\n\
         profile: .*, opt-level .\nfeatures: .*\n$"
    );
    let long = Regex::new(&long)?;
    for (arguments, expected) in [
        (&["-V"][..], &short),
        (&["serve", "-V"], &short),
        (&["--version"], &long),
        (&["serve", "--version"], &long),
    ] {
        let text = stdout(arguments)?;
        ensure!(expected.is_match(&text), "{arguments:?}: {text}");
    }
    Ok(())
}

fn log_levels_come_from_flag_and_environment() -> Result<()> {
    for (variable, flags, code, words) in [
        ("inof", &["serve"][..], 2, "IMDS_LOG: \"inof\" is not a level"),
        // Nothing is started where it is wrong.
        ("imds=loud", &["exec", "--", "true"], 125, "IMDS_LOG: \"loud\" is not a level"),
        ("inof", &["exec", "--log-level", "warn", "--", "true"], 0, ""),
        ("", &["exec", "--", "true"], 0, ""),
        ("info", &["exec", "--log-level", "3", "--", "true"], 125, "\"3\" is not a level"),
    ] {
        let finished = Finished::of(imds().args(flags).env("IMDS_LOG", variable))?;
        let finished = finished.expect_code(code)?;
        ensure!(finished.stderr.contains(words), "{finished:#?}");
    }
    Ok(())
}

/// Pages are named after commands, and each has its flags and examples.
fn there_is_a_manual_page_for_each_command() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let pages = directory.path().join("new/man1");
    stdout(&["man", "--directory", pages.to_str().context("a path in UTF-8")?])?;
    let page = |name: &str| fs::read_to_string(pages.join(name)).with_context(|| name.to_owned());
    ensure!(page("imds.1")?.contains("imds\\-serve(1)"));
    let serve = page("imds-serve.1")?;
    for words in [
        "\\-\\-hop\\-limit",
        ".SH EXAMPLES",
        "imds serve \\-\\-ami al2",
        "EC2 API",
        "\n\\&imds serve [OPTIONS]\n",
    ] {
        ensure!(serve.contains(words), "no {words} in {serve}");
    }
    page("imds-event-maintenance-add.1")?;
    let printed = stdout(&["man", "serve"])?;
    ensure!(printed == serve, "{printed}");
    let finished = Finished::of(imds().args(["man", "sreve"]))?.expect_code(2)?;
    ensure!(finished.stderr.contains("imds has no subcommand \"sreve\""), "{finished:#?}");
    Ok(())
}

fn groff_is_content() -> Result<()> {
    let directory = tempfile::tempdir()?;
    stdout(&["man", "--directory", directory.path().to_str().context("a path in UTF-8")?])?;
    let mut count = 0;
    for entry in fs::read_dir(directory.path())? {
        let page = entry?.path();
        let mut groff = testkit::program("groff");
        groff.args(["-ww", "-man", "-Tutf8", "-z", "-Kutf8"]).arg(&page);
        let finished = Finished::success(&mut groff)?;
        ensure!(finished.stderr.is_empty(), "{}: {}", page.display(), finished.stderr);
        count += 1;
    }
    ensure!(count > 20, "{count} pages");
    Ok(())
}

fn each_shell_has_completions() -> Result<()> {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&["completions", shell])?;
        ensure!(script.contains("al2023") && script.contains("doctor"), "{shell}: {script}");
    }
    let finished = Finished::of(imds().args(["completions", "csh"]))?.expect_code(2)?;
    ensure!(finished.stderr.contains("powershell"), "{finished:#?}");
    Ok(())
}

fn the_second_name_is_the_same_program() -> Result<()> {
    let second = |arguments: &[&str]| {
        let mut command = testkit::program(env!("CARGO_BIN_EXE_ec2-imds"));
        Finished::of(command.args(arguments))
    };
    ensure!(second(&["--version"])?.expect_code(0)?.stdout == stdout(&["--version"])?);
    let usage = second(&["get"])?.expect_code(2)?;
    ensure!(usage.stderr.contains("Usage: ec2-imds get "), "{usage:#?}");
    let script = second(&["completions", "bash"])?.expect_code(0)?.stdout;
    ensure!(script.lines().any(|line| line.ends_with(" ec2-imds")), "{script}");
    // Where it is needed.
    let path = tempfile::tempdir()?;
    let other = path.path().join("imds");
    fs::write(&other, "#!/venv/bin/python\nfrom ec2_metadata.cli import main\n")?;
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755))?;
    let mut doctor = testkit::program(env!("CARGO_BIN_EXE_ec2-imds"));
    let found = Finished::of(doctor.args(["doctor", "--timeout", "1s"]).env("PATH", path.path()))?;
    let line = format!("a shell runs {}, of the Python package ec2-metadata,", other.display());
    ensure!(found.stdout.contains(&line), "{found:#?}");
    // Without the other one beside it.
    let directory = tempfile::tempdir()?;
    let alone = directory.path().join("ec2-imds");
    fs::copy(env!("CARGO_BIN_EXE_ec2-imds"), &alone)?;
    let finished = Finished::of(testkit::program(&alone).arg("--version"))?.expect_code(4)?;
    ensure!(finished.stderr.contains("installed with it"), "{finished:#?}");
    Ok(())
}

fn bash_completes() -> Result<()> {
    // Calls the function that the script registered, as bash does when somebody presses Tab.
    const PRESS_TAB: &str = r#"
        set -eu
        source <(imds completions bash)
        function=$(complete -p imds | sed 's/.* -F \([^ ]*\).*/\1/')
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        "$function" imds "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    for (line, expected) in [
        (&["imds", "ser"][..], &["serve"][..]),
        (&["imds", "serve", "--http-to"], &["--http-tokens"]),
        (&["imds", "serve", "--http-tokens", ""], &["optional", "required"]),
        (&["imds", "exec", "--ami", ""], &["al2", "al2023"]),
        (&["imds", "event", "maintenance", "add", "--code", "instance-s"], &["instance-stop"]),
        (&["imds", "serve", "--log-level", "d"], &["debug"]),
        (&["imds", "completions", "z"], &["zsh"]),
    ] {
        let mut bash = testkit::program("bash");
        bash.args(["--norc", "-c", PRESS_TAB, "bash"]).args(line);
        let finished = Finished::success(bash.env("PATH", testkit::path_with_imds()))?;
        let words: Vec<_> = finished.stdout.lines().collect();
        ensure!(words == expected, "{line:?}: {finished:#?}");
    }
    Ok(())
}

/// An independent validator accepts the documented file, and refuses what `imds` refuses.
fn schema() -> Result<()> {
    const VALIDATE: &str = r"
import json, sys, tomllib
from jsonschema import Draft202012Validator as Validator
schema = json.loads(sys.argv[1])
Validator.check_schema(schema)
def mistakes(text):
    return [error.message for error in Validator(schema).iter_errors(tomllib.loads(text))]
found = mistakes(sys.argv[2])
assert not found, found
for text in sys.argv[3:]:
    assert mistakes(text), text
";
    let schema = stdout(&["settings", "schema"])?;
    let page = readme::read_page("docs/settings.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let refused = [
        "no-such-key = 1",
        "listen = '127.0.0.1:1338'",
        "threads = 0",
        "stall = 2",
        "log-level = 'inof'",
        "[instance]\nhop_limit = 2",
        "[instance]\nhop-limit = 65",
        "[instance]\nami = 'al3'",
        "[instance]\ntags = { Name = 1 }",
        "[instance.role]\nnam = 'x'",
        "[instance.placement]\nhost-id = 'x'",
        "[[instance.interface]]\npublic-ipv4 = '198.51.100.7'",
        "[instance.block-devices]\nsdb = 'ram'",
        "[[subnet]]\nid = 'subnet-11111111'",
        "[[event]]\nafter = '1s'",
        "[paths]\n\"meta-data/rack\" = 7",
    ];
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    for text in refused {
        fs::write(&file, text)?;
        let finished = Finished::of(imds().args(["serve", "--config"]).arg(&file))?;
        finished.expect_code(2).context(text)?;
    }
    let mut python = testkit::program("python3");
    python.args(["-c", VALIDATE, &schema, example.context("a toml block")?]).args(refused);
    Finished::success(python.env("PATH", testkit::path_with_imds_and_python()))?;
    Ok(())
}
