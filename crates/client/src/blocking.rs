//! The same client for programs without a Tokio runtime.
//!
//! ```no_run
//! # // Not run: it needs an instance, and must not ask one by accident.
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = imds_client::blocking::Client::from_env()?;
//! println!("{}", client.instance_id()?);
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

use crate::client::Client as AsyncClient;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::identity::IdentityDocument;
use crate::interfaces::NetworkInterface;
use crate::path::Path;
use crate::response::Response;
use crate::settings::Settings;

/// A client whose calls wait. A thread of its own renews tokens and credentials meanwhile; it ends
/// with the last clone. Must not be used inside an async task.
#[derive(Clone)]
pub struct Client {
    client: AsyncClient,
    engine: Arc<Engine>,
}

struct Engine {
    handle: Handle,
    /// Dropped with the last client, which ends the thread.
    _alive: oneshot::Sender<()>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The thread could not be started.
    #[error("cannot start the client's thread")]
    Thread(#[from] io::Error),
    /// The environment's settings.
    #[error(transparent)]
    Settings(#[from] Error),
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`StartError::Thread`].
    pub fn new(settings: Settings) -> Result<Self, StartError> {
        Ok(Self { client: AsyncClient::new(settings), engine: Arc::new(Engine::start()?) })
    }

    /// A client as the environment configures it; see [`crate::settings`].
    ///
    /// # Errors
    /// [`StartError::Settings`] for a value that nothing can be done with, and as [`Client::new`].
    pub fn from_env() -> Result<Self, StartError> {
        Self::new(Settings::from_env()?)
    }

    /// See [`AsyncClient::fetch`].
    ///
    /// # Errors
    /// As [`AsyncClient::fetch`].
    pub fn fetch(&self, path: &Path) -> Result<Response, Error> {
        self.wait(self.client.fetch(path))
    }

    /// See [`AsyncClient::text`].
    ///
    /// # Errors
    /// As [`AsyncClient::text`].
    pub fn text(&self, path: &Path) -> Result<String, Error> {
        self.wait(self.client.text(path))
    }

    /// See [`AsyncClient::instance_id`].
    ///
    /// # Errors
    /// As [`AsyncClient::instance_id`].
    pub fn instance_id(&self) -> Result<String, Error> {
        self.wait(self.client.instance_id())
    }

    /// See [`AsyncClient::region`].
    ///
    /// # Errors
    /// As [`AsyncClient::region`].
    pub fn region(&self) -> Result<String, Error> {
        self.wait(self.client.region())
    }

    /// See [`AsyncClient::availability_zone`].
    ///
    /// # Errors
    /// As [`AsyncClient::availability_zone`].
    pub fn availability_zone(&self) -> Result<String, Error> {
        self.wait(self.client.availability_zone())
    }

    /// See [`AsyncClient::tags`].
    ///
    /// # Errors
    /// As [`AsyncClient::tags`].
    pub fn tags(&self) -> Result<BTreeMap<String, String>, Error> {
        self.wait(self.client.tags())
    }

    /// See [`AsyncClient::user_data`].
    ///
    /// # Errors
    /// As [`AsyncClient::user_data`].
    pub fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        self.wait(self.client.user_data())
    }

    /// See [`AsyncClient::identity_document`].
    ///
    /// # Errors
    /// As [`AsyncClient::identity_document`].
    pub fn identity_document(&self) -> Result<IdentityDocument, Error> {
        self.wait(self.client.identity_document())
    }

    /// See [`AsyncClient::network_interfaces`].
    ///
    /// # Errors
    /// As [`AsyncClient::network_interfaces`].
    pub fn network_interfaces(&self) -> Result<Vec<NetworkInterface>, Error> {
        self.wait(self.client.network_interfaces())
    }

    /// See [`AsyncClient::credentials`].
    ///
    /// # Errors
    /// As [`AsyncClient::credentials`].
    pub fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        self.wait(self.client.credentials())
    }

    /// Waits for any call of the async client.
    pub fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.engine.handle.block_on(call)
    }

    /// The async client that this one drives, for [`Client::wait`].
    pub fn inner(&self) -> &AsyncClient {
        &self.client
    }
}

impl Engine {
    fn start() -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("imds-client".into()).spawn(move || {
            // The only thing ever sent is the sender's end.
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
