//! The command line as people meet it: help, mistakes, signals, logs.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use testkit::{
    Context as _, Finished, Need, Process, Result, Server, Trial, ensure, eventually, imds, tests,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests!(&[];
        help_has_examples,
        mistakes_say_what_to_type,
        a_time_too_short_to_tell_anything_is_refused,
        a_mistake_with_exec_is_125,
        a_mistake_in_a_file_has_a_place,
        a_mistake_in_an_overlay_names_the_file,
        paths_are_listed,
        too_much_user_data,
        user_data_is_bytes,
        a_port_in_use,
        ends_well_when_interrupted,
        serves_though_nobody_reads_the_banner,
        warns_though_nobody_can_be_warned,
        logs_hold_no_secrets,
        the_plugin_is_installed_in_a_directory,
    );
    tests.extend(tests!(&[Need::Root]; a_privileged_port));
    tests
}

/// Runs `imds` to its end, which must be this code; returns what it said on standard error.
fn fails(arguments: &[&str], code: i32) -> Result<String> {
    let finished = Finished::of(imds().args(arguments))?.expect_code(code)?;
    ensure!(finished.stdout.is_empty(), "{finished:#?}");
    Ok(finished.stderr)
}

fn expect(message: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(message.contains(word), "no {word:?} in: {message}");
    }
    Ok(())
}

fn help_has_examples() -> Result<()> {
    for command in [&["serve"][..], &["exec"], &["identity", "certificate"], &["paths"]] {
        let help = Finished::success(imds().args(command).arg("--help"))?.stdout;
        expect(&help, &["Example", &format!("imds {}", command.join(" "))])?;
        ensure!(help.lines().all(|line| line.chars().count() <= 100), "a long line in {help}");
    }
    Ok(())
}

/// Standard error is full; the exit code and standard output still tell.
fn warns_though_nobody_can_be_warned() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let script = directory.path().join("old.sh");
    fs::write(&script, "curl http://169.254.169.254/latest/meta-data/\n")?;
    for (file, code, found) in [(script.as_path(), 0, true), (Path::new("/nonexistent"), 4, false)]
    {
        let full = fs::File::options().write(true).open("/dev/full")?;
        let (stdout, theirs) = std::io::pipe()?;
        let mut command = imds();
        command.arg("migrate").arg(file).stderr(full).stdout(theirs);
        let status = Process::start(&mut command)?.child().wait()?;
        drop(command);
        let printed = std::io::read_to_string(stdout)?;
        ensure!(status.code() == Some(code), "{}: {status}: {printed}", file.display());
        ensure!(printed.contains("old.sh") == found, "{printed}");
    }
    Ok(())
}

/// With it, every way to credentials would seem to be closed.
fn a_time_too_short_to_tell_anything_is_refused() -> Result<()> {
    for short in ["0s", "1us", "99ms"] {
        let message = fails(&["doctor", "--expect", "none", "--timeout", short], 2)?;
        expect(&message, &[short, "at least 100ms"])?;
    }
    Ok(())
}

fn mistakes_say_what_to_type() -> Result<()> {
    for (arguments, words) in [
        (&["--listen", "80"][..], &["an address and a port", "127.0.0.1:80"][..]),
        (&["--listen", "localhost:8080"], &["127.0.0.1:8080"]),
        (&["--listen", "::1"], &["[::1]:1338"]),
        (&["--ami", "AL2"], &["--ami", "`al2`, `al2023` or an id"]),
        (&["--hop-limit", "65"], &["--hop-limit", "1 to 64"]),
        (&["--http-tokens", "maybe"], &["`optional` or `required`"]),
        (&["--stall", "soon"], &["2s"]),
        (&["--tag", "Name"], &["--tag", "Key=Value"]),
        (&["--instance-id", "i-1"], &["i-1234567890abcdef0"]),
        (&["--config", "missing.toml"], &["cannot read missing.toml", "No such file"]),
        (&["--user-data", "missing.sh"], &["cannot read missing.sh"]),
        (&["--access-log", "/missing/log"], &["/missing/log"]),
        (&["--http-protocol-ipv6", "enabled"], &["hint: ", "--instance-type t3.micro"]),
        (
            &["--listen", "[::1]:0"],
            &["hint: --instance-type t3.micro --http-protocol-ipv6 enabled"],
        ),
        (
            &["--instance-metadata-tags", "enabled", "--tag", "a/b=c"],
            &["a/b", "hint: rename the tag"],
        ),
        (&["--region", "eu-west-1", "--availability-zone", "us-east-1a"], &["hint: ", "us-east-1"]),
    ] {
        let message = fails(&[&["serve"], arguments].concat(), 2)?;
        expect(&message, words).with_context(|| format!("{arguments:?}"))?;
    }
    Ok(())
}

