//! The fixture as a test uses it: over a socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;

fn ask(imds: &Imds, head: &str) -> String {
    let mut stream = TcpStream::connect(imds.address()).unwrap();
    stream.write_all(format!("{head}\r\n\r\n").as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

const TOKEN: &str = "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60";

fn get(imds: &Imds, path: &str) -> String {
    let token = ask(imds, TOKEN);
    let token = token.rsplit("\r\n").next().unwrap();
    ask(imds, &format!("GET /latest/{path} HTTP/1.0\r\nX-aws-ec2-metadata-token: {token}"))
}

#[test]
fn settings_show_in_the_metadata() {
    let imds = Imds::builder()
        .instance_id("i-00000000000000001")
        .instance_type("t3.micro")
        .region("eu-west-1")
        .account("210987654321")
        .role("my-role")
        .tag("Name", "web-1")
        .user_data("#!/bin/sh")
        .value("meta-data/rack/row", "7")
        .launch(|launch| launch.monitoring = Some(Switch::Enabled))
        .start()
        .unwrap();
    for (path, value) in [
        ("meta-data/instance-id", "i-00000000000000001"),
        ("meta-data/instance-type", "t3.micro"),
        ("meta-data/placement/region", "eu-west-1"),
        ("meta-data/identity-credentials/ec2/info", "\"AccountId\" : \"210987654321\"\n}"),
        ("meta-data/iam/security-credentials/", "my-role"),
        ("meta-data/tags/instance/Name", "web-1"),
        ("user-data", "#!/bin/sh"),
        ("meta-data/rack/row", "7"),
    ] {
        let response = get(&imds, path);
        assert!(response.ends_with(value), "{path}: {response}");
    }
    assert_eq!(imds.url(), format!("http://{}/", imds.address()));
    assert_eq!(imds.instance().id.as_str(), "i-00000000000000001");
}

#[test]
fn requests_say_what_a_program_did() {
    let imds = Imds::start().unwrap();
    assert!(ask(&imds, "GET /latest/meta-data/ami-id HTTP/1.0").starts_with("HTTP/1.0 401 "));
    get(&imds, "meta-data/ami-id");
    let seen: Vec<_> =
        imds.requests().into_iter().map(|it| (it.method, it.has_token, it.status)).collect();
    let expected = [("GET", false, 401), ("PUT", true, 200), ("GET", true, 200)]
        .map(|(method, token, status)| (method.to_owned(), token, status));
    assert_eq!(seen, expected);
    assert!(imds.requests().is_empty(), "each request is told once");
}

#[test]
fn faults_come_and_go() {
    let imds = Imds::builder().fault("token,status=503").start().unwrap();
    assert!(ask(&imds, TOKEN).starts_with("HTTP/1.0 503 "));
    imds.remove_faults();
    assert!(ask(&imds, TOKEN).starts_with("HTTP/1.0 200 "));
    let id = imds.add_fault("token,status=403,count=1").unwrap();
    assert!(ask(&imds, TOKEN).starts_with("HTTP/1.0 403 "));
    assert!(ask(&imds, TOKEN).starts_with("HTTP/1.0 200 "));
    let hit: Vec<_> = imds.requests().into_iter().map(|request| request.fault).collect();
    assert_eq!(hit[1..], [None, Some(id), None]);
}

#[test]
fn a_value_that_is_not_valid_is_an_error_of_the_start() {
    for (builder, named) in [
        (Imds::builder().instance_id("web-1"), "web-1"),
        (Imds::builder().http_tokens("maybe"), "maybe"),
        (Imds::builder().image("windows").region("moon"), "windows"),
        (Imds::builder().tag("", "x"), "tag"),
        (Imds::builder().role("a role"), "a role"),
        (Imds::builder().fault("token,nonsense"), "nonsense"),
        (Imds::builder().value("api/token", "x"), "api/token"),
    ] {
        let error = builder.start().err().expect("it starts").to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn an_instance_whose_service_is_disabled_says_so() {
    let imds = Imds::builder().http_endpoint("disabled").start().unwrap();
    assert!(ask(&imds, TOKEN).starts_with("HTTP/1.0 403 "));
}

/// Tests run beside each other.
#[test]
fn two_services_know_nothing_of_each_other() {
    let one = Imds::builder().instance_id("i-00000000000000001").start().unwrap();
    let other = Imds::builder().instance_id("i-00000000000000002").start().unwrap();
    assert!(get(&one, "meta-data/instance-id").ends_with("i-00000000000000001"));
    assert!(get(&other, "meta-data/instance-id").ends_with("i-00000000000000002"));
    assert_eq!(one.requests().len(), 2);
}
