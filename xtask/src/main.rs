//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, `cargo xtask check`.
#![expect(clippy::print_stdout, reason = "chores talk to a developer at a terminal")]

mod architecture;
mod attack;
mod bench;
mod book;
mod check;
mod clients;
mod codegen;
mod command;
mod console_browser;
mod counts;
mod dist;
mod distributions;
mod faults;
mod fleet;
mod install;
mod netavark;
mod pictures;
mod soak;
mod survey;
mod test;
mod vm;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <chore>

  test    everything that must pass: format, lints, the dependency rules, all tests;
          installs what the tests need (Debian packages, a Python environment, AWS SDKs)
  check   only the architecture's rules and what is published; `--report` prints the structure in
          numbers, `--report --json` the same for programs
  counts  the instructions of the hot calls, compared with those in crates/instruction-counts;
          `--bless` keeps the new counts
  dist    the artifacts of a release in target/dist: static programs, archives, Debian packages, OCI
          images, debug symbols, lists of components, checksums; without a network
  distributions
          those programs and packages in roots of Debian 11, 12 and 13 and of busybox; as root
  vm      two virtual machines of QEMU with cloud-init, behind TAP devices in namespaces: what they see of
          their instances; as root, with KVM a minute, emulated a quarter of an hour
  netavark
          networks of the driver imds-netavark by the Podman of Debian 13, in namespaces; as root
  faults  the table of docs/faults.md: what public clients do under each fault; a few minutes
  fleet [MINUTES]
          hosts on three members of etcd, in three parts. For MINUTES, 30 by default, members are killed, stopped,
          cut off and slowed down: whether what callers are told is linearizable, and the figures of
          docs/fleet.md. For a third of it all members end, hang, or are cut off: whether hosts go on and
          catch up. A host dies in a launch, and another one sweeps it: up to ten minutes more
  fleet agents [AGENTSxINSTANCES]
          what hosts cost that follow linked instances, 20x1000 by default: start, memory beside SQLite, bytes
          that they receive for a neighbour's change; launches per second through three EC2 APIs
  console-browser
          the web console, clicked through in Chromium, which it installs; screenshots are in
          target/console-browser
  book    the pages of docs/ as a site with search, in target/book; installs mdBook below target/ if
          the right one is not there, which takes minutes
  pictures
          the terminals in docs/pictures, of real runs of a release build
  clients [NAME…]
          the table of docs/clients.md: how public clients behave where a token is lost, over IPv6, and by
          which settings; about half an hour; with names only those lines are measured again
  codegen the EC2 shapes from crates/ec2/model/ec2.json, the partitions from
          crates/core/model/partitions.json; `--check` only compares;
          `gzip -dc …/service-2.json.gz | cargo xtask codegen --trim` makes that model
          from botocore's, down to the operations in crates/ec2/model/operations.txt;
          `--trim-partitions` makes the other one from botocore's partitions.json
  attack [LOAD]
          crowds of hostile clients, and what a good client gets meanwhile: median and p99 without and
          with the load, its rate, memory and descriptors; nginx is loaded in the same way
  soak [MINUTES]
          clients that check all they get and clients that break off, while instances change, come and go
          (default: 30): no wrong answer, and neither memory nor descriptors grow; then 100,000
          requests over five takeovers, of which none is lost
  bench   the figures of docs/figures.md, side by side with nginx, unshare, ripgrep, curl and AWS SDKs;
          takes about twenty minutes; `bench migrate` measures one part: start, requests, latency, workers,
          idle, observed, control, scale, exec, links, migrate, client
  bench build [--base REVISION]
          a release build from a clean clone beside that of REVISION (default: HEAD^): processor
          time, size, start of `serve`, cost of a GET and of a page of instances; takes as long as both builds
  bench compare BASE NEW
          the same, without the builds, of two programs that are there already; a program beside
          itself shows how far to trust the figures on a busy machine
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [.., "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["test"] => test::run(),
        ["book"] => book::build(),
        ["faults"] => faults::run_all(),
        ["fleet"] => fleet::run("30"),
        ["fleet", "agents"] => fleet::run_agents("20x1000"),
        ["fleet", "agents", size] => fleet::run_agents(size),
        ["fleet", minutes] => fleet::run(minutes),
        ["console-browser"] => console_browser::run_all(),
        ["clients", ref names @ ..] => survey::run_all(names),
        ["check"] => check::run(),
        ["check", "--report"] => check::report(false),
        ["check", "--report", "--json"] => check::report(true),
        ["codegen"] => codegen::run(),
        ["codegen", "--check"] => codegen::check(),
        ["codegen", "--trim"] => codegen::trim(),
        ["codegen", "--trim-partitions"] => codegen::trim_partitions(),
        ["dist"] => dist::run_all(),
        ["pictures"] => pictures::draw_all(),
        ["netavark"] => netavark::run_all(),
        ["vm"] => vm::run_all(),
        ["distributions"] => distributions::run_all(),
        ["counts"] => counts::run(false),
        ["counts", "--bless"] => counts::run(true),
        ["attack"] => attack::run(""),
        ["attack", load] => attack::run(load),
        ["soak"] => soak::run("30"),
        ["soak", minutes] => soak::run(minutes),
        ["bench"] => bench::run(None),
        ["bench", "build"] => bench::build(None),
        ["bench", "build", "--base", base] => bench::build(Some(base)),
        ["bench", "compare", base, new] => bench::compare(base, new),
        // A server that `bench requests` starts.
        ["bench", "bare-loop", address] => bench::serve_bare_loop(address),
        ["bench", part] if bench::PARTS.iter().any(|(name, _)| *name == part) => {
            bench::run(Some(part))
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
