//! The EC2 API of a running host, and the web console that stands on it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use imds_account::{Applied, Network, Store};
use imds_console::{CAPACITY, ConsoleServer, KEPT_FOR_V1, SignIn, Sources};
use imds_control::{
    AdminRefusal, Authentication, ConsoleDoor, Control, ControlServer, NoLinks, PresetImage,
    RolePolicies,
};
use imds_core::InstanceType;
use imds_core::credentials::Issuer;
use imds_core::placement::Region;
use imds_dataplane::{CurrentTable, Service};
use imds_metrics::Metrics;

use crate::faults::FaultAdmin;
use crate::history;
use crate::links::{LinkAdmin, Links};
use crate::metrics;

/// Where the EC2 API answers, and which requests.
pub struct ControlSocket {
    /// The listening socket.
    pub listener: TcpListener,
    /// Whether requests must be signed.
    pub authentication: Authentication,
    /// What roles may do.
    pub policies: RolePolicies,
    /// Instance types that can be launched beside those that AWS's API model names.
    pub instance_types: Vec<InstanceType>,
    /// Images beside Amazon's and those that are registered.
    pub images: Vec<PresetImage>,
    /// The web console, if there is to be one.
    pub console: Option<ConsoleSocket>,
}

/// Where the web console is served.
pub struct ConsoleSocket {
    /// The listening socket: on loopback, and on nothing that workloads reach.
    pub listener: TcpListener,
}

/// What both stand on.
pub(crate) struct Foundation<'a> {
    pub(crate) store: Store,
    pub(crate) network: Network,
    pub(crate) region: Region,
    pub(crate) issuer: Issuer,
    pub(crate) table: CurrentTable,
    pub(crate) applied: Box<dyn Applied>,
    pub(crate) service: &'a Arc<Service>,
    pub(crate) links: Option<&'a Links>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) version: &'static str,
}

impl ControlSocket {
    /// Where the console is served, if it is.
    fn console_address(&self) -> io::Result<Option<SocketAddr>> {
        self.console.as_ref().map(|console| console.listener.local_addr()).transpose()
    }

    /// Answers whoever connects.
    pub(crate) fn serve(
        self,
        on: Foundation<'_>,
    ) -> io::Result<(ControlServer, Option<ConsoleServer>)> {
        let sign_in = self.console_address()?.map(|address| Arc::new(SignIn::new(address)));
        let control = Arc::new(Control {
            store: on.store,
            applied: on.applied,
            links: match on.links {
                Some(links) => Box::new(LinkAdmin(links.shared())),
                None => Box::new(NoLinks),
            },
            faults: Box::new(FaultAdmin(Arc::clone(on.service))),
            console: sign_in.clone().map(door),
            network: on.network,
            region: on.region,
            authentication: self.authentication,
            issuer: on.issuer,
            policies: self.policies,
            instance_types: self.instance_types,
            images: self.images,
            metrics: Some(metrics::door(on.metrics)),
            history: history::of(on.service.counter_reader(), Arc::clone(&on.table)),
            cursors: <_>::default(),
        });
        let console = self.console.zip(sign_in).map(|(socket, sign_in)| {
            let sources = Sources {
                control: Arc::clone(&control),
                table: on.table,
                counters: on.service.counter_reader(),
                requests: on.service.subscribe(CAPACITY, KEPT_FOR_V1),
                sign_in,
                version: on.version,
            };
            ConsoleServer::start(sources, socket.listener)
        });
        Ok((ControlServer::start(control, self.listener)?, console.transpose()?))
    }
}

/// Has the API ask the console for a code.
fn door(sign_in: Arc<SignIn>) -> ConsoleDoor {
    ConsoleDoor(Box::new(move || {
        sign_in.url().map_err(|error| {
            tracing::error!(%error, "cannot make a code for the console");
            AdminRefusal { status: 500, message: "no code can be made; see the log".to_owned() }
        })
    }))
}
