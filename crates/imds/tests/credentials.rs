//! Role credentials from a source: asked in time, kept while they live, and told of when they do not.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use testkit::{
    Context as _, Finished, Need, Result, Server, Trial, ensure, eventually, exec, tests,
};

pub(crate) fn tests() -> Vec<Trial> {
    let process = tests![&[];
        a_process_is_asked_again_fails_and_recovers, expired_keys_are_said_once_and_asked_for_less_often,
        a_source_that_fails_at_once_is_told_as_ec2_does, what_a_source_complains_of_is_shown_on_request,
        a_source_that_hangs_holds_nobody_up, one_that_hangs_ends_with_the_service,
        the_identity_role_has_a_source_of_its_own, the_identity_role_is_given_keys,
        one_source_is_enough, the_account_is_named_where_a_setting_says_so];
    let cli_v1 = tests![
        &[Need::Python, Need::Program("curl")];
        a_role_is_assumed_by_the_aws_cli, a_profile_with_a_role_asks_the_sts_that_is_said
    ];
    let cli_v2 = tests![
        &[Need::Program("/usr/bin/aws"), Need::Program("curl")];
        a_profile_is_read_by_the_aws_cli
    ];
    let slow = tests![&[Need::Patience]; one_that_hangs_is_killed_and_asked_again];
    [slow, process, cli_v1, cli_v2].into_iter().flatten().collect()
}

const DOCUMENT: &str = "/latest/meta-data/iam/security-credentials/app";
const SECRET: &str = "s3cr3t/s3cr3t";

/// Gives FIRST for a few seconds, then fails until `recovered` is there, then gives SECOND.
const PROCESS: &str = r#"
cd "$1"
if [ ! -e asked ]; then name=FIRST
elif [ -e recovered ]; then name=SECOND
else exit 1
fi
touch asked
end=$(date -u -d "4 seconds" +%Y-%m-%dT%H:%M:%SZ)
[ $name = FIRST ] || end=2099-01-01T00:00:00Z
printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "s3cr3t/%s",' $name s3cr3t
printf '"SessionToken": "s3cr3t/s3cr3t", "Expiration": "%s"}' "$end"
"#;

/// Writes the program; gives the setting that has it asked.
fn asks_process(directory: &Path) -> Result<String> {
    fs::write(directory.join("process"), PROCESS)?;
    let place = directory.display();
    Ok(format!("credential-process = \"sh {place}/process {place}\""))
}

fn a_process_is_asked_again_fails_and_recovers() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let config = write_config(directory.path(), &asks_process(directory.path())?)?;
    let server = Server::start(&["--config", &config])?;
    let document = || server.request("GET", DOCUMENT, &[]).ok()?.text().ok();
    let comes = |word: &str| {
        eventually(word, || document().filter(|text| text.contains(word))).context(word.to_owned())
    };

    let first = comes("\"AccessKeyId\" : \"FIRST\"")?;
    ensure!(first.contains(&format!("\"SecretAccessKey\" : \"{SECRET}\"")), "{first}");
    let failed = comes("\"Code\" : \"AssumeRoleUnauthorizedAccess\"")?;
    ensure!(failed.contains("\"Message\" : \"EC2 cannot assume the role app. "), "{failed}");
    ensure!(!failed.contains("FIRST") && !failed.contains(SECRET), "{failed}");
    fs::write(directory.path().join("recovered"), "")?;
    comes("\"AccessKeyId\" : \"SECOND\"")?;
    ensure!(!server.log().contains(SECRET), "{}", server.log());
    Ok(())
}

/// Gives keys that ended long ago, and counts how often it is asked.
const EXPIRED: &str = r#"
echo >> "$1/asked"
printf '{"Version": 1, "AccessKeyId": "OLD", "SecretAccessKey": "s", "SessionToken": "t",'
printf '"Expiration": "2001-01-01T00:00:00Z"}'
"#;

/// Guards against a source that is asked each second for what it does not have, with a line each time.
fn expired_keys_are_said_once_and_asked_for_less_often() -> Result<()> {
    let directory = tempfile::tempdir()?;
    fs::write(directory.path().join("expired"), EXPIRED)?;
    let place = directory.path().display();
    let role = format!("credential-process = \"sh {place}/expired {place}\"");
    let server = Server::start(&["--config", &write_config(directory.path(), &role)?])?;
    eventually("a second question", || {
        let asked = fs::read_to_string(directory.path().join("asked")).ok()?;
        (asked.lines().count() == 2).then_some(())
    })?;
    let document = server.request("GET", DOCUMENT, &[])?.text()?;
    ensure!(document.contains("AssumeRoleUnauthorizedAccess"), "{document}");
    let messages = server.messages();
    let said = messages.matches("expired at 2001-01-01T00:00:00Z").count();
    ensure!(said == 1 && !messages.contains("new credentials"), "{messages}");
    Ok(())
}

