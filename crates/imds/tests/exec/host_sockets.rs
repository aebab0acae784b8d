//! Sockets that are no part of a network: those of the real machine are closed, unless they are asked for.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use testkit::{Need, Result, Trial, ensure, tests};

use super::sandbox::{As, binary, everyone, exec, sh, text};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[Need::Program("python3")];
        unix_sockets_of_the_machine_are_closed,
        users_logs_and_keys_are_open,
        programs_reach_each_other,
        vsock_is_closed,
    ];
    tests.extend(tests![
        &[Need::Root, Need::Program("python3")];
        sockets_of_other_networks_are_closed_where_engines_have_them,
    ]);
    tests
}

/// Connects to each path, and prints what became of it.
const CONNECT: &str = r"
import socket, sys
for path in sys.argv[1:]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print('connected')
    except OSError as error:
        print(error.strerror)
";

/// A directory that everybody may search, and a socket in it that everybody may connect to.
fn listen() -> Result<(tempfile::TempDir, String, UnixListener)> {
    let directory = tempfile::tempdir()?;
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    let path = directory.path().join("a socket");
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o777))?;
    Ok((directory, path.to_str().unwrap_or_default().to_owned(), listener))
}

fn unix_sockets_of_the_machine_are_closed() -> Result<()> {
    let (_directory, path, listener) = listen()?;
    listener.set_nonblocking(true)?;
    for who in everyone() {
        for options in [&[][..], &["--container"], &["--map-root"]] {
            let connect = ["python3", "-c", CONNECT, &path];
            let closed = exec(who, options, &connect).output()?;
            ensure!(text(&closed.stdout) == "Connection refused", "{who:?} {closed:?}");
            ensure!(listener.accept().is_err(), "{who:?} {options:?}");

            let open = exec(who, &[options, &["--host-sockets"]].concat(), &connect).output()?;
            ensure!(text(&open.stdout) == "connected", "{who:?} {open:?}");
            ensure!(listener.accept().is_ok(), "{who:?} {options:?}");
        }
    }
    Ok(())
}

fn users_logs_and_keys_are_open() -> Result<()> {
    let (_directory, path, _listener) = listen()?;
    let mut command = exec(As::Tester, &[], &["python3", "-c", CONNECT, &path]);
    let output = command.env("SSH_AUTH_SOCK", &path).output()?;
    ensure!(text(&output.stdout) == "connected", "{output:?}");
    Ok(())
}

fn programs_reach_each_other() {
    let script = "cd $(mktemp -d); python3 -c 'if True:
        import socket, subprocess, sys
        server = socket.socket(socket.AF_UNIX)
        server.bind(\"own\")
        server.listen()
        subprocess.run([sys.executable, \"-c\", sys.argv[1], \"own\"], check=True)
        ' \"$0\"; rm own; rmdir $PWD";
    for who in everyone() {
        let output = exec(who, &[], &["sh", "-ec", script, CONNECT]).output().unwrap();
        assert_eq!(text(&output.stdout), "connected", "{who:?} {}", text(&output.stderr));
    }
}

fn vsock_is_closed() {
    let family = "import socket
try:
    print(socket.socket(socket.AF_VSOCK).family.name)
except OSError as error:
    print(error.strerror)";
    let run = |who, options: &[&str]| {
        let output = exec(who, options, &["python3", "-c", family]).output().unwrap();
        text(&output.stdout)
    };
    let outside = Command::new("python3").args(["-c", family]).output().unwrap();
    for who in everyone() {
        let unknown = "Address family not supported by protocol";
        assert_eq!(run(who, &[]), unknown);
        assert_eq!(run(who, &["--container", "--map-root"]), unknown);
        assert_eq!(run(who, &["--host-sockets"]), text(&outside.stdout));
        // It costs no privilege.
        assert_eq!(sh(who, &[], "grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t0");
    }
}

/// As in a container that was given its engine's socket: nothing in its own network listens there.
fn sockets_of_other_networks_are_closed_where_engines_have_them() {
    let listen = "
import os, socket, sys, time
for path in sys.argv[1:]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o777)
    server.listen()
    globals()[path] = server
print('ready', flush=True)
time.sleep(600)";
    let script = format!(
        "set -e
         mount -t tmpfs none /run; mount -t tmpfs none /mnt; mkdir /run/engine; touch /mnt/mounted
         unshare --net python3 -c \"{listen}\" /run/engine/socket /mnt/elsewhere >/mnt/log & server=$!
         until grep -q ready /mnt/log; do :; done
         mount --bind /mnt/elsewhere /mnt/mounted
         python3 -c \"$1\" /run/engine/socket /mnt/mounted
         for user in '' 'setpriv --reuid=65534 --regid=65534 --clear-groups'; do
             $user \"$0\" exec -- python3 -c \"$1\" /run/engine/socket /mnt/mounted
         done
         kill $server"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    let output = command.args(["sh", "-c", &script]).arg(binary()).arg(CONNECT).output().unwrap();
    let refused = "\nConnection refused".repeat(4);
    let expected = format!("connected\nconnected{refused}");
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
}
