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
mod init;
mod line;
mod machine;
mod names;
mod network;
mod refusal;
mod request;
mod supervise;
mod terminal;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::process::ExitCode;

use imds_linux::process::{self, Isolation};
use imds_linux::socket;
use imds_linux::user_namespace::{self, Identity};

use egress::Egress;
use init::Init;
use line::Line;
use network::Network;
use terminal::Terminal;

pub use error::{SandboxError, SandboxErrorKind};
pub use first_boot::{FirstBoot, Script};
pub use request::{ExecRequest, FAILED, InstanceFacts, MAX_HOPS, SERVICE_V4, SERVICE_V6};

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
        let identity = if request.map_root { Identity::Root } else { Identity::Own };
        user_namespace::enter(identity).map_err(refusal::explain)?;
    }
    let Network { program: program_namespace, routers } =
        Network::build(&request).map_err(refusal::explain)?;
    let has_resolver = egress.is_none();
    egress.map_or(Ok(()), Egress::connect)?;

    // From here to the fork nothing may start a thread.
    let (terminal, signals) = Terminal::take_over().map_err(refusal::explain)?;
    let (line, far_end) = Line::pair().map_err(cannot_build)?;
    let init = Init {
        program: request.program,
        arguments: request.arguments,
        instance: request.instance,
        environment: request.environment,
        scripts: request.scripts,
        in_container: request.hops > 0,
        namespace: program_namespace,
        line: far_end,
        signals: signals.try_clone().map_err(refusal::explain)?,
        terminal,
    };
    // These must close when this process ends, so the child drops its copies.
    let mut parent_only = Some((line, routers));
    let child = process::fork(Isolation::Machine, || {
        drop(parent_only.take());
        init.run()
    })
    .map_err(refusal::explain)?;

    // The program starts once the service listens. Process 1 sets up the machine meanwhile.
    let outcome = listen(request.ipv6).map_err(E::from).and_then(start).and_then(|running| {
        if has_resolver {
            names::start_resolver()?;
        }
        let (line, routers) = parent_only.expect("only the child took it");
        let code = supervise::supervise(&child, signals, line).map_err(refusal::explain)?;
        drop((running, routers));
        Ok(code)
    });
    if outcome.is_err() {
        child.kill();
    }
    outcome
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
