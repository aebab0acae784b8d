//! What the process that parses bytes of strangers cannot do.

use std::fs;

use testkit::workloads::{namespace, place};
use testkit::{Context as _, Need, Result, Trial, ensure, tests};

use super::{DEFAULT_INSTANCE, Machine, instance_of};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("ip")];
        the_serving_process_has_no_capability,
        a_service_without_privileges_says_what_it_lacks,
    ]
}

fn the_serving_process_has_no_capability() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let mut machine = Machine::start(&host, &["--ami", "al2", "--link", "host"])?;
    let pid = machine.server.process().child().id();
    // Of every thread, not of the first alone.
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(|rest| rest.trim().to_owned()).with_context(|| format!("no {name}"))
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            ensure!(field(set)? == "0000000000000000", "{set} {}", field(set)?);
        }
        ensure!(field("NoNewPrivs:")? == "1");
    }
    // Links are made nevertheless, by the helper.
    machine.add(&place(&workload))?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
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
