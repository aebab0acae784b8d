//! The tools around the EC2 API: `imds env`, `imds access-key`, `imds instance`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testkit::http::{Response, exchange};
use testkit::{
    Context as _, Finished, Need, Process, Result, Server, Trial, ensure, imds, test, tests,
};

use crate::api::{Variables, call, element, elements, image, post, until_applied};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        env_says_that_nobody_runs,
        env_warns_of_an_aws_cli_that_would_ask_aws,
        memory_shows_its_variables_in_the_banner,
        keys_come_and_go,
        who_may_only_read_makes_no_keys,
        who_may_all_reads_nothing_of_the_host,
        keys_can_be_chosen,
        nobody_administers_without_a_signature,
        pages_in_a_browser_are_refused,
        what_a_terminal_obeys_is_escaped,
        instances_as_people_read_them,
        the_control_port_is_in_use,
        unsigned_requests_are_for_loopback_only,
        the_api_can_be_left_out,
    ];
    tests.push(test("tools::aws_cli_after_env", &[Need::Python], aws_cli_after_env));
    let debians = &[Need::Program("/usr/bin/aws")];
    tests.push(test("tools::debians_aws_cli_is_told_the_endpoint", debians, debians_aws_cli));
    tests
}

/// A command that finds the state of `server`.
pub(crate) fn imds_beside(server: &Server, arguments: &[&str]) -> Command {
    let mut command = imds();
    command.args(arguments).env("XDG_STATE_HOME", server.state_home());
    command
}

/// What such a command prints.
pub(crate) fn output(server: &Server, arguments: &[&str]) -> Result<String> {
    Ok(Finished::success(&mut imds_beside(server, arguments))?.stdout)
}

pub(crate) fn expect(text: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(text.contains(word), "no {word:?} in: {text}");
    }
    Ok(())
}

fn env_says_that_nobody_runs() -> Result<()> {
    let home = tempfile::tempdir()?;
    for command in [&["env"][..], &["access-key", "list"], &["instance", "list"]] {
        let mut command_line = imds();
        command_line.args(command).env("XDG_STATE_HOME", home.path());
        let finished = Finished::of(&mut command_line)?.expect_code(4)?;
        ensure!(finished.stdout.is_empty(), "{finished:#?}");
        expect(&finished.stderr, &["no `imds serve`", "hint: start it: imds serve"])?;
    }
    ensure!(fs::read_dir(home.path())?.next().is_none(), "it made something");

    let mut server = Server::start(&[])?;
    server.process().child().kill()?;
    server.process().child().wait()?;
    let finished = Finished::of(&mut imds_beside(&server, &["env"]))?.expect_code(4)?;
    expect(&finished.stderr, &["is running", "nobody answers on 127.0.0.1:"])
}

fn env_warns_of_an_aws_cli_that_would_ask_aws() -> Result<()> {
    let server = Server::start(&[])?;
    let bin = tempfile::tempdir()?;
    let aws = bin.path().join("aws");
    for (version, warns) in [("2.9.19", true), ("2.13.0", false)] {
        fs::write(&aws, format!("#!/bin/sh\necho aws-cli/{version} Python/3.11.2\n"))?;
        fs::set_permissions(&aws, fs::Permissions::from_mode(0o755))?;
        let mut env = imds_beside(&server, &["env"]);
        let finished = Finished::success(env.env("PATH", testkit::path_with(bin.path())))?;
        ensure!(finished.stderr.contains("--endpoint-url http://127.") == warns, "{finished:#?}");
    }
    Ok(())
}

fn aws_cli_after_env() -> Result<()> {
    let server = Server::start(&["--region", "eu-west-1"])?;
    let mut shell = testkit::program("sh");
    shell.args(["-ec", "eval \"$(imds env)\"; exec aws ec2 describe-instances --output text \
                        --query 'Reservations[].Instances[].[InstanceId,Placement.AvailabilityZone]'"]);
    let path = testkit::path_with_imds_and_python();
    shell.env("PATH", path).env("XDG_STATE_HOME", server.state_home());
    // What would get in the way.
    shell.env("AWS_PROFILE", "other").env("AWS_SESSION_TOKEN", "old");
    shell.env("HTTP_PROXY", "http://127.0.0.1:9").env("http_proxy", "http://127.0.0.1:9");
    let printed = Finished::success(&mut shell)?.stdout;
    ensure!(printed == "i-1234567890abcdef0\teu-west-1a\n", "{printed}");
    Ok(())
}