/// Any other code could be the program's own.
fn a_mistake_with_exec_is_125() -> Result<()> {
    expect(&fails(&["exec"], 125)?, &["PROGRAM", "imds exec [OPTIONS] -- PROGRAM"])?;
    expect(&fails(&["exec", "--ami", "al3", "--", "true"], 125)?, &["`al2`, `al2023` or an id"])?;
    expect(&fails(&["exec", "--config", "missing.toml", "--", "true"], 125)?, &["missing.toml"])?;
    expect(&fails(&["exec", "--", "no-such-program"], 127)?, &["no-such-program"])?;
    Ok(())
}

fn a_mistake_in_a_file_has_a_place() -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (text, words) in [
        ("[instance]\nhop_limit = 2\n", &["line 2, column 1", "`hop_limit`", "`hop-limit`"][..]),
        ("[instance]\nami = \"al3\"\n", &["line 2, column 7", "`al2`, `al2023` or an id"]),
        ("listen = 80\n", &["line 1, column 10"]),
    ] {
        let file = write(directory.path(), "imds.toml", text)?;
        let message = fails(&["serve", "--config", &file], 2)?;
        expect(&message, &[words, &[&file]].concat())?;
    }
    Ok(())
}

fn a_mistake_in_an_overlay_names_the_file() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let root = directory.path().to_string_lossy().into_owned();
    let fails = |directory: &str| fails(&["exec", "--overlay", directory, "--", "true"], 125);
    expect(&fails(&format!("{root}/none"))?, &["cannot read", "none"])?;
    fs::create_dir(directory.path().join("meta-data"))?;
    fs::write(directory.path().join("meta-data/placement"), "x")?;
    expect(&fails(&root)?, &["meta-data/placement cannot be a value: it is a directory"])?;
    fs::create_dir(directory.path().join("api"))?;
    fs::write(directory.path().join("api/token"), "x")?;
    expect(&fails(&root)?, &["api/token", "the first is not api"])
}

/// The table and the JSON have the same categories, one a line and one an object.
fn paths_are_listed() -> Result<()> {
    let table = Finished::success(imds().arg("paths"))?.stdout;
    let json = Finished::success(imds().args(["paths", "--json"]))?.stdout;
    let json: serde_json::Value = serde_json::from_str(&json)?;
    let categories = json.as_array().context("an array")?;
    ensure!(table.lines().count() == categories.len() + 1, "{table}");
    for (line, category) in table.lines().skip(1).zip(categories) {
        for key in ["path", "since", "absent"] {
            expect(line, &[category[key].as_str().context("a string")?])?;
        }
    }
    let mac = categories.iter().find(|one| one["path"] == "meta-data/mac").context("a MAC")?;
    ensure!(mac["example"] == "0e:49:61:0f:c3:11" && mac["served"] == true, "{mac}");
    Ok(())
}

fn too_much_user_data() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = write(directory.path(), "big", vec![b'x'; 16_385])?;
    for file in [&file, "/dev/zero"] {
        expect(&fails(&["serve", "--user-data", file], 2)?, &["user data", "16384 bytes"])?;
    }
    Ok(())
}

fn user_data_is_bytes() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(16_384).collect();
    let file = write(directory.path(), "user-data", &bytes)?;
    let server = Server::start(&["--ami", "al2", "--user-data", &file])?;
    let answer = server.request("GET", "/latest/user-data", &[])?;
    ensure!(answer.body == bytes, "{} bytes came back", answer.body.len());
    Ok(())
}

fn a_port_in_use() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?;
    let message = fails(&["serve", "--listen", &address.to_string()], 4)?;
    let who = format!("ss -ltnp 'sport = :{}'", address.port());
    expect(&message, &[&address.to_string(), &who, "--listen 127.0.0.1:0"])
}

