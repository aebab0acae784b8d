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
    assert!(message.contains("cannot make a network namespace"), "{message}");
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
