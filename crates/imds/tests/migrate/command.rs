//! The command line: what is printed, what is written, and the exit codes.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use imds_migrate::{ScanError, Scanner};
use tempfile::TempDir;
use testkit::{Context as _, Finished, Result, Trial, ensure, imds, tests};

const SCRIPT: &str =
    "#!/bin/sh\ncurl -s http://169.254.169.254/latest/meta-data/instance-id # who\n";
const LAUNCH: &str = "resource \"aws_launch_template\" \"a\" {\n  metadata_options {\n    \
                      http_endpoint = \"enabled\"\n    http_tokens = \"optional\"\n  }\n}\n";

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        findings_are_printed_in_the_order_of_names,
        a_patch_that_applies,
        a_patch_of_bytes_that_are_no_text,
        write_changes_what_is_safe_and_offers_when_asked,
        check_tells_with_its_exit_code,
        json_and_sarif_are_for_tools,
        standard_input_is_rewritten_to_standard_output,
        what_cannot_be_read_is_a_warning_and_an_exit_code,
        what_is_not_read_is_no_all_clear,
        ignored_files_are_left_alone,
        a_file_over_its_time_is_left_out,
        a_process_that_dies_costs_one_file,
        rules_have_levels,
        what_is_not_understood_is_said,
        a_terminal_gets_no_control_characters,
        wrong_arguments_are_refused,
    ]
}

/// A folder with a script to rewrite and a launch template to fix.
fn folder() -> Result<TempDir> {
    let folder = TempDir::new()?;
    fs::create_dir(folder.path().join("b"))?;
    fs::write(folder.path().join("b/setup.sh"), SCRIPT)?;
    fs::write(folder.path().join("a.tf"), LAUNCH)?;
    Ok(folder)
}

fn migrate(folder: &Path, arguments: &[&str]) -> Result<Finished> {
    Finished::of(imds().arg("migrate").args(arguments).current_dir(folder))
}

fn code(finished: &Finished) -> Option<i32> {
    finished.status.code()
}

fn findings_are_printed_in_the_order_of_names() -> Result<()> {
    let folder = folder()?;
    let found = migrate(folder.path(), &[])?;
    ensure!(code(&found) == Some(0), "{found:?}");
    let places: Vec<_> = found.stdout.lines().filter(|line| line.contains("-->")).collect();
    ensure!(places == [" --> a.tf:4:19", " --> b/setup.sh:2:1"], "{}", found.stdout);
    ensure!(found.stdout.contains("+ IMDS_TOKEN=$(curl"), "{}", found.stdout);
    ensure!(found.stderr.lines().count() == 1, "no progress in a pipe: {}", found.stderr);
    ensure!(found.stderr.starts_with("2 findings in 2 of 2 files: 1 "), "{}", found.stderr);
    ensure!(!found.stdout.contains('\u{1b}'), "no colours in a pipe");
    Ok(())
}

fn a_patch_that_applies() -> Result<()> {
    let folder = folder()?;
    let patch = migrate(folder.path(), &["--diff", "--offers"])?;
    ensure!(fs::read_to_string(folder.path().join("b/setup.sh"))? == SCRIPT, "only shown");
    fs::write(folder.path().join("patch"), &patch.stdout)?;
    let apply = ["apply", "patch"];
    Finished::success(Command::new("git").args(apply).current_dir(folder.path()))?;
    fs::remove_file(folder.path().join("patch"))?;
    let left = migrate(folder.path(), &["--check"])?;
    ensure!(code(&left) == Some(0) && left.stdout.is_empty(), "{left:?}");
    Ok(())
}

fn a_patch_of_bytes_that_are_no_text() -> Result<()> {
    let folder = TempDir::new()?;
    let script = folder.path().join("caf\u{e9} 1.sh");
    let before = [b"# caf\xe9\n", SCRIPT.as_bytes(), b"echo \xff\xfe\rx"].concat();
    fs::write(&script, &before)?;
    let patch = imds().args(["migrate", "--diff"]).current_dir(folder.path()).output()?.stdout;
    fs::write(folder.path().join("patch"), &patch)?;
    let apply = ["apply", "patch"];
    Finished::success(Command::new("git").args(apply).current_dir(folder.path()))?;
    let patched = fs::read(&script)?;
    fs::write(&script, &before)?;
    migrate(folder.path(), &["--write"])?;
    ensure!(patched != before && patched == fs::read(&script)?, "{}", patched.escape_ascii());
    Ok(())
}

