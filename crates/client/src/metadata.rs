//! What most programs ask for, by name.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::error::Error;
use crate::identity::IdentityDocument;
use crate::interfaces::NetworkInterface;
use crate::path::Path;

impl Client {
    /// The instance's id, such as `i-1234567890abcdef0`.
    ///
    /// # Errors
    /// As [`Client::text`]; and [`Error::Malformed`] for what is not one line.
    pub async fn instance_id(&self) -> Result<String, Error> {
        self.word("instance-id").await
    }

    /// The Region, such as `us-east-1`.
    ///
    /// It is never the Availability Zone less a letter: a Local Zone's name would give a wrong one.
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn region(&self) -> Result<String, Error> {
        match self.word("placement/region").await {
            // Older services do not have it.
            Err(Error::NotFound { .. }) => Ok(self.identity_document().await?.region),
            region => region,
        }
    }

    /// The Availability Zone, such as `us-east-1a`.
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn availability_zone(&self) -> Result<String, Error> {
        self.word("placement/availability-zone").await
    }

    /// The instance's tags; none where the metadata does not have them (`InstanceMetadataTags`).
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn tags(&self) -> Result<BTreeMap<String, String>, Error> {
        let directory = Path::new("tags/instance/")?;
        let mut tags = BTreeMap::new();
        for key in self.list(&directory).await? {
            match self.text(&directory.entry(&key)?).await {
                Ok(value) => {
                    tags.insert(key, value);
                }
                // Removed since it was listed.
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tags)
    }

    /// The user data, byte for byte, if there is any.
    ///
    /// # Errors
    /// As [`Client::fetch`], but for [`Error::NotFound`].
    pub async fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        match self.fetch(&Path::new("user-data")?).await {
            Ok(response) => Ok(Some(response.body)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The instance identity document.
    ///
    /// # Errors
    /// As [`Client::fetch`]; and [`Error::Malformed`] for what is no such document.
    pub async fn identity_document(&self) -> Result<IdentityDocument, Error> {
        let path = Path::new("dynamic/instance-identity/document")?;
        self.document(&path).await
    }

    /// The network interfaces, by their device number.
    ///
    /// # Errors
    /// As [`Client::list`]; and [`Error::Malformed`] for what does not belong there.
    pub async fn network_interfaces(&self) -> Result<Vec<NetworkInterface>, Error> {
        let directory = Path::new("network/interfaces/macs/")?;
        let mut interfaces = Vec::new();
        for mac in self.list(&directory).await? {
            let mac = mac.trim_end_matches('/');
            interfaces.push(NetworkInterface::load(self, &directory, mac).await?);
        }
        interfaces.sort_by_key(|interface| interface.device_number);
        Ok(interfaces)
    }

    /// One line of text.
    pub(crate) async fn word(&self, path: &str) -> Result<String, Error> {
        self.word_at(&Path::new(path)?).await
    }

    pub(crate) async fn word_at(&self, path: &Path) -> Result<String, Error> {
        let text = self.text(path).await?;
        if text.is_empty() || text.contains('\n') {
            let problem = "it is not one line".to_owned();
            return Err(Error::Malformed { path: path.to_string(), problem });
        }
        Ok(text)
    }

    /// A JSON document.
    pub(crate) async fn document<T: serde::de::DeserializeOwned>(
        &self,
        path: &Path,
    ) -> Result<T, Error> {
        let response = self.fetch(path).await?;
        serde_json::from_slice(&response.body).map_err(|error| {
            // Where, not what: the text may be a secret.
            let problem = format!("line {}, column {} of its JSON", error.line(), error.column());
            Error::Malformed { path: path.to_string(), problem }
        })
    }
}
