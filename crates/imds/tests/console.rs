//! `imds serve --console`: who is let in, what is refused, and that it shows and changes what is served.

mod browser;
mod pages;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use testkit::{
    Context as _, Finished, Need, Result, Server, Trial, ensure, eventually, imds,
    path_with_imds_and_python, program, tests,
};

use browser::{Console, ID};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[];
        a_code_lets_one_browser_in_once,
        other_sites_are_refused,
        a_change_takes_effect,
        a_mistake_is_told_and_changes_nothing,
        faults_come_and_go,
        pages_are_in_both_languages,
        a_viewer_that_stops_reading_costs_nobody,
        it_is_on_loopback_and_needs_the_api,
    ];
    trials.extend(tests![&[Need::Python]; the_api_is_as_described]);
    trials.extend(pages::tests());
    trials
}

fn a_code_lets_one_browser_in_once() -> Result<()> {
    let mut console = Console::start(&[])?;
    let page = console.get("/")?;
    ensure!(page.status() == 200 && page.text()?.contains(ID), "{page:?}");
    for (name, expected) in [
        ("content-security-policy", "frame-ancestors 'none'"),
        ("content-security-policy", "script-src 'self'"),
        ("x-frame-options", "DENY"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        let value = page.header(name).unwrap_or_default();
        ensure!(value.contains(expected), "{name}: {value}");
    }
    let path = console.sign_in_path()?;
    ensure!(console.get(&path)?.status() == 200, "the first time");
    let again = console.get(&path)?;
    ensure!(again.status() == 403 && again.header("set-cookie").is_none(), "{again:?}");
    for path in ["/sign-in", "/sign-in?code=", "/sign-in?code=0123456789abcdef0123456789abcdef"] {
        ensure!(console.get(path)?.status() == 403, "{path}");
    }

    let cookie = std::mem::replace(&mut console.cookie, "imds-console=x".to_owned());
    for path in ["/", "/requests", &format!("/instances/{ID}")] {
        let page = console.get(path)?;
        ensure!(page.status() == 401 && !page.text()?.contains(ID), "{path}: {page:?}");
    }
    let api = console.get("/api/v1/instances")?;
    ensure!(api.status() == 401 && api.text()?.contains("NotSignedIn"), "{api:?}");
    ensure!(console.get("/assets/console.css")?.status() == 200, "the sign-in page has a style");
    console.cookie = cookie;
    ensure!(console.submit("/sign-out", "")?.status() == 303, "sign out");
    ensure!(console.get("/")?.status() == 401, "the session has ended");
    Ok(())
}

fn other_sites_are_refused() -> Result<()> {
    let console = Console::start(&["--http-tokens", "required"])?;
    let path = format!("/instances/{ID}/options");
    let form = "http_tokens=optional";
    let same = format!("Origin: http://{}", console.address);
    let port = console.address.port();
    let local = format!("Host: localhost:{port}");
    for headers in [
        &["Origin: http://evil.example"][..],
        &["Origin: null"],
        &["Origin: http://127.0.0.1:1"],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
        &["Host: console.evil.example"],
        &["Host: 127.0.0.1.evil.example"],
        // Another name for the same place has another origin.
        &[&local, &same],
    ] {
        let refused = console.send("POST", &path, headers, form)?;
        ensure!(refused.status() == 403, "{headers:?}: {refused:?}");
        let api = format!("/api/v1/instances/{ID}/metadata-options");
        let refused = console.send("PATCH", &api, headers, r#"{"http_tokens":"optional"}"#)?;
        ensure!(refused.status() == 403, "{headers:?}: {refused:?}");
    }
    let read = console.send("GET", "/", &["Host: rebound.example"], "")?;
    ensure!(read.status() == 403 && !read.text()?.contains(ID), "{read:?}");
    ensure!(console.send("GET", "/", &[&local], "")?.status() == 200, "localhost is a host");
    ensure!(console.tokens()? == "required", "a forged request changed it");
    ensure!(console.submit(&path, form)?.status() == 303, "the console's own form");
    ensure!(console.tokens()? == "optional", "the console's own form changes it");
    Ok(())
}

/// The way of the article: a script fails, the dialog is set to optional, the script works.
fn a_change_takes_effect() -> Result<()> {
    let console = Console::start(&["--ami", "al2023"])?;
    ensure!(console.v1()? == 401, "tokens are required");
    let path = format!("/instances/{ID}/options");
    let dialog = console.page(&path)?;
    for text in [
        "Modify instance metadata options",
        "Instance metadata service",
        "Metadata IPv6 endpoint",
        "V1 and V2 (token optional)",
        "V2 only (token required)",
        "Metadata response hop limit",
        "Allow tags in instance metadata",
        "--http-tokens required --http-put-response-hop-limit 2",
    ] {
        ensure!(dialog.contains(text), "{text}");
    }
    let form = "http_endpoint=enabled&http_protocol_ipv6=disabled&http_tokens=optional\
                &http_put_response_hop_limit=3&instance_metadata_tags=enabled";
    let changed = console.submit(&path, form)?;
    let place = changed.header("location").context("no place to go to")?.to_owned();
    ensure!(
        changed.status() == 303 && place == format!("/instances/{ID}?saved=changed"),
        "{place}"
    );
    let page = eventually("the change is applied", || {
        console.page(&place).ok().filter(|page| page.contains("data-state=\"applied\""))
    })?;
    ensure!(page.contains("V1 and V2 (token optional)"), "{page}");
    ensure!(console.v1()? == 200, "the script works");

    let callers = eventually("the caller is noted", || {
        let callers = console.json("/api/v1/callers").ok()?;
        (callers["callers"][0]["answered"] == 1).then_some(callers)
    })?;
    let caller = &callers["callers"][0];
    ensure!(caller["rejected"] == 1 && caller["address"] == "127.0.0.1", "{callers}");
    ensure!(caller["agent"] == "old-script/1.0 <b>", "{callers}");
    ensure!(callers["answered"] == 1 && callers["rejected"] == 1, "{callers}");
    let page = console.page("/callers")?;
    ensure!(page.contains("old-script/1.0 &lt;b&gt;"), "{page}");
    let requests = console.page("/requests?imds=v1&status=401")?;
    ensure!(requests.matches("old-script/1.0 &lt;b&gt;").count() == 1, "{requests}");
    let lines = console.page("/api/v1/requests/export")?;
    let statuses: Vec<_> = lines
        .lines()
        .map(|line| Ok(serde_json::from_str::<Value>(line)?["status"].clone()))
        .collect::<Result<_>>()?;
    ensure!(statuses == [401, 200], "{lines}");

    let mac = console.page(&format!("/instances/{ID}/metadata/latest/meta-data/mac"))?;
    ensure!(mac.contains("imds get mac") && mac.contains("/latest/api/token"), "{mac}");
    Ok(())
}

fn a_mistake_is_told_and_changes_nothing() -> Result<()> {
    let console = Console::start(&["--role", "my-role"])?;
    let path = format!("/instances/{ID}/options");
    let form = "http_tokens=optional&http_put_response_hop_limit=65";
    let refused = console.submit(&path, form)?;
    let page = refused.text()?;
    ensure!(refused.status() == 400 && page.contains("A value of '65' is not valid"), "{page}");
    ensure!(page.contains("value=\"65\""), "what was typed is still there: {page}");
    ensure!(console.tokens()? == "required", "half of it was changed");
    for (path, status) in [
        ("/instances/i-00000000", 404),
        ("/instances/x", 400),
        ("/?region=nowhere", 400),
        ("/requests?imds=v3", 400),
        ("/no-such-page", 404),
    ] {
        ensure!(console.get(path)?.status() == status, "{path}: {:?}", console.get(path)?);
    }
    let role = "latest/meta-data/iam/security-credentials/my-role";
    let page = console.page(&format!("/instances/{ID}/metadata/{role}"))?;
    ensure!(!page.contains("SecretAccessKey") && page.contains("imds get iam/"), "{page}");
    let entry = console.json(&format!("/api/v1/instances/{ID}/metadata?path={role}"))?;
    ensure!(entry["content"]["kind"] == "hidden", "{entry}");
    Ok(())
}

fn faults_come_and_go() -> Result<()> {
    let console = Console::start(&["--http-tokens", "optional"])?;
    let added = console.submit("/faults", "fault=meta-data%2Cstatus%3D503%2Ccount%3D5")?;
    ensure!(added.status() == 303, "{added:?}");
    ensure!(console.v1()? == 503, "the fault is not in force");
    let page = console.page("/faults")?;
    ensure!(page.contains("meta-data,status=503,count=5"), "{page}");
    let wrong = console.submit("/faults", "fault=status%3D502")?;
    ensure!(wrong.status() == 400 && wrong.text()?.contains("write 400, 401"), "{wrong:?}");
    ensure!(console.submit("/faults/remove", "id=1")?.status() == 303, "it is removed");
    ensure!(console.v1()? == 200, "it is still in force");
    Ok(())
}

fn pages_are_in_both_languages() -> Result<()> {
    let console = Console::start(&["--tag", "Name=<script>alert(1)</script>"])?;
    let instance = format!("/instances/{ID}");
    let (options, events) = (format!("{instance}/options"), format!("{instance}/events"));
    let metadata = format!("{instance}/metadata/latest/meta-data");
    for path in [
        "/",
        &instance,
        &options,
        &metadata,
        "/requests",
        "/callers",
        "/history",
        "/launch-templates",
        "/defaults",
        "/faults",
        &events,
    ] {
        for (header, language, words) in [
            ("Accept-Language: en", "<html lang=\"en\">", "Sign out"),
            ("Accept-Language: ja,en;q=0.5", "<html lang=\"ja\">", "サインアウト"),
        ] {
            let page = console.send("GET", path, &[header], "")?;
            ensure!(page.status() == 200, "{path}: {page:?}");
            let text = page.text()?;
            ensure!(text.contains(language) && text.contains(words), "{path} {header}: {text}");
            ensure!(!text.contains("<script>"), "a tag's value is part of the page: {text}");
        }
    }
    let chosen = console.get("/?lang=ja")?;
    let cookie = chosen.header("set-cookie").context("the choice is not kept")?;
    ensure!(cookie.starts_with("imds-console-language=ja;"), "{cookie}");
    Ok(())
}

/// Requests are answered, and the viewer learns what it lost, once it reads again.
fn a_viewer_that_stops_reading_costs_nobody() -> Result<()> {
    const BATCHES: usize = 60;
    const BATCH: usize = 100;
    let console = Console::start(&["--http-tokens", "optional"])?;
    let mut viewer = TcpStream::connect(console.address)?;
    viewer.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (host, cookie) = (console.host(), &console.cookie);
    let request = format!("GET /api/v1/requests/live HTTP/1.1\r\n{host}Cookie: {cookie}\r\n\r\n");
    viewer.write_all(request.as_bytes())?;
    let mut viewer = BufReader::new(viewer);
    let mut line = String::new();
    while !line.starts_with(": requests as they come") {
        line.clear();
        ensure!(viewer.read_line(&mut line)? > 0, "it ended");
    }
    let one = "GET /latest/meta-data/instance-id HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    let last = "GET /latest/meta-data/instance-id HTTP/1.1\r\nConnection: close\r\n\r\n";
    let batch = one.repeat(BATCH - 1) + last;
    for _ in 0..BATCHES {
        let answers = console.server.exchange(&batch)?;
        let answered = answers.windows(12).filter(|it| *it == b"HTTP/1.0 200").count();
        ensure!(answered == BATCH, "{answered} of {BATCH} were answered");
    }
    // Requests that the console itself could not take are in its count.
    let all = BATCHES * BATCH;
    eventually("the console has counted all", || {
        let recent = console.json("/api/v1/requests").ok()?;
        (recent["requests"][0]["number"] == all).then_some(())
    })?;
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < all {
        line.clear();
        ensure!(viewer.read_line(&mut line)? > 0, "it ended after {seen} and {lost}");
        if line.starts_with("event: request") {
            seen += 1;
        } else if let Some(data) = line.strip_prefix("data: {\"lost\":") {
            lost += data.trim_end().trim_end_matches('}').parse::<usize>()?;
        }
    }
    ensure!(lost > 0, "{seen} were sent to a viewer that did not read");
    ensure!(seen + lost == all, "{seen} seen and {lost} lost of {all}");
    Ok(())
}

fn it_is_on_loopback_and_needs_the_api() -> Result<()> {
    for (arguments, expected) in [
        (["--console", "0.0.0.0:0", "--listen", "127.0.0.1:0"], "is not on loopback"),
        (["--console", "127.0.0.1:0", "--control", "off"], "--console needs the EC2 API"),
    ] {
        let mut command = imds();
        let finished = Finished::of(command.arg("serve").args(arguments))?.expect_code(2)?;
        ensure!(finished.stderr.contains(expected), "{arguments:?}: {}", finished.stderr);
    }
    let server = Server::start(&[])?;
    let mut command = imds();
    let finished = Finished::of(command.arg("console").env("XDG_STATE_HOME", server.state_home()))?;
    ensure!(finished.stderr.contains("start it with --console"), "{}", finished.stderr);
    Ok(())
}

/// Every route of the document is asked for, and its responses are as the document says.
fn the_api_is_as_described() -> Result<()> {
    let console = Console::start(&["--role", "my-role", "--tag", "Name=web-1"])?;
    ensure!(console.v1()? == 401, "tokens are required");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console/openapi.py");
    let mut shell = program("sh");
    shell
        .args(["-c", "eval \"$(imds env)\" && exec python \"$0\""])
        .arg(script)
        .env("PATH", path_with_imds_and_python())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("XDG_STATE_HOME", console.server.state_home())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("CONSOLE", console.address.to_string())
        .env("COOKIE", &console.cookie);
    Finished::success(&mut shell).map(drop)
}