/// It knows no `AWS_ENDPOINT_URL_EC2`: only in a network where it cannot reach AWS.
fn debians_aws_cli() -> Result<()> {
    const SCRIPT: &str = "\
        aws='/usr/bin/aws --endpoint-url http://169.254.169.254:1339 --output text ec2'
        id=i-1234567890abcdef0
        $aws modify-instance-metadata-options --instance-id $id --http-put-response-hop-limit 3 \
            --query InstanceMetadataOptions.State
        $aws describe-instances --instance-ids $id \
            --query 'Reservations[].Instances[].MetadataOptions.[HttpPutResponseHopLimit,State]'";
    let mut program = testkit::exec(&["--control"], &["sh", "-ec", SCRIPT]);
    let printed = Finished::success(&mut program)?.stdout;
    ensure!(printed == "pending\n3\tapplied\n", "{printed}");
    Ok(())
}

/// Nobody else can look into it.
fn memory_shows_its_variables_in_the_banner() -> Result<()> {
    let mut serve = imds();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let mut process =
        Process::start(serve.args(["--state", "memory"]).stdout(std::process::Stdio::piped()))?;
    let stdout = process.child().stdout.take().context("standard output is piped")?;
    let lines = BufReader::new(stdout).lines().map_while(std::io::Result::ok);
    let banner: Vec<_> = lines.take_while(|line| !line.starts_with("unset")).collect();
    expect(
        &banner.join("\n"),
        &["export AWS_ENDPOINT_URL_EC2='http://127.0.0.1:", "export AWS_SECRET_ACCESS_KEY='"],
    )
}

fn keys_come_and_go() -> Result<()> {
    let server = Server::start(&[])?;
    let variables = Variables::of(&server)?;
    let (first, secret) =
        (variables.get("AWS_ACCESS_KEY_ID")?, variables.get("AWS_SECRET_ACCESS_KEY")?);
    let created = output(&server, &["access-key", "create"])?;
    let second = created.split('\'').nth(1).unwrap_or_default().to_owned();
    ensure!(second.starts_with("AKIA") && second.len() == 20, "{created}");
    let list = output(&server, &["access-key", "list"])?;
    expect(&list, &["ID", first, &second, "admin"])?;
    ensure!(!list.contains(secret), "a secret is shown again: {list}");

    // A key that is gone is nobody's.
    output(&server, &["access-key", "delete", first])?;
    let mut with_first = imds();
    variables.lead(&mut with_first).args(["instance", "list"]);
    let finished = Finished::of(&mut with_first)?.expect_code(3)?;
    expect(&finished.stderr, &["AuthFailure"])?;
    // And `imds env` gives the other one.
    ensure!(Variables::of(&server)?.get("AWS_ACCESS_KEY_ID")? == second);

    let last = imds_beside(&server, &["access-key", "delete", &second]);
    let finished = Finished::of(&mut { last })?.expect_code(2)?;
    expect(&finished.stderr, &[&second, "the last access key"])?;
    let unknown = imds_beside(&server, &["access-key", "delete", "AKIAIOSFODNN7EXAMPLE"]);
    let finished = Finished::of(&mut { unknown })?.expect_code(1)?;
    expect(&finished.stderr, &["there is no access key AKIAIOSFODNN7EXAMPLE"])?;
    ensure!(!server.messages().contains(secret) && !server.log().contains(secret));
    Ok(())
}

fn who_may_only_read_makes_no_keys() -> Result<()> {
    let server = Server::start(&[])?;
    let created = output(&server, &["access-key", "create", "--read-only"])?;
    let words: Vec<_> = created.split('\'').collect();
    let variables = Variables::of(&server)?;
    let as_reader = |arguments: &[&str]| {
        let mut command = imds();
        variables.lead(&mut command).args(arguments);
        command.env("AWS_ACCESS_KEY_ID", words[1]).env("AWS_SECRET_ACCESS_KEY", words[3]);
        Finished::of(&mut command)
    };
    expect(&as_reader(&["instance", "list"])?.expect_code(0)?.stdout, &["i-1234567890abcdef0"])?;
    for command in [&["access-key", "create"][..], &["access-key", "list"]] {
        expect(&as_reader(command)?.expect_code(3)?.stderr, &["UnauthorizedOperation"])?;
    }
    Ok(())
}

