//! `imds fault`, the settings file, the access log and metrics.

use std::process::Command;

use serde_json::Value;
use testkit::http::{Response, exchange};
use testkit::{Finished, Result, Server, Trial, ensure, imds, tests};

use super::{MAC, get, serve};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[];
        faults_come_and_go_while_it_serves,
        a_fault_ends_by_itself_and_says_so,
        mistakes_are_told,
        a_settings_file_has_faults,
        the_access_log_and_metrics_name_the_fault,
        faults_end_with_the_service,
    ]
}

fn fault(server: &Server, arguments: &[&str]) -> Command {
    let mut command = imds();
    command.arg("fault").args(arguments).env("XDG_STATE_HOME", server.state_home());
    command
}

fn list(server: &Server) -> Result<Vec<Value>> {
    let listed = Finished::success(&mut fault(server, &["list", "--json"]))?.stdout;
    Ok(serde_json::from_str(&listed)?)
}

fn faults_come_and_go_while_it_serves() -> Result<()> {
    let server = serve(&[])?;
    let add = ["add", "--path", "meta-data/mac", "--status", "503", "--retry-after", "2"];
    let added = Finished::success(&mut fault(&server, &add))?.stdout;
    ensure!(added == "Fault 1: meta-data/mac,status=503,retry-after=2\n", "{added}");
    ensure!(get(&server, MAC)?.status() == 503, "it is not in force");
    let more = ["add", "user-data", "--lost", "--for", "1h", "--seed", "7", "--share", "0.5%"];
    Finished::success(&mut fault(&server, &more))?;
    let listed = Finished::success(&mut fault(&server, &["list"]))?.stdout;
    let lines: Vec<_> =
        listed.lines().map(|it| it.split_whitespace().collect::<Vec<_>>()).collect();
    ensure!(lines[0] == ["ID", "FAULT", "REQUESTS", "HIT", "STATE"], "{listed}");
    let first = ["1", "meta-data/mac,status=503,retry-after=2", "1", "1", "active"];
    ensure!(lines[1] == first, "{listed}");
    ensure!(listed.contains("2   user-data,lost,share=0.5%,for=1h,seed=7"), "{listed}");
    ensure!(listed.contains("active: 3600s left") || listed.contains("active: 35"), "{listed}");
    let removed = Finished::success(&mut fault(&server, &["remove", "1"]))?.stdout;
    ensure!(removed == "Fault 1 is removed; it hit 1 request\n", "{removed}");
    ensure!(get(&server, MAC)?.status() == 200, "it is still in force");
    Finished::success(&mut fault(&server, &["remove", "--all"]))?;
    ensure!(list(&server)?.is_empty(), "one is left");
    Ok(())
}

fn a_fault_ends_by_itself_and_says_so() -> Result<()> {
    let server = serve(&["meta-data,status=500,count=2", "user-data,reset,for=1ms"])?;
    let statuses = (0..4).map(|_| Ok(get(&server, MAC)?.status())).collect::<Result<Vec<_>>>()?;
    ensure!(statuses == [500, 500, 200, 200], "{statuses:?}");
    ensure!(get(&server, "/latest/user-data")?.status() == 404, "its time is over");
    let faults = list(&server)?;
    for (fault, state, hits) in [(&faults[0], "count-reached", 2), (&faults[1], "time-over", 0)] {
        ensure!(fault["state"] == state && fault["hits"] == hits, "{fault}");
    }
    let listed = Finished::success(&mut fault(&server, &["list"]))?.stdout;
    ensure!(listed.contains("ended: its count is reached"), "{listed}");
    ensure!(listed.contains("ended: its time is over"), "{listed}");
    Ok(())
}

