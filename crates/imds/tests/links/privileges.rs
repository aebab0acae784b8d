//! What the process that parses bytes of strangers cannot do.

use std::fs;

use testkit::workloads::{namespace, place};
use testkit::{Context as _, Need, Process, Result, Server, Trial, ensure, eventually, tests};

use super::{DEFAULT_INSTANCE, Machine, instance_of};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("ip")];
        the_serving_process_has_no_capability,
        a_low_port_leaves_one_capability,
        a_service_without_privileges_says_what_it_lacks,
    ]
    .into_iter()
    .chain(tests![&[Need::Root, Need::Program("setpriv")]; a_service_has_a_user_of_its_own])
    .collect()
}

fn the_serving_process_has_no_capability() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let mut machine = Machine::start(&host, &["--ami", "al2", "--link", "host"])?;
    let pid = machine.server.process().child().id();
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        of_all_threads(pid, set, "0000000000000000")?;
    }
    of_all_threads(pid, "NoNewPrivs:", "1")?;
    // Links are made nevertheless, by the helper.
    machine.add(&place(&workload))?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
    Ok(())
}

/// Fails unless a field of `/proc/PID/status` has this value in every thread.
fn of_all_threads(pid: u32, field: &str, value: &str) -> Result<()> {
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // One that has ended meanwhile can do nothing any more.
        let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
        let found = status.lines().find_map(|line| line.strip_prefix(field));
        let found = found.with_context(|| format!("no {field}"))?.trim();
        ensure!(found == value, "{field} {found}");
    }
    Ok(())
}

/// `--stall` binds that port once more.
fn a_low_port_leaves_one_capability() -> Result<()> {
    let host = namespace()?;
    let server = host.run(|| Server::start_on(&["127.0.0.1:80".parse()?], &["--ami", "al2"]))?;
    let mut server = server?;
    let pid = server.process().child().id();
    // CAP_NET_BIND_SERVICE is number 10.
    of_all_threads(pid, "CapEff:", "0000000000000400")
}

/// As the page's systemd unit has it: capabilities of a user without root, for the helper alone.
fn a_service_has_a_user_of_its_own() -> Result<()> {
    const RIGHTS: &str =
        "+net_admin,+sys_admin,+sys_ptrace,+dac_read_search,+net_raw,+net_bind_service";
    let (host, home) = (namespace()?, tempfile::tempdir()?);
    std::os::unix::fs::chown(home.path(), Some(65534), Some(65534))?;
    let banner = home.path().join("banner");
    let mut command = testkit::program("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command.args([format!("--inh-caps={RIGHTS}"), format!("--ambient-caps={RIGHTS}")]);
    command.arg(testkit::binary()).args(["serve", "--ami", "al2", "--link", "host"]);
    command.arg("--access-log=off").env("XDG_STATE_HOME", home.path());
    command.stdout(fs::File::create(&banner)?).stderr(fs::File::create("/dev/null")?);
    let mut service = host.run(|| Process::start(&mut command))??;
    eventually("the banner", || {
        fs::read_to_string(&banner).ok()?.contains("imds env").then_some(())
    })?;
    ensure!(instance_of(&host)? == DEFAULT_INSTANCE);
    let pid = service.child().id();
    of_all_threads(pid, "CapEff:", "0000000000000000")?;
    of_all_threads(pid, "CapAmb:", "0000000000000000")?;
    of_all_threads(pid, "Uid:", "65534\t65534\t65534\t65534")?;
    service.signal("TERM")?;
    ensure!(service.ended()?.success());
    Ok(())
}

fn a_service_without_privileges_says_what_it_lacks() -> Result<()> {
    let mut command = testkit::program("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]);
    // Root without its capabilities, as in most containers.
    command.arg(testkit::binary()).args(["serve", "--state", "memory", "--link", "host"]);
    let finished = testkit::Finished::of(&mut command)?.expect_code(3)?;
    ensure!(finished.stderr.contains("cannot link host: not permitted to"), "{finished:?}");
    ensure!(finished.stderr.contains("run `imds serve` as root"), "{finished:?}");
    Ok(())
}
