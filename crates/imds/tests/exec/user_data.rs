//! `--run-user-data`: what an instance's first boot does with a script.

use std::fs::File;
use std::io::{Seek, Write};
use std::process::Command;

use testkit::{Finished, Need, Result, Trial, ensure, tests};

use super::sandbox::{As, everyone, imds_exec, text};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        it_runs_as_on_a_machine_that_has_just_booted,
        scripts_have_interpreters_of_their_own,
        a_message_has_its_scripts_run_and_the_rest_named,
        without_a_script_nothing_runs,
        other_programs_user_data_is_named,
    ];
    tests.extend(tests![
        &[Need::Program("gzip"), Need::Program("zstd"), Need::Program("base64")];
        compressed_user_data_is_decompressed,
        damaged_and_boundless_user_data_is_refused,
    ]);
    tests.extend(tests![&[Need::Program("curl")]; a_script_for_imdsv1]);
    tests
}

const V1_SCRIPT: &str = "#!/bin/sh\nset -e\n\
    id=$(curl -sSf http://169.254.169.254/latest/meta-data/instance-id)\n\
    echo \"this is $id\"\n\
    curl -s http://169.254.169.254/latest/user-data\n";

/// It is the instance's user data as well, so what works can read itself.
fn a_script_for_imdsv1() -> Result<()> {
    for who in everyone() {
        let finished = run(who, &["--ami", "al2"], V1_SCRIPT)?.expect_code(0)?;
        let expected = format!("this is i-1234567890abcdef0\n{V1_SCRIPT}");
        ensure!(finished.stdout == expected && finished.stderr.is_empty(), "{finished:#?}");

        let finished = run(who, &["--ami", "al2023"], V1_SCRIPT)?.expect_code(22)?;
        let error = "curl: (22) The requested URL returned error: 401\n\
             imds: user data: /var/lib/cloud/instance/scripts/part-001 ended with 22\n";
        ensure!(finished.stdout.is_empty() && finished.stderr == error, "{finished:#?}");
    }
    Ok(())
}

fn it_runs_as_on_a_machine_that_has_just_booted() -> Result<()> {
    let script = "#!/bin/sh\n\
        echo $0 $(id -u) $PWD ${HOME-homeless} ${IMDS_TEST_MARK-unmarked}\n\
        cat\n\
        ls /var/lib | wc -l\n";
    let entries = std::fs::read_dir("/var/lib")?.count();
    let entries = entries + usize::from(!std::path::Path::new("/var/lib/cloud").exists());
    for who in everyone() {
        let finished = run(who, &[], script)?.expect_code(0)?;
        let expected =
            format!("/var/lib/cloud/instance/scripts/part-001 0 / homeless unmarked\n{entries}\n");
        ensure!(finished.stdout == expected && finished.stderr.is_empty(), "{finished:#?}");
    }
    Ok(())
}

fn scripts_have_interpreters_of_their_own() -> Result<()> {
    let finished = run(As::Tester, &[], "#!/bin/cat\nnot for a shell\n")?.expect_code(0)?;
    ensure!(finished.stdout == "#!/bin/cat\nnot for a shell\n", "{finished:#?}");
    let finished = run(As::Tester, &[], "#!/no/such/interpreter\n")?.expect_code(127)?;
    ensure!(finished.stderr.contains("part-001 ended with 127"), "{finished:#?}");
    Ok(())
}

fn a_message_has_its_scripts_run_and_the_rest_named() -> Result<()> {
    let message = "Content-Type: multipart/mixed; boundary=\"=\"\nMIME-Version: 1.0\n\n\
        --=\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho one; exit 3\n\
        --=\nContent-Type: text/cloud-config\n\n#cloud-config\n\
        --=\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho three; exit 4\n\
        --=--\n";
    let finished = run(As::Tester, &[], message)?.expect_code(3)?;
    ensure!(finished.stdout == "one\nthree\n", "{finished:#?}");
    let warning = "imds: warning: part-002 of the user data is not run, being text/cloud-config";
    ensure!(finished.stderr.starts_with(warning), "{finished:#?}");
    Ok(())
}

