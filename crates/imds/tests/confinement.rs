//! What a running service has lost the right to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use imds_linux::seccomp;
use testkit::{Context as _, Result, Server, Trial, anyhow, ensure, eventually, tests};

use crate::instances::run_another;

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[];
        calls_are_filtered_in_every_thread,
        only_what_runs_programs_may_run_programs,
        both_can_be_turned_off,
        files_of_nobody_are_out_of_reach,
        links_that_the_overlay_has_at_the_start_are_followed,
        randomness_comes_from_a_device_where_no_call_gives_it,
    ]
}

/// What a message says of a file that was given up.
pub(crate) const GIVEN_UP: &str =
    "can use only directories that its settings named then (Landlock); restart it";

/// A field of `/proc/PID/status` of each thread, by the thread's name; of threads with one name, the least.
fn of_threads(server: &mut Server, field: &str) -> Result<BTreeMap<String, u32>> {
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{}/task", server.process().child().id()))? {
        // One that has ended meanwhile can do nothing any more.
        let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        let name = value("Name:").context("a name")?.trim().to_owned();
        let found: u32 = value(field).with_context(|| format!("no {field}"))?.trim().parse()?;
        let least = threads.entry(name).or_insert(found);
        *least = found.min(*least);
    }
    Ok(threads)
}

fn calls_are_filtered_in_every_thread() -> Result<()> {
    let mut server = Server::start(&["--metrics", "127.0.0.1:0"])?;
    // Threads that are made later have no more rights: this one carries out calls.
    server.request("GET", "/latest/dynamic/instance-identity/pkcs7", &[])?;
    for (field, expected) in [("Seccomp:", 2), ("NoNewPrivs:", 1)] {
        let threads = of_threads(&mut server, field)?;
        ensure!(threads.len() > 4, "{threads:?}");
        ensure!(threads.values().all(|it| *it == expected), "{field} {threads:?}");
    }
    // Those that answer for metadata can do least of all, once each has begun and has its name.
    eventually("threads that can do less than all others", || {
        let filters = of_threads(&mut server, "Seccomp_filters:").ok()?;
        let (serving, others): (Vec<_>, Vec<_>) =
            filters.iter().partition(|(name, _)| name.starts_with("serve-"));
        let least = serving.iter().map(|(_, count)| **count).min()?;
        let most = others.iter().map(|(_, count)| **count).max()?;
        (least > most).then_some(())
    })
}

fn only_what_runs_programs_may_run_programs() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (file, calls) = (directory.path().join("imds.toml"), directory.path().join("calls"));
    // Outside of what the service itself may write, and asked again when the keys are about to expire.
    let program = format!(
        "echo >> {}; echo '{{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"A\\\", \
         \\\"SecretAccessKey\\\": \\\"B\\\", \\\"SessionToken\\\": \\\"C\\\", \
         \\\"Expiration\\\": \\\"1970-01-01T00:00:00Z\\\"}}'",
        calls.display()
    );
    let settings = format!("[instance.role]\nname = 'r'\ncredential-process = \"{program}\"\n");
    fs::write(&file, settings)?;
    let mut server = Server::start(&["--config", &file.to_string_lossy()])?;
    let unfiltered = of_threads(&mut server, "Seccomp:")?;
    let unfiltered: Vec<_> = unfiltered.iter().filter(|(_, it)| **it == 0).collect();
    ensure!(unfiltered.iter().all(|(name, _)| *name == "credentials"), "{unfiltered:?}");
    ensure!(unfiltered.len() == 1, "{unfiltered:?}");
    // The first is the start's, which has all rights.
    eventually("another call of the program", || {
        (fs::read_to_string(&calls).ok()?.lines().count() > 1).then_some(())
    })
}

fn both_can_be_turned_off() -> Result<()> {
    let mut server = Server::start(&["--no-seccomp", "--no-landlock"])?;
    let threads = of_threads(&mut server, "Seccomp:")?;
    ensure!(threads.values().all(|it| *it == 0), "{threads:?}");
    Ok(())
}

