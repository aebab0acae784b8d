//! What goes in and what comes out: status, streams, directory, environment, identity.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use testkit::{Finished, Need, Trial, shell_of_nobody, tests};

use super::sandbox::{As, code, everyone, exec, sh, text};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        the_programs_status_is_ours,
        a_program_that_cannot_run_is_told_apart_from_one_that_fails,
        standard_streams_are_the_callers,
        nothing_of_ours_is_open_in_the_program,
        directory_environment_umask_and_limits_are_the_callers,
        setuid_programs_keep_their_effect_for_root,
        the_services_memory_is_not_for_others,
    ];
    tests.extend(tests![
        &[Need::Root];
        the_program_is_its_caller_with_no_more_rights,
        map_root_makes_the_program_root_of_its_own_network,
    ]);
    tests.extend(tests![
        &[Need::Root, Need::Program("python3")];
        root_in_a_container_has_no_power_over_the_instances_network,
    ]);
    tests
}

/// The files of such a process below `/proc` are root's, and so not its user's.
fn the_services_memory_is_not_for_others() {
    let script = "out=$(mktemp)
        imds exec -- sh -c 'echo up; sleep 60' >$out &
        until grep -q up $out; do kill -0 $! || exit 9; done
        stat -c %u /proc/$!/mem
        kill $!; wait $!; rm $out; id -u";
    let finished = Finished::success(&mut shell_of_nobody(script)).unwrap();
    let (owner, user) = finished.stdout.trim().split_once('\n').unwrap();
    assert_ne!(owner, user, "{finished:#?}");
}

fn the_programs_status_is_ours() {
    for who in everyone() {
        let status = |program: &[&str]| code(&exec(who, &[], program).output().unwrap());
        assert_eq!(status(&["true"]), Some(0));
        assert_eq!(status(&["sh", "-c", "exit 7"]), Some(7));
        assert_eq!(status(&["sh", "-c", "exit 255"]), Some(255));
        assert_eq!(status(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
        assert_eq!(status(&["sh", "-c", "kill -KILL $$"]), Some(128 + 9));
    }
}

fn a_program_that_cannot_run_is_told_apart_from_one_that_fails() {
    for who in everyone() {
        let output = exec(who, &[], &["no-such-program"]).output().unwrap();
        assert_eq!(code(&output), Some(127));
        assert!(text(&output.stderr).starts_with("imds: cannot run no-such-program: "));

        let output = exec(who, &[], &["/etc/passwd"]).output().unwrap();
        assert_eq!(code(&output), Some(126));
        assert!(text(&output.stderr).starts_with("imds: cannot run /etc/passwd: "));

        // The script is there, and what its first line names is not.
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let script = directory.path().join("script");
        for (line, words) in [
            ("#!/no/such/interpreter -x\n", "its interpreter /no/such/interpreter does not exist"),
            ("#!/bin/sh\r\n", "its interpreter /bin/sh (its line ends as on Windows) does not"),
        ] {
            std::fs::write(&script, line).unwrap();
            std::fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
            let output = exec(who, &[], &[script.to_str().unwrap()]).output().unwrap();
            assert_eq!(code(&output), Some(126), "{}", text(&output.stderr));
            assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
        }
    }
}

fn standard_streams_are_the_callers() {
    let mut child = exec(As::Tester, &[], &["sh", "-c", "cat; echo oops >&2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sent = vec![b'x'; 300_000];
    let mut stdin = child.stdin.take().unwrap();
    let expected = sent.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.stdout == expected);
    assert_eq!(text(&output.stderr), "oops");
}

fn nothing_of_ours_is_open_in_the_program() {
    let listing = ["sh", "-c", "echo /proc/self/fd/*"];
    let outside =
        Command::new(listing[0]).args(&listing[1..]).stdin(Stdio::null()).output().unwrap();
    for who in everyone() {
        let inside = exec(who, &[], &listing).output().unwrap();
        assert_eq!(text(&inside.stdout), text(&outside.stdout), "{who:?}");
    }
}

fn directory_environment_umask_and_limits_are_the_callers() {
    let script = "pwd; echo $MARK; umask; ulimit -n; ulimit -c";
    let mut outside = Command::new("sh");
    let mut inside = exec(As::Tester, &[], &["sh", "-c", script]);
    let run = |command: &mut Command| {
        text(&command.current_dir("/usr/bin").env("MARK", "a b").output().unwrap().stdout)
    };
    assert_eq!(run(&mut inside), run(outside.args(["-c", script])));
}

fn the_program_is_its_caller_with_no_more_rights() {
    for who in everyone() {
        let own = text(&Command::new("id").arg("-u").output().unwrap().stdout);
        let expected = if let As::Nobody = who { "65534" } else { &own };
        assert_eq!(sh(who, &[], "id -u"), expected);
    }
    let status = sh(As::Nobody, &[], "grep -E '^(Cap(Inh|Prm|Eff|Amb)|Uid|Gid)' /proc/self/status");
    let none = "0000000000000000";
    assert_eq!(
        status,
        format!(
            "Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\n\
             CapInh:\t{none}\nCapPrm:\t{none}\nCapEff:\t{none}\nCapAmb:\t{none}"
        )
    );
}

fn map_root_makes_the_program_root_of_its_own_network() {
    assert_eq!(sh(As::Nobody, &["--map-root"], "id -u; ip link set lo down; echo done"), "0\ndone");
}

fn setuid_programs_keep_their_effect_for_root() {
    assert_eq!(sh(As::Tester, &[], "grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t0");
}

/// Makes an interface on the far end of `eth0`'s link, as the kernel lets whoever is root there: with `eth0`'s
/// namespace goes a number for the namespace behind it, and 64 is the interface to the service in there.
const TAP_THE_INSTANCE: &str = r"
import os, socket, struct

def attribute(kind, value):
    return struct.pack('=HH', 4 + len(value), kind) + value + bytes(-len(value) % 4)

os.system('ip link >/dev/null')
IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_LINK_NETNSID, IFLA_INFO_KIND = 3, 5, 18, 37, 1
body = struct.pack('=BBHiII', 0, 0, 0, 0, 0, 0)
body += attribute(IFLA_LINK, struct.pack('=I', 64))
body += attribute(IFLA_LINK_NETNSID, struct.pack('=i', 0))
body += attribute(IFLA_IFNAME, b'tap\0')
body += attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b'macvlan'))
RTM_NEWLINK, FLAGS = 16, 0x605
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
netlink.send(struct.pack('=LHHLL', 16 + len(body), RTM_NEWLINK, FLAGS, 1, 0) + body)
print(os.strerror(-struct.unpack('=i', netlink.recv(65536)[16:20])[0]))
";

/// It would be on the instance there, whatever the hop limit.
fn root_in_a_container_has_no_power_over_the_instances_network() {
    for who in everyone() {
        for hops in ["1", "2"] {
            let output =
                exec(who, &["--hops", hops, "--map-root"], &["python3", "-c", TAP_THE_INSTANCE]);
            let output = { output }.output().unwrap();
            let said = text(&output.stdout);
            assert_eq!(said, "Operation not permitted", "{who:?} {}", text(&output.stderr));
            // Its own network is its own.
            let own = "id -u; ip link set eth0 down && echo down; mount -t tmpfs none /mnt && echo mounted";
            assert_eq!(sh(who, &["--hops", hops, "--map-root"], own), "0\ndown\nmounted");
        }
    }
}
