//! One instance, ready to serve: all expensive work happens when it is created, not per request.

use crate::identity::Signatures;
use crate::ids::InstanceId;
use crate::instance::Instance;
use crate::instance_type::FrontEnd;
use crate::options::MetadataOptions;
use crate::placement::Region;
use crate::time::HttpDate;
use crate::tree::Tree;

/// The metadata endpoint of one instance.
pub struct Endpoint {
    instance_id: InstanceId,
    region: Region,
    front_end: FrontEnd,
    options: MetadataOptions,
    launched_at: u64,
    last_modified: HttpDate,
    tree: Tree,
}

impl Endpoint {
    /// Renders all metadata of `instance`.
    pub fn new(instance: &Instance) -> Self {
        Self {
            instance_id: instance.id.clone(),
            region: instance.zone.region().clone(),
            front_end: instance.instance_type.front_end(),
            options: instance.options,
            launched_at: instance.launched_at,
            last_modified: HttpDate::new(instance.launched_at),
            tree: Tree::new(instance),
        }
    }

    /// The instance that this metadata describes.
    pub fn instance_id(&self) -> &InstanceId {
        &self.instance_id
    }

    /// The Region it runs in, whose keys sign its identity document.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Which front end answers.
    pub fn front_end(&self) -> FrontEnd {
        self.front_end
    }

    /// The options in force.
    pub fn options(&self) -> &MetadataOptions {
        &self.options
    }

    /// `Last-Modified` of all metadata: near the launch, not "now".
    pub fn last_modified(&self) -> &str {
        self.last_modified.as_str()
    }

    /// When the instance was launched, in seconds since 1970: its document's `pendingTime`.
    pub fn launched_at(&self) -> u64 {
        self.launched_at
    }

    /// The identity document as it is served: the bytes that its signatures are to sign.
    pub fn document(&self) -> &[u8] {
        self.tree.document()
    }

    /// Adds the signatures of [`Endpoint::document`]; until then the signed paths are pending
    /// ([`Response::pending`](crate::Response::pending)). Only the first call has an effect.
    pub fn set_signatures(&self, signatures: Signatures) {
        self.tree.set_signatures(signatures);
    }

    /// Whether the signed paths have their values.
    pub fn is_signed(&self) -> bool {
        self.tree.is_signed()
    }

    /// The metadata.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}
