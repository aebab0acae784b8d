//! Signals reach the program, and nothing outlives it.

use std::fs;

use testkit::{Trial, tests};

use super::sandbox::{As, Running, everyone, exec, processes_in, processes_with, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        a_signal_sent_to_us_alone_is_for_the_program,
        being_stopped_and_continued_changes_nothing,
        the_end_of_the_program_is_the_end_of_all_it_started,
        killing_us_leaves_nothing_behind,
        orphans_are_collected,
        being_continued_continues_a_program_that_stopped_itself,
    ]
}

fn a_signal_sent_to_us_alone_is_for_the_program() {
    for who in everyone() {
        for name in ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2"] {
            let script = format!("trap 'exit 9' {name}; echo ready; while :; do read -r x; done");
            let mut running = Running::start(exec(who, &[], &["bash", "-c", &script]));
            assert_eq!(running.line(), "ready");
            running.signal(name);
            assert_eq!(running.wait(), Some(9), "{who:?} {name}");
        }
    }
}

fn being_stopped_and_continued_changes_nothing() {
    let mut running =
        Running::start(exec(As::Tester, &[], &["sh", "-c", "echo ready; read x; exit 5"]));
    assert_eq!(running.line(), "ready");
    running.signal("STOP");
    running.say("go on");
    running.signal("CONT");
    assert_eq!(running.wait(), Some(5));
}

fn the_end_of_the_program_is_the_end_of_all_it_started() {
    for who in everyone() {
        let marker = format!("31{:?}0{}", who, std::process::id());
        let script = format!("setsid sh -c 'sleep 600; : {marker}' & echo ready");
        let mut running = Running::start(exec(who, &[], &["sh", "-c", &script]));
        assert_eq!(running.line(), "ready");
        assert_eq!(running.wait(), Some(0));
        assert!(processes_with(&marker).is_empty());
    }
}

fn killing_us_leaves_nothing_behind() {
    for who in everyone() {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        let marker = format!("32{:?}0{}", who, std::process::id());
        let script = format!(
            "setsid sh -c 'trap \"\" TERM HUP INT; readlink /proc/self/ns/net; \
             sleep 600; : {marker}' & wait"
        );
        let mut running = Running::start(exec(who, &["--container"], &["sh", "-c", &script]));
        let network = running.line();
        assert!(network.starts_with("net:["), "{network}");
        assert!(!processes_with(&marker).is_empty());

        running.signal("KILL");
        running.child.wait().unwrap();
        wait_until("for every process to end", || {
            processes_with(&marker).is_empty() && processes_in(&network).is_empty()
        });
        assert_eq!(fs::read_to_string("/proc/self/mounts").unwrap(), mounts);
    }
}

fn orphans_are_collected() {
    let script = "for i in 1 2 3; do (sh -c 'exit 0' &) ; done; \
                  while grep -q '^State:.Z' /proc/[0-9]*/status 2>/dev/null; do :; done; echo done";
    let mut running = Running::start(exec(As::Tester, &[], &["sh", "-c", script]));
    assert_eq!(running.line(), "done");
}

fn being_continued_continues_a_program_that_stopped_itself() {
    let script = "echo ready; kill -STOP $$; echo again; exit 6";
    let mut running = Running::start(exec(As::Tester, &[], &["sh", "-c", script]));
    assert_eq!(running.line(), "ready");
    // It may not have stopped yet.
    let mut output = None;
    wait_until("for the program to go on", || {
        running.signal("CONT");
        output = running.child.try_wait().unwrap();
        output.is_some()
    });
    assert_eq!(output.and_then(|status| status.code()), Some(6));
}