fn without_a_script_nothing_runs() -> Result<()> {
    let finished = run(As::Tester, &[], "echo hello\n")?.expect_code(125)?;
    ensure!(finished.stdout.is_empty(), "{finished:#?}");
    ensure!(finished.stderr.contains("the user data has no script"), "{finished:#?}");
    ensure!(finished.stderr.contains("#!/bin/sh"), "{finished:#?}");
    Ok(())
}

fn other_programs_user_data_is_named() -> Result<()> {
    let credentials = r#"{"systemd.credentials": [{"name": "a", "text": "secret"}]}"#;
    let finished = run(As::Tester, &[], credentials)?.expect_code(125)?;
    let message = "no script, only credentials for systemd (systemd.credentials)";
    ensure!(finished.stderr.contains(message), "{finished:#?}");
    ensure!(!finished.stderr.contains("secret"), "{finished:#?}");
    Ok(())
}

/// It is served as it is, and run decompressed.
fn compressed_user_data_is_decompressed() -> Result<()> {
    const SCRIPT: &str = "#!/bin/sh\necho decompressed\n";
    let message = format!(
        "Content-Type: multipart/mixed; boundary=\"=\"\nMIME-Version: 1.0\n\n\
         --=\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\n{}\n\
         --=\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho plain\n--=--\n",
        text(&piped("gzip -c | base64", SCRIPT.as_bytes())?)
    );
    for (compress, content, expected, warning) in [
        ("gzip -c", SCRIPT, "decompressed\n", ""),
        ("cat", &message, "decompressed\nplain\n", ""),
        ("gzip -c", &message, "decompressed\nplain\n", ""),
        (
            "zstd -qc",
            SCRIPT,
            "decompressed\n",
            "imds: warning: the user data is compressed with zstd; cloud-init reads gzip only\n",
        ),
    ] {
        let user_data = piped(compress, content.as_bytes())?;
        for who in everyone() {
            let finished = run(who, &[], &user_data)?.expect_code(0)?;
            ensure!(finished.stdout == expected, "{compress} {finished:#?}");
            ensure!(finished.stderr == warning, "{compress} {finished:#?}");
        }
    }
    Ok(())
}

fn damaged_and_boundless_user_data_is_refused() -> Result<()> {
    for compress in ["gzip -c", "zstd -qc"] {
        let name = compress.split(' ').next().unwrap_or_default();
        let whole = piped(compress, V1_SCRIPT.as_bytes())?;
        let finished = run(As::Tester, &[], &whole[..whole.len() - 6])?.expect_code(125)?;
        let message = format!("the user data is damaged {name}");
        ensure!(finished.stderr.contains(&message), "{finished:#?}");
    }
    // 18 MiB in less than a kilobyte.
    let large = piped("head -c 18874368 /dev/zero | zstd -qc19", b"")?;
    let finished = run(As::Tester, &[], &large)?.expect_code(125)?;
    ensure!(finished.stderr.contains("too large once decompressed: over 17 MiB"), "{finished:#?}");
    Ok(())
}

/// What a shell's pipeline makes of the input.
fn piped(pipeline: &str, input: &[u8]) -> Result<Vec<u8>> {
    let output = Command::new("sh").args(["-c", pipeline]).stdin(file(input)?).output()?;
    ensure!(output.status.success(), "{pipeline}: {output:?}");
    Ok(output.stdout)
}

fn file(content: &[u8]) -> Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(content)?;
    file.rewind()?;
    Ok(file)
}

fn run(who: As, options: &[&str], user_data: impl AsRef<[u8]>) -> Result<Finished> {
    let mut command = imds_exec(who);
    let user_data = file(user_data.as_ref())?;
    command
        .args(options)
        .args(["--run-user-data", "-"])
        .stdin(user_data)
        .env("IMDS_TEST_MARK", "1");
    Finished::of(&mut command)
}