fn a_privileged_port() -> Result<()> {
    let mut shell = testkit::shell_of_nobody("imds serve --listen 127.0.0.1:80");
    let finished = Finished::of(&mut shell)?.expect_code(3)?;
    expect(&finished.stderr, &["127.0.0.1:80", "need root", "--listen 127.0.0.1:1338"])
}

fn ends_well_when_interrupted() -> Result<()> {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start(&[])?;
        server.process().signal(signal)?;
        let status = server.process().ended()?;
        ensure!(status.code() == Some(0), "{signal}: {status}");
    }
    Ok(())
}

fn serves_though_nobody_reads_the_banner() -> Result<()> {
    // No other test listens on this address.
    const ADDRESS: &str = "127.0.0.77:1338";
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let home = tempfile::tempdir()?;
    let mut command = imds();
    command.args(["serve", "--listen", ADDRESS, "--access-log", "off"]);
    let mut process = Process::start(command.env("XDG_STATE_HOME", home.path()).stdout(writer))?;
    let answer = eventually("an answer", || {
        testkit::http::exchange(ADDRESS.parse().ok()?, b"GET / HTTP/1.0\r\n\r\n").ok()
    })?;
    ensure!(answer.starts_with(b"HTTP/1.0 401 "), "{}", String::from_utf8_lossy(&answer));
    process.signal("TERM")?;
    let status = process.ended()?;
    ensure!(status.success(), "{status}");
    Ok(())
}

fn logs_hold_no_secrets() -> Result<()> {
    const SETTINGS: &str = "[instance.role]\nname = 'app'\naccess-key-id = 'ASIAKEY'\n\
                            secret-access-key = 'SECRETKEY'\nsession-token = 'SESSIONTOKEN'\n";
    let directory = tempfile::tempdir()?;
    let file = write(directory.path(), "imds.toml", SETTINGS)?;
    for format in ["text", "json"] {
        let mut server = Server::start(&["--config", &file, "--log-format", format])?;
        let token = server.token(60)?;
        let header = format!("X-aws-ec2-metadata-token: {token}");
        let path = "/latest/meta-data/iam/security-credentials/app";
        let answer = server.request("GET", &format!("{path}?secret=QUERY"), &[&header])?;
        let credentials = answer.text()?;
        ensure!(credentials.contains("SECRETKEY"), "{credentials}");
        server.request("GET", path, &[&header.replace("AQ", "BAD")])?;
        let lines = server.log_lines(3)?;
        server.process().signal("TERM")?;
        server.process().ended()?;
        let messages = server.messages();
        let log = lines.concat() + &messages;
        expect(&log, &["SIGTERM"])?;
        for secret in [&token[6..], "SECRETKEY", "SESSIONTOKEN", "QUERY", "BADA"] {
            ensure!(!log.contains(secret), "{secret} is in the log: {log}");
        }
        ensure!(lines[1].contains(path), "{log}");
        let mut all = lines.iter().map(String::as_str).chain(messages.lines());
        ensure!((format == "json") == all.all(|line| line.starts_with('{')), "{log}");
    }
    Ok(())
}

fn write(directory: &Path, name: &str, contents: impl AsRef<[u8]>) -> Result<String> {
    let path = directory.join(name);
    fs::write(&path, contents)?;
    path.into_os_string().into_string().ok().context("a path in UTF-8")
}

fn the_plugin_is_installed_in_a_directory() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let directory = home.path().to_str().unwrap();
    // The second time over a file that is there.
    for _ in 0..2 {
        Finished::success(imds().args(["cni", "--install", directory]))?;
    }
    let files: Vec<_> = std::fs::read_dir(home.path())?.map(|it| it.unwrap().file_name()).collect();
    ensure!(files == ["imds-cni"], "{files:?}");
    let mut plugin = testkit::program(home.path().join("imds-cni"));
    let printed = Finished::success(plugin.env("CNI_COMMAND", "VERSION"))?.stdout;
    ensure!(printed.contains("supportedVersions"), "{printed}");
    let missing = fails(&["cni", "--install", &format!("{directory}/none")], 4)?;
    ensure!(missing.contains("none/imds-cni"), "{missing}");
    Ok(())
}
