//! What the machine says it is.

use std::process::Command;

use testkit::{Need, Trial, tests};

use super::sandbox::{As, binary, everyone, sh, text};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        a_nitro_type_says_so_in_its_firmware,
        a_xen_type_says_so_in_its_hypervisor,
        all_else_in_sys_is_still_there,
        processes_are_the_sandboxs_own,
        the_host_is_called_as_the_instance_is,
        namespaces_in_there_have_proc_and_sys_of_their_own,
    ];
    tests.extend(tests![
        &[Need::Root];
        names_work_whatever_is_in_etc,
        where_new_mounts_are_forbidden_it_says_so_and_goes_on,
        in_a_container_nothing_says_so_to_a_program_on_the_instance,
    ]);
    tests
}

fn a_nitro_type_says_so_in_its_firmware() {
    for who in everyone() {
        let identity = sh(
            who,
            &["--instance-type", "m5.large"],
            "cd /sys/class/dmi/id; cat sys_vendor bios_vendor product_name; \
             cat /sys/devices/virtual/dmi/id/board_asset_tag product_uuid product_serial; ls /sys/hypervisor 2>/dev/null || :",
        );
        let lines: Vec<&str> = identity.lines().collect();
        assert_eq!(lines[..3], ["Amazon EC2", "Amazon EC2", "m5.large"]);
        assert!(lines[3].starts_with("i-"));
        assert!(lines[4].starts_with("ec2") && lines[4].len() == 36);
        assert_eq!(lines[4], lines[5]);
        assert_eq!(lines.len(), 6);
    }
}

fn a_xen_type_says_so_in_its_hypervisor() {
    for who in everyone() {
        let identity = sh(
            who,
            &["--instance-type", "t2.micro"],
            "cat /sys/hypervisor/uuid /sys/class/dmi/id/product_uuid; \
             cat /sys/hypervisor/type /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/bios_version",
        );
        let lines: Vec<&str> = identity.lines().collect();
        assert!(lines[0].starts_with("ec2"));
        assert_eq!(lines[0], lines[1]);
        assert_eq!(lines[2..], ["xen", "Xen", "4.11.amazon"]);
    }
}

fn all_else_in_sys_is_still_there() {
    let listing = "cd /sys; ls -d block bus class/* dev devices firmware fs/* kernel module power";
    let outside = text(&Command::new("sh").args(["-c", listing]).output().unwrap().stdout);
    for kind in ["t2.micro", "t3.micro"] {
        for who in everyone() {
            let inside = sh(who, &["--instance-type", kind], listing);
            let without_dmi: Vec<&str> =
                inside.lines().filter(|line| *line != "class/dmi").collect();
            let expected: Vec<&str> = outside.lines().filter(|line| *line != "class/dmi").collect();
            assert_eq!(without_dmi, expected);
        }
        let cgroups = "ls /sys/fs/cgroup; stat -f -c %T /sys/fs/cgroup/*";
        let outside = text(&Command::new("sh").args(["-c", cgroups]).output().unwrap().stdout);
        assert_eq!(sh(As::Tester, &["--instance-type", kind], cgroups), outside);
        let real = sh(As::Tester, &["--instance-type", kind], "realpath /sys/class/net/eth0");
        assert_eq!(real, "/sys/devices/virtual/net/eth0");
    }
}

fn processes_are_the_sandboxs_own() {
    for who in everyone() {
        assert_eq!(sh(who, &[], "echo $$; cat /proc/self/stat | cut -d' ' -f4"), "2\n2");
    }
}

fn the_host_is_called_as_the_instance_is() {
    for who in everyone() {
        assert!(sh(who, &[], "hostname").starts_with("ip-172-31-"));
    }
}

/// Runs a script inside, on a machine whose `/etc` was changed by another script.
fn with_etc(change: &str, script: &str) -> String {
    let setup = format!(
        "set -e; mount -t tmpfs none /mnt; cp -a /etc /mnt/; cd /mnt/etc; {change}; \
         mount --bind /mnt/etc /etc; exec \"$0\" exec -- sh -ec '{script}'"
    );
    let output =
        Command::new("unshare").args(["-m", "sh", "-c", &setup]).arg(binary()).output().unwrap();
    assert_eq!(text(&output.stderr), "", "{change}");
    text(&output.stdout)
}

