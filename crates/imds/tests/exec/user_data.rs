//! `--run-user-data`: what an instance's first boot does with a script.

use testkit::{Finished, Need, Result, Trial, ensure, tests};

use super::sandbox::{As, everyone, imds_exec};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        it_runs_as_on_a_machine_that_has_just_booted,
        scripts_have_interpreters_of_their_own,
        a_message_has_its_scripts_run_and_the_rest_named,
        without_a_script_nothing_runs,
    ];
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

fn run(who: As, options: &[&str], user_data: &str) -> Result<Finished> {
    let mut file = tempfile::tempfile()?;
    std::io::Write::write_all(&mut file, user_data.as_bytes())?;
    std::io::Seek::rewind(&mut file)?;
    let mut command = imds_exec(who);
    command.args(options).args(["--run-user-data", "-"]).stdin(file).env("IMDS_TEST_MARK", "1");
    Finished::of(&mut command)
}
