//! What `imds serve` tells the service manager that started it: the test is the service manager.

use std::fs::{DirEntry, File};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::Stdio;

use testkit::{Need, Process, Result, SOON, Trial, ensure, eventually};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = testkit::tests![&[];
        a_service_says_that_it_is_ready_lives_reloads_and_stops,
        an_abstract_socket_is_a_socket_too,
        what_is_meant_for_another_process_is_not_obeyed,
    ];
    tests.extend(testkit::tests![&[Need::Root, Need::Program("strace")];
        a_service_that_hangs_shows_no_sign_of_life,
    ]);
    tests
}

/// `imds serve`, whose service manager listens at `socket`.
fn serve(socket: &str, home: &Path, variables: &[(&str, &str)]) -> Result<Process> {
    let mut command = testkit::program(testkit::binary());
    command.args(["serve", "--control", "off", "--access-log", "off", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(File::create(home.join("messages"))?);
    command
        .env("XDG_STATE_HOME", home)
        .env("NOTIFY_SOCKET", socket)
        .envs(variables.iter().copied());
    Process::start(&mut command)
}

/// A socket that fails instead of waiting for ever.
fn patient(socket: UnixDatagram) -> Result<UnixDatagram> {
    socket.set_read_timeout(Some(SOON))?;
    Ok(socket)
}

/// The next thing that the service manager is told, but for signs of life.
fn next(socket: &UnixDatagram) -> Result<String> {
    loop {
        let told = any(socket)?;
        if told != "WATCHDOG=1" {
            return Ok(told);
        }
    }
}

fn any(socket: &UnixDatagram) -> Result<String> {
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer)?;
    Ok(String::from_utf8(buffer[..length].to_vec())?)
}

fn a_service_says_that_it_is_ready_lives_reloads_and_stops() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let path = home.path().join("notify");
    let socket = patient(UnixDatagram::bind(&path)?)?;
    let watched = [("WATCHDOG_USEC", "300000")];
    let mut process = serve(path.to_str().unwrap(), home.path(), &watched)?;
    let ready = next(&socket)?;
    ensure!(
        ready.starts_with("READY=1\nSTATUS=Serves i-") && ready.contains(" on 127.0.0.1:"),
        "{ready}"
    );
    // One for each period: it goes on.
    for _ in 0..3 {
        ensure!(any(&socket)? == "WATCHDOG=1");
    }
    process.signal("HUP")?;
    let reloading = next(&socket)?;
    ensure!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    ensure!(next(&socket)? == "READY=1");
    process.signal("TERM")?;
    let stopping = next(&socket)?;
    ensure!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    ensure!(process.ended()?.code() == Some(0));
    Ok(())
}

fn a_service_that_hangs_shows_no_sign_of_life() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let path = home.path().join("notify");
    let socket = patient(UnixDatagram::bind(&path)?)?;
    let mut process = serve(path.to_str().unwrap(), home.path(), &[("WATCHDOG_USEC", "300000")])?;
    next(&socket)?;
    let tasks = format!("/proc/{}/task", process.child().id());
    let name = |task: &DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    let serves = |task: &DirEntry| name(task).is_some_and(|it| it.starts_with("serve-"));
    // A thread gives itself its name, once it runs.
    let task = eventually("a thread that answers", || {
        std::fs::read_dir(&tasks).ok()?.map_while(std::io::Result::ok).find(serves)
    })?;
    let task = task.file_name();
    // Its next system call takes a minute.
    let mut tracer = testkit::program("strace");
    tracer.args([
        "-qq",
        "-e",
        "trace=all",
        "-e",
        "inject=all:delay_enter=60s",
        "-o",
        "/dev/null",
        "-p",
    ]);
    let _tracer = Process::start(tracer.arg(task))?;
    let messages = home.path().join("messages");
    eventually("a message that a thread hangs", || {
        let text = std::fs::read_to_string(&messages).ok()?;
        text.contains("a thread that answers requests hangs").then_some(())
    })
}

fn an_abstract_socket_is_a_socket_too() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let name = format!("imds-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name)?;
    let socket = patient(UnixDatagram::bind_addr(&address)?)?;
    let process = serve(&format!("@{name}"), home.path(), &[])?;
    ensure!(next(&socket)?.starts_with("READY=1\n"));
    process.signal("TERM")?;
    // Rights were given up meanwhile; what was connected before still works.
    ensure!(next(&socket)?.starts_with("STOPPING=1\n"));
    Ok(())
}

/// Whoever is watched itself may start `imds serve` and leave its variables in the environment.
fn what_is_meant_for_another_process_is_not_obeyed() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let path = home.path().join("notify");
    let socket = patient(UnixDatagram::bind(&path)?)?;
    let of_another = [("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
    let process = serve(path.to_str().unwrap(), home.path(), &of_another)?;
    ensure!(any(&socket)?.starts_with("READY=1\n"));
    process.signal("HUP")?;
    ensure!(any(&socket)?.starts_with("RELOADING=1\n"), "nothing but what was asked for");
    Ok(())
}