fn the_account_is_named_where_a_setting_says_so() -> Result<()> {
    const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended/";
    let with_role = ["--ami", "al2", "--role", "app", "--account", "210987654321"];
    let plain = Server::start(&with_role)?;
    ensure!(plain.request("GET", EXTENDED, &[])?.status() == 404);
    let enabled = [&with_role[..], &["--extended-credentials", "enabled"]].concat();
    let extended = Server::start(&enabled)?;
    ensure!(extended.request("GET", EXTENDED, &[])?.text()? == "app");
    let document = extended.request("GET", &format!("{EXTENDED}app"), &[])?.text()?;
    ensure!(document.ends_with("\"AccountId\" : \"210987654321\"\n}"), "{document}");
    ensure!(!extended.request("GET", DOCUMENT, &[])?.text()?.contains("AccountId"));
    Ok(())
}

/// What it printed stays with us; what it complains of is shown.
fn a_source_that_fails_at_once_is_told_as_ec2_does() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (line, complaint) in [
        (format!("echo {SECRET}; echo no luck >&2; exit 3"), "ended with exit status: 3"),
        (format!("echo {SECRET}"), "is no credentials"),
    ] {
        let config = write_config(directory.path(), &format!("credential-process = \"{line}\""))?;
        let get = format!("imds get --allow-v1 {}", DOCUMENT.trim_start_matches("/latest/"));
        let mut command = exec(&["--config", &config], &["sh", "-c", &get]);
        command.env("PATH", testkit::path_with_imds());
        let finished = Finished::success(&mut command)?;
        let all = format!("{}{}", finished.stdout, finished.stderr);
        ensure!(all.contains("AssumeRoleUnauthorizedAccess") && all.contains(complaint), "{all}");
        ensure!(!all.contains(SECRET), "{all}");
    }
    Ok(())
}

/// It may be anything; told apart from the service's own messages it is at level `debug`.
fn what_a_source_complains_of_is_shown_on_request() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let line = "echo a-complaint >&2; printf half >&2; exit 3";
    let config = write_config(directory.path(), &format!("credential-process = \"{line}\""))?;
    let silent = Server::start(&["--config", &config])?;
    ensure!(!silent.messages().contains("a-complaint"), "{}", silent.messages());
    let telling = Server::start(&["--config", &config, "--log-level", "debug"])?;
    let messages = telling.messages();
    let is_told = |words: &str| {
        messages.lines().any(|line| {
            line.contains(" DEBUG ") && line.contains("program=\"sh\"") && line.contains(words)
        })
    };
    ensure!(is_told("line=a-complaint") && is_told("line=half"), "{messages}");
    Ok(())
}

/// Says that it hangs, until somebody says `go on`.
const HANGING: &str = r#"
echo $$ >> "$1/asked"
until [ -e "$1/go-on" ]; do sleep 0.05; done
printf '{"Version": 1, "AccessKeyId": "LATE", "SecretAccessKey": "s", "SessionToken": "t"}'
"#;

/// The start waits for a few seconds and no longer; then clients are told that there are none, and
/// get them once they are there. In the sandbox too, though the source runs outside.
fn a_source_that_hangs_holds_nobody_up() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let config = hanging(directory.path())?;
    let go_on = directory.path().join("go-on");
    let script = format!(
        "get() {{ imds get --allow-v1 {}; }}
         get | grep -c AssumeRoleUnauthorizedAccess; touch {}
         until get | grep LATE; do :; done",
        DOCUMENT.trim_start_matches("/latest/"),
        go_on.display()
    );
    let mut command = exec(&["--config", &config], &["sh", "-c", &script]);
    command.env("PATH", testkit::path_with_imds());
    let finished = Finished::success(&mut command)?;
    ensure!(finished.stdout.starts_with("1\n"), "{finished:#?}");
    ensure!(finished.stdout.contains("AccessKeyId: LATE"), "{finished:#?}");
    ensure!(finished.stderr.contains("no credentials of app after 10s"), "{finished:#?}");
    let took = finished.took;
    ensure!(took < Duration::from_secs(30), "{took:?}");
    let asked = fs::read_to_string(directory.path().join("asked"))?;
    ensure!(asked.lines().count() == 1, "asked more than once:\n{asked}");
    Ok(())
}

