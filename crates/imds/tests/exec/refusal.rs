//! What it says where the kernel does not let it.

use std::process::Command;

use testkit::{Trial, tests};

use super::sandbox::{binary, code, text};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        switched_off_network_namespaces_are_named,
        switched_off_user_namespaces_are_named,
        a_read_only_proc_sys_is_named,
        a_missing_proc_is_named,
        a_container_without_user_namespaces_is_warned_of,
    ]
}

/// Runs `imds exec -- true` as root of a user namespace that a script has changed before. Limits set
/// there hold there only.
fn refused(script: &str, run: &str) -> String {
    let script = format!("set -e; {script}; exec {run} \"$0\" exec -- true");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(binary())
        .output()
        .unwrap();
    let message = text(&output.stderr);
    assert_eq!(code(&output), Some(125), "{message}");
    message
}

fn switched_off_network_namespaces_are_named() {
    let message = refused("echo 0 >/proc/sys/user/max_net_namespaces", "");
    assert!(message.contains("cannot make the program's namespaces"), "{message}");
    assert!(message.contains("sysctl -w user.max_net_namespaces="), "{message}");
}

fn switched_off_user_namespaces_are_named() {
    let message =
        refused("echo 0 >/proc/sys/user/max_user_namespaces", "setpriv --bounding-set=-sys_admin");
    assert!(message.contains("cannot make a user namespace"), "{message}");
    assert!(message.contains("sysctl -w user.max_user_namespaces="), "{message}");
}

fn a_read_only_proc_sys_is_named() {
    let script = "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys; \
                  set -- --container";
    let script = format!("{script}; exec \"$0\" exec --container -- true");
    let message = refused(&script, "");
    assert!(message.contains("/proc/sys is read-only"), "{message}");
    assert!(message.contains("systempaths=unconfined"), "{message}");
}

fn a_missing_proc_is_named() {
    let message = refused("mount -t tmpfs none /proc", "");
    assert!(message.contains("hint: /proc is not mounted"), "{message}");
}

/// Root needs none, but for keeping a container's root from the instance's network.
fn a_container_without_user_namespaces_is_warned_of() {
    let script =
        "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$0\" exec --container -- id -u";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(binary())
        .output()
        .unwrap();
    let warning = text(&output.stderr);
    assert_eq!((code(&output), text(&output.stdout)), (Some(0), "0".to_owned()), "{warning}");
    assert!(warning.starts_with("imds: warning: cannot make the program's namespaces and a user"));
    assert!(warning.ends_with("as root the program can reach the instance's own network"));
}
