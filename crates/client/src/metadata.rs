//! What most programs need, by name.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Error;
use crate::identity::IdentityDocument;
use crate::metadata_path::MetadataPath;

/// What the instance is and where.
impl Client {
    /// The instance's id, such as `i-1234567890abcdef0` (`instance-id`).
    ///
    /// # Errors
    /// As [`Client::get`]; and [`Error::Malformed`] for what is not one line.
    pub async fn instance_id(&self) -> Result<String, Error> {
        self.line("instance-id").await
    }

    /// The instance type, such as `t3.micro` (`instance-type`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn instance_type(&self) -> Result<String, Error> {
        self.line("instance-type").await
    }

    /// The id of the machine image, such as `ami-0abcdef1234567890` (`ami-id`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn image_id(&self) -> Result<String, Error> {
        self.line("ami-id").await
    }

    /// The account that owns the instance, 12 digits (`accountId` of the instance identity document).
    ///
    /// # Errors
    /// As [`Client::identity_document`].
    pub async fn account_id(&self) -> Result<String, Error> {
        Ok(self.identity_document().await?.account_id)
    }

    /// The Region, such as `us-east-1` (`placement/region`; on services that do not have it, `region`
    /// of the instance identity document).
    ///
    /// It is never the Availability Zone without its letter: from a Local Zone's name that gives a
    /// wrong Region.
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn region(&self) -> Result<String, Error> {
        match self.line("placement/region").await {
            Err(Error::NotFound { .. }) => Ok(self.identity_document().await?.region),
            region => region,
        }
    }

    /// The Availability Zone, such as `us-east-1a` (`placement/availability-zone`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn availability_zone(&self) -> Result<String, Error> {
        self.line("placement/availability-zone").await
    }

    /// The Availability Zone's id, such as `use1-az1`, which names the same place in every account
    /// (`placement/availability-zone-id`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn availability_zone_id(&self) -> Result<String, Error> {
        self.line("placement/availability-zone-id").await
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`, … (`services/partition`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn partition(&self) -> Result<String, Error> {
        self.line("services/partition").await
    }

    /// The domain of the Region's AWS services, such as `amazonaws.com` (`services/domain`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn services_domain(&self) -> Result<String, Error> {
        self.line("services/domain").await
    }

    /// The instance's tags; none where the metadata does not have them (`tags/instance/`, if
    /// `InstanceMetadataTags` is enabled).
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn tags(&self) -> Result<BTreeMap<String, String>, Error> {
        let directory = MetadataPath::new("tags/instance/")?;
        let mut tags = BTreeMap::new();
        for key in self.list(&directory).await? {
            match self.get(directory.entry(&key)?).await {
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

    /// The user data, byte for byte, if there is any (`/latest/user-data`).
    ///
    /// # Errors
    /// As [`Client::fetch`], except [`Error::NotFound`].
    pub async fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(if_found(self.fetch("user-data").await)?.map(|response| response.body))
    }

    /// The instance identity document (`/latest/dynamic/instance-identity/document`).
    ///
    /// # Errors
    /// As [`Client::fetch`]; and [`Error::Malformed`] for what is not such a document.
    pub async fn identity_document(&self) -> Result<IdentityDocument, Error> {
        self.json("dynamic/instance-identity/document").await
    }
}

/// Its names and addresses. [`Client::network_interfaces`] has those of all interfaces.
impl Client {
    /// The private DNS host name, such as `ip-10-0-0-10.ec2.internal` (`hostname`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn hostname(&self) -> Result<String, Error> {
        self.line("hostname").await
    }

    /// The public DNS host name, if there is one (`public-hostname`).
    ///
    /// # Errors
    /// As [`Client::instance_id`], except [`Error::NotFound`].
    pub async fn public_hostname(&self) -> Result<Option<String>, Error> {
        // It is empty where the VPC has no DNS host names.
        Ok(if_found(self.get("public-hostname").await)?.filter(|name| !name.is_empty()))
    }

    /// The primary private IPv4 address (`local-ipv4`).
    ///
    /// # Errors
    /// As [`Client::instance_id`]; and [`Error::Malformed`] for what is not an address.
    pub async fn local_ipv4(&self) -> Result<Ipv4Addr, Error> {
        self.parsed("local-ipv4").await
    }

    /// The public IPv4 address, if there is one (`public-ipv4`).
    ///
    /// # Errors
    /// As [`Client::local_ipv4`], except [`Error::NotFound`].
    pub async fn public_ipv4(&self) -> Result<Option<Ipv4Addr>, Error> {
        if_found(self.parsed("public-ipv4").await)
    }

    /// The IPv6 address of the primary interface, if there is one (`ipv6`).
    ///
    /// # Errors
    /// As [`Client::local_ipv4`], except [`Error::NotFound`].
    pub async fn ipv6(&self) -> Result<Option<Ipv6Addr>, Error> {
        if_found(self.parsed("ipv6").await)
    }

    /// The MAC address of the primary interface, such as `02:29:96:8f:6a:2d` (`mac`).
    ///
    /// # Errors
    /// As [`Client::instance_id`].
    pub async fn mac(&self) -> Result<String, Error> {
        self.line("mac").await
    }

    /// The names of the primary interface's security groups (`security-groups`).
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn security_groups(&self) -> Result<Vec<String>, Error> {
        self.list("security-groups").await
    }
}

impl Client {
    /// One line of text.
    async fn line(&self, path: &str) -> Result<String, Error> {
        let text = self.get(path).await?;
        if text.is_empty() || text.contains('\n') {
            return Err(malformed(path, "it is not one line")?);
        }
        Ok(text)
    }

    async fn parsed<T: FromStr>(&self, path: &str) -> Result<T, Error> {
        let line = self.line(path).await?;
        match line.parse() {
            Ok(value) => Ok(value),
            Err(_) => Err(malformed(path, &format!("unexpected value {line:?}"))?),
        }
    }

    /// A JSON document.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        path: impl AsRef<str>,
    ) -> Result<T, Error> {
        let path = path.as_ref();
        let response = self.fetch(path).await?;
        match serde_json::from_slice(&response.body) {
            Ok(document) => Ok(document),
            Err(error) => {
                // The place, not the text: that may be a secret.
                let (line, column) = (error.line(), error.column());
                let problem = format!("its JSON is invalid at line {line}, column {column}");
                Err(malformed(path, &problem)?)
            }
        }
    }
}

/// Nothing at a path is not a failure here.
pub(crate) fn if_found<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn malformed(path: &str, problem: &str) -> Result<Error, Error> {
    let path = MetadataPath::new(path)?.to_string();
    Ok(Error::Malformed { path, problem: problem.to_owned() })
}