fn one_that_hangs_ends_with_the_service() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut server = Server::start(&["--config", &hanging(directory.path())?])?;
    let document = server.request("GET", DOCUMENT, &[])?.text()?;
    ensure!(document.contains("AssumeRoleUnauthorizedAccess"), "{document}");
    let asked = fs::read_to_string(directory.path().join("asked"))?;
    ensure!(lives(asked.trim()), "it does not hang");
    server.process().signal("TERM")?;
    ensure!(server.process().ended()?.success());
    eventually("the end of the program", || (!lives(asked.trim())).then_some(()))
}

/// After a minute; and a few seconds later it may do better.
fn one_that_hangs_is_killed_and_asked_again() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let server = Server::start(&["--config", &hanging(directory.path())?])?;
    let asked = || fs::read_to_string(directory.path().join("asked")).unwrap_or_default();
    let again = || (asked().lines().count() == 2).then_some(());
    let is_asked_again = (0..4).any(|_| eventually("a second try", again).is_ok());
    ensure!(is_asked_again, "asked by {}", asked());
    let first = asked().lines().next().unwrap_or_default().to_owned();
    ensure!(!lives(&first), "{first} lives on");
    fs::write(directory.path().join("go-on"), "")?;
    eventually("credentials", || {
        let document = server.request("GET", DOCUMENT, &[]).ok()?.text().ok()?;
        document.contains("\"AccessKeyId\" : \"LATE\"").then_some(())
    })
}

/// Whether a process does; one that has ended may still wait for somebody to look.
fn lives(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

fn hanging(directory: &Path) -> Result<String> {
    let script = directory.join("process");
    fs::write(&script, HANGING)?;
    let line = format!("sh {} {}", script.display(), directory.display());
    write_config(directory, &format!("credential-process = \"{line}\""))
}

const IDENTITY: &str =
    "/latest/meta-data/identity-credentials/ec2/security-credentials/ec2-instance";

/// With a source for each role, both fail and recover by themselves.
fn the_identity_role_has_a_source_of_its_own() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let source = asks_process(directory.path())?;
    let config = write_config(directory.path(), &format!("[instance.identity-role]\n{source}"))?;
    let server = Server::start(&["--config", &config])?;
    let comes = |word: &str| {
        let document = || server.request("GET", IDENTITY, &[]).ok()?.text().ok();
        eventually(word, || document().filter(|text| text.contains(word))).context(word.to_owned())
    };
    comes("\"AccessKeyId\" : \"FIRST\"")?;
    let failed = comes("\"Code\" : \"AssumeRoleUnauthorizedAccess\"")?;
    ensure!(failed.contains("EC2 cannot assume the role ec2-instance. "), "{failed}");
    fs::write(directory.path().join("recovered"), "")?;
    comes("\"AccessKeyId\" : \"SECOND\"")?;
    let role = server.request("GET", DOCUMENT, &[])?.text()?;
    ensure!(role.contains("\"AccessKeyId\" : \"ASIA"), "made up: {role}");
    Ok(())
}

fn the_identity_role_is_given_keys() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let keys = "[instance.identity-role]\naccess-key-id = \"GIVEN\"\n\
                secret-access-key = \"s\"\nsession-token = \"t\"\n";
    let server = Server::start(&["--config", &write_config(directory.path(), keys)?])?;
    let document = server.request("GET", IDENTITY, &[])?.text()?;
    ensure!(document.contains("\"AccessKeyId\" : \"GIVEN\""), "{document}");
    Ok(())
}

fn one_source_is_enough() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (role, rule) in [
        ("profile = \"a\"\ncredential-process = \"b\"", "a role has credentials from one source: "),
        ("[instance.identity-role]\nname = \"a\"", "[instance.identity-role] takes no name"),
    ] {
        let config = write_config(directory.path(), role)?;
        let finished = Finished::of(&mut exec(&["--config", &config], &["true"]))?;
        let finished = finished.expect_code(125)?;
        ensure!(finished.stderr.contains(rule), "{finished:#?}");
    }
    Ok(())
}

const PROFILES: &str = "[profile base]\naws_access_key_id = AKIABASE\n\
    aws_secret_access_key = s3cr3t/s3cr3t\n\
    [profile app]\nrole_arn = arn:aws:iam::123456789012:role/app\nsource_profile = base\n\
    region = us-east-1\n";

/// The one command of the aws CLI 2.13 that is asked for here, with the SDK that it is made of: that
/// version is in no registry, and Debian's does not know where else STS could be.
const EXPORT_CREDENTIALS: &str = r#"
import boto3, json, sys
command, name = sys.argv[1:-1], sys.argv[-1]
assert command == ["configure", "export-credentials", "--format", "process", "--profile"], command
keys = boto3.Session(profile_name=name).get_credentials().get_frozen_credentials()
names = ["AccessKeyId", "SecretAccessKey", "SessionToken"]
print(json.dumps({"Version": 1, **dict(zip(names, keys))}))
"#;