/// Whether the kernel restricts files, by all messages of a service.
pub(crate) fn has_landlock(messages: &str) -> Result<bool> {
    let has_it = !messages.contains("no Landlock");
    ensure!(has_it || std::env::var_os("CI").is_none(), "needed here: Landlock");
    if !has_it {
        eprintln!("skipped: Landlock, which this kernel does not have");
    }
    Ok(has_it)
}

/// A link in the overlay leads to a file elsewhere, as one would that somebody smuggles in.
fn files_of_nobody_are_out_of_reach() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (overlay, secret) =
        (directory.path().join("named/overlay"), directory.path().join("secret"));
    fs::create_dir_all(overlay.join("meta-data"))?;
    fs::write(&secret, "s3cret")?;
    let overlay_flag = format!("--overlay={}", overlay.display());
    for (flags, can_read) in [(&["--no-landlock"][..], true), (&[], false)] {
        let flags = [flags, &["--ami", "al2", "--log-level", "debug", &overlay_flag]].concat();
        let mut server = Server::start(&flags)?;
        if !can_read && !has_landlock(&server.messages())? {
            return Ok(());
        }
        std::os::unix::fs::symlink(&secret, overlay.join("meta-data/rack"))?;
        server.process().signal("HUP")?;
        let expected = if can_read { "have changed and are served" } else { GIVEN_UP };
        eventually("a look at the overlay", || server.messages().contains(expected).then_some(()))
            .with_context(|| server.messages())?;
        let is_served = || {
            let answer = server.request("GET", "/latest/meta-data/rack", &[]).ok()?;
            (answer.status() == 200).then_some(())
        };
        if can_read {
            eventually("the file's content", is_served)?;
        }
        ensure!(is_served().is_some() == can_read);
        fs::remove_file(overlay.join("meta-data/rack"))?;
    }
    Ok(())
}

fn links_that_the_overlay_has_at_the_start_are_followed() -> Result<()> {
    let (directory, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let overlay = directory.path().join("overlay");
    fs::create_dir_all(overlay.join("meta-data"))?;
    let target = elsewhere.path().join("rack");
    fs::write(&target, "one")?;
    std::os::unix::fs::symlink(&target, overlay.join("meta-data/rack"))?;
    let overlay_flag = format!("--overlay={}", overlay.display());
    let server = Server::start(&["--ami", "al2", &overlay_flag])?;
    for value in ["one", "two", "three"] {
        // As an editor does, which makes another file.
        fs::write(elsewhere.path().join("draft"), value)?;
        fs::rename(elsewhere.path().join("draft"), &target)?;
        eventually(value, || {
            let answer = server.request("GET", "/latest/meta-data/rack", &[]).ok()?;
            (answer.body == value.as_bytes()).then_some(())
        })
        .with_context(|| server.messages())?;
    }
    ensure!(!server.messages().contains("what is served stays"), "{}", server.messages());
    Ok(())
}

/// As in a program with a static C library, or on an old kernel. A state that exists has its keys: nothing
/// is random before rights are given up.
fn randomness_comes_from_a_device_where_no_call_gives_it() -> Result<()> {
    // In a thread of its own: the refusal cannot be taken back.
    let started = std::thread::spawn(|| {
        seccomp::hide_getrandom()?;
        let mut server = Server::start(&["--ami", "al2", "--no-auth", "--log-level", "debug"])?;
        server.kill_and_restart()?;
        Ok(server)
    });
    let started: Result<Server> = started.join().map_err(|_| anyhow!("the thread panicked"))?;
    let mut server = started?;
    has_landlock(&server.messages())?;
    // The thread that answers, the one that signs, and those of the EC2 API.
    server.token(60)?;
    eventually("a signature", || {
        let signed = server.request("GET", "/latest/dynamic/instance-identity/pkcs7", &[]).ok()?;
        (signed.status() == 200).then_some(())
    })
    .with_context(|| server.messages())?;
    run_another(&server, "172.31.78.9")?;
    let files = fs::read_dir(format!("/proc/{}/fd", server.process().child().id()))?;
    let mut targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    ensure!(targets.any(|it| it == Path::new("/dev/urandom")), "it does without the device");
    Ok(())
}