fn names_work_whatever_is_in_etc() {
    let ask = "getent hosts instance-data; test -s /etc/resolv.conf; ls /etc/passwd";
    for change in [
        "rm resolv.conf",
        "rm hosts resolv.conf nsswitch.conf",
        "ln -sf /nowhere/resolv.conf resolv.conf",
        "cp resolv.conf resolv.real; ln -sf resolv.real resolv.conf",
        "sed -i s/^hosts:.*/hosts:\\ resolve\\ [!UNAVAIL=return]\\ files/ nsswitch.conf",
    ] {
        let answer = with_etc(change, ask);
        assert!(answer.starts_with("169.254.169.254"), "{change}: {answer}");
        assert!(answer.ends_with("/etc/passwd"), "{change}: {answer}");
    }
}

/// As container engines do it: parts of `/proc` and `/sys` are covered, and then the kernel lets no
/// unprivileged user mount new ones.
fn where_new_mounts_are_forbidden_it_says_so_and_goes_on() {
    let script = "mount -t tmpfs none /proc/bus && mount -t tmpfs none /sys/firmware && \
                  exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$0\" exec \
                  --instance-type t3.micro -- \
                  sh -c 'cat /sys/class/dmi/id/sys_vendor; kill -0 1; ls /sys/fs/cgroup >&2'";
    let output =
        Command::new("unshare").args(["-m", "sh", "-c", script]).arg(binary()).output().unwrap();
    let warnings = text(&output.stderr);
    assert_eq!(text(&output.stdout), "Amazon EC2", "{warnings}");
    assert!(warnings.contains("warning: network interfaces in /sys are the real"), "{warnings}");
    assert!(warnings.contains("warning: /proc is the real machine's"), "{warnings}");
    assert!(warnings.contains("Operation not permitted"), "{warnings}");
}

/// As rootless container engines make them: the kernel allows it where it sees all of an older one.
fn namespaces_in_there_have_proc_and_sys_of_their_own() {
    let script = "unshare --user --map-root-user --net --pid --mount --fork sh -ec '\
                  mount -t sysfs none /sys; mount -t proc none /proc; ls /sys/class/net; echo $$'";
    for who in everyone() {
        assert_eq!(sh(who, &[], script), "lo\n1");
    }
}

/// A machine that has all marks of a container: files that are there already, and variables.
const CONTAINER: &str = r"
set -e
mount -t tmpfs none /mnt
cd /mnt
for entry in /*; do
    if [ -L $entry ]; then cp -P $entry .
    elif [ -d $entry ]; then mkdir ./$entry; mount --rbind $entry ./$entry
    fi
done
mkdir root-before
touch .dockerenv
mount -t tmpfs none run
mkdir run/host run/systemd
touch run/.containerenv run/other run/host/other run/systemd/other
echo docker >run/systemd/container
echo docker >run/host/container-manager
pivot_root . root-before
umount -l /root-before
rmdir /root-before
export container=podman
cd /usr/bin
";

fn in_a_container_nothing_says_so_to_a_program_on_the_instance() {
    let look = "ls -d /.dockerenv /run/.containerenv /run/systemd/container \
                /run/host/container-manager 2>/dev/null || :; \
                echo ${container-unset}; tr '\\0' '\\n' </proc/1/environ | grep ^container= || :; \
                ls -d $PWD /run/*other /run/*/other; command -v sh; \
                ! command -v systemd-detect-virt >/dev/null || systemd-detect-virt --container || :";
    let run = |who: As, options: &str| {
        let user = match who {
            As::Tester => "",
            As::Nobody => "setpriv --reuid=65534 --regid=65534 --clear-groups",
        };
        let script = format!("{CONTAINER}\nexec {user} \"$0\" exec {options} -- sh -c \"$1\"");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).arg(binary()).arg(look);
        let output = command.output().unwrap();
        (text(&output.stdout), text(&output.stderr))
    };
    let has_systemd = Command::new("systemd-detect-virt").output().is_ok();
    let verdict = if has_systemd { "\nnone" } else { "" };
    let rest =
        format!("/run/host/other\n/run/other\n/run/systemd/other\n/usr/bin\n/usr/bin/sh{verdict}");
    assert_eq!(run(As::Tester, ""), (format!("unset\n{rest}"), String::new()));
    let (shown, errors) = run(As::Nobody, "");
    assert_eq!(shown, format!("unset\n{rest}"), "{errors}");
    // There process 1 is not the program's own.
    assert!(errors.contains("/proc/1/environ") && errors.lines().count() == 1, "{errors}");

    // A program in a container on the instance would see them there too.
    let (shown, _) = run(As::Tester, "--container");
    let marks = "/.dockerenv\n/run/.containerenv\n/run/host/container-manager\n\
                 /run/systemd/container\npodman\ncontainer=podman\n";
    assert!(shown.starts_with(marks), "{shown}");
}