fn write_changes_what_is_safe_and_offers_when_asked() -> Result<()> {
    let folder = folder()?;
    let script = folder.path().join("b/setup.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let written = migrate(folder.path(), &["--write"])?;
    ensure!(written.stdout.ends_with("rewritten: b/setup.sh\n"), "{written:?}");
    ensure!(written.stdout.contains(" --> a.tf:4:19"), "what is left is shown: {written:?}");
    let text = fs::read_to_string(&script)?;
    ensure!(text.contains("X-aws-ec2-metadata-token: $IMDS_TOKEN"), "{text}");
    ensure!(fs::metadata(&script)?.permissions().mode() & 0o777 == 0o755, "the mode is kept");
    ensure!(fs::read_to_string(folder.path().join("a.tf"))? == LAUNCH, "offers are not made");
    let offered = migrate(folder.path(), &["--write", "--offers", "--check"])?;
    ensure!(offered.stdout == "rewritten: a.tf\n" && code(&offered) == Some(0), "{offered:?}");
    let again = migrate(folder.path(), &["--write", "--offers"])?;
    ensure!(again.stdout.is_empty(), "a second run has nothing to do: {again:?}");
    ensure!(fs::read_to_string(&script)? == text, "and changes nothing");
    Ok(())
}

fn check_tells_with_its_exit_code() -> Result<()> {
    let folder = folder()?;
    for (arguments, expected) in [
        (&["--check"][..], 1),
        (&["--check", "--json"], 1),
        // The launch template is left.
        (&["--check", "--write"], 1),
        (&["--check", "b"], 0),
        (&["--check", "--write", "--offers"], 0),
    ] {
        let checked = migrate(folder.path(), arguments)?;
        ensure!(code(&checked) == Some(expected), "{arguments:?}: {checked:?}");
    }
    Ok(())
}

fn json_and_sarif_are_for_tools() -> Result<()> {
    let folder = folder()?;
    let json = migrate(folder.path(), &["--json"])?;
    ensure!(json.stderr.is_empty(), "{}", json.stderr);
    let lines: Vec<serde_json::Value> =
        json.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let places: Vec<_> = lines.iter().map(|line| (&line["file"], &line["line"])).collect();
    ensure!(places == [(&"a.tf".into(), &4.into()), (&"b/setup.sh".into(), &2.into())]);
    let sarif = migrate(folder.path(), &["--sarif"])?;
    let log: serde_json::Value = serde_json::from_str(&sarif.stdout)?;
    let results = log["runs"][0]["results"].as_array().context("no results")?;
    ensure!(log["version"] == "2.1.0" && results.len() == 2, "{log}");
    // What the schema requires, and GitHub's code scanning beside it.
    let driver = &log["runs"][0]["tool"]["driver"];
    ensure!(driver["name"].is_string() && log["runs"][0]["columnKind"] == "unicodeCodePoints");
    let rules = driver["rules"].as_array().context("no rules")?;
    for result in results {
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().context("no file")?;
        let start = location["region"]["startLine"].as_u64().context("no line")?;
        ensure!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
        ensure!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        ensure!(folder.path().join(uri).is_file() && start >= 1, "{result}");
        for change in result["fixes"][0]["artifactChanges"].as_array().context("no fix")? {
            let replacements = change["replacements"].as_array().context("no replacements")?;
            ensure!(change["artifactLocation"]["uri"].is_string() && !replacements.is_empty());
            ensure!(replacements.iter().all(|r| r["deletedRegion"].is_object()), "{result}");
        }
    }
    Ok(())
}

fn standard_input_is_rewritten_to_standard_output() -> Result<()> {
    let from_stdin = |arguments: &[&str], text: &str| -> Result<Finished> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        std::io::Seek::rewind(&mut file)?;
        Finished::of(imds().arg("migrate").args(arguments).stdin(Stdio::from(file)))
    };
    let written = from_stdin(&["--write", "-"], SCRIPT)?;
    ensure!(written.stdout.contains("-H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\""), "{written:?}");
    ensure!(written.stdout.ends_with("instance-id # who\n"), "{written:?}");
    let named = from_stdin(&["--json", "--stdin-name", "main.tf", "-"], LAUNCH)?;
    ensure!(named.stdout.contains("\"file\":\"main.tf\""), "{named:?}");
    // Nothing but its content tells what it is, and that is too little.
    let unnamed = from_stdin(&["--json", "--check", "-"], LAUNCH)?;
    ensure!(unnamed.stdout.is_empty() && code(&unnamed) == Some(0), "{unnamed:?}");
    let clean = from_stdin(&["--write", "-"], "#!/bin/sh\necho\n")?;
    ensure!(clean.stdout == "#!/bin/sh\necho\n", "{clean:?}");
    Ok(())
}

