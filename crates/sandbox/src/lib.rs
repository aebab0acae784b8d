//! Runs a program in a network where the metadata service answers, as `imds exec` does.
//!
//! ```text
//! service netns  <-veth->  instance netns  [<-veth->  router netns …]  <-veth->  program netns
//! ```
//! The service is one IP hop outside the instance, as on real hardware. Three processes take part:
//!
//! - the calling process, which becomes the service and stays in the service's namespace;
//! - process 1 of the machine that the program sees, see `init`;
//! - the program.
//!
//! The calling process ends with the program's exit code. When it ends for any other reason, the
//! kernel ends the other two and removes the namespaces.

mod egress;
mod error;
mod first_boot;
mod host_sockets;
mod init;
mod line;
mod machine;
mod names;
mod network;
mod refusal;
mod request;
mod supervise;
mod terminal;
mod warning;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::process::ExitCode;

use imds_linux::Namespace;
use imds_linux::process::{self, Child, Isolation};
use imds_linux::socket;
use imds_linux::user_namespace;

use egress::Egress;
use init::Init;
use line::{ControlMessage, Line};
use network::{Network, Shape};
use terminal::Terminal;
use warning::warn;

pub use error::{SandboxError, SandboxErrorKind};
pub use first_boot::{FirstBoot, Script};
pub use request::{
    ExecRequest, FAILED, InstanceFacts, InterfaceFacts, MAX_HOPS, SERVICE_V4, SERVICE_V6,
};

/// The port where the service listens.
const PORT: u16 = 80;

/// Runs the program and returns its exit code. `start` starts the service on the listeners, in threads of
/// its own; the value that it returns is dropped when the program has ended.
///
/// The calling process must have one thread: it is forked.
///
/// # Errors
/// What `start` fails with, and [`SandboxError`] where the sandbox cannot be built.
///
/// # Panics
/// Never: only the forked child takes the values that are expected here.
pub fn run<Running, E: From<SandboxError>>(
    request: ExecRequest,
    start: impl FnOnce(Vec<TcpListener>) -> Result<Running, E>,
) -> Result<ExitCode, E> {
    let source = request.instance.private_ipv4;
    let egress = request.egress.then(|| Egress::prepare(source)).transpose()?;
    if !user_namespace::is_needless() {
        user_namespace::enter(request.identity).map_err(refusal::explain)?;
    }
    let (shape, ipv6) = (Shape::of(&request), request.ipv6);
    // From here to the fork nothing may start a thread.
    let (terminal, signals) = Terminal::take_over().map_err(refusal::explain)?;
    let (line, far_end) = Line::pair().map_err(cannot_build)?;
    let in_container = request.hops > 0;
    let init = Init {
        program: request.program,
        arguments: request.arguments,
        instance: request.instance,
        environment: request.environment,
        scripts: request.scripts,
        in_container,
        closed_sockets: (!request.host_sockets).then(host_sockets::find),
        line: far_end,
        signals: signals.try_clone().map_err(refusal::explain)?,
        terminal,
    };
    let (child, (mut line, egress)) = fork(init, (line, egress), in_container)?;
    let outcome =
        Namespace::of(&child).map_err(refusal::explain).map_err(E::from).and_then(|program| {
            line.send(ControlMessage::SetUp);
            // Process 1 sets up the machine meanwhile.
            let network = Network::build(&shape, program).map_err(refusal::explain)?;
            let has_resolver = egress.is_none();
            egress.map_or(Ok(()), Egress::connect)?;
            let running = start(listen(ipv6)?)?;
            if has_resolver {
                names::start_resolver()?;
            }
            let code = supervise::supervise(&child, signals, line).map_err(refusal::explain)?;
            drop((running, network));
            Ok(code)
        });
    if outcome.is_err() {
        child.kill();
    }
    outcome
}

/// Starts process 1, which waits for [`ControlMessage::SetUp`] and does not keep `parent_only` open.
///
/// In a container on the instance, the program may be root of its own network, not of the instance's. So it
/// has a user namespace of its own there, where the machine allows one.
fn fork<ParentOnly>(
    init: Init,
    parent_only: ParentOnly,
    in_container: bool,
) -> Result<(Child, ParentOnly), SandboxError> {
    let mut ours = Some((init, parent_only));
    let mut start = |isolation| {
        process::fork(isolation, || {
            let Some((init, parent_only)) = ours.take() else { return FAILED };
            drop(parent_only);
            init.run()
        })
    };
    let child = if in_container {
        let owned = start(Isolation::OwnedMachine).and_then(|child| {
            user_namespace::map_as_here(&child).inspect_err(|_| child.kill())?;
            Ok(child)
        });
        owned.or_else(|error| {
            if !user_namespace::is_needless() {
                return Err(error);
            }
            warn(format_args!("{error}: as root the program can reach the instance's own network"));
            start(Isolation::Machine)
        })
    } else {
        start(Isolation::Machine)
    };
    let child = child.map_err(refusal::explain)?;
    let (_, parent_only) = ours.expect("only the child took it");
    Ok((child, parent_only))
}

/// Opens the service's listening sockets in the calling thread's network namespace.
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

fn cannot_build(error: io::Error) -> SandboxError {
    SandboxError::new(SandboxErrorKind::Unavailable, "cannot build the sandbox").caused_by(error)
}
