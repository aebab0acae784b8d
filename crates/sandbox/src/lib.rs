//! `imds exec`: runs a program in a network where the metadata service answers.
//!
//! ```text
//! service netns  <-veth->  instance netns  [<-veth->  router netns …]  <-veth->  program netns
//! ```
//! The service is one IP hop outside the instance, as on real hardware. Three processes take part:
//! ours, which becomes the service and lives in the service's namespace; [`init`], process 1 of the
//! machine that the program sees; and the program. Ours ends with the program's status, and whatever
//! way it ends the kernel takes everything else away.

mod caller;
mod egress;
mod error;
mod first_boot;
mod init;
mod line;
mod machine;
mod names;
mod network;
mod refusal;
mod supervise;

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::process::ExitCode;

use imds_linux::process::{self, Environment, Isolation};
use imds_linux::socket;
use imds_linux::user_namespace::{self, Identity};

use caller::Caller;
use egress::Egress;
use init::Init;
use line::Line;
use network::Network;

pub use error::{SandboxError, SandboxErrorKind};
pub use first_boot::{FirstBoot, Script};
pub use network::MAX_HOPS;

/// Where the service answers, IPv4.
pub const SERVICE_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// Where the service answers, IPv6.
pub const SERVICE_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// And on which port.
const PORT: u16 = 80;

/// The exit code of `exec`'s own failures.
pub const FAILED: u8 = 125;

/// What to run, and where. Has no `Debug`: environment and scripts may hold secrets.
pub struct ExecRequest {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    /// Routers between the instance and the program, 0 to [`network::MAX_HOPS`].
    pub hops: u8,
    /// Whether the program is user 0 inside.
    pub map_root: bool,
    /// Whether the program reaches the real network too.
    pub egress: bool,
    /// Whether the service answers on IPv6 too.
    pub ipv6: bool,
    pub instance: InstanceFacts,
    pub environment: Environment,
    /// Files below `/var` that the program's machine has and ours does not.
    pub scripts: Vec<Script>,
}

/// What the network and the machine show of the instance.
#[derive(Clone, Debug)]
pub struct InstanceFacts {
    pub id: String,
    pub instance_type: String,
    /// Whether the type runs on Xen rather than Nitro.
    pub is_xen: bool,
    pub private_ipv4: Ipv4Addr,
    /// The length of the subnet's prefix, 16 to 28.
    pub subnet_prefix_len: u8,
    pub ipv6: Option<Ipv6Addr>,
    pub mac: [u8; 6],
    /// The private DNS name, as in `ip-172-31-16-9.ec2.internal`.
    pub hostname: String,
}

/// Runs the program. `start` brings the service up on the listeners, in its own threads; what it
/// returns is kept until the program has ended.
///
/// # Errors
/// What `start` fails with, and [`SandboxError`] where the sandbox cannot be built.
pub fn run<Running, E: From<SandboxError>>(
    request: ExecRequest,
    start: impl FnOnce(Vec<TcpListener>) -> Result<Running, E>,
) -> Result<ExitCode, E> {
    let source = request.instance.private_ipv4;
    let egress = request.egress.then(|| Egress::prepare(source)).transpose()?;
    if !user_namespace::is_needless() {
        let identity = if request.map_root { Identity::Root } else { Identity::Own };
        user_namespace::enter(identity).map_err(refusal::explain)?;
    }
    let Network { program: program_namespace, routers } =
        Network::build(&request).map_err(refusal::explain)?;
    let has_resolver = egress.is_none();
    egress.map_or(Ok(()), Egress::connect)?;

    // From here to the fork nothing may start a thread.
    let (caller, signals) = Caller::keep().map_err(refusal::explain)?;
    let (line, far_end) = Line::pair().map_err(no_line)?;
    let init = Init {
        program: request.program,
        arguments: request.arguments,
        instance: request.instance,
        environment: request.environment,
        scripts: request.scripts,
        namespace: program_namespace,
        line: far_end,
        signals: signals.try_clone().map_err(refusal::explain)?,
        caller,
    };
    // What must end when we do has to be ours alone: the child gives up its copies.
    let mut ours = Some((line, routers));
    let child = process::fork(Isolation::Machine, || {
        drop(ours.take());
        init.run()
    })
    .map_err(refusal::explain)?;

    // The program waits until the service listens; the rest of its machine is being built meanwhile.
    let outcome = listen(request.ipv6).map_err(E::from).and_then(start).and_then(|running| {
        if has_resolver {
            names::answer_in_background()?;
        }
        let (line, routers) = ours.expect("only the child took it");
        let code = supervise::supervise(&child, signals, line).map_err(refusal::explain)?;
        drop((running, routers));
        Ok(code)
    });
    if outcome.is_err() {
        child.kill();
    }
    outcome
}

/// The service's listening sockets, in the calling thread's network.
fn listen(ipv6: bool) -> Result<Vec<TcpListener>, SandboxError> {
    let addresses: [IpAddr; 2] = [SERVICE_V4.into(), SERVICE_V6.into()];
    addresses
        .into_iter()
        .filter(|address| address.is_ipv4() || ipv6)
        .map(|address| {
            socket::listen((address, PORT).into()).map_err(|error| {
                SandboxError::new(SandboxErrorKind::Bug, format!("cannot listen on {address}"))
                    .caused_by(error)
            })
        })
        .collect()
}

fn no_line(error: io::Error) -> SandboxError {
    SandboxError::new(SandboxErrorKind::Unavailable, "cannot build the sandbox").caused_by(error)
}