/// With the keys of a profile, at an STS of somebody's own; in a session called as EC2 calls them.
fn a_role_is_assumed_by_the_aws_cli() -> Result<()> {
    let bin = std::env::var_os("IMDS_TEST_PYTHON").context("the test needs it")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let role = format!(
        "role-arn = \"arn:aws:iam::123456789012:role/app\"\nprofile = \"base\"\n\
         sts-endpoint = \"http://{}\"",
        listener.local_addr()?
    );
    let sts = thread::spawn(move || answer_as_sts(listener.accept()?.0));
    let document = document_by_aws_cli(&testkit::path_with(Path::new(&bin)), &role)?;
    ensure!(document.contains("\"AccessKeyId\" : \"ASIAASSUMED\""), "{document}");
    ensure!(document.contains("\"Expiration\" : \"2099-01-01T00:00:00Z\""), "{document}");
    let request = sts.join().ok().context("STS panicked")??;
    ensure!(request.contains("Credential=AKIABASE/"), "{request}");
    let session = "RoleSessionName=i-1234567890abcdef0";
    ensure!(request.contains("Action=AssumeRole&") && request.contains(session), "{request}");
    Ok(())
}

/// Where STS is, is said in the environment.
fn a_profile_with_a_role_asks_the_sts_that_is_said() -> Result<()> {
    let bin = std::env::var_os("IMDS_TEST_PYTHON").context("the test needs it")?;
    let directory = tempfile::tempdir()?;
    let aws = directory.path().join("aws");
    let python = Path::new(&bin).join("python");
    fs::write(&aws, format!("#!{}{EXPORT_CREDENTIALS}", python.display()))?;
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o755))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let role = format!("profile = \"app\"\nsts-endpoint = \"http://{}\"", listener.local_addr()?);
    let sts = thread::spawn(move || answer_as_sts(listener.accept()?.0));
    let document = document_by_aws_cli(&testkit::path_with(directory.path()), &role)?;
    ensure!(document.contains("\"AccessKeyId\" : \"ASIAASSUMED\""), "{document}");
    let request = sts.join().ok().context("STS panicked")??;
    ensure!(request.contains("Credential=AKIABASE/"), "{request}");
    ensure!(request.contains("Action=AssumeRole&"), "{request}");
    Ok(())
}

/// Version 2 gives what a profile has, whatever that is made of.
fn a_profile_is_read_by_the_aws_cli() -> Result<()> {
    let document = document_by_aws_cli("/usr/bin:/bin".as_ref(), "profile = \"base\"")?;
    ensure!(document.contains("\"AccessKeyId\" : \"AKIABASE\""), "{document}");
    ensure!(document.contains(SECRET), "{document}");
    Ok(())
}

/// The role's document, with the aws CLI on this path and [`PROFILES`] for it.
fn document_by_aws_cli(path: &OsStr, role: &str) -> Result<String> {
    let directory = tempfile::tempdir()?;
    let profiles = directory.path().join("config");
    fs::write(&profiles, PROFILES)?;
    let config = write_config(directory.path(), role)?;
    let url = format!("http://169.254.169.254{DOCUMENT}");
    let mut command = exec(&["--config", &config], &["curl", "-s", &url]);
    command.env("PATH", path).env("AWS_CONFIG_FILE", &profiles).env("HOME", directory.path());
    let finished = Finished::success(&mut command)?;
    ensure!(!finished.stderr.contains(SECRET), "{finished:#?}");
    Ok(finished.stdout)
}

fn write_config(directory: &Path, role: &str) -> Result<String> {
    let path = directory.join("imds.toml");
    fs::write(
        &path,
        format!("[instance]\nami = \"al2\"\n[instance.role]\nname = \"app\"\n{role}\n"),
    )?;
    Ok(path.to_str().context("a path in UTF-8")?.to_owned())
}

/// Lets whoever asks assume a role; gives back the request.
fn answer_as_sts(mut stream: TcpStream) -> Result<String> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    while reader.read_line(&mut request)? > 2 {}
    let length = request.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.context("a body")?.parse()?];
    reader.read_exact(&mut body)?;
    request += std::str::from_utf8(&body)?;
    let xml = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId>\
        <Arn>arn:aws:sts::123456789012:assumed-role/app/s</Arn></AssumedRoleUser><Credentials>\
        <AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>s3cr3t/s3cr3t</SecretAccessKey>\
        <SessionToken>t0ken</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId>\
        </ResponseMetadata></AssumeRoleResponse>";
    let length = xml.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{xml}"
    )?;
    Ok(request)
}
