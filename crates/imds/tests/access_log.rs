//! The access log's word on distance: evidence for whoever wonders where a token went.

use serde_json::Value;
use testkit::client::Oddities;
use testkit::{Client, Family, Lab, Result, Server, Trial, ensure, test};

const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
const GET: &str = "GET / HTTP/1.1\r\n\r\n";

pub(crate) fn tests() -> Vec<Trial> {
    let trial = |routers: u8| {
        let name = format!("access_log::{routers}_routers");
        test(name, &[], move || tells_the_distance(routers))
    };
    let mut trials: Vec<_> = (0..=3).map(trial).collect();
    trials.push(test("access_log::an_odd_ttl_is_only_evidence", &[], odd_ttl));
    trials.push(test("access_log::what_was_sent_and_why_it_was_refused", &[], sent_and_refused));
    trials
}

/// The log line of a request from behind all routers of `lab`.
fn line(lab: &Lab, family: Family, request: &str, ttl: Option<u8>) -> Result<String> {
    let mut client =
        Client::connect(lab.client(), family.service(), Oddities { ttl, ..Oddities::default() })?;
    client.send(request)?;
    lab.log_line_of(client.port())
}

fn tells_the_distance(routers: u8) -> Result<()> {
    const HOP_LIMIT: u8 = 2;
    let arguments = ["--ami", "al2", "--hop-limit", "2"];
    let could_arrive = routers < HOP_LIMIT;
    let text = Lab::start(routers, &arguments)?;
    let json = Lab::start(routers, &[&arguments[..], &["--log-format", "json"]].concat())?;
    for family in Family::ALL {
        let get = line(&text, family, GET, None)?;
        ensure!(get.ends_with(&format!(" GET / 200 hops={routers}")), "{get}");
        let put = line(&text, family, PUT, None)?;
        let unit = if routers == 1 { "hop" } else { "hops" };
        let word = format!(
            " 200 hops={routers} token undeliverable: client is {routers} {unit} away, hop limit 2 \
             (needs {})",
            routers + 1
        );
        ensure!(put.ends_with(&word) != could_arrive, "{put}");
        ensure!(put.ends_with(&format!(" 200 hops={routers}")) == could_arrive, "{put}");

        let get: Value = serde_json::from_str(&line(&json, family, GET, None)?)?;
        ensure!(get["hops_away"] == routers && get["token_could_arrive"].is_null(), "{get}");
        let put: Value = serde_json::from_str(&line(&json, family, PUT, None)?)?;
        ensure!(put["hops_away"] == routers && put["hop_limit"] == HOP_LIMIT, "{put}");
        ensure!(put["token_could_arrive"] == could_arrive, "{put}");
    }
    Ok(())
}

/// A client can make itself look near, or far; the token goes as far as it goes.
fn odd_ttl() -> Result<()> {
    let lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
    for family in Family::ALL {
        for (ttl, hops) in [(65, 0), (129, 0), (128, 1), (255, 1), (64, 1), (61, 4)] {
            let put = line(&lab, family, PUT, Some(ttl))?;
            ensure!(put.contains(&format!(" 200 hops={hops}")), "TTL {ttl}: {put}");
        }
    }
    Ok(())
}

/// Neither says more than the path and a reason: no query, no token.
fn sent_and_refused() -> Result<()> {
    const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
    let server = Server::start(&[])?;
    let token = server.token(60)?;
    let with_token = format!("X-aws-ec2-metadata-token: {token}");
    let cases: [(&str, &[&str], &str); 11] = [
        ("GET /latest/meta-data/mac", &[&with_token], "/latest/meta-data/mac 200 hops=0"),
        (
            "GET //latest/meta-data//mac/?token=SECRET",
            &[&with_token],
            "/latest/meta-data/mac 200 hops=0 sent=//latest/meta-data//mac/",
        ),
        ("GET /latest/", &[], "/latest 401 hops=0 sent=/latest/ refused: no token"),
        (
            "GET /latest",
            &["X-aws-ec2-metadata-token: SECRET"],
            "/latest 401 hops=0 refused: token is expired or not this instance's",
        ),
        (
            "GET /latest",
            &[&with_token, "X-Forwarded-For: 10.0.0.1"],
            "/latest 403 hops=0 refused: X-Forwarded-For",
        ),
        (
            "PUT /latest/api/token/",
            &[],
            "/latest/api/token 403 hops=0 sent=/latest/api/token/ refused: PUT is for \
             /latest/api/token only",
        ),
        ("PUT /latest/api/token", &[], "/latest/api/token 400 hops=0 refused: no {TTL}"),
        (
            "PUT /latest/api/token",
            &["X-aws-ec2-metadata-token-ttl-seconds: 0"],
            "/latest/api/token 400 hops=0 refused: TTL is not 1 to 21600 seconds",
        ),
        ("GET /latest", &["Expect: 100-continue"], "/latest 417 hops=0 refused: Expect"),
        (
            "GET /latest",
            &["Content-Length: many"],
            "/ 400 hops=0 refused: Content-Length is not one number",
        ),
        ("GET /latest/nothing", &[&with_token], "/latest/nothing 404 hops=0"),
    ];
    for (request, headers, _) in cases {
        let (method, target) = request.split_once(' ').unwrap_or_default();
        server.request(method, target, headers)?;
    }
    let lines = server.log_lines(cases.len() + 1)?;
    for (line, (request, _, expected)) in lines.iter().skip(1).zip(cases) {
        let expected = format!(" {}", expected.replace("{TTL}", TTL));
        ensure!(line.ends_with(&expected), "{request}: {line}");
    }
    let log = lines.concat();
    ensure!(!log.contains("SECRET") && !log.contains(&token), "{log}");
    Ok(())
}