fn what_cannot_be_read_is_a_warning_and_an_exit_code() -> Result<()> {
    let folder = folder()?;
    let found = migrate(folder.path(), &["nowhere", "b"])?;
    ensure!(code(&found) == Some(4), "{found:?}");
    let why = "imds: warning: cannot read nowhere: No such file or directory (os error 2)\n";
    ensure!(found.stderr.starts_with(why), "{found:?}");
    ensure!(found.stdout.contains("b/setup.sh:2:1"), "the rest is done: {found:?}");
    let checked = migrate(folder.path(), &["--check", "nowhere", "b"])?;
    ensure!(code(&checked) == Some(1), "what is left weighs more: {checked:?}");
    Ok(())
}

/// A shell skips NUL bytes and runs the rest.
fn what_is_not_read_is_no_all_clear() -> Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("a.sh"), format!("#!/bin/sh\n# \0\n{SCRIPT}"))?;
    fs::write(folder.path().join("README.md"), SCRIPT)?;
    let summary = "2 files not read: 1 binary, 1 text for people\n";
    let found = migrate(folder.path(), &[])?;
    ensure!(found.stdout.contains("a.sh:4:1") && found.stdout.contains("NUL bytes"), "{found:?}");
    ensure!(found.stderr.ends_with(summary), "{found:?}");
    let named = migrate(folder.path(), &["a.sh", "README.md"])?;
    let warnings = "imds: warning: README.md was not read: its name says that it is a text for people\n\
                    imds: warning: a.sh was not read: it has NUL bytes, which no text has\n";
    ensure!(named.stderr.contains(warnings) && named.stderr.ends_with(summary), "{named:?}");
    Ok(())
}

fn ignored_files_are_left_alone() -> Result<()> {
    let folder = folder()?;
    fs::write(folder.path().join(".ignore"), "b/\n")?;
    let found = migrate(folder.path(), &["--json"])?;
    ensure!(!found.stdout.contains("setup.sh"), "{found:?}");
    let named = migrate(folder.path(), &["--json", "b/setup.sh"])?;
    ensure!(named.stdout.contains("setup.sh"), "a file that is named is read: {named:?}");
    Ok(())
}

fn a_file_over_its_time_is_left_out() -> Result<()> {
    let folder = folder()?;
    fs::write(folder.path().join("large.sh"), SCRIPT.repeat(20_000))?;
    let found = migrate(folder.path(), &["--time-limit", "1ms"])?;
    ensure!(code(&found) == Some(4), "{found:?}");
    ensure!(found.stderr.contains("large.sh: gave up after 0.001 s"), "{found:?}");
    ensure!(found.stdout.contains("large.sh:2:1") && found.stdout.contains("not-understood"));
    Ok(())
}

