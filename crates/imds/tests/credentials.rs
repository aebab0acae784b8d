//! Role credentials from a source: asked in time, kept while they live, and told of when they do not.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use testkit::{
    Context as _, Finished, Need, Result, Server, Trial, ensure, eventually, exec, tests,
};

pub(crate) fn tests() -> Vec<Trial> {
    let process = tests![&[];
        a_process_is_asked_again_fails_and_recovers, a_source_that_fails_at_once_is_told_as_ec2_does,
        one_source_is_enough];
    let cli_v1 = tests![&[Need::Python, Need::Program("curl")]; a_role_is_assumed_by_the_aws_cli];
    let cli_v2 = tests![
        &[Need::Program("/usr/bin/aws"), Need::Program("curl")];
        a_profile_is_read_by_the_aws_cli
    ];
    [process, cli_v1, cli_v2].into_iter().flatten().collect()
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

fn a_process_is_asked_again_fails_and_recovers() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let script = directory.path().join("process");
    fs::write(&script, PROCESS)?;
    let place = directory.path().display();
    let config = write_config(
        directory.path(),
        &format!("credential-process = \"sh {place}/process {place}\""),
    )?;
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

fn one_source_is_enough() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let config = write_config(directory.path(), "profile = \"a\"\ncredential-process = \"b\"")?;
    let finished = Finished::of(&mut exec(&["--config", &config], &["true"]))?.expect_code(125)?;
    ensure!(finished.stderr.contains("a role has credentials from one source"), "{finished:#?}");
    Ok(())
}

const PROFILES: &str = "[profile base]\naws_access_key_id = AKIABASE\n\
    aws_secret_access_key = s3cr3t/s3cr3t\n";

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
