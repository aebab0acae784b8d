//! The same client for programs without a Tokio runtime.
//!
//! ```no_run
//! # // Not run: it needs an instance, and must not ask one by accident.
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = imds_client::blocking::Client::from_env()?;
//! println!("{} is a {}", client.get("instance-id")?, client.instance_type()?);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::thread;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use crate::client::Client as AsyncClient;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::events::PendingEvents;
use crate::identity::IdentityDocument;
use crate::interfaces::NetworkInterface;
use crate::response::Response;
use crate::settings::Settings;

/// A client whose calls block. A thread of its own renews tokens and credentials meanwhile; it ends
/// with the last clone. Must not be used inside an async task.
#[derive(Clone)]
pub struct Client {
    client: AsyncClient,
    background: Arc<Background>,
}

struct Background {
    handle: Handle,
    /// Dropped with the last client, which ends the thread.
    _alive: oneshot::Sender<()>,
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The thread could not be started.
    #[error("cannot start the client's thread")]
    Thread(#[from] io::Error),
    /// A setting cannot be used.
    #[error(transparent)]
    Settings(#[from] Error),
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        Ok(Self::with_client(AsyncClient::new(settings))?)
    }

    /// A client as the environment configures it; see [`crate::settings`]. [`AsyncClient::builder`] is
    /// for programs that set something themselves.
    ///
    /// # Errors
    /// [`StartError::Settings`] for a value that cannot be used, and as [`Client::new`].
    pub fn from_env() -> Result<Self, StartError> {
        Self::new(Settings::from_env()?)
    }

    pub(crate) fn with_client(client: AsyncClient) -> io::Result<Self> {
        Ok(Self { client, background: Arc::new(Background::start()?) })
    }

    /// See [`AsyncClient::get`].
    ///
    /// # Errors
    /// As [`AsyncClient::get`].
    pub fn get(&self, path: impl AsRef<str>) -> Result<String, Error> {
        self.wait(self.client.get(path))
    }

    /// See [`AsyncClient::list`].
    ///
    /// # Errors
    /// As [`AsyncClient::list`].
    pub fn list(&self, path: impl AsRef<str>) -> Result<Vec<String>, Error> {
        self.wait(self.client.list(path))
    }

    /// See [`AsyncClient::fetch`].
    ///
    /// # Errors
    /// As [`AsyncClient::fetch`].
    pub fn fetch(&self, path: impl AsRef<str>) -> Result<Response, Error> {
        self.wait(self.client.fetch(path))
    }

    /// Waits for any call of the async client.
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.background.handle.block_on(call)
    }

    /// The async client that this one uses, for [`Client::wait`].
    pub fn inner(&self) -> &AsyncClient {
        &self.client
    }
}

/// The async client's getters.
macro_rules! getters {
    ($($name:ident: $value:ty;)*) => {
        impl Client {$(
            #[doc = concat!("See [`AsyncClient::", stringify!($name), "`].")]
            ///
            /// # Errors
            #[doc = concat!("As [`AsyncClient::", stringify!($name), "`].")]
            pub fn $name(&self) -> Result<$value, Error> {
                self.wait(self.client.$name())
            }
        )*}
    };
}

getters! {
    instance_id: String;
    instance_type: String;
    image_id: String;
    account_id: String;
    region: String;
    availability_zone: String;
    availability_zone_id: String;
    partition: String;
    services_domain: String;
    tags: BTreeMap<String, String>;
    user_data: Option<Vec<u8>>;
    identity_document: IdentityDocument;
    hostname: String;
    public_hostname: Option<String>;
    local_ipv4: Ipv4Addr;
    public_ipv4: Option<Ipv4Addr>;
    ipv6: Option<Ipv6Addr>;
    mac: String;
    security_groups: Vec<String>;
    network_interfaces: Vec<NetworkInterface>;
    role: String;
    credentials: Arc<Credentials>;
    pending_events: PendingEvents;
}

impl Background {
    fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("imds-client".into()).spawn(move || {
            // Nothing is ever sent: this ends when the sender is dropped.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _alive: alive })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}