/// Values that name files of the host, or its user's keys, stay the words that they are.
fn who_may_all_reads_nothing_of_the_host() -> Result<()> {
    const ID: &str = "i-1234567890abcdef0";
    const SECRETS: [&str; 3] = ["words-of-a-file", "words-of-a-variable", "words-of-a-profile"];
    let home = tempfile::tempdir()?;
    let file = home.path().join("file");
    fs::write(&file, SECRETS[0])?;
    fs::create_dir(home.path().join(".aws"))?;
    let profile = format!("aws_access_key_id = AKIA\naws_secret_access_key = {}\n", SECRETS[2]);
    fs::write(home.path().join(".aws/credentials"), format!("[default]\n{profile}"))?;
    let mut serve = imds();
    serve.env("HOME", home.path());
    serve.env("AWS_ACCESS_KEY_ID", "AKIA").env("AWS_SECRET_ACCESS_KEY", SECRETS[1]);
    let server = Server::start_by(serve, &["--no-auth", "--ami", "al2", "--role", "web"])?;

    let api = server.control();
    let path = file.display();
    let mut seen = String::new();
    let values =
        [format!("file://{path}"), format!("$(cat {path})"), "$AWS_SECRET_ACCESS_KEY".into()];
    for (number, value) in values.iter().enumerate() {
        let word = value.replace(' ', "+");
        let tag = format!("ResourceId.1={ID}&Tag.1.Key=t{number}&Tag.1.Value={word}");
        call(api, "CreateTags", &tag)?;
        let data = STANDARD.encode(value).replace('+', "%2B").replace('=', "%3D");
        let launch = format!("ImageId={}&MinCount=1&MaxCount=1&UserData={data}", image(api)?);
        let launched = call(api, "RunInstances", &launch)?;
        let id = element(&launched, "instanceId")?;
        let attribute = format!("InstanceId={id}&Attribute=userData");
        let document = call(api, "DescribeInstanceAttribute", &attribute)?;
        let data = STANDARD.decode(elements(&document, "value")[0])?;
        ensure!(data == value.as_bytes(), "{value}: {document}");
    }
    let options = format!("InstanceId={ID}&InstanceMetadataTags=enabled");
    call(api, "ModifyInstanceMetadataOptions", &options)?;
    until_applied(api, ID)?;
    for action in ["DescribeInstances", "DescribeTags", "DescribeIamInstanceProfileAssociations"] {
        seen += &call(api, action, "")?;
    }
    seen += &post(api, "/imds", r#"{"action":"ListAccessKeys"}"#)?.text()?;
    let endpoint = format!("http://{}", server.address());
    for what in [&["--tree", "/"][..], &["iam/security-credentials/web"]] {
        seen += &output(&server, &[&["get", "--endpoint", &endpoint], what].concat())?;
    }
    let missing = values.iter().find(|value| !seen.contains(value.as_str()));
    ensure!(missing.is_none(), "{missing:?} is not in {seen}");
    let found = SECRETS.iter().find(|secret| seen.contains(**secret));
    ensure!(found.is_none(), "{found:?} is in {seen}");
    Ok(())
}

fn nobody_administers_without_a_signature() -> Result<()> {
    const LIST: &str = r#"{"action":"ListAccessKeys"}"#;
    let server = Server::start(&[])?;
    let answer = post(server.control(), "/imds", LIST)?;
    ensure!(answer.status() == 403, "{answer:?}");
    expect(&answer.text()?, &["MissingAuthenticationToken"])?;
    let open = Server::start(&["--no-auth"])?;
    expect(&post(open.control(), "/imds", LIST)?.text()?, &["\"AccessKeys\""])?;
    let answer = post(open.control(), "/imds", r#"{"action":"Dance"}"#)?;
    ensure!(answer.status() == 400, "{answer:?}");
    Ok(())
}

/// Whoever may set tags does not write to the terminals of others.
fn what_a_terminal_obeys_is_escaped() -> Result<()> {
    let server = Server::start(&["--tag", "Name=\u{9b}2Jred\u{202e}", "--ami", "al2"])?;
    let list = output(&server, &["instance", "list"])?;
    ensure!(list.contains("\\u{9b}2Jred\\u{202e}"), "{list:?}");
    ensure!(!list.chars().any(|one| one.is_control() && one != '\n'), "{list:?}");
    Ok(())
}

/// With `--no-auth`, what a page can have a browser send to any address is not carried out.
fn pages_in_a_browser_are_refused() -> Result<()> {
    let server = Server::start(&["--no-auth"])?;
    let port = server.control().port();
    let target = "/?Action=DescribeInstances&Version=2016-11-15";
    for (host, header, status) in [
        ("127.0.0.1", "", 200),
        ("localhost", "", 200),
        ("127.0.0.1", "Origin: http://page.example\r\n", 403),
        ("127.0.0.1", "Sec-Fetch-Site: cross-site\r\n", 403),
        ("127.0.0.1", "Sec-Fetch-Site: none\r\n", 403),
        // An image, in a browser that has no such header.
        ("127.0.0.1", "Referer: http://page.example/\r\n", 403),
        // As Node.js does it.
        ("127.0.0.1", "Sec-Fetch-Mode: cors\r\n", 200),
        // The page's own name, which now means this machine.
        ("page.example", "", 403),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n{header}Connection: close\r\n\r\n"
        );
        let answer = Response::parse(&exchange(server.control(), request.as_bytes())?)?;
        ensure!(answer.status() == status, "{host} {header}: {answer:?}");
    }
    Ok(())
}

fn instances_as_people_read_them() -> Result<()> {
    let server = Server::start(&["--tag", "Name=web-1", "--tag", "Stage=test", "--ami", "al2"])?;
    let list = output(&server, &["instance", "list"])?;
    let lines: Vec<Vec<_>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    let head = ["ID", "STATE", "TYPE", "ADDRESS", "TOKENS", "HOPS", "ENDPOINT", "NAME"];
    ensure!(lines.len() == 2 && lines[0] == head, "{list}");
    let address = lines[1][3];
    ensure!(address.starts_with("172.31."), "{list}");
    let id = "i-1234567890abcdef0";
    let row = [id, "running", "t2.micro", address, "optional", "1", "enabled", "web-1"];
    ensure!(lines[1] == row, "{list}");

    let shown = output(&server, &["instance", "show", id])?;
    expect(&shown, &[id, "  MetadataOptions State: applied\n", "  Tag Stage: test\n"])?;
    let json: serde_json::Value =
        serde_json::from_str(&output(&server, &["instance", "list", "--json"])?)?;
    ensure!(json[0]["MetadataOptions"]["HttpPutResponseHopLimit"] == 1, "{json}");
    ensure!(json[0]["Tags"]["Stage"] == "test", "{json}");

    let elsewhere = output(&server, &["instance", "list", "--region", "eu-west-1"])?;
    ensure!(elsewhere.lines().count() == 1, "{elsewhere}");
    let unknown = imds_beside(&server, &["instance", "show", "i-11111111"]);
    let finished = Finished::of(&mut { unknown })?.expect_code(2)?;
    expect(&finished.stderr, &["InvalidInstanceID.NotFound"])
}

fn serve(arguments: &[&str], code: i32) -> Result<String> {
    let mut command = imds();
    command.args(["serve", "--listen", "127.0.0.1:0", "--state", "memory"]).args(arguments);
    Ok(Finished::of(&mut command)?.expect_code(code)?.stderr)
}

fn the_control_port_is_in_use() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let message = serve(&["--control", &address], 4)?;
    expect(&message, &[&address, "ss -ltnp", "--control 127.0.0.1:0", "--control off"])
}