fn mistakes_are_told() -> Result<()> {
    let server = serve(&[])?;
    for (arguments, code, expected) in [
        (&["add", "--status", "502"][..], 2, "fault \"status=502\": write 400, 401, 403, 404, 429"),
        (&["add", "--path", "token"], 2, "it has no effect; add one, such as status=503"),
        (&["add", "token,reset", "--reset"], 2, "reset is there twice"),
        (&["add", "--reset", "--instance", "i-00000000"], 1, "there is no instance i-00000000"),
        (&["remove", "7"], 1, "there is no fault 7; `imds fault list` shows all"),
        (&["remove"], 2, "--all"),
    ] {
        let finished = Finished::of(&mut fault(&server, arguments))?.expect_code(code)?;
        ensure!(finished.stderr.contains(expected), "{arguments:?}: {}", finished.stderr);
    }
    let mut command = imds();
    let finished = Finished::of(command.args(["serve", "--fault", "token,status=1"]))?;
    let finished = finished.expect_code(2)?;
    ensure!(finished.stderr.contains("fault \"status=1\": write 400"), "{}", finished.stderr);
    ensure!(list(&server)?.is_empty(), "a mistake added a fault");
    Ok(())
}

fn a_settings_file_has_faults() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    let text = "fault = ['meta-data/mac,status=403', 'user-data,status=429']\n";
    std::fs::write(&file, text.to_owned() + "[instance]\nhttp-tokens = 'optional'\n")?;
    let config = file.to_string_lossy().into_owned();
    let server = Server::start(&["--config", &config])?;
    ensure!(get(&server, MAC)?.status() == 403, "the file's fault is not in force");
    let server = Server::start(&["--config", &config, "--fault", "user-data,status=500"])?;
    ensure!(get(&server, MAC)?.status() == 200, "a flag replaces the file's");
    ensure!(get(&server, "/latest/user-data")?.status() == 500, "the flag is not in force");

    std::fs::write(&file, "fault = ['token,status=502']\n")?;
    let mut command = imds();
    let finished = Finished::of(command.args(["serve", "--config", &config]))?.expect_code(2)?;
    ensure!(finished.stderr.contains("line 1, column "), "{}", finished.stderr);
    ensure!(finished.stderr.contains("fault \"status=502\": write"), "{}", finished.stderr);
    Ok(())
}

fn the_access_log_and_metrics_name_the_fault() -> Result<()> {
    let faults = ["meta-data/mac,status=503", "all,latency=1ms"];
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    let more = ["--http-tokens", "optional", "--metrics", "127.0.0.1:0"];
    let arguments: Vec<_> = faults.chain(more).collect();
    let server = Server::start(&arguments)?;
    for _ in 0..3 {
        get(&server, MAC)?;
    }
    get(&server, "/latest/user-data")?;
    let lines = server.log_lines(4)?;
    ensure!(lines[0].ends_with(" 503 hops=0 fault 1: status, latency"), "{lines:?}");
    ensure!(lines[3].ends_with(" 404 hops=0 fault 2: latency"), "{lines:?}");
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let text = Response::parse(&exchange(server.metrics()?, request.as_bytes())?)?.text()?;
    for line in [
        "imds_faults_total{kind=\"status\"} 3",
        "imds_faults_total{kind=\"latency\"} 4",
        "imds_faults_total{kind=\"reset\"} 0",
        "imds_requests_total{version=\"v1\",status=\"503\",path=\"meta-data\"} 3",
    ] {
        ensure!(text.lines().any(|there| there == line), "no {line} in {text}");
    }

    let arguments: Vec<_> = arguments.into_iter().chain(["--log-format", "json"]).collect();
    let server = Server::start(&arguments)?;
    get(&server, MAC)?;
    let line: Value = serde_json::from_str(&server.log_lines(1)?[0])?;
    let expected = serde_json::json!({"id": 1, "kinds": ["status", "latency"]});
    ensure!(line["fault"] == expected, "{line}");
    Ok(())
}

/// Those of the command line are in force again, those of `imds fault` are not.
fn faults_end_with_the_service() -> Result<()> {
    let mut server = serve(&["user-data,status=500"])?;
    Finished::success(&mut fault(&server, &["add", "--path", "meta-data", "--reset"]))?;
    server.kill_and_restart()?;
    let faults = list(&server)?;
    ensure!(faults.len() == 1 && faults[0]["fault"] == "user-data,status=500", "{faults:?}");
    ensure!(get(&server, MAC)?.status() == 200, "it is still in force");
    Ok(())
}