/// The first process that is started dies at once, as one does whose grammar aborts; the second is the
/// real one, and is killed between two files.
fn a_process_that_dies_costs_one_file() -> Result<()> {
    let folder = TempDir::new()?;
    let (mark, pid) = (folder.path().join("mark"), folder.path().join("pid"));
    let program = imds().get_program().to_owned();
    let script = format!(
        "if mkdir {} 2>/dev/null; then exec false; fi; echo $$ > {}; exec {} migrate --worker",
        mark.display(),
        pid.display(),
        program.display(),
    );
    let mut scanner = Scanner::in_process(Duration::from_secs(60), move || {
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    });
    let mut scan = || scanner.scan(Path::new("a.sh"), SCRIPT.as_bytes());
    ensure!(matches!(scan(), Err(ScanError::Died)), "the first process dies");
    ensure!(scan()?.len() == 1, "the next file is scanned by a new one");
    Finished::success(Command::new("kill").args(["-KILL", fs::read_to_string(&pid)?.trim()]))?;
    ensure!(matches!(scan(), Err(ScanError::Died)), "killed");
    ensure!(scan()?.len() == 1 && scan()?.len() == 1, "and started again");
    Ok(())
}

fn rules_have_levels() -> Result<()> {
    let folder = folder()?;
    for (rules, expected) in [
        ("", 1),
        ("tokens-not-required=note", 1),
        ("all=note", 0),
        ("all=off,old-library=error", 0),
        ("all=note,tokenless-request=warning", 1),
    ] {
        let checked = migrate(folder.path(), &["--check", "--rules", rules])?;
        ensure!(code(&checked) == Some(expected), "{rules}: {checked:?}");
    }
    fs::write(folder.path().join(".imds-migrate.toml"), "[rules]\nall-of-it = \"off\"\n")?;
    let refused = migrate(folder.path(), &[])?;
    ensure!(code(&refused) == Some(2) && refused.stderr.contains("all-of-it"), "{refused:?}");
    let config = "[rules]\ntokens-not-required = \"off\"\ntokenless-request = \"note\"\n";
    fs::write(folder.path().join(".imds-migrate.toml"), config)?;
    let checked = migrate(folder.path(), &["--check", "--json"])?;
    ensure!(code(&checked) == Some(0), "{checked:?}");
    ensure!(checked.stdout.lines().count() == 1 && checked.stdout.contains("\"level\":\"note\""));
    let over = migrate(folder.path(), &["--check", "--rules", "tokenless-request=error"])?;
    ensure!(code(&over) == Some(1), "the command line counts more: {over:?}");
    Ok(())
}

fn what_is_not_understood_is_said() -> Result<()> {
    let folder = TempDir::new()?;
    let text = "def id = new URL('http://169.254.169.254/latest/meta-data/instance-id').text\n";
    fs::write(folder.path().join("Jenkinsfile"), text)?;
    let found = migrate(folder.path(), &["--check"])?;
    ensure!(code(&found) == Some(0), "a note: {found:?}");
    ensure!(found.stderr.contains("1 file not understood"), "{found:?}");
    let json = migrate(folder.path(), &["--json"])?;
    ensure!(json.stdout.contains("\"rule\":\"not-understood\""), "{json:?}");
    let sarif = migrate(folder.path(), &["--sarif"])?;
    ensure!(sarif.stdout.contains("\"level\": \"note\""), "{sarif:?}");
    let strict = migrate(folder.path(), &["--check", "--rules", "not-understood=error"])?;
    ensure!(code(&strict) == Some(1), "{strict:?}");
    Ok(())
}

fn a_terminal_gets_no_control_characters() -> Result<()> {
    let folder = TempDir::new()?;
    let script = SCRIPT.replace("# who", "# \u{1b}]0;title\u{7} \u{9b}31m \u{202e}");
    fs::write(folder.path().join("a\u{1b}[31m.sh"), script)?;
    for arguments in [&[][..], &["--write"]] {
        let found = migrate(folder.path(), arguments)?;
        let text = format!("{}{}", found.stdout, found.stderr);
        ensure!(text.contains('\u{241b}'), "{arguments:?}: {text}");
        let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        ensure!(!text.chars().any(is_bad), "{arguments:?}: {}", text.escape_debug());
    }
    Ok(())
}

fn wrong_arguments_are_refused() -> Result<()> {
    let folder = folder()?;
    for arguments in [
        &["--json", "--write"][..],
        &["--diff", "--sarif"],
        &["--offers"],
        &["-", "b"],
        &["--time-limit", "soon"],
        &["--time-limit", "0s"],
    ] {
        let refused = migrate(folder.path(), arguments)?;
        ensure!(code(&refused) == Some(2), "{arguments:?}: {refused:?}");
    }
    Ok(())
}