fn unsigned_requests_are_for_loopback_only() -> Result<()> {
    let message = serve(&["--no-auth", "--control", "0.0.0.0:0"], 2)?;
    expect(&message, &["--no-auth", "loopback only", "hint: leave out --no-auth"])
}

fn the_api_can_be_left_out() -> Result<()> {
    let mut server = Server::start(&[])?;
    server.process().signal("TERM")?;
    server.process().ended()?;
    let mut without =
        imds_beside(&server, &["serve", "--listen", "127.0.0.1:0", "--control", "off"]);
    let mut process = testkit::Process::start(without.stdout(std::process::Stdio::null()))?;
    let message = testkit::eventually("the API to be gone", || {
        let finished = Finished::of(&mut imds_beside(&server, &["env"])).ok()?;
        finished.stderr.contains("has no EC2 API").then_some(finished)
    })?;
    ensure!(message.status.code() == Some(4), "{message:#?}");
    process.signal("TERM")?;
    process.ended()?;
    Ok(())
}

/// By the command, and in the settings file; the secret is not shown.
fn keys_can_be_chosen() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let secret = directory.path().join("secret.txt");
    std::fs::write(&secret, "a-secret-of-my-own\n")?;
    let settings = directory.path().join("imds.toml");
    std::fs::write(&settings, "[[access-key]]\nid = \"test\"\nsecret-file = \"secret.txt\"\n")?;
    let server = Server::start(&["--config", &settings.display().to_string()])?;
    let env = output(&server, &["env"])?;
    assert!(env.contains("AWS_ACCESS_KEY_ID='test'"), "no other key is made: {env}");
    assert!(env.contains("AWS_SECRET_ACCESS_KEY='a-secret-of-my-own'"), "{env}");
    let secret = secret.display().to_string();
    let create =
        ["access-key", "create", "--read-only", "--id", "AKIAMINE", "--secret-file", &secret];
    assert_eq!(output(&server, &create)?, "");
    let list = output(&server, &["access-key", "list"])?;
    let mine = list.lines().find(|line| line.starts_with("AKIAMINE"));
    assert!(mine.is_some_and(|line| line.contains("read-only")), "{list}");
    Ok(())
}
